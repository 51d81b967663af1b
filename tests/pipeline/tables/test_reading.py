"""From a file of bars to bars: what is found out, what is asked, what is refused."""

import datetime as dt

import polars as pl
import pytest

from hewston.pipeline.errors import InputError
from tests.pipeline.tables.reading import UTC, preview, read, rows, starts, table


def test_a_plain_table(tmp_path):
    found = read(tmp_path, table(rows(40)))
    assert found.interval == "15m"
    assert found.bars.height == 40
    assert starts(found)[:2] == ["2025-10-31 00:00", "2025-10-31 00:15"]
    assert found.bars.row(1, named=True)["volume"] == 1001


def test_what_cannot_be_known_is_asked_with_the_best_guess(tmp_path):
    with pytest.raises(InputError) as refusal:
        read(tmp_path, table(rows(40)), tz=None, stamp=None)
    questions = refusal.value.details["questions"]
    assert isinstance(questions, list)
    asked = {one["option"]: one for one in questions}
    assert set(asked) == {"tz", "stamp"}
    assert asked["stamp"]["choices"] == ["open", "close"]
    assert "bars.csv" in refusal.value.message
    assert "Say tz and stamp, such as tz=" in refusal.value.message


def test_dates_alone_need_neither_zone_nor_stamp(tmp_path):
    text = table(rows(30, step="1d", time="%Y-%m-%d"))
    found = read(tmp_path, text, tz=None, stamp=None)
    assert found.interval == "1d"
    assert starts(found)[0] == "2025-10-31 00:00"
    assert set(found.bars["session"]) == {"regular"}


def test_a_zone_in_the_header_is_no_question(tmp_path):
    text = table(rows(40), header="Time (UTC),Open,High,Low,Close,Volume")
    assert "tz" not in preview(tmp_path, text)["questions"]
    text = table(rows(40), header="Gmt time,Open,High,Low,Close,Volume")
    assert "tz" not in preview(tmp_path, text)["questions"]


@pytest.mark.parametrize("name", ["open_time", "Start", "Period Start"])
def test_a_header_may_say_that_a_time_is_a_start(tmp_path, name):
    text = table(rows(40), header=f"{name},Open,High,Low,Close,Volume")
    assert "stamp" not in preview(tmp_path, text)["questions"]


def test_ends_of_bars_become_starts(tmp_path):
    found = read(tmp_path, table(rows(40, first="2025-10-31 00:15")), stamp="close")
    assert starts(found)[0] == "2025-10-31 00:00"


def test_ends_just_before_the_minute_are_rounded(tmp_path):
    lines = [f"{1761868800000 + 900_000 * n + 899_999},1,2,0.5,1.5,10" for n in range(30)]
    found = read(tmp_path, table(lines, header="close_time,open,high,low,close,volume"), stamp=None)
    assert starts(found)[:2] == ["2025-10-31 00:00", "2025-10-31 00:15"]


def test_a_clock_set_back_is_told_by_the_order_of_the_rows(tmp_path):
    """New York, 2 November 2025: 01:00 to 01:45 comes twice."""
    hours = ["00:00", "00:30", "01:00", "01:30", "01:00", "01:30", "02:00", "02:30"]
    lines = [f"2025-11-02 {hour},{n},{n + 1},{n - 1},{n},5" for n, hour in enumerate(hours, 10)]
    found = read(tmp_path, table(lines), tz="America/New_York")
    assert starts(found) == [
        f"2025-11-02 {hour:02}:{minute:02}" for hour in (4, 5, 6, 7) for minute in (0, 30)
    ]
    folded = next(one for one in found.made.findings if one["key"] == "folded_hours")
    assert (folded["count"], folded["severity"]) == (4, "info")
    backwards = read(tmp_path, table(lines[::-1]), tz="America/New_York")
    assert backwards.bars.equals(found.bars)


def test_one_of_two_hours_is_reported_as_not_told(tmp_path):
    hours = ["00:00", "00:30", "01:00", "01:30", "02:00", "02:30"]
    lines = [f"2025-11-02 {hour},{n},{n + 1},{n - 1},{n},5" for n, hour in enumerate(hours, 10)]
    found = read(tmp_path, table(lines), tz="America/New_York")
    folded = next(one for one in found.made.findings if one["key"] == "folded_hours")
    assert (folded["count"], folded["severity"]) == (2, "warning")
    assert starts(found)[2:4] == ["2025-11-02 05:00", "2025-11-02 05:30"]


