"""The one error of what came out of the sandbox and is no answer."""

from hewston.pipeline.errors import InputError


class ForgedAnswerError(InputError):
    """The bytes that came out are not what the sandbox writes: the strategy's code wrote them."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The strategy gave no answer that can be read: {reason}. Its code must neither "
            "write nor end the answer itself.",
            field="strategy",
        )
        self._reason = reason

    def __reduce__(self) -> tuple[object, ...]:
        """Let it cross to another process as it is."""
        return ForgedAnswerError, (self._reason,)
