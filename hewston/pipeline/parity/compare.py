"""Both sides layer by layer: which bars both have, and where the first layer breaks."""

import dataclasses
from typing import Literal

import numpy as np
import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.parity.alignment import Aligned, align, read_column
from hewston.pipeline.parity.candles import are_others, compare_candles, judge_candles
from hewston.pipeline.parity.finding import Finding
from hewston.pipeline.parity.layers import LAYERS, Layer, list_layers
from hewston.pipeline.parity.listed import ComparedTrades, compare_trades_of
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.series import ComparedSeries, compare_series
from hewston.pipeline.parity.side import Side
from hewston.pipeline.parity.titles import Paired, pair_titles
from hewston.pipeline.parity.tolerances import DIVERGES
from hewston.pipeline.parity.trades import explain_trades
from hewston.pipeline.parity.values import read_pair
from hewston.pipeline.schemas import CANDLES

Verdict = Literal["aligned", "aligned_within_tolerance", "diverged", "not_comparable"]
_MINUTE_NS = 60 * 10**9


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Both sides layer by layer; ``findings`` begin with the first broken layer's first bar."""

    verdict: Verdict
    aligned: Aligned
    candles: tuple[ComparedSeries, ...]
    series: tuple[ComparedSeries, ...]
    trades: ComparedTrades | None
    layers: tuple[Layer, ...]
    titles: Paired
    findings: tuple[Finding, ...]


def compare_sides(pine: Side, python: Side, options: Options | None = None) -> Comparison:
    """Compare candles, then series, on the bars that both sides have, then their trades.

    Series are paired by ``titles.pair_titles``. Nothing is shifted or left out but what the options
    say: what would agree under a shift is a finding with that cause.
    """
    options = options or Options()
    aligned = align(pine, python, options)
    titles = pair_titles(pine.titles, python.titles, options.mapping)
    _check_options(options, titles, aligned)
    candles = compare_candles(aligned, options)
    series = tuple(_compare_pair(aligned, options, title, other) for title, other in titles.pairs)
    trades = compare_trades_of(aligned, tolerance=options.tolerances.trades, bars=options.bars)
    findings = [
        *judge_candles(aligned, candles),
        *_judge_gaps(aligned, titles),
        *(_judge(one, aligned) for one in series if one.class_name),
        *_judge_trades(aligned, trades, candles),
    ]
    broken = next((one for one in findings if one.explains_all), None)
    if broken is not None:
        findings = [_explain(one, broken) for one in findings]
    findings.sort(
        key=lambda one: (
            one.class_name == "numeric_tolerance",
            LAYERS.index(one.layer),
            one.class_name == "warmup_window",  # what settles explains no later bar
            one.at or 0,
        )
    )
    gaps = len(titles.only_pine)
    return Comparison(
        verdict=_decide(candles, series, trades, findings, aligned),
        aligned=aligned,
        candles=candles,
        series=series,
        trades=trades,
        layers=tuple(
            list_layers(
                aligned,
                candles,
                series,
                trades,
                only_pine=gaps,
                same_fees=not any(one.layer == "fees" for one in findings),
            )
        ),
        titles=titles,
        findings=tuple(findings),
    )


def _check_options(options: Options, titles: Paired, aligned: Aligned) -> None:
    """Refuse options of series that are not compared, and a move that leaves nothing of one."""
    known = [title for title, _ in titles.pairs]
    for name in ("offsets", "resampled"):
        for title in getattr(options, name):
            if title not in known and title not in options.mapping:
                raise InputError(
                    f"{title} is no series that is compared. {suggest(title, sorted(known))}",
                    field=f"{name}.{title}",
                    allowed=sorted(known),
                )
    count = len(aligned.both)
    for title, offset in options.offsets.items():
        if count and abs(offset) >= count:
            raise InputError(
                f"{title} is moved by {abs(offset):,} bars, and only {count:,} bars are compared: "
                "none would be left.",
                field=f"offsets.{title}",
            )


def _compare_pair(aligned: Aligned, options: Options, title: str, other: str) -> ComparedSeries:
    a, b = read_pair(aligned, options, title, other)
    return compare_series(
        title,
        other,
        times=aligned.times,
        a=a,
        b=b,
        tolerance=options.tolerances.of(title),
        decimals=aligned.pine.decimals.get(title),
        warmup=_find_warmup(aligned.python, other),
    )


def _find_warmup(python: Side, title: str) -> int | None:
    known = [
        count for count in (python.warmup, python.measured_warmup.get(title)) if count is not None
    ]
    return max(known) if known else None


