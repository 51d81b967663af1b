"""Whether costs are there at all, and what they leave of the profit."""

import math

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.diagnostics.finding import Evidence, Finding, UncheckedError
from hewston.pipeline.diagnostics.result import RunResult

# At a half, costs twice as high leave nothing, and estimates of costs are that far off easily.
COST_SHARE = 0.5
# Prints at bid and at ask come alike to a strategy that does not choose between them, and cancel.
BOUNCE_SHARE = 0.25
_LEAST_QUOTED = 0.5  # share of fills whose bar has a quote
_PER_BPS = 1e-4


def find_costs_off(result: RunResult) -> Finding | None:
    """Find that fills cost nothing."""
    costs = result.spec.slippage_fees
    named = {
        "k_spread": costs.k_spread,
        "slippage_ticks": costs.slippage_ticks,
        "fees_bps": costs.fees_bps,
        "fee_per_unit": costs.fee_per_unit,
    }
    paid = math.fsum((*result.fills["fee"].abs(), *result.fills["slippage"].abs()))
    if any(named.values()) and (paid or not result.fills.height):
        return None
    return Finding(
        key="costs_off",
        severity="warning",
        message="Fills cost nothing: no spread, no slippage and no fee was paid.",
        evidence=(
            *(Evidence(label=name, value=value, unit="ratio") for name, value in named.items()),
            Evidence(label="Fills", value=result.fills.height, unit="count"),
        ),
        advice="Set costs that you would pay: half of the spread (k_spread 0.5) and your "
        "broker's fees. Without them a strategy that trades often looks best.",
    )


def find_costly_edge(result: RunResult) -> Finding | None:
    """Find costs that take a large share of the gross profit, and what it could bear."""
    gross, costs = result.gross_profit, math.fsum((result.fees, result.slippage))
    if gross <= 0 or costs < COST_SHARE * gross:
        return None
    given = result.spec.slippage_fees
    net, share = result.net_profit, costs / gross
    said = (
        f"Costs take {share:.0%} of the gross profit."
        if net > 0
        else "Costs take all of the gross profit: before them there is a profit, after them none."
    )
    return Finding(
        key="costs_eat_edge",
        severity="warning",
        message=said,
        evidence=(
            Evidence(label="Gross profit", value=gross, unit="money"),
            Evidence(label="Slippage", value=result.slippage, unit="money"),
            Evidence(label="Fees", value=result.fees, unit="money"),
            Evidence(label="Net profit", value=net, unit="money"),
            Evidence(label="Costs over gross profit", value=share, unit="fraction"),
            Evidence(label="k_spread of the run", value=given.k_spread, unit="ratio"),
            _state("Break-even k_spread", _find_even_spread(result), "ratio"),
            Evidence(label="fees_bps of the run", value=given.fees_bps, unit="bps"),
            _state("Break-even fees_bps", _find_even_fees(result), "bps"),
        ),
        advice="Compare the break-even costs, each with all others as they are and the same "
        "fills, with what you pay. Trade less often or for more a trade, or run the cost ladder.",
    )


def _state(label: str, value: float | str, unit: str) -> Evidence:
    if isinstance(value, str):
        return Evidence(label=label, value=value, unit="text")
    return Evidence(label=label, value=value, unit="bps" if unit == "bps" else "ratio")


def _find_even_spread(result: RunResult) -> float | str:
    """Give the k_spread at which net profit is 0, or why there is none.

    With the same fills net profit is linear in it: each point costs its spread, and the fee on
    what the price moves by it. So it is ``k_spread + net profit / cost of a k_spread of 1``.
    """
    spreads = _measure_spreads(result)
    if spreads is None:
        return "none: no spread is known"
    signed = result.signed_units.to_numpy()
    rate = result.spec.slippage_fees.fees_bps * _PER_BPS
    sides = np.sign(result.fills["price"].to_numpy())
    paid = math.fsum(np.abs(signed) * spreads) + rate * math.fsum(signed * sides * spreads)
    if paid <= 0:
        return "none: every spread is 0"
    even = result.spec.slippage_fees.k_spread + result.net_profit / paid
    return even if even >= 0 else "none: the other costs take it all"


