"""A run goes to another machine: two data roots, and a process for every step."""

import zipfile
from pathlib import Path

import pytest

from hewston.pipeline import store
from tests.commands import run_command, succeed
from tests.datasets.tables import write_table

STRATEGY = ("--strategy", "sma_crossover", "--param", "fast=2", "--param", "slow=5")
TABLE = ("--symbol", "SPY", "--tz", "America/New_York", "--stamp", "open")
KEPT = ("runs", "datasets", "raw", "tmp", "uploads", "logs")


def list_files(root: Path) -> set[Path]:
    """What a data root keeps, without the catalogue and its locks."""
    return {path for folder in KEPT for path in (root / folder).rglob("*") if path.is_file()}


@pytest.mark.slow
def test_a_bundle_is_the_same_run_on_another_machine(tmp_path: Path) -> None:
    here, there, table = tmp_path / "here", tmp_path / "there", tmp_path / "spy.csv"
    table.write_text(write_table(200))
    dataset = succeed(here, "ingest", "--csv", table, *TABLE)
    run = succeed(here, "backtest", dataset["dataset_id"], *STRATEGY, "--k-spread", "0")
    whole, again, less = (tmp_path / f"{name}.zip" for name in ("whole", "again", "less"))
    written = succeed(here, "export", run["run_id"], "--to", whole, "--with-data")
    assert written["sha256"] == store.sha256_file(whole)
    succeed(here, "export", run["run_id"], "--to", less)
    with zipfile.ZipFile(whole) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None

    refused = run_command(there, "import", less).error
    assert refused["code"] == "DATASET_NOT_FOUND"
    assert "SPY, bars of 1m, 2024-01-08 to 2024-01-08" in refused["message"]
    assert dataset["bars_sha256"] in refused["message"]
    assert list_files(there) == set()

    taken = succeed(there, "import", whole)
    assert (taken["run_id"], taken["created"]) == (run["run_id"], True)
    reproduced = succeed(there, "reproduce", taken["run_id"])
    assert reproduced["reproduced"] is True
    assert reproduced["actual"] == run["output_hashes"]
    checked = succeed(there, "verify", "--all")["checked"]
    assert [entry["problems"] for entry in checked] == [[], []]

    before = list_files(there)
    same = succeed(there, "import", less)
    assert (same["run_id"], same["created"]) == (run["run_id"], False)
    assert list_files(there) == before
    # From a third process, and from a machine that it was brought to: the same bytes.
    onward = succeed(there, "export", run["run_id"], "--to", again, "--with-data")
    assert onward["sha256"] == written["sha256"]


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "there.zip").touch()
    missing = run_command(tmp_path, "export", "nothing", "--to", tmp_path / "new.zip").error
    assert missing["code"] == "RUN_NOT_FOUND"
    assert "no file" in run_command(tmp_path, "import", tmp_path / "new.zip").error["message"]
