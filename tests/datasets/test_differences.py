"""Two revisions beside each other: on a page, through the API and by the command."""

import csv
import io
import json
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from django.core.management import call_command

from apps.datasets.models import Revision
from tests import scenes
from tests.scenes import DATASET_ID

PAGE = f"/datasets/{DATASET_ID}/"
API = f"/api/datasets/{DATASET_ID}/differences"


@pytest.fixture
def ada(client, catalogue, settings, tmp_path):
    """Two revisions: of the second, a bar is missing, one is new, and two closes moved."""
    settings.DATA_ROOT = tmp_path
    bars = scenes.make_bars(scenes.FIRST, scenes.LAST)
    scenes.write_dataset(catalogue.revision.folder, bars[1:])
    row = pl.int_range(pl.len())
    moved = pl.when(row == 700).then(1.0).when(row == 701).then(0.25).otherwise(0.0)
    later = bars.with_columns(close=pl.col("close") + moved).filter(row != 5)
    revision = Revision.objects.create(
        dataset=catalogue.dataset,
        number=2,
        bars_sha256="e" * 64,
        rows=later.height,
        size_bytes=1,
        first_ts=later["ts_open"][0],
        last_ts=later["ts_open"][-1],
        calendar_version="x",
        raw_files=[],
    )
    scenes.write_dataset(revision.folder, later)
    client.force_login(catalogue.ada)
    return client


def test_a_page_shows_what_came_went_and_changed(ada):
    assert f'href="{PAGE}revisions/1..2/"' in ada.get(PAGE).content.decode()
    answer = ada.get(f"{PAGE}revisions/1..2/")
    page = answer.content.decode()
    summary = answer.context["summary"]
    counts = {name: summary[name] for name in ("added", "removed", "different", "unchanged")}
    assert counts == {"added": 1, "removed": 1, "different": 2, "unchanged": 3496}
    assert [day["date"] for day in summary["days"]] == ["2023-10-30", "2023-10-31"]
    (close,) = summary["columns"]
    assert (close["column"], close["count"], close["largest"]) == ("close", 2, pytest.approx(1.0))
    assert page.count("<del>") == 2
    assert page.count("change-added") == 2  # in the chart and its key
    other = ada.get(f"{PAGE}revisions/2..1/").context["summary"]
    assert (other["added"], other["removed"], other["different"]) == (1, 1, 2)


def test_what_was_compared_once_is_kept_by_the_two_hashes(ada, tmp_path):
    first = ada.get(f"{PAGE}revisions/1..2/").content
    (kept,) = (tmp_path / "cache" / "differences").iterdir()
    sha256 = Revision.objects.get(number=1).bars_sha256
    assert kept.name.startswith(f"{sha256[:12]}-{'e' * 12}-")
    before = kept.stat().st_mtime_ns
    assert len(ada.get(f"{PAGE}revisions/1..2/").content) == len(first)
    assert kept.stat().st_mtime_ns == before
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_revision_does_not_differ_from_itself(ada):
    page = ada.get(f"{PAGE}revisions/2..2/").content.decode()
    assert "No bar differs." in page
    assert ada.get(f"{PAGE}revisions/1..3/").status_code == 404


def test_the_bars_that_differ_leave_as_csv(ada):
    answer = ada.get(f"{PAGE}revisions/1..2.csv")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert [row["change"] for row in rows] == ["added", "removed", "different", "different"]
    assert rows[0]["close_before"] == ""
    assert float(rows[2]["close_after"]) - float(rows[2]["close_before"]) == pytest.approx(1.0)
    assert rows[0]["ts_open"] == "2023-10-30T12:30:00Z"


def test_programs_get_the_same(ada):
    told = ada.get(API).json()
    assert (told["before"], told["after"], told["total"]) == (1, 2, 4)
    assert [item["change"] for item in told["items"]][:2] == ["added", "removed"]
    assert len(ada.get(API, {"limit": "1", "offset": "3"}).json()["items"]) == 1
    assert ada.get(API, {"before": "2", "after": "1"}).json()["added"] == 1
    assert ada.get(API, {"after": "7"}).json()["error"]["details"]["field"] == "revision"
    text = ada.get(API, {"format": "csv"}).getvalue()
    assert text == ada.get(f"{PAGE}revisions/1..2.csv").getvalue()


def test_files_that_are_gone_are_said(ada, catalogue):
    catalogue.revision.folder.joinpath("bars.parquet").unlink()
    answer = ada.get(API)
    assert answer.status_code == 409
    assert "missing: bars.parquet" in answer.json()["error"]["message"]


def test_the_command_counts_them(ada, catalogue, tmp_path):
    said = StringIO()
    words = ("dataset", "diff", DATASET_ID, "--from", "1", "--to", "2", "--user", "ada")
    call_command(*words, "--csv", str(tmp_path / "rows.csv"), "--json", stdout=said)
    answer = json.loads(said.getvalue())
    assert (answer["added"], answer["removed"], answer["different"]) == (1, 1, 2)
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 5
    said = StringIO()
    call_command(*words, stdout=said)
    assert "1 bars added, 1 removed, 2 different" in said.getvalue()
    assert "close: 2, by 1 at most" in said.getvalue()


def diff(path, *more, stdout=None):
    words = ("dataset", "diff", DATASET_ID, "--user", "ada", "--json", "--csv", str(path), *more)
    call_command(*words, stdout=stdout or StringIO())


def refuse(path, *more):
    """What the command says that writes no file there."""
    said = StringIO()
    with pytest.raises(SystemExit):
        diff(path, *more, stdout=said)
    return json.loads(said.getvalue())["error"]


def test_the_command_writes_over_no_file_unless_asked(ada, catalogue, tmp_path):
    kept = tmp_path / "rows.csv"
    kept.write_text("mine")
    error = refuse(kept)
    assert error["details"] == {"field": "csv", "file": str(kept)}
    assert "--overwrite" in error["message"]
    assert kept.read_text() == "mine"
    diff(kept, "--overwrite")
    assert kept.read_text().startswith("ts_open,change")


@pytest.mark.parametrize("name", ["nowhere/rows.csv", "x" * 300, "folder"])
def test_a_place_that_cannot_be_written_is_said(ada, catalogue, tmp_path, name):
    (tmp_path / "folder").mkdir()
    error = refuse(tmp_path / name, "--overwrite")
    assert "cannot be written" in error["message"]
    assert error["details"]["field"] == "csv"


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"PAR1 no more")])
def test_a_command_that_finds_no_whole_bars_says_what_to_do_and_leaves_no_file(
    ada, catalogue, tmp_path, damage
):
    bars = catalogue.revision.folder / "bars.parquet"
    bars.chmod(0o644)
    damage(bars)
    (tmp_path / "out").mkdir()
    error = refuse(tmp_path / "out" / "rows.csv")
    assert error["code"] == "CONFLICT"
    assert f"manage.py verify {DATASET_ID}" in error["message"]
    assert "Traceback" not in error["message"]
    assert list((tmp_path / "out").iterdir()) == []