def _measure_spreads(result: RunResult) -> npt.NDArray[np.float64] | None:
    """Give the full spread that each fill pays a share of, price units; None where unknown.

    Where a share was paid, that is what was paid over it; a fill at its very reference paid none,
    and would at no share.
    """
    costs, fills = result.spec.slippage_fees, result.fills
    tick = costs.slippage_ticks * result.spec.instrument.tick_size
    units = np.abs(result.signed_units.to_numpy())
    if costs.k_spread > 0:
        paid = fills["slippage"].to_numpy() / units
        return np.where(paid == 0, 0.0, (paid - tick) / costs.k_spread)
    known = result.bars["spread_mean"]
    if not known.null_count():
        spreads = known.to_numpy()[fills["bar"].to_numpy()]
    elif costs.spread_fallback is None:
        return None
    elif costs.spread_fallback.ticks is not None:
        wide = costs.spread_fallback.ticks * result.spec.instrument.tick_size
        spreads = np.full(fills.height, wide)
    else:
        share = (costs.spread_fallback.bps or 0.0) * _PER_BPS
        spreads = np.abs(fills["reference_price"].to_numpy()) * share
    types = dict(zip(result.orders["order_id"], result.orders["type"], strict=True))
    at_limit = np.array([types[order] == "LIMIT" for order in fills["order_id"]], dtype=np.bool_)
    return np.where(at_limit, 0.0, spreads)


def _find_even_fees(result: RunResult) -> float | str:
    """Give the fees_bps at which net profit is 0, or why there is none: net profit is linear."""
    notional = math.fsum(np.abs(result.signed_units.to_numpy() * result.fills["price"].to_numpy()))
    if notional == 0:
        return "none: nothing of value was traded"
    even = result.spec.slippage_fees.fees_bps + result.net_profit / (notional * _PER_BPS)
    return even if even >= 0 else "none: the other costs take it all"


def find_bounce(result: RunResult) -> Finding | None:
    """Find gross profit that is gone when fills are counted from the mid and not from the print.

    Prints are at the bid or the ask; who buys the print at the bid and sells that at the ask has
    earned a spread that nobody pays. Bars keep the quotes of their open and close.
    """
    fills, gross = result.fills, result.gross_profit
    if not fills.height:
        return None
    edge = "close" if result.spec.fill_clock == "close" else "open"
    bars = result.bars.select(mid=(pl.col(f"bid_{edge}") + pl.col(f"ask_{edge}")) / 2)[
        "mid"
    ].gather(fills["bar"])
    shift = (bars - fills["reference_price"]) * result.signed_units
    shift = shift.set(fills["intrabar"], None).drop_nulls()
    if shift.len() < _LEAST_QUOTED * fills.height or shift.is_empty():
        raise UncheckedError(
            "the data has no quotes"
            if shift.is_empty()
            else f"only {shift.len():,} of {fills.height:,} fills have a quote at their moment"
        )
    gone = math.fsum(shift)
    if gross <= 0 or gone < BOUNCE_SHARE * gross:
        return None
    share = gone / gross
    return Finding(
        key="bounce",
        severity="warning",
        message=f"{'All' if share >= 1 else f'{share:.0%}'} of the gross profit vanishes when "
        "fills are priced from the mid of bid and ask: it is bid-ask bounce.",
        evidence=(
            Evidence(label="Gross profit from prints", value=gross, unit="money"),
            Evidence(label="Gross profit from mids", value=math.fsum((gross, -gone)), unit="money"),
            Evidence(label="Vanishes", value=gone, unit="money"),
            Evidence(label="Its share", value=share, unit="fraction"),
            Evidence(label="Fills with a quote", value=shift.len(), unit="count"),
            Evidence(label="Fills", value=fills.height, unit="count"),
        ),
        advice="Take k_spread 1 as the least, since a print at the bid cannot be bought; or use "
        "longer bars, where the bounce is small beside the moves.",
    )
