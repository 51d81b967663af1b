"""How fast a client takes what is sent to it, and how fast it says what it wants."""

import asyncio
import time

from daphne.http_protocol import http

STUCK_SECONDS = 30.0  # a client that takes nothing for so long is dropped
IDLE_SECONDS = 60.0  # for a request to begin and its header to be whole; between parts of a body


class Flow:
    """Knows whether a connection's buffer is full; Twisted tells it, as a push producer."""

    def __init__(self) -> None:
        self._room = asyncio.Event()
        self._room.set()
        self._paused_at = 0.0

    @property
    def is_paused(self) -> bool:
        """Tell whether the buffer is full."""
        return not self._room.is_set()

    @property
    def is_stuck(self) -> bool:
        """Tell whether it has been full for too long."""
        return self.is_paused and time.monotonic() - self._paused_at > STUCK_SECONDS

    def pauseProducing(self) -> None:  # noqa: N802 (Twisted's name)
        """Hear that the buffer is full."""
        if not self.is_paused:
            self._paused_at = time.monotonic()
            self._room.clear()

    def resumeProducing(self) -> None:  # noqa: N802 (Twisted's name)
        """Hear that the buffer is empty."""
        self._room.set()

    stopProducing = resumeProducing  # noqa: N815 (Twisted's name) the connection is gone

    async def wait(self) -> None:
        """Wait for room; returns at once where there is some, or nobody to send to."""
        await self._room.wait()


class HastyChannel(http.HTTPChannel):  # type: ignore[misc]  # Twisted's types end at daphne's
    """A connection whose header must be whole in time, however its bytes are spread.

    Twisted starts its clock anew with every byte, so a byte a minute would hold it for ever.
    Bodies are left to that clock: they may take long.
    """

    def connectionMade(self) -> None:  # noqa: N802 (Twisted's name)
        """Start the clock."""
        self.timeOut = IDLE_SECONDS
        super().connectionMade()

    def resetTimeout(self) -> None:  # noqa: N802 (Twisted's name)
        """Start the clock anew, but not in a header."""
        if not self.line_mode:
            super().resetTimeout()

    def setRawMode(self) -> None:  # noqa: N802 (Twisted's name)
        """Turn to the body, with all of its time."""
        super().setRawMode()
        self.resetTimeout()
