"""Planted differences of two lists of trades are named by their class and cause."""

import datetime as dt
import time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hewston.pipeline.parity.trades import TradeFinding, explain_trades
from hewston.pipeline.schemas import LISTED_TRADES
from tests.pipeline.parity.trading import walk

BEGIN = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
BAR = dt.timedelta(minutes=15)
BARS = 4_000
CANDLES = pl.DataFrame(
    {
        "ts_open": [BEGIN + BAR * row for row in range(BARS)],
        "open": [100.0 + row % 7 for row in range(BARS)],
        "high": [101.0 + row % 7 for row in range(BARS)],
        "low": [99.0 + row % 7 for row in range(BARS)],
        "close": [100.5 + row % 7 for row in range(BARS)],
        "volume": [1.0] * BARS,
    }
).with_columns(pl.col("ts_open").cast(pl.Datetime("ns", "UTC")))


def trades(count: int = 60, *, gap: int = 61, held: int = 13) -> pl.DataFrame:
    """Trades of both sides that fill at the opens of their bars."""
    rows = [
        {
            "trade_id": number + 1,
            "side": "LONG" if number % 3 else "SHORT",
            "entry_ts": BEGIN + BAR * (number * gap + number % 5),
            "entry_price": 100.0 + (number * gap + number % 5) % 7,
            "exit_ts": BEGIN + BAR * (number * gap + number % 5 + held),
            "exit_price": 100.0 + (number * gap + number % 5 + held) % 7,
            "qty": 1.0,
            "entry_reason": "in",
            "exit_reason": "out",
        }
        for number in range(count)
    ]
    missing = dict.fromkeys(("fees", "net_pnl", "mfe", "mae"))
    return pl.DataFrame([row | missing for row in rows], schema=LISTED_TRADES)


def shifted(by: dt.timedelta) -> pl.DataFrame:
    moved = trades().with_columns(pl.col("entry_ts") + by, pl.col("exit_ts") + by)
    return moved.cast(pl.Schema(LISTED_TRADES))


def changed(rows: list[int], **values: object) -> pl.DataFrame:
    """Trades of which some, by number, have other values."""
    is_one = pl.col("trade_id").is_in(rows)
    return (
        trades()
        .with_columns(
            pl.when(is_one).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
            for name, value in values.items()
        )
        .cast(pl.Schema(LISTED_TRADES))
    )


ALL = trades()
LONG_WALK = walk(60_000, seed=2)
CALLED = changed([31], exit_reason="Margin call", exit_price=100.2)
# Trade 9 is left three bars earlier, at a price that is neither an open nor a close.
INSIDE = changed([9], exit_price=100.77, exit_ts=ALL["exit_ts"][8] - BAR * 3)
OTHER_FEED = ALL.with_columns(pl.col("entry_price") * 1.1, pl.col("exit_price") * 1.1)
LONG_ALONE = ALL.filter(pl.col("side").cast(pl.String) == "LONG")
SLIGHTLY_OTHER = ALL.with_columns(pl.col("exit_price") * (1 + 1e-7))
LATE_SHIFT = pl.concat([ALL[:30], shifted(BAR * 17)[30:]])


