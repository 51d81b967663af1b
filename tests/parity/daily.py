"""Days of a market, a crossing of averages played on them, and the list that TradingView makes."""

import datetime as dt
import random
from collections.abc import Sequence
from pathlib import Path

FAST, SLOW = 3, 8
HEADER = (
    "Trade number,Type,Date and time,Signal,Price USD,Size (qty),Size (value),Net PnL USD,"
    "Net PnL %,Favorable excursion USD,Favorable excursion %,Adverse excursion USD,"
    "Adverse excursion %,Cumulative PnL USD,Cumulative PnL %"
)
# Long while the fast average is above the slow one, else short: stop and reverse.
SOURCE = f"""\
import numpy as np


def run_strategy(frame):
    close = frame["close"]
    fast, slow = close.rolling({FAST}).mean(), close.rolling({SLOW}).mean()
    position = np.where(slow.isna(), 0.0, np.where(fast > slow, 1.0, -1.0))
    return frame[[]].assign(position=position)
"""

type Bar = tuple[float, float, float, float]


def walk(count: int, *, tick: float = 0.25, seed: int = 7) -> list[Bar]:
    """Make bars whose opens differ from the closes before, on whole ticks."""
    rng = random.Random(seed)
    price, bars = 4000.0, []
    for _ in range(count):
        opened = price + tick * rng.randint(-8, 8)
        closed = opened + tick * rng.randint(-60, 60)
        high = max(opened, closed) + tick * rng.randint(0, 9)
        low = min(opened, closed) - tick * rng.randint(0, 9)
        bars.append((opened, high, low, closed))
        price = closed
    return bars


def play(bars: Sequence[Bar]) -> list[tuple[int, int, int | None]]:
    """Cross the averages as a script does: side, bar of the entry, bar of the exit; at opens."""
    trades: list[tuple[int, int, int | None]] = []
    side = entered = 0
    closes = [bar[3] for bar in bars]
    for at in range(SLOW - 1, len(bars) - 1):
        fast = sum(closes[at + 1 - FAST : at + 1]) / FAST
        slow = sum(closes[at + 1 - SLOW : at + 1]) / SLOW
        wanted = 1 if fast > slow else -1
        if wanted != side:
            if side:
                trades.append((side, entered, at + 1))
            side, entered = wanted, at + 1
    return [*trades, (side, entered, None)]


def write_list(
    path: Path, dates: Sequence[dt.date], bars: Sequence[Bar], *, form: str = "%Y-%m-%d"
) -> int:
    """Write the list of a chart of these bars, each named by its date; gives how many trades."""
    rows, total = [HEADER], 0.0
    trades = play(bars)
    for number, (side, entry, exit_) in enumerate(trades, start=1):
        word = "long" if side > 0 else "short"
        last = len(bars) - 1 if exit_ is None else exit_
        end = bars[last][3] if exit_ is None else bars[last][0]
        pnl = side * (end - bars[entry][0])
        total += 0.0 if exit_ is None else pnl
        rest = f"1,{bars[entry][0]},{pnl},0,0,0,0,0,{total},0"
        signal = "Open" if exit_ is None else "flip"
        rows.append(f"{number},Exit {word},{dates[last]:{form}},{signal},{end},{rest}")
        rows.append(f"{number},Entry {word},{dates[entry]:{form}},flip,{bars[entry][0]},{rest}")
    path.write_text("\n".join(rows) + "\n")
    return len(trades)


def write_bars(path: Path, times: Sequence[str], bars: Sequence[Bar]) -> Path:
    """Write a table of bars, each with its time as it is given."""
    lines = ["time,open,high,low,close,volume"]
    lines += [f"{when},{','.join(map(str, bar))},10" for when, bar in zip(times, bars, strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path
