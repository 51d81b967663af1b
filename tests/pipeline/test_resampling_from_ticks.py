"""Longer bars against bars derived directly from ticks, in plain Python; and their exact sums."""

import datetime as dt
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline import calendar
from hewston.pipeline.intervals import INTERVALS
from hewston.pipeline.resampling import resample
from hewston.pipeline.resampling.sums import sum_runs
from hewston.pipeline.schemas import BARS

Tick = tuple[dt.datetime, int, int, str, int, int]  # time, price, size, side, bid, ask; 1/64
UNIT = 64  # prices are multiples of it, so that means of minutes are weighed without an error
# In each: a change of clocks, a night, a half-day or a holiday.
SPANS = {
    "XNYS": dt.datetime(2023, 11, 22, tzinfo=dt.UTC),
    "FX": dt.datetime(2023, 11, 3, tzinfo=dt.UTC),
    "CME": dt.datetime(2023, 3, 10, tzinfo=dt.UTC),
    "24/7": dt.datetime(2023, 2, 27, tzinfo=dt.UTC),
}
WALLS: dict[str, tuple[str, int]] = {  # zone, and the hours by which the evening is the next date
    "XNYS": ("America/New_York", 0),
    "FX": ("America/New_York", 7),
    "CME": ("America/Chicago", 7),
    "24/7": ("UTC", 0),
}


@st.composite
def any_ticks(draw: st.DrawFn) -> tuple[str, list[Tick]]:
    """Ticks of up to four days, one or two a minute, in time order."""
    name = draw(st.sampled_from(sorted(SPANS)))
    seconds = st.integers(0, 4 * 86_400 - 1)
    ticks = []
    for second in sorted(draw(st.lists(seconds, min_size=1, max_size=50, unique=True))):
        bid = draw(st.integers(6_000, 7_000))
        ticks.append(
            (
                SPANS[name] + dt.timedelta(seconds=second),
                bid + draw(st.integers(0, 4)),
                draw(st.sampled_from([1, 2, 4, 64])),
                draw(st.sampled_from("ABN")),
                bid,
                bid + draw(st.integers(0, 8)),
            )
        )
    return name, ticks


def derive(
    ticks: list[Tick], key: Callable[[dt.datetime], tuple[dt.datetime, str]]
) -> list[dict[str, Any]]:
    """Give the bars of ticks, grouped by what ``key`` says: start and session."""
    groups: dict[tuple[dt.datetime, str], list[Tick]] = {}
    for tick in ticks:
        groups.setdefault(key(tick[0]), []).append(tick)
    return [_bar(start, session, group) for (start, session), group in groups.items()]


def _bar(start: dt.datetime, session: str, group: list[Tick]) -> dict[str, Any]:
    prices = [tick[1] for tick in group]
    sizes = [tick[2] for tick in group]
    bids, asks = [tick[4] for tick in group], [tick[5] for tick in group]
    money = sum(price * size for price, size in zip(prices, sizes, strict=True))
    return {
        "ts_open": start,
        "open": prices[0] / UNIT,
        "high": max(prices) / UNIT,
        "low": min(prices) / UNIT,
        "close": prices[-1] / UNIT,
        "volume": float(sum(sizes)),
        "trade_count": len(group),
        "vwap": float(Fraction(money, sum(sizes) * UNIT)),
        "buy_volume": float(sum(tick[2] for tick in group if tick[3] == "B")),
        "sell_volume": float(sum(tick[2] for tick in group if tick[3] == "A")),
        "bid_mean": float(Fraction(sum(bids), len(group) * UNIT)),
        "ask_mean": float(Fraction(sum(asks), len(group) * UNIT)),
        "spread_mean": float(Fraction(sum(asks) - sum(bids), len(group) * UNIT)),
        "bid_open": bids[0] / UNIT,
        "ask_open": asks[0] / UNIT,
        "bid_close": bids[-1] / UNIT,
        "ask_close": asks[-1] / UNIT,
        "session": session,
    }


def part_of(moment: dt.datetime, sessions: list[dict[str, Any]]) -> tuple[dt.datetime | None, str]:
    """Find the last edge before a time, and what began there."""
    anchor, session = None, "closed"
    for one in sessions:
        for edge, begins in (
            *(("pre_open", "pre"), ("open", "regular")),
            *(("close", "post"), ("post_close", "closed")),
        ):
            if one[edge] <= moment:
                anchor, session = one[edge], begins
    return anchor, session


def date_of(moment: dt.datetime, name: str) -> tuple[dt.date, dt.datetime]:
    """Give a time's exchange date by the clock on the wall, and when that date began."""
    zone, hours = WALLS[name]
    wall = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + dt.timedelta(hours=hours)
    began = dt.datetime.combine(wall.date(), dt.time()) - dt.timedelta(hours=hours)
    return wall.date(), began.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


@settings(deadline=None, max_examples=150)
@given(any_ticks(), st.sampled_from(["5m", "15m", "1h", "4h", "1d"]))
def test_longer_bars_are_those_derived_directly_from_ticks(
    made: tuple[str, list[Tick]], interval: str
) -> None:
    name, ticks = made
    start = SPANS[name].date()
    schedule = calendar.schedule(name, start - dt.timedelta(days=7), start + dt.timedelta(days=7))
    sessions = schedule.to_dicts()
    first_of_date: dict[dt.date, dt.datetime] = {}

    def minute(moment: dt.datetime) -> tuple[dt.datetime, str]:
        return moment.replace(second=0), part_of(moment, sessions)[1]

    def longer(moment: dt.datetime) -> tuple[dt.datetime, str]:
        anchor, session = part_of(moment, sessions)
        date, began = date_of(moment, name)
        if anchor is None or session == "closed":
            anchor = max(anchor or began, began)
        if interval == "1d":
            return first_of_date.setdefault(date, anchor), "regular"
        step = INTERVALS[interval]
        return anchor + (moment - anchor) // step * step, session

    bars = pl.DataFrame(derive(ticks, minute), schema=BARS)
    expected = pl.DataFrame(derive(ticks, longer), schema=BARS)
    found = resample(bars, interval, schedule=schedule, calendar=name)
    means = ["vwap", "bid_mean", "ask_mean", "spread_mean"]  # a minute's is rounded already
    assert found.drop(means).equals(expected.drop(means))
    for column in means:
        assert found[column].to_list() == pytest.approx(expected[column].to_list(), rel=1e-14)


@settings(deadline=None)
@given(
    st.lists(
        st.lists(st.floats(-1e300, 1e300) | st.integers(-9, 9).map(float), min_size=1, max_size=40),
        min_size=1,
        max_size=8,
    )
)
def test_sums_of_runs_are_those_of_fsum_to_the_bit(runs: list[list[float]]) -> None:
    values = np.array([value for run in runs for value in run])
    starts = np.cumsum([0, *(len(run) for run in runs[:-1])])
    assert sum_runs(values, starts).tolist() == [math.fsum(run) for run in runs]
