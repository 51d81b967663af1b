"""Commands run as a person runs them: in a process of their own, on a data root of their own."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The one line of JSON on stdout."""
        (line,) = self.stdout.splitlines()
        value: dict[str, Any] = json.loads(line)
        return value

    @property
    def error(self) -> dict[str, Any]:
        """The error of a command that failed, which says a sentence and shows no traceback."""
        assert self.code == 1, (self.stdout, self.stderr)
        assert "Traceback" not in self.stdout + self.stderr
        error: dict[str, Any] = self.json["error"]
        assert error["message"] in self.stderr
        return error


def start_command(root: Path, *words: str | Path) -> subprocess.Popen[str]:
    """Start `manage.py WORDS --json` on a data root."""
    return subprocess.Popen(
        [sys.executable, PROJECT / "manage.py", *map(str, words), "--json"],
        env={**os.environ, "HEWSTON_DATA_ROOT": str(root)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_command(root: Path, *words: str | Path) -> Answer:
    """Run `manage.py WORDS --json` on a data root to its end."""
    with start_command(root, *words) as process:
        stdout, stderr = process.communicate(timeout=300)
    return Answer(code=process.returncode, stdout=stdout, stderr=stderr)


def succeed(root: Path, *words: str | Path) -> dict[str, Any]:
    """Run a command that must succeed; returns its JSON."""
    answer = run_command(root, *words)
    assert answer.code == 0, answer.stderr
    return answer.json
