"""TradingView's list of trades: two rows a trade, in every layout and language."""

import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers import columns
from hewston.pipeline.parity.readers.clock import Times, read_clock
from hewston.pipeline.parity.readers.pairing import pair_rows
from hewston.pipeline.parity.readers.sides import read_types
from hewston.pipeline.parity.readers.table import Table, typed_text
from hewston.pipeline.parity.readers.upload import Clock
from hewston.pipeline.parity.readers.vocabulary import (
    POSITIONS,
    REQUIRED,
    name_roles,
    plain,
    split_title,
)
from hewston.pipeline.sources.tables.cells import Cells
from hewston.pipeline.sources.tables.numbers import Style
from hewston.pipeline.sources.tables.times import Order

_MOST_TRADES = 500_000
_MONEY = ("price", "qty", "value", "pnl", "commission", "mfe", "mae", "cumulative")
_MOST = 0.4  # entries are half of the rows
_SAMPLE = 2000
_LEAST_PERCENTS = 3  # columns of percentages: every layout has four
_INDEX_TITLES = {"", "index", "unnamed: 0", "column1"}
_LAYOUTS = (  # the first that a header's titles fit
    ("return %", "2026, with commission and duration"),
    ("trade number", "2026"),
    ("trade #|size (qty)", "spring 2026"),
    ("mfe", "2025, Excel"),
    ("date and time", "late 2025"),
    ("position size (qty)", "2025"),
    ("contracts", "2022 to 2025"),
)


@dataclass(frozen=True, kw_only=True)
class List:
    """A list as it was read; ``trades`` is LISTED_TRADES with the file's own times."""

    trades: pl.DataFrame
    details: pl.DataFrame
    clock: Clock
    layout: str
    currency: str | None
    price_currency: str | None
    decimals: Mapping[str, int]
    point_value: float | None
    date_order: Order | None
    warnings: tuple[str, ...]


def find_roles(titles: tuple[str, ...]) -> dict[str, int] | None:
    """Give the column of each role; None where a table is no list of trades.

    By names, else by position where there are 14, 15 or 17 columns, to which a leading index does
    not count. Names that are not known beside others that are go by position where these agree.
    """
    by_name = name_roles(titles)
    by_place = _place_roles(titles)
    if all(role in by_name for role in REQUIRED):
        agrees = all(by_place.get(role, at) == at for role, at in by_name.items())
        return by_place | by_name if agrees else by_name
    percents = sum(title.rstrip().endswith("%") for title in titles)
    return by_place if by_place and percents >= _LEAST_PERCENTS else None


def _place_roles(titles: tuple[str, ...]) -> dict[str, int]:
    skipped = int(plain(titles[0]) in _INDEX_TITLES) if titles else 0
    roles = POSITIONS.get(len(titles) - skipped, ())
    return {role: at + skipped for at, role in enumerate(roles)}


def read_list(table: Table, roles: Mapping[str, int], *, date_order: str | None = None) -> List:
    """Read a list of trades.

    Raises InputError with the row for what cannot be read, for a trade whose rows contradict each
    other, and for a list without a trade.
    """
    blocks = list(table.blocks())
    block = _joined(table, blocks)
    delimiter = table.delimiter if table.sheet is None else ","
    money = [roles[role] for role in _MONEY if role in roles]
    style = columns.find_style([block], money, delimiter=delimiter)
    numbers = {
        role: columns.read_column(table, block, roles[role], style)
        for role in (*_MONEY, "number")
        if role in roles
    }
    types = typed_text(block, roles["type"])
    times = _read_times(table, block, roles["time"], date_order, numbers["number"].values)
    rows = pl.DataFrame(
        {
            "line": block.lines,
            "number": numbers["number"].values,
            "type": types,
            "time": times.values,
            "signal": typed_text(block, roles["signal"]) if "signal" in roles else None,
            **{
                role: numbers[role].values
                if role in numbers
                else pl.repeat(None, block.height, dtype=pl.Float64, eager=True)
                for role in _MONEY
            },
        }
    )
    rows = _check_rows(table, rows)
    meanings = read_types(table, rows)
    trades, warnings = pair_rows(table, rows, meanings)
    units = {role: split_title(table.titles[at])[1] for role, at in roles.items()}
    return List(
        trades=trades,
        details=_detail(rows, trades, _read_details(table, block, roles, style)),
        clock=times.clock,
        layout=_name_layout(table, roles),
        currency=_currency(units.get("pnl")),
        price_currency=_currency(units.get("price")),
        decimals=_decimals(numbers),
        point_value=_find_point_value(rows),
        date_order=times.order,
        warnings=tuple(warnings),
    )


def _read_details(
    table: Table, block: Cells, roles: Mapping[str, int], style: Style
) -> dict[str, pl.Series]:
    """Read columns that decide no comparison: one that holds no numbers is as if it were empty."""

    def read(*names: str) -> pl.Series:
        for name in names:
            if name in roles:
                with contextlib.suppress(InputError):
                    return columns.read_column(table, block, roles[name], style).values
        return pl.repeat(None, block.height, dtype=pl.Float64, eager=True)

    return {"pnl_pct": read("pnl %", "return %", "return"), "bars": read("duration")}


