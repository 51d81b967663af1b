"""Sessions: edges on ordinary, short and clock-change days, and the label of a time."""

import datetime as dt
import subprocess
import sys
import warnings

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline import calendar
from hewston.pipeline.errors import InputError
from hewston.pipeline.schemas import SESSION, UTC_NS


def utc(*text: str) -> pl.Series:
    times = [dt.datetime.fromisoformat(t).replace(tzinfo=dt.UTC) for t in text]
    return pl.Series("ts_open", times, UTC_NS)


def day(name: str, date: str) -> tuple[str, ...]:
    (row,) = calendar.schedule(
        name, dt.date.fromisoformat(date), dt.date.fromisoformat(date)
    ).rows()
    return tuple(edge.strftime("%d %H:%M") for edge in row[1:] if edge is not None)


@pytest.mark.parametrize(
    ("date", "edges"),
    [
        ("2023-01-03", ("03 09:00", "03 14:30", "03 21:00", "04 01:00")),  # winter
        ("2023-03-10", ("10 09:00", "10 14:30", "10 21:00", "11 01:00")),  # before summer time
        ("2023-03-13", ("13 08:00", "13 13:30", "13 20:00", "14 00:00")),  # after its start
        ("2023-11-03", ("03 08:00", "03 13:30", "03 20:00", "04 00:00")),
        ("2023-11-06", ("06 09:00", "06 14:30", "06 21:00", "07 01:00")),
        ("2023-07-03", ("03 08:00", "03 13:30", "03 17:00", "03 21:00")),  # short, summer
        ("2023-11-24", ("24 09:00", "24 14:30", "24 18:00", "24 22:00")),  # short, winter
    ],
)
def test_a_us_session_has_its_four_edges_in_utc(date: str, edges: tuple[str, ...]) -> None:
    assert day("XNYS", date) == edges


def test_a_year_has_its_sessions_and_half_days() -> None:
    year = calendar.schedule("XNYS", dt.date(2023, 1, 1), dt.date(2023, 12, 31))
    length = year["close"] - year["open"]
    assert year.height == 250
    assert year.filter(length < dt.timedelta(hours=6))["date"].to_list() == [
        dt.date(2023, 7, 3),
        dt.date(2023, 11, 24),
    ]
    assert length.dt.total_minutes().sum() == 248 * 390 + 2 * 210
    assert year.schema == pl.Schema(calendar.SCHEDULE)


def test_closures_that_were_announced_are_no_sessions() -> None:
    week = calendar.schedule("XNYS", dt.date(2001, 9, 10), dt.date(2001, 9, 17))
    assert week["date"].to_list() == [dt.date(2001, 9, 10), dt.date(2001, 9, 17)]


@pytest.mark.parametrize("year", [1680, 1975, 2000, 2030, 2200, 2261])
def test_sessions_do_not_depend_on_how_far_a_year_is_from_today(year: int) -> None:
    sessions = calendar.schedule("XNYS", dt.date(year, 6, 1), dt.date(year, 6, 30))
    assert 19 <= sessions.height <= 26
    assert sessions["open"].is_sorted()


def test_a_part_of_a_year_is_that_part_of_the_year() -> None:
    year = calendar.schedule("XNYS", dt.date(2022, 1, 1), dt.date(2024, 12, 31))
    part = calendar.schedule("XNYS", dt.date(2023, 6, 30), dt.date(2023, 7, 5))
    assert part.equals(
        year.filter(pl.col("date").is_between(dt.date(2023, 6, 30), dt.date(2023, 7, 5)))
    )


def test_a_weekend_has_no_session_and_every_time_in_it_is_closed() -> None:
    weekend = calendar.schedule("XNYS", dt.date(2023, 1, 7), dt.date(2023, 1, 8))
    assert weekend.is_empty()
    assert weekend.schema == pl.Schema(calendar.SCHEDULE)
    assert calendar.label(utc("2023-01-07 15:00"), weekend).to_list() == ["closed"]


@pytest.mark.parametrize("name", calendar.US_EQUITIES)
def test_every_us_exchange_keeps_the_same_hours(name: str) -> None:
    assert day(name, "2023-07-03") == day("XNYS", "2023-07-03")
    assert calendar.zone(name) == "America/New_York"


