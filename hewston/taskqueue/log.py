"""What a job says while it works: a JSON object a line, kept however it ends."""

import dataclasses
import json
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from hewston.pipeline.spec import canonical_json
from hewston.pipeline.store import Store

LEVELS = ("info", "warning", "error")  # from the least on


class JobLog:
    """Append-only log of one job: a JSON object a line, kept however the job ends."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def write(self, message: str, *, level: str = "info", **details: object) -> None:
        """Add a line with the time, a level (info, warning, error) and a sentence."""
        line = {"at": timezone.now().isoformat(), "level": level, "message": message, **details}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


def read_log(job_id: str, *, last: int | None = 200, level: str = "info") -> str:
    """Read the newest lines of a job's log for people: without the tracebacks it may hold.

    ``last`` None reads all of them; ``level`` is the least that is wanted.
    """
    lines, _ = read_lines(job_id, level=level)
    newest = lines if last is None else lines[-last:]
    return "\n".join(line.text for line in newest)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LogLine:
    """A line as people read it: time (UTC), level, sentence and details."""

    level: str
    text: str


def read_lines(job_id: str, *, after: int = 0, level: str = "info") -> tuple[list[LogLine], int]:
    """Read a job's log after so many lines; returns lines from a level on, and how many there are.

    A last line that is still being written is not counted, so that it is read whole later; one
    that was cut off says so.
    """
    path = Store(settings.DATA_ROOT).log_file(job_id)
    if not path.is_file():
        return [], 0
    with path.open(encoding="utf-8", errors="replace") as file:
        written = file.readlines()
    known = len(written) - bool(written and not written[-1].endswith("\n"))
    found = [_read_line(line) for line in written[after:]]
    return [line for line in found if LEVELS.index(line.level) >= LEVELS.index(level)], known


def _read_line(line: str) -> LogLine:
    try:
        entry = dict(json.loads(line))
    except (TypeError, ValueError):
        return LogLine(level="error", text="(a line that was cut off)")
    when = str(entry.pop("at", ""))[:19].replace("T", " ")
    level, message = entry.pop("level", "info"), entry.pop("message", "")
    entry.pop("traceback", None)
    more = "".join(f" {name}={canonical_json(value)}" for name, value in entry.items())
    return LogLine(
        level=level if level in LEVELS else "info", text=f"{when} {level}: {message}{more}"
    )
