"""The sample's trades and the quotes before them, session by session.

Every number comes from the bit stream of Philox, which numpy keeps as it is for good, by
integer arithmetic alone, so that no processor or library changes a single bit.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import databento_dbn
import numpy as np
import numpy.typing as npt

from hewston.pipeline.sources.dbn.records import TBBO_DTYPE, UNDEF_PRICE, Rows
from hewston.pipeline.sources.sample.files import PUBLISHER_ID

_TICK_NANOS = 10_000_000  # 0.01
_SUB_TICK_NANOS = 100_000  # 0.0001
_FIRST_TICKS = 15_000  # 150.00
_MINUTE_NS = 60_000_000_000
_HALT_FROM, _HALT_TO = 120, 180  # minutes after the open
_SIZES = np.array([100, 100, 100, 100, 100, 200, 200, 300, 500, 1000, 1, 4, 10, 25, 50, 87])

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Day:
    """A session: ``start`` is pre_open in UTC nanoseconds, the rest is minutes after it."""

    start: int
    opens: int
    closes: int
    ends: int
    halted: bool  # for an hour, two hours after the open
    instrument_id: int


@dataclass(frozen=True, kw_only=True)
class _Prints:
    """A session's trades in order of time, before they have prices."""

    minute: Integers  # after pre_open
    ts_event: Integers
    auction: Flags  # opening, reopening and closing cross


class _Dice:
    """Uniform integers from one session's own stream of random bits."""

    def __init__(self, year: int, session: int) -> None:
        self._bits = np.random.Philox(key=np.array([year, session], dtype=np.uint64))

    def below(self, bound: int, size: int) -> Integers:
        """Draw from 0 to ``bound`` - 1; the bound is at most 2**31."""
        words = self._words(size) >> np.uint64(32)
        return ((words * np.uint64(bound)) >> np.uint64(32)).astype(np.int64)

    def one_in(self, odds: int, size: int) -> Flags:
        return np.equal(self.below(odds, size), 0)

    def bell(self, coins: int, size: int) -> Integers:
        """Draw the heads among ``coins`` less half of them: mean 0, deviation sqrt(coins) / 2."""
        words = self._words(size) >> np.uint64(64 - coins)
        return np.bitwise_count(words).astype(np.int64) - coins // 2

    def _words(self, size: int) -> npt.NDArray[np.uint64]:
        return np.asarray(self._bits.random_raw(size), dtype=np.uint64)


def make_sessions(days: list[Day], year: int) -> Iterator[Rows]:
    """Make each session's TBBO records; the price goes on from one session to the next."""
    ticks = _FIRST_TICKS
    for number, day in enumerate(days):
        dice = _Dice(year, number)
        prints = _prints(dice, day)
        bid = ticks + np.cumsum(_steps(dice, day, prints.minute, ticks))
        ticks = int(bid[-1])
        yield _records(dice, day, prints, bid)