def test_hours_that_never_were_are_bad_rows(tmp_path):
    hours = ["01:00", "01:30", "02:00", "02:30", "03:00", "03:30"]
    lines = [f"2025-03-09 {hour},{n},{n + 1},{n - 1},{n},5" for n, hour in enumerate(hours, 10)]
    found = read(tmp_path, table(lines), tz="America/New_York")
    assert [(row.line, "set forward" in row.reason) for row in found.reading.bad] == [
        (4, True),
        (5, True),
    ]
    assert starts(found)[2] == "2025-03-09 07:00"


def test_a_fixed_offset_has_no_summer(tmp_path):
    lines = rows(4, first="2025-07-01 12:00", step="1h") + rows(
        4, first="2025-12-01 12:00", step="1h"
    )
    found = read(tmp_path, table(lines), tz="UTC+2")
    assert {start[-5:] for start in starts(found)} == {"10:00", "11:00", "12:00", "13:00"}


def test_repeated_rows_count_once_and_contradictions_are_refused_with_both_lines(tmp_path):
    lines = rows(20)
    found = read(tmp_path, table([*lines[:5], lines[4], *lines[5:]]))
    assert found.bars.height == 20
    repeated = next(one for one in found.made.findings if one["key"] == "repeated_rows")
    assert repeated["count"] == 1
    other = lines[4].replace(",1004", ",9999")
    with pytest.raises(
        InputError, match=r"Lines 6 and 7 of bars\.csv are both of 2025-10-31 01:00"
    ):
        read(tmp_path, table([*lines[:5], other, *lines[5:]]))


def test_rows_that_cannot_be_read_are_listed_with_line_and_reason(tmp_path):
    lines = rows(40)
    lines[3] = "2025-10-31 00:45,x,101,99,100,5"
    lines[5] = "31 Foo,100,101,99,100,5"
    lines[7] = "2025-10-31 01:45,100,99,101,100,5"
    lines[9] = "2025-10-31 02:15,100,101,99,100,-5"
    lines[11] = "2025-10-31 02:45,100,101,99,100,many"
    lines[13] = "2025-10-31 03:15,,101,99,100,5"
    found = read(tmp_path, table(lines))
    assert [(row.line, row.reason) for row in found.reading.bad] == [
        (5, "open 'x' is no number"),
        (7, "the time '31 Foo' cannot be read"),
        (9, "the high 99 is below the low 101"),
        (11, "the volume -5 is negative"),
        (13, "volume 'many' is no number"),
        (15, "open is missing"),
    ]
    assert found.bars.height == 34


def test_too_many_bad_rows_are_refused_and_more_may_be_allowed(tmp_path):
    lines = rows(60)
    for number in range(11):
        lines[number * 5] = f"2025-10-31 {number:02}:00,x,1,1,1,1"
    with pytest.raises(
        InputError, match=r"11 of 60 rows of bars\.csv cannot be read, and at most 10"
    ):
        read(tmp_path, table(lines))
    assert read(tmp_path, table(lines), max_bad_rows=11).reading.bad_count == 11
    with pytest.raises(InputError, match="at most 3"):
        read(tmp_path, table(lines), max_bad_rows=3)


def test_totals_footers_blank_rows_and_headers_again_are_no_data(tmp_path):
    lines = rows(30)
    lines.insert(10, "")
    lines.insert(12, "Date,Open,High,Low,Close,Volume")
    lines += [",,,,,", "Total,,,,,41000", "Downloaded from somewhere as of 31 October"]
    found = read(tmp_path, table(lines))
    assert found.reading.bad_count == 0
    assert found.bars.height == 30


def test_open_or_close_outside_the_range_is_listed_and_kept(tmp_path):
    lines = rows(30)
    lines[4] = "2025-10-31 01:00,100,101,99,102,5"
    found = read(tmp_path, table(lines))
    outside = next(one for one in found.made.findings if one["key"] == "outside_range")
    assert (outside["count"], outside["rows"][0]["line"]) == (1, 6)
    assert found.bars.height == 30


