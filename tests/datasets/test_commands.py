"""`manage.py dataset`, as a person types it, also when it is killed."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import PROJECT, run_command, succeed


@pytest.fixture(scope="module")
def month(sample_year: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one month of the sample."""
    folder = tmp_path_factory.mktemp("november")
    for path in sample_year.iterdir():
        if "-20231101-" in path.name or "definition" in path.name:
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def root(month: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with one dataset."""
    root = tmp_path_factory.mktemp("data")
    succeed(root, "ingest", "--dbn", month)
    return root


@pytest.fixture(scope="module")
def name(root: Path) -> str:
    (found,) = succeed(root, "dataset", "list")["datasets"]
    return str(found["dataset_id"])


def test_a_dataset_is_described_archived_and_brought_back(root: Path, name: str) -> None:
    words = ("--tags", "Sample, first", "--notes", "Made up.")
    shown = succeed(root, "dataset", "describe", name, *words)
    assert (shown["tags"], shown["notes"]) == (["first", "sample"], "Made up.")
    assert succeed(root, "dataset", "show", name) == shown
    (revision,) = shown["revisions"]
    assert revision["ingests"] == [revision["ingest_id"]]
    assert Path(revision["bars_path"]).is_file()
    assert succeed(root, "dataset", "archive", name)["archived"] is True
    assert succeed(root, "dataset", "list")["datasets"] == []
    (found,) = succeed(root, "dataset", "list", "--archived", "only", "--tag", "first")["datasets"]
    assert found["dataset_id"] == name
    assert succeed(root, "dataset", "restore", name)["archived"] is False


def test_what_is_wrong_is_a_sentence(root: Path, name: str) -> None:
    assert "Did you mean" in run_command(root, "dataset", "show", name[:-1]).error["message"]
    nothing = run_command(root, "dataset", "describe", name)
    assert nothing.error["message"] == "Say --notes, --tags or both."
    assert run_command(root, "dataset").code == 2
    assert run_command(root, "dataset", "explode", name).code == 2


def test_a_dataset_that_a_run_uses_is_not_deleted(root: Path, name: str, tmp_path: Path) -> None:
    copy = shutil.copytree(root, tmp_path / "data")
    run = succeed(copy, "backtest", name, "--strategy", "buy_and_hold")["run_id"]
    error = run_command(copy, "dataset", "delete", name).error
    assert error["code"] == "CONFLICT"
    assert run in error["message"]
    assert succeed(copy, "dataset", "show", name)["used_by"] == 1
    assert run_command(copy, "verify", "--all").code == 0


def test_bars_leave_as_a_file(root: Path, name: str, tmp_path: Path) -> None:
    path = tmp_path / "bars.xlsx"
    words = ("--interval", "1h", "--from-date", "2023-11-06", "--to-date", "2023-11-07")
    answer = succeed(root, "dataset", "export", name, "--to", path, *words)
    assert answer["rows"] == 14
    error = run_command(root, "dataset", "export", name, "--to", path, *words).error
    assert "is there already" in error["message"]
    path.unlink()
    again = succeed(root, "dataset", "export", name, "--to", path, *words)
    assert again["sha256"] == answer["sha256"]
    assert [one.name for one in tmp_path.iterdir()] == ["bars.xlsx"]
    for to, more, field in (
        ("bars.doc", (), "to"),
        ("bars.csv", ("--interval", "7m"), "interval"),
        ("bars.csv", ("--from-date", "x"), "from"),
        ("bars.csv", ("--revision", "9"), "revision"),
    ):
        error = run_command(root, "dataset", "export", name, "--to", tmp_path / to, *more).error
        assert error["details"]["field"] == field


def left_in(root: Path) -> list[str]:
    """List the files of data that are there."""
    folders = ("datasets", "raw", "deleted", "cache")
    files = (path for part in folders for path in (root / part).rglob("*") if path.is_file())
    return sorted(str(path.relative_to(root)) for path in files)


def delete_and_die(root: Path, name: str, change: int) -> int:
    words = ("-m", "tests.datasets.dying_command", str(change), "dataset", "delete", name)
    environment = {**os.environ, "HEWSTON_DATA_ROOT": str(root)}
    return subprocess.run(
        [sys.executable, *words], cwd=PROJECT, env=environment, check=False, capture_output=True
    ).returncode


@pytest.mark.slow
def test_a_deletion_that_is_killed_at_any_change_leaves_all_or_nothing(
    root: Path, name: str, tmp_path: Path
) -> None:
    whole = left_in(root)
    outcomes: list[Any] = []
    for change in range(40):
        copy = shutil.copytree(root, tmp_path / str(change))
        code = delete_and_die(copy, name, change)
        known = succeed(copy, "dataset", "list", "--archived", "any")["datasets"]
        assert left_in(copy) == (whole if known else [])
        shutil.rmtree(copy)
        outcomes.append(bool(known))
        if code == 0:
            break
        assert code == -signal.SIGKILL
    else:
        pytest.fail("The deletion never ended.")
    assert outcomes == sorted(outcomes, reverse=True)
    assert {*outcomes} == {True, False}
