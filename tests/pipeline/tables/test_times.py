"""Times as people write them."""

import dataclasses
import datetime as dt

import polars as pl
import pytest

from hewston.pipeline.sources.tables.times import (
    TimeForm,
    as_dates,
    classify,
    find_order,
    read_times,
    study_text,
)
from hewston.pipeline.sources.tables.words_of_time import find_zone


def parse(*cells, order="dmy"):
    form = study_text(cells)
    assert form is not None
    return read_times(pl.Series(cells), dataclasses.replace(form, order=order)).to_list()


HALF_PAST_TWO = dt.datetime(2025, 10, 31, 14, 30)
DAY = dt.datetime(2025, 10, 31)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2025-10-31 14:30", HALF_PAST_TWO),
        ("2025-10-31T14:30:00", HALF_PAST_TWO),
        ("2025-10-31 14:30:00.000", HALF_PAST_TWO),
        ("2025/10/31 14:30:00", HALF_PAST_TWO),
        ("31.10.2025 14:30", HALF_PAST_TWO),
        ("31/10/2025 2:30 PM", HALF_PAST_TWO),
        ("31-10-2025 14.30.00", HALF_PAST_TWO),
        ("20251031 143000", HALF_PAST_TWO),
        ("20251031143000", HALF_PAST_TWO),
        ("202510311430", HALF_PAST_TWO),
        ("20251031 14:30", HALF_PAST_TWO),
        ("31. Oktober 2025 14:30 Uhr", HALF_PAST_TWO),
        ("31 octobre 2025 14:30", HALF_PAST_TWO),
        ("31 октября 2025 14:30", HALF_PAST_TWO),
        ("Fri, 31 Oct 2025 14:30:00", HALF_PAST_TWO),
        ("Oct 31, 2025, 2:30 p.m.", HALF_PAST_TWO),
        ("2025年10月31日 14時30分", HALF_PAST_TWO),
        ("2025. 10. 31. 오후 2:30", HALF_PAST_TWO),
        ("Oct 31, 2025", DAY),
        ("31-Oct-25", DAY),
        ("20251031", DAY),
        ("2025-10-31", DAY),
        ("2025- 10- 31", DAY),
        ("31. 10. 2025", DAY),
        ("2025.10.31.", DAY),
        ("114/10/31", DAY),
        ("民國114年10月31日", DAY),
        ("20251031  14:30:00", HALF_PAST_TWO),
        ("2025-10-31 - 14:30", HALF_PAST_TWO),
        ("2025-10", dt.datetime(2025, 10, 1)),
        ("10/2025", dt.datetime(2025, 10, 1)),
        ("Oct 2025", dt.datetime(2025, 10, 1)),
        ("31/10/2568 14:30", HALF_PAST_TWO),
        ("2568-10-31", DAY),
        ("R7.10.31", DAY),
        ("令和7年10月31日", DAY),
        ("2025-10-31 14:30:00,000", HALF_PAST_TWO),
        ("2025-10-30 24:00", DAY),
        ("20251030 240000", DAY),
        ("20251031 14:30:00 US/Eastern", HALF_PAST_TWO),
        ("31.10.25", DAY),
    ],
)
def test_a_clock_time(cell, moment):
    assert parse(cell) == [moment]


@pytest.mark.parametrize(
    "cell",
    [
        "2025-10-31T14:30:00Z",
        "2025-10-31T10:30:00-04:00",
        "2025-10-31 15:30:00+01:00",
        "2025-10-31 14:30:00+00:00",
        "31.10.2025 15:30:00.000 GMT+0100",
        "Fri, 31 Oct 2025 14:30:00 GMT",
        "2025-10-31 14:30:00 UTC",
        "20251031T143000Z",
        "2025-10-31 09:30:00-05",
        "Fri Oct 31 2025 10:30:00 GMT-0400 (Eastern Daylight Time)",
    ],
)
def test_a_time_with_its_offset_is_utc(cell):
    assert parse(cell) == [HALF_PAST_TWO.replace(tzinfo=dt.UTC)]


