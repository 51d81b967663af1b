"""The other sheets of TradingView's Excel report: properties, and figures of performance."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

import polars as pl

from hewston.pipeline.parity.readers.figures import key_of
from hewston.pipeline.parity.readers.properties import find_interval, key_of_property, prefill
from hewston.pipeline.parity.readers.table import Table, cells_as_text
from hewston.pipeline.parity.readers.upload import Figure
from hewston.pipeline.parity.readers.vocabulary import split_title
from hewston.pipeline.sources.tables.excel import read_sheet
from hewston.pipeline.sources.tables.numbers import Style, is_number, read_numbers

_MOST_ROWS = 2000
_SIDES = ("all", "long", "short")
_LONGEST = 500
_MOST_DECIMALS = 8  # sheets hold some numbers as 18.000000000000004
_SHARE = "percent_profitable"
_LEAST_KNOWN = 3  # properties of which a sheet of them has more


def read_properties(tables: Sequence[Table]) -> dict[str, object]:
    """Read the sheet of names and values: what a run was set to.

    Known names by their keys (``symbol``, ``timeframe``, ``initial_capital`` …); all others are
    ``inputs``, in their order, typed; a name that repeats gets a number. ``run`` is what of it a
    run can be filled with. Empty where no sheet is one.
    """
    for table in tables:
        rows = [row for row in _rows(table) if row[0]]
        known = sum(key_of_property(row[0]) is not None for row in rows)
        if known >= _LEAST_KNOWN:
            return _as_properties(rows)
    return {}


def _as_properties(rows: Iterable[list[str]]) -> dict[str, object]:
    found: dict[str, object] = {}
    inputs: dict[str, object] = {}
    for row in rows:
        label, text = row[0][:_LONGEST], (row[1] if len(row) > 1 else "")[:_LONGEST]
        key = key_of_property(label, text)
        if key is not None and key not in found:
            found[key] = _typed(text) if key not in {"symbol", "currency"} else text
        elif text or key is None:
            inputs[_unique(label, inputs)] = _typed(text)
    header = next(iter(inputs.items()), None)
    if header and header[0].casefold() in {"name", "title"}:
        inputs.pop(header[0])
    timeframe = found.get("timeframe")
    if timeframe is not None:
        found["timeframe"] = find_interval(str(timeframe)) or str(timeframe)
    found["inputs"] = inputs
    found["run"] = prefill(found)
    return found


def _unique(label: str, taken: dict[str, object]) -> str:
    if label not in taken:
        return label
    return next(
        name for number in itertools.count(2) if (name := f"{label} ({number})") not in taken
    )


def _typed(text: str) -> object:
    """Give a number, true or false, or the text itself."""
    folded = text.strip().casefold()
    if folded in {"true", "on", "yes", "false", "off", "no"}:
        return folded in {"true", "on", "yes"}
    try:
        number = float(text)
    except ValueError:
        return text
    if number != number or number in {float("inf"), float("-inf")}:  # noqa: PLR0124  # NaN
        return text
    return int(number) if number.is_integer() and abs(number) < 1e15 else number  # noqa: PLR2004


def read_report(tables: Sequence[Table]) -> list[Figure]:
    """Read the figures of all sheets whose header has columns of All, Long and Short.

    Columns are told by their places: of each side money or a count, then a percentage.
    """
    found: list[Figure] = []
    for table in tables:
        columns = _columns(table.titles)
        if columns:
            for row in _rows(table):
                found += _figures(table, row, columns)
    shares = [abs(one.value) for one in found if one.key == _SHARE and one.unit == "%"]
    if shares and max(shares) <= 1 and any(shares):
        return [_as_percent(one) if one.unit == "%" else one for one in found]
    return found


def _as_percent(figure: Figure) -> Figure:
    """Turn a fraction, which a sheet shows as a percentage, into one."""
    return replace(figure, value=figure.value * 100, decimals=max(0, figure.decimals - 2))


def is_report(table: Table) -> bool:
    """Tell whether a sheet holds figures of performance."""
    return bool(_columns(table.titles))


def _columns(titles: Sequence[str]) -> list[tuple[int, str, str]]:
    """Give place, side and unit of each column; none where the header is of another sheet."""
    units = [split_title(title)[1] or "" for title in titles]
    at = [index for index, title in enumerate(titles) if index and title.strip()]
    plain = [index for index in at if units[index] != "%"]
    percents = [index for index in at if units[index] == "%"]
    if not 1 <= len(plain) <= len(_SIDES) or len(percents) not in {0, len(plain)}:
        return []
    money = {units[index] for index in plain}
    if not percents and (len(plain) < len(_SIDES) or len(money) > 1 or money == {""}):
        return []
    found = [(index, side, units[index]) for index, side in zip(plain, _SIDES, strict=False)]
    found += [(index, side, "%") for index, side in zip(percents, _SIDES, strict=False)]
    return sorted(found)


def _figures(table: Table, row: list[str], columns: Sequence[tuple[int, str, str]]) -> list[Figure]:
    label = row[0].strip()[:_LONGEST]
    found = []
    for index, side, unit in columns:
        text = row[index].strip() if index < len(row) else ""
        if not label or not text or not is_number(text):
            continue
        value = read_numbers(pl.Series([text]), Style())[0]
        if value is None:
            continue
        if text.endswith("%"):
            value *= 100
        digits = text.rstrip("% ").partition(".")[2][:_MOST_DECIMALS]
        found.append(
            Figure(
                sheet=table.sheet or "",
                label=label,
                column=table.titles[index],
                side=side,
                unit=unit,
                key=key_of(label),
                value=float(value),
                decimals=len(digits) if digits.isdecimal() else 0,
            )
        )
    return found


def _rows(table: Table) -> list[list[str]]:
    """Give all rows of a small sheet as texts."""
    rows: list[list[str]] = []
    blocks = read_sheet(table.path, name=table.file, sheet=table.sheet or "", most_rows=_MOST_ROWS)
    for block in blocks:
        table.check(block)
        rows += cells_as_text(block)
    return rows
