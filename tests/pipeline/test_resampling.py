"""Longer bars from one-minute bars: session edges, unknown values, conserved sums."""

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline import calendar
from hewston.pipeline.errors import InputError
from hewston.pipeline.intervals import CHART_INTERVALS, is_daily
from hewston.pipeline.resampling import resample
from hewston.pipeline.schemas import BARS

FIRST, LAST = dt.date(2023, 11, 20), dt.date(2023, 11, 30)
NEW_YORK = calendar.schedule("XNYS", FIRST, LAST)
ALWAYS = calendar.schedule("24/7", FIRST, LAST)


def bars_at(
    *times: str, schedule: pl.DataFrame = NEW_YORK, **columns: Sequence[float | None]
) -> pl.DataFrame:
    """Make one-minute bars at UTC times, every one 10 10 10 10 with volume 1 unless given."""
    given_columns = {"open": 10.0, "high": 10.0, "low": 10.0, "close": 10.0, "volume": 1.0}
    stamps = [dt.datetime.fromisoformat(t).replace(tzinfo=dt.UTC) for t in times]
    frame = pl.DataFrame({"ts_open": stamps}, schema={"ts_open": BARS["ts_open"]}).with_columns(
        **{name: pl.lit(value) for name, value in given_columns.items()},
        **{
            name: pl.lit(None, kind)
            for name, kind in BARS.items()
            if name not in {"ts_open", *given_columns}
        },
    )
    return frame.with_columns(
        session=calendar.label(frame["ts_open"], schedule),
        **{name: pl.Series(values, dtype=BARS[name]) for name, values in columns.items()},
    ).select(list(BARS))


def dates_of(bars: pl.DataFrame, name: str) -> pl.Series:
    return calendar.exchange_date(bars["ts_open"], name)


def opens(bars: pl.DataFrame) -> list[str]:
    return [f"{ts:%d %H:%M} {session}" for ts, session in bars["ts_open", "session"].rows()]


def test_prices_volumes_and_counts_are_merged() -> None:
    bars = bars_at(
        *("2023-11-20 14:30", "2023-11-20 14:32", "2023-11-20 14:34", "2023-11-20 14:35"),
        open=[10, 11, 12, 13],
        high=[15, 14, 13, 20],
        low=[9, 8, 10, 1],
        close=[11, 12, 13, 14],
        volume=[100, 300, 600, 7],
        vwap=[10, 12, 11, 13],
        trade_count=[1, 3, 4, 2],
        buy_volume=[60, 100, 0, 7],
        sell_volume=[40, 200, 100, 0],
    )
    first, second = resample(bars, "5m", schedule=NEW_YORK, calendar="XNYS").to_dicts()
    known = {name: value for name, value in first.items() if value is not None}
    assert known == {
        "ts_open": dt.datetime(2023, 11, 20, 14, 30, tzinfo=dt.UTC),
        "open": 10.0,
        "high": 15.0,
        "low": 8.0,
        "close": 13.0,
        "volume": 1000.0,
        "trade_count": 8,
        "vwap": 11.2,
        "buy_volume": 160.0,
        "sell_volume": 340.0,
        "session": "regular",
    }
    assert second["ts_open"] == dt.datetime(2023, 11, 20, 14, 35, tzinfo=dt.UTC)
    assert second["vwap"] == 13.0


def test_quotes_are_weighed_by_trades_and_open_and_close_are_the_known_ones() -> None:
    bars = bars_at(
        *("2023-11-20 14:30", "2023-11-20 14:31", "2023-11-20 14:32", "2023-11-20 14:33"),
        trade_count=[5, 1, 3, 2],
        bid_mean=[None, 10, 14, None],
        ask_mean=[None, 11, 16, None],
        spread_mean=[None, 1, 2, None],
        bid_open=[None, 9, 13, None],
        ask_open=[None, 10, 14, None],
        bid_close=[None, 11, 15, None],
        ask_close=[None, 12, 16, None],
    )
    (bar,) = resample(bars, "5m", schedule=NEW_YORK, calendar="XNYS").to_dicts()
    assert [bar["bid_mean"], bar["ask_mean"], bar["spread_mean"]] == [13.0, 14.75, 1.75]
    assert [bar["bid_open"], bar["ask_open"], bar["bid_close"], bar["ask_close"]] == [9, 10, 15, 16]