@pytest.mark.parametrize(
    ("pine", "python", "class_name", "cause"),
    [
        (ALL, shifted(BAR), "data_alignment", "stamp"),
        (ALL, shifted(-BAR), "data_alignment", "stamp"),
        (ALL, shifted(dt.timedelta(hours=8)), "data_alignment", "zone"),
        (ALL, shifted(-dt.timedelta(hours=5, minutes=30)), "data_alignment", "zone"),
        (ALL, shifted(BAR * 3), "python_implementation", "offset"),
        (shifted(BAR * 3), ALL, "data_alignment", "offset"),
        (OTHER_FEED, ALL, "data_alignment", "feed"),
        (ALL, LONG_ALONE, "pine_only_function_gap", "unknown"),
        (ALL, ALL[:0], "pine_only_function_gap", "unknown"),
        (CALLED, ALL.filter(pl.col("trade_id") != 31), "python_implementation", "margin_call"),
        (ALL, ALL[4:], "warmup_window", "unknown"),
        (ALL, SLIGHTLY_OTHER, "numeric_tolerance", "unknown"),
        (ALL, changed([5, 9], qty=2.0), "python_implementation", "sizing"),
        (changed([5, 9], exit_price=100.77), ALL, "python_implementation", "intrabar"),
        (INSIDE, ALL, "python_implementation", "intrabar"),
        (ALL, INSIDE, "python_implementation", "intrabar"),
        (ALL, ALL.filter(pl.col("trade_id") % 7 != 3), "python_implementation", "unknown"),
        (ALL, LATE_SHIFT, "python_implementation", "unknown"),
    ],
)
def test_a_planted_difference_is_named(
    pine: pl.DataFrame, python: pl.DataFrame, class_name: str, cause: str
) -> None:
    found = explain_trades(pine, python, candles=CANDLES, interval_ms=900_000)
    assert found is not None
    assert (found.class_name, found.cause) == (class_name, cause), found.sentence
    assert found.sentence.endswith(".")


def explain(pine: pl.DataFrame, python: pl.DataFrame, **more) -> TradeFinding | None:
    return explain_trades(pine, python, candles=CANDLES, interval_ms=900_000, **more)


def test_what_is_the_same_needs_no_word() -> None:
    pine = ALL.with_columns(pl.col("entry_price") * (1 + 1e-12))
    assert explain(pine, ALL) is None
    assert explain(ALL[::-1], ALL.sample(fraction=1, shuffle=True, seed=1)) is None


def test_five_trades_against_none_are_never_the_same() -> None:
    five = ALL[:5]
    for none in (ALL[:0], pl.DataFrame()):
        there, here = explain(five, none), explain(none, five)
        assert there is not None
        assert here is not None
        assert there.class_name == "pine_only_function_gap"
        assert there.sentence == "Pine made 5 trades, and none was made here."
        assert (here.class_name, here.cause) == ("python_implementation", "unknown")
        assert here.sentence.startswith("Pine made no trade, and 5 were made here.")
        assert explain(none, none) is None


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("by", [BAR * 4, BAR * 32])
def test_few_trades_tell_a_shift_only_with_all_their_prices(count, by) -> None:
    found = explain(ALL[:count], shifted(by)[:count])
    assert found is not None
    assert found.cause == ("zone" if count > 1 else "unknown")
    priced = shifted(by)[:count].with_columns(pl.col("exit_price") + 1)
    found = explain(ALL[:count], priced)
    assert found is not None
    assert found.cause == "unknown"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_trades_are_the_same_or_are_not(count: int) -> None:
    few = ALL[:count]
    assert explain(few, few) is None
    for other in (
        few.with_columns(pl.col("entry_price") + 1),
        few.with_columns(pl.col("qty") * 2),
        few[1:] if count > 1 else ALL[5:6],
        ALL[: count + 1],
    ):
        found = explain(few, other)
        assert found is not None
        assert found.sentence.endswith(".")


def test_an_open_trade_is_the_one_entered_with_it_whatever_became_of_that() -> None:
    is_open = {"exit_ts": None, "exit_price": None, "net_pnl": None}
    last = changed([60], **is_open)
    assert explain(last, ALL) is None
    assert explain(last, last) is None
    found = explain(ALL, last)
    assert found is not None
    assert (found.cause, found.layer) == ("unknown", "signals")
    assert found.sentence.endswith("the run holds it.")
    gone = explain(last, ALL[:59])
    assert gone is not None
    assert gone.at == int(last["entry_ts"][59].timestamp()) * 10**9


def test_trades_of_one_bar_are_trades() -> None:
    brief = ALL.with_columns(exit_ts=pl.col("entry_ts"), exit_price=pl.col("entry_price") + 0.25)
    assert explain(brief, brief) is None
    other = brief.with_columns(pl.col("exit_price") - 0.5)
    found = explain(brief, other)
    assert found is not None
    assert (found.cause, found.layer) == ("intrabar", "fills")


