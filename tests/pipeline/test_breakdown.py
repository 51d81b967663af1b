"""Where a result comes from: by exchange date, by drawdown, by kind of trade."""

import datetime as dt
import math
import statistics

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hewston.pipeline import breakdown, schemas
from hewston.pipeline.breakdown import TradeSelection
from hewston.pipeline.calendar import exchange_date, schedule
from hewston.pipeline.metrics import compute_metrics

NEW_YORK = "America/New_York"
RULE = {"calendar": "XNYS", "tz": NEW_YORK}
DAY = dt.timedelta(days=1)
FIRST = dt.datetime(2023, 1, 3, 20, 59, tzinfo=dt.UTC)


def equity_of(levels, *, times=None, closes=None, positions=None, start=100.0):
    """A bar for each level of equity, a day apart unless ``times`` says when."""
    peak = np.maximum(np.maximum.accumulate(levels), start)
    held = np.array(positions or [0.0] * len(levels))
    close = np.array(closes or [10.0] * len(levels))
    return pl.DataFrame(
        {
            "ts_open": times or [FIRST + number * DAY for number in range(len(levels))],
            "cash": levels - held * close,
            "position": held,
            "close": close,
            "equity": levels,
            "drawdown": (peak - levels) / peak,
            "exposure": np.abs(held) * close / levels,
        },
        schema_overrides=schemas.EQUITY,
    ).match_to_schema(pl.Schema(schemas.EQUITY))


def test_a_date_has_the_equity_of_its_last_bar_and_the_return_over_the_date_before():
    times = [FIRST, FIRST + dt.timedelta(hours=1), FIRST + DAY, FIRST + 3 * DAY]
    equity = equity_of([110.0, 120.0, 90.0, 99.0], times=times, closes=[10.0, 12.0, 5.0, 20.0])
    days = breakdown.summarise_days(equity, starting_cash=100.0, **RULE)
    assert dict(days.schema) == {
        name: kind() if isinstance(kind, type) else kind for name, kind in breakdown.DAYS.items()
    }
    assert days["date"].to_list() == [dt.date(2023, 1, 3), dt.date(2023, 1, 4), dt.date(2023, 1, 6)]
    assert days["equity"].to_list() == [120.0, 90.0, 99.0]
    assert days["return"].to_list() == pytest.approx([0.2, -0.25, 0.1])
    assert days["benchmark"].to_list() == pytest.approx([120.0, 50.0, 200.0])
    assert days["drawdown"].to_list() == pytest.approx([0.0, 0.25, 0.175])


def test_exposure_of_a_date_is_the_mean_of_its_bars_by_side():
    minute = dt.timedelta(minutes=1)
    times = [FIRST - 3 * minute, FIRST - 2 * minute, FIRST - minute, FIRST]
    equity = equity_of([100.0] * 4, times=times, positions=[0.0, 4.0, 8.0, -5.0])
    [day] = breakdown.summarise_days(equity, starting_cash=100.0, **RULE).to_dicts()
    assert (day["long"], day["short"]) == pytest.approx(((0.4 + 0.8) / 4, 0.5 / 4))


def test_a_date_after_ruin_has_no_return_and_no_exposure():
    equity = equity_of([-5.0, 10.0], positions=[1.0, 0.0]).with_columns(
        exposure=pl.Series([None, 0.0])
    )
    days = breakdown.summarise_days(equity, starting_cash=100.0, **RULE)
    assert days["return"].to_list() == [pytest.approx(-1.05), None]
    assert days["long"].to_list() == [None, 0.0]


def test_an_instrument_that_began_below_zero_cannot_be_held():
    equity = equity_of([100.0, 101.0], closes=[-1.0, 2.0])
    days = breakdown.summarise_days(equity, starting_cash=100.0, **RULE)
    assert days["benchmark"].to_list() == [None, None]


