"""Which bars a run sees, when they close, and at what bid and ask its orders fill."""

import datetime as dt

import pytest

from hewston.pipeline import market
from hewston.pipeline.errors import InputError
from hewston.pipeline.spec import SlippageFees, SpreadFallback
from tests.pipeline.frames import START, make_bars, make_spec

SPREAD = SlippageFees(k_spread=0.5, fees_bps=0)


def test_a_run_trades_between_its_dates_and_warms_up_on_earlier_bars() -> None:
    bars = make_bars([100.0] * 4, [101.0] * 4, minutes=[0, 1, 1440, 2880])
    spec = make_spec(from_date=dt.date(2023, 1, 4), to_date=dt.date(2023, 1, 4))
    window = market.select_window(bars, spec)
    assert (window.first, window.last, len(window.frame)) == (2, 2, 3)
    assert window.bars["ts_open"].to_list() == [START + dt.timedelta(days=1)]


def test_dates_are_those_of_the_exchange() -> None:
    late = 14 * 60  # 23:30 in New York, already the next day in UTC
    bars = make_bars([100.0] * 2, [101.0] * 2, minutes=[0, late], sessions="closed")
    spec = make_spec(to_date=dt.date(2023, 1, 3), session="all")
    assert len(market.select_window(bars, spec).bars) == 2


@pytest.mark.parametrize(("session", "count"), [("regular", 1), ("extended", 3), ("all", 4)])
def test_a_session_chooses_its_bars(session: str, count: int) -> None:
    bars = make_bars([1.0] * 4, [1.0] * 4, sessions=["pre", "regular", "post", "closed"])
    assert len(market.select_window(bars, make_spec(session=session)).bars) == count


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"from_date": dt.date(2023, 1, 6)}, "from", "from 2023-01-03 to 2023-01-05"),
        ({"to_date": dt.date(2022, 1, 1)}, "to", "from 2023-01-03 to 2023-01-05"),
        (
            {"from_date": dt.date(2022, 1, 1), "to_date": dt.date(2022, 1, 2)},
            "to",
            "from 2023-01-03 to 2023-01-05",
        ),
        ({"session": "regular"}, "session", "no bars in the session regular"),
    ],
)
def test_a_window_without_bars_is_refused(
    changes: dict[str, object], field: str, sentence: str
) -> None:
    sessions = "pre" if "session" in changes else "regular"
    bars = make_bars([1.0] * 3, [1.0] * 3, minutes=[0, 1440, 2880], sessions=sessions)
    with pytest.raises(InputError, match=sentence) as refusal:
        market.select_window(bars, make_spec(**changes))
    assert refusal.value.details["field"] == field


def test_dates_without_bars_at_the_edges_of_a_year_are_no_error() -> None:
    bars = make_bars([1.0] * 2, [1.0] * 2, minutes=[0, 1440])
    spec = make_spec(from_date=dt.date(2023, 1, 1), to_date=dt.date(2023, 12, 31))
    assert len(market.select_window(bars, spec).bars) == 2


def test_a_day_between_two_sessions_is_refused_as_empty() -> None:
    bars = make_bars([1.0] * 2, [1.0] * 2, minutes=[0, 2880])
    day = dt.date(2023, 1, 4)
    with pytest.raises(InputError, match="no bars from 2023-01-04 to 2023-01-04"):
        market.select_window(bars, make_spec(from_date=day, to_date=day))


def test_a_bar_closes_at_its_interval_or_where_the_next_one_starts() -> None:
    bars = make_bars([1.0] * 3, [1.0] * 3, minutes=[0, 30, 600])
    closes = market.close_times(bars, make_spec(interval="1h"))
    assert [(close - START).total_seconds() / 60 for close in closes] == [30, 90, 660]


def test_a_bar_without_a_spread_takes_the_last_one_of_its_session() -> None:
    bars = make_bars(
        [100.0] * 5,
        [100.0] * 5,
        spreads=[0.10, 0.02, None, None, 0.04],
        sessions=["pre", "regular", "pre", "regular", "regular"],
    )
    lines: list[str] = []
    quotes = market.price_quotes(bars, make_spec(slippage_fees=SPREAD), lines.append)
    assert quotes["ask"].to_list() == [100.05, 100.01, 100.05, 100.01, 100.02]
    assert quotes["bid"].to_list() == [99.95, 99.99, 99.95, 99.99, 99.98]
    assert lines == ["2 of 5 bars have no quote; 2 use the last known spread of their session."]


def test_bars_before_a_sessions_first_spread_use_it_and_the_log_says_so() -> None:
    bars = make_bars(
        [100.0] * 3,
        [100.0] * 3,
        spreads=[None, 0.04, None],
        sessions=["regular", "regular", "post"],
    )
    lines: list[str] = []
    quotes = market.price_quotes(bars, make_spec(slippage_fees=SPREAD), lines.append)
    assert quotes["ask"].to_list() == [100.02, 100.02, 100.02]
    assert "2 come before it" in lines[0]


def test_a_cost_is_never_rounded_away() -> None:
    bars = make_bars([100.01], [100.01], spreads=0.0001)
    quotes = market.price_quotes(bars, make_spec(slippage_fees=SPREAD), print)
    assert quotes.row(0) == (100.01, 100.00995, 100.01005)


def test_slippage_in_ticks_is_added_to_the_spread() -> None:
    bars = make_bars([100.0], [100.0], spreads=0.02)
    costs = SlippageFees(k_spread=0.5, slippage_ticks=2, fees_bps=0)
    quotes = market.price_quotes(bars, make_spec(slippage_fees=costs), print)
    assert quotes.row(0) == (100.0, 99.97, 100.03)


def test_data_without_quotes_needs_a_fallback_when_a_spread_is_wanted() -> None:
    bars = make_bars([100.0], [100.0])
    with pytest.raises(InputError, match="k_spread > 0 needs spread_fallback") as refusal:
        market.price_quotes(bars, make_spec(slippage_fees=SPREAD), print)
    assert refusal.value.details["field"] == "spread_fallback"


@pytest.mark.parametrize(
    ("fallback", "ask"),
    [(SpreadFallback(ticks=3), 200.015), (SpreadFallback(bps=2), 200.02)],
)
def test_a_fallback_is_the_full_spread(fallback: SpreadFallback, ask: float) -> None:
    costs = SlippageFees(k_spread=0.5, fees_bps=0, spread_fallback=fallback)
    quotes = market.price_quotes(make_bars([200.0], [200.0]), make_spec(slippage_fees=costs), print)
    assert quotes["ask"].to_list() == [ask]


def test_without_a_spread_to_pay_no_quotes_are_needed() -> None:
    quotes = market.price_quotes(make_bars([5.0], [6.0]), make_spec(), print)
    assert quotes.row(0) == (5.0, 5.0, 5.0)