def test_a_round_the_clock_calendar_has_every_utc_day_from_midnight_to_midnight() -> None:
    days = calendar.schedule("24/7", dt.date(2024, 2, 28), dt.date(2024, 3, 1))
    assert days["date"].to_list() == [
        dt.date(2024, 2, 28),
        dt.date(2024, 2, 29),
        dt.date(2024, 3, 1),
    ]
    assert day("24/7", "2024-02-29") == ("29 00:00", "29 00:00", "01 00:00", "01 00:00")
    assert calendar.zone("24/7") == "UTC"
    times = utc("2024-02-28 00:00", "2024-02-29 23:59", "2024-03-02 00:00")
    assert calendar.label(times, days).to_list() == ["regular", "regular", "closed"]


def test_a_session_includes_its_start_and_excludes_its_end() -> None:
    sessions = calendar.schedule("XNYS", dt.date(2023, 1, 3), dt.date(2023, 1, 4))
    times = utc(
        "2023-01-03 08:59",
        "2023-01-03 09:00",
        "2023-01-03 14:29",
        "2023-01-03 14:30",
        "2023-01-03 20:59",
        "2023-01-03 21:00",
        "2023-01-04 00:59",
        "2023-01-04 01:00",
        "2023-01-04 09:00",
        "2023-01-05 15:00",
    )
    assert calendar.label(times, sessions).to_list() == [
        *("closed", "pre", "pre", "regular", "regular"),
        *("post", "post", "closed", "pre", "closed"),
    ]


def test_times_are_labelled_in_any_order() -> None:
    sessions = calendar.schedule("XNYS", dt.date(2023, 1, 3), dt.date(2023, 1, 3))
    times = utc("2023-01-03 21:30", "2023-01-03 10:00", "2023-01-03 15:00")
    labels = calendar.label(times, sessions)
    assert labels.to_list() == ["post", "pre", "regular"]
    assert labels.dtype == SESSION
    assert calendar.label(times.clear(), sessions).dtype == SESSION


@settings(deadline=None)
@given(st.integers(0, 365 * 24 * 60 - 1), st.sampled_from(["XNYS", "24/7", "FX", "CME", "XTKS"]))
def test_every_minute_has_the_label_of_the_one_session_part_that_holds_it(
    minute: int, name: str
) -> None:
    time = dt.datetime(2023, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)
    sessions = calendar.schedule(name, dt.date(2022, 12, 31), dt.date(2024, 1, 1))
    expected = "closed"
    for _, pre_open, opens, close, post_close, *_ in sessions.rows():
        if pre_open <= time < opens:
            expected = "pre"
        if opens <= time < close:
            expected = "regular"
        if close <= time < post_close:
            expected = "post"
    assert calendar.label(pl.Series([time], dtype=UTC_NS), sessions).to_list() == [expected]


@given(
    st.lists(st.integers(0, 60 * 24 * 365 * 2), min_size=1, max_size=200),
    st.sampled_from(["XNYS", "24/7", "FX", "CME", "ICE", "XASX"]),
    st.sampled_from([None, "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"]),
)
def test_dates_of_bars_are_those_of_each_time(
    minutes: list[int], code: str, tz: str | None
) -> None:
    first = dt.datetime(2023, 1, 1, tzinfo=dt.UTC)
    times = pl.Series([first + dt.timedelta(minutes=m) for m in sorted(minutes)], dtype=UTC_NS)
    each = calendar.exchange_date(times, code, tz)
    assert calendar.dates_of_bars(times, code, tz).to_list() == each.to_list()


def test_the_exchange_date_is_the_one_on_the_exchanges_wall() -> None:
    times = utc("2023-01-04 04:59", "2023-01-04 05:00", "2023-07-04 03:59", "2023-07-04 04:00")
    assert calendar.exchange_date(times, "XNYS").cast(pl.String).to_list() == [
        *("2023-01-03", "2023-01-04", "2023-07-03", "2023-07-04")
    ]
    assert calendar.exchange_date(times, "24/7").cast(pl.String).to_list() == [
        *("2023-01-04", "2023-01-04", "2023-07-04", "2023-07-04")
    ]


