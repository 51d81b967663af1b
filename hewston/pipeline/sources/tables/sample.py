"""Some rows of a table, as a person would look at them to see what they are."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from hewston.pipeline.sources.tables.cells import Cells

_DAY_0 = dt.date(1899, 12, 30)

type Cell = str | float | dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: its number in the file and its cells; None where nothing is."""

    line: int
    cells: tuple[Cell, ...]

    def text(self, column: int) -> str:
        """Give a cell as text; empty where there is none."""
        return text_of(self.cells[column]) if column < len(self.cells) else ""

    @property
    def texts(self) -> list[str]:
        """Give all cells as text."""
        return [text_of(cell) for cell in self.cells]

    @property
    def is_blank(self) -> bool:
        """Tell whether nothing stands in it."""
        return all(
            cell is None or (isinstance(cell, str) and not cell.strip()) for cell in self.cells
        )


def text_of(cell: Cell) -> str:
    """Write a cell as text: a whole number without decimals, a time as ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        # Excel keeps a time of day as one of its day 0.
        is_clock = cell.date() == _DAY_0 and cell.tzinfo is None
        return cell.time().isoformat() if is_clock else cell.isoformat(sep=" ")
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)  # noqa: PLR2004
    return cell


def rows_of(cells: Cells) -> list[Row]:
    """Give a block's rows one by one."""
    columns: list[Sequence[Cell]] = []
    for index, name in enumerate(cells.text.columns):
        column: list[Cell] = cells.text[name].to_list()
        for typed in (cells.numbers.get(index), cells.times.get(index)):
            if typed is not None:
                column = [
                    own if value is None else value
                    for own, value in zip(column, typed.to_list(), strict=True)
                ]
        columns.append(column)
    return [
        Row(line=line, cells=tuple(column[number] for column in columns))
        for number, line in enumerate(cells.lines.to_list())
    ]


def column_text(cells: Cells, index: int) -> pl.Series:
    """Give a column of a block as text, typed cells as ``text_of`` writes them."""
    text = cells.text[str(index)]
    numbers, times = cells.numbers.get(index), cells.times.get(index)
    if numbers is not None:
        whole = numbers.cast(pl.Int64, strict=False)
        written = (
            pl.DataFrame({"n": numbers, "w": whole})
            .select(
                pl.when(pl.col("n") == pl.col("w").cast(pl.Float64))
                .then(pl.col("w").cast(pl.String))
                .otherwise(pl.col("n").cast(pl.String))
            )
            .to_series()
        )
        text = written.zip_with(numbers.is_not_null(), text)
    if times is not None:
        written = times.dt.to_string("%Y-%m-%d %H:%M:%S").str.strip_prefix(f"{_DAY_0} ")
        if times.dtype.is_temporal() and getattr(times.dtype, "time_zone", None):
            written = written + "Z"
        text = written.zip_with(times.is_not_null(), text)
    return text


def width_of(rows: Iterable[Row]) -> int:
    """Give the number of cells of the widest row."""
    return max((len(row.cells) for row in rows), default=0)
