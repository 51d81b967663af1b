"""The sample year's files, made once for all test processes."""

import fcntl
import os
from pathlib import Path

import pytest

from hewston.pipeline.sources.sample import write_sample

SAMPLE_YEAR = 2023


@pytest.fixture(scope="session")
def sample_year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the DBN files of the sample year; nobody may change it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # each worker has its own folder in the session's
    folder = shared / f"sample-{SAMPLE_YEAR}"
    with (shared / "sample.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first one writes, the others wait
        if not folder.exists():
            unfinished = shared / "sample-unfinished"
            write_sample(unfinished, year=SAMPLE_YEAR)
            unfinished.rename(folder)
    return folder