def test_one_symbol_of_several(tmp_path):
    lines = [f"{line},AAA" for line in rows(20)] + [f"{line},BBB" for line in rows(10)]
    text = table(lines, header="Date,Open,High,Low,Close,Volume,Ticker")
    assert read(tmp_path, text, symbol="BBB").bars.height == 10
    assert "symbol" in preview(tmp_path, text, tz="UTC", stamp="open")["questions"]
    with pytest.raises(InputError, match=r"has no rows of CCC\. It has AAA, BBB"):
        read(tmp_path, text, symbol="CCC")


def test_columns_can_be_named(tmp_path):
    text = table(rows(30), header="when,p1,p2,p3,p4,n")
    found = read(tmp_path, text, columns="time=when,open=p1,high=p2,low=p3,close=p4,volume=none")
    assert found.bars["volume"].null_count() == 30
    with pytest.raises(InputError, match="There is no column 'p5'"):
        read(tmp_path, text, columns="open=p5")


def test_a_table_without_prices_says_what_is_missing(tmp_path):
    text = table(["2025-10-31 00:00,1,2,3,4"] * 3, header="Date,Close,Volume,Count,Change")
    with pytest.raises(InputError, match="no column of open, high and low"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("step", "interval"),
    [
        ("1m", "1m"),
        ("5m", "5m"),
        ("1h", "1h"),
        ("4h", "4h"),
        ("1d", "1d"),
        ("1w", "1w"),
        ("1mo", "1mo"),
    ],
)
def test_the_interval_is_found(tmp_path, step, interval):
    assert read(tmp_path, table(rows(30, first="2020-01-01 00:00", step=step))).interval == interval


def test_sparse_minutes_are_minutes(tmp_path):
    lines = [line for number, line in enumerate(rows(300, step="1m")) if number % 7 not in {2, 3}]
    assert read(tmp_path, table(lines)).interval == "1m"


def test_an_interval_that_the_rows_contradict_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"interval is 1h, but the rows of bars\.csv are closer"):
        read(tmp_path, table(rows(40)), interval="1h")


def test_bars_closer_than_a_minute_are_asked_about(tmp_path):
    lines = rows(40, step="5s", time="%Y-%m-%d %H:%M:%S")
    with pytest.raises(InputError, match="5 seconds, which is no interval of bars"):
        read(tmp_path, table(lines))


def test_daily_bars_stamped_by_their_end_are_of_the_day_before(tmp_path):
    lines = rows(30, first="2025-11-01 00:00", step="1d")
    assert starts(read(tmp_path, table(lines), stamp="close"))[0] == "2025-10-31 00:00"
    lines = rows(30, first="2025-10-31 23:59", step="1d")
    assert starts(read(tmp_path, table(lines), stamp="close"))[0] == "2025-10-31 00:00"


def test_daily_bars_in_a_zone_start_at_its_midnight(tmp_path):
    lines = rows(5, first="2025-10-31 00:00", step="1d")
    found = read(tmp_path, table(lines), tz="America/New_York")
    assert starts(found)[0] == "2025-10-31 04:00"
    assert found.market.tz == "America/New_York"


def test_a_header_of_no_words_is_a_question_of_the_values(tmp_path):
    found = read(tmp_path, table(rows(60), header=""))
    assert found.plan.columns["high"] == (2,)


def test_numbers_that_can_be_read_both_ways_are_asked_about(tmp_path):
    lines = [
        f"2025-10-31 {n // 4:02}:{n % 4 * 15:02};"
        f"150,12{n % 10};150,62{n % 10};149,62{n % 10};150,22{n % 10}"
        for n in range(40)
    ]
    text = table(lines, header="Date;Open;High;Low;Close")
    assert "decimal" in preview(tmp_path, text)["questions"]
    found = read(tmp_path, text, decimal="comma")
    assert found.bars["open"][0] == 150.120
    told = table(
        [f"{line};{1000 + n}" for n, line in enumerate(lines)], "Date;Open;High;Low;Close;Volume"
    )
    assert "decimal" not in preview(tmp_path, told)["questions"]


