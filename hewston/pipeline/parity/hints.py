"""What one cause would explain, and the change that removes it."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from hewston.pipeline.intervals import INTERVAL_NS
from hewston.pipeline.parity.candles import are_others, name_interval, write_span
from hewston.pipeline.parity.compare import Comparison
from hewston.pipeline.parity.finding import Finding
from hewston.pipeline.parity.options import MOST_MOVED_S, MOST_OFFSET, Options
from hewston.pipeline.parity.readers.zones import ZONES
from hewston.pipeline.parity.tolerances import LOOSE, SKIPPED
from hewston.pipeline.parity.trades import TradeFinding
from hewston.pipeline.parity.trades.fees import HALF_CENT

_SECOND_NS = 1_000_000_000
_NEARLY_ALL = 0.9
_CLOCKS = {"close": "next_open", "next_open": "close"}
_NO_FEES = "Run again without fees"
_FEES_AGREE = 0.01  # by which the fees of trades may differ from one rate
_MOSTLY = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hint:
    """A cause, what it would explain, and how to compare without it.

    ``options`` are changes of the comparison's options, ``run`` such of the run's.
    """

    cause: str
    sentence: str
    label: str  # of the button
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    run: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {**dataclasses.asdict(self), "options": dict(self.options), "run": dict(self.run)}


def list_hints(found: Comparison, options: Options) -> list[Hint]:
    """List the causes that one change removes, the first broken layer's first; each once."""
    known: dict[tuple[str, str], Hint] = {}
    for one in found.findings:
        for hint in _suggest(one, found, options):
            known.setdefault((hint.cause, hint.label), hint)
    return list(known.values())


def _suggest(one: Finding, found: Comparison, options: Options) -> Iterator[Hint]:
    if one.trades is not None:
        yield from _suggest_trades(one.trades, found, options)
    elif one.layer == "candles" and one.class_name == "data_alignment":
        yield from _suggest_times(one, found, options)
    elif one.class_name == "warmup_window":
        yield from _suggest_warmup(found, options)
    elif one.class_name == "timeframe_aggregation":
        yield from _suggest_interval(one)
    elif one.class_name == "python_implementation" and one.cause == "offset":
        yield from _suggest_offset(one, options)


def _suggest_times(one: Finding, found: Comparison, options: Options) -> Iterator[Hint]:
    """Suggest other times for Pine's bars, or to compare what both have."""
    if one.moved_ns:
        yield from _move(one.cause, one.moved_ns, options)
    elif one.cause == "zone" and (zone := _find_zone(found, options)) is not None:
        yield _read_in(zone)
    aligned = found.aligned
    length = aligned.pine.interval_ns or 0
    interval = name_interval(length)
    if one.cause == "feed" and length > (aligned.python.interval_ns or 0):
        if aligned.python.facts.get("run_id") and interval in INTERVAL_NS:
            yield Hint(
                cause="interval",
                sentence=f"Pine's bars are of {interval}, which the run's can be merged to.",
                label=f"Run again on bars of {interval}",
                run={"interval": interval},
            )
        return
    if not len(aligned.both) or one.cause != "feed":
        return
    inside = _inside(aligned.pine.times, aligned.python.times)
    if inside and (aligned.only_pine or aligned.only_python) and options.span == "all":
        yield Hint(
            cause="span",
            sentence="One side is longer than the other: within the time that both span they have "
            "the same bars.",
            label="Compare the common time only",
            options={"span": "common"},
        )
    elif (aligned.only_pine or aligned.only_python) and options.span != "both":
        yield Hint(
            cause="session",
            sentence=f"{aligned.only_pine:,} bars are only in Pine and {aligned.only_python:,} "
            "only in Python, as when one side has other sessions.",
            label="Compare only bars that both have",
            options={"span": "both"},
        )


def _inside(pine: np.ndarray, python: np.ndarray) -> bool:
    """Tell whether both have the same bars within the time that both span."""
    first, last = max(pine[0], python[0]), min(pine[-1], python[-1])
    cut = [one[(one >= first) & (one <= last)] for one in (pine, python)]
    return bool(np.array_equal(*cut))


def _move(cause: str, moved_ns: int, options: Options) -> Iterator[Hint]:
    total = options.moved_s + moved_ns // _SECOND_NS
    if moved_ns % _SECOND_NS or abs(total) > MOST_MOVED_S:
        return  # no option says that
    said = write_span(moved_ns)
    yield Hint(
        cause=cause,
        sentence=f"With Pine's times moved by {said} both sides have the same bars.",
        label=f"Move Pine's times by {said}",
        options={"moved_s": total},
    )


def _read_in(zone: str) -> Hint:
    return Hint(
        cause="zone",
        sentence=f"Read in the zone {zone}, Pine's times are those of Python.",
        label=f"Read Pine's times in {zone}",
        options={"zone": zone, "moved_s": 0},
    )


def _suggest_warmup(found: Comparison, options: Options) -> Iterator[Hint]:
    """Suggest to leave out the bars at which series still settle."""
    ends = [
        int(np.flatnonzero((one.tiers >= LOOSE) & (one.tiers != SKIPPED))[-1]) + 1
        for one in found.series
        if one.class_name == "warmup_window"
    ]
    if ends:
        count = max(ends)
        yield Hint(
            cause="warm-up",
            sentence=f"Series differ while they settle, on the first {count:,} bars.",
            label=f"Leave out the first {count:,} bars",
            options={"skip_bars": options.skip_bars + count},
        )


def _suggest_interval(one: Finding) -> Iterator[Hint]:
    interval = one.series.coarser_interval if one.series else None
    if interval in INTERVAL_NS:
        yield Hint(
            cause="interval",
            sentence=f"One side of {one.subject} changes only where intervals of {interval} begin.",
            label=f"Compare {one.subject} once in {interval}",
            options={"resampled": [one.subject]},
        )


