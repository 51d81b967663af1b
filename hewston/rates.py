"""How often somebody may do something: a token bucket for each of them, in this process."""

import threading
import time
from collections.abc import Callable

_MOST_KEYS = 10_000


class Rates:
    """Lets each key do ``burst`` things at once, and ``per_second`` things a second for long."""

    def __init__(
        self, *, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._levels: dict[str, tuple[float, float]] = {}  # how many are left, and since when
        self._lock = threading.Lock()

    def take(self, key: str) -> float:
        """Take one; returns 0, or the seconds after which there is one again."""
        now = self._clock()
        with self._lock:
            level, since = self._levels.get(key, (self._burst, now))
            level = min(self._burst, level + (now - since) * self._per_second)
            if level < 1:
                return (1 - level) / self._per_second
            self._levels[key] = level - 1, now
            if len(self._levels) > _MOST_KEYS:
                self._forget_full(now)
        return 0.0

    def _forget_full(self, now: float) -> None:
        """Forget who has waited long enough to have everything again."""
        refill = self._burst / self._per_second
        self._levels = {k: v for k, v in self._levels.items() if now - v[1] < refill}
