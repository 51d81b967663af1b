"""TradingView's export of a chart's data: bars and what is plotted on them."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from hewston.pipeline.parity.readers import columns
from hewston.pipeline.parity.readers.clock import Times, read_clock
from hewston.pipeline.parity.readers.table import Table
from hewston.pipeline.parity.readers.upload import Clock
from hewston.pipeline.parity.readers.vocabulary import plain
from hewston.pipeline.schemas import CANDLES, UTC_NS
from hewston.pipeline.sources.tables.cells import Cells
from hewston.pipeline.sources.tables.times import Order

_TIMES = ("time", "timestamp", "date", "datetime", "date/time", "date and time", "time (utc)")
_PRICES = ("open", "high", "low", "close")
_VOLUMES = {
    *("volume", "vol", "volumen", "volumes", "volumi", "volume (shares)", "hacim", "объём"),
    *("объем", "wolumen", "出来高", "成交量", "거래량", "khối lượng", "volum", "ปริมาณ"),
    *("الحجم", "ווליום", "נפח"),
}
_SAMPLE_COLUMNS = 8
_LONGEST_TITLE = 300


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart as it was read; times as the file has them where ``clock`` is not ``utc``."""

    candles: pl.DataFrame
    series: pl.DataFrame | None
    clock: Clock
    decimals: Mapping[str, int]
    warnings: tuple[str, ...]
    date_order: Order | None


def find_roles(titles: Sequence[str]) -> dict[str, int] | None:
    """Give the column of the time, of each price and of the volume; None where it is no chart.

    A time and a close, or a time and something plotted, are the least. Of several columns of one
    name the first is meant, one in small letters before others: a plot may be called Close.
    """
    plains = [plain(title) for title in titles]
    time = next((at for at, title in enumerate(plains[:2]) if title in _TIMES), None)
    if time is None or len(titles) < 2:  # noqa: PLR2004
        return None
    roles = {"time": time}
    for role in _PRICES:
        exact = [at for at, title in enumerate(titles) if title.strip() == role]
        folded = [at for at, title in enumerate(plains) if title == role]
        if exact or folded:
            roles[role] = (exact or folded)[0]
    volumes = [at for at, title in enumerate(plains) if title == "volume"]
    volumes += [at for at, title in enumerate(plains) if title in _VOLUMES]
    if volumes:
        roles["volume"] = volumes[0]
    return roles


def name_series(titles: Sequence[str], *, taken: set[str]) -> list[str]:
    """Make plot titles unique, in their order: the second MA is MA (2)."""
    names: list[str] = []
    used = {*taken}
    wanted = [_clean(title) for title in titles]
    for title in wanted:
        name, number = title, 1
        while name in used or (number > 1 and name in wanted):
            number += 1
            name = f"{title} ({number})"
        used.add(name)
        names.append(name)
    return names


def _clean(title: str) -> str:
    text = "".join(c if c.isprintable() else " " for c in html.unescape(title)).strip()
    return text[:_LONGEST_TITLE] or "Plot"


def read_chart(table: Table, roles: Mapping[str, int], *, date_order: str | None = None) -> Chart:
    """Read a chart's data, sorted by time.

    Raises InputError with the row for a time or a number that cannot be read, for an infinite
    value and for a time that is there twice, and for a file without bars.
    """
    others = [at for at in range(len(table.titles)) if at not in roles.values()]
    others = [at for at in others if not (at == 0 and plain(table.titles[0]) in {"", "index"})]
    names = name_series([table.titles[at] for at in others], taken={"ts_open"})
    wanted = {**{at: role for role, at in roles.items() if role != "time"}}
    wanted |= dict(zip(others, names, strict=True))
    order = [at for role, at in roles.items() if role != "time"] + others
    parts: list[list[pl.Series]] = []
    stamps: list[_Stamps] = []
    decimals = dict.fromkeys(wanted, 0)
    style = None
    for block in table.blocks():
        sampled = [at for at in order[:_SAMPLE_COLUMNS] if at < block.width]
        style = style or columns.find_style(
            [block], sampled, delimiter=table.delimiter if table.sheet is None else ","
        )
        stamps.append(_stamps(table, block, roles["time"]))
        read = columns.read_columns(table, block, order, style)
        decimals = {at: max(decimals[at], read[at].decimals) for at in order}
        parts.append([read[at].values for at in order])
    if not stamps:
        raise table.refuse("it has a header and no bars.")
    when, lines = _read_times(table, stamps, date_order)
    times = when.values
    joined = {at: pl.concat([part[place] for part in parts]) for place, at in enumerate(order)}
    sort, warnings = _order(table, times, lines)
    picked = {at: values if sort is None else values.gather(sort) for at, values in joined.items()}
    stamped = times if sort is None else times.gather(sort)
    candles = _candles(stamped, picked, roles)
    warnings += _warn(candles, roles)
    return Chart(
        candles=candles,
        series=pl.DataFrame(
            [stamped.alias("ts_open"), *(picked[at].alias(wanted[at]) for at in others)]
        )
        if others
        else None,
        clock=when.clock,
        decimals=_name_decimals(decimals, wanted, roles),
        warnings=tuple(warnings),
        date_order=when.order,
    )


