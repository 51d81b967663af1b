"""Rows of a stored table as an answer, few or many."""

import csv
import io
import json

import polars as pl
import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from hewston.frames import send_scan

pytestmark = pytest.mark.django_db  # the end of an answer looks at connections
MANY = 70_000
START = pl.datetime(2024, 1, 1, time_unit="ns", time_zone="UTC")


@pytest.fixture
def path(settings, tmp_path):
    settings.DATA_ROOT = tmp_path / "data"
    number = pl.int_range(MANY, eager=True)
    rows = pl.select(
        ts_open=START + number * pl.duration(minutes=1, time_unit="ns"),
        column=pl.when(number % 2 == 0).then(pl.lit("close")).otherwise(pl.lit("=1+1")),
        ours=number.cast(pl.Float64),
    )
    rows.write_parquet(tmp_path / "rows.parquet", row_group_size=10_000)
    return tmp_path / "rows.parquet"


def ask(path, kind, **more):
    return send_scan(RequestFactory().get("/"), path, kind=kind, etag="e" * 40, name="rows", **more)


def read(answer):
    """Give the body, and let go of its file as a server does."""
    body = answer.getvalue()
    answer.close()
    return body


def test_a_few_rows_come_from_memory_with_the_count_of_all(path):
    answer = ask(path, "json", start=MANY - 1, count=5)
    assert isinstance(answer, HttpResponse)
    item = {"ts_open": "2024-02-18T14:39:00Z", "column": "=1+1", "ours": 69999.0}
    assert json.loads(answer.content) == {"items": [item], "total": MANY}
    assert json.loads(ask(path, "json", start=MANY, count=5).content)["items"] == []


@pytest.mark.parametrize("start", [0, 3])
def test_many_rows_are_written_part_by_part_and_none_is_lost(path, settings, start):
    answers = {kind: ask(path, kind, start=start) for kind in ("json", "csv", "parquet")}
    assert all(isinstance(answer, StreamingHttpResponse) for answer in answers.values())
    told = {kind: read(answer) for kind, answer in answers.items()}
    assert list((settings.DATA_ROOT / "tmp").iterdir()) == []
    body = json.loads(told["json"])
    assert body["total"] == MANY
    assert [item["ours"] for item in body["items"]] == list(range(start, MANY))
    rows = list(csv.DictReader(io.StringIO(told["csv"].decode())))
    assert [float(row["ours"]) for row in rows] == list(range(start, MANY))
    assert {row["column"] for row in rows} == {"close", "'=1+1"}
    assert rows[0]["ts_open"] == f"2024-01-01T00:{start:02}:00Z"
    whole = pl.read_parquet(io.BytesIO(told["parquet"]))
    assert whole.equals(pl.read_parquet(path)[start:])


def test_a_part_of_many_is_that_part(path):
    body = json.loads(read(ask(path, "json", start=10, count=66_000)))
    assert [item["ours"] for item in body["items"]] == list(range(10, 66_010))
