"""A run's trades, or groups of them, as a file."""

from collections.abc import Callable
from pathlib import Path

import polars.selectors as cs

from hewston.pipeline.artifacts import write_frame
from hewston.pipeline.breakdown import (
    StoredRun,
    TradeSelection,
    frame_groups,
    group_trades,
    read_trades,
    sort_trades,
)
from hewston.pipeline.export.files import check_height, name_times, quote_formulas
from hewston.pipeline.export.workbook import write_workbook


def export_trades(
    stored: StoredRun,
    *,
    selection: TradeSelection,
    group_by: str | None,
    order: str,
    kind: str,
    path: Path,
    progress: Callable[[object], None],
    log: Callable[..., None],
) -> int:
    """Write chosen trades to a file as one of KINDS; returns how many rows there are.

    Columns are those of PLACED_TRADES but the starts of bars; with ``group_by`` those of
    TradeGroup, a row a group. ``order`` is a column, with a minus where it falls. Times are UTC in
    CSV and Parquet, and in Excel those of the run's zone, which the header names. Raises InputError
    for more rows than a sheet holds.
    """
    del progress, log  # those of every work in a child
    found = sort_trades(selection.apply(read_trades(stored)), order)
    rows = found.drop("entry_open", "exit_open")
    if group_by:
        rows = frame_groups(group_trades(found, group_by))
    if kind == "parquet":
        write_frame(rows, path)
    elif kind == "csv":
        quote_formulas(name_times(rows)).write_csv(path)
    else:
        check_height(rows.height, "trades", "Choose fewer")
        dated = rows.with_columns(cs.date().dt.to_string("iso"))
        write_workbook(dated, path, sheet="groups" if group_by else "trades", tz=stored.tz)
    return rows.height
