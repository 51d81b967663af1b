"""Columns of numbers, strictly: what is no number is refused with its row."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from hewston.pipeline.parity.readers.table import Table
from hewston.pipeline.sources.tables.cells import Cells
from hewston.pipeline.sources.tables.numbers import Style, read_numbers, weigh

_LARGEST = 1e99  # TradingView writes 1e+100 where there is nothing
_MISSING = ("nan", "na", "n/a", "null", "none", "\u2205", "\u2014", "\u2013", "-", "\u2212", "--")
_SAMPLE = 400
# What stands for a minus: its own sign, the wide one of Japanese encodings, dashes.
_MINUS = r"^\s*[\u2212\uff0d\ufe63\u2013\u2012]\s*"
MOST_DECIMALS = 20
_SMALL, _LARGE = 1e-4, 1e14
_ODD = (" unread", " infinite")


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A column's values, null where there is none, and the most decimals that are printed."""

    values: pl.Series
    decimals: int


def find_style(blocks: Sequence[Cells], indices: Sequence[int], *, delimiter: str) -> Style:
    """Tell the decimal mark of a table.

    Where every number can be read either way, cells that commas part have no decimal comma.
    """
    cells: list[str] = []
    for block in blocks[:1]:
        step = max(1, block.height // _SAMPLE)
        for index in indices:
            cells += block.text.to_series(index).gather_every(step).drop_nulls().to_list()
    if not any("," in cell for cell in cells):
        return Style()
    votes = weigh(cells)
    if votes.point != votes.comma:
        return Style(decimal="." if votes.point > votes.comma else ",")
    return Style(decimal="," if delimiter in ";\t" else ".")


def read_columns(
    table: Table, block: Cells, indices: Sequence[int], style: Style
) -> dict[int, Numbers]:
    """Read many columns of a block at once, those that are written plainly; see ``read_column``."""
    is_plain = style.decimal == "." and not block.numbers and not block.times
    wanted = [index for index in indices if index < block.width] if is_plain else []
    values, facts = _read_plainly(block, wanted)
    found: dict[int, Numbers] = {}
    for index in indices:
        if index >= block.width:
            nothing = pl.repeat(None, block.height, dtype=pl.Float64, eager=True)
            found[index] = Numbers(values=nothing, decimals=0)
        elif index not in values or any(facts[f"{index}{flag}"] for flag in _ODD):
            found[index] = read_column(table, block, index, style)
        else:
            decimals = max(0, facts[f"{index} decimals"] or 0)
            if facts[f"{index} scientific"]:
                decimals = _count_decimals(block.text.to_series(index), style)
            found[index] = Numbers(values=values[index], decimals=min(MOST_DECIMALS, decimals))
    return found


def _read_plainly(
    block: Cells, indices: Sequence[int]
) -> tuple[dict[int, pl.Series], dict[str, int]]:
    """Read columns in one go, and tell of each whether a closer look is needed."""
    if not indices:
        return {}, {}
    text = pl.DataFrame([block.text.to_series(index).alias(str(index)) for index in indices])
    read = text.select(pl.all().cast(pl.Float64, strict=False))
    looks: list[pl.Expr] = []
    for index in indices:
        value, cell = pl.col(str(index)), pl.col(f"{index} text")
        size = value.abs()
        looks += [
            (cell.is_not_null() & value.is_null()).any().alias(f"{index} unread"),
            value.is_infinite().any().alias(f"{index} infinite"),
            # Where an exponent may be printed, which shifts the decimals.
            (((size < _SMALL) & (size > 0)) | ((size > _LARGE) & (size < _LARGEST)))
            .any()
            .alias(f"{index} scientific"),
            (cell.str.len_bytes().cast(pl.Int32) - cell.str.find(".", literal=True).cast(pl.Int32))
            .max()
            .sub(1)
            .alias(f"{index} decimals"),
        ]
    both = pl.concat([read, text.select(pl.all().name.suffix(" text"))], how="horizontal")
    facts = both.select(looks).row(0, named=True)
    kept = read.select(pl.when(pl.all().abs() < _LARGEST).then(pl.all()))
    return {index: kept[str(index)] for index in indices}, facts


def read_column(table: Table, block: Cells, index: int, style: Style) -> Numbers:
    """Read a column of a block; NaN, 1e+100 and empty cells are null.

    Raises InputError with row and column for what is no number, and for one that is infinite.
    """
    text = block.text.to_series(index)
    values = text.cast(pl.Float64, strict=False)
    unread = values.is_null() & text.is_not_null()
    if unread.any():
        values = _read_odd(table, block, index, values, style)
    beyond = values.abs() >= _LARGEST
    if beyond.any():
        if (row := values.is_infinite().arg_max()) is not None and values.is_infinite().any():
            raise _refuse(table, block, index, row, "is infinite, and no value of a chart is")
        values = values.set(beyond.fill_null(value=False), None)
    values = values.fill_nan(None)
    decimals = _count_decimals(text, style)
    if (numbers := block.numbers.get(index)) is not None:
        numbers = numbers.set((numbers.abs() >= _LARGEST).fill_null(value=False), None)
        decimals = max(decimals, _count_decimals(_written(numbers), Style()))
        values = values.zip_with(values.is_not_null(), numbers)
    if (times := block.times.get(index)) is not None and times.null_count() < len(times):
        row = times.is_not_null().arg_max()
        raise _refuse(table, block, index, row or 0, "is a date, and a number is needed")
    return Numbers(values=values.alias(str(index)), decimals=decimals)


def _read_odd(table: Table, block: Cells, index: int, values: pl.Series, style: Style) -> pl.Series:
    """Read what is not written plainly: groups of thousands, other signs, words for nothing."""
    text = block.text.to_series(index)
    if style.decimal == ",":
        values = read_numbers(text, style)
    unread = values.is_null() & text.is_not_null()
    rest = text.filter(unread)
    plain = rest.str.replace(_MINUS, "-").str.strip_chars("'\u200e\u200f ")
    read = plain.cast(pl.Float64, strict=False)
    read = read.zip_with(read.is_not_null(), read_numbers(plain, style))
    values = values.scatter(unread.arg_true(), read)
    bad = values.is_null() & text.is_not_null() & ~text.str.to_lowercase().is_in(_MISSING)
    bad &= ~_is_absent(text)
    if bad.any():
        raise _refuse(table, block, index, int(bad.arg_max() or 0), "is no number")
    return values


def _is_absent(text: pl.Series) -> pl.Series:
    """Tell cells that hold 1e+100 in some spelling, which the reader of numbers takes for null."""
    values = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    return (values.is_finite() & (values.abs() >= _LARGEST)).fill_null(value=False)


def _written(numbers: pl.Series) -> pl.Series:
    return pl.Series(
        [None if value is None else repr(value) for value in numbers.to_list()], dtype=pl.String
    ).str.strip_suffix(".0")


def _count_decimals(text: pl.Series, style: Style) -> int:
    """Count the digits behind the decimal mark, the most of all cells; an exponent shifts it."""
    mark = text.str.find(style.decimal, literal=True)
    is_scientific = text.str.contains("[eE]").fill_null(value=False)
    if is_scientific.any():
        parts = text.filter(is_scientific).str.to_lowercase().str.split_exact("e", 1)
        fields = parts.struct.unnest()
        mantissa, power = fields.to_series(0), fields.to_series(1).cast(pl.Int32, strict=False)
        digits = _behind(mantissa, mantissa.str.find(style.decimal, literal=True))
        shifted = (digits - power).filter((power < _LARGEST_POWER).fill_null(value=False))
        mark = mark.set(is_scientific, None)
        most = shifted.max()
        scientific = int(most) if isinstance(most, int) else 0
    else:
        scientific = 0
    found = _behind(text, mark).max()
    plain = int(found) if isinstance(found, int) else 0
    return min(MOST_DECIMALS, max(plain, scientific, 0))


_LARGEST_POWER = 99


def _behind(text: pl.Series, mark: pl.Series) -> pl.Series:
    length = text.str.len_bytes().cast(pl.Int32)
    return (length - mark.cast(pl.Int32) - 1).fill_null(0)


def _refuse(table: Table, block: Cells, index: int, row: int, problem: str) -> Exception:
    line = int(block.lines[row])
    title = table.titles[index] if index < len(table.titles) else f"column {index + 1}"
    cell = block.text.to_series(index)[row]
    shown = f"{cell[:40]!r} " if isinstance(cell, str) else "its cell "
    return table.refuse(
        f"row {line:,}, column {title[:60]}: {shown}{problem}.", line=line, column=title[:200]
    )
