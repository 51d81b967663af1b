"""Whether there is enough to judge: trades, their number, quiet stretches, an open end."""

import math

import numpy as np
import polars as pl

from hewston.pipeline.diagnostics.finding import Evidence, Finding
from hewston.pipeline.diagnostics.result import RunResult

# Over 30 trades a hit rate has a standard error of 9 points, and a mean is nearly normal.
FEW_TRADES = 30
# Days at rest count as days without risk: a quarter of them understates volatility by 13 %,
# 1 - sqrt(3 / 4).
FLAT_SHARE = 0.25
_LEAST_FOR_DEVIATION = 2


def find_no_trades(result: RunResult) -> Finding | None:
    """Find that nothing was filled, and say why as far as it is known."""
    if result.fills.height:
        return None
    wanted = result.signals.filter(pl.col("target") != 0).height
    orders = result.orders.height
    refused = result.orders.filter(pl.col("status") == "REJECTED").height
    if not wanted:
        why = "its target is 0 on every bar"
        advice = (
            "Look at the indicators on the chart: the conditions may never be met, or the range "
            "may be shorter than the longest average."
        )
    elif not orders:
        why = "its targets led to no order"
        advice = (
            f"Only a change of the target trades, and it is rounded to lots of "
            f"{result.spec.instrument.lot:g}: raise size, or let the range begin earlier."
        )
    elif refused == orders:
        why = "every order was refused"
        advice = "Lower size, or raise starting_cash or max_leverage."
    else:
        why = "no order was filled"
        advice = (
            "An order of the last bar has no next open, and a limit or stop waits for its price: "
            "let the range end later, or look at the orders."
        )
    return Finding(
        key="no_trades",
        severity="warning",
        message=f"The run made no trade: {why}.",
        evidence=(
            Evidence(label="Bars", value=result.equity.height, unit="bars"),
            Evidence(label="Bars with a target other than 0", value=wanted, unit="bars"),
            Evidence(label="Orders", value=orders, unit="count"),
            Evidence(label="Orders refused", value=refused, unit="count"),
        ),
        advice=advice,
    )


def find_few_trades(result: RunResult) -> Finding | None:
    """Find fewer closed trades than figures about trades need."""
    pnl = result.closed["net_pnl"].to_list()
    count = len(pnl)
    if not result.fills.height or count >= FEW_TRADES:
        return None
    evidence = [
        Evidence(label="Closed trades", value=count, unit="count"),
        Evidence(label="Enough from", value=FEW_TRADES, unit="count"),
    ]
    if count >= _LEAST_FOR_DEVIATION:
        mean = math.fsum(pnl) / count
        squares = math.fsum((one - mean) ** 2 for one in pnl)
        error = math.sqrt(squares / (count - 1) / count)
        evidence += [
            Evidence(label="Mean net profit of a trade", value=mean, unit="money"),
            Evidence(label="Standard error of that mean", value=error, unit="money"),
            Evidence(
                label="Standard error of a hit rate of one half",
                value=0.5 / math.sqrt(count),
                unit="fraction",
            ),
        ]
    said = "No trade was closed" if not count else f"{count} closed trade{'s' * (count != 1)}"
    return Finding(
        key="few_trades",
        severity="warning",
        message=f"{said}: too few to tell skill from luck.",
        evidence=tuple(evidence),
        advice="Run it on a longer range or on more symbols before believing its figures.",
    )


def find_flat_equity(result: RunResult) -> Finding | None:
    """Find a long stretch over which equity did not move."""
    values = result.equity["equity"].to_numpy()
    if not result.fills.height:
        return None
    # A stretch ends where equity differs from the bar before; the first one from starting cash.
    moves = np.flatnonzero(np.diff(values, prepend=result.spec.starting_cash) != 0)
    starts = np.concatenate(([-1], moves))
    lengths = np.diff(np.append(starts, len(values))) - 1  # bars that repeat the one before
    longest = int(np.argmax(lengths))
    bars = int(lengths[longest])
    share = bars / len(values)
    if share < FLAT_SHARE:
        return None
    first = int(starts[longest]) + 1
    return Finding(
        key="flat_equity",
        severity="warning",
        message=f"Equity did not move over {share:.0%} of the run, from this bar on.",
        evidence=(
            Evidence(label="Longest stretch at rest", value=bars, unit="bars"),
            Evidence(label="Share of the run", value=share, unit="fraction"),
            Evidence(label="Begins", value=result.dates[first].isoformat(), unit="date"),
            Evidence(label="Ends", value=result.dates[first + bars - 1].isoformat(), unit="date"),
        ),
        advice="Find out why it stood aside: Sharpe and volatility count those days as days "
        "without risk. Limit the range to where it trades, or mend the condition that keeps it "
        "out.",
        bar=first,
    )


def find_open_position(result: RunResult) -> Finding | None:
    """Find a position that is still held at the last bar."""
    position = float(result.equity["position"][-1])
    if position == 0:
        return None
    lots = result.trades.filter(pl.col("exit_ts").is_null())
    value = position * float(result.equity["close"][-1]) * result.spec.instrument.multiplier
    return Finding(
        key="open_position",
        severity="info",
        message="The last position was still open at the end and is valued at the last close.",
        evidence=(
            Evidence(label="Position", value=position, unit="units"),
            Evidence(label="Value at the last close", value=value, unit="money"),
            Evidence(
                label="Net profit of it so far", value=math.fsum(lots["net_pnl"]), unit="money"
            ),
            Evidence(label="Net profit of the run", value=result.net_profit, unit="money"),
        ),
        advice="It counts in equity and returns but is no closed trade, and its exit will cost "
        "spread and fees. Let the range end later to see it closed.",
        bar=int(lots["entry_bar"][0]),
    )