def test_trades_alike_are_counted() -> None:
    twice = pl.concat([ALL, ALL]).sort("entry_ts", "trade_id")
    assert explain(twice, twice) is None
    for pine, python in ((twice, twice[1:]), (twice[1:], twice)):
        found = explain(pine, python)
        assert found is not None
        assert found.layer in {"signals", "orders"}


def test_several_entries_and_exits_in_parts_are_the_same_where_both_have_them() -> None:
    added = ALL.with_columns(pl.col("entry_ts") + BAR, pl.col("entry_price") + 1)
    parts = ALL.with_columns(pl.col("exit_ts") - BAR * 2, qty=pl.lit(0.5))
    rest = ALL.with_columns(qty=pl.lit(0.5))
    for other in (added, parts):
        both = pl.concat([rest, other.cast(pl.Schema(LISTED_TRADES))])
        assert explain(both, both[::-1]) is None
        less = explain(both, both.filter(pl.int_range(pl.len()) != 3))
        assert less is not None
        assert less.class_name == "python_implementation"
        assert less.layer == ("signals" if other is added else "orders")


def test_parts_that_pine_never_leaves_are_named() -> None:
    parts = ALL.with_columns(exit_ts=pl.col("exit_ts") - BAR * 2, qty=pl.lit(0.5))
    both = pl.concat([ALL.with_columns(qty=pl.lit(0.5)), parts.cast(pl.Schema(LISTED_TRADES))])
    found = explain(ALL, both.cast(pl.Schema(LISTED_TRADES)))
    assert found is not None
    assert (found.cause, found.layer) == ("unknown", "orders")
    assert found.at == int(parts["exit_ts"][0].timestamp()) * 10**9
    assert found.sentence.endswith("with a part of 0.5, which Pine does not.")


def test_python_may_have_traded_before_the_list_begins() -> None:
    found = explain(ALL[10:], ALL)
    assert found is not None
    assert found.class_name == "warmup_window"


def test_without_bars_times_and_prices_still_tell() -> None:
    for python, cause in (
        (shifted(dt.timedelta(hours=8)), "zone"),
        (shifted(BAR), "stamp"),
        (ALL.with_columns(pl.col("qty") * 2), "sizing"),
        (ALL[::2], "unknown"),
    ):
        found = explain_trades(ALL, python, candles=CANDLES[:0], interval_ms=900_000)
        assert found is not None
        assert found.cause == cause, found.sentence


def test_what_is_printed_alike_is_the_same() -> None:
    exact = ALL.with_columns(pl.col("exit_price") + 0.004, qty=pl.lit(0.33333))
    printed = ALL.with_columns(qty=pl.lit(0.3333))
    decimals = {"entry_price": 2, "exit_price": 2, "qty": 4}
    assert explain(printed, exact, decimals=decimals) is None
    assert explain(printed, exact) is not None
    found = explain(printed, exact, decimals=decimals | {"qty": 5})
    assert found is not None
    assert found.cause == "sizing"


def priced(*, bps: float, multiplier: float = 1.0, rate: float = 1.0, listed: bool = False):
    """Trades that cost fees of their value; profits in another currency by the rate."""
    value = (pl.col("entry_price") + pl.col("exit_price")) * pl.col("qty") * multiplier
    sign = pl.when(pl.col("side").cast(pl.String) == "LONG").then(1.0).otherwise(-1.0)
    gross = sign * (pl.col("exit_price") - pl.col("entry_price")) * pl.col("qty") * multiplier
    fees = value * bps / 1e4
    net = ((gross - fees) * rate).round(2)
    return ALL.with_columns(fees=fees if listed else None, net_pnl=net).cast(
        pl.Schema(LISTED_TRADES)
    )


@pytest.mark.parametrize("multiplier", [1.0, 50.0])
def test_fees_that_profits_tell_are_compared(multiplier: float) -> None:
    here = priced(bps=4, multiplier=multiplier, listed=True)
    same = priced(bps=4, multiplier=multiplier)
    assert explain(same, here, multiplier=multiplier) is None
    found = explain(priced(bps=5, multiplier=multiplier), here, multiplier=multiplier)
    assert found is not None
    assert (found.cause, found.layer) == ("fees", "fees")
    assert f"and those here to {here['fees'].sum():,.2f};" in found.sentence
    there = float(found.sentence.split("come to ")[1].split(", and")[0].replace(",", ""))
    assert there == pytest.approx(here["fees"].sum() * 5 / 4, abs=0.3)


