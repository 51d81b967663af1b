"""What two revisions do not share."""

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hewston.pipeline import schemas, store
from hewston.pipeline.differences import CHANGES, compare, summarise, write_differences

OPEN = dt.datetime(2023, 11, 6, 14, 30, tzinfo=dt.UTC)
NAN = float("nan")


def bars(closes: dict[int, float | None], **more: Any) -> pl.DataFrame:
    """Bars at minutes after the open."""
    values: dict[str, list[Any]] = {name: [None] * len(closes) for name in schemas.BARS}
    values |= {
        "ts_open": [OPEN + dt.timedelta(minutes=minute) for minute in closes],
        "close": list(closes.values()),
        "session": ["regular"] * len(closes),
        **more,
    }
    return pl.DataFrame(values, schema=schemas.BARS)


def list_changes(before: pl.DataFrame, after: pl.DataFrame) -> list[tuple[int, str]]:
    rows = compare(before.lazy(), after.lazy()).rows
    minutes = ((rows["ts_open"] - OPEN).dt.total_minutes()).to_list()
    return list(zip(minutes, rows["change"].to_list(), strict=True))


def test_bars_that_came_went_and_changed_are_told_apart() -> None:
    before = bars({0: 1.0, 1: 2.0, 2: 3.0, 4: 5.0})
    after = bars({0: 1.0, 1: 2.5, 3: 4.0, 4: 5.0})
    assert list_changes(before, after) == [(1, "different"), (2, "removed"), (3, "added")]
    rows = compare(before.lazy(), after.lazy()).rows
    assert rows["close_before"].to_list() == [2.0, 3.0, None]
    assert rows["close_after"].to_list() == [2.5, None, 4.0]


def test_what_is_unknown_or_no_number_on_both_sides_is_the_same() -> None:
    before = bars({0: None, 1: NAN, 2: None, 3: NAN})
    after = bars({0: None, 1: NAN, 2: NAN, 3: 1.0})
    assert list_changes(before, after) == [(2, "different"), (3, "different")]


def test_a_summary_says_what_differs_where_and_how_far() -> None:
    day = 24 * 60
    before = bars({0: 1.0, 1: 2.0, 2: 3.0, day: 5.0}, volume=[1.0, 2.0, 3.0, 4.0])
    after = bars({1: 2.5, 2: 1.0, day: 5.0, day + 1: 1.0}, volume=[2.0, None, 4.0, 1.0])
    summary = summarise(compare(before.lazy(), after.lazy()), calendar="XNYS")
    assert summary == {
        "bars_before": 4,
        "bars_after": 4,
        "unchanged": 1,
        "added": 1,
        "removed": 1,
        "different": 2,
        "columns": [
            {
                "column": "close",
                "count": 2,
                "first": "2023-11-06T14:31:00+00:00",
                "largest": 2.0,
                "largest_at": "2023-11-06T14:32:00+00:00",
            },
            {
                "column": "volume",
                "count": 1,
                "first": "2023-11-06T14:32:00+00:00",
                "largest": None,
                "largest_at": None,
            },
        ],
        "days": [
            {
                "date": "2023-11-06",
                "added": 0,
                "removed": 1,
                "different": 2,
                "largest_close": 2.0,
            },
            {
                "date": "2023-11-07",
                "added": 1,
                "removed": 0,
                "different": 0,
                "largest_close": None,
            },
        ],
    }


MINUTES = st.dictionaries(
    st.integers(0, 30), st.sampled_from([1.0, 2.0, None, NAN]), max_size=20
).map(lambda closes: bars(dict(sorted(closes.items()))))


@given(MINUTES)
def test_nothing_differs_from_itself(frame: pl.DataFrame) -> None:
    assert list_changes(frame, frame) == []


@given(MINUTES, MINUTES)
def test_the_other_way_round_what_came_went(before: pl.DataFrame, after: pl.DataFrame) -> None:
    other = {"added": "removed", "removed": "added", "different": "different"}
    there, back = list_changes(before, after), list_changes(after, before)
    assert [(minute, other[change]) for minute, change in there] == back


@given(MINUTES, MINUTES)
def test_the_changes_make_one_frame_of_the_other(before: pl.DataFrame, after: pl.DataFrame) -> None:
    difference = compare(before.lazy(), after.lazy())
    kept = before.join(difference.rows, on="ts_open", how="anti")
    came = difference.rows.filter(pl.col("change") != "removed").select(
        "ts_open", pl.col("^.*_after$").name.replace("_after$", "")
    )
    made = pl.concat([kept, came.select(*schemas.BARS)]).sort("ts_open")
    assert made.equals(after)
    summary = summarise(difference, calendar="24/7")
    assert summary["unchanged"] == kept.height
    assert sum(summary[name] for name in CHANGES) == difference.rows.height
    assert sum(day[name] for day in summary["days"] for name in CHANGES) == difference.rows.height


def test_equal_files_are_equal_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("before.parquet", "after.parquet")]
    for path, frame in zip(paths, (bars({0: 1.0, 1: 2.0}), bars({1: 3.0})), strict=True):
        frame.write_parquet(path)
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        write_differences(
            before=paths[0],
            after=paths[1],
            calendar="XNYS",
            tz="America/New_York",
            folder=folder,
            progress=print,
            log=print,
        )
        made.append([store.sha256_file(path) for path in sorted(folder.iterdir())])
    assert made[0] == made[1]
    assert len(made[0]) == 2
