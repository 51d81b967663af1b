"""What a comparison of two runs comes to, in sentences."""

import dataclasses
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import polars as pl

from hewston.pipeline.comparison.trades import TradeComparison

_LEAST_PAIRS = 3  # to say of all of them what they have in common
_NEARLY_ALL = 0.9
_LEAST_ROWS = 5  # before one trade is said to make most of the difference
_ROUNDING = Decimal("0.01")
_CLOCKS = {"close": "the close", "next_open": "the next open"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Conclusion:
    """One sentence, and whether it warns."""

    key: str
    severity: Literal["info", "warning"]
    message: str

    def as_json(self) -> dict[str, str]:
        """Give plain JSON values."""
        return dataclasses.asdict(self)


def conclude(compared: TradeComparison) -> list[Conclusion]:
    """Say what explains the difference of two runs, what explains most first."""
    return [*_judge_inputs(compared), *_judge_trades(compared), *_judge_money(compared)]


def summarise(compared: TradeComparison) -> str:
    """Say in one sentence how far B's profit is from A's, and how many trades they share."""
    a, b = compared.a.trades.height, compared.b.trades.height
    paired = compared.matches["entry_moved"].count()
    shared = f"{paired:,} of A's {a:,} and B's {b:,} trades belong together."
    waterfall = compared.waterfall
    if waterfall is None:
        return f"The accounts are in {compared.a.currency} and {compared.b.currency}; {shared}"
    if not waterfall.difference:
        return f"B earned as much as A; {shared}"
    more = "more" if waterfall.difference > 0 else "less"
    amount = f"{abs(waterfall.difference):,.2f} {compared.a.currency}"
    return f"B earned {amount} {more} than A; {shared}"


def _info(key: str, message: str) -> Conclusion:
    return Conclusion(key=key, severity="info", message=message)


def _warn(key: str, message: str) -> Conclusion:
    return Conclusion(key=key, severity="warning", message=message)


def _judge_inputs(compared: TradeComparison) -> Iterator[Conclusion]:
    a, b = compared.a, compared.b
    is_same_spec = a.spec == b.spec
    if a.manifest["output_hashes"] == b.manifest["output_hashes"]:
        yield _info("identical", "Both runs have the same results, byte for byte.")
    elif is_same_spec:
        yield _warn(
            "other_results",
            "The same inputs led to other results: the pipeline's code or its environment differs.",
        )
    datasets = [str(run.manifest["dataset_id"]) for run in (a, b)]
    if datasets[0] != datasets[1]:
        yield _warn(
            "other_data",
            f"The runs are on other data: A on {datasets[0]}, B on {datasets[1]}. Trades are "
            "matched by their time.",
        )
    elif a.spec["bars_sha256"] != b.spec["bars_sha256"]:
        yield _warn(
            "other_bars",
            f"The bars differ: A is on revision {a.revision} of {datasets[0]}, B on revision "
            f"{b.revision}. Other bars alone can make other trades.",
        )
    ends = [(run.equity["ts_open"][0], run.equity["ts_open"][-1]) for run in (a, b)]
    if max(ends[0][0], ends[1][0]) > min(ends[0][1], ends[1][1]):
        yield _warn("no_common_time", "The runs have no time in common.")


def _judge_trades(compared: TradeComparison) -> Iterator[Conclusion]:
    matches = compared.matches
    if matches.is_empty():
        yield _info("no_trades", "Neither run made a trade.")
        return
    pairs = matches.filter(pl.col("entry_moved").is_not_null())
    if pairs.is_empty():
        within = f"within {compared.tolerance} bar{'' if compared.tolerance == 1 else 's'}"
        yield _warn("nothing_matched", f"No trade of one run is matched in the other {within}.")
        return
    yield from _judge_clock(compared, pairs)
    if pairs.height < matches.height or pairs.height < _LEAST_PAIRS:
        return
    changed = (
        {step.key: step.trades for step in compared.waterfall.steps if step.trades}
        if (compared.waterfall)
        else {}
    )
    is_alike = not (set(changed) - {"slippage", "fees", "quantity", "open"})
    if not is_alike or "moved" in set(pairs["kind"]):
        return
    count = f"{pairs.height:,}"
    if "quantity" in changed and not (set(changed) & {"slippage", "fees"}):
        yield _info(
            "only_quantities",
            f"All {count} trades are at the same times and prices: only their quantities differ.",
        )
    elif "quantity" not in changed and set(changed) & {"slippage", "fees"}:
        yield _info(
            "only_costs",
            f"All {count} trades are at the same times and reference prices: only costs differ.",
        )


def _judge_clock(compared: TradeComparison, pairs: pl.DataFrame) -> Iterator[Conclusion]:
    """Recognise one cause behind entries that are all as far apart."""
    counted = pairs["entry_moved"].value_counts(sort=True)
    moved, count = counted.row(0)
    if not moved or compared.unit != "bars" or pairs.height < _LEAST_PAIRS:
        return
    if count < _NEARLY_ALL * pairs.height:
        return
    share = "All" if count == pairs.height else f"{count:,} of {pairs.height:,} matched"
    apart = "one bar" if abs(moved) == 1 else f"{abs(moved)} bars"
    clocks = [str(run.spec["fill_clock"]) for run in (compared.a, compared.b)]
    if clocks[0] != clocks[1]:
        said = " and ".join(
            f"{name} fills at {_CLOCKS.get(clock, clock)}"
            for name, clock in zip("AB", clocks, strict=True)
        )
        yield _warn(
            "fill_clock", f"{share} entries are {apart} apart: the fill clock differs, {said}."
        )
    else:
        later = "later" if moved > 0 else "earlier"
        yield _warn("shifted", f"{share} entries are {apart} {later} in B, at the same fill clock.")


def _judge_money(compared: TradeComparison) -> Iterator[Conclusion]:
    waterfall = compared.waterfall
    if waterfall is None:
        yield _warn(
            "other_currency",
            f"A's account is in {compared.a.currency} and B's in {compared.b.currency}: their "
            "profits are not subtracted.",
        )
        return
    if abs(waterfall.steps[-1].amount) > _ROUNDING:
        yield _warn(
            "residual",
            f"{waterfall.steps[-1].amount:,.2f} {compared.a.currency} of the difference no trade "
            "explains.",
        )
    rows = compared.matches.filter(pl.col("difference") != 0)
    total = float(waterfall.difference)
    if rows.height < _LEAST_ROWS or not total:
        return
    most = rows.row(int(rows["difference"].abs().arg_max() or 0), named=True)
    share = most["difference"] / total
    if share > 1 / 2:
        name = "A" if most["a_trade_id"] is not None else "B"
        number = most[f"{name.lower()}_trade_id"]
        yield _info(
            "one_trade",
            f"One trade, number {number} of {name}, makes {share:.0%} of the difference.",
        )
