"""The first layer: which bars both sides have, and whether they are the same."""

import numpy as np
import polars as pl

from hewston.pipeline.intervals import INTERVAL_NS
from hewston.pipeline.parity.alignment import Aligned, read_column
from hewston.pipeline.parity.finding import Finding
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.series import ComparedSeries, compare_series
from hewston.pipeline.parity.side import Side

PRICES = ("open", "high", "low", "close", "volume")
_LEAST_KEYS = 3
_DAYS = 2  # from which on times that are moved are said in days
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


def compare_candles(aligned: Aligned, options: Options) -> tuple[ComparedSeries, ...]:
    """Compare prices and volumes of bars that both have; none where a side has no candles."""
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


def judge_candles(aligned: Aligned, candles: tuple[ComparedSeries, ...]) -> list[Finding]:
    """Say whether bars are missing, shifted or others."""
    pine, python, times = aligned.pine, aligned.python, aligned.times
    only = aligned.only_pine, aligned.only_python
    if not len(pine.times) or not len(python.times):
        return []
    worse = [one for one in candles if one.counts["diverges"] or one.counts["missing"]]
    if not worse and not any(only):
        return _judge_nearly(aligned, candles)
    firsts = [int(times[one.first]) for one in worse if one.first is not None]
    if any(only):
        alone = np.setdiff1d(np.arange(len(aligned.grid)), aligned.both)
        firsts.append(int(aligned.grid[alone[0]]))
    cause, moved, why = _find_shift(*aligned.whole)
    said = f"{_count(len(times), 'bar')} {'is' if len(times) == 1 else 'are'} in both, "
    said += f"{only[0]:,} only in Pine, {only[1]:,} only in Python"
    lengths = pine.interval_ns, python.interval_ns
    if all(lengths) and lengths[0] != lengths[1] and cause == "feed":
        names = [name_interval(one) for one in lengths]
        why = f"Bars of Pine are of {names[0]}, and those of Python of {names[1]}."
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


def _judge_nearly(aligned: Aligned, candles: tuple[ComparedSeries, ...]) -> list[Finding]:
    """Say of candles that are all within the tolerance which of them are not the same."""
    loose = [one for one in candles if one.counts["loose"]]
    if not loose:
        return []
    names = ", ".join(one.title for one in loose)
    return [
        Finding(
            layer="candles",
            class_name="numeric_tolerance",
            cause="feed",
            subject="candles",
            at=min(int(aligned.times[one.first or 0]) for one in loose),
            sentence=f"{names} of bars differ, all within the tolerance.",
            series=loose[0],
        )
    ]


def write_span(moved_ns: int) -> str:
    """Write by how much times are moved, with its sign."""
    seconds = moved_ns / 1e9
    if seconds % 60:
        return f"{seconds:+,.12g} seconds"
    days = seconds / 86_400
    return f"{seconds / 60:+g} minutes" if days % 1 or abs(days) < _DAYS else f"{days:+g} days"


def are_others(candles: tuple[ComparedSeries, ...]) -> bool:
    """Tell whether a price or volume is beyond the tolerance."""
    return any(one.counts["diverges"] or one.counts["missing"] for one in candles)


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def name_interval(length_ns: int | None) -> str:
    """Give the name of a length of bars, or say it in minutes."""
    known = {length: name for name, length in INTERVAL_NS.items()}
    return known.get(length_ns or 0, f"{(length_ns or 0) / 60e9:g} minutes")


def _find_shift(pine: Side, python: Side) -> tuple[str, int, str]:
    """Find the shift in time under which candles agree: its cause, how far (ns), and a sentence.

    Where clocks are set forward and back there are two, an hour apart. Nothing can be moved where
    it is one in bars and not in time.
    """
    if pine.candles is None or python.candles is None:
        return "feed", 0, ""
    keys = [
        side.candles.with_row_index("row")
        .select(
            "row",
            pl.col("ts_open").to_physical(),
            pl.concat_str(pl.col(PRICES[:4]).round_sig_figs(10), separator=" ").alias("key"),
        )
        .filter(pl.col("key").is_unique() & pl.col("key").is_not_null())
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
        said = f"With Pine's times moved by {write_span(moved)} the candles agree."
        return _name_shift(int(moved), pine, python), int(moved), said
    if shifts.height > 1 and count < least:
        other, second = shifts.row(1)
        if abs(other - moved) == _HOUR_NS and count + second >= least:
            both = " and ".join(f"{one / 60e9:+g}" for one in sorted((moved, other)))
            said = f"With Pine's times moved by {both} minutes, as clocks are set, candles agree."
            return "zone", 0, said
    return _find_bars_apart(joined, least, python)


def _find_bars_apart(joined: pl.DataFrame, least: float, python: Side) -> tuple[str, int, str]:
    """Find by how many bars candles are apart where that is no one length of time.

    Nights and weekends have no bars. A whole bar is a stamp at closes where times are not those of
    bars.
    """
    shown = joined["ts_open"].to_numpy()
    at = np.searchsorted(python.times, shown)
    apart = np.searchsorted(python.times, joined["ts_open_b"].to_numpy()) - at
    values, counts = np.unique(apart, return_counts=True)
    bars = int(values[counts.argmax()])
    if not bars or counts.max() < least:
        return "feed", 0, ""
    said = f"Pine's candles are those of Python, {_count(abs(bars), 'bar')} "
    is_bar = np.isin(shown, python.times)
    cause = "stamp" if bars == -1 and is_bar.mean() < _NEARLY_ALL else "offset"
    return cause, 0, f"{said}{'later' if bars < 0 else 'earlier'}."


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