def test_a_bar_is_the_same_to_the_bit_alone_and_among_others() -> None:
    times = ("2023-11-20 14:30", "2023-11-20 14:31", "2023-11-20 14:35")
    bars = bars_at(*times, volume=[100, 39, 5], vwap=[10.1, 10.3, 10], trade_count=[1, 2, 1])
    bars = bars.with_columns(bid_mean=9.87, ask_mean=9.88, spread_mean=0.01)
    alone = resample(bars[:2], "5m", schedule=NEW_YORK, calendar="XNYS")
    assert alone.equals(resample(bars, "5m", schedule=NEW_YORK, calendar="XNYS")[:1])
    assert alone["vwap"][0] == (10.1 * 100 + 10.3 * 39) / 139


def test_what_is_unknown_in_a_part_is_unknown_in_the_whole() -> None:
    bars = bars_at(
        *("2023-11-20 14:30", "2023-11-20 14:31", "2023-11-20 14:35", "2023-11-20 14:36"),
        trade_count=[5, None, 3, 2],
        vwap=[10, None, 10, 12],
        buy_volume=[1, None, 1, 0],
        sell_volume=[0, None, 0, 1],
        bid_mean=[9, 9, 9, 9],
        ask_mean=[11, 11, 11, 11],
        spread_mean=[2, 2, 2, 2],
    )
    unknown, known = resample(bars, "5m", schedule=NEW_YORK, calendar="XNYS").to_dicts()
    for name in ("trade_count", "vwap", "buy_volume", "sell_volume", "bid_mean", "spread_mean"):
        assert unknown[name] is None, name
    assert known["trade_count"] == 5
    assert known["vwap"] == 11.0
    assert (known["buy_volume"], known["sell_volume"]) == (1.0, 1.0)


def test_a_minute_without_volume_hides_no_vwap() -> None:
    bars = bars_at(
        *("2023-11-20 14:30", "2023-11-20 14:31", "2023-11-20 14:35"),
        volume=[0, 4, 0],
        vwap=[None, 10, None],
        buy_volume=[None, 4, None],
    )
    traded, silent = resample(bars, "5m", schedule=NEW_YORK, calendar="XNYS").to_dicts()
    assert (traded["vwap"], traded["buy_volume"]) == (10.0, 4.0)
    assert (silent["vwap"], silent["volume"]) == (None, 0.0)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (
            "1h",
            [
                *("20 14:00 pre", "20 14:30 regular", "20 20:30 regular", "20 21:00 post"),
                *("21 01:00 closed", "21 09:00 pre"),
            ],
        ),
        (
            "4h",
            [
                *("20 13:00 pre", "20 14:30 regular", "20 18:30 regular", "20 21:00 post"),
                *("21 01:00 closed", "21 09:00 pre"),
            ],
        ),
        (
            "1d",
            [
                # The first bar of the 20th is before the open; that of the 21st in closed time, as
                # are those after midnight in New York.
                *("20 09:00 regular", "21 05:00 regular"),
            ],
        ),
    ],
)
def test_intervals_below_a_day_start_with_their_session_and_never_mix_two(
    interval: str, expected: list[str]
) -> None:
    bars = bars_at(
        *("2023-11-20 14:29", "2023-11-20 14:30", "2023-11-20 15:29", "2023-11-20 20:59"),
        *("2023-11-20 21:00", "2023-11-20 21:59", "2023-11-21 01:00", "2023-11-21 04:59"),
        *("2023-11-21 05:00", "2023-11-21 08:59", "2023-11-21 09:00"),
    )
    if interval == "1h":  # the closed hours apart
        bars = bars.remove(pl.col("ts_open").dt.hour().is_in([4, 5, 8]))
    if interval == "4h":
        bars = bars.remove(pl.col("ts_open").dt.hour().is_in([5, 8]))
    assert opens(resample(bars, interval, schedule=NEW_YORK, calendar="XNYS")) == expected


