"""Dates of charts of days, weeks and months name bars, however these are stamped."""

import datetime as dt
import functools
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.dates import check_interval, place_dates
from hewston.pipeline.schemas import LISTED_TRADES, UTC_NS

FRIDAY, MONDAY, TUESDAY = dt.date(2025, 3, 28), dt.date(2025, 3, 31), dt.date(2025, 4, 1)
NEW_YORK, CHICAGO = "America/New_York", "America/Chicago"


def at(date: dt.date, zone: str, hour: int, minute: int = 0, days: int = 0) -> dt.datetime:
    when = dt.datetime.combine(date + dt.timedelta(days=days), dt.time(hour, minute))
    return when.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def midnight(date: dt.date) -> dt.datetime:
    return at(date, "UTC", 0)


def trades(*ends: tuple[dt.datetime, dt.datetime | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"trade_id": at, "side": "LONG", "entry_ts": entry, "exit_ts": exit_, "qty": 1.0}
            for at, (entry, exit_) in enumerate(ends, start=1)
        ],
        schema={
            name: LISTED_TRADES[name] for name in ("trade_id", "side", "entry_ts", "exit_ts", "qty")
        },
    )


def starts(*times: dt.datetime) -> pl.Series:
    return pl.Series("ts_open", times, dtype=UTC_NS)


DAYS = (FRIDAY, MONDAY, TUESDAY)


EVENING = {"minute": 0, "days": -1}


@pytest.mark.parametrize(
    ("calendar", "tz", "zone", "hour", "rest"),
    [
        ("24/7", None, "UTC", 0, {}),
        ("XNYS", None, NEW_YORK, 9, {"minute": 30}),
        ("XNYS", None, NEW_YORK, 4, {}),
        ("XNYS", "UTC", "UTC", 0, {}),  # dates of a table
        ("XTKS", None, "Asia/Tokyo", 9, {}),
        ("XASX", None, "Australia/Sydney", 10, {}),
        ("CME", None, CHICAGO, 17, EVENING),
        ("CME", None, CHICAGO, 8, {"minute": 30}),
        ("CME", "UTC", "UTC", 0, {}),
        ("ICE", None, NEW_YORK, 20, EVENING),
        ("FX", None, NEW_YORK, 17, EVENING),
    ],
    ids=str,
)
def test_a_date_names_the_bar_of_its_trading_day(calendar, tz, zone, hour, rest):
    bars = starts(*(at(date, zone, hour, **rest) for date in DAYS))
    listed = trades((midnight(FRIDAY), midnight(MONDAY)), (midnight(TUESDAY), None))
    placed = place_dates(listed, bars, interval="1d", calendar=calendar, tz=tz)
    assert placed.trades["entry_ts"].to_list() == [bars[0], bars[2]]
    assert placed.trades["exit_ts"].to_list() == [bars[1], None]
    assert placed.notes == ()
    assert placed.trades.drop("entry_ts", "exit_ts").equals(listed.drop("entry_ts", "exit_ts"))


def test_a_date_without_a_bar_is_named_and_equals_no_bar():
    bars = starts(at(FRIDAY, NEW_YORK, 9, 30), at(TUESDAY, NEW_YORK, 9, 30))
    listed = trades((midnight(FRIDAY), midnight(MONDAY)))
    placed = place_dates(listed, bars, interval="1d", calendar="XNYS")
    assert placed.trades["exit_ts"].to_list() == [at(MONDAY, NEW_YORK, 0)]
    (note,) = placed.notes
    assert note.startswith("1 of its dates are of no day that has a bar here: 2025-03-31.")


@pytest.mark.parametrize("named", [MONDAY, TUESDAY, dt.date(2025, 4, 4)])
def test_a_date_of_a_week_names_its_bar_whichever_day_it_is(named):
    bars = starts(at(dt.date(2025, 3, 24), NEW_YORK, 9, 30), at(MONDAY, NEW_YORK, 9, 30))
    listed = trades((midnight(dt.date(2025, 3, 24)), midnight(named)))
    placed = place_dates(listed, bars, interval="1w", calendar="XNYS")
    assert placed.trades.select("entry_ts", "exit_ts").row(0) == (bars[0], bars[1])


