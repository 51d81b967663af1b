"""Tables that look plain and would be read wrongly, or break what reads them."""

import datetime as dt

import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.encodings import to_utf8
from hewston.pipeline.sources.tables.textblock import cells_of
from hewston.pipeline.sources.tables.thrift import read_struct
from hewston.pipeline.sources.tables.times import are_clocks, shape_of
from tests.pipeline.tables.reading import preview, read, rows, starts, table

HEADER = "Date,Open,High,Low,Close"


def finding(found, key):
    return next(one for one in found.made.findings if one["key"] == key)


def test_a_blank_column_that_is_named_as_the_time_is_refused(tmp_path):
    lines = [f"{line}," for line in rows(10)]
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path, table(lines, header=f"{HEADER},Volume,Notes"), columns="time=Notes")


def test_digits_of_other_kinds_are_no_digits(tmp_path):
    assert shape_of("24010²") is None
    assert not are_clocks(["093²", "1600"])
    with pytest.raises(InputError, match="no column '²'"):
        read(tmp_path, table(rows(10)), columns="time=²")


def test_lists_in_lists_without_end_are_refused():
    with pytest.raises(ValueError, match="too deep"):
        read_struct(b"\x19" * 5000, {})


def test_a_quoted_cell_that_is_too_long_is_a_row_that_cannot_be_read():
    content = b'1,2\n"' + b"x" * 200_000 + b'",2,3,4\n5,6\n'
    cells = cells_of(content, first_line=1, delimiter=",", width=2, quoted=True)
    assert list(cells.malformed) == [2]


@pytest.mark.parametrize("names", ["BidVolume,AskVolume", "Down Volume,Up Volume"])
def test_what_trades_at_the_ask_was_bought(tmp_path, names):
    lines = [f"{line},{300 + n},{600 + n}" for n, line in enumerate(rows(30))]
    bars = read(tmp_path, table(lines, header=f"{HEADER},Volume,{names}")).bars
    assert (bars["buy_volume"][2], bars["sell_volume"][2]) == (602, 302)


def test_volumes_of_both_sides_make_the_volume_that_is_not_there(tmp_path):
    sides = "{time},{open},{high},{low},{close}"
    lines = [f"{line},{600 + n},{300 + n}" for n, line in enumerate(rows(30, line=sides))]
    bars = read(tmp_path, table(lines, header=f"{HEADER},UpVolume,DownVolume")).bars
    assert (bars["volume"][2], bars["buy_volume"][2]) == (904, 602)


def test_what_was_not_sold_was_bought(tmp_path):
    lines = [f"{line},{300 + n}" for n, line in enumerate(rows(30))]
    bars = read(tmp_path, table(lines, header=f"{HEADER},Volume,Sell Volume")).bars
    assert (bars["volume"][2], bars["buy_volume"][2], bars["sell_volume"][2]) == (1002, 700, 302)


def epochs(first, step, count=30):
    line = "{time},{open},{high},{low},{close},{volume}"
    begin = dt.datetime.fromisoformat(first).replace(tzinfo=dt.UTC)
    made = []
    for number, text in enumerate(rows(count, line=line)):
        rest = text.split(",", 1)[1]
        made.append(f"{int((begin + number * step).timestamp() * 1000)},{rest}")
    return table(made)


def test_days_of_unix_times_that_end_just_before_midnight_are_of_that_day(tmp_path):
    text = epochs("2025-10-31T23:59:59.999", dt.timedelta(days=1))
    found = read(tmp_path, text, tz=None, stamp="close")
    assert starts(found)[:2] == ["2025-10-31 00:00", "2025-11-01 00:00"]


def test_weeks_of_unix_times_that_end_on_a_midnight_start_on_their_monday(tmp_path):
    text = epochs("2025-11-03T00:00:00", dt.timedelta(days=7))
    found = read(tmp_path, text, tz=None, stamp="close")
    assert starts(found)[:2] == ["2025-10-27 00:00", "2025-11-03 00:00"]


def test_when_a_file_was_made_is_no_proof_of_the_zone_of_its_times(tmp_path):
    made = preview(tmp_path, "Generated at 2025-11-01 12:00 UTC\n" + table(rows(30)))
    assert "tz" in made["questions"]
    assert {one["key"]: one["value"] for one in made["settings"]}["tz"] == "UTC"
    told = preview(tmp_path, "All times are UTC\n" + table(rows(30)))
    assert "tz" not in told["questions"]


def test_an_offset_that_no_zone_keeps_is_asked_about(tmp_path):
    text = table(rows(30), header="Time (UTC+3:30),Open,High,Low,Close,Volume")
    assert "tz" in preview(tmp_path, text)["questions"]


def test_an_hour_that_one_year_has_twice_tells_nothing_of_another(tmp_path):
    hours = ["2024-11-03 00:30", "2024-11-03 01:30", "2024-11-03 02:30"]
    hours += ["2025-11-02 00:30", "2025-11-02 01:30", "2025-11-02 01:30", "2025-11-02 02:30"]
    lines = [f"{hour},{n},{n + 1},{n - 1},{n},5" for n, hour in enumerate(hours, 10)]
    found = finding(read(tmp_path, table(lines), tz="America/New_York"), "folded_hours")
    assert (found["count"], found["severity"]) == (3, "warning")


def test_rows_that_are_all_bad_are_said_and_not_asked_about(tmp_path):
    lines = [f"2025-10-31 0{n}:00,x,y,z,1{n},5" for n in range(5)]
    with pytest.raises(InputError) as refusal:
        read(tmp_path, table(lines), columns="open=Open,high=High,low=Low,close=Close")
    assert "interval" not in refusal.value.message


def test_utf_16_is_read_the_way_round_that_its_mark_says(tmp_path):
    path = tmp_path / "bars.csv"
    path.write_bytes(b"\xfe\xff" + table(rows(5)).encode("utf-16-be"))
    found = to_utf8(path, name="bars.csv", scratch=tmp_path, encoding="utf-16")
    assert found.encoding == "utf-16-be"