def _suggest_offset(one: Finding, options: Options) -> Iterator[Hint]:
    bars = one.series.offset_bars if one.series else 0
    total = options.offsets.get(one.subject, 0) + bars
    if bars and abs(total) <= MOST_OFFSET:
        when = "later" if bars > 0 else "earlier"
        yield Hint(
            cause="offset",
            sentence=f"{one.subject} of Python is that of Pine {abs(bars):,} bars {when}.",
            label=f"Move Python's {one.subject} by {-bars:+d} bars",
            options={"offsets": {one.subject: total}},
        )


def _suggest_trades(one: TradeFinding, found: Comparison, options: Options) -> Iterator[Hint]:
    python = found.aligned.python
    is_run = bool(python.facts.get("run_id"))
    if one.cause == "fill_clock" and python.fill_clock and is_run:
        clock = _CLOCKS[python.fill_clock]
        yield Hint(
            cause="clock",
            sentence=f"The run fills at {_say(python.fill_clock)}, and Pine at {_say(clock)}.",
            label=f"Run again with fills at {_say(clock)}",
            run={"fill_clock": clock},
        )
    elif one.cause in {"zone", "stamp", "offset"}:
        shifts = one.shifts_ms
        zone = _find_zone(found, options)
        same_bars = any(price.compared for price in found.candles) and not are_others(found.candles)
        if zone is not None:
            yield _read_in(zone)
        elif len(shifts) == 1 and not same_bars:
            yield from _move(one.cause, shifts[0] * 1_000_000, options)
    elif one.cause == "fees" and is_run:
        yield from _suggest_fees(found)
    elif one.class_name == "warmup_window":
        yield from _suggest_later(found, options)


def _say(clock: str) -> str:
    return "the bar's close" if clock == "close" else "the next open"


def _suggest_fees(found: Comparison) -> Iterator[Hint]:
    """Suggest the fees that Pine's trades paid, where they are one rate."""
    if found.trades is None or not all(found.trades.knows_fees):
        return
    rows = found.trades.matches.filter(
        (pl.col("kind") == "matched") & pl.col("a_exit_ts").is_not_null()
    )
    others = (rows["a_fees"] - rows["b_fees"]).abs() > HALF_CENT
    if others.sum() < _MOSTLY * rows.height:
        return  # what few trades paid is no rate
    value = (pl.col("a_entry_price") + pl.col("a_exit_price")) * pl.col("a_qty")
    rates = rows.select(
        bps=1e4 * pl.col("a_fees") / (value * found.aligned.python.multiplier),
        unit=pl.col("a_fees") / (2 * pl.col("a_qty")),
    )
    for name, field, unit in (("bps", "fees_bps", "bps"), ("unit", "fee_per_unit", "a unit")):
        low, middle, high = (
            float(one) for one in np.quantile(rates[name].to_numpy(), (0.05, 0.5, 0.95))
        )
        if high - low <= _FEES_AGREE * abs(middle) + 1e-9:
            rate = float(f"{middle:.4g}")
            other = "fee_per_unit" if field == "fees_bps" else "fees_bps"
            yield Hint(
                cause="fees",
                sentence=f"Pine's trades paid {f'{rate:g} {unit} a side' if rate else 'no fees'}.",
                label=f"Run again with fees of {rate:g} {unit}" if rate else _NO_FEES,
                run={field: rate, other: 0.0},
            )
            return


def _suggest_later(found: Comparison, options: Options) -> Iterator[Hint]:
    """Suggest to leave out the bars before the first trades that agree."""
    aligned = found.aligned
    times = aligned.times if len(aligned.both) else aligned.python.times
    if found.trades is None or not len(times):
        return
    kind = found.trades.matches["kind"]
    bad = found.trades.matches.filter(kind != "matched")
    if bad.is_empty():
        return
    last = bad.select(pl.max_horizontal("a_entry_ts", "b_entry_ts").max()).to_series()
    count = int(np.searchsorted(times, last.to_physical()[0], side="right"))
    yield Hint(
        cause="warm-up",
        sentence="Only the first trades differ.",
        label=f"Leave out the first {count:,} bars",
        options={"skip_bars": options.skip_bars + count},
    )


def _find_zone(found: Comparison, options: Options) -> str | None:
    """Find the zone in which Pine's times are Python's, where its file names none.

    Its times are taken back to what its file shows, and read in each zone that a chart may have.
    """
    pine, python = found.aligned.pine, found.aligned.python
    facts = [one for one in pine.facts.get("artifacts", ()) if one["zone"]]
    if pine.trades is not None and python.trades is not None:
        own, others = pine.trades["entry_ts"], python.trades["entry_ts"]
    elif pine.candles is not None and python.candles is not None:
        own, others = pine.candles["ts_open"], python.candles["ts_open"]
    else:
        return None
    if not facts or own.is_empty() or others.is_empty():
        return None
    own = own.dt.offset_by(f"{-options.moved_s}s")
    shown = own.dt.convert_time_zone(facts[-1]["zone"]).dt.replace_time_zone(None)
    wanted = others.to_physical().to_numpy()
    best: tuple[int, str] = (0, "")
    for zone in ZONES:
        read = shown.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        stamps = read.dt.convert_time_zone("UTC").to_physical().fill_null(-1).to_numpy()
        count = int(np.isin(stamps, wanted).sum())
        if count > best[0]:
            best = count, zone
    least = _NEARLY_ALL * min(len(own), len(others))
    return best[1] if best[0] >= max(least, 2) else None