def _detail(
    rows: pl.DataFrame, trades: pl.DataFrame, others: Mapping[str, pl.Series]
) -> pl.DataFrame:
    """Give what is listed of each trade beside LISTED_TRADES, as ``Upload.details`` has it."""
    named = rows.select("pnl", "cumulative", trade_id="number", **others)
    found = named.group_by("trade_id").agg(pl.all().drop_nulls().first())
    is_open = pl.col("exit_ts").is_null()
    return (
        trades.select("trade_id", is_open=is_open)
        .join(found, on="trade_id", how="left", maintain_order="left")
        .select(
            "trade_id", "pnl_pct", "bars", "cumulative", open_pnl=pl.when("is_open").then("pnl")
        )
    )


def _joined(table: Table, blocks: list[Cells]) -> Cells:
    """Put blocks behind each other, all as wide as the header."""
    width = len(table.titles)
    height = sum(block.height for block in blocks)
    if not height:
        raise table.refuse("it is a list of trades without a trade. Nothing can be compared.")
    if height > 2 * _MOST_TRADES:
        raise table.refuse(f"it lists more than {_MOST_TRADES:,} trades.", allowed=_MOST_TRADES)

    def column(block: Cells, index: int) -> pl.Series:
        if index < block.width:
            return block.text.to_series(index).alias(str(index))
        return pl.repeat(None, block.height, dtype=pl.String, eager=True).alias(str(index))

    def typed(kind: str, index: int, dtype: pl.DataType | type[pl.DataType]) -> pl.Series:
        parts = []
        for block in blocks:
            found = getattr(block, kind).get(index)
            parts.append(
                pl.repeat(None, block.height, dtype=dtype, eager=True)
                if found is None
                else found.cast(dtype)
            )
        return pl.concat(parts)

    kinds: tuple[tuple[str, pl.DataType | type[pl.DataType]], ...] = (
        ("numbers", pl.Float64),
        ("times", pl.Datetime("ns")),
    )
    found = {
        kind: {
            index: typed(kind, index, dtype)
            for index in range(width)
            if any(index in getattr(block, kind) for block in blocks)
        }
        for kind, dtype in kinds
    }
    return Cells(
        lines=pl.concat([block.lines for block in blocks]),
        text=pl.concat(
            pl.DataFrame([column(block, index) for index in range(width)]) for block in blocks
        ),
        numbers=found["numbers"],
        times=found["times"],
    )


def _read_times(
    table: Table, block: Cells, index: int, date_order: str | None, numbers: pl.Series
) -> Times:
    typed = block.times.get(index)
    text = block.text.to_series(index)
    if (serial := block.numbers.get(index)) is not None:  # dates that are not shown as such
        written = [None if value is None else repr(value) for value in serial.to_list()]
        text = text.zip_with(text.is_not_null(), pl.Series(written, dtype=pl.String))
    in_order = (
        pl.DataFrame({"number": numbers, "text": text})
        .drop_nulls()
        .unique("number", keep="last", maintain_order=True)
        .sort("number")["text"]
        .to_list()
    )
    return read_clock(
        table, text, lines=block.lines, typed=typed, order=date_order, in_order=in_order
    )


def _check_rows(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Refuse rows without a number or a type, and numbers that are none of a list."""
    number = pl.col("number")
    bad = rows.filter(
        number.is_null()
        | pl.col("type").is_null()
        | (number != number.floor())
        | (number < 0)
        | (number > 2**31)
    )
    if bad.height:
        line = int(bad["line"][0])
        raise table.refuse(
            f"row {line:,} has no trade's number or no type, and every row of a list has both.",
            line=line,
        )
    return rows.with_columns(number=number.cast(pl.UInt32))


def _decimals(numbers: Mapping[str, columns.Numbers]) -> dict[str, int]:
    """Name printed decimals by the columns of LISTED_TRADES."""
    names = {
        "entry_price": "price",
        "exit_price": "price",
        "qty": "qty",
        "fees": "commission",
        "net_pnl": "pnl",
        "mfe": "mfe",
        "mae": "mae",
    }
    return {name: numbers[role].decimals for name, role in names.items() if role in numbers}


def _currency(unit: str | None) -> str | None:
    return None if unit in {None, "%"} else unit


def _name_layout(table: Table, roles: Mapping[str, int]) -> str:
    kind = "list of trades (Excel)" if table.sheet else "list of trades"
    titles = {split_title(title)[0] for title in table.titles}
    if "return %" in roles:
        return f"{kind}, {_LAYOUTS[0][1]}"
    for words, name in _LAYOUTS[1:]:
        if all(word in titles for word in words.split("|")):
            return f"{kind}, {name}"
    return f"{kind} of {len(table.titles)} columns"


def _find_point_value(rows: pl.DataFrame) -> float | None:
    """Derive the point value: a position's value over price times quantity of its entry.

    None where the list has no such column, or where its rows do not agree.
    """
    whole = rows.filter(
        (pl.col("value").abs() > 0) & (pl.col("price").abs() > 0) & (pl.col("qty").abs() > 0)
    )
    if whole.is_empty():
        return None
    ratio = (whole["value"] / (whole["price"] * whole["qty"])).abs().head(_SAMPLE).to_list()
    for digits in (6, 4, 2):  # as many as the rounding of small values leaves
        counts = Counter(f"{one:.{digits}e}" for one in ratio)
        commonest, count = counts.most_common(1)[0]  # that of entries: exits have other prices
        if count >= _MOST * counts.total():
            return float(commonest)
    return None