@pytest.mark.parametrize(
    ("name", "date", "edges"),
    [
        ("FX", "2023-01-03", ("02 22:00", "03 22:00")),
        ("FX", "2023-03-13", ("12 21:00", "13 21:00")),  # the clocks changed that Sunday
        ("CME", "2023-11-21", ("20 23:00", "21 22:00")),  # an hour's halt from 16:00 in Chicago
        ("CME", "2023-11-23", ("22 23:00", "23 18:00")),  # Thanksgiving
        ("CME", "2023-06-19", ("18 22:00", "19 17:00")),  # Juneteenth
        ("CME", "2021-06-21", ("20 22:00", "21 21:00")),  # was not kept yet
        ("CME", "2027-06-18", ("17 22:00", "18 17:00")),  # of a Saturday, kept the day before
        ("ICE", "2023-11-21", ("21 01:00", "21 23:00")),
        ("XEUR", "2023-11-21", ("21 07:00", "21 21:00")),
    ],
)
def test_sessions_that_begin_in_the_evening_are_those_of_their_close(
    name: str, date: str, edges: tuple[str, str]
) -> None:
    opens, closes = edges
    assert day(name, date) == (opens, opens, closes, closes)


def test_the_fx_week_rests_at_christmas_and_new_year_and_goes_on_through_the_night() -> None:
    week = calendar.schedule("FX", dt.date(2023, 12, 22), dt.date(2024, 1, 3))
    assert [f"{date:%d}" for date in week["date"]] == ["22", "26", "27", "28", "29", "02", "03"]
    times = utc("2023-12-22 21:59", "2023-12-22 22:00", "2023-12-25 21:59", "2023-12-25 22:00")
    assert calendar.label(times, week).to_list() == ["regular", "closed", "closed", "regular"]
    night = utc("2023-12-26 21:59", "2023-12-26 22:00")
    assert calendar.label(night, week).to_list() == ["regular", "regular"]


def test_the_evening_belongs_to_the_next_date_where_a_session_begins_in_it() -> None:
    times = utc("2023-11-03 20:59", "2023-11-03 21:00", "2023-11-05 21:59", "2023-11-05 22:00")
    dates = [f"{date:%d}" for date in calendar.exchange_date(times, "FX")]
    assert dates == ["03", "04", "05", "06"]  # the clocks change that Sunday in New York
    times = utc("2023-11-20 22:59", "2023-11-20 23:00")
    assert [f"{date:%d}" for date in calendar.exchange_date(times, "CME")] == ["20", "21"]
    assert [f"{date:%d}" for date in calendar.exchange_date(times, "ICE")] == ["20", "21"]


def test_bars_with_a_zone_of_their_own_have_its_dates() -> None:
    stamps = utc("2023-01-03 00:00", "2023-01-03 23:00")
    for name in ("XNYS", "FX", "CME"):
        dates = calendar.exchange_date(stamps, name, "UTC")
        assert dates.to_list() == [dt.date(2023, 1, 3)] * 2
        lazily = pl.LazyFrame({"ts": stamps}).select(
            calendar.exchange_date(pl.col("ts"), name, "UTC")
        )
        assert lazily.collect().to_series().to_list() == dates.to_list()
        assert calendar.start_of_date(dates, name, "UTC")[0] == stamps[0]


@given(
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 12, 31), timezones=st.just(dt.UTC)),  # noqa: DTZ001
    st.sampled_from(["XNYS", "24/7", "FX", "CME", "ICE", "XTKS"]),
    st.sampled_from([None, "UTC", "America/New_York"]),
)
def test_one_time_has_the_date_that_it_has_among_many(
    moment: dt.datetime, name: str, tz: str | None
) -> None:
    times = pl.Series([moment], dtype=pl.Datetime("ns", "UTC"))
    assert calendar.date_of(moment, name, tz) == calendar.exchange_date(times, name, tz)[0]


def test_a_date_begins_in_the_evening_unless_bars_have_a_zone_of_their_own() -> None:
    hours = [calendar.evening_of(name) for name in ("FX", "CME", "ICE", "XNYS", "24/7")]
    assert hours == [17, 17, 18, 24, 24]
    assert calendar.evening_of("FX", "America/New_York") == 17
    assert calendar.evening_of("FX", "UTC") == 24


