"""A stranger's strategy: source that only the sandbox runs."""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import polars as pl

from hewston.pipeline.sandbox.client import File
from hewston.pipeline.sandbox.format import Said, encode_frame, read_answer
from hewston.pipeline.sandbox.inside.answer import Declaration, Reading
from hewston.pipeline.sandbox.limits import Limits
from hewston.pipeline.sandbox.rules import check_rules

_TO_DESCRIBE = Limits(wall_s=10, cpu_s=10, output_bytes=1 << 20)
_ROWS_A_S = 5_000  # that a slow loop over bars does
_NOTHING = Declaration(PARAMS=None, OPTIONS={}, docstring="", has_function=False)


class Ran(Protocol):
    """What came of a job: the bytes that it wrote and what its code printed."""

    @property
    def output(self) -> bytes:
        """The answer, as the job wrote it."""

    @property
    def log(self) -> str:
        """What its code printed, cut where it is long."""


class Client(Protocol):
    """Who runs jobs in the sandbox."""

    def run(self, request: Mapping[str, Any], files: Sequence[File], limits: Limits) -> Ran:
        """Run a job; raises SandboxError where it was ended or there is no sandbox."""


class SandboxedStrategy:
    """An author's source (UTF-8) and who runs it.

    ``PARAMS`` and ``OPTIONS`` are what the module declares, as a built-in strategy has them.
    """

    def __init__(self, source: bytes, client: Client) -> None:
        self.source, self._client = source, client
        self._declaration: Declaration | None = None

    @property
    def sha256(self) -> str:
        """The SHA-256 of the source, as hexadecimal digits."""
        return hashlib.sha256(self.source).hexdigest()

    @property
    def PARAMS(self) -> Mapping[str, Any]:  # noqa: N802 (a module's global)
        """The rules of its parameters; raises as ``describe``, and InputError for odd rules."""
        return check_rules(self._declare().PARAMS) or {}

    @property
    def OPTIONS(self) -> Any:  # noqa: ANN401, N802 (a module's global, read by who wants it)
        """Its options, as it declares them; raises as ``describe``."""
        return self._declare().OPTIONS

    def describe(self) -> tuple[Said, str]:
        """Load the module and read what it declares; also gives what it printed.

        Raises ForgedAnswerError, and SandboxError as the client does.
        """
        ran = self._client.run({"work": "describe"}, [self.source], _TO_DESCRIBE)
        return self._keep(read_answer(ran.output)), ran.log

    def ask(
        self,
        bars: pl.DataFrame,
        *,
        params: Mapping[str, Any],
        context: Mapping[str, Any],
        reading: Reading,
        exact: bool,
    ) -> tuple[Said, str]:
        """Call its function on bars; also gives what it printed.

        ``params`` get the module's own defaults unless they are ``exact``. Raises as ``describe``.
        """
        times = [name for name, value in context.items() if isinstance(value, dt.datetime)]
        request = {
            "work": "run",
            "params": dict(params),
            "exact": exact,
            "context": dict(context) | {name: context[name].isoformat() for name in times},
            "times": times,
            "flags": list(reading.flags),
            "texts": list(reading.texts),
        }
        frame = encode_frame(bars)
        size = sum(memoryview(part).nbytes for part in frame)
        ran = self._client.run(request, [frame, self.source], limit_for(bars.height, size))
        said = read_answer(ran.output, rows=bars.height, frame=bars.columns, reading=reading)
        return self._keep(said), ran.log

    def _keep(self, said: Said) -> Said:
        self._declaration = said.declaration or self._declaration
        return said

    def _declare(self) -> Declaration:
        if self._declaration is None:
            self.describe()
        return self._declaration or _NOTHING


def limit_for(rows: int, frame_bytes: int) -> Limits:
    """Give long data more of everything: its frame is there a few times, and each row takes time.

    The answer may have as many columns as a frame of bars twice.
    """
    usual = Limits()
    more_s = rows / _ROWS_A_S
    return dataclasses.replace(
        usual,
        wall_s=usual.wall_s + more_s,
        cpu_s=usual.cpu_s + more_s,
        memory_bytes=usual.memory_bytes + 6 * frame_bytes,
        output_bytes=max(usual.output_bytes, 2 * frame_bytes),
    )