def test_a_half_day_ends_its_last_interval_early() -> None:
    bars = bars_at("2023-11-24 17:59", "2023-11-24 18:00", "2023-11-24 21:59", "2023-11-24 22:00")
    assert opens(resample(bars, "4h", schedule=NEW_YORK, calendar="XNYS")) == [
        *("24 14:30 regular", "24 18:00 post", "24 22:00 closed")
    ]


def test_closed_bars_before_the_first_session_count_from_midnight() -> None:
    bars = bars_at("2023-11-20 04:59", "2023-11-20 05:07", "2023-11-20 08:59", "2023-11-20 09:00")
    assert opens(resample(bars, "4h", schedule=NEW_YORK, calendar="XNYS")) == [
        *("20 01:00 closed", "20 05:00 closed", "20 09:00 pre")
    ]
    assert opens(resample(bars, "1d", schedule=NEW_YORK, calendar="XNYS")) == [
        *("19 05:00 regular", "20 05:00 regular")
    ]


def test_a_round_the_clock_day_is_a_utc_day() -> None:
    times = ("2023-11-20 00:00", "2023-11-20 23:59", "2023-11-21 00:00", "2023-11-21 05:03")
    bars = bars_at(*times, schedule=ALWAYS)
    assert opens(resample(bars, "1d", schedule=ALWAYS, calendar="24/7")) == [
        "20 00:00 regular",
        "21 00:00 regular",
    ]
    assert opens(resample(bars, "4h", schedule=ALWAYS, calendar="24/7")) == [
        *("20 00:00 regular", "20 20:00 regular", "21 00:00 regular", "21 04:00 regular")
    ]


def test_one_minute_is_unchanged_and_no_bars_stay_no_bars() -> None:
    bars = bars_at("2023-11-20 14:30", "2023-11-20 14:31")
    assert resample(bars, "1m", schedule=NEW_YORK, calendar="XNYS").equals(bars)
    assert resample(bars.clear(), "1h", schedule=NEW_YORK, calendar="XNYS").equals(bars.clear())


def test_an_unknown_interval_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'7m'.*1m, 2m, 3m, 5m"):
        resample(bars_at("2023-11-20 14:30"), "7m", schedule=NEW_YORK, calendar="XNYS")


def test_a_calendar_that_does_not_reach_the_bars_is_refused() -> None:
    with pytest.raises(InputError, match=r"2023-11-20 14:30.*marked regular"):
        resample(bars_at("2023-11-20 14:30"), "5m", schedule=NEW_YORK[2:], calendar="XNYS")


