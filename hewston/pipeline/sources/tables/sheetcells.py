"""Cells of one Excel sheet, gathered from its XML into blocks."""

import math
import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.cells import MOST_COLUMNS, Cells
from hewston.pipeline.sources.tables.workbook import LONGEST_CELL, SharedStrings, unescaped
from hewston.pipeline.sources.tables.xmlparts import Stopped

_MOST_ROWS = 1_048_576  # what a sheet can have
_BLOCK_ROWS = 100_000
_BLOCK_CELLS = 2_000_000  # rows times columns: wide sheets come in shorter blocks
_REFERENCE = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")
_DAY_MS = 86_400_000
_EPOCH_MS = -25_569 * _DAY_MS  # 1899-12-30, from which serial days count
_DAYS_TO_1904 = 1_462
_LEAP_DAY_1900 = 60  # Excel believes in 29 February 1900; before it days count one less
_MOST_DAYS = 130_000  # the year 2255: nanoseconds end in 2262
_MOST_DIGITS = 7  # of a row's number
_BLANKS = " \t\r\n"


class SheetCells:
    """Takes what the XML of a sheet holds, and gives blocks of cells; see ``excel.read_sheet``."""

    def __init__(
        self,
        *,
        name: str,
        sheet: str,
        strings: SharedStrings,
        date_styles: Sequence[bool],
        counts_from_1904: bool,
        most_rows: int | None,
    ) -> None:
        self._name = name
        self._sheet = sheet
        self._strings = strings
        self._date_styles = date_styles
        self._days_before = _DAYS_TO_1904 if counts_from_1904 else 0
        self._rows_left = _MOST_ROWS if most_rows is None else most_rows
        self._width = 0
        self._row = 0  # number of the row that is read, from 1
        self._column = -1
        self._letters: dict[str, int] = {}  # columns by their letters
        self._kind = ""
        self._style = ""
        self._pieces: list[str] = []
        self._is_value = False
        self._is_formula = False
        self._is_read_aloud = False  # Japanese beside the text itself
        self._row_text: dict[int, str] = {}  # of that row, by column
        self._row_numbers: dict[int, float] = {}
        self._row_times_ms: dict[int, int] = {}
        self._row_problem: str | None = None
        self._clear()

    def _clear(self) -> None:
        self._lines: list[int] = []
        self._text: dict[int, dict[int, str]] = defaultdict(
            dict
        )  # by column, then row of the block
        self._numbers: dict[int, dict[int, float]] = defaultdict(dict)
        self._times_ms: dict[int, dict[int, int]] = defaultdict(dict)
        self._malformed: dict[int, str] = {}
        self._formulas: dict[int, str] = {}

    @property
    def height(self) -> int:
        """How many rows are gathered."""
        return len(self._lines)

    @property
    def is_full(self) -> bool:
        """Tell whether it is time to take them."""
        return self.height >= _BLOCK_ROWS or self.height * self._width >= _BLOCK_CELLS

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if tag == "c":
            self._start_cell(attributes)
        elif tag == "v" or (tag == "t" and not self._is_read_aloud):
            self._is_value = True
        elif tag == "row":
            self._start_row(attributes.get("r"))
        elif tag == "f":
            self._is_formula = True
        elif tag == "rPh":
            self._is_read_aloud = True

    def data(self, text: str) -> None:
        """Take characters."""
        if self._is_value:
            self._pieces.append(text)
            if len(self._pieces) > 1 and sum(map(len, self._pieces)) > LONGEST_CELL:
                raise self._refusal(f"holds more than {LONGEST_CELL:,} characters")

    def end(self, tag: str) -> None:
        """Take the end of an element; raises Stopped behind the last row."""
        if tag in {"v", "t"}:
            self._is_value = False
        elif tag == "c":
            self._end_cell("".join(self._pieces))
        elif tag == "row":
            self._end_row()
        elif tag == "rPh":
            self._is_read_aloud = False
        elif tag == "sheetData":
            raise Stopped

    def take(self) -> Cells:
        """Give the gathered rows and begin anew."""
        height, width = self.height, self._width
        cells = Cells(
            lines=pl.Series("line", self._lines, dtype=pl.UInt64),
            text=pl.DataFrame([_text_series(c, self._text.get(c), height) for c in range(width)]),
            numbers={c: _number_series(self._numbers[c], height) for c in sorted(self._numbers)},
            times={c: _time_series(self._times_ms[c], height) for c in sorted(self._times_ms)},
            malformed=self._malformed,
            formulas=self._formulas,
        )
        self._clear()
        return cells

    def _start_row(self, number: str | None) -> None:
        row = self._row + 1 if number is None else _whole(number)
        if not self._row < row <= _MOST_ROWS:
            raise InputError(
                f"{self._name}: sheet {self._sheet} is damaged behind row {self._row:,}: its rows "
                "are not in order. Open it in Excel and save it again.",
                file=self._name,
                sheet=self._sheet,
                line=self._row,
            )
        self._row = row
        self._column = -1

    def _end_row(self) -> None:
        """Add the row to the block, if it has any cell."""
        at = self.height
        for column, text in self._row_text.items():
            self._text[column][at] = text
        for column, number in self._row_numbers.items():
            self._numbers[column][at] = number
        for column, time_ms in self._row_times_ms.items():
            self._times_ms[column][at] = time_ms
        if self._row_problem:
            self._malformed[self._row] = self._row_problem
        if not (self._row_text or self._row_numbers or self._row_times_ms or self._row_problem):
            return
        self._row_text, self._row_numbers, self._row_times_ms = {}, {}, {}
        self._row_problem = None
        self._lines.append(self._row)
        self._rows_left -= 1
        if self._rows_left <= 0:
            raise Stopped

    def _start_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        self._column = self._column + 1 if reference is None else self._column_of(reference)
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "")
        self._is_formula = False
        self._pieces.clear()

    def _column_of(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        column = self._letters.get(letters)
        if column is None:
            if not _REFERENCE.fullmatch(reference):
                raise self._refusal(f"is called {reference[:20]!r}, which is no cell")
            column = 0
            for letter in letters:
                column = column * 26 + ord(letter) - 64
            column = self._letters[letters] = column - 1
        return column

    def _end_cell(self, raw: str) -> None:
        raw = raw.strip(_BLANKS)
        if not raw and not self._is_formula:
            return
        if self._column >= MOST_COLUMNS:
            raise self._refusal(
                f"has content, but at most {MOST_COLUMNS:,} columns are read. Delete what is right "
                "of the table"
            )
        self._width = max(self._width, self._column + 1)
        if self._is_formula:
            self._formulas[self._row] = self._cell
        if not raw:
            self._row_problem = (
                f"its cell {self._cell} is a formula whose result is not stored; open the file in "
                "Excel and save it"
            )
        elif self._kind == "n":
            self._keep_number(raw)
        else:
            self._keep_text(raw)

    def _keep_text(self, raw: str) -> None:
        if self._kind == "s":
            try:
                raw = self._strings[int(raw)]
            except (ValueError, IndexError):
                raise self._refusal("names a text that the file does not hold") from None
        elif self._kind == "b":
            raw = "FALSE" if raw == "0" else "TRUE"
        else:
            raw = unescaped(raw)
        if text := raw.strip(_BLANKS):
            self._row_text[self._column] = text

    def _keep_number(self, raw: str) -> None:
        try:
            value = math.nan if "_" in raw else float(raw)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self._row_text[self._column] = raw
        elif 0 <= value < _MOST_DAYS and self._is_date():
            self._row_times_ms[self._column] = self._time_ms(value)
        else:
            self._row_numbers[self._column] = value

    def _is_date(self) -> bool:
        style = _whole(self._style) if self._style else 0
        return 0 <= style < len(self._date_styles) and self._date_styles[style]

    def _time_ms(self, days: float) -> int:
        """Turn serial days into milliseconds, as exact as Excel shows them."""
        if days >= 1:
            days_before = self._days_before
            if not days_before and days < _LEAP_DAY_1900:
                days_before = 1
        else:
            days_before = 0  # a time of day
        return round(days * _DAY_MS) + days_before * _DAY_MS + _EPOCH_MS

    @property
    def _cell(self) -> str:
        letters, rest = "", self._column + 1
        while rest:
            rest, letter = divmod(rest - 1, 26)
            letters = chr(65 + letter) + letters
        return f"{letters}{self._row}"

    def _refusal(self, problem: str) -> InputError:
        return InputError(
            f"{self._name}: in sheet {self._sheet} cell {self._cell} {problem}. Mend it in Excel "
            "and save the file again.",
            file=self._name,
            sheet=self._sheet,
            line=self._row,
            cell=self._cell,
        )


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else -1


def _text_series(column: int, found: dict[int, str] | None, height: int) -> pl.Series:
    if not found:
        return pl.repeat(None, height, dtype=pl.String, eager=True).alias(str(column))
    values: list[str | None] = [None] * height
    for row, value in found.items():
        values[row] = value
    return pl.Series(str(column), values, dtype=pl.String)


def _number_series(found: dict[int, float], height: int) -> pl.Series:
    values = np.full(height, math.nan)
    values[list(found)] = list(found.values())
    return pl.Series(values).fill_nan(None)


def _time_series(found: dict[int, int], height: int) -> pl.Series:
    values = np.full(height, np.datetime64("NaT", "ms"))
    values[list(found)] = np.array(list(found.values()), "datetime64[ms]")
    return pl.Series(values).cast(pl.Datetime("ns"))