@given(
    st.lists(st.integers(0, 60 * 24 * 9), min_size=1, max_size=60, unique=True),
    st.sampled_from(
        [("XNYS", NEW_YORK), ("FX", NEW_YORK), ("XBOM", "Asia/Kolkata"), ("24/7", "UTC")]
    ),
)
def test_dates_are_those_of_the_calendar_whatever_the_minute(minutes, rule):
    code, tz = rule
    times = [
        dt.datetime(2023, 3, 9, tzinfo=dt.UTC) + dt.timedelta(minutes=m) for m in sorted(minutes)
    ]
    equity = equity_of(np.arange(100.0, 100.0 + len(times)), times=times)
    days = breakdown.summarise_days(equity, starting_cash=100.0, calendar=code, tz=tz)
    own = exchange_date(equity["ts_open"], code, tz)
    expected = equity.group_by(own.alias("date"), maintain_order=True).agg(pl.col("equity").last())
    assert days.select("date", "equity").equals(expected)


def test_the_deepest_drawdowns_come_first_each_with_its_start_trough_and_recovery():
    levels = [100.0, 110.0, 99.0, 105.0, 110.0, 120.0, 60.0, 90.0]
    deepest, second = breakdown.find_drawdowns(equity_of(levels))
    assert (deepest.start_bar, deepest.trough_bar, deepest.recovery_bar) == (5, 6, None)
    assert (deepest.depth, deepest.bars, deepest.days, deepest.recovery) == (0.5, 2, 2.0, None)
    assert (second.start, second.trough, second.recovery) == tuple(
        FIRST + n * DAY for n in (1, 2, 4)
    )
    assert second.depth == pytest.approx(0.1)
    assert second.bars == 3


def test_a_run_that_never_had_its_cash_again_is_under_water_from_its_first_bar():
    [only] = breakdown.find_drawdowns(equity_of([90.0, 95.0]))
    assert (only.start_bar, only.trough_bar, only.recovery_bar, only.bars) == (0, 0, None, 1)
    assert breakdown.find_drawdowns(equity_of([100.0, 101.0])) == []


def test_no_more_drawdowns_than_asked_for_and_the_earlier_of_equals_first():
    levels = [100.0, 50.0, 100.0, 50.0, 100.0, 40.0, 100.0]
    found = breakdown.find_drawdowns(equity_of(levels), most=2)
    assert [one.trough_bar for one in found] == [5, 1]


def metrics_of(equity, *, calendar="XNYS", tz=NEW_YORK):
    return compute_metrics(
        equity=equity,
        trades=pl.DataFrame(schema=schemas.TRADES_RT),
        fills=pl.DataFrame(schema=schemas.FILLS),
        orders=pl.DataFrame(schema=schemas.ORDERS),
        starting_cash=100.0,
        multiplier=1.0,
        calendar=calendar,
        tz=tz,
    )


@given(st.lists(st.floats(1.0, 1000.0), min_size=1, max_size=40))
def test_the_deepest_drawdown_is_that_of_the_metrics(levels):
    equity = equity_of(levels)
    report = metrics_of(equity)
    found = breakdown.find_drawdowns(equity)
    assert max((one.depth for one in found), default=0.0) == report.values["max_drawdown"]
    said = [report.drawdown[name] for name in ("start", "trough", "recovery")]
    own = [getattr(one, name) for one in found[:1] for name in ("start", "trough", "recovery")]
    assert [when and when.isoformat().replace("+00:00", "Z") for when in own or [None] * 3] == said


