"""What programs see of a site that works: progress, and a catalogue that somebody holds."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.commands import succeed
from tests.jobs.program import JSON, Program, choose, working

pytestmark = pytest.mark.slow
AT_ONCE = 12


@pytest.fixture(scope="module")
def dataset_id() -> str:
    return "DEMO-20230103-20230131-1m"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("requests")


@pytest.fixture(scope="module")
def program(root: Path, sample_year: Path, dataset_id: str) -> Iterator[Program]:
    assert succeed(root, "ingest", "--dbn", *choose(sample_year, "01"))["dataset_id"] == dataset_id
    with working(root) as program:
        yield program


def test_an_ingest_of_a_year_names_file_and_day_as_it_goes(program: Program) -> None:
    _, started = program.ask("/api/datasets", b'{"sample_year": 2022}', JSON)
    steps: list[dict[str, Any]] = []
    while (ingest := program.ask(f"/api/ingests/{started['ingest_id']}")[1])["status"] in {
        "QUEUED",
        "RUNNING",
    }:
        if ingest["progress"] not in steps[-1:]:
            steps.append(ingest["progress"])
        time.sleep(0.05)
    assert (ingest["status"], ingest["attempt"]) == ("DONE", 1)
    # Progress is written four times a second, and two cores read a year in a few seconds.
    assert len([step for step in steps if step.get("file") and step.get("day")]) >= 3
    shares = [step.get("share", 0) for step in steps]
    assert shares == sorted(shares)


def test_requests_wait_for_a_catalogue_that_is_held_and_lists_are_still_read(
    program: Program, root: Path, dataset_id: str
) -> None:
    database = sqlite3.connect(root / "hewston.sqlite3", timeout=30)
    with contextlib.closing(database), ThreadPoolExecutor(AT_ONCE) as pool:
        database.execute("UPDATE permissions_token SET last_used_at = NULL")
        database.commit()
        database.execute("BEGIN IMMEDIATE")
        asked = [pool.submit(program.request_run, dataset_id, seed) for seed in range(AT_ONCE)]
        for _ in range(10):
            time.sleep(0.5)
            assert program.ask("/backtests?limit=5")[0] == 200
        assert not any(one.done() for one in asked)
        database.rollback()
        answers = [one.result() for one in asked]
    assert [status for status, _ in answers] == [202] * AT_ONCE
    ids = {said["run_id"] for _, said in answers}
    assert len(ids) == AT_ONCE
    listed = program.ask("/backtests?limit=100")[1]["items"]
    assert ids <= {run["run_id"] for run in listed}
    assert [program.follow(f"/backtests/{name}")["status"] for name in ids] == ["DONE"] * AT_ONCE
