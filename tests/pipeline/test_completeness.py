"""How much of each session there is: by day, week or month."""

import datetime as dt

import pytest

from hewston.pipeline.quality.completeness import MOST_PERIODS, list_periods

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
    unit, periods = list_periods(sessions(504, missing=3, regular_bars=387))
    assert unit == "day"
    assert len(periods) == 504
    first = periods[0]
    assert (first.name, first.bars, first.expected, first.missing) == ("2023-01-02", 487, 390, 3)
    assert first.present == pytest.approx(387 / 390)
    assert (first.opens, first.closes) == (1_672_669_800, 1_672_693_200)


def test_ten_years_are_shown_week_by_week():
    lost = sessions(3650)
    lost[8] |= {"regular_bars": 0, "bars": 0, "missing": 390}
    unit, periods = list_periods(lost)
    assert unit == "week"
    assert len(periods) == 522
    second = periods[1]
    assert (second.name, second.sessions, second.empty) == ("week of 2023-01-09", 7, 1)
    assert (second.expected, second.missing, second.bars) == (7 * 390, 390, 6 * 490)
    assert second.closes - second.opens == 6 * 86_400 + 23_400


def test_half_a_century_is_shown_month_by_month():
    unit, periods = list_periods(sessions(18_000))
    assert unit == "month"
    assert periods[1].name == "2023-02"
    assert periods[1].sessions == 28
    assert len(periods) > MOST_PERIODS


def test_what_is_expected_is_taken_from_the_report_that_says_it():
    half_day = sessions(1, regular_bars=14)[0] | {"expected": 0}
    (period,) = list_periods([half_day])[1]
    assert period.expected == 0
    assert period.present == 1.0
    assert list_periods([]) == ("day", [])
