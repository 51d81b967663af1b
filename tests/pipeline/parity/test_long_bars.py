"""Lists of days that are some bars apart: nights and weekends are between them."""

import datetime as dt

import polars as pl
import pytest

from hewston.pipeline import calendar as exchange_calendar
from hewston.pipeline.parity.trades import explain_trades
from hewston.pipeline.schemas import CANDLES, LISTED_TRADES
from tests.parity.daily import play, walk

DAY_MS = 24 * 3_600_000
SESSIONS = exchange_calendar.schedule("XNYS", dt.date(2024, 1, 2), dt.date(2025, 3, 31))
BARS = walk(SESSIONS.height)


def candles() -> pl.DataFrame:
    columns = dict(zip(("open", "high", "low", "close"), zip(*BARS, strict=True), strict=True))
    return pl.DataFrame({"ts_open": SESSIONS["open"], **columns, "volume": 1.0}, schema=CANDLES)


def trades(moved: int = 0, *, own_prices: bool = False) -> pl.DataFrame:
    """List what averages trade, so many bars later; at prices of then, or at those of its bars."""

    def at(bar: int) -> int:
        return min(max(bar + moved, 0), len(BARS) - 1)

    rows = [
        {
            "trade_id": number,
            "side": "LONG" if side > 0 else "SHORT",
            "entry_ts": SESSIONS["open"][at(entry)],
            "entry_price": BARS[at(entry) if own_prices else entry][0],
            "exit_ts": SESSIONS["open"][at(exit_)],
            "exit_price": BARS[at(exit_) if own_prices else exit_][0],
            "qty": 1.0,
        }
        for number, (side, entry, exit_) in enumerate(play(BARS), start=1)
        if exit_ is not None
    ]
    return pl.DataFrame(rows, schema=LISTED_TRADES)


@pytest.mark.parametrize(
    ("moved", "cause", "words"),
    [
        (1, "stamp", "one bar earlier than Pine's"),
        (-1, "stamp", "one bar later than Pine's"),
        (3, "offset", "3 bars earlier than Pine's"),
    ],
)
def test_dates_that_are_moved_by_bars_are_named(moved, cause, words):
    found = explain_trades(trades(moved), trades(), candles=candles(), interval_ms=DAY_MS)
    assert found is not None
    assert (found.class_name, found.cause, found.layer) == ("data_alignment", cause, "candles")
    assert words in found.sentence


def test_orders_that_come_a_bar_late_at_prices_of_their_own_bars_are_none_of_that():
    late = trades(1, own_prices=True)
    found = explain_trades(late, trades(), candles=candles(), interval_ms=DAY_MS)
    assert found is not None
    assert found.class_name == "python_implementation"


def test_the_same_days_are_the_same():
    assert explain_trades(trades(), trades(), candles=candles(), interval_ms=DAY_MS) is None