def test_a_window_rolls_as_the_metrics_are_computed():
    chance = np.random.default_rng(3)
    levels = list(100.0 * np.cumprod(1 + chance.normal(0.001, 0.01, 70)))
    days = breakdown.summarise_days(equity_of(levels), starting_cash=100.0, **RULE)
    rolled = breakdown.roll(days["return"], calendar="XNYS", window=63)
    assert rolled["sharpe"].null_count() == rolled["volatility"].null_count() == 62
    window = days["return"][-63:].to_list()
    deviation = statistics.stdev(window)
    assert rolled["volatility"][-1] == pytest.approx(deviation * math.sqrt(252))
    assert rolled["sharpe"][-1] == pytest.approx(
        statistics.mean(window) / deviation * math.sqrt(252)
    )
    for code, tz in (("XNYS", NEW_YORK), ("24/7", "UTC")):
        whole = metrics_of(equity_of(levels), calendar=code, tz=tz).values
        last = breakdown.roll(days["return"], calendar=code, window=70)
        assert last["sharpe"][-1] == pytest.approx(whole["sharpe"])
        assert last["volatility"][-1] == pytest.approx(whole["volatility"])


def test_a_window_without_variation_or_with_an_absent_return_has_no_sharpe():
    flat = breakdown.roll(pl.Series([0.0, 0.0, 0.0]), calendar="XNYS", window=2)
    assert flat.to_dict(as_series=False) == {"sharpe": [None] * 3, "volatility": [None, 0.0, 0.0]}
    holed = breakdown.roll(pl.Series([0.1, None, 0.2, 0.1]), calendar="XNYS", window=2)
    assert [value is None for value in holed["sharpe"]] == [True, True, True, False]
    assert breakdown.roll(pl.Series([0.1]), calendar="XNYS", window=2)["sharpe"].to_list() == [None]


