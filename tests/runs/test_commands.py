"""Ingest, backtest, verify and reproduce, as a person types them."""

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hewston.pipeline import artifacts, store
from tests.commands import PROJECT, run_command, start_command, succeed

SMA = ("--strategy", "sma_crossover", "--param", "fast=20", "--param", "slow=50")


@pytest.fixture(scope="module")
def month(sample_year: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample's November, which has a half-day and a change of clocks."""
    folder = tmp_path_factory.mktemp("november")
    for path in sample_year.iterdir():
        if "-20231101-" in path.name or "definition" in path.name:
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root; tests of this module add to it and change nothing that is there."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def dataset(root: Path, month: Path) -> dict[str, Any]:
    return succeed(root, "ingest", "--dbn", month)


@pytest.fixture(scope="module")
def run(root: Path, dataset: dict[str, Any]) -> dict[str, Any]:
    return succeed(root, "backtest", dataset["dataset_id"], *SMA)


def copy_root(root: Path, target: Path) -> Path:
    """A data root that a test may damage."""
    shutil.copytree(root, target)
    for path in target.rglob("*"):
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
    return target


def test_ingest_answers_with_every_path_and_hash(root: Path, dataset: dict[str, Any]) -> None:
    assert dataset["created"] is True
    assert dataset["revision"] == 1
    bars = Path(dataset["bars_path"])
    assert bars.is_absolute()
    assert store.sha256_file(bars) == dataset["bars_sha256"]
    assert pl.read_parquet(bars).height == dataset["rows"]
    manifest = json.loads(Path(dataset["manifest_path"]).read_text())
    assert manifest["output_hashes"]["bars_parquet_sha256"] == dataset["bars_sha256"]
    assert json.loads(Path(dataset["quality_path"]).read_text())["rows"] == dataset["rows"]
    assert not list((root / "tmp").iterdir())


def test_the_same_files_are_the_same_dataset(
    root: Path, dataset: dict[str, Any], month: Path
) -> None:
    again = succeed(root, "ingest", "--dbn", *sorted(month.iterdir(), reverse=True))
    assert again["created"] is False
    assert again["dataset_id"] == dataset["dataset_id"]
    assert again["revision"] == 1


def test_backtest_answers_with_figures_artifacts_and_hashes(run: dict[str, Any]) -> None:
    assert run["status"] == "DONE"
    assert run["created"] is True
    assert run["metrics"]["trades"] > 20
    assert set(run["artifacts"]) == {*artifacts.FRAMES, "metrics", "manifest", "log"}
    assert all(Path(path).is_file() for path in run["artifacts"].values())
    assert set(run["output_hashes"]) == {*artifacts.FRAMES, "metrics.json"}
    assert set(run["timings_ms"]) == {
        "load",
        "prepare",
        "signals",
        "engine",
        "accounting",
        "metrics",
        "diagnostics",
        "write",
        "total",
    }


def test_the_same_inputs_are_the_same_run(
    root: Path, dataset: dict[str, Any], run: dict[str, Any]
) -> None:
    again = succeed(root, "backtest", dataset["dataset_id"], *SMA, "--k-spread", "0.50")
    assert (again["run_id"], again["created"]) == (run["run_id"], False)
    other = succeed(root, "backtest", dataset["dataset_id"], *SMA, "--fees-bps", "2")
    assert (other["run_id"] != run["run_id"], other["created"]) == (True, True)
    assert other["metrics"]["fees_paid"] > run["metrics"]["fees_paid"]


def test_two_people_have_a_run_each(root: Path, dataset: dict[str, Any]) -> None:
    answer = run_command(root, "backtest", dataset["dataset_id"], *SMA, "--user", "eve")
    assert "no user named eve" in answer.error["message"]


def test_two_data_roots_and_two_processes_agree_on_every_hash(
    run: dict[str, Any], dataset: dict[str, Any], month: Path, tmp_path: Path
) -> None:
    there = succeed(tmp_path, "ingest", "--dbn", month)
    assert there["bars_sha256"] == dataset["bars_sha256"]
    assert there["dataset_id"] == dataset["dataset_id"]
    quality = Path(there["quality_path"]).read_bytes()
    assert quality == Path(dataset["quality_path"]).read_bytes()
    other = succeed(tmp_path, "backtest", there["dataset_id"], *SMA)
    assert other["run_id"] != run["run_id"]
    assert other["output_hashes"] == run["output_hashes"]


def test_verify_and_reproduce_agree_with_what_was_stored(
    root: Path, dataset: dict[str, Any], run: dict[str, Any]
) -> None:
    checked = succeed(root, "verify", "--all")["checked"]
    assert {entry["kind"] for entry in checked} == {"dataset", "run"}
    assert all(entry["problems"] == [] for entry in checked)
    for name in (run["run_id"], dataset["dataset_id"]):
        answer = succeed(root, "reproduce", name)
        assert answer["reproduced"] is True
        assert answer["actual"] == answer["expected"]
        assert answer["changes"] == []
    assert not list((root / "tmp").iterdir())


@pytest.mark.parametrize("damaged", ["bars_path", "quality_path", "fills", "metrics"])
def test_verify_names_the_file_that_was_changed(
    root: Path, dataset: dict[str, Any], run: dict[str, Any], damaged: str, tmp_path: Path
) -> None:
    original = Path(dataset.get(damaged) or run["artifacts"][damaged])
    copy = copy_root(root, tmp_path / "data")
    path = copy / original.relative_to(root)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    name = dataset["dataset_id"] if damaged in dataset else run["run_id"]
    answer = run_command(copy, "verify", name)
    assert answer.code == 1
    (entry,) = answer.json["checked"]
    assert any(path.name in problem for problem in entry["problems"])


@pytest.mark.parametrize("name", ["output_hashes", "created_at", "env_lock", "git_commit"])
def test_verify_and_reproduce_refuse_a_manifest_that_was_edited(
    root: Path, run: dict[str, Any], name: str, tmp_path: Path
) -> None:
    copy = copy_root(root, tmp_path / "data")
    path = copy / Path(run["artifacts"]["manifest"]).relative_to(root)
    manifest = json.loads(path.read_text())
    manifest[name] = {} if isinstance(manifest[name], dict) else "2001-01-01T00:00:00+00:00"
    path.write_text(json.dumps(manifest))
    assert run_command(copy, "verify", run["run_id"]).code == 1
    assert "cannot be compared" in run_command(copy, "reproduce", run["run_id"]).error["message"]


def test_verify_sees_that_one_run_stands_in_for_another(
    root: Path, dataset: dict[str, Any], run: dict[str, Any], tmp_path: Path
) -> None:
    other = succeed(root, "backtest", dataset["dataset_id"], *SMA, "--seed", "9")
    copy = copy_root(root, tmp_path / "data")
    shutil.rmtree(copy / "runs" / run["run_id"])
    shutil.copytree(copy / "runs" / other["run_id"], copy / "runs" / run["run_id"])
    assert run_command(copy, "verify", run["run_id"]).code == 1


def test_verify_sees_an_edited_catalogue_and_a_rotten_raw_file(
    root: Path, dataset: dict[str, Any], run: dict[str, Any], tmp_path: Path
) -> None:
    copy = copy_root(root, tmp_path / "data")
    with sqlite3.connect(copy / "hewston.sqlite3") as database:
        database.execute("UPDATE runs_runmetrics SET sharpe = 9")
    database.close()
    raw = next((copy / "raw").iterdir())
    data = bytearray(raw.read_bytes())
    data[len(data) // 2] ^= 1
    raw.write_bytes(bytes(data))
    (entry,) = run_command(copy, "verify", run["run_id"]).json["checked"]
    assert entry["problems"][0] == "The catalogue's sharpe of the run differs from metrics.json."
    (entry,) = run_command(copy, "verify", dataset["dataset_id"]).json["checked"]
    assert "was changed: raw/" in entry["problems"][0]


def test_a_run_whose_folder_is_gone_says_what_to_do(
    root: Path, dataset: dict[str, Any], run: dict[str, Any], tmp_path: Path
) -> None:
    copy = copy_root(root, tmp_path / "data")
    shutil.rmtree(copy / "runs" / run["run_id"])
    error = run_command(copy, "backtest", dataset["dataset_id"], *SMA).error
    assert "is gone. Put it back from a backup" in error["message"]


def test_dates_that_say_the_default_are_the_same_run(
    root: Path, dataset: dict[str, Any], run: dict[str, Any]
) -> None:
    spec = json.loads(Path(run["artifacts"]["manifest"]).read_text())["spec"]
    words = ("--from", spec["from"], "--to", spec["to"])
    again = succeed(root, "backtest", dataset["dataset_id"], *SMA, *words)
    assert again["run_id"] == run["run_id"]


def test_a_name_that_is_no_text_is_refused(root: Path) -> None:
    answer = run_command(root, "verify", os.fsdecode(b"\xff"))
    assert "not UTF-8" in answer.error["message"]


def test_a_backtest_on_changed_bars_is_refused(
    root: Path, dataset: dict[str, Any], tmp_path: Path
) -> None:
    copy = copy_root(root, tmp_path / "data")
    bars = copy / Path(dataset["bars_path"]).relative_to(root)
    bars.write_bytes(bars.read_bytes() + b"\0")
    answer = run_command(copy, "backtest", dataset["dataset_id"], *SMA, "--seed", "5")
    assert "were changed after they were ingested" in answer.error["message"]


@pytest.mark.parametrize(
    ("words", "field", "sentence"),
    [
        (("--param", "fast=50"), "params.fast", "must be less than slow"),
        (("--param", "fats=9"), "params.fats", "Did you mean fast"),
        (("--param", "fast=nine"), "params.fast", "whole number"),
        (("--param", "fast"), "param", "NAME=VALUE"),
        (("--param", "fast=9", "--param", "fast=8"), "params.fast", "given twice"),
        (("--fees-bps", "-1"), "fees_bps", "from 0 to 10,000"),
        (("--size", "ten"), "size", "number above 0"),
        (("--k-spread", "nan"), "k_spread", "number"),
        (("--from", "2022-01-03"), "from", "outside"),
        (("--to", "2030-01-03"), "to", "outside"),
        (("--from", "yesterday"), "from", "date like"),
        (("--from", "2023-11-20", "--to", "2023-11-10"), "from", "after to"),
        (("--session", "night"), "session", "regular, extended, all"),
        (("--fill-clock", "open"), "fill_clock", "close, next_open"),
        (("--spread-fallback", "2"), "spread_fallback", "ticks=2"),
    ],
)
def test_a_wrong_option_is_refused_with_its_field_and_range(
    root: Path, dataset: dict[str, Any], words: tuple[str, ...], field: str, sentence: str
) -> None:
    error = run_command(
        root, "backtest", dataset["dataset_id"], "--strategy", "sma_crossover", *words
    ).error
    assert error["details"]["field"] == field
    assert sentence in error["message"]


def test_unknown_names_are_refused_with_the_nearest(root: Path, dataset: dict[str, Any]) -> None:
    name = dataset["dataset_id"]
    error = run_command(root, "backtest", name[:-1], *SMA).error
    assert error["code"] == "DATASET_NOT_FOUND"
    assert f"Did you mean {name}?" in error["message"]
    error = run_command(root, "backtest", name, "--strategy", "sma_cross").error
    assert error["code"] == "STRATEGY_NOT_FOUND"
    assert "Did you mean sma_crossover?" in error["message"]
    for command in ("reproduce", "verify"):
        error = run_command(root, command, name[:-1]).error
        assert error["code"] == "NOT_FOUND"
        assert f"Did you mean {name}?" in error["message"]


@pytest.mark.parametrize(
    "words",
    [
        ("backtest",),
        ("backtest", "X"),
        ("ingest",),
        ("ingest", "--sample", "--dbn", "x"),
        ("ingest", "--dbn", "x", "--year", "2023"),
        ("verify",),
        ("verify", "X", "--all"),
    ],
)
def test_wrong_usage_exits_with_2(root: Path, words: tuple[str, ...]) -> None:
    answer = run_command(root, *words)
    assert answer.code == 2
    assert "Traceback" not in answer.stderr


def test_a_refused_ingest_leaves_its_row_and_its_log_and_nothing_else(tmp_path: Path) -> None:
    broken = tmp_path / "broken.dbn.zst"
    broken.write_bytes(b"this is not DBN")
    root = tmp_path / "data"
    error = run_command(root, "ingest", "--dbn", broken).error
    assert "broken.dbn.zst" in error["message"]
    log = root / "logs" / f"{error['details']['ingest_id']}.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines[-1]["message"] == error["message"]
    kept = {path.relative_to(root).parts[0] for path in root.rglob("*") if path.is_file()}
    assert {name for name in kept if not name.startswith((".", "hewston.sqlite3"))} == {
        "logs",
        "secret-key",
    }
    with sqlite3.connect(root / "hewston.sqlite3") as database:
        assert database.execute("SELECT status FROM datasets_ingest").fetchall() == [("ERROR",)]
        assert database.execute("SELECT count(*) FROM datasets_dataset").fetchone() == (0,)
    database.close()


def test_the_data_root_is_no_source(root: Path, dataset: dict[str, Any]) -> None:
    for source in (root, root.parent, Path(dataset["bars_path"])):
        error = run_command(root, "ingest", "--dbn", source).error
        assert "in the data root" in error["message"]
    assert "empty name" in run_command(root, "ingest", "--dbn", "").error["message"]


def test_a_job_is_refused_below_the_floor_of_free_disk(
    root: Path, dataset: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEWSTON_MIN_FREE_GB", "1e9")
    error = run_command(root, "backtest", dataset["dataset_id"], *SMA, "--seed", "77").error
    assert error["code"] == "BUSY"
    assert "HEWSTON_MIN_FREE_GB" in error["message"]


def test_two_processes_that_ask_at_once_make_one_run(root: Path, dataset: dict[str, Any]) -> None:
    words = ("backtest", dataset["dataset_id"], *SMA, "--seed", "123")
    processes = [start_command(root, *words) for _ in range(3)]
    answers = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    assert len({answer["run_id"] for answer in answers}) == 1
    assert all(answer["status"] == "DONE" for answer in answers)
    assert [answer["created"] for answer in answers].count(True) == 1
    assert answers[0]["output_hashes"] == answers[1]["output_hashes"]


def test_a_person_reads_sentences(root: Path, dataset: dict[str, Any]) -> None:
    done = subprocess.run(
        [sys.executable, PROJECT / "manage.py", "backtest", dataset["dataset_id"], *SMA],
        env={**os.environ, "HEWSTON_DATA_ROOT": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Max drawdown" in done.stdout
    assert done.stderr == ""
