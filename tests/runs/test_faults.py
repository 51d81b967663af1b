"""Commands that are killed or interrupted at any moment leave nothing half-made."""

import json
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from tests.commands import run_command, start_command, succeed

pytestmark = pytest.mark.slow

SMA = ("--strategy", "sma_crossover")


def query(root: Path, statement: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(root / "hewston.sqlite3")
    try:
        return database.execute(statement).fetchall()
    finally:
        database.close()


def leftovers(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "tmp").iterdir())


def kill_after(root: Path, seconds: float, number: int, *words: str | Path) -> int:
    with start_command(root, *words) as process:
        time.sleep(seconds)
        process.send_signal(number)
        process.communicate(timeout=60)
    return process.returncode


@pytest.fixture(scope="module")
def quarter(sample_year: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three months of the sample: an ingest takes about a second."""
    folder = tmp_path_factory.mktemp("quarter")
    for path in sample_year.iterdir():
        if any(month in path.name for month in ("-202301", "-202302", "-202303", "definition")):
            (folder / path.name).symlink_to(path)
    return folder


def test_an_ingest_killed_at_any_moment_is_swept_and_then_succeeds(
    quarter: Path, tmp_path: Path
) -> None:
    succeed(tmp_path, "verify", "--all")  # makes the tables, so that each kill hits the ingest
    moments = random.Random(1)
    killed = sum(
        kill_after(tmp_path, moments.uniform(0.8, 3.0), signal.SIGKILL, "ingest", "--dbn", quarter)
        == -signal.SIGKILL
        for _ in range(4)
    )
    assert killed > 0
    answer = succeed(tmp_path, "ingest", "--dbn", quarter)
    assert leftovers(tmp_path) == []
    states = {state for (state,) in query(tmp_path, "SELECT status FROM datasets_ingest")}
    assert states <= {"DONE", "ERROR", "QUEUED"}
    assert query(tmp_path, "SELECT count(*) FROM datasets_revision") == [(1,)]
    assert run_command(tmp_path, "verify", answer["dataset_id"]).code == 0
    raw = sum(1 for _ in (tmp_path / "raw").iterdir())
    assert raw == len(json.loads(Path(answer["manifest_path"]).read_text())["input_hashes"])


def test_a_backtest_killed_at_any_moment_is_swept_and_then_succeeds(
    quarter: Path, tmp_path: Path
) -> None:
    dataset = succeed(tmp_path, "ingest", "--dbn", quarter)["dataset_id"]
    expected = succeed(tmp_path, "backtest", dataset, *SMA)["output_hashes"]
    moments = random.Random(2)
    words = ("backtest", dataset, *SMA, "--seed", "1")
    for _ in range(5):
        kill_after(tmp_path, moments.uniform(0.6, 2.0), signal.SIGKILL, *words)
    answer = succeed(tmp_path, *words)
    assert answer["output_hashes"] == expected
    assert leftovers(tmp_path) == []
    states = [state for (state,) in query(tmp_path, "SELECT status FROM runs_run")]
    assert set(states) <= {"DONE", "ERROR"}
    assert states.count("DONE") == 2
    folders = {path.name for path in (tmp_path / "runs").iterdir()}
    rows = {name for (name,) in query(tmp_path, "SELECT id FROM runs_run WHERE status = 'DONE'")}
    assert folders == rows
    assert run_command(tmp_path, "verify", "--all").code == 0


def test_ctrl_c_cancels_the_row_and_says_so(quarter: Path, tmp_path: Path) -> None:
    succeed(tmp_path, "verify", "--all")
    with start_command(tmp_path, "ingest", "--dbn", quarter) as process:
        deadline = time.monotonic() + 20
        while not query(tmp_path, "SELECT 1 FROM datasets_ingest WHERE status = 'RUNNING'"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stderr.strip() == "Interrupted: nothing half-made was kept."
    assert query(tmp_path, "SELECT status FROM datasets_ingest") == [("CANCELLED",)]
    assert leftovers(tmp_path) == []
    assert not (tmp_path / "datasets").exists()


def test_a_run_that_died_between_writing_and_recording_is_adopted(
    quarter: Path, tmp_path: Path
) -> None:
    dataset = succeed(tmp_path, "ingest", "--dbn", quarter)["dataset_id"]
    run = succeed(tmp_path, "backtest", dataset, *SMA)
    database = sqlite3.connect(tmp_path / "hewston.sqlite3")
    database.execute("UPDATE runs_run SET status = 'RUNNING', ended_at = NULL")
    database.execute("DELETE FROM runs_runmetrics")
    database.commit()
    database.close()
    again = succeed(tmp_path, "backtest", dataset, *SMA)
    assert (again["run_id"], again["created"]) == (run["run_id"], False)
    assert query(tmp_path, "SELECT status FROM runs_run") == [("DONE",)]
    assert query(tmp_path, "SELECT count(*) FROM runs_runmetrics") == [(1,)]


def test_a_dead_run_whose_folder_is_damaged_is_done_again(quarter: Path, tmp_path: Path) -> None:
    dataset = succeed(tmp_path, "ingest", "--dbn", quarter)["dataset_id"]
    run = succeed(tmp_path, "backtest", dataset, *SMA)
    fills = Path(run["artifacts"]["fills"])
    fills.chmod(0o644)
    fills.write_bytes(fills.read_bytes()[:-1])
    database = sqlite3.connect(tmp_path / "hewston.sqlite3")
    database.execute("UPDATE runs_run SET status = 'RUNNING'")
    database.commit()
    database.close()
    again = succeed(tmp_path, "backtest", dataset, *SMA)
    assert again["run_id"] == run["run_id"]
    assert query(tmp_path, "SELECT status, attempt FROM runs_run") == [("DONE", 2)]
    assert again["output_hashes"] == run["output_hashes"]
