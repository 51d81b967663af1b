"""Strategies as rows: sources that were checked elsewhere, or that nobody runs."""

from apps.permissions.models import User
from apps.strategies.models import Strategy, StrategyTag, StrategyVersion
from hewston.pipeline.spec import sha256_text

LENGTH = {"length": {"type": "int", "default": 50, "min": 2, "max": 5000, "help": "Bars."}}
TREND = '''"""Long above the average."""

PARAMS = {"length": {"type": "int", "default": 50, "min": 2, "max": 5000, "help": "Bars."}}


def run_strategy(frame, params):
    average = frame["close"].rolling(params["length"]).mean()
    return frame[[]].assign(average=average, position=(frame["close"] > average) * 1.0)
'''
REVERSED = TREND.replace('"close"] >', '"close"] <').replace("Long above", "Long below")


def add_strategy(
    owner: User, slug: str, *sources: str, tags: tuple[str, ...] = (), **values: object
) -> Strategy:
    """Make the rows of a strategy with a version for each source."""
    strategy = Strategy.objects.create(owner=owner, slug=slug, **{"name": slug, **values})
    parent = None
    for number, source in enumerate(sources or (TREND,), start=1):
        parent = StrategyVersion.objects.create(
            strategy=strategy,
            number=number,
            source=source,
            sha256=sha256_text(source),
            params=LENGTH,
            docstring=source.split('"""')[1] if '"""' in source else "",
            note=f"Note {number}.",
            author=owner,
            parent=parent,
        )
    for tag in tags:
        StrategyTag.objects.create(strategy=strategy, name=tag)
    return strategy
