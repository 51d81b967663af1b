"""Both sides layer by layer: which bars both have, and where the first layer breaks."""

import dataclasses
from typing import Literal

import numpy as np
import polars as pl

from hewston.pipeline.intervals import INTERVAL_NS
from hewston.pipeline.parity.alignment import Aligned, align, read_column
from hewston.pipeline.parity.layers import LAYERS, Layer, list_layers
from hewston.pipeline.parity.listed import ComparedTrades, compare_trades_of
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.series import ComparedSeries, compare_series
from hewston.pipeline.parity.side import Side
from hewston.pipeline.parity.titles import Paired, pair_titles
from hewston.pipeline.parity.tolerances import DIVERGES
from hewston.pipeline.parity.trades import TradeFinding, explain_trades
from hewston.pipeline.parity.values import read_pair
from hewston.pipeline.schemas import CANDLES

Verdict = Literal["aligned", "aligned_within_tolerance", "diverged", "not_comparable"]
PRICES = ("open", "high", "low", "close", "volume")
_LEAST_KEYS = 3
_MINUTE_NS = 60 * 10**9
_NEARLY_ALL = 0.9
_QUARTERS = frozenset(
    {
        *(4 * hour for hour in range(-14, 15)),
        *(
            sign * (4 * hour + part)
            for sign in (1, -1)
            for hour, part in (
                (3, 2),
                (4, 2),
                (5, 2),
                (5, 3),
                (6, 2),
                (8, 3),
                (9, 2),
                (10, 2),
                (12, 3),
            )
        ),
    }
)  # of an hour: what clocks of the world are apart from UTC
_QUARTER_NS = 900 * 10**9
_HOUR_NS = 4 * _QUARTER_NS


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """Why a layer is broken, at its first bar (ns; None where no bar says it)."""

    layer: str  # one of layers.LAYERS
    class_name: str
    cause: str
    subject: str  # a title, "candles" or "trades"
    at: int | None
    sentence: str
    moved_ns: int = 0  # by which candles agree when Pine's times are moved
    series: ComparedSeries | None = None  # that it is of
    trades: TradeFinding | None = None  # likewise


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
    titles = pair_titles(_titles(pine), _titles(python), options.mapping)
    candles = _compare_candles(aligned, options)
    series = tuple(_compare_pair(aligned, options, title, other) for title, other in titles.pairs)
    trades = compare_trades_of(aligned, tolerance=options.tolerances.trades, bars=options.bars)
    findings = [
        *_judge_candles(aligned, candles),
        *_judge_gaps(aligned, titles),
        *(_judge(one, aligned) for one in series if one.class_name),
        *_judge_trades(aligned, trades),
    ]
    broken = next((one for one in findings if one.layer == "candles"), None)
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


def _titles(side: Side) -> list[str]:
    return [] if side.series is None else side.series.columns[1:]


def _find_warmup(python: Side, title: str) -> int | None:
    known = [
        count for count in (python.warmup, python.measured_warmup.get(title)) if count is not None
    ]
    return max(known) if known else None


def _compare_candles(aligned: Aligned, options: Options) -> tuple[ComparedSeries, ...]:
    pine, python, times = aligned.pine, aligned.python, aligned.times
    if pine.candles is None or python.candles is None:
        return ()
    found = []
    for name in PRICES:
        a, b = (read_column(side.candles, name, times) for side in (pine, python))
        if name == "volume" and (np.isnan(a).all() or np.isnan(b).all()):
            continue  # a source without volume does not contradict one that has it
        found.append(
            compare_series(
                name,
                name,
                times=times,
                a=a,
                b=b,
                tolerance=options.tolerances.default,
                decimals=pine.decimals.get(name),
                warmup=0,
            )
        )
    return tuple(found)


