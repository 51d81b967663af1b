"""Which symbol a record belongs to: by instrument id and UTC day, as the file's header says."""

import datetime as dt
import difflib
import itertools
from collections import defaultdict
from collections.abc import Iterable

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.dbn.header import Header, Interval

_EPOCH = dt.date(1970, 1, 1)
_MOST_SHOWN = 20


class Symbology:
    """One file's symbols by instrument id and day; days are counted from 1970-01-01 (UTC)."""

    def __init__(self, header: Header, *, name: str) -> None:
        self._name = name
        self._by_id: dict[int, list[Interval]] = defaultdict(list)
        for interval in header.intervals:
            self._by_id[interval.instrument_id].append(interval)

    def ids_of(self, symbol: str) -> list[int]:
        """List the instrument ids that the symbol has on any day, sorted."""
        return sorted(
            number
            for number, intervals in self._by_id.items()
            if any(interval.symbol == symbol for interval in intervals)
        )

    def symbols_on(self, instrument_id: int, day: int) -> list[str]:
        """List the symbols of an id on a day; none when the header has no mapping for it."""
        date = _EPOCH + dt.timedelta(days=day)
        intervals = self._by_id.get(instrument_id, ())
        return sorted({i.symbol for i in intervals if i.first <= date < i.end})

    def check_unmixed(self, wanted: str | None) -> None:
        """Refuse a symbol that stands for several instruments on one day, as a parent does.

        Raises InputError that names the symbol and the day.
        """
        by_symbol: dict[str, list[Interval]] = defaultdict(list)
        for intervals in self._by_id.values():
            for interval in intervals:
                if wanted in {None, interval.symbol} and interval.first < interval.end:
                    by_symbol[interval.symbol].append(interval)
        for symbol, intervals in sorted(by_symbol.items()):
            intervals.sort(key=lambda i: (i.first, i.end, i.instrument_id))
            for earlier, later in itertools.pairwise(intervals):
                if later.first < earlier.end and later.instrument_id != earlier.instrument_id:
                    raise InputError(
                        f"{self._name}: {symbol} stands for several instruments on {later.first} "
                        f"(ids {earlier.instrument_id} and {later.instrument_id}), which cannot "
                        "be one price series. Request single instruments by raw symbol.",
                        file=self._name,
                        field="symbol",
                    )


def unknown_symbol(symbol: str, known: Iterable[str]) -> InputError:
    """Say that no file holds the symbol, and what they do hold, the nearest first."""
    names = set(known)
    folded = {name.casefold(): name for name in sorted(names, reverse=True)}
    near = [
        folded[name]
        for name in difflib.get_close_matches(symbol.casefold(), folded, n=3, cutoff=0.5)
    ]
    ordered = near + sorted(names - set(near))
    shown = ", ".join(ordered[:_MOST_SHOWN])
    more = f" and {len(ordered) - _MOST_SHOWN:,} more" if len(ordered) > _MOST_SHOWN else ""
    hint = f" Did you mean {near[0]}?" if near else ""
    holds = f"They hold {shown}{more}." if ordered else "They name no symbol at all."
    return InputError(
        f"No file given holds the symbol {symbol!r}.{hint} {holds}",
        field="symbol",
        allowed=ordered[:_MOST_SHOWN],
    )
