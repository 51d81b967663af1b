"""Bars of a dataset as its chart shows them."""

from hewston import children
from hewston.pipeline.playback import StoredBars, has_level

_WORK = "hewston.pipeline.playback.levels:make_level"
_WAIT_S = 60.0


def make_level(*, stored: StoredBars, interval: str) -> None:
    """Make the bars of an interval in a child, where they are not made yet.

    Raises HewstonError (BUSY) when that takes too long.
    """
    if not has_level(stored, interval):
        children.ask(_WORK, within_s=_WAIT_S, stored=stored, interval=interval)
