"""Figures read as people write them, and what is absent is a dash and never a zero."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.permissions.templatetags import figures
from apps.permissions.templatetags.figures import DASH, MINUS
from hewston.pipeline.breakdown import Bin, YearOfReturns


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (figures.decimal(1234.5), "1,234.50"),
        (figures.decimal(-0.004), "0.00"),
        (figures.decimal(-1234.5, 0), f"{MINUS}1,234"),
        (figures.price(101.5), "101.50"),
        (figures.price(0.1234), "0.1234"),
        (figures.price(-2), f"{MINUS}2.00"),
        (figures.quantity(100.0), "100"),
        (figures.quantity(0.05), "0.05"),
        (figures.money(-12.5), f"{MINUS}$12.50"),
        (figures.money(12.5, "CHF"), "12.50 CHF"),
        (figures.percent(0.0842), "8.4%"),
        (figures.size(5_500_000), "5.5 MB"),
        (figures.size(12), "12 B"),
        (figures.size(2e12), "2.0 TB"),
        (figures.duration(850), "850 ms"),
        (figures.duration(2100), "2.1 s"),
        (figures.duration(185_000), "3 min 5 s"),
        (figures.price(-1e-12) + " USD", "0.00 USD"),
        (figures.quantity(-1e-12) + " units", "0 units"),
        (figures.plus("0.00%", 1e-9), "0.00%"),
        (figures.price_places([{"in": 1.5, "out": None}], 0.01, "in", "out"), 2),
        (figures.price_places([{"in": 1.5, "out": 1.505}], 0.01, "in", "out"), 3),
        (figures.price_places([{"in": 1.98696923}], 0.01, "in"), 4),
        (figures.price_places([{"in": 1.1}], 1e-05, "in"), 5),
        (figures.figure(0.0123, "fraction"), "1.23%"),
        (figures.figure(0.123, "fraction"), "12.3%"),
        (figures.figure(12.0, "count"), "12"),
        (figures.figure(12.25, "bars"), "12.2"),
        (figures.zone_name("America/New_York"), "New York time"),
        (figures.shown([]), DASH),
        (figures.shown(0), "0"),
        (figures.shown(["a", "b"]), "a, b"),
    ],
)
def test_a_figure_is_written_for_people(written, expected):
    assert written == expected


@pytest.mark.parametrize("absent", [None, math.nan, math.inf, ""])
@pytest.mark.parametrize(
    "write", [figures.decimal, figures.price, figures.quantity, figures.money, figures.percent]
)
def test_what_is_absent_is_a_dash(write, absent):
    assert write(absent) == DASH


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_written_number_reads_back(value):
    text = figures.decimal(value, 3).replace(",", "").replace(MINUS, "-")
    assert float(text) == pytest.approx(value, abs=0.0005)


def test_gain_and_loss_differ_by_sign_and_arrow_before_colour():
    assert "▲" in figures.signed("12.00", 12.0)
    assert "+12.00" in figures.signed("12.00", 12.0)
    assert "▼" in figures.signed(f"{MINUS}12.00", -12.0)
    assert figures.signed("0.00", 0.001) == "0.00"


@pytest.mark.parametrize(
    ("value", "grade"), [(None, 0), (0.0, 0), (0.005, 1), (0.02, 2), (0.2, 3), (-0.02, -2)]
)
def test_a_return_is_graded_for_its_background(value, grade):
    assert figures.tint(value) == grade


@pytest.mark.parametrize(("month", "places"), [(0.05, 1), (-0.004, 2), (0.0001, 3), (None, 1)])
def test_small_monthly_returns_have_more_decimals(month, places):
    year = YearOfReturns(year=2023, months=(None, 0.0, month), total=0.1)
    assert figures.return_places([year]) == places


def test_the_outer_bars_of_a_distribution_have_no_end_in_words():
    bins = [
        Bin(low=-math.inf, high=-1.0, count=3),
        Bin(low=-1.0, high=0.0, count=0),
        Bin(low=0.0, high=1.0, count=2),
        Bin(low=1.0, high=math.inf, count=1),
    ]
    drawn = figures.histogram(bins, "USD", "Profit", "None.")
    assert [bar["range"] for bar in drawn["bars"]] == [
        f"< {MINUS}$1.00",
        f"from {MINUS}$1.00 to $0.00",
        "from $0.00 to $1.00",
        "≥ $1.00",
    ]
    assert (drawn["low"], drawn["high"]) == (f"< {MINUS}$1.00", "≥ $1.00")
    assert (drawn["zero_share"], drawn["is_zero_named"]) == ("50.00", True)


def test_a_distribution_is_told_in_percent_or_in_what_is_counted():
    bins = [Bin(low=-0.02, high=0.0, count=1), Bin(low=0.0, high=0.02, count=2)]
    drawn = figures.histogram(bins, "%", "Returns", "None.")
    assert drawn["bars"][0]["range"] == f"from {MINUS}2.00% to 0.00%"
    counted = figures.histogram([Bin(low=0.0, high=5.0, count=1)], "bars", "Held", "None.")
    assert counted["bars"][0]["range"] == "from 0 bars to 5 bars"


def test_nested_json_becomes_dotted_names():
    assert figures.leaves({"a": {"b": 1}, "c": [{"d": 2}], "e": [1, 2]}) == [
        ("a.b", 1),
        ("c.0.d", 2),
        ("e", [1, 2]),
    ]