def _judge_gaps(aligned: Aligned, titles: Paired) -> list[Finding]:
    found = []
    pine = aligned.pine
    for title in titles.only_pine:
        values = read_column(pine.series, title, pine.times)
        known = np.flatnonzero(~np.isnan(values))
        found.append(
            Finding(
                layer="indicators",
                class_name="pine_only_function_gap",
                cause="unknown",
                subject=title,
                at=int(pine.times[known[0]]) if known.size else None,
                sentence=f"Pine has the series {title}, and Python has none of that title.",
            )
        )
    if pine.trades is not None and aligned.python.trades is None and pine.trades.height:
        found.append(
            Finding(
                layer="signals",
                class_name="pine_only_function_gap",
                cause="unknown",
                subject="trades",
                at=int(pine.trades["entry_ts"].to_physical()[0]),
                sentence=f"Pine lists {pine.trades.height:,} trades, and Python has no list.",
            )
        )
    return found


def _judge(one: ComparedSeries, aligned: Aligned) -> Finding:
    apart = one.compared - sum(list(one.counts.values())[:DIVERGES])
    where = "at the first"
    if not apart:
        apart, where = one.counts["loose"], "at the first; all are within the tolerance"
    return Finding(
        layer="indicators",
        class_name=one.class_name or "",
        cause=one.cause or "unknown",
        subject=one.title,
        at=None if one.first is None else int(aligned.times[one.first]),
        sentence=(
            f"{one.title} differs on {apart:,} of {one.compared:,} bars: "
            f"{_write(one.expected)} in Pine and {_write(one.actual)} in Python {where}."
            f"{_tell_more(one)}"
        ),
        series=one,
    )


def _tell_more(one: ComparedSeries) -> str:
    """Say what else was seen that explains a series."""
    if one.coarser_interval is not None:
        who = {"pine": "Pine's changes", "python": "Python's changes"}.get(
            one.coarser_side or "", "Both change"
        )
        said = f" {who} only where intervals of {one.coarser_interval} begin or end"
        return said + (", and shows them before they are over." if one.cause == "repaint" else ".")
    if one.constant_difference is not None:
        return f" Python's is always Pine's {one.constant_difference:+.12g}."
    if one.offset_bars:
        when = "later" if one.offset_bars > 0 else "earlier"
        return f" Python's is Pine's, {abs(one.offset_bars):,} bars {when}."
    return ""


def _write(value: float | None) -> str:
    return "no value" if value is None else f"{value:.12g}"


def _judge_trades(
    aligned: Aligned, trades: ComparedTrades | None, compared: tuple[ComparedSeries, ...]
) -> list[Finding]:
    """Say why trades differ, where any does beyond the tolerance."""
    pine, python = aligned.pine, aligned.python
    if trades is None or pine.trades is None or python.trades is None:
        return []
    candles = python.candles if python.candles is not None else pine.candles
    found = explain_trades(
        pine.trades,
        python.trades,
        candles=pl.DataFrame(schema=CANDLES) if candles is None else candles,
        interval_ms=(python.interval_ns or pine.interval_ns or _MINUTE_NS) // 1_000_000,
        multiplier=python.multiplier,
        decimals=pine.decimals,
        knows_fees=all(trades.knows_fees),
        same_candles=any(one.compared for one in compared) and not are_others(compared),
    )
    is_same = trades.count("matched") == trades.matches.height
    if is_same and (found is None or found.cause != "fees"):
        return []
    if found is None:
        return [_tell_unmatched(trades)]
    return [
        Finding(
            layer=found.layer,
            class_name=found.class_name,
            cause=found.cause,
            subject="trades",
            at=found.at,
            sentence=found.sentence,
            trades=found,
        )
    ]


def _tell_unmatched(trades: ComparedTrades) -> Finding:
    """Say that trades are not matched where no rule says why."""
    bad = trades.matches.filter(pl.col("kind").cast(pl.String) != "matched")
    at = bad.select(pl.min_horizontal("a_entry_ts", "b_entry_ts").min()).to_series()
    return Finding(
        layer="signals",
        class_name="python_implementation",
        cause="unknown",
        subject="trades",
        at=at.to_physical()[0],
        sentence=f"{bad.height:,} of {trades.matches.height:,} trades are not the same in Pine and "
        f"in Python, the first entered at {at[0]:%Y-%m-%d %H:%M} UTC.",
    )


def _explain(one: Finding, broken: Finding) -> Finding:
    """Other candles explain what differs from their first bar on."""
    if one.class_name == "pine_only_function_gap" or (one.at or 0) < (broken.at or 0):
        return one
    return dataclasses.replace(one, class_name="data_alignment", cause=broken.cause)


def _decide(
    candles: tuple[ComparedSeries, ...],
    series: tuple[ComparedSeries, ...],
    trades: ComparedTrades | None,
    findings: list[Finding],
    aligned: Aligned,
) -> Verdict:
    """Nothing compared is never aligned: neither no bar, nor no value of any series."""
    told = bool(aligned.pine.titles)
    values = sum(one.compared for one in (series if told and series else candles))
    if not values and (trades is None or trades.matches.is_empty()):
        return "not_comparable"
    if any(one.class_name != "numeric_tolerance" for one in findings):
        return "diverged"
    shares = [one.counts["band"] + one.counts["loose"] for one in (*candles, *series)]
    return "aligned_within_tolerance" if any(shares) or findings else "aligned"
