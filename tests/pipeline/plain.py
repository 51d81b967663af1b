"""The contract in plain Python, bar after bar and in whole ticks: what the engine is held to.

It knows nothing of the pipeline. Prices are integers of ticks; columns are lists with None where
nothing is said.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

type Bar = tuple[int, int, int, int]  # open, high, low, close in ticks
type Columns = Mapping[str, Sequence[Any]]


@dataclasses.dataclass(frozen=True)
class PlainFill:
    """A fill: its bar, the signed change of position, its price in ticks, and why."""

    bar: int
    change: int
    price: int
    kind: str  # market, stop or target


def follow(
    bars: Sequence[Bar],
    columns: Columns,
    *,
    clock: str = "next_open",
    limit_gap: str = "open",
    bracket_from: str = "next_bar",
    cost: int = 0,
) -> list[PlainFill]:
    """Trade the columns over the bars, one unit a target of 1; a market fill costs ticks."""
    plain = _Plain(bars, columns)
    plain.clock, plain.limit_gap, plain.bracket_from = clock, limit_gap, bracket_from
    plain.cost = cost
    return plain.run()


class _Plain:
    clock = "next_open"
    limit_gap = "open"
    bracket_from = "next_bar"
    cost = 0

    def __init__(self, bars: Sequence[Bar], columns: Columns) -> None:
        self.bars, self.columns = bars, columns
        self.position = 0
        self.target = 0.0
        self.entry_bar = self.signal_bar = -1
        self.entry_price = 0
        self.fills: list[PlainFill] = []

    def value(self, name: str, row: int) -> Any:
        return self.columns[name][row] if name in self.columns and row >= 0 else None

    def run(self) -> list[PlainFill]:
        waiting: int | None = None  # the position that the last close asked for
        for row, bar in enumerate(self.bars):
            if waiting is not None:
                self.move(waiting, row, row - 1, bar[0])
            self.exit_inside(row, bar)
            wanted = self.decide(row)
            waiting = None
            if wanted is not None:
                if self.clock == "close":
                    self.move(wanted, row, row, bar[3])
                else:
                    waiting = wanted
        return self.fills

    def move(self, wanted: int, row: int, signal_bar: int, price: int) -> None:
        if wanted == self.position:
            return
        change = wanted - self.position
        price += self.cost if change > 0 else -self.cost
        self.fills.append(PlainFill(row, change, price, "market"))
        if wanted != 0 and wanted * self.position <= 0:
            self.entry_bar, self.signal_bar, self.entry_price = row, signal_bar, price
        self.position = wanted

    def decide(self, row: int) -> int | None:
        if "position" in self.columns:
            said = self.value("position", row)
            before, self.target = self.target, self.target if said is None else said
            return None if self.target == before else int(self.target)
        state = (self.position > 0) - (self.position < 0)
        for side, sign, other in (("long", 1, "short"), ("short", -1, "long")):
            alone = f"exit_{side}" not in self.columns and f"{other}_condition" not in self.columns
            falls = alone and not self.value(f"{side}_condition", row)
            if state == sign and (self.value(f"exit_{side}", row) or falls):
                state = 0
        rising = [
            sign
            for side, sign in (("long", 1), ("short", -1))
            if self.value(f"{side}_condition", row) and not self.value(f"{side}_condition", row - 1)
        ]
        return rising[0] if len(rising) == 1 else state

    def exit_inside(self, row: int, bar: Bar) -> None:
        """Price walks from the open to both extremes; the first exit that it meets closes."""
        if self.position == 0 or (self.clock == "close" and row == self.entry_bar):
            return
        side = 1 if self.position > 0 else -1
        stops, limits = self.levels("stop", row, side), self.levels("target", row, side)
        stop = max(stops, key=lambda level: level * side, default=None)
        limit = min(limits, key=lambda level: level * side, default=None)
        opened, high, low, _ = bar
        if stop is not None and (opened - stop) * side <= 0:
            self.close(row, opened, "stop")
        elif limit is not None and (opened - limit) * side >= 0:
            self.close(row, opened if self.limit_gap == "open" else limit, "target")
        else:
            extremes = [low, high] if opened - low <= high - opened else [high, low]
            for extreme in extremes:
                if stop is not None and (extreme - stop) * side <= 0:
                    self.close(row, stop, "stop")
                    return
                if limit is not None and (extreme - limit) * side >= 0:
                    self.close(row, limit, "target")
                    return

    def close(self, row: int, price: int, kind: str) -> None:
        if kind == "stop":
            price -= self.cost if self.position > 0 else -self.cost
        self.fills.append(PlainFill(row, -self.position, price, kind))
        self.position = 0

    def levels(self, kind: str, row: int, side: int) -> list[int]:
        """List what is in force inside a bar, in ticks, rounded away from the position."""
        away = side if kind == "target" else -side
        exact: list[Fraction] = []
        by_bar = self.value({"stop": "stop_loss", "target": "take_profit"}[kind], row - 1)
        if by_bar is not None:
            exact.append(Fraction(by_bar))
        first = self.entry_bar if self.bracket_from == "entry_bar" else self.entry_bar + 1
        if row >= first:
            offset = self.value(f"{kind}_offset", self.signal_bar)
            share = self.value(f"{kind}_pct", self.signal_bar)
            if offset is not None:
                exact.append(self.entry_price + away * Fraction(offset))
            if share is not None:
                exact.append(self.entry_price * (1 + away * Fraction(share)))
        return [math.ceil(level) if away > 0 else math.floor(level) for level in exact]
