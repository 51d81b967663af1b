"""Candles and series of both sides: which bars both have, and where the first layer breaks."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import polars as pl

from hewston.pipeline.parity.series import ComparedSeries, Times, compare_series
from hewston.pipeline.parity.side import Side
from hewston.pipeline.parity.titles import Paired, pair_titles
from hewston.pipeline.parity.tolerances import DIVERGES, Floats, Tolerances

Verdict = Literal["aligned", "aligned_within_tolerance", "diverged", "not_comparable"]
PRICES = ("open", "high", "low", "close", "volume")
_LEAST_KEYS = 3
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """Why a layer is broken, at its first bar (ns; None where no bar says it)."""

    layer: Literal["candles", "indicators"]
    class_name: str
    cause: str
    subject: str  # a title, or "candles"
    at: int | None
    sentence: str

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        data = dataclasses.asdict(self)
        return {"class": data.pop("class_name"), **data}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Candles and series of both; ``findings`` begin with the first broken layer's first bar."""

    verdict: Verdict
    both: int  # bars
    only_pine: int
    only_python: int
    times: Times  # of the bars that both have
    candles: tuple[ComparedSeries, ...]
    series: tuple[ComparedSeries, ...]
    titles: Paired
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "verdict": self.verdict,
            "bars": {
                "both": self.both,
                "only_pine": self.only_pine,
                "only_python": self.only_python,
            },
            "candles": [one.as_json() for one in self.candles],
            "series": [one.as_json() for one in self.series],
            "only_pine": list(self.titles.only_pine),
            "only_python": list(self.titles.only_python),
            "findings": [one.as_json() for one in self.findings],
        }


def compare_series_of(
    pine: Side,
    python: Side,
    *,
    tolerances: Tolerances | None = None,
    mapping: Mapping[str, str | None] | None = None,
) -> Comparison:
    """Compare candles, then series, on the bars that both sides have.

    Series are paired by ``titles.pair_titles``. Nothing is shifted or left out: what would agree
    under a shift is a finding with that cause. Trades are not looked at.
    """
    tolerances = tolerances or Tolerances()
    times = np.intersect1d(pine.times, python.times)
    only = len(pine.times) - len(times), len(python.times) - len(times)
    candles = _compare_candles(pine, python, times, tolerances)
    titles = pair_titles(_titles(pine), _titles(python), mapping)
    series = tuple(
        compare_series(
            title,
            other,
            times=times,
            a=_read(pine.series, title, times),
            b=_read(python.series, other, times),
            tolerance=tolerances.of(title),
            decimals=pine.decimals.get(title),
            warmup=_find_warmup(python, other),
        )
        for title, other in titles.pairs
    )
    findings = [
        *_judge_candles(pine, python, times, only, candles),
        *_judge_gaps(pine, titles),
        *(_judge(one, times) for one in series if one.class_name),
    ]
    broken = next((one for one in findings if one.layer == "candles"), None)
    if broken is not None:
        findings = [_explain(one, broken) for one in findings]
    findings.sort(key=lambda one: (one.class_name == "numeric_tolerance", one.layer, one.at or 0))
    return Comparison(
        verdict=_decide(candles, series, findings, pine),
        both=len(times),
        only_pine=only[0],
        only_python=only[1],
        times=times,
        candles=candles,
        series=series,
        titles=titles,
        findings=tuple(findings),
    )


def _titles(side: Side) -> list[str]:
    return [] if side.series is None else side.series.columns[1:]


def _read(frame: pl.DataFrame | None, title: str, times: Times) -> Floats:
    """Give a column's values at some of its bars; NaN where there is none."""
    values = np.full(len(times), np.nan)
    if frame is None or frame.is_empty():
        return values
    own = frame["ts_open"].to_physical().to_numpy()
    column = frame[title].fill_null(np.nan).to_numpy()
    if np.array_equal(own, times):
        return column.copy()
    at = np.minimum(np.searchsorted(own, times), len(own) - 1)
    is_there = own[at] == times
    values[is_there] = column[at[is_there]]
    return values


