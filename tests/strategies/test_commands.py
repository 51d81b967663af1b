"""`manage.py strategy`, as a person types it."""

from pathlib import Path

import pytest

from tests.commands import PROJECT, run_command, succeed


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def test_built_in_ones_are_listed_and_shown(root: Path) -> None:
    listed = succeed(root, "strategy", "list")
    assert "sma_crossover" in {one["strategy_id"] for one in listed["built_in"]}
    shown = succeed(root, "strategy", "show", "sma_crossover", "--source")
    file = PROJECT / "hewston" / "pipeline" / "strategies" / "sma_crossover.py"
    assert shown["source"] == file.read_text()


def test_what_is_wrong_is_a_sentence(root: Path, tmp_path: Path) -> None:
    def refuse(*words: str | Path) -> str:
        return str(run_command(root, "strategy", *words).error["message"])

    assert "There is no strategy trend" in refuse("show", "trend")
    assert "No such file" in refuse("add", tmp_path / "missing.py")
    broken = tmp_path / "broken.py"
    broken.write_text("x = (\n")
    assert refuse("add", broken).startswith("Line 2, column 1: ")
    broken.write_bytes(b"#" * 300_000)
    assert "at most 262,144" in refuse("add", broken)
    assert "built-in" in refuse("add", broken, "--slug", "macd")
    assert run_command(root, "strategy").code == 2