def test_epochs_of_every_unit_even_in_one_column():
    cells = pl.Series(
        ["1761921000", "1761921000000", "1761921000000000", "1761921000000000000", "1761921000.0"]
    )
    moment = HALF_PAST_TWO.replace(tzinfo=dt.UTC)
    assert read_times(cells, TimeForm(kind="epoch")).to_list() == [moment] * 5
    assert classify(cells.to_list()) == "epoch"


def test_serial_dates_are_rounded_to_seconds():
    cells = pl.Series(["45961.60416666667", "45961"])
    assert read_times(cells, TimeForm(kind="serial")).to_list() == [HALF_PAST_TWO, DAY]


def test_epochs_without_their_last_digits_are_known_as_lost():
    assert classify(["1.76192E+12", "1.76192E+12"]) == "lost"


def test_scientific_epochs_with_their_digits_are_read():
    cells = ["1.761921000E+09", "1.761921900E+09"]
    assert classify(cells) == "epoch"
    assert read_times(pl.Series(cells), TimeForm(kind="epoch"))[0] == HALF_PAST_TWO.replace(
        tzinfo=dt.UTC
    )


def test_a_date_that_never_was_cannot_be_read():
    assert parse("2025-06-30", "2025-06-31") == [dt.datetime(2025, 6, 30), None]


def test_two_digits_of_a_year_are_of_this_century_until_2050():
    assert [
        moment.year for moment in parse("31-Dec-10", "31-Dec-49", "31-Dec-65", "31-Dec-99")
    ] == [
        2010,
        2049,
        1965,
        1999,
    ]


def test_a_day_above_twelve_tells_the_order():
    cells = ["01/02/2025", "13/02/2025"]
    form = study_text(cells)
    assert form is not None
    assert find_order(cells, form).fits == ("dmy",)
    cells = ["01/02/2025", "02/13/2025"]
    assert find_order(cells, form).fits == ("mdy",)


def test_even_steps_tell_the_order():
    cells = [f"{day:02}/03/2026 {hour:02}:00" for day in range(4, 10) for hour in range(24)]
    form = study_text(cells)
    assert form is not None
    assert find_order(cells, form).fits == ("dmy",)


def test_nights_between_days_tell_the_order_of_times_of_day():
    cells = [f"10/{day:02}/2013 {hour:02}:00" for day in (7, 8) for hour in range(9, 17)]
    form = study_text(cells)
    assert form is not None
    assert find_order(cells, form).fits == ("mdy",)


def test_a_year_of_months_is_no_row_of_days():
    cells = [f"01.{month:02}.{year}" for year in (2020, 2021, 2022) for month in range(1, 13)]
    form = study_text(cells)
    assert form is not None
    assert find_order(cells, form).fits == ("dmy",)


def test_days_that_could_be_months_are_asked():
    cells = [f"03/{day:02}/2024" for day in range(4, 9)]
    form = study_text(cells)
    assert form is not None
    assert set(find_order(cells, form).fits) == {"dmy", "mdy"}


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Time (America/New_York)", "America/New_York"),
        ("Date(GMT+8)", "+08:00"),
        ("Time (UTC-5)", "-05:00"),
        ("Timestamp (UTC)", "UTC"),
        ("20240102 09:30:00 US/Eastern", "US/Eastern"),
        ("Time (EST)", None),
    ],
)
def test_a_zone_named_beyond_doubt(text, zone):
    assert find_zone(text) == zone


def test_where_both_orders_fit_both_are_given():
    cells = [f"04/03/2026 {hour:02}:00" for hour in range(24)]
    form = study_text(cells)
    assert form is not None
    assert set(find_order(cells, form).fits) == {"dmy", "mdy"}


def test_midnights_with_an_offset_are_dates():
    cells = ["2023-01-03 00:00:00+09:00", "2023-01-04 00:00:00+09:00"]
    form = study_text(cells)
    assert form is not None
    dates = as_dates(cells, form)
    assert dates is not None
    assert read_times(pl.Series(cells), dates).to_list() == [
        dt.datetime(2023, 1, 3),
        dt.datetime(2023, 1, 4),
    ]
    assert as_dates([*cells, "2023-01-04 09:00:00+09:00"], form) is None
