"""Errors sorted by who must act. Every message is a sentence for that person."""

from collections.abc import Mapping


class HewstonError(Exception):
    """A failure with a sentence for a person and a code for a program.

    ``details`` holds plain JSON values: ``file``, ``record`` (counted from 0), ``field``,
    ``allowed`` and the like, where they are known.
    """

    code = "INTERNAL"

    def __init__(self, message: str, *, code: str | None = None, **details: object) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.details: Mapping[str, object] = {k: v for k, v in details.items() if v is not None}

    def as_json(self) -> dict[str, object]:
        """Give the uniform error body, without the outer ``error`` key."""
        body: dict[str, object] = {"code": self.code, "message": self.message}
        if self.details:
            body["details"] = dict(self.details)
        return body


class InputError(HewstonError):
    """What the user gave cannot be used; the user can mend it."""

    code = "VALIDATION"


class ReconciliationError(HewstonError):
    """Two independent computations of the same account disagree: the result is not trusted."""

    code = "INTERNAL"


class CancelledError(HewstonError):
    """The job was asked to stop."""

    code = "CANCELLED"