def _judge_candles(aligned: Aligned, candles: tuple[ComparedSeries, ...]) -> list[Finding]:
    """Say whether bars are missing, shifted or others."""
    pine, python, times = aligned.pine, aligned.python, aligned.times
    only = aligned.only_pine, aligned.only_python
    if not len(pine.times) or not len(python.times):
        return []
    worse = [one for one in candles if one.class_name]
    if not worse and not any(only):
        return []
    firsts = [int(times[one.first]) for one in worse if one.first is not None]
    if any(only):
        alone = np.setdiff1d(np.arange(len(aligned.grid)), aligned.both)
        firsts.append(int(aligned.grid[alone[0]]))
    cause, moved, why = _find_shift(pine, python)
    said = f"{len(times):,} bars are in both, {only[0]:,} only in Pine, {only[1]:,} only in Python"
    lengths = name_interval(pine.interval_ns), name_interval(python.interval_ns)
    if lengths[0] != lengths[1] and cause == "feed":
        why = f"Bars of Pine are of {lengths[0]}, and those of Python of {lengths[1]}."
    if worse:
        said += f"; {', '.join(one.title for one in worse)} differ"
    return [
        Finding(
            layer="candles",
            class_name="data_alignment",
            cause=cause,
            subject="candles",
            at=min(firsts),
            sentence=f"{said}. {why}".strip(),
            moved_ns=moved,
            series=worse[0] if worse else None,
        )
    ]


def name_interval(length_ns: int | None) -> str:
    """Give the name of a length of bars, or say it in minutes."""
    known = {length: name for name, length in INTERVAL_NS.items()}
    return known.get(length_ns or 0, f"{(length_ns or 0) / 60e9:g} minutes")


def _find_shift(pine: Side, python: Side) -> tuple[str, int, str]:
    """Find the shift in time under which candles agree: its cause, how far (ns), and a sentence.

    Where clocks are set forward and back there are two, an hour apart.
    """
    if pine.candles is None or python.candles is None:
        return "feed", 0, ""
    keys = [
        side.candles.select(
            pl.col("ts_open").to_physical(),
            pl.concat_str(pl.col(PRICES[:4]).round_sig_figs(10), separator=" ").alias("key"),
        ).filter(pl.col("key").is_unique() & pl.col("key").is_not_null())
        for side in (pine, python)
        if side.candles is not None
    ]
    joined = keys[0].join(keys[1], on="key", suffix="_b")
    if joined.height < _LEAST_KEYS:
        return "feed", 0, ""
    shifts = (joined["ts_open_b"] - joined["ts_open"]).value_counts(sort=True)
    least = _NEARLY_ALL * min(keys[0].height, keys[1].height)
    moved, count = shifts.row(0)
    if moved and count >= least:
        said = f"With Pine's times moved by {moved / 60e9:+g} minutes the candles agree."
        return _name_shift(int(moved), pine, python), int(moved), said
    if shifts.height > 1:
        other, second = shifts.row(1)
        if abs(other - moved) == _HOUR_NS and count + second >= least:
            both = " and ".join(f"{one / 60e9:+g}" for one in sorted((moved, other)))
            said = f"With Pine's times moved by {both} minutes, as clocks are set, candles agree."
            return "zone", 0, said
    return "feed", 0, ""


def _name_shift(moved: int, pine: Side, python: Side) -> str:
    """Tell an offset in the rows, a stamp at the close, and another zone."""
    ends = [(side.times[0], side.times[-1]) for side in (pine, python)]
    if ends[0][0] == ends[1][0] or ends[0][1] == ends[1][1]:
        return "offset"
    if abs(moved) == python.interval_ns:
        return "stamp"
    if moved % _QUARTER_NS == 0 and moved // _QUARTER_NS in _QUARTERS:
        return "zone"
    return "offset"


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


def _judge_trades(aligned: Aligned, trades: ComparedTrades | None) -> list[Finding]:
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
    )
    is_same = trades.count("matched") == trades.matches.height
    if found is None or (is_same and found.cause != "fees"):
        return []
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
    told = bool(_titles(aligned.pine))
    values = sum(one.compared for one in (series if told and series else candles))
    if not values and (trades is None or trades.matches.is_empty()):
        return "not_comparable"
    if any(one.class_name != "numeric_tolerance" for one in findings):
        return "diverged"
    shares = [one.counts["band"] + one.counts["loose"] for one in (*candles, *series)]
    return "aligned_within_tolerance" if any(shares) or findings else "aligned"