@st.composite
def any_bars(draw: st.DrawFn) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Some minutes of several days in one of the calendars, with prices in cents."""
    name = draw(st.sampled_from(["XNYS", "24/7", "FX", "CME", "XTKS"]))
    schedule = calendar.schedule(name, FIRST, LAST)
    minutes = sorted(draw(st.sets(st.integers(0, 9 * 24 * 60), min_size=1, max_size=60)))
    start = dt.datetime(2023, 11, 20)  # noqa: DTZ001  # bars_at reads it as UTC
    rows = []
    for _ in minutes:
        low = draw(st.integers(1, 20_000))
        high = low + draw(st.integers(0, 500))
        rows.append((draw(st.integers(low, high)), high, low, draw(st.integers(low, high))))
    prices = {
        name: [row[column] / 100 for row in rows]
        for column, name in enumerate(("open", "high", "low", "close"))
    }
    volumes = draw(st.lists(st.integers(0, 10**9), min_size=len(minutes), max_size=len(minutes)))
    times = [str(start + dt.timedelta(minutes=minute)) for minute in minutes]
    vwap = [low + (high - low) / 3 for low, high in zip(prices["low"], prices["high"], strict=True)]
    bars = bars_at(*times, schedule=schedule, **prices, volume=volumes, vwap=vwap)
    return bars, {"schedule": schedule, "calendar": name}


@settings(deadline=None)
@given(any_bars(), st.sampled_from(list(CHART_INTERVALS)))
def test_volume_is_conserved_and_prices_stay_between_low_and_high(
    made: tuple[pl.DataFrame, dict[str, Any]], interval: str
) -> None:
    bars, known = made
    merged = resample(bars, interval, **known)
    assert merged.schema == pl.Schema(BARS)
    assert merged["ts_open"].is_sorted()
    assert merged["ts_open"].is_unique().all()
    assert merged["volume"].sum() == bars["volume"].sum()
    assert merged["high"].max() == bars["high"].max()
    assert merged["low"].min() == bars["low"].min()
    within = (pl.col("low") <= pl.col("open")) & (pl.col("open") <= pl.col("high"))
    within &= (pl.col("low") <= pl.col("close")) & (pl.col("close") <= pl.col("high"))
    assert merged.select(within.all()).item()
    if is_daily(interval):
        assert (merged["session"] == "regular").all()
        if interval == "1d":
            assert merged["volume"].len() == dates_of(bars, known["calendar"]).n_unique()
        assert dates_of(merged, known["calendar"]).is_unique().all()
    else:
        assert calendar.label(merged["ts_open"], known["schedule"]).equals(merged["session"])


@settings(deadline=None)
@given(any_bars(), st.sampled_from(["15m", "1h", "4h", "1d", "1w", "1mo"]))
def test_bars_by_way_of_five_minutes_are_those_of_one_minute(
    made: tuple[pl.DataFrame, dict[str, Any]], interval: str
) -> None:
    bars, known = made
    columns = ["ts_open", "open", "high", "low", "close", "volume", "session"]
    fives = resample(bars, "5m", **known)
    by_way_of_five = resample(fives, interval, stored="5m", **known)
    directly = resample(bars, interval, **known)
    assert by_way_of_five.select(columns).equals(directly.select(columns))
    if interval in {"1w", "1mo"}:
        days = resample(bars, "1d", **known)
        by_way_of_days = resample(days, interval, stored="1d", **known)
        assert by_way_of_days.select(columns).equals(directly.select(columns))


@settings(deadline=None)
@given(st.floats(0.0001, 10_000), st.lists(st.integers(1, 10**9), min_size=1, max_size=5))
def test_the_mean_of_equal_values_is_that_value_to_the_bit(
    value: float, volumes: list[int]
) -> None:
    times = [f"2023-11-20 14:3{minute}" for minute in range(len(volumes))]
    same = [value] * len(times)
    bars = bars_at(*times, volume=volumes, vwap=same, trade_count=volumes, bid_mean=same)
    (bar,) = resample(bars, "5m", schedule=NEW_YORK, calendar="XNYS").to_dicts()
    assert (bar["vwap"], bar["bid_mean"]) == (value, value)


@settings(deadline=None)
@given(any_bars())
def test_the_days_vwap_is_the_money_over_the_volume(
    made: tuple[pl.DataFrame, dict[str, Any]],
) -> None:
    bars, known = made
    merged = resample(bars, "1d", **known)
    money = sum(Fraction(volume) * Fraction(vwap) for volume, vwap in bars["volume", "vwap"].rows())
    again = sum(
        (
            Fraction(volume) * Fraction(vwap)
            for volume, vwap in merged["volume", "vwap"].rows()
            if vwap is not None
        ),
        Fraction(),
    )
    assert abs(again - money) <= money * Fraction(1, 10**12)
