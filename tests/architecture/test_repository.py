"""The repository holds sources and nothing else."""

import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PICTURES = {".png", ".ico", ".woff2"}
DATA = {".dbn", ".zst", ".sqlite3", ".xlsx", ".zip", ".gz"}
LARGEST = 1 << 20
# Written in two halves, so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(r"(?<![\w.~*-])/(?:" + r"root|home/\w+|Users/\w+|work" + r")/")
REGISTRY = re.compile(r"pypi\." + r"org/simple|files\.python" + r"hosted|registry\.npm" + r"js")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")


@pytest.fixture(scope="module")
def files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, check=True, capture_output=True, text=True
    ).stdout
    return [PROJECT / name for name in listed.split("\0") if name and (PROJECT / name).exists()]


def texts(files: list[Path]) -> dict[str, str]:
    return {
        str(path.relative_to(PROJECT)): path.read_text(encoding="utf-8")
        for path in files
        if path.suffix not in PICTURES
    }


def test_every_file_but_a_picture_is_text(files: list[Path]) -> None:
    assert all("\0" not in text for text in texts(files).values())


def test_no_file_is_large(files: list[Path]) -> None:
    assert [path.name for path in files if path.stat().st_size > LARGEST] == []


def test_no_market_data_is_kept(files: list[Path]) -> None:
    assert [path.name for path in files if path.suffix in DATA] == []


def test_no_file_names_a_place_on_one_machine(files: list[Path]) -> None:
    assert [name for name, text in texts(files).items() if MACHINE_PATH.search(text)] == []


def test_no_file_but_the_lock_names_a_package_registry(files: list[Path]) -> None:
    named = [name for name, text in texts(files).items() if REGISTRY.search(text)]
    assert [name for name in named if name != "uv.lock"] == []


def test_nothing_is_left_unfinished(files: list[Path]) -> None:
    assert [name for name, text in texts(files).items() if UNFINISHED.search(text)] == []
