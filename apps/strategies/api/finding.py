"""Which strategy a request is about."""

from typing import Any

from django.http import HttpRequest

from apps.strategies.models import Strategy, StrategyQuerySet, StrategyVersion
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.fields import suggest


def with_all(strategies: StrategyQuerySet) -> StrategyQuerySet:
    """Fetch what the JSON of a strategy shows."""
    return strategies.with_figures().select_related("owner").prefetch_related("tags")


def find_strategy(request: HttpRequest, owner: str, slug: str) -> Any:  # noqa: ANN401 (with figures)
    """Find a strategy that the person may see; raises HewstonError with the nearest name."""
    visible = Strategy.objects.visible_to(request.user)
    found = with_all(visible).filter(owner__username=owner, slug=slug).first()
    if found is None:
        names = visible.values_list("owner__username", "slug")[:1000]
        said = f"{owner}/{slug}"[:200]
        known = [f"{of}/{name}" for of, name in names]
        raise HewstonError(
            f"There is no strategy {said}. {suggest(said, known)}", code="STRATEGY_NOT_FOUND"
        )
    return found


def find_version(strategy: Any, number: int) -> StrategyVersion:  # noqa: ANN401 (with figures)
    """Find a version of a strategy; raises HewstonError with what there is."""
    versions = strategy.versions.select_related("author", "parent__strategy__owner")
    found: StrategyVersion | None = versions.filter(number=min(number, 10**9)).first()
    if found is None:
        raise HewstonError(
            f"{strategy.slug} has no version {number}. It has 1 to {strategy.newest}.",
            code="STRATEGY_NOT_FOUND",
        )
    return found
