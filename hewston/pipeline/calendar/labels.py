"""Which part of a session a time is in."""

import polars as pl

from hewston.pipeline.schemas import SESSION

EDGES = ("pre_open", "open", "close", "post_close")


def label(ts_open: pl.Series, schedule: pl.DataFrame) -> pl.Series:
    """Give the session of each UTC time: pre, regular, post, or else closed.

    Every session includes its start and excludes its end. A break is part of the regular session:
    its few prints are those of the auction before it. ``schedule`` holds the columns of
    ``SCHEDULE`` for at least the dates of ``ts_open``; the times may come in any order.
    """
    names = pl.Series("session", ["closed", "pre", "regular", "post"], SESSION)
    if schedule.is_empty():
        return pl.repeat("closed", len(ts_open), dtype=SESSION, eager=True).alias("session")
    # Edges in order of time: e.g. 0 pre_open, 1 open, 2 close, 3 post_close, 4 the next pre_open.
    edges = schedule.select(pl.concat_list(EDGES).explode(empty_as_null=True)).to_series()
    passed = edges.search_sorted(ts_open, side="right")
    return names.gather(passed % len(EDGES)).alias("session")
