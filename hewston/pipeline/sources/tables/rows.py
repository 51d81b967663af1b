"""Cells to rows of numbers and times, by a plan; what cannot be read is listed with its reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.schemas import Schema
from hewston.pipeline.sources.tables.cells import Cells
from hewston.pipeline.sources.tables.numbers import Style, read_numbers
from hewston.pipeline.sources.tables.plan import Plan
from hewston.pipeline.sources.tables.sample import column_text
from hewston.pipeline.sources.tables.times import AWARE, NAIVE, TimeForm, join_times, read_times
from hewston.pipeline.sources.tables.vocabulary import (
    CORPORATE_ACTION,
    MISSING,
    PRICES,
    TOTALS,
    look_up,
)

_LARGEST_PRICE = 1e12  # an engine of 64-bit prices takes 1.7e13, and a cost is added to them
_MOST_HEADERS = 100  # of a block; more are no headers
MOST_LISTED = 1000  # bad rows; all of them are counted
_EMPTY = "it has no prices"
_LONGEST_SHOWN = 160  # characters of a bad row
_FIGURES = (
    *(*PRICES, "volume", "trade_count", "vwap"),
    *("buy_volume", "sell_volume", "quote_volume"),
)

ROWS: Schema = {
    "line": pl.UInt64,  # in its file, counted from 1
    "ts": NAIVE,  # as written; UTC where the table says its zone
    **dict.fromkeys(_FIGURES, pl.Float64),  # null where a table has none
    "symbol": pl.String,
}


@dataclass(frozen=True, kw_only=True)
class BadRow:
    """A row that is data and cannot be read."""

    line: int
    reason: str
    text: str


@dataclass(kw_only=True)
class Reading:
    """What came of a table's rows: ``rows`` has the columns of ROWS, in file order."""

    rows: pl.DataFrame
    bad: list[BadRow] = field(default_factory=list)  # the first MOST_LISTED
    bad_count: int = 0
    empty_count: int = 0  # of those, the ones that have a time and no price at all
    not_data: int = 0  # totals, footers, headers again, dividends
    last_line: int = 0
    renamed_line: int | None = None  # of a header again that names other columns than the first


def read_rows(blocks: Iterable[Cells], plan: Plan) -> Reading:
    """Read blocks of cells one after the other; blank rows are gone without a trace."""
    reading = Reading(rows=pl.DataFrame(schema=_schema(plan)))
    parts = [_read_block(block, plan, reading) for block in blocks]
    reading.rows = pl.concat([reading.rows, *parts], rechunk=True)
    reading.bad.sort(key=lambda row: row.line)
    return reading


def _schema(plan: Plan) -> Schema:
    return {**ROWS, "ts": AWARE if plan.time_form.is_aware else NAIVE}


def _read_block(block: Cells, plan: Plan, reading: Reading) -> pl.DataFrame:
    style = Style(decimal="," if plan.decimal == "," else ".")
    words = _time_text(block, plan)
    figures: dict[str, pl.Series] = {
        name: _read_figure(block, plan.columns[name][0], style)
        for name in _FIGURES
        if name in plan.columns
    }
    if plan.volume_unit != 1:
        for name in ("volume", "buy_volume", "sell_volume"):
            if name in figures:
                figures[name] = figures[name] * plan.volume_unit
    symbol = _nothing(block.height, pl.String())
    if "symbol" in plan.columns:
        symbol = column_text(block, plan.columns["symbol"][0]).str.strip_chars()
    columns: dict[str, pl.Series] = {
        "line": block.lines.cast(pl.UInt64),
        "ts": _read_time(block, words, plan),
        "symbol": symbol,
    }
    columns |= {name: figures.get(name, _nothing(block.height)) for name in _FIGURES}
    rows = pl.DataFrame({name: columns[name] for name in ROWS}, schema=_schema(plan))
    return _sort_out(rows, block, words, plan, reading)


def _nothing(height: int, dtype: pl.DataType | None = None) -> pl.Series:
    return pl.repeat(None, height, dtype=dtype or pl.Float64(), eager=True)


def _read_figure(block: Cells, index: int, style: Style) -> pl.Series:
    values = read_numbers(block.text[str(index)], style)
    typed = block.numbers.get(index)
    return values if typed is None else values.zip_with(typed.is_null(), typed)


