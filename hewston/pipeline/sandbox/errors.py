"""How a job in the sandbox fails, for the person who can act."""

from typing import Literal

from hewston.pipeline.errors import HewstonError

Kind = Literal["limit", "attempt", "died", "unavailable"]
_CODES: dict[Kind, str] = {
    "limit": "SANDBOX_LIMIT",
    "attempt": "SANDBOX_FORBIDDEN",
    "died": "SANDBOX_DIED",
    "unavailable": "SANDBOX_UNAVAILABLE",
}


class SandboxError(HewstonError):
    """A job was ended, or none can run.

    ``kind`` is ``limit`` (details name the ``limit``), ``attempt`` (a forbidden system ``call``),
    ``died`` (the code ended its own process, or somebody ended it) or ``unavailable`` (this
    machine cannot run strangers' code). ``log`` is what the code printed until then.
    """

    def __init__(self, message: str, *, kind: Kind, log: str = "", **details: object) -> None:
        super().__init__(message, code=_CODES[kind], **details)
        self.kind: Kind = kind
        self.log = log

    def __reduce__(self) -> tuple[object, ...]:
        """Travel from a child to its parent whole."""
        return _again, (self.message, self.kind, self.log, dict(self.details))


def _again(message: str, kind: Kind, log: str, details: dict[str, object]) -> SandboxError:
    return SandboxError(message, kind=kind, log=log, **details)
