"""Defects planted in a strategy's trades are named: layer, class and cause."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from hewston.pipeline.parity.readers import place, read_upload
from hewston.pipeline.parity.trades import TradeFinding, explain_trades
from hewston.pipeline.schemas import CANDLES
from tests.pipeline.parity.trading import (
    BAR,
    Rules,
    change,
    drop,
    misread,
    move,
    split,
    trade,
    walk,
)

HOUR = dt.timedelta(hours=1)
BARS = walk()
CLOSE_TO_OPEN = walk(gaps=False)  # a bar opens where the one before closed
BY_SESSIONS = walk(sessions=True, seed=9)
AUTUMN = walk(begin=dt.datetime(2024, 9, 20, tzinfo=dt.UTC), seed=3)
HOURLY = walk(bar=HOUR, seed=5)
ALL = trade(BARS)
EVEN = trade(CLOSE_TO_OPEN)
COUNT = ALL.height
BRACKETS = Rules(levels=(0.002, 0.002))
LEVELS = trade(BARS, BRACKETS)


def explain(pine: pl.DataFrame, python: pl.DataFrame, candles: pl.DataFrame = BARS, **more):
    step = int(np.median(np.diff(candles["ts_open"].dt.epoch("ms").to_numpy())))
    return explain_trades(pine, python, candles=candles, interval_ms=step, **more)


def scaled(by: float, plus: float = 0.0) -> pl.DataFrame:
    prices = ("open", "high", "low", "close")
    return BARS.with_columns(pl.col(prices) * by + plus)


def other_exchange(noise: float) -> pl.DataFrame:
    """Bars of another place, whose prices are a little above or below by turns."""
    away = pl.Series([((row * 37) % 101 / 50 - 1) * noise for row in range(BARS.height)])
    return BARS.with_columns((pl.col("open", "high", "low", "close") * (1 + away)).round(2)).cast(
        pl.Schema(CANDLES)
    )


def check(found: TradeFinding | None, class_name: str, cause: str, layer: str) -> None:
    assert found is not None
    named = found.class_name, found.cause, found.layer
    assert named == (class_name, cause, layer), found.sentence
    assert found.sentence.endswith(".")


FEWER = BARS.filter(pl.int_range(pl.len()) % 5 != 2)
PLANTED = {
    # candles
    "feed: dearer by a tenth": (trade(scaled(1.1)), ALL, BARS, "feed"),
    "feed: adjusted by five points": (trade(scaled(1, 5)), ALL, BARS, "feed"),
    "feed: other prices": (trade(walk(seed=8)), ALL, BARS, "feed"),
    "feed: another exchange": (trade(other_exchange(2e-3)), ALL, BARS, "feed"),
    "feed: nearly the same exchange": (trade(other_exchange(3e-4)), ALL, BARS, "feed"),
    "feed: bars missing here": (ALL, trade(FEWER), FEWER, "feed"),
    "zone: Taipei": (move(ALL, 8 * HOUR), ALL, BARS, "zone"),
    "zone: the other way": (move(ALL, -4 * HOUR), ALL, BARS, "zone"),
    "zone: India": (misread(ALL, "Asia/Kolkata"), ALL, BARS, "zone"),
    "zone: Nepal": (misread(EVEN, "Asia/Kathmandu"), EVEN, CLOSE_TO_OPEN, "zone"),
    "zone: an hour": (move(EVEN, HOUR), EVEN, CLOSE_TO_OPEN, "zone"),
    "zone: Tokyo, hourly": (
        misread(trade(HOURLY), "Asia/Tokyo"),
        trade(HOURLY),
        HOURLY,
        "zone",
    ),
    "stamp: closes": (move(ALL, BAR), ALL, BARS, "stamp"),
    "stamp: closes that are opens": (move(EVEN, BAR), EVEN, CLOSE_TO_OPEN, "stamp"),
    "stamp: with levels": (move(LEVELS, BAR), LEVELS, BARS, "stamp"),
    "stamp: the other way": (move(ALL, -BAR), ALL, BARS, "stamp"),
    "stamp: hourly": (move(trade(HOURLY), HOUR), trade(HOURLY), HOURLY, "stamp"),
    "offset: three bars": (move(ALL, 3 * BAR), ALL, BARS, "offset"),
    "offset: seven bars back": (move(EVEN, -7 * BAR), EVEN, CLOSE_TO_OPEN, "offset"),
    "offset: three bars, closes that are opens": (
        move(EVEN, 3 * BAR),
        EVEN,
        CLOSE_TO_OPEN,
        "offset",
    ),
    "offset: seven minutes": (move(LEVELS, BAR * 7 / 15), LEVELS, BARS, "offset"),
}
NEW_YORK = misread(ALL, "America/New_York")
DAYLIGHT = {
    "New York": (NEW_YORK, ALL, BARS, (4, 5)),
    "London": (
        misread(trade(AUTUMN), "Europe/London"),
        trade(AUTUMN),
        AUTUMN,
        (0, -1),
    ),
    "Berlin": (misread(trade(AUTUMN), "Europe/Berlin"), trade(AUTUMN), AUTUMN, (-1, -2)),
    "Lord Howe": (
        misread(trade(AUTUMN), "Australia/Lord_Howe"),
        trade(AUTUMN),
        AUTUMN,
        (-10.5, -11),
    ),
    "New York taken for Taipei": (
        misread(ALL, "America/New_York", "Asia/Taipei"),
        ALL,
        BARS,
        (12, 13),
    ),
    "New York, hourly": (
        misread(trade(HOURLY), "America/New_York"),
        trade(HOURLY),
        HOURLY,
        (4, 5),
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_other_bars_and_clocks_are_named(name: str) -> None:
    pine, python, candles, cause = PLANTED[name]
    check(explain(pine, python, candles), "data_alignment", cause, "candles")


@pytest.mark.parametrize("name", DAYLIGHT)
def test_a_zone_with_daylight_saving_has_both_its_shifts(name: str) -> None:
    pine, python, candles, hours = DAYLIGHT[name]
    found = explain(pine, python, candles)
    check(found, "data_alignment", "zone", "candles")
    assert found.shifts_ms == tuple(int(one * 3_600_000) for one in hours)
    assert "daylight saving" in found.sentence


def clock(bars: pl.DataFrame, name: str) -> pl.DataFrame:
    return trade(bars, clock=name)


SIGNALS = {
    "offset: a bar late": (ALL, trade(BARS, late=1), BARS, "offset"),
    "offset: two bars late": (EVEN, trade(CLOSE_TO_OPEN, late=2), CLOSE_TO_OPEN, "offset"),
    "offset: four bars late": (ALL, trade(BARS, late=4), BARS, "offset"),
    "offset: Pine five bars late": (trade(BARS, late=5), ALL, BARS, "offset"),
    "offset: by sessions": (
        trade(BY_SESSIONS),
        trade(BY_SESSIONS, late=3),
        BY_SESSIONS,
        "offset",
    ),
    "unknown: every seventh is missing": (
        ALL,
        drop(ALL, list(range(3, COUNT, 7))),
        BARS,
        "unknown",
    ),
    "unknown: more are made": (drop(ALL, [40, 41, 90]), ALL, BARS, "unknown"),
    "unknown: a trade of two parts is missing": (
        split(ALL, 40, BARS, reason="target"),
        drop(ALL, [40]),
        BARS,
        "unknown",
    ),
    "unknown: another length": (ALL, trade(BARS, slow=23), BARS, "unknown"),
    "unknown: an exit at another open": (
        ALL,
        change(
            ALL,
            [50],
            exit_ts=pl.lit(BARS["ts_open"][3000]),
            exit_price=float(BARS["open"][3000]),
        ),
        BARS,
        "unknown",
    ),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_other_signals_are_named(name: str) -> None:
    pine, python, candles, cause = SIGNALS[name]
    check(explain(pine, python, candles), "python_implementation", cause, "signals")


CALLED = split(ALL, 31, BARS, reason="Margin call")
CALLED_TWICE = split(split(ALL, 31, BARS, reason="Margin Call"), 77, BARS, reason="Margin call")
FILLS = {
    "margin_call: a part": (CALLED, ALL, BARS, "margin_call", "orders"),
    "margin_call: two": (CALLED_TWICE, ALL, BARS, "margin_call", "orders"),
    "margin_call: a whole trade": (
        split(ALL, 12, BARS, reason="Margin call", whole=True),
        ALL,
        BARS,
        "margin_call",
        "orders",
    ),
    "margin_call: the first": (
        split(ALL, 1, BARS, reason="Margin call"),
        ALL,
        BARS,
        "margin_call",
        "orders",
    ),
    "unknown: another stop": (
        LEVELS,
        trade(BARS, levels=(0.0025, 0.002)),
        BARS,
        "unknown",
        "orders",
    ),
    "unknown: other levels that gaps hide": (
        trade(BY_SESSIONS, BRACKETS),
        trade(BY_SESSIONS, levels=(0.0025, 0.0025)),
        BY_SESSIONS,
        "unknown",
        "orders",
    ),
    "unknown: slippage moves levels": (
        trade(CLOSE_TO_OPEN, BRACKETS),
        trade(CLOSE_TO_OPEN, BRACKETS, ticks=2),
        CLOSE_TO_OPEN,
        "unknown",
        "fills",
    ),
    "fill_clock: here at closes": (ALL, clock(BARS, "close"), BARS, "fill_clock", "fills"),
    "fill_clock: here at next opens": (clock(BARS, "close"), ALL, BARS, "fill_clock", "fills"),
    "fill_clock: one price": (
        EVEN,
        clock(CLOSE_TO_OPEN, "close"),
        CLOSE_TO_OPEN,
        "fill_clock",
        "fills",
    ),
    "fill_clock: one price, later here": (
        clock(CLOSE_TO_OPEN, "close"),
        EVEN,
        CLOSE_TO_OPEN,
        "fill_clock",
        "fills",
    ),
    "fill_clock: by sessions": (
        trade(BY_SESSIONS),
        clock(BY_SESSIONS, "close"),
        BY_SESSIONS,
        "fill_clock",
        "fills",
    ),
    "fill_clock: with levels": (
        LEVELS,
        trade(BARS, BRACKETS, clock="close"),
        BARS,
        "fill_clock",
        "fills",
    ),
    "fill_clock: hourly": (
        trade(HOURLY),
        clock(HOURLY, "close"),
        HOURLY,
        "fill_clock",
        "fills",
    ),
    "fill_clock: on the same bar": (
        ALL,
        trade(BARS, clock="close", late=1),
        BARS,
        "fill_clock",
        "fills",
    ),
    "intrabar: the stop or the limit first": (
        LEVELS,
        trade(BARS, BRACKETS, first="limit"),
        BARS,
        "intrabar",
        "fills",
    ),
    "intrabar: levels looked at when bars close": (
        LEVELS,
        trade(BARS, BRACKETS, on_close=True),
        BARS,
        "intrabar",
        "fills",
    ),
    "intrabar: Pine looks when bars close": (
        trade(BARS, BRACKETS, on_close=True),
        LEVELS,
        BARS,
        "intrabar",
        "fills",
    ),
    "intrabar: levels in force at once": (
        trade(BARS, BRACKETS, at_once=True),
        LEVELS,
        BARS,
        "intrabar",
        "fills",
    ),
    "unknown: slippage": (ALL, trade(BARS, ticks=2), BARS, "unknown", "fills"),
    "sizing: twice": (ALL, trade(BARS, units=2), BARS, "sizing", "size"),
    "sizing: the equity": (
        trade(BARS, size="equity"),
        trade(BARS, units=100),
        BARS,
        "sizing",
        "size",
    ),
    "sizing: money": (ALL, trade(BARS, size="money"), BARS, "sizing", "size"),
    "sizing: some": (ALL, change(ALL, [5, 9], qty=2.0), BARS, "sizing", "size"),
    "fees: of the value": (trade(BARS, bps=5), ALL, BARS, "fees", "fees"),
    "fees: of each unit": (
        trade(BARS, a_unit=0.02),
        trade(BARS, a_unit=0.05),
        BARS,
        "fees",
        "fees",
    ),
    "fees: told by profits": (
        trade(BARS, bps=5, lists_fees=False, cents=True, units=10),
        trade(BARS, bps=4, units=10),
        BARS,
        "fees",
        "fees",
    ),
    "fees: none there": (trade(BARS, lists_fees=False), trade(BARS, bps=2), BARS, "fees", "fees"),
}


@pytest.mark.parametrize("name", FILLS)
def test_other_orders_fills_sizes_and_fees_are_named(name: str) -> None:
    pine, python, candles, cause, layer = FILLS[name]
    found = explain(pine, python, candles)
    check(found, "python_implementation", cause, layer)


@pytest.mark.parametrize(
    ("pine", "python", "layer"),
    [
        (ALL, trade(BARS, shorts=False), "signals"),
        (ALL, ALL.filter(pl.col("side").cast(pl.String) == "SHORT"), "signals"),
        (ALL, ALL[:0], "signals"),
        (split(ALL, 40, BARS, reason="target"), ALL, "orders"),
        (pl.concat([ALL, move(ALL[20:21], BAR)]), ALL, "orders"),
        (pl.concat([ALL, ALL[60:61]]), ALL, "orders"),
    ],
)
def test_a_kind_of_trade_that_is_never_made_here_is_named(pine, python, layer) -> None:
    check(explain(pine, python), "pine_only_function_gap", "unknown", layer)


EARLY = change(ALL, [1, 2], entry_ts=pl.col("entry_ts") - BAR * 2)


@pytest.mark.parametrize(
    ("pine", "python"), [(ALL, ALL[5:]), (ALL[4:], ALL), (ALL, EARLY), (ALL, drop(ALL, [1, 2, 4]))]
)
def test_what_differs_at_the_beginning_alone_is_a_warm_up(pine, python) -> None:
    check(explain(pine, python), "warmup_window", "unknown", "signals")


@pytest.mark.parametrize(
    ("name", "by", "layer"),
    [
        ("entry_price", 1e-7, "fills"),
        ("exit_price", -5e-7, "fills"),
        ("qty", 1e-8, "size"),
    ],
)
def test_what_differs_by_less_than_the_loose_tolerance_is_numeric(name, by, layer) -> None:
    found = explain(ALL, ALL.with_columns(pl.col(name) * (1 + by)))
    check(found, "numeric_tolerance", "unknown", layer)


@pytest.mark.parametrize(
    ("pine", "python", "cause", "layer"),
    [
        (move(ALL, 8 * HOUR), trade(BARS, units=3), "zone", "candles"),
        (move(ALL, 8 * HOUR), trade(BARS, clock="close"), "zone", "candles"),
        (move(ALL, 8 * HOUR), trade(BARS, late=3), "zone", "candles"),
        (move(ALL, 8 * HOUR), trade(BARS, slow=23), "zone", "candles"),
        (NEW_YORK, trade(BARS, bps=5), "zone", "candles"),
        (NEW_YORK, trade(BARS, slow=23), "zone", "candles"),
        (move(ALL, BAR), trade(BARS, ticks=1), "stamp", "candles"),
        (trade(scaled(1.1)), trade(BARS, clock="close"), "feed", "candles"),
        (trade(other_exchange(2e-3)), trade(BARS, units=2), "feed", "candles"),
        (ALL, trade(BARS, late=3, units=2), "offset", "signals"),
        (ALL, trade(BARS, late=3, clock="close"), "offset", "signals"),
        (ALL, drop(trade(BARS, units=2), [60, 80]), "unknown", "signals"),
        (ALL, drop(trade(BARS, ticks=1), [60, 80]), "unknown", "signals"),
        (
            ALL,
            drop(clock(BARS, "close"), list(range(3, COUNT, 7))),
            "unknown",
            "signals",
        ),
        (CALLED, trade(BARS, units=2), "margin_call", "orders"),
        (CALLED, clock(BARS, "close"), "margin_call", "orders"),
        (CALLED, trade(BARS, bps=3), "margin_call", "orders"),
        (CALLED, trade(BARS, ticks=2), "margin_call", "orders"),
        (LEVELS, trade(BARS, levels=(0.003, 0.003), units=2), "unknown", "orders"),
        (LEVELS, trade(BARS, BRACKETS, slow=24, clock="close"), "unknown", "signals"),
        (ALL, trade(BARS, clock="close", units=2), "fill_clock", "fills"),
        (ALL, trade(BARS, clock="close", bps=2), "fill_clock", "fills"),
        (ALL, trade(BARS, clock="close", ticks=1), "fill_clock", "fills"),
        (
            LEVELS,
            trade(BARS, BRACKETS, first="limit", units=2, bps=1),
            "intrabar",
            "fills",
        ),
        (ALL, trade(BARS, units=2, bps=3), "sizing", "size"),
        (
            ALL,
            trade(BARS, bps=3).with_columns(pl.col("exit_price") * (1 + 1e-7)),
            "fees",
            "fees",
        ),
    ],
)
def test_of_two_defects_the_one_of_the_earlier_layer_is_named(pine, python, cause, layer) -> None:
    found = explain(pine, python)
    class_name = "data_alignment" if layer == "candles" else "python_implementation"
    check(found, class_name, cause, layer)


def test_a_zone_is_told_from_a_fill_clock_beside_it_where_a_close_is_the_next_open() -> None:
    found = explain(move(EVEN, 8 * HOUR), clock(CLOSE_TO_OPEN, "close"), CLOSE_TO_OPEN)
    check(found, "data_alignment", "zone", "candles")
    assert found.shifts_ms == (-8 * 3_600_000,)


@pytest.mark.parametrize("bars", [1, 3])
def test_a_fill_clock_is_named_where_the_list_begins_while_the_strategy_trades(bars: int) -> None:
    listed = ALL[bars:]
    made = clock(BARS, "close").filter(pl.col("entry_ts") >= listed["entry_ts"].min())
    assert made.height < listed.height
    check(explain(listed, made), "python_implementation", "fill_clock", "fills")


@pytest.mark.parametrize("later", [True, False])
def test_another_fill_clock_says_which_side_fills_later(later: bool) -> None:  # noqa: FBT001
    lists = [clock(BARS, "close"), ALL]
    pine, python = lists if later else reversed(lists)
    found = explain(pine, python)
    assert found is not None
    assert found.later is later


@pytest.mark.parametrize(
    ("pine", "python", "words"),
    [
        (ALL, trade(BARS, units=2), "Each is 2 times that of Pine."),
        (
            trade(BARS, size="equity"),
            trade(BARS, units=100),
            "Pine trades for a share of the equity, which grows with it; here it is one quantity.",
        ),
        (ALL, trade(BARS, size="money"), "one quantity; here it is for one amount of money."),
        (
            trade(BARS, size="equity"),
            trade(BARS, size="equity", units=0.5),
            "Both trade for a share of the equity, which grows with it, and not the same.",
        ),
        (trade(BARS, bps=5), trade(BARS, bps=4), "Pine's fees come to "),
        (ALL, trade(BARS, ticks=2), "All fills are worse here"),
        (NEW_YORK, ALL, "4 hours later and 5 hours later than Pine's"),
    ],
)
def test_the_sentence_says_how(pine, python, words: str) -> None:
    found = explain(pine, python)
    assert found is not None
    assert words in found.sentence


def test_the_first_event_that_differs_is_told() -> None:
    called = CALLED.filter(pl.col("exit_reason") == "Margin call")
    for pine, python, at in (
        (ALL, drop(ALL, [60, 61]), ALL["entry_ts"][59]),
        (drop(ALL, [60, 61]), ALL, ALL["entry_ts"][59]),
        (ALL, change(ALL, [70, 90], qty=2.0), ALL["entry_ts"][69]),
        (ALL, trade(BARS, bps=1), ALL["exit_ts"][0]),
        (ALL, change(ALL, [70], exit_price=1.0), ALL["exit_ts"][69]),
        (CALLED, ALL, called["exit_ts"][0]),
        (move(ALL, HOUR), ALL, ALL["entry_ts"][0] + HOUR),
    ):
        found = explain(pine, python)
        assert found is not None
        assert found.at == int(at.timestamp()) * 10**9, found.sentence


@pytest.fixture(scope="module")
def market(real_data) -> pl.DataFrame:
    table = pl.read_csv(real_data / "tradingview" / "ohlcv_ETH-USDT-USDT_15m_warmup6m.csv")
    times = pl.from_epoch("timestamp", time_unit="ms").dt.replace_time_zone("UTC")
    return table.with_columns(ts_open=times).select(list(CANDLES)).cast(pl.Schema(CANDLES))


@pytest.mark.parametrize("probe", ["ta-sma-dual-cross-01", "bracket-exit-tp-sl-fixed-01"])
def test_clocks_of_lists_that_tradingview_made_are_named(real_data, market, probe) -> None:
    path = real_data / "tradingview" / "probes" / probe / "tv_trades.csv"
    listed = place(read_upload(path, filename=path.name), "Asia/Taipei").trades
    assert listed is not None
    assert explain(listed, listed, market) is None
    free = listed.with_columns(fees=pl.lit(0.0))  # profits there are of another currency
    assert explain(listed, free, market) is None
    for pine, cause, hours in (
        (move(listed, 8 * HOUR), "zone", (-8,)),
        (misread(listed, "America/New_York"), "zone", (4, 5)),
        (misread(listed, "Europe/London"), "zone", (0, -1)),
        (move(listed, BAR), "stamp", (-0.25,)),
        (move(listed, 3 * BAR), "offset", (-0.75,)),
    ):
        found = explain(pine, listed, market)
        check(found, "data_alignment", cause, "candles")
        assert found.shifts_ms == tuple(int(one * 3_600_000) for one in hours)
