"""Exits inside the bar: which stop and limit are in force, and where price reaches one."""

import dataclasses
import math
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.engine.instruments import count_decimals
from hewston.pipeline.engine.path import is_low_first
from hewston.pipeline.schemas import EXITS
from hewston.pipeline.spec import RunSpec

type Floats = npt.NDArray[np.float64]

STOP: Literal["STOP"] = "STOP"
LIMIT: Literal["LIMIT"] = "LIMIT"
_SAME_PRICE = 1e-9  # relative: a price this near to a tick is that tick
_FIRST_LOOK = 256  # bars that are searched at once, then ever more
_LOOK_FACTOR = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bracket:
    """What an entry fill fixed: ``side`` is 1 long or -1 short, a price of NaN is none.

    ``stop`` and ``target`` hold from ``from_bar`` on; prices by the bar may rule from
    ``first_bar`` on, the first one inside which the position is held.
    """

    side: int
    first_bar: int
    stop: float
    target: float
    from_bar: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exit:
    """A stop or limit that price reaches inside a bar: its price, and the print it fills at."""

    bar: int
    type: Literal["STOP", "LIMIT"]
    price: float
    reference: float


class Exits:
    """What a strategy said of exits inside the bar, over the bars of a run."""

    def __init__(self, bars: pl.DataFrame, signals: pl.DataFrame, spec: RunSpec) -> None:
        self._open, self._high, self._low = (
            bars[name].to_numpy() for name in ("open", "high", "low")
        )
        self._tick = spec.instrument.tick_size
        self._fills_at_close = spec.fill_clock == "close"
        self._limit_gap = spec.limit_gap
        self._said = {
            name: signals[name].fill_null(math.nan).to_numpy()
            for name in EXITS
            if name in signals.columns
        }
        if "in_entry_bar" in signals.columns:
            self._in_entry_bar = signals["in_entry_bar"].to_numpy()
        else:
            self._in_entry_bar = np.zeros(len(signals), bool)
        # What holds inside each bar: that of the row before, rounded for either side.
        self._prices = {
            (kind, side): self._shift(name, direction * side)
            for kind, name, direction in ((STOP, "stop_loss", -1), (LIMIT, "take_profit", 1))
            for side in (1, -1)
            if name in self._said
        }

    @classmethod
    def of_signals(cls, bars: pl.DataFrame, signals: pl.DataFrame, spec: RunSpec) -> "Exits | None":
        """Read them from signals; None where the strategy said nothing of exits."""
        if not any(name in signals.columns for name in EXITS):
            return None
        return cls(bars, signals, spec)

    def _shift(self, name: str, direction: int) -> Floats:
        rounded = round_to_tick(self._said[name], self._tick, direction)
        return np.concatenate(([math.nan], rounded[:-1]))

    def enter(self, *, side: int, signal_bar: int, entry_bar: int, price: float) -> Bracket:
        """Fix the distances of the signal's row from an entry fill."""
        first_bar = entry_bar + 1 if self._fills_at_close else entry_bar
        return Bracket(
            side=side,
            first_bar=first_bar,
            stop=self._fix("stop", signal_bar, price, -side),
            target=self._fix("target", signal_bar, price, side),
            from_bar=first_bar if self._in_entry_bar[signal_bar] else entry_bar + 1,
        )

    def _fix(self, kind: str, row: int, price: float, direction: int) -> float:
        """Give the nearer of the offset's and the fraction's price; NaN where neither is."""
        offset = self._said.get(f"{kind}_offset")
        fraction = self._said.get(f"{kind}_pct")
        distances = [] if offset is None else [float(offset[row])]
        if fraction is not None:
            distances.append(float(fraction[row]) * abs(price))
        known = [distance for distance in distances if not math.isnan(distance)]
        if not known:
            return math.nan
        exact = np.array([price + direction * min(known)])
        return float(round_to_tick(exact, self._tick, direction)[0])

    def levels(self, bracket: Bracket, start: int, stop: int) -> tuple[Floats, Floats]:
        """Give the stop and the limit in force inside bars ``start`` to ``stop``, exclusive.

        Where two are in force, it is the one that is reached first; NaN where none is.
        """
        bars = np.arange(start, stop)
        found = []
        for kind, fixed, direction in (
            (STOP, bracket.stop, -bracket.side),
            (LIMIT, bracket.target, bracket.side),
        ):
            level = np.where(bars >= bracket.from_bar, fixed, math.nan)
            by_bar = self._prices.get((kind, bracket.side))
            if by_bar is not None:
                nearer = np.fmax if direction < 0 else np.fmin
                level = nearer(level, by_bar[start:stop])
            level[bars < bracket.first_bar] = math.nan
            found.append(level)
        return found[0], found[1]

    def find(self, bracket: Bracket, start: int, stop: int) -> Exit | None:
        """Find the first exit inside bars ``start`` to ``stop``, exclusive."""
        look = _FIRST_LOOK
        while start < stop:
            end = min(start + look, stop)
            stops, limits = self.levels(bracket, start, end)
            low, high = self._low[start:end], self._high[start:end]
            if bracket.side > 0:
                reached = (low <= stops) | (high >= limits)
            else:
                reached = (high >= stops) | (low <= limits)
            if reached.any():
                place = int(reached.argmax())
                return self._decide(
                    bracket.side, start + place, float(stops[place]), float(limits[place])
                )
            start, look = end, look * _LOOK_FACTOR
        return None

    def _decide(self, side: int, bar: int, stop: float, limit: float) -> Exit:
        """Say which of a bar's two exits comes first."""
        opened = float(self._open[bar])
        if side * (opened - stop) <= 0:
            return Exit(bar=bar, type=STOP, price=stop, reference=opened)
        if side * (opened - limit) >= 0:
            price = opened if self._limit_gap == "open" else limit
            return Exit(bar=bar, type=LIMIT, price=limit, reference=price)
        against, favourable = (self._low, self._high) if side > 0 else (self._high, self._low)
        stops = side * (float(against[bar]) - stop) <= 0
        limits = side * (float(favourable[bar]) - limit) >= 0
        if stops and limits:
            low_first = is_low_first(opened, float(self._high[bar]), float(self._low[bar]))
            stops = low_first == (side > 0)
        if stops:
            return Exit(bar=bar, type=STOP, price=stop, reference=stop)
        return Exit(bar=bar, type=LIMIT, price=limit, reference=limit)


def round_to_tick(prices: Floats, tick: float, direction: int) -> Floats:
    """Round prices up (1) or down (-1) to a tick; a price as good as on a tick is that tick."""
    ticks = prices / tick
    nearest = np.rint(ticks)
    is_on_tick = np.abs(nearest * tick - prices) <= _SAME_PRICE * np.abs(prices)
    whole = np.where(is_on_tick, nearest, np.ceil(ticks) if direction > 0 else np.floor(ticks))
    return np.round(whole * tick, count_decimals(tick))
