"""Rows of a table as they stand in its file, before anybody says what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

MOST_COLUMNS = 1024  # bars have a dozen; Excel's 16,384 would only cost memory


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A block of rows, in file order.

    ``lines``: UInt64, each row's number in its file, counted from 1 as an editor or Excel shows
    it. ``text``: a String column for each column of the file (named ``0``, ``1`` …), null where
    there is no cell. Typed files (Excel, Parquet) give a cell's value in one place: ``text`` for
    text and whole numbers of Parquet, ``numbers`` (Float64) for numbers, ``times`` for dates and
    times (Datetime, without zone, or UTC where the file knows one); both by column.
    ``malformed``: why a row could not be read, by its line; such a row's unread cells are null.
    ``formulas``: the last cell of a row that is a formula, by its line.
    """

    lines: pl.Series
    text: pl.DataFrame
    numbers: Mapping[int, pl.Series] = field(default_factory=dict)
    times: Mapping[int, pl.Series] = field(default_factory=dict)
    malformed: Mapping[int, str] = field(default_factory=dict)
    formulas: Mapping[int, str] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.lines)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.text.width