def test_a_date_of_a_month_names_its_bar():
    bars = starts(at(dt.date(2025, 3, 3), CHICAGO, 17, days=-1), at(TUESDAY, CHICAGO, 17, days=-1))
    listed = trades((midnight(dt.date(2025, 3, 1)), midnight(TUESDAY)))
    placed = place_dates(listed, bars, interval="1mo", calendar="CME")
    assert placed.trades.select("entry_ts", "exit_ts").row(0) == (bars[0], bars[1])


@pytest.mark.parametrize("tz", [None, "UTC"])
def test_sundays_show_that_dates_are_those_of_evenings(tz):
    begin = midnight if tz else lambda date: at(date, CHICAGO, 17, days=-1)
    bars = starts(*map(begin, DAYS))
    sunday = MONDAY - dt.timedelta(days=1)
    listed = trades((midnight(sunday), midnight(MONDAY)))
    placed = place_dates(listed, bars, interval="1d", calendar="CME", tz=tz)
    assert placed.trades.select("entry_ts", "exit_ts").row(0) == (bars[1], bars[2])
    assert "evenings" in placed.notes[0]
    stocks = starts(*(at(date, NEW_YORK, 9, 30) for date in DAYS))
    other = place_dates(listed, stocks, interval="1d", calendar="XNYS")
    assert "no day that has a bar" in other.notes[0]


@pytest.mark.parametrize(
    ("calendar", "tz", "zone", "hour", "rest"),
    [
        ("XNYS", None, "UTC", 0, {}),
        ("XNYS", "UTC", NEW_YORK, 9, {"minute": 30}),
        ("XNYS", "UTC", "UTC", 0, {}),
        ("CME", "UTC", CHICAGO, 17, EVENING),
        ("CME", None, "UTC", 0, {}),
    ],
    ids=str,
)
def test_opens_of_sessions_and_midnights_name_days_too(calendar, tz, zone, hour, rest):
    own = {"XNYS": (NEW_YORK, 9, 30), "CME": (CHICAGO, 8, 30)}[calendar]
    bars = starts(*(midnight(one) if tz else at(one, *own) for one in DAYS))
    listed = trades((at(FRIDAY, zone, hour, **rest), at(TUESDAY, zone, hour, **rest)))
    placed = place_dates(listed, bars, interval="1d", calendar=calendar, tz=tz, dates_only=False)
    assert placed.trades.select("entry_ts", "exit_ts").row(0) == (bars[0], bars[2])


def test_dates_that_all_begin_weeks_are_pointed_at():
    days = list(pl.date_range(dt.date(2025, 1, 6), dt.date(2025, 3, 28), eager=True))
    bars = starts(*(at(day, NEW_YORK, 9, 30) for day in days if day.weekday() < 5))
    weeks = [midnight(day) for day in days if day.weekday() == 0]
    listed = trades(*zip(weeks[::2], weeks[1::2], strict=True))
    (note,) = place_dates(listed, bars, interval="1d", calendar="XNYS").notes
    assert "of 1w, choose that interval" in note


@pytest.mark.parametrize(
    ("interval", "timeframe", "words"),
    [
        ("15m", None, "lists dates without a time of day"),
        ("1d", "1w", "is of a chart of 1w"),
        ("1d", "1d", None),
        ("1mo", None, None),
    ],
)
def test_dates_are_of_long_bars(interval, timeframe, words):
    listed = trades((midnight(FRIDAY), midnight(MONDAY)))
    asked = {"interval": interval, "dates_only": True, "name": "a.csv", "timeframe": timeframe}
    if words is None:
        check_interval(listed, **asked)
        return
    with pytest.raises(InputError, match=words) as refusal:
        check_interval(listed, **asked)
    assert refusal.value.details["field"] == "interval"


def test_times_of_day_are_of_short_bars():
    listed = trades(
        (at(FRIDAY, NEW_YORK, 9, 30), at(MONDAY, NEW_YORK, 11)), (midnight(MONDAY), None)
    )
    ask = functools.partial(check_interval, listed, dates_only=False, name="a.csv", timeframe=None)
    ask(interval="15m")
    with pytest.raises(InputError, match="lists times of day"):
        ask(interval="1d")
