"""`verify --against`: a dataset compared with a vendor's own bars, as a person types it."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.commands import run_command, succeed
from tests.pipeline.dbnfiles import Meta, Print, write_dbn
from tests.pipeline.vendorfiles import write_vendor

VENDOR = Meta(schema="ohlcv-1m")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root; tests of this module add to it and change nothing that is there."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def dataset(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    prints = [Print(at=n * 20, price=100 + n % 7, sequence=n) for n in range(90)]
    return succeed(
        root, "ingest", "--dbn", write_dbn(tmp_path_factory.mktemp("given") / "t.dbn", prints)
    )


@pytest.fixture
def bars(dataset: dict[str, Any]) -> pl.DataFrame:
    return pl.read_parquet(dataset["bars_path"])


def test_equal_bars_are_equal(root, dataset, bars, tmp_path):
    path = write_vendor(tmp_path / "vendor.dbn.zst", bars, VENDOR)
    answer = succeed(root, "verify", dataset["dataset_id"], "--against", path)
    assert answer["verdict"] == "EQUAL"
    assert answer["sentence"] == "All 30 bars are equal in open, high, low, close and volume."
    report = json.loads(Path(answer["report_path"]).read_text())
    assert report["bars"] == answer["bars"]
    assert len(pl.read_parquet(answer["differences_path"])) == 0
    assert answer["files"][0]["name"] == "vendor.dbn.zst"
    whole = succeed(root, "verify", "--all")  # reports are no damage
    assert whole["failed"] is False


def test_bars_that_differ_exit_with_1_and_say_where(root, dataset, bars, tmp_path):
    other = bars.with_columns(volume=pl.col("volume") + 1)
    path = write_vendor(tmp_path / "vendor.dbn", other, VENDOR)
    answer = run_command(root, "verify", dataset["dataset_id"], "--against", path)
    assert answer.code == 1
    assert answer.json["verdict"] == "DIFFERENT"
    assert "30 of 30 bars that both have differ (volume 30)" in answer.json["sentence"]
    assert answer.stderr == ""


def test_missing_bars_alone_are_no_failure(root, dataset, bars, tmp_path):
    (tmp_path / "given").mkdir()
    write_vendor(tmp_path / "given" / "a.dbn", bars.head(10), VENDOR)
    write_vendor(tmp_path / "given" / "b.dbn", bars.tail(10), VENDOR)
    answer = succeed(
        root,
        *("verify", dataset["dataset_id"], "--against", tmp_path / "given"),
        *("--revision", "1", "--symbol", "AAA"),
    )
    assert answer["verdict"] == "EQUAL WHERE BOTH HAVE BARS"
    assert answer["bars"]["only_ours"] == 10


def test_a_table_is_compared_by_its_options(root, dataset, bars, tmp_path):
    table = bars.select(
        pl.col("ts_open").dt.strftime("%d/%m/%Y %H:%M").alias("when"),
        *("open", "high", "low", "close", "volume"),
    )
    table.write_csv(tmp_path / "AAA.csv")
    words = ("verify", dataset["dataset_id"], "--against", tmp_path / "AAA.csv")
    error = run_command(root, *words).error
    assert [one["option"] for one in error["details"]["questions"]] == ["date_order", "tz", "stamp"]
    said = ("--tz", "UTC", "--stamp", "open", "--date-order", "dmy", "--columns", "time=when")
    assert succeed(root, *words, *said)["verdict"] == "EQUAL"


def test_what_cannot_be_compared_is_a_sentence(root, dataset, tmp_path):
    path = tmp_path / "vendor.dbn"
    path.write_bytes(b"DBN\x03\xff\xff\xff\xff")
    error = run_command(root, "verify", dataset["dataset_id"], "--against", path).error
    assert "more than any real file has" in error["message"]
    assert error["details"]["file"] == "vendor.dbn"
    assert len(error["details"]["equality_id"]) == 12
    absent = run_command(root, "verify", dataset["dataset_id"], "--against", tmp_path / "no").error
    assert "does not exist" in absent["message"]
    inside = run_command(root, "verify", dataset["dataset_id"], "--against", root / "raw").error
    assert "in the data root" in inside["message"]


def test_what_is_not_there_is_a_sentence(root, dataset):
    against = ("--against", "x", "--revision", "2")
    error = run_command(root, "verify", dataset["dataset_id"], *against).error
    assert "has no such revision" in error["message"]
    assert (
        "There is no dataset NONE."
        in (run_command(root, "verify", "NONE", "--against", "x").error["message"])
    )


def test_options_that_do_not_go_together_are_wrong_usage(root, dataset):
    assert run_command(root, "verify", "--all", "--against", "x").code == 2
    assert run_command(root, "verify", dataset["dataset_id"], "--revision", "1").code == 2