@given(st.lists(st.floats(1.0, 1000.0), min_size=1, max_size=300), st.sampled_from([12, 30, 1000]))
def test_a_thinned_curve_holds_true_bars_and_every_extreme(levels, most):
    closes = [10.0 + level % 7 for level in levels]
    equity = equity_of(levels, closes=closes)
    curve = breakdown.thin_curve(equity, starting_cash=100.0, most=most, also=[len(levels) // 2])
    kept = equity[curve["bar"]]
    assert kept.select("ts_open", "equity", "drawdown").equals(
        curve.select("ts_open", "equity", "drawdown")
    )
    assert curve["bar"].is_sorted()
    assert curve["bar"].n_unique() == curve.height
    assert {0, len(levels) // 2, len(levels) - 1} <= set(curve["bar"])
    for name in ("equity", "drawdown", "close"):
        assert (kept[name].min(), kept[name].max()) == (equity[name].min(), equity[name].max())
    assert curve.height <= max(most + 8, 0)


def trade(number, *, day=0, hour=15, net=1.0, side="LONG", reasons=("in", "out"), is_open=False):
    """A row of PLACED_TRADES whose entry is at a UTC hour of a day from Tuesday 3 January on."""
    opened = dt.datetime(2023, 1, 3, hour, 30, tzinfo=dt.UTC) + day * DAY
    row = dict.fromkeys(schemas.TRADES_RT) | {
        "trade_id": number,
        "side": side,
        "entry_bar": number,
        "entry_ts": opened,
        "exit_bar": None if is_open else number + 1,
        "exit_ts": None if is_open else opened + DAY,
        "net_pnl": net,
        "entry_reason": reasons[0],
        "exit_reason": None if is_open else reasons[1],
    }
    return row, opened


def placed(*trades):
    rows = [row for row, _ in trades]
    frame = pl.DataFrame(rows, schema=schemas.TRADES_RT)
    starts = pl.Series([opened for _, opened in trades] + [FIRST + 30 * DAY], dtype=schemas.UTC_NS)
    numbered = frame.with_columns(
        entry_bar=pl.Series(range(len(rows)), dtype=pl.UInt32),
        exit_bar=pl.Series(
            [None if row["exit_ts"] is None else len(rows) for row in rows], dtype=pl.UInt32
        ),
    )
    days = schedule("XNYS", dt.date(2023, 1, 3), dt.date(2023, 2, 10))
    return numbered.hstack(breakdown.place_trades(numbered, starts, days, **RULE))


def test_a_trade_is_placed_by_the_bar_of_its_entry_on_the_clock_of_the_exchange():
    first, second, third = placed(
        trade(1, hour=15), trade(2, day=3, hour=12), trade(3, day=6, hour=23, is_open=True)
    ).to_dicts()
    assert (first["session"], first["weekday"], first["hour"]) == ("regular", 2, 10)
    assert (second["session"], second["weekday"], second["hour"]) == ("pre", 5, 7)
    assert (third["session"], third["date"], third["exit_open"]) == (
        "post",
        dt.date(2023, 1, 9),
        None,
    )


def chosen(trades, **asked):
    return TradeSelection(**asked).apply(trades)["trade_id"].to_list()


def test_trades_are_chosen_by_all_that_is_asked():
    trades = placed(
        trade(1, net=5.0),
        trade(2, day=1, net=-5.0, side="SHORT", reasons=("in", "stop")),
        trade(3, day=2, hour=12, net=0.0, reasons=(None, None)),
        trade(4, day=3, net=9.0, is_open=True),
    )
    assert chosen(trades) == [1, 2, 3, 4]
    assert chosen(trades, side="SHORT") == [2]
    assert [chosen(trades, result=name) for name in breakdown.RESULTS] == [[1], [2], [3]]
    assert [chosen(trades, state=name) for name in breakdown.STATES] == [[1, 2, 3], [4]]
    assert [chosen(trades, reason=name) for name in ("in", "stop", "")] == [[1, 2, 4], [2], [3]]
    assert chosen(trades, session="pre") == [3]
    assert chosen(trades, first=dt.date(2023, 1, 4), last=dt.date(2023, 1, 5)) == [2, 3]
    assert chosen(trades, weekday=2) == [1]
    assert chosen(trades, hour=10, state="closed") == [1, 2]


def test_a_group_has_its_closed_trades_and_no_averages_of_too_few():
    many = [trade(n, net=3.0 if n % 3 else -1.5) for n in range(1, 13)]
    trades = placed(*many, trade(13, net=-2.0, side="SHORT"), trade(14, net=7.0, is_open=True))
    longs, shorts = breakdown.group_trades(trades, "side")
    assert (longs.key, longs.label, longs.trades, longs.net_pnl) == ("LONG", "Long", 12, 18.0)
    assert (longs.average, longs.hit_rate, longs.profit_factor) == (1.5, 8 / 12, 4.0)
    assert longs.absent == ""
    assert (shorts.trades, shorts.net_pnl) == (1, -2.0)
    assert (shorts.average, shorts.hit_rate, shorts.profit_factor) == (None, None, None)
    assert shorts.absent == "too few: needs 10 closed trades, has 1"


def test_a_group_that_lost_nothing_has_no_profit_factor_and_says_so():
    [group] = breakdown.group_trades(placed(*[trade(n) for n in range(1, 11)]), "exit_reason")
    assert (group.profit_factor, group.absent) == (None, "no losing trade")
    assert (group.average, group.hit_rate) == (1.0, 1.0)


def test_groups_have_their_own_order():
    trades = placed(
        trade(1, day=3, hour=18, reasons=("b", None)),
        trade(2, day=0, hour=22, side="SHORT", reasons=("a", None)),
        trade(3, day=1, hour=12, reasons=("b", "x")),
    )
    labels = {
        by: [one.label for one in breakdown.group_trades(trades, by)] for by in breakdown.GROUPS
    }
    assert labels == {
        "exit_reason": ["none given", "x"],
        "entry_reason": ["b", "a"],
        "side": ["Long", "Short"],
        "session": ["Pre", "Regular", "Post"],
        "weekday": ["Tuesday", "Wednesday", "Friday"],
        "hour": ["07:00 to 07:59", "13:00 to 13:59", "17:00 to 17:59"],
    }
    assert breakdown.group_trades(trades.clear(), "side") == []
