"""Whether the profit hangs on one trade or on one day."""

import math

import numpy as np

from hewston.pipeline.diagnostics.finding import Evidence, Finding, UncheckedError
from hewston.pipeline.diagnostics.result import RunResult
from hewston.pipeline.intervals import DAY, INTERVALS

# Most of it: what is left without that one is less than half.
MOST_OF_PROFIT = 0.5
_LEAST = 2  # of a single one it is always all


def find_one_trade(result: RunResult) -> Finding | None:
    """Find a closed trade that made most of the net profit of all closed trades."""
    closed = result.closed
    total = math.fsum(closed["net_pnl"])
    if closed.height < _LEAST or total <= 0:
        return None
    best = closed.row(int(np.argmax(closed["net_pnl"].to_numpy())), named=True)
    share = best["net_pnl"] / total
    if share <= MOST_OF_PROFIT:
        return None
    return Finding(
        key="one_trade",
        severity="warning",
        message=f"Trade {best['trade_id']}, entered at this bar, made {_write(share)} of the net "
        f"profit of all {closed.height:,} closed trades.",
        evidence=(
            Evidence(label="Its net profit", value=best["net_pnl"], unit="money"),
            Evidence(label="Net profit of all closed trades", value=total, unit="money"),
            Evidence(
                label="Net profit without it",
                value=math.fsum((total, -best["net_pnl"])),
                unit="money",
            ),
            Evidence(label="Its share", value=share, unit="fraction"),
        ),
        advice="Look at that trade on the chart. Judge the strategy by what is left without it, "
        "or run it on other years and symbols.",
        bar=best["entry_bar"],
    )


def find_one_day(result: RunResult) -> Finding | None:
    """Find an exchange date on which most of the net profit was made."""
    if INTERVALS[result.spec.interval] > DAY:
        raise UncheckedError("the bars are longer than a day")
    last = np.flatnonzero(result.dates.ne_missing(result.dates.shift(-1)).to_numpy())
    total = result.net_profit
    if len(last) < _LEAST or total <= 0:
        return None
    levels = result.equity["equity"].to_numpy()[last]
    profits = np.diff(levels, prepend=result.spec.starting_cash)
    best = int(np.argmax(profits))
    share = float(profits[best]) / total
    if share <= MOST_OF_PROFIT:
        return None
    first_bar = int(last[best - 1]) + 1 if best else 0
    date = result.dates[first_bar]
    return Finding(
        key="one_day",
        severity="warning",
        message=f"{date} alone made {_write(share)} of the net profit.",
        evidence=(
            Evidence(label="Date", value=date.isoformat(), unit="date"),
            Evidence(label="Profit on it", value=float(profits[best]), unit="money"),
            Evidence(label="Net profit of the run", value=total, unit="money"),
            Evidence(
                label="Net profit without it",
                value=math.fsum((total, -float(profits[best]))),
                unit="money",
            ),
            Evidence(label="Its share", value=share, unit="fraction"),
            Evidence(label="Dates", value=len(last), unit="count"),
        ),
        advice="Look at what happened on that date. Judge the strategy by what is left without "
        "it, or run it on other years and symbols.",
        bar=first_bar,
    )


def _write(share: float) -> str:
    return f"{share:.0%}" if share <= 1 else "more than all"
