"""How much of each session there is: by day, week or month."""

import datetime as dt

import pytest

from hewston.pipeline.quality.completeness import (
    MOST_PERIODS,
    Completeness,
    count_sessions,
    list_periods,
)

FIRST = dt.date(2023, 1, 2)  # a Monday


def sessions(count, *, missing=0, regular_bars=390):
    """Sessions of consecutive days, all alike."""
    days = [FIRST + dt.timedelta(days=number) for number in range(count)]
    return [
        {
            "date": str(day),
            "open": f"{day}T14:30:00Z",
            "close": f"{day}T21:00:00Z",
            "bars": regular_bars + 100,
            "regular_bars": regular_bars,
            "missing": missing,
        }
        for day in days
    ]


def test_two_years_are_shown_day_by_day():
    unit, periods = list_periods(sessions(504, missing=3, regular_bars=387), "1m")
    assert unit == "day"
    assert len(periods) == 504
    first = periods[0]
    assert (first.name, first.bars, first.expected, first.missing) == ("2023-01-02", 487, 390, 3)
    assert first.present == pytest.approx(387 / 390)
    assert (first.opens, first.closes) == (1_672_669_800, 1_672_693_200)


def test_ten_years_are_shown_week_by_week():
    lost = sessions(3650)
    lost[8] |= {"regular_bars": 0, "bars": 0, "missing": 390}
    unit, periods = list_periods(lost, "1m")
    assert unit == "week"
    assert len(periods) == 522
    second = periods[1]
    assert second.name == "week of 2023-01-09"
    assert count_sessions(lost) == Completeness(expected=3650, complete=3649, empty=1)
    assert (second.expected, second.missing, second.bars) == (7 * 390, 390, 6 * 490)
    assert second.closes - second.opens == 6 * 86_400 + 23_400


def test_half_a_century_is_shown_month_by_month():
    unit, periods = list_periods(sessions(18_000), "1m")
    assert unit == "month"
    assert periods[1].name == "2023-02"
    assert periods[1].expected == 28 * 390
    assert len(periods) > MOST_PERIODS


def test_what_is_expected_is_taken_from_the_report_that_says_it():
    half_day = sessions(1, regular_bars=14)[0] | {"expected": 0}
    (period,) = list_periods([half_day], "1m")[1]
    assert period.expected == 0
    assert period.present == 1.0
    assert list_periods([], "1m") == ("day", [])


def test_weeks_and_months_are_one_bar_each():
    listed = [
        one | {"bars": 0, "regular_bars": 0, "expected": 0, "missing": 0} for one in sessions(60)
    ]
    for monday in range(0, 60, 7):
        listed[monday] |= {"bars": 1, "expected": 1}
    listed[14] |= {"bars": 0, "missing": 1}
    unit, weeks = list_periods(listed, "1w")
    assert (unit, len(weeks)) == ("week", 9)
    assert [week.missing for week in weeks] == [0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert {(week.bars, week.expected) for week in weeks} == {(1, 1), (0, 1)}
    assert count_sessions(listed) == Completeness(expected=9, complete=8, empty=1)
    assert list_periods(listed, "1mo")[0] == "month"
