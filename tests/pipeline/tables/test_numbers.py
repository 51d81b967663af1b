"""Numbers as people write them."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hewston.pipeline.sources.tables.numbers import Style, is_number, read_numbers, weigh

POINT, COMMA = Style(decimal="."), Style(decimal=",")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("3802.8", 3802.8),
        ("3,802.80", 3802.8),
        ("1,23,456.78", 123456.78),
        ("1'234.5", 1234.5),
        ("1 234.5", 1234.5),
        ("1\u00a0234\u202f567", 1234567.0),
        ("76.50M", 76_500_000.0),
        ("1.2k", 1200.0),
        ("2.5B", 2.5e9),
        ("$1.50", 1.5),
        ("-$3", -3.0),
        ("(1.5)", -1.5),
        ("\u22121.5", -1.5),
        ("0.12%", 0.0012),
        ("1.2E+05", 120_000.0),
        (".5", 0.5),
        ("12.5万", 125_000.0),
        ("47.58 Million", 47_580_000.0),
        ("1,234 Stk.", 1234.0),
        ("-", None),
        ("n/a", None),
        ("NaN", None),
        ("1e+100", None),
        ("inf", None),
        ("1,23", None),
        ("12,34.5", None),
        ("abc", None),
        ("1.2.3", None),
        ("", None),
    ],
)
def test_numbers_with_a_decimal_point(cell, value):
    assert read_numbers(pl.Series([cell]), POINT).to_list() == [value]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("3.802,80", 3802.8),
        ("3802,8", 3802.8),
        ("1.234", 1234.0),
        ("39.977,585", 39977.585),
        ("1 234,5", 1234.5),
        ("76,50M", 76_500_000.0),
        ("12,5 Mio.", 12_500_000.0),
        ("1,5 млн", 1_500_000.0),
        ("1,2E+05", 120_000.0),
        ("3802.8", None),
        ("1.23", None),
    ],
)
def test_numbers_with_a_decimal_comma(cell, value):
    assert read_numbers(pl.Series([cell]), COMMA).to_list() == [value]


@given(
    st.lists(
        st.decimals(min_value=-(10**9), max_value=10**9, places=4, allow_nan=False),
        min_size=1,
        max_size=20,
    )
)
def test_a_number_is_the_same_however_it_is_grouped(numbers):
    wanted = [float(number) for number in numbers]
    english = pl.Series([f"{number:,}" for number in numbers])
    german = english.str.replace_many([",", "."], [".", ","])
    swiss = english.str.replace_all(",", "'", literal=True)
    assert read_numbers(english, POINT).to_list() == wanted
    assert read_numbers(german, COMMA).to_list() == wanted
    assert read_numbers(swiss, POINT).to_list() == wanted


def test_the_decimal_mark_is_seen_where_it_can_be():
    assert weigh(["3.802,80"]).comma == 1
    assert weigh(["1,234.5"]).point == 1
    assert weigh(["0,123"]).comma == 1
    assert weigh(["1234,567"]).comma == 1
    assert weigh(["1,234,567"]).point == 1
    both = weigh(["1,234", "39977"])
    assert (both.either, both.ungrouped, both.example) == (1, 1, "1,234")


@pytest.mark.parametrize("text", ["Total", "2025-10-31", "12:30", "AAPL", "1-2", "--", "€"])
def test_what_is_no_number(text):
    assert not is_number(text)
