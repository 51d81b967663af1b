"""From one net profit to another, cause by cause, to the cent."""

import dataclasses
import math
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl

_CENT = Decimal("0.01")
_NOTHING = 1e-6  # money: what rounding leaves of a part that does not differ
_AT_SAME_TIME = ("matched", "other price", "other quantity")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One bar: what a cause adds to the net profit of A. ``before`` is where it starts."""

    key: str
    amount: Decimal  # money, in whole cents
    before: Decimal
    trades: int | None  # how many it is made of; None of the residual

    @property
    def after(self) -> Decimal:
        """Where the bar ends."""
        return self.before + self.amount


@dataclasses.dataclass(frozen=True, kw_only=True)
class Waterfall:
    """``start`` and every step's amount add up to ``end``, exactly."""

    start: Decimal  # net profit of A, to the cent
    steps: tuple[Step, ...]
    end: Decimal  # net profit of B, to the cent

    @property
    def difference(self) -> Decimal:
        """What B earned more than A."""
        return self.end - self.start


def build_waterfall(
    matches: pl.DataFrame, *, net_profit_a: float, net_profit_b: float
) -> Waterfall:
    """Part the difference of two net profits (finite money) by cause, from MATCHES.

    A closed trade that both have at the same time parts exactly into four causes. With q for the
    quantity, and g, s and f for its gross profit at reference prices, slippage and fees for each
    unit: ``price`` is the change of g, ``slippage`` that of -s and ``fees`` that of -f, each at
    the mean quantity; ``quantity`` is the change of q at the mean of g - s - f. ``moved``,
    ``only_a`` and ``only_b`` are what such trades differ by as a whole, ``open`` what the lots
    still open stand at. ``residual`` is what no trade explains.

    It is the levels between the bars that are rounded to cents, so a bar is less than a cent off.
    """
    closed = matches.filter(~pl.col("is_open"))
    same = closed.filter(pl.col("kind").cast(pl.String).is_in(_AT_SAME_TIME))
    causes = [
        (key, amounts, sum(abs(amount) > _NOTHING for amount in amounts))
        for key, amounts in _part(same).items()
    ]
    for key, chosen in (
        ("moved", closed.filter(pl.col("kind") == "moved")),
        ("only_a", closed.filter(pl.col("kind") == "only in A")),
        ("only_b", closed.filter(pl.col("kind") == "only in B")),
        ("open", matches.filter("is_open")),
    ):
        causes.append((key, chosen["difference"].to_list(), chosen.height))
    level = start = _round(net_profit_a)
    sums, steps = [net_profit_a], []
    for key, amounts, count in causes:
        sums.append(math.fsum(amounts))
        reached = _round(math.fsum(sums))
        steps.append(Step(key=key, amount=reached - level, before=level, trades=count))
        level = reached
    end = _round(net_profit_b)
    steps.append(Step(key="residual", amount=end - level, before=level, trades=None))
    return Waterfall(start=start, steps=tuple(steps), end=end)


def _part(same: pl.DataFrame) -> dict[str, list[float]]:
    """Part each trade's difference; the four sum to it."""
    qty, gross, slippage, fees, net = (
        (same[f"a_{name}"].to_numpy(), same[f"b_{name}"].to_numpy())
        for name in ("qty", "gross_pnl", "slippage", "fees", "net_pnl")
    )
    mean_qty = (qty[0] + qty[1]) / 2
    parts = {
        "price": (gross[1] / qty[1] - gross[0] / qty[0]) * mean_qty,
        "slippage": -(slippage[1] / qty[1] - slippage[0] / qty[0]) * mean_qty,
        "fees": -(fees[1] / qty[1] - fees[0] / qty[0]) * mean_qty,
        "quantity": (qty[1] - qty[0]) * (net[0] / qty[0] + net[1] / qty[1]) / 2,
    }
    return {key: amounts.tolist() for key, amounts in parts.items()}


def _round(money: float) -> Decimal:
    return Decimal(money).quantize(_CENT, rounding=ROUND_HALF_EVEN) + 0
