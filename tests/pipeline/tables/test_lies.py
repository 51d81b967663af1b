"""Tables that could be read, and wrongly: each is refused, asked about, or reported."""

import datetime as dt

import polars as pl
import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.times import TimeForm, read_times
from hewston.pipeline.sources.tables.units import find_unit
from tests.pipeline.tables.reading import preview, read, rows, starts, table

CLOCK_12 = "%Y-%m-%d %I:%M"


def finding(shown, key):
    return next((one for one in shown["findings"] if one["key"] == key), None)


def asked(shown):
    return {one["key"]: one["value"] for one in shown["settings"] if one["is_open"]}


def dated(dates):
    """Write rows of bars with these dates."""
    bars = rows(len(dates), line="{open},{high},{low},{close},{volume}")
    return table([f"{date},{bar}" for date, bar in zip(dates, bars, strict=True)])


def test_a_header_again_in_another_order_is_refused_with_its_line(tmp_path):
    joined = table(rows(40)) + table(
        rows(40, first="2025-11-30 00:00"), "Date,Close,High,Low,Open,Volume"
    )
    with pytest.raises(InputError, match=r"^Line 42 of bars\.csv is a header that names the"):
        read(tmp_path, joined)


def test_the_same_header_again_is_no_data(tmp_path):
    joined = table(rows(40)) + table(rows(40, first="2025-11-30 00:00"))
    assert read(tmp_path, joined).bars.height == 80


@pytest.mark.parametrize(
    ("first", "then", "interval", "found"),
    [
        ("1m", "5m", "1m", (202, 29)),
        ("5m", "1m", "1m", (2, 199)),
        ("1h", "30m", "1h", (202, 29)),
        ("1d", "1w", "1d", (202, 29)),
    ],
)
def test_bars_of_another_length_are_reported(tmp_path, first, then, interval, found):
    lines = rows(200, step=first) + rows(30, step=then, first="2026-10-05 00:00")
    shown = preview(tmp_path, table(lines), tz="UTC", stamp="open")
    told = finding(shown, "other_lengths")
    settings = {one["key"]: one["value"] for one in shown["settings"]}
    assert (settings["interval"], told["severity"]) == (interval, "warning")
    assert (told["rows"][0]["line"], told["count"]) == found


@pytest.mark.parametrize("step", ["1m", "4h", "1d", "1w", "1mo"])
def test_bars_of_one_length_have_nothing_to_report(tmp_path, step):
    shown = preview(tmp_path, table(rows(60, step=step)), tz="UTC", stamp="open")
    assert (finding(shown, "other_lengths"), finding(shown, "odd_starts")) == (None, None)


def test_a_bar_that_begins_beside_the_others_is_reported(tmp_path):
    lines = [*rows(40, step="5m"), "2025-10-31 03:17:23,100,101,99,100,5"]
    shown = preview(tmp_path, table(lines), tz="UTC", stamp="open")
    found = finding(shown, "odd_starts")
    assert (found["count"], found["rows"][0]["line"]) == (1, 42)
    assert "2025-10-31 03:17:23" in found["sentence"]


def test_sparse_minutes_are_no_bars_of_five(tmp_path):
    lines = rows(300, step="1m")
    sparse = [line for n, line in enumerate(lines) if n % 5 == 0 or n % 37 == 0]
    shown = preview(tmp_path, table(sparse), tz="UTC", stamp="open")
    assert {one["key"]: one["value"] for one in shown["settings"]}["interval"] == "1m"


def test_hours_without_am_and_pm_are_refused(tmp_path):
    day = table(rows(48, step="10m", first="2025-10-31 09:30", time=CLOCK_12))
    with pytest.raises(InputError, match=r"^At line 23 of bars\.csv the hours begin at 1 again"):
        read(tmp_path, day)


def test_hours_with_am_and_pm_are_read(tmp_path):
    day = table(rows(48, step="10m", first="2025-10-31 09:30", time=f"{CLOCK_12} %p"))
    assert starts(read(tmp_path, day))[-1] == "2025-10-31 17:20"


