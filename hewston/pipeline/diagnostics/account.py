"""What the account did not bear: refused orders, ruin; and a parameter at its limit."""

import numpy as np
import polars as pl

from hewston.pipeline.diagnostics.finding import Evidence, Finding
from hewston.pipeline.diagnostics.result import RunResult
from hewston.pipeline.engine.reasons import BUYING_POWER
from hewston.pipeline.fields import describe_rule


def find_rejected(result: RunResult) -> Finding | None:
    """Find orders that were refused, for want of buying power or by the engine."""
    refused = result.orders.filter(pl.col("status") == "REJECTED")
    if refused.is_empty():
        return None
    first = refused.row(0, named=True)
    spec, bar, total = result.spec, first["bar"], result.orders.height
    poor = refused.filter(pl.col("reason") == BUYING_POWER).height
    why = "for want of buying power" if poor == refused.height else f"first for {first['reason']}"
    count = refused.height
    equity = float(result.equity["equity"][bar])
    close = float(result.equity["close"][bar])
    return Finding(
        key="rejected",
        severity="warning",
        message=f"{count:,} of {total:,} orders {'was' if count == 1 else 'were'} refused {why}, "
        "the first at this bar.",
        evidence=(
            Evidence(label="Orders refused", value=count, unit="count"),
            Evidence(label="For want of buying power", value=poor, unit="count"),
            Evidence(label="Share of all orders", value=count / total, unit="fraction"),
            Evidence(
                label="Value of the first one",
                value=abs(first["qty"] * close * spec.instrument.multiplier),
                unit="money",
            ),
            Evidence(
                label="Largest position value then",
                value=max(equity, 0.0) * spec.max_leverage,
                unit="money",
            ),
        ),
        advice="The run is not the strategy as it was meant. Lower size, or raise starting_cash "
        "or max_leverage."
        if poor
        else "The run is not the strategy as it was meant. The log says why each was refused.",
        bar=bar,
    )


def find_ruin(result: RunResult) -> Finding | None:
    """Find the first close at which equity was gone."""
    gone = np.flatnonzero(result.equity["equity"].to_numpy() <= 0)
    if not gone.size:
        return None
    bar = int(gone[0])
    row = result.equity.row(bar, named=True)
    return Finding(
        key="ruined",
        severity="error",
        message="Equity fell to 0 or below at the close of this bar; the position was closed at "
        "the next fill and nothing was traded after it.",
        evidence=(
            Evidence(label="Equity at its close", value=row["equity"], unit="money"),
            Evidence(label="Starting cash", value=result.spec.starting_cash, unit="money"),
            Evidence(label="Position at its close", value=row["position"], unit="units"),
            Evidence(label="Max leverage", value=result.spec.max_leverage, unit="ratio"),
            Evidence(label="Bars after it", value=result.equity.height - 1 - bar, unit="bars"),
        ),
        advice="Lower size or max_leverage, or give the strategy a stop: an account that is gone "
        "once does not come back.",
        bar=bar,
    )


def find_edge(result: RunResult) -> Finding | None:
    """Find parameters that are as small or as large as their rule allows."""
    at_edge: list[tuple[str, float, str]] = []
    for name, rule in sorted(result.params.items()):
        value = result.spec.params.get(name, rule.get("default"))
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        ends = {"smallest": rule.get("min"), "largest": rule.get("max")}
        at_edge += [(name, value, word) for word, end in ends.items() if end == value]
    if not at_edge:
        return None
    said = " and ".join(f"{name} is the {word} that is allowed" for name, _, word in at_edge)
    names = sorted({name for name, _, _ in at_edge})
    return Finding(
        key="param_edge",
        severity="info",
        message=f"A parameter is at the edge of its range: {said}.",
        evidence=(
            *(Evidence(label=name, value=value, unit="ratio") for name, value, _ in at_edge),
            *(
                Evidence(
                    label=f"{name} may be", value=describe_rule(result.params[name]), unit="text"
                )
                for name in names
            ),
        ),
        advice="Where an edge is best, better may lie outside: widen the range in PARAMS of the "
        "strategy, or ask whether the parameter does anything there.",
    )
