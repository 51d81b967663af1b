"""Where the page of a comparison looks: a difference by its number, and those before and after."""

import functools
from collections.abc import Mapping
from typing import Any

from hewston.pipeline.parity.reading import Reader

type Difference = Mapping[str, Any]  # a value as a Reader lists it, or a match with layer "trades"

_FAR = 250  # differences on either side among which one at another bar is looked for


class Places:
    """Differences by their numbers from 0: first ``values`` of them, then ``trades``.

    ``title`` leaves only the values of one series; ``asked`` is the number that is looked at.
    """

    def __init__(
        self, tables: Reader, *, title: str | None, values: int, trades: int, asked: int | None
    ) -> None:
        self.values, self.count = values, values + trades
        self.at = None if asked is None or not self.count else min(asked, self.count - 1)
        self._tables, self._title = tables, title

    @property
    def difference(self) -> Difference | None:
        """The one that is looked at."""
        return None if self.at is None else self.near.get(self.at)

    def find_earlier(self, row: int) -> int | None:
        """Find the last one before that looked at which is at another bar than ``row``."""
        if not self.at:
            return None
        found = [n for n, one in self.near.items() if n < self.at and one["row"] != row]
        return found[-1] if found else min(self.near, default=0)

    def find_later(self, row: int) -> int | None:
        """Find the first one after that looked at which is at another bar than ``row``."""
        start = 0 if self.at is None else self.at + 1
        after = [n for n in self.near if n >= start]
        found = (n for n in after if self.near[n]["row"] != row)
        # Those of one bar may be more than are near: then it goes on from the last of them.
        return next(found, after[-1] if after and after[-1] + 1 < self.count else None)

    def list(self, start: int, end: int) -> dict[int, Difference]:
        """List values from one number to another, exclusive."""
        near = {n: self.near[n] for n in range(start, end) if n in self.near}
        return near if len(near) == end - start else self._read_values(start, end)

    @functools.cached_property
    def near(self) -> dict[int, Difference]:
        """Those around the one looked at: read once for all of the page."""
        start = max((self.at or 0) - _FAR, 0)
        end = min(start + 2 * _FAR, self.count)
        found = self._read_values(start, min(end, self.values)) if start < self.values else {}
        if end > self.values:
            found |= self._read_trades(max(start, self.values), end)
        return found

    def _read_values(self, start: int, end: int) -> dict[int, Difference]:
        found = self._tables.differences(self._title, offset=start, limit=end - start)
        return dict(enumerate(found["items"], start))

    def _read_trades(self, start: int, end: int) -> dict[int, Difference]:
        found = self._tables.matches("different", offset=start - self.values, limit=end - start)
        return {n: {**one, "layer": "trades"} for n, one in enumerate(found["items"], start)}
