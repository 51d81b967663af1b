"""One clock for everything that a process plays: so many beats a second, without drift."""

import asyncio
import contextlib
import contextvars
import math
from collections.abc import Callable, Iterator

_CALLS_AT_ONCE = 50  # then others may run, who hear what clients say


class Seat:
    """A place at the clock."""

    def __init__(self, is_busy: Callable[[], bool]) -> None:
        self._is_busy = is_busy
        self._beats = 0
        self._called = asyncio.Event()

    def call(self) -> None:
        """Count a beat, unless there is nothing to do in it."""
        if self._is_busy():
            self._beats += 1
            self._called.set()

    async def wait(self) -> int:
        """Wait for a beat; returns how many more have passed since the last time."""
        await self._called.wait()
        self._called.clear()
        missed, self._beats = self._beats - 1, 0
        return missed


class Ticker:
    """Beats while somebody has a seat. A beat that comes too late is left out, never doubled."""

    def __init__(self, beats_per_second: int) -> None:
        self._rate = beats_per_second
        self._seats: dict[Seat, None] = {}
        self._beating: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def seat(self, is_busy: Callable[[], bool]) -> Iterator[Seat]:
        """Take a seat, which is called in the beats at which ``is_busy`` says so."""
        seat = Seat(is_busy)
        self._seats[seat] = None
        if self._beating is None or self._beating.done():
            beat = self._beat()  # it outlives whoever comes first: none of their context is kept
            self._beating = asyncio.get_running_loop().create_task(
                beat, context=contextvars.Context()
            )
        try:
            yield seat
        finally:
            del self._seats[seat]

    async def _beat(self) -> None:
        clock = asyncio.get_running_loop().time
        start, beat = clock(), 0
        while self._seats:
            beat = max(beat + 1, math.ceil((clock() - start) * self._rate))
            await asyncio.sleep(start + beat / self._rate - clock())
            for number, seat in enumerate(tuple(self._seats), 1):
                seat.call()
                if number % _CALLS_AT_ONCE == 0:
                    await asyncio.sleep(0)
