"""Runs whose every byte is known, here and in other processes.

What changes them on purpose is followed by `python -m tests.pipeline.golden --write`.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.golden import ARCHITECTURE, CLOCKS, read_golden, run_golden

PROJECT = Path(__file__).resolve().parents[2]
known_here = pytest.mark.skipif(
    platform.machine() != ARCHITECTURE,
    reason=f"the digests are of {ARCHITECTURE}: elsewhere the last bits may differ",
)


@known_here
@pytest.mark.parametrize("clock", CLOCKS)
def test_a_run_has_the_bytes_it_always_had(clock: str, tmp_path: Path) -> None:
    assert run_golden(clock, tmp_path) == read_golden(clock)


def test_processes_that_differ_in_all_that_must_not_matter_write_the_same_bytes() -> None:
    """Other hash seeds, other numbers of threads, another zone and language."""
    processes = [
        start(PYTHONHASHSEED="0", POLARS_MAX_THREADS="1", TZ="UTC"),
        start(PYTHONHASHSEED="4711", POLARS_MAX_THREADS="2", TZ="Asia/Kolkata", LC_ALL="C"),
    ]
    made = [json.loads(process.communicate(timeout=300)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert made[0] == made[1]
    if platform.machine() == ARCHITECTURE:
        assert made[0] == {clock: read_golden(clock) for clock in CLOCKS}


def start(**environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.pipeline.golden"],
        cwd=PROJECT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
