"""Parquet files: every value exact, of any type that can stand in a cell."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hewston.pipeline.sources.tables import parquetplan
from hewston.pipeline.sources.tables.parquet import open_parquet

NOON = dt.datetime(2020, 1, 2, 12)  # a time without a zone is meant
UTC_NOON = NOON.replace(tzinfo=dt.UTC)


def saved(tmp_path: Path, **columns: Any) -> Path:
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (pa.array([1, None, 2**63 - 1]), ["1", None, "9223372036854775807"]),
        (pa.array([2**64 - 1, 0, None], pa.uint64()), ["18446744073709551615", "0", None]),
        (pa.array([Decimal("1.50"), None, Decimal("-2.25")]), ["1.50", None, "-2.25"]),
        (pa.array([True, False, None]), ["TRUE", "FALSE", None]),
        (pa.array(["a", " ", " b "]), ["a", None, "b"]),
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
        (pa.array(["a", None, "a"], pa.large_string()), ["a", None, "a"]),
        (pa.array(["a", None, "a"], pa.string_view()), ["a", None, "a"]),
    ],
    ids=lambda value: None if isinstance(value, list) else str(value.type),
)
def test_whole_numbers_and_texts_are_exact_text(tmp_path, array, values):
    (block,) = open_parquet(saved(tmp_path, a=array, b=[1.0] * 3), name="p").blocks()
    assert block.text["0"].to_list() == values
    assert block.lines.to_list() == [1, 2, 3]


@pytest.mark.parametrize("of", [pa.float64(), pa.float32()])
def test_numbers_are_numbers_and_short_ones_mean_their_shortest_decimal(tmp_path, of):
    path = saved(tmp_path, a=pa.array([3802.8, None, float("nan"), -0.5], of), b=[1] * 4)
    (block,) = open_parquet(path, name="p").blocks()
    assert block.numbers[0].to_list() == [3802.8, None, None, -0.5]
    assert block.text["0"].null_count() == 4


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (pa.array([NOON], pa.timestamp("s")), NOON),
        (pa.array([NOON], pa.timestamp("ns")), NOON),
        (pa.array([UTC_NOON], pa.timestamp("us", "UTC")), UTC_NOON),
        (pa.array([UTC_NOON], pa.timestamp("ms", "America/New_York")), UTC_NOON),
        (pa.array([UTC_NOON], pa.timestamp("us", "No/Where")), UTC_NOON),
        (pa.array([NOON.date()]), NOON.replace(hour=0)),
        (pa.array([NOON.date()], pa.date64()), NOON.replace(hour=0)),
        (pa.array([dt.time(9, 30)]), NOON.replace(1899, 12, 30, 9, 30)),
    ],
    ids=lambda value: None if isinstance(value, dt.datetime) else str(value.type),
)
def test_times_keep_their_zone_as_utc(tmp_path, array, value):
    (block,) = open_parquet(saved(tmp_path, a=array), name="p").blocks()
    assert block.times[0].to_list() == [value]
    assert isinstance(block.times[0].dtype, pl.Datetime)
    assert block.times[0].dtype.time_unit == "ns"


def test_nanoseconds_are_exact(tmp_path):
    path = saved(tmp_path, a=pa.array([1577966400123456789], pa.timestamp("ns")))
    (block,) = open_parquet(path, name="p").blocks()
    assert block.times[0].to_physical().to_list() == [1577966400123456789]


def test_a_time_that_nanoseconds_cannot_hold_is_listed(tmp_path):
    times = pa.array([NOON, NOON.replace(year=3000)], pa.timestamp("us"))
    (block,) = open_parquet(saved(tmp_path, when=times, n=[1, 2]), name="p").blocks()
    assert block.times[0].to_list() == [NOON, None]
    assert block.malformed == {2: "its when lies outside of the years 1678 to 2261"}


def test_columns_that_are_no_cells_are_left_out_with_the_reason(tmp_path):
    table = open_parquet(
        saved(tmp_path, a=[1], b=[[1]], c=[{"x": 1}], d=[b"x"], e=[dt.timedelta(1)], f=["y"]),
        name="p",
    )
    assert table.names == ("a", "f")
    assert table.left_out == {
        "b": "it holds lists or structures",
        "c": "it holds lists or structures",
        "d": "it holds bytes",
        "e": "it holds lengths of time",
    }
    (block,) = table.blocks()
    assert block.text.rows() == [("1", "y")]


def test_a_file_of_such_columns_alone_is_refused(tmp_path, refusal):
    assert "no column" in refusal(open_parquet, saved(tmp_path, b=[[1]]), name="p").message


def test_the_index_of_pandas_is_a_column(tmp_path):
    frame = pl.DataFrame({"close": [1.0]}).to_pandas()
    frame.index = [NOON]
    frame.to_parquet(tmp_path / "p.parquet")
    table = open_parquet(tmp_path / "p.parquet", name="p")
    assert table.names == ("close", "index")
    (block,) = table.blocks()
    assert block.times[1].to_list() == [NOON]


def test_blocks_change_nothing(tmp_path, monkeypatch):
    path = saved(tmp_path, a=list(range(1000)), b=[f"x{n}" for n in range(1000)])
    monkeypatch.setattr(parquetplan, "_BLOCK_ROWS", 64)
    table = open_parquet(path, name="p")
    blocks = list(table.blocks())
    assert (table.rows, len(blocks)) == (1000, 16)
    assert [n for block in blocks for n in block.lines] == list(range(1, 1001))
    assert [n for block in blocks for n in block.text["1"]] == [f"x{n}" for n in range(1000)]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize(
    "encoding", ["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY", "DICTIONARY"]
)
def test_texts_are_read_in_every_encoding(tmp_path, encoding, version):
    texts = [f"2020-01-01 {n:05}" for n in range(20_000)]
    options = (
        {"use_dictionary": True}
        if encoding == "DICTIONARY"
        else {"use_dictionary": False, "column_encoding": {"a": encoding}}
    )
    path = tmp_path / "p"
    pq.write_table(
        pa.table({"a": texts, "b": list(range(20_000))}),
        path,
        data_page_version=version,
        data_page_size=1000,
        row_group_size=7000,
        **options,
    )
    blocks = list(open_parquet(path, name="p").blocks())
    assert [text for block in blocks for text in block.text["0"]] == texts
    assert [n for block in blocks for n in block.lines] == list(range(1, 20_001))


def test_rows_without_any_cell_are_left_out(tmp_path):
    path = saved(tmp_path, a=pa.array([1.5, None, None]), b=pa.array([None, None, "x"]))
    (block,) = open_parquet(path, name="p").blocks()
    assert block.lines.to_list() == [1, 3]
    assert block.numbers[0].to_list() == [1.5, None]
    assert block.text["1"].to_list() == [None, "x"]


def test_sixteen_thousand_columns_are_refused(tmp_path, refusal):
    path = saved(tmp_path, **{f"c{n}": [1] for n in range(16_000)})
    assert "has 16,000 columns" in refusal(open_parquet, path, name="p").message