def _time_text(block: Cells, plan: Plan) -> pl.Series:
    return join_times([column_text(block, index) for index in plan.columns["time"]])


def _read_time(block: Cells, words: pl.Series, plan: Plan) -> pl.Series:
    times = read_times(words, plan.time_form)
    if plan.time_form.kind != "text" or len(plan.columns["time"]) > 1:
        return times
    typed = block.times.get(plan.columns["time"][0])
    if typed is not None:
        times = times.zip_with(typed.is_null() | times.is_not_null(), typed.cast(times.dtype))
    serial = block.numbers.get(plan.columns["time"][0])
    if serial is not None and not plan.time_form.is_aware:
        days = read_times(serial.cast(pl.String), TimeForm(kind="serial"))
        times = times.zip_with(times.is_not_null(), days)
    return times


def _sort_out(
    rows: pl.DataFrame, block: Cells, words: pl.Series, plan: Plan, reading: Reading
) -> pl.DataFrame:
    """Keep the rows that are bars; note the bad ones, and count those that are no data at all."""
    known = rows.select(
        time=pl.col("ts").is_not_null(),
        prices=pl.all_horizontal(pl.col(name).is_not_null() for name in PRICES),
        some=pl.any_horizontal(pl.col(name).is_not_null() for name in PRICES),
        right=(pl.col("high") >= pl.col("low"))
        & (pl.col("volume").fill_null(0) >= 0)
        & pl.any_horizontal(pl.col(name) != 0 for name in PRICES[:3])
        & pl.all_horizontal(pl.col(name).abs() <= _LARGEST_PRICE for name in PRICES),
    )
    good = known["time"] & known["prices"] & known["right"].fill_null(value=False)
    volume = _says_volume(block, plan)
    if volume is not None:
        good &= rows["volume"].is_not_null() | ~volume
    if block.height:
        reading.last_line = max(reading.last_line, int(block.lines[-1]))
    if good.all():
        return rows
    _note(rows, block, words, plan, reading, known=known, good=good)
    return rows.filter(good)


def _says_volume(block: Cells, plan: Plan) -> pl.Series | None:
    """Mark the rows whose cell of volume says something, be it a number or not."""
    if "volume" not in plan.columns:
        return None
    text = block.text[str(plan.columns["volume"][0])].str.strip_chars().str.to_lowercase()
    return ~text.fill_null("").is_in(MISSING)


def _note(
    rows: pl.DataFrame,
    block: Cells,
    words: pl.Series,
    plan: Plan,
    reading: Reading,
    *,
    known: pl.DataFrame,
    good: pl.Series,
) -> None:
    first_cell = column_text(block, 0).fill_null("")
    starts = words.fill_null("").str.strip_chars()
    is_total = starts.str.contains(TOTALS.pattern.replace(r"^\W*", r"(?i)^\W*")) | (
        first_cell.str.contains(TOTALS.pattern.replace(r"^\W*", r"(?i)^\W*"))
    )
    # A footer or a header again names no day; a total may have sums, and no day either.
    unnamed = ~known["time"] & ~starts.str.contains(r"^\d") & (~known["some"] | is_total)
    blank_time = ~known["time"] & (starts.str.len_chars() == 0) & ~known["prices"]
    lost = block.lines.is_in(list(block.malformed)) & ~is_total
    unnamed, blank_time = unnamed & ~lost, blank_time & ~lost
    rest = ~good & ~unnamed & ~blank_time
    if reading.renamed_line is None:
        reading.renamed_line = _find_renaming(block, plan, unnamed & ~good)
    reading.not_data += int(((unnamed | blank_time) & ~good & _filled(block)).sum())
    shown = pl.DataFrame(
        {str(index): column_text(block, index).filter(rest) for index in range(block.width)}
    ).fill_null("")
    whole = shown.select(pl.concat_str(pl.all(), separator=" | ").alias("whole"))["whole"]
    is_empty = ~known["some"].filter(rest)
    is_action = is_empty & whole.str.contains(f"(?i){CORPORATE_ACTION.pattern}")
    reading.not_data += int(is_action.sum())
    reading.bad_count += int((~is_action).sum())
    reading.empty_count += int((is_empty & ~is_action & known["time"].filter(rest)).sum())
    lines, wrong, said = block.lines.filter(rest), rows.filter(rest), words.filter(rest)
    for number in (~is_action).arg_true().head(MOST_LISTED - len(reading.bad)).to_list():
        line = int(lines[number])
        reason = block.malformed.get(line) or _explain(
            wrong.row(number, named=True), shown.row(number), said[number] or "", plan
        )
        reading.bad.append(BadRow(line=line, reason=reason, text=whole[number][:_LONGEST_SHOWN]))