@dataclass(frozen=True, kw_only=True)
class _Stamps:
    lines: pl.Series
    text: pl.Series
    typed: pl.Series


def _stamps(table: Table, block: Cells, index: int) -> _Stamps:
    if index >= block.width:
        raise table.refuse(f"row {block.lines[0]:,} has no time.", line=int(block.lines[0]))
    text = block.text.to_series(index)
    if (numbers := block.numbers.get(index)) is not None:
        written = [None if value is None else f"{value:.10g}" for value in numbers.to_list()]
        text = text.zip_with(text.is_not_null(), pl.Series(written, dtype=pl.String))
    typed = block.times.get(index)
    if typed is None:
        typed = pl.repeat(None, block.height, dtype=pl.Datetime("ns"), eager=True)
    missing = text.is_null() & typed.is_null()
    if missing.any():
        line = int(block.lines[missing.arg_max() or 0])
        raise table.refuse(f"row {line:,} has no time.", line=line)
    return _Stamps(lines=block.lines, text=text.alias("time"), typed=typed.cast(pl.Datetime("ns")))


def _read_times(
    table: Table, stamps: Sequence[_Stamps], date_order: str | None
) -> tuple[Times, pl.Series]:
    lines = pl.concat([one.lines for one in stamps])
    typed = pl.concat([one.typed.alias("time") for one in stamps])
    read = read_clock(
        table,
        pl.concat([one.text for one in stamps]),
        lines=lines,
        typed=typed if typed.null_count() < len(typed) else None,
        order=date_order,
    )
    return read, lines


def _order(table: Table, times: pl.Series, lines: pl.Series) -> tuple[pl.Series | None, list[str]]:
    """Give how rows are sorted by time, None where they are; refuses a time that comes twice."""
    steps = np.diff(times.cast(pl.Int64).to_numpy())
    if (steps > 0).all():
        return None, []
    order = times.arg_sort()
    ordered = times.gather(order)
    twice = np.flatnonzero(np.diff(ordered.cast(pl.Int64).to_numpy()) == 0)
    if twice.size:
        at = int(twice[0])
        first, second = sorted(int(lines[int(order[row])]) for row in (at, at + 1))
        raise table.refuse(
            f"rows {first:,} and {second:,} have the same time, {ordered[at]:%Y-%m-%d %H:%M:%S}. "
            "Bars of Renko, range and tick charts cannot be put beside others by their time.",
            line=second,
        )
    if (steps < 0).all():
        return order, ["Its bars go from the latest to the earliest; they were turned round."]
    row = int(np.flatnonzero(steps < 0)[0]) + 1
    return order, [
        f"Its bars were not in the order of time (row {lines[row]:,}); they were sorted."
    ]


def _candles(
    times: pl.Series, picked: Mapping[int, pl.Series], roles: Mapping[str, int]
) -> pl.DataFrame:
    nothing = pl.repeat(None, len(times), dtype=pl.Float64, eager=True)
    frame = pl.DataFrame(
        [
            times.alias("ts_open"),
            *(
                (picked[roles[name]] if name in roles else nothing).alias(name)
                for name in CANDLES
                if name != "ts_open"
            ),
        ]
    )
    stamp = UTC_NS if times.dtype == UTC_NS else pl.Datetime("ns")
    return frame.cast(pl.Schema(CANDLES | {"ts_open": stamp}))


def _warn(candles: pl.DataFrame, roles: Mapping[str, int]) -> list[str]:
    missing = [name for name in _PRICES if name not in roles]
    warnings = []
    if missing:
        warnings.append(
            f"The chart has no column {', '.join(missing)}, as a line chart has none; they are "
            "left empty."
        )
    top = pl.max_horizontal("open", "close", "low")
    bottom = pl.min_horizontal("open", "close", "high")
    odd = candles.filter((pl.col("high") < top) | (pl.col("low") > bottom))
    if odd.height:
        warnings.append(
            f"{odd.height:,} bars have a high below, or a low above, another of their prices, "
            f"first at {odd['ts_open'][0]:%Y-%m-%d %H:%M}."
        )
    return warnings


def _name_decimals(
    decimals: Mapping[int, int], wanted: Mapping[int, str], roles: Mapping[str, int]
) -> dict[str, int]:
    """Name printed decimals by column; a plot that is called as a price is does not hide it."""
    own = set(roles.values())
    found = {wanted[at]: count for at, count in decimals.items() if at in own}
    for at, count in decimals.items():
        if at not in own:
            found.setdefault(wanted[at], count)
    return found