@pytest.mark.parametrize(
    "pine",
    [
        priced(bps=1),  # the cents that are printed say no more
        priced(bps=0, rate=1.0022),  # a rate between currencies moves a profit by that
        priced(bps=0, rate=0.92),
        priced(bps=0, rate=150.0),
        priced(bps=5, multiplier=50.0),
        ALL,
    ],
)
def test_fees_that_cannot_be_compared_are_not(pine: pl.DataFrame) -> None:
    here = priced(bps=1 if pine["net_pnl"].equals(priced(bps=1)["net_pnl"]) else 0, listed=True)
    assert explain(pine, here) is None


def test_profits_of_prices_alone_say_nothing_of_fees() -> None:
    here = priced(bps=4, listed=True)
    assert explain(priced(bps=0), here, knows_fees=False) is None
    assert explain(priced(bps=0), here) is not None


def test_fees_of_open_trades_are_not_compared() -> None:
    is_open = {"exit_ts": None, "exit_price": None, "net_pnl": None}
    pine = priced(bps=4, listed=True).with_columns(
        pl.when(pl.col("trade_id") == 60).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in is_open.items()
    )
    assert explain(pine.cast(pl.Schema(LISTED_TRADES)), priced(bps=4, listed=True)) is None


TRADE = st.tuples(
    st.sampled_from(["LONG", "SHORT"]),
    st.integers(0, 300),
    st.integers(0, 12),
    st.sampled_from(["open", "high", "close"]),
    st.sampled_from([1.0, 2.0]),
)


def build(rows: list[tuple[str, int, int, str, float]]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "trade_id": number,
                "side": side,
                "entry_ts": CANDLES["ts_open"][bar],
                "entry_price": CANDLES[edge][bar],
                "exit_ts": CANDLES["ts_open"][bar + held],
                "exit_price": CANDLES[edge][bar + held],
                "qty": qty,
            }
            for number, (side, bar, held, edge, qty) in enumerate(rows, start=1)
        ],
        schema=LISTED_TRADES,
    )


@given(st.lists(TRADE, max_size=25), st.lists(TRADE, max_size=25))
def test_lists_are_the_same_exactly_when_nothing_is_found(one, other) -> None:
    pine, python = build(one), build(other)
    found = explain(pine, python)
    assert (found is None) == (sorted(one) == sorted(other))
    if found is not None:
        both = pl.concat([pine, python])
        times = pl.concat([both["entry_ts"], both["exit_ts"]]).dt.epoch("ns").to_list()
        assert min(times) <= found.at <= max(times)
        assert found.sentence.endswith(".")


@pytest.mark.parametrize("by", [BAR * 32, BAR, BAR * 3])
def test_ten_thousand_trades_are_explained_in_a_second(by: dt.timedelta) -> None:
    count = 10_000
    bars = LONG_WALK
    opened, closed = bars["open"].to_numpy(), bars["close"].to_numpy()
    places = [number * 5 + number % 3 for number in range(count)]
    many = pl.DataFrame(
        {
            "trade_id": range(count),
            "side": ["LONG" if place % 7 else "SHORT" for place in places],
            "entry_ts": bars["ts_open"].gather(places),
            "entry_price": opened[places],
            "exit_ts": bars["ts_open"].gather([place + 4 for place in places]),
            "exit_price": closed[[place + 4 for place in places]],
            "qty": [1.0] * count,
        },
        schema_overrides=LISTED_TRADES,
    ).with_columns(
        pl.lit(None, kind).alias(name)
        for name, kind in LISTED_TRADES.items()
        if name
        not in {"trade_id", "side", "entry_ts", "entry_price", "exit_ts", "exit_price", "qty"}
    )
    other = many.with_columns(pl.col("entry_ts", "exit_ts") + by)
    begun = time.process_time()
    found = explain_trades(many, other[::-1], candles=bars, interval_ms=900_000)
    assert time.process_time() - begun < 1
    assert found is not None