def _counts(dice: _Dice, day: Day) -> Integers:
    """Choose how many trades each minute has: many at the open and the close, few outside."""
    minutes = np.arange(day.ends)
    length = day.closes - day.opens
    from_noon = np.abs(2 * (minutes - day.opens) - length)
    busy = 85 + int(dice.below(36, 1)[0])  # percent, by day
    regular = (7 + 18 * from_noon**3 // length**3) * busy * (50 + dice.below(101, day.ends))
    early = 60 + 500 * minutes // day.opens
    late = 400 - 340 * (minutes - day.closes) // (day.ends - day.closes)
    active = dice.below(1000, day.ends) < np.where(minutes < day.opens, early, late)
    outside = active * (1 + dice.below(3, day.ends))
    is_regular = (minutes >= day.opens) & (minutes < day.closes)
    counts = np.where(is_regular, regular // 10_000, outside)
    quiet = day.opens + length // 4 + dice.below(length // 2, 1 + int(dice.below(4, 1)[0]))
    counts[quiet] = 0
    if day.halted:
        counts[day.opens + _HALT_FROM : day.opens + _HALT_TO] = 0
        counts[day.opens + _HALT_TO] += 1
    counts[day.closes] += 1
    return counts


def _prints(dice: _Dice, day: Day) -> _Prints:
    """Choose the time of each trade."""
    counts = _counts(dice, day)
    minute = np.repeat(np.arange(day.ends), counts)
    size = len(minute)
    offset = dice.below(59_990_000, size) * 1000 + dice.below(1000, size)
    # Some trades are made at the very end of a minute and received in the next one. What
    # comes before an empty minute stays clear of it.
    empty_next = np.append(counts[1:], 0)[minute] == 0
    last_moment = dice.one_in(128, size) & ~empty_next
    offset = np.where(last_moment, _MINUTE_NS - 1 - dice.below(300_000, size), offset)
    crosses = [day.opens, day.closes] + ([day.opens + _HALT_TO] if day.halted else [])
    first = np.searchsorted(minute, crosses)
    offset[first] = 5_000_000 + dice.below(400_000_000, len(first))
    auction = np.zeros(size, np.bool_)
    auction[first] = True
    order = np.argsort(minute * _MINUTE_NS + offset, kind="stable")
    minute, offset, auction = minute[order], offset[order], auction[order]
    # An order that meets several others makes several trades at one time.
    swept = dice.one_in(6, size) & (np.diff(minute, prepend=-1) == 0)
    source = np.maximum.accumulate(np.where(swept, 0, np.arange(size)))
    ts_event = day.start + (minute * _MINUTE_NS + offset)[source]
    return _Prints(minute=minute, ts_event=ts_event, auction=auction)


def _steps(dice: _Dice, day: Day, minute: Integers, ticks: int) -> Integers:
    """Choose by how many ticks the bid moves before each trade.

    A walk with trends of about two hours each, of which more rise than fall the further the
    price is below its first one.
    """
    steps = dice.bell(16 + 2 * int(dice.below(9, 1)[0]), len(minute))
    trend = np.cumsum(dice.one_in(120, day.ends))  # number of the trend by minute
    rising = dice.below(1000, day.ends) < 500 + (_FIRST_TICKS - ticks) // 32
    slope = dice.below(2, day.ends) * np.where(rising, 1, -1)  # ticks a minute, by trend
    first = np.flatnonzero(np.diff(minute, prepend=-1))
    steps[first] += slope[trend[minute[first]]]
    steps[0] += 15 * dice.bell(16, 1)[0]  # over night
    if day.halted:
        steps[np.searchsorted(minute, day.opens + _HALT_TO)] -= 160  # the news
    return steps


def _records(dice: _Dice, day: Day, prints: _Prints, bid: Integers) -> Rows:
    """Choose sides, prices, sizes and quotes, and lay them out as TBBO records."""
    size = len(bid)
    is_regular = (prints.minute >= day.opens) & (prints.minute < day.closes)
    wider = np.where(is_regular, 1, 3)
    ask = bid + 1 + np.minimum(dice.below(4, size), dice.below(4, size)) * wider
    buys = dice.one_in(2, size)
    inside = dice.one_in(32, size) & ~prints.auction  # better than the quote, by parts of a cent
    inside_price = bid * _TICK_NANOS + (1 + dice.below(99, size)) * _SUB_TICK_NANOS
    auction_size = 20_000 + dice.below(60_000, size)
    records = np.zeros(size, TBBO_DTYPE)
    records["length"] = TBBO_DTYPE.itemsize // 4
    records["rtype"] = 1
    records["publisher_id"] = PUBLISHER_ID
    records["instrument_id"] = day.instrument_id
    records["ts_event"] = prints.ts_event
    records["price"] = np.where(inside, inside_price, np.where(buys, ask, bid) * _TICK_NANOS)
    records["size"] = np.where(prints.auction, auction_size, _SIZES[dice.below(len(_SIZES), size)])
    records["action"] = ord("T")
    records["side"] = np.where(
        prints.auction | inside, ord("N"), np.where(buys, ord("B"), ord("A"))
    )
    records["flags"] = databento_dbn.F_LAST
    received = prints.ts_event + 40_000 + dice.below(360_000, size)
    records["ts_recv"] = np.maximum.accumulate(received)
    records["ts_in_delta"] = 8_000 + dice.below(30_000, size)
    records["sequence"] = np.cumsum(1 + dice.below(60, size))
    _set_quotes(dice, records, bid, ask)
    return records


def _set_quotes(dice: _Dice, records: Rows, bid: Integers, ask: Integers) -> None:
    """Set the book before each trade; a few are locked, crossed or have one side only."""
    size = len(records)
    ask = np.where(dice.one_in(300, size), bid, ask)
    ask = np.where(dice.one_in(400, size), bid - 1 - dice.below(3, size), ask)
    missing = dice.below(1000, size)
    for number, (side, ticks) in enumerate((("bid", bid), ("ask", ask))):
        records[f"{side}_px"] = np.where(missing == number, UNDEF_PRICE, ticks * _TICK_NANOS)
        records[f"{side}_sz"] = np.where(missing == number, 0, 100 * (1 + dice.below(12, size)))
        records[f"{side}_ct"] = np.where(missing == number, 0, 1 + dice.below(8, size))
