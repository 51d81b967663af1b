"""How two versions differ."""

from apps.strategies.models import StrategyVersion
from hewston import children
from hewston.pipeline.strategies.differences import Hunk

COMPARE = "hewston.pipeline.strategies.differences:compare_lines"
_SECONDS = 10  # some sources take very long to match


def compare_versions(*, before: StrategyVersion, after: StrategyVersion) -> list[Hunk]:
    """Compare two versions' sources in a child; empty where they are the same.

    Raises InputError for sources that are too long, HewstonError (BUSY) when it takes too long.
    """
    if before.sha256 == after.sha256:
        return []
    found: list[Hunk] = children.ask(
        COMPARE, within_s=_SECONDS, before=before.source, after=after.source
    )
    return found