def _find_warmup(python: Side, title: str) -> int | None:
    known = [
        count for count in (python.warmup, python.measured_warmup.get(title)) if count is not None
    ]
    return max(known) if known else None


def _compare_candles(
    pine: Side, python: Side, times: Times, tolerances: Tolerances
) -> tuple[ComparedSeries, ...]:
    if pine.candles is None or python.candles is None:
        return ()
    found = []
    for name in PRICES:
        a, b = (_read(side.candles, name, times) for side in (pine, python))
        if name == "volume" and (np.isnan(a).all() or np.isnan(b).all()):
            continue  # a source without volume does not contradict one that has it
        found.append(
            compare_series(
                name,
                name,
                times=times,
                a=a,
                b=b,
                tolerance=tolerances.default,
                decimals=pine.decimals.get(name),
                warmup=0,
            )
        )
    return tuple(found)


def _judge_candles(
    pine: Side,
    python: Side,
    times: Times,
    only: tuple[int, int],
    candles: tuple[ComparedSeries, ...],
) -> list[Finding]:
    """Say whether bars are missing, shifted or others."""
    if not len(pine.times) or not len(python.times):
        return []
    worse = [one for one in candles if one.class_name]
    if not worse and not any(only):
        return []
    firsts = [int(times[one.first]) for one in worse if one.first is not None]
    if any(only):
        firsts.append(int(np.setxor1d(pine.times, python.times)[0]))
    cause, why = _find_shift(pine, python)
    said = f"{len(times):,} bars are in both, {only[0]:,} only in Pine, {only[1]:,} only in Python"
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
        )
    ]


def _find_shift(pine: Side, python: Side) -> tuple[str, str]:
    """Find the one shift in time under which candles agree, and what it is."""
    if pine.candles is None or python.candles is None:
        return "feed", ""
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
        return "feed", ""
    moved, count = (joined["ts_open_b"] - joined["ts_open"]).value_counts(sort=True).row(0)
    if not moved or count < _NEARLY_ALL * min(keys[0].height, keys[1].height):
        return "feed", ""
    cause = _name_shift(int(moved), pine, python)
    minutes = moved / 60e9
    return cause, f"With Pine's times moved by {minutes:+g} minutes the candles agree."


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


def _judge_gaps(pine: Side, titles: Paired) -> list[Finding]:
    found = []
    for title in titles.only_pine:
        values = _read(pine.series, title, pine.times)
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
    return found


def _judge(one: ComparedSeries, times: Times) -> Finding:
    apart = one.compared - sum(list(one.counts.values())[:DIVERGES])
    return Finding(
        layer="indicators",
        class_name=one.class_name or "",
        cause=one.cause or "unknown",
        subject=one.title,
        at=None if one.first is None else int(times[one.first]),
        sentence=(
            f"{one.title} is outside the tolerance on {apart:,} of {one.compared:,} bars: "
            f"{one.expected} in Pine and {one.actual} in Python at the first."
        ),
    )


def _explain(one: Finding, broken: Finding) -> Finding:
    """Other candles explain what differs from their first bar on."""
    if one.class_name == "pine_only_function_gap" or (one.at or 0) < (broken.at or 0):
        return one
    return dataclasses.replace(one, class_name="data_alignment", cause=broken.cause)


def _decide(
    candles: tuple[ComparedSeries, ...],
    series: tuple[ComparedSeries, ...],
    findings: list[Finding],
    pine: Side,
) -> Verdict:
    """Nothing compared is never aligned: neither no bar, nor no value of any series."""
    told = bool(_titles(pine))
    if not sum(one.compared for one in (series if told and series else candles)):
        return "not_comparable"
    if any(one.class_name != "numeric_tolerance" for one in findings):
        return "diverged"
    shares = [one.counts["band"] + one.counts["loose"] for one in (*candles, *series)]
    return "aligned_within_tolerance" if any(shares) else "aligned"
