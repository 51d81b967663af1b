"""What two revisions of a dataset do not share: bars that came, went or changed.

Both are read a column at a time, so that millions of bars take a few columns of memory.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from hewston.pipeline import store
from hewston.pipeline.artifacts import write_frame
from hewston.pipeline.calendar import exchange_date
from hewston.pipeline.schemas import BARS

CHANGES = ("added", "removed", "different")
CHANGE = pl.Enum(CHANGES)
ROWS_FILE, SUMMARY_FILE = "rows.parquet", "summary.json"
FORMAT = 1  # of these files: raised when the same bars give others
_VALUES = [name for name in BARS if name != "ts_open"]
_SIZED = [name for name in _VALUES if name != "session"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Difference:
    """How two frames of BARS differ, and what both of them hold.

    ``rows`` has a row for each ``ts_open`` that differs, sorted: its ``change`` (CHANGE) and every
    other column of BARS as NAME_before and NAME_after, null where the bar is not there.
    """

    rows: pl.DataFrame
    before: int  # bars
    after: int


def compare(before: pl.LazyFrame, after: pl.LazyFrame) -> Difference:
    """Compare two frames of BARS (sorted, ts_open unique). NaN equals NaN, and null null."""
    old = before.select("ts_open").with_row_index("row_before").collect()
    new = after.select("ts_open").with_row_index("row_after").collect()
    joined = old.join(new, on="ts_open", how="full", coalesce=True).sort("ts_open")
    places = pl.col("row_before", "row_after")
    shared = joined.filter(pl.all_horizontal(places.is_not_null()))
    differs = pl.Series([False], dtype=pl.Boolean).new_from_index(0, shared.height)
    for name in _VALUES:
        one = _read(before, name, shared["row_before"])
        other = _read(after, name, shared["row_after"])
        differs |= one.ne_missing(other)
    changed = pl.concat(
        [joined.filter(pl.any_horizontal(places.is_null())), shared.filter(differs)]
    ).sort("ts_open")
    rows = changed.select(
        "ts_open",
        pl.when(pl.col("row_before").is_null())
        .then(pl.lit("added"))
        .when(pl.col("row_after").is_null())
        .then(pl.lit("removed"))
        .otherwise(pl.lit("different"))
        .cast(CHANGE)
        .alias("change"),
    )
    values = [
        _read(frame, name, changed[f"row_{side}"]).alias(f"{name}_{side}")
        for name in _VALUES
        for side, frame in (("before", before), ("after", after))
    ]
    return Difference(rows=rows.hstack(values), before=old.height, after=new.height)


def _read(frame: pl.LazyFrame, name: str, rows: pl.Series) -> pl.Series:
    """Read some rows of a column; a row that is null is null."""
    column = frame.select(name).collect().to_series().cast(BARS[name])
    is_whole = rows.len() == column.len() and rows.null_count() == 0
    return column if is_whole else column.gather(rows)


def summarise(difference: Difference, *, calendar: str, tz: str | None = None) -> dict[str, Any]:
    """Count what differs: in all, for each column, and for each exchange date.

    ``columns`` lists those that differ where both have the bar: how often, the largest difference
    with the bar where it is first (null for what has no size), and the first bar of all. ``days``
    lists the dates with any change and the largest difference of their closes, null without one.
    """
    rows = difference.rows
    counts = {name: rows.filter(pl.col("change") == name).height for name in CHANGES}
    return {
        "bars_before": difference.before,
        "bars_after": difference.after,
        "unchanged": difference.after - counts["added"] - counts["different"],
        **counts,
        "columns": [entry for name in _VALUES if (entry := _describe(rows, name))],
        "days": _count_days(rows, exchange_date(rows["ts_open"], calendar, tz)),
    }


def _describe(rows: pl.DataFrame, name: str) -> dict[str, Any] | None:
    one, other = pl.col(f"{name}_before"), pl.col(f"{name}_after")
    differing = rows.filter(pl.col("change") == "different", one.ne_missing(other))
    if differing.is_empty():
        return None
    entry: dict[str, Any] = {
        "column": name,
        "count": differing.height,
        "first": _iso(differing["ts_open"][0]),
        "largest": None,
        "largest_at": None,
    }
    if name in _SIZED:
        sizes = differing.select(_size(name)).to_series()
        if (row := sizes.arg_max()) is not None:
            entry |= {"largest": sizes[row], "largest_at": _iso(differing["ts_open"][row])}
    return entry


def _size(name: str) -> pl.Expr:
    """Give how far a value moved; null where one of them is unknown or no number."""
    one, other = (pl.col(f"{name}_{side}").cast(pl.Float64) for side in ("before", "after"))
    return (other - one).abs().fill_nan(None).alias(name)


def _count_days(rows: pl.DataFrame, dates: pl.Series) -> list[dict[str, Any]]:
    dated = rows.select("change", _size("close"), date=dates)
    return (
        dated.group_by("date")
        .agg(
            *((pl.col("change") == name).sum().alias(name) for name in CHANGES),
            pl.col("close").max().alias("largest_close"),
        )
        .sort("date")
        .with_columns(pl.col("date").dt.to_string("iso"))
        .to_dicts()
    )


def _iso(ts: Any) -> str:  # noqa: ANN401 (a datetime, which polars types as anything)
    return str(ts.isoformat())


def write_differences(
    *,
    before: Path,
    after: Path,
    calendar: str,
    tz: str,
    folder: Path,
    progress: Callable[[object], None],
    log: Callable[..., None],
) -> None:
    """Compare two files of BARS; write ROWS_FILE and SUMMARY_FILE into an empty folder."""
    del progress, log  # those of every work in a child
    difference = compare(pl.scan_parquet(before), pl.scan_parquet(after))
    write_frame(difference.rows, folder / ROWS_FILE)
    store.write_json(folder / SUMMARY_FILE, summarise(difference, calendar=calendar, tz=tz))


def write_differences_csv(
    *,
    folder: Path,
    path: Path,
    progress: Callable[[object], None],
    log: Callable[..., None],
) -> None:
    """Write the bars that differ, of a folder of ``write_differences``, as CSV; times are UTC."""
    del progress, log  # those of every work in a child
    rows = pl.read_parquet(folder / ROWS_FILE)
    rows.with_columns(pl.col("ts_open").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")).write_csv(path)