@settings(deadline=None)
@given(
    st.dates(dt.date(1990, 1, 1), dt.date(2030, 12, 31)),
    st.sampled_from(["XNYS", "24/7", "FX", "CME", "ICE", "BVMF", "XSGO", "XTKS"]),
)
def test_a_date_starts_with_its_first_moment(date: dt.date, name: str) -> None:
    start = calendar.start_of_date(pl.Series([date]), name)
    around = pl.concat([start, start.dt.offset_by("-1ns")])
    before = date - dt.timedelta(days=1)
    assert calendar.exchange_date(around, name).to_list() == [date, before]


def test_a_break_at_noon_is_known_and_its_bars_are_regular() -> None:
    (tokyo,) = calendar.schedule("XTKS", dt.date(2023, 1, 4), dt.date(2023, 1, 4)).to_dicts()
    assert (f"{tokyo['break_start']:%H:%M}", f"{tokyo['break_end']:%H:%M}") == ("02:30", "03:30")
    half_day = calendar.schedule("XHKG", dt.date(2020, 12, 24), dt.date(2020, 12, 24))
    assert half_day["break_start"].to_list() == [None]
    sessions = calendar.schedule("XTKS", dt.date(2023, 1, 4), dt.date(2023, 1, 4))
    times = utc("2023-01-04 02:30", "2023-01-04 05:59", "2023-01-04 06:00")
    assert calendar.label(times, sessions).to_list() == ["regular", "regular", "closed"]


@pytest.mark.parametrize("name", calendar.CALENDARS)
def test_every_calendar_has_sessions_on_the_dates_they_open_and_close(name: str) -> None:
    sessions = calendar.schedule(name, dt.date(2023, 2, 1), dt.date(2023, 12, 31))
    assert sessions.height > 200
    assert calendar.exchange_date(sessions["open"], name).equals(sessions["date"])
    last = sessions["close"].dt.offset_by("-1ns")
    assert calendar.exchange_date(last, name).equals(sessions["date"])
    edges = sessions.select(pl.concat_list(calendar.EDGES).explode(empty_as_null=True))
    assert edges.to_series().is_sorted()


def test_the_zone_of_every_exchange_is_the_one_that_lists_its_sessions() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import exchange_calendars  # noqa: PLC0415  # which warns of what pandas deprecates

        for name in calendar.OTHER_EXCHANGES:
            known = exchange_calendars.get_calendar(name, start="2023-01-01", end="2023-12-31")
            assert calendar.zone(name) == known.tz.key


def test_years_that_an_exchange_has_not_published_are_refused() -> None:
    with pytest.raises(InputError, match=r"XSHG are not known for all of 2027-01-01"):
        calendar.schedule("XSHG", dt.date(2027, 1, 4), dt.date(2027, 1, 5))


def test_an_unknown_calendar_is_refused_with_the_known_ones() -> None:
    for refused in (
        lambda: calendar.zone("NYSE!"),
        lambda: calendar.schedule("NYSE!", dt.date(2023, 1, 1), dt.date(2023, 1, 2)),
        lambda: calendar.exchange_date(utc("2023-01-01 00:00"), "NYSE!"),
    ):
        with pytest.raises(InputError, match=r"'NYSE!'.*24/7.*XNYS") as problem:
            refused()
        assert problem.value.details["allowed"] == list(calendar.CALENDARS)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (dt.date(2023, 1, 2), dt.date(2023, 1, 1)),
        (dt.date(1600, 1, 1), dt.date(2023, 1, 1)),
        (dt.date(2023, 1, 1), dt.date(2300, 1, 1)),
    ],
)
@pytest.mark.parametrize("name", ["XNYS", "24/7"])
def test_dates_without_a_schedule_are_refused(name: str, first: dt.date, last: dt.date) -> None:
    with pytest.raises(InputError, match="1678-01-01 and 2261-12-31"):
        calendar.schedule(name, first, last)


def test_the_version_names_the_library_and_its_release() -> None:
    library, version = calendar.calendar_version().split(" ")
    assert library == "exchange_calendars"
    assert version[0].isdigit()


def test_labels_dates_and_zones_do_not_load_pandas() -> None:
    code = """
import datetime as dt, sys
import polars as pl
from hewston.pipeline import calendar
days = calendar.schedule("24/7", dt.date(2023, 1, 1), dt.date(2023, 1, 2))
times = days["open"]
calendar.label(times, days), calendar.exchange_date(times, "XNYS"), calendar.calendar_version()
calendar.exchange_date(times, "CME"), calendar.zone("XTKS")
assert not {"pandas", "exchange_calendars"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
