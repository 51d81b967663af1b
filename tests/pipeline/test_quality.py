"""What is counted of the records, and what is reported of the bars."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hewston.pipeline import bars, calendar
from hewston.pipeline.errors import InputError
from hewston.pipeline.quality import arrivals
from hewston.pipeline.quality.arrivals import Arrivals, count_reopened, repeated
from hewston.pipeline.quality.report import Disagreement, report
from hewston.pipeline.quality.tally import Tally, count_records
from hewston.pipeline.sources.dbn.records import Chunk, Rows
from tests.pipeline.dbnfiles import Print, rows_of
from tests.pipeline.frames import make_bars

TUESDAY = dt.date(2023, 1, 3)


def counts_of(tally: Tally) -> dict[str, int]:
    found = tally.frame().group_by("kind").agg(pl.col("count").sum())
    return {kind: count for kind, count in found.iter_rows() if count}


def arrivals_of(rows: Rows, chunk: int = 1000) -> dict[str, int]:
    """Count what is out of order or twice, both passes, reading in chunks."""

    def read() -> Iterator[Chunk]:
        for first in range(0, len(rows), chunk):
            part = rows[first : first + chunk]
            yield Chunk(rows=part, numbers=np.arange(first, first + len(part)))

    tally = Tally()
    found = Arrivals(tally.add, name="file")
    for part in read():
        found.add(bars.by_instrument(part.rows))
    count_reopened(read, found.finish(), tally, name="file")
    return counts_of(tally)


def slow_arrivals_of(rows: Rows) -> dict[str, int]:
    """Count the same record by record."""
    seen: Counter[bytes] = Counter(row.tobytes() for row in rows)
    latest: dict[int, int] = {}
    back = 0
    for row in rows:
        back += latest.get(row["instrument_id"], 0) > row["ts_recv"]
        latest[row["instrument_id"]] = row["ts_recv"]
    counts = {"out_of_order": back, "duplicate": sum(n - 1 for n in seen.values())}
    return {kind: count for kind, count in counts.items() if count}


def test_odd_records_are_counted_by_kind():
    rows = rows_of(
        [
            Print(price=None),
            Print(size=0),
            Print(action="R"),
            Print(price=-1),
            Print(price=1.001),
            Print(price=1.0001),
            Print(bid=101),
            Print(bid=100.01),
            Print(ask=None),
            Print(price=None, bid=None),
        ],
        "tbbo",
    )
    tally = Tally()
    count_records(rows, bars.is_print(rows), tally)
    assert counts_of(tally) == {
        "records": 10,
        "publisher_0": 10,
        "without_price": 2,
        "without_size": 1,
        "other_action": 1,
        "negative_price": 1,
        "decimals_3": 1,
        "decimals_4": 1,
        "crossed_quote": 1,
        "locked_quote": 1,
        "one_sided_quote": 1,
    }


def test_publishers_and_unreliable_times_are_counted():
    rows = rows_of([Print(), Print(), Print()])
    rows["publisher_id"] = [1, 2, 1]
    rows["flags"] = [128, 136, 8]
    tally = Tally()
    count_records(rows, bars.is_print(rows), tally)
    assert counts_of(tally) == {
        "records": 3,
        "publisher_1": 2,
        "publisher_2": 1,
        "unreliable_time": 2,
    }


def test_counts_are_kept_by_instrument_and_day():
    rows = rows_of([Print(), Print(instrument_id=9), Print(at=86_400), Print()])
    tally = Tally()
    for _ in range(100):  # more parts than are kept apart
        tally.add("records", rows)
    assert tally.frame().select("instrument_id", "day", "count").rows() == [
        (7, 19360, 200),
        (7, 19361, 100),
        (9, 19360, 100),
    ]


def test_prints_alike_in_time_price_and_size_are_no_duplicates():
    alike = [Print(sequence=n) for n in range(5)]
    assert arrivals_of(rows_of(alike)) == {}
    assert arrivals_of(rows_of([*alike, alike[2], alike[2]])) == {"duplicate": 2}


def test_a_record_that_comes_back_later_in_the_file_is_a_duplicate():
    rows = rows_of([Print(at=1), Print(at=2), Print(at=1), Print(at=2), Print(at=2)])
    for chunk in (1, 2, 3, 100):
        assert arrivals_of(rows, chunk) == {"out_of_order": 1, "duplicate": 3}


def test_times_that_differ_by_nanoseconds_are_told_apart():
    rows = rows_of([Print(), Print(), Print(sequence=1), Print(), Print(sequence=1), Print()])
    rows["ts_recv"] += np.array([0, 2, 1, 0, 1, 2], np.uint64)
    for chunk in (1, 2, 3, 100):
        assert arrivals_of(rows, chunk) == slow_arrivals_of(rows)


def test_reversed_records_are_out_of_order():
    order = [*range(10), *range(19, 9, -1), *range(20, 30)]
    assert arrivals_of(rows_of([Print(at=n) for n in order])) == {"out_of_order": 9}


def test_instruments_that_follow_each_other_are_in_order():
    rows = rows_of([Print(at=n, instrument_id=i) for i in (1, 2) for n in range(5)])
    assert arrivals_of(rows) == {}


ROWS = st.lists(
    st.builds(
        Print,
        at=st.sampled_from([0, 1e-9, 2e-9, 1, 2, 3]),
        price=st.sampled_from([1.0, 2.0]),
        instrument_id=st.sampled_from([1, 2]),
    ),
    min_size=1,
    max_size=40,
).map(rows_of)


@given(rows=ROWS, chunk=st.integers(1, 12))
def test_any_chunk_size_counts_the_same_arrivals(rows, chunk):
    assert arrivals_of(rows, chunk) == slow_arrivals_of(rows)


@given(rows=ROWS)
def test_a_bounded_second_pass_counts_the_same(rows):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrivals, "MOST_AT_ONE_TIME", 40)
        patch.setattr(arrivals, "_TIMES_A_PASS", 2)
        assert arrivals_of(rows, 5) == slow_arrivals_of(rows)


def test_a_time_shared_by_too_many_records_is_refused():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrivals, "MOST_AT_ONE_TIME", 3)
        with pytest.raises(InputError, match="share one receive time"):
            arrivals_of(rows_of([Print()] * 4), 2)


def test_rows_that_only_share_a_hash_are_not_equal():
    rows = rows_of([Print(sequence=n) for n in range(3)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrivals, "_MIX", np.uint64(0))
        assert repeated(rows).tolist() == []
        assert repeated(np.concatenate([rows, rows[:1]])).tolist() == [3]


def report_of(frame: pl.DataFrame, first=TUESDAY, last=TUESDAY, name="XNYS", **more):
    tally = Tally()
    tally.add("records", rows_of([Print()]))
    given: dict[str, Any] = {
        "tallies": {"TRADES": tally.frame()},
        "disagreement": Disagreement(),
        "asset_class": "equity",
        "multiplier_known": False,
    }
    return report(
        frame,
        sessions=calendar.schedule(name, first, last),
        dates=calendar.exchange_date(frame["ts_open"], name),
        **given | more,
    )


def finding_of(found: dict[str, Any], key: str) -> dict[str, Any]:
    one: dict[str, Any]
    (one,) = [finding for finding in found["findings"] if finding["key"] == key]
    return one


def test_missing_session_minutes_are_counted_listed_and_the_longest_named():
    minutes = [*range(10), *range(12, 100), *range(130, 389)]
    found = report_of(make_bars([1] * len(minutes), [1] * len(minutes), minutes=minutes))
    missing = found["missing_session_minutes"]
    assert (missing["count"], missing["longest"], missing["list_is_cut"]) == (33, 30, False)
    assert missing["list"] == [
        {"from": "2023-01-03T14:40:00Z", "to": "2023-01-03T14:42:00Z", "minutes": 2},
        {"from": "2023-01-03T16:10:00Z", "to": "2023-01-03T16:40:00Z", "minutes": 30},
        {"from": "2023-01-03T20:59:00Z", "to": "2023-01-03T21:00:00Z", "minutes": 1},
    ]
    (session,) = found["sessions"]
    assert session["missing"] == 33
    assert session["bars"] == 357
    assert session["open"] == "2023-01-03T14:30:00Z"


def test_a_session_without_bars_is_expected_but_not_present():
    found = report_of(make_bars([1] * 390, [1] * 390), last=TUESDAY + dt.timedelta(days=2))
    assert (found["sessions_expected"], found["sessions_present"]) == (3, 1)
    assert found["missing_session_minutes"]["count"] == 780
    assert [session["missing"] for session in found["sessions"]] == [0, 390, 390]
    assert finding_of(found, "missing_sessions")["severity"] == "warning"


def test_the_list_of_gaps_says_when_it_is_cut():
    minutes = range(0, 1440 * 2, 2)
    frame = make_bars([1] * len(minutes), [1] * len(minutes), minutes=list(minutes))
    found = report_of(frame, last=TUESDAY + dt.timedelta(days=2), name="24/7")
    missing = found["missing_session_minutes"]
    assert missing["list_is_cut"]
    assert len(missing["list"]) == 1000
    assert missing["gaps"] == 1441


def test_around_the_clock_no_gap_is_lost_at_midnight():
    frame = make_bars([1, 1], [1, 1], minutes=[0, 1440])
    found = report_of(frame, last=TUESDAY + dt.timedelta(days=1), name="24/7")
    assert found["missing_session_minutes"]["count"] == 2880 - 2
    assert [session["missing"] for session in found["sessions"]] == [1439, 1439]


def test_a_jump_of_more_than_a_fifth_is_an_outlier():
    found = report_of(make_bars([100, 100, 121, 121], [100, 100, 121, 100]))
    assert finding_of(found, "outlier")["count"] == 1


def test_where_trades_and_tbbo_disagree_is_said():
    found = report_of(
        make_bars([1], [1]),
        disagreement=Disagreement(days_from_tbbo=1, days_without_quotes=2, minutes=3),
    )
    assert finding_of(found, "prints_from_tbbo")["sentence"].startswith("1 day had no TRADES")
    assert finding_of(found, "days_without_quotes")["count"] == 2
    assert finding_of(found, "products_differ")["sentence"].startswith("3 minutes had other")


def test_an_assumed_multiplier_is_a_warning():
    found = report_of(make_bars([1], [1]), asset_class="future")
    assert finding_of(found, "no_definition")["severity"] == "warning"


def hours(opens: list[int], name: str = "XNYS") -> pl.DataFrame:
    """Bars that start so many minutes after 09:30 in New York, labelled."""
    frame = make_bars([1] * len(opens), [1] * len(opens), minutes=opens)
    days = calendar.schedule(name, TUESDAY, TUESDAY + dt.timedelta(days=9))
    return frame.with_columns(session=calendar.label(frame["ts_open"], days))


def test_missing_bars_are_counted_in_bars_of_the_interval():
    found = report_of(hours([0, 60, 180]), interval="1h")  # the last one has half an hour
    assert found["missing_bars"] == {"count": 4, "longest": 3}
    assert found["missing_session_minutes"]["count"] == 60 + 150
    (session,) = found["sessions"]
    assert (session["expected"], session["missing"], session["regular_bars"]) == (7, 4, 3)
    finding = finding_of(found, "missing_bars")
    assert finding["sentence"].startswith("4 bars of 1h are not there, at most")


def test_bars_on_the_hour_cover_a_session_that_opens_at_half_past():
    found = report_of(hours([-30, 30, 90, 150, 210, 270, 330]), interval="1h")
    assert found["missing_bars"]["count"] == 0
    assert found["sessions"][0]["missing"] == 0


def test_a_break_is_no_gap():
    tokyo = [minute - 870 for minute in (*range(150), *range(210, 390))]  # from 09:00 there
    frame = make_bars([1] * len(tokyo), [1] * len(tokyo), minutes=[m + 1440 for m in tokyo])
    days = calendar.schedule("XTKS", dt.date(2023, 1, 4), dt.date(2023, 1, 4))
    frame = frame.with_columns(session=calendar.label(frame["ts_open"], days))
    found = report_of(frame, dt.date(2023, 1, 4), dt.date(2023, 1, 4), name="XTKS")
    ends = calendar.schedule("XTKS", dt.date(2023, 1, 4), dt.date(2023, 1, 4)).to_dicts()[0]
    assert found["sessions"][0]["expected"] == found["sessions"][0]["regular_bars"]
    assert found["missing_session_minutes"]["count"] == 0
    assert found["sessions"][0]["break_end"] == f"{ends['break_end']:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    ("interval", "expected", "present", "bars"),
    [("1d", 8, 2, [1, 1, 0, 0, 0, 0, 0, 0]), ("1w", 2, 1, [2, 0]), ("1mo", 1, 1, [2])],
)
def test_from_a_day_on_whole_sessions_are_missing(interval, expected, present, bars):
    frame = make_bars([1, 1], [1, 1], minutes=[0, 1440])
    found = report_of(frame, last=TUESDAY + dt.timedelta(days=9), interval=interval)
    assert (found["sessions_expected"], found["sessions_present"]) == (expected, present)
    assert found["missing_bars"]["count"] == expected - present
    assert found["missing_session_minutes"] == {
        "count": 0,
        "longest": 0,
        "list": [],
        "gaps": 0,
        "list_is_cut": False,
    }
    assert sum(session["expected"] for session in found["sessions"]) == expected
    assert [session["bars"] for session in found["sessions"] if session["expected"]] == bars


def test_a_split_between_two_days_is_an_outlier():
    frame = make_bars([100, 50], [100, 50], minutes=[0, 1440])
    found = report_of(frame, last=TUESDAY + dt.timedelta(days=1), interval="1d")
    assert finding_of(found, "outlier")["count"] == 1


def test_what_the_caller_found_comes_last():
    extra = {"key": "own", "label": "Own", "severity": "warning", "count": 1, "sentence": "So."}
    assert report_of(make_bars([1], [1]), extra=[extra])["findings"][-1] == extra


@given(
    st.sets(st.integers(-30, 420), min_size=1, max_size=60),
    st.sampled_from([1, 5, 15, 60]),
)
def test_gaps_are_what_no_bar_covers(starts, minutes):
    interval = {1: "1m", 5: "5m", 15: "15m", 60: "1h"}[minutes]
    opens = sorted({start - start % minutes for start in starts})
    found = report_of(hours(opens), interval=interval)
    covered = {minute for start in opens for minute in range(start, start + minutes)}
    missing = [minute for minute in range(390) if minute not in covered]
    assert found["missing_session_minutes"]["count"] == len(missing)


def test_a_weekly_bar_beyond_the_last_session_is_no_sessions_bar():
    frame = make_bars([1, 1], [1, 1], minutes=[0, 7 * 1440])
    found = report_of(frame, last=TUESDAY + dt.timedelta(days=1), interval="1w")
    assert [session["bars"] for session in found["sessions"]] == [1, 0]
    assert found["missing_bars"]["count"] == 0