def _find_renaming(block: Cells, plan: Plan, among: pl.Series) -> int | None:
    """Find a header again, below the first one, in which columns of prices have other names."""
    for number in among.arg_true().head(_MOST_HEADERS):
        named = {}
        for role in PRICES:
            index = plan.columns[role][0]
            again, first = look_up(block.text[str(index)][number] or ""), look_up(plan.names[index])
            if again is not None:
                named[role] = again[0] == (first[0] if first is not None else role)
        if len(named) > len(PRICES) // 2 and not all(named.values()):
            return int(block.lines[number])
    return None


def _filled(block: Cells) -> pl.Series:
    blank = pl.all_horizontal(pl.all().is_null() | (pl.all().str.strip_chars() == ""))
    return ~block.text.select(blank.alias("blank")).to_series() | _typed(block)


def _typed(block: Cells) -> pl.Series:
    found = pl.repeat(False, block.height, dtype=pl.Boolean, eager=True)  # noqa: FBT003  # a value
    for typed in (*block.numbers.values(), *block.times.values()):
        found |= typed.is_not_null()
    return found


def _explain(row: Mapping[str, Any], cells: Sequence[str], time: str, plan: Plan) -> str:
    """Say what is wrong with a row, by its first fault."""
    if row["ts"] is None:
        said = time.strip()
        return f"the time {said!r} cannot be read" if said else "it has no time"
    if all(row[name] is None for name in PRICES) and all(
        cells[plan.columns[name][0]].strip().casefold() in MISSING for name in PRICES
    ):
        return _EMPTY
    for name in (*PRICES, "volume"):
        if row[name] is None and name in plan.columns:
            said = cells[plan.columns[name][0]].strip()
            is_empty = said.casefold() in MISSING
            if is_empty and name == "volume":
                continue
            return f"{name} is missing" if is_empty else f"{name} {said!r} is no number"
    return _explain_figures(row)


def _explain_figures(row: Mapping[str, Any]) -> str:
    largest = max((row[name] for name in PRICES), key=abs)
    if abs(largest) > _LARGEST_PRICE:
        return f"the price {largest:g} is beyond {_LARGEST_PRICE:g}"
    if row["high"] < row["low"]:
        return f"the high {row['high']:g} is below the low {row['low']:g}"
    if (row["volume"] or 0) < 0:
        return f"the volume {row['volume']:g} is negative"
    return "its open, high and low are 0, as where nothing was traded"


def check_bad_rows(reading: Reading, *, name: str, most: int | None) -> None:
    """Refuse a table of which too many rows cannot be read.

    The most that may be bad: what the person said, else a thousandth of the rows or ten, whichever
    is more. Rows without any price, which some write for times without a trade, are listed but do
    not count.
    """
    total = reading.rows.height + reading.bad_count
    allowed = max(10, total // 1000) if most is None else most
    bad = reading.bad_count if most is not None else reading.bad_count - reading.empty_count
    if bad <= allowed:
        return
    telling = [row for row in reading.bad if row.reason != _EMPTY] or reading.bad
    first = "; ".join(f"line {row.line}: {row.reason}" for row in telling[:5])
    raise InputError(
        f"{bad:,} of {total:,} rows of {name} cannot be read, and at most "
        f"{allowed:,} may be ({first}). Mend the file, change how it is read, or allow more "
        f"with max_bad_rows.",
        file=name,
        field="max_bad_rows",
        bad_rows=reading.bad_count,
        rows=[{"line": row.line, "reason": row.reason} for row in reading.bad[:50]],
    )