def test_the_asset_class_is_seen_by_days_and_hours(tmp_path):
    assert read(tmp_path, table(rows(700, step="1h"))).market.asset_class == "crypto"
    weekdays = [
        line
        for line in rows(2000, first="2025-10-27 00:00", step="1h")
        if dt.date.fromisoformat(line[:10]).weekday() < 5
    ]
    assert read(tmp_path, table(weekdays)).market.asset_class == "fx"
    days = [line for line in weekdays if 14 <= int(line[11:13]) <= 20]
    assert read(tmp_path, table(days)).market.asset_class == "equity"


def test_the_preview_shows_rows_before_and_after(tmp_path):
    found = preview(tmp_path, table(rows(40)), tz="Europe/Berlin", stamp="open")
    assert found["raw"]["head"][0]["line"] == 2
    assert found["raw"]["head"][0]["cells"][0] == "2025-10-31 00:00"
    assert found["bars"]["head"][0]["ts_open"] == "2025-10-30T23:00:00Z"
    assert found["rows"] == {"read": 40, "bars": 40, "bad": 0, "not_data": 0, "is_whole": True}
    assert found["is_ready"]


def test_the_preview_says_what_would_refuse_the_import(tmp_path):
    lines = rows(20)
    found = preview(
        tmp_path, table([*lines, lines[3].replace(",1003", ",1")]), tz="UTC", stamp="open"
    )
    assert not found["is_ready"]
    assert "say different things" in found["refusals"][0]["message"]


def test_an_answer_that_is_none_is_refused(tmp_path):
    for wrong in (
        {"tz": "Mars/Base"},
        {"stamp": "middle"},
        {"interval": "7m"},
        {"delimiter": "ab"},
    ):
        with pytest.raises(InputError) as refusal:
            read(tmp_path, table(rows(5)), **wrong)
        assert refusal.value.details["field"] == next(iter(wrong))


def test_the_times_of_aware_bars_are_kept(tmp_path):
    lines = [line.replace(",", "-04:00,", 1) for line in rows(20, time="%Y-%m-%dT%H:%M:%S")]
    found = read(tmp_path, table(lines), tz=None)
    assert found.bars["ts_open"][0] == dt.datetime(2025, 10, 31, 4, tzinfo=UTC)
    assert found.bars["ts_open"].dtype == pl.Datetime("ns", "UTC")


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("FX_EURUSD, 60.csv", "EURUSD"), ("BINANCE_BTCUSDT.P, 1D_5f3a1.csv", "BTCUSDT.P")],
)
def test_the_symbol_of_tradingview_stands_behind_the_exchange(tmp_path, name, symbol):
    text = table(
        [f"{1761868800 + 900 * n},1,2,0.5,1.5,10" for n in range(30)],
        header="time,open,high,low,close,Volume",
    )
    assert read(tmp_path, text, name=name, symbol=None).plan.symbol == symbol


WEDNESDAY_MS = 1_761_696_000_000  # 2025-10-29


def test_klines_of_two_weekdays_are_crypto(tmp_path):
    lines = [
        f"{ts},{n % 7 + 1},{n % 7 + 3},{n % 7 + 0.5},{n % 7 + 2},10,{ts + 59_999},15,3,4,6,0"
        for n, ts in enumerate(range(WEDNESDAY_MS, WEDNESDAY_MS + 2 * 86_400_000, 60_000))
    ]
    found = read(tmp_path, table(lines, header=""))
    assert found.market.asset_class == "crypto"
    assert found.bars["buy_volume"][0] == 4
    assert found.bars["sell_volume"][0] == 6


def test_volumes_of_both_sides_are_taken_as_they_stand(tmp_path):
    lines = [f"{line},{600 + n},{300 + n}" for n, line in enumerate(rows(30))]
    header = "Date,Open,High,Low,Close,Volume,buy_volume,sell_volume"
    bars = read(tmp_path, table(lines, header=header)).bars
    assert (bars["buy_volume"][2], bars["sell_volume"][2]) == (602, 302)


def test_hours_that_are_not_the_calendars_are_said(tmp_path):
    weekdays = [
        line
        for line in rows(900, first="2025-10-27 00:00", step="30m")
        if dt.date.fromisoformat(line[:10]).weekday() < 5 and 9 <= int(line[11:13]) < 17
    ]
    found = read(tmp_path, table(weekdays), tz="Europe/Berlin")
    said = next(one for one in found.made.findings if one["key"] == "other_hours")
    assert "in the regular sessions of XNYS" in said["sentence"]