@pytest.mark.parametrize(
    ("header", "price"), [("", ""), ("No,Date,Open,High,Low,Close,Volume", ""), ("", "bare")]
)
def test_rows_that_are_counted_are_no_dates_of_excel(tmp_path, header, price):
    lines = rows(60, step="1d", time="%Y-%m-%d")
    if price:
        lines = [line.partition(",")[2] for line in lines]
    counted = table([f"{44000 + n},{line}" for n, line in enumerate(lines)], header)
    if price:
        with pytest.raises(InputError, match="has no column of time"):
            read(tmp_path, counted)
    else:
        assert starts(read(tmp_path, counted))[0] == "2025-10-31 00:00"


@pytest.mark.parametrize("unit", [1, 10**3, 10**6])
@pytest.mark.parametrize("year", [1971, 1980, 2023, 2200])
def test_a_number_since_1970_never_wraps_around(year, unit):
    moment = dt.datetime(year, 3, 1, tzinfo=dt.UTC)
    text = pl.Series([str(int(moment.timestamp()) * unit)])
    read = read_times(text, TimeForm(kind="epoch"))[0]
    assert read == moment or (read is None and year == 1971)  # few digits are of something else


def test_dates_have_no_end_to_be_named_by(tmp_path):
    lines = table(rows(60, step="1d", time="%Y-%m-%d"))
    assert starts(read(tmp_path, lines, stamp="close"))[0] == "2025-10-31 00:00"


FRIDAYS = [dt.date(2024, 1, 5) + dt.timedelta(weeks=n) for n in range(40)]
MONTH_ENDS = [dt.date(2020 + n // 12, n % 12 + 1, 1) - dt.timedelta(days=1) for n in range(1, 40)]


@pytest.mark.parametrize(("dates", "begins"), [(FRIDAYS, "2024-01-01"), (MONTH_ENDS, "2020-01-01")])
def test_weeks_and_months_that_are_named_by_their_end_are_asked_about(tmp_path, dates, begins):
    assert asked(preview(tmp_path, dated(dates))) == {"stamp": "close"}
    assert starts(read(tmp_path, dated(dates), stamp="close"))[0] == f"{begins} 00:00"
    assert starts(read(tmp_path, dated(dates), stamp="open"))[0] == f"{dates[0]} 00:00"


@pytest.mark.parametrize("shift", [3, -5])
def test_weeks_that_begin_on_a_monday_or_a_sunday_are_not_asked_about(tmp_path, shift):
    days = [day + dt.timedelta(days=shift) for day in FRIDAYS]
    assert asked(preview(tmp_path, dated(days))) == {}


def test_volumes_are_in_the_unit_that_their_header_says(tmp_path):
    shown = preview(tmp_path, table(rows(40), "Date,Open,High,Low,Close,Volume (000)"))
    assert shown["bars"]["head"][0]["volume"] == 1_000_000
    assert "multiplied by 1,000" in finding(shown, "volume_unit")["sentence"]


@pytest.mark.parametrize(
    ("header", "cells", "unit"),
    [
        ("Volume (000s)", ["12"], 1e3),
        ("Vol '000", ["12"], 1e3),
        ("Volume in thousands", ["12"], 1e3),
        ("Volume (Lakhs)", ["1.2"], 1e5),
        ("Volumen (Mio.)", ["1.2"], 1e6),
        ("成交量(万股)", ["12"], 1e4),
        ("出来高(千株)", ["12"], 1e3),
        ("Volume (M)", ["12M"], 1),
        ("Volume", ["12"], 1),
        ("Volume (BTC)", ["12"], 1),
        ("Volume in USD", ["12"], 1),
    ],
)
def test_a_header_says_a_unit_or_none(header, cells, unit):
    assert find_unit(header, cells) == unit


def test_a_price_that_no_engine_can_take_is_a_bad_row(tmp_path):
    lines = [*rows(40), "2025-11-30 00:00,1e98,1e98,1e98,1e98,1"]
    bad = read(tmp_path, table(lines)).reading.bad
    assert [(row.line, row.reason) for row in bad] == [(42, "the price 1e+98 is beyond 1e+12")]
