"""What a linter says of a source, without running any of it."""

import dataclasses
import functools
import json
import subprocess
import tempfile
import threading
from typing import Any, Literal

from ruff import find_ruff_bin

from hewston.pipeline.errors import HewstonError

_RULES = (
    "E9",  # what does not parse
    "F",  # names that are not there, or not used
    "E711",  # comparing with None
    "E722",  # catching everything, also what ends a run
    "B006",  # a default that calls share
    "B023",  # a loop's variable in a function that is called later
    "PLE",  # what fails when it is reached, and text that shows otherwise than it reads
    "NPY001",  # what NumPy 2 has no more
    "NPY201",
    "W605",  # a backslash that means nothing
)
_NO_PYTHON = ("invalid-syntax", "E9", "F70")  # what Python itself refuses to read
_SECONDS = 10
_MOST_BYTES = 1 << 20  # of an answer: a bad source can be wrong in a hundred thousand places
_MOST_FINDINGS = 200


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """Something in a source, at a line and a column that count from 1."""

    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    sentence: str
    severity: Literal["error", "warning"] = "warning"

    def as_json(self) -> dict[str, object]:
        """Give plain JSON values."""
        return dataclasses.asdict(self)


@functools.lru_cache(maxsize=64)
def lint_source(source: str) -> tuple[Finding, ...]:
    """Lint a source, in the order of its lines: at most 200 findings, what does not parse first.

    Raises HewstonError (BUSY) when it takes too long, or the linter cannot be used.
    """
    found = [_read_finding(line) for line in _ask(source)]
    errors = [one for one in found if one.severity == "error"]
    return tuple(sorted(errors or found, key=lambda one: (one.line, one.column))[:_MOST_FINDINGS])


def _ask(source: str) -> list[dict[str, Any]]:
    """Run the linter on a file of its own, with no settings but ours.

    Only whole lines of its answer are read.
    """
    command = [
        find_ruff_bin(),
        *("check", "--isolated", "--no-cache", "--quiet", "--exit-zero", "--no-fix"),
        *("--select", ",".join(_RULES), "--target-version", "py312"),
        *("--output-format", "json-lines", "--stdin-filename", "strategy.py", "-"),
    ]
    with tempfile.TemporaryFile() as given:
        given.write(source.encode())
        given.seek(0)
        with subprocess.Popen(  # noqa: S603 (fixed arguments)
            command,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
        ) as linter:
            timer = threading.Timer(_SECONDS, linter.kill)
            timer.start()
            try:
                said = linter.stdout.read(_MOST_BYTES) if linter.stdout else b""
                is_cut = len(said) == _MOST_BYTES
                if is_cut:
                    linter.kill()
                code = linter.wait()
            finally:
                timer.cancel()
    if code != 0 and not is_cut:
        raise HewstonError(
            "The source could not be checked: the linter did not end well. Is it nested very "
            "deeply? Make it simpler, or try again.",
            code="BUSY",
        )
    return [json.loads(line) for line in said[: said.rfind(b"\n") + 1].splitlines()]


def _read_finding(said: dict[str, Any]) -> Finding:
    start, end = said["location"], said["end_location"]
    is_syntax = str(said["code"] or "invalid-syntax").startswith(_NO_PYTHON)
    sentence = str(said["message"]).removeprefix("SyntaxError: ").strip().rstrip(".")
    return Finding(
        line=start["row"],
        column=start["column"],
        end_line=end["row"],
        end_column=end["column"],
        code="syntax" if is_syntax else str(said["code"]),
        sentence=f"{sentence}.",
        severity="error" if is_syntax else "warning",
    )
