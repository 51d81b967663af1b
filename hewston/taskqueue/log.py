"""What a job says while it works: a JSON object a line, kept however it ends."""

import json
from collections import deque
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from hewston.pipeline.spec import canonical_json
from hewston.pipeline.store import Store


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


def read_log(job_id: str, *, last: int = 200) -> str:
    """Read the newest lines of a job's log for people: without the tracebacks it may hold."""
    path = Store(settings.DATA_ROOT).log_file(job_id)
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as lines:
        return "\n".join(map(_write_line, deque(lines, maxlen=last)))


def _write_line(line: str) -> str:
    try:
        entry = dict(json.loads(line))
    except (TypeError, ValueError):
        return "(a line that was cut off)"
    when = str(entry.pop("at", ""))[:19].replace("T", " ")
    level, message = entry.pop("level", "info"), entry.pop("message", "")
    entry.pop("traceback", None)
    more = "".join(f" {name}={canonical_json(value)}" for name, value in entry.items())
    return f"{when} {level}: {message}{more}"
