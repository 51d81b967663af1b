"""How far apart bars are, and what is odd about it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.intervals import INTERVAL_NS, INTERVALS, is_daily
from hewston.pipeline.sources.tables.plan import Finding

_NS = 1_000_000_000
_DAY_NS = 86_400 * _NS
_MINUTE_NS = 60 * _NS
ONE_STEP = 0.2  # share of steps that may be shorter than the interval
_DAYS = (("1d", 0.8, 4.5), ("1w", 4.5, 10), ("1mo", 26, 33))  # how many days apart bars are
_RUN = 12  # equal steps one after the other that no gaps and no sessions make
_SHORT_RUN = 3  # short steps: only one at a time is cut by a session's end
_LONGEST_GRID_NS = 5 * _MINUTE_NS  # sessions start anew where longer bars have not ended
_LISTED = 100
_MULTIPLES = 0.98  # share of steps that are multiples of the interval
_MOSTLY = 0.8

Ints = npt.NDArray[np.int64]


def find_interval(times: Ints) -> Finding:
    """Find how far apart bars are (ns, sorted, unique): their commonest step.

    Sessions, weekends and missing bars make longer steps; some shorter ones are cut short by a
    session's end.
    """
    names = tuple(INTERVALS)
    if len(times) < 2:  # noqa: PLR2004
        return Finding(
            value="1d", confidence="unknown", reason="one bar alone has no interval", choices=names
        )
    steps = np.diff(times)
    middle = float(np.median(steps)) / _DAY_NS
    if middle >= 0.8:  # noqa: PLR2004  # a day of 23 hours is one
        return _find_days(middle, names)
    commonest = int(pl.Series(steps).mode().min())  # type: ignore[arg-type]  # there are some
    known = {length: name for name, length in INTERVAL_NS.items()}
    shorter = float((steps < commonest).mean())
    # Sparse minutes may be five apart most often; bars of five minutes keep to them.
    is_even = commonest > _LONGEST_GRID_NS or (steps % commonest != 0).mean() <= 1 - _MULTIPLES
    if commonest in known and shorter <= ONE_STEP and is_even:
        share = float((steps == commonest).mean())
        return Finding(
            value=known[commonest],
            confidence="certain" if share > 0.5 else "likely",  # noqa: PLR2004
            reason=f"{share:.0%} of the bars are {known[commonest]} apart",
            choices=names,
        )
    for name in reversed([name for name in INTERVALS if not is_daily(name)]):
        if float((steps % INTERVAL_NS[name] == 0).mean()) >= _MULTIPLES:
            reason = f"all steps are multiples of {name}"
            return Finding(value=name, confidence="likely", reason=reason, choices=names)
    return Finding(
        value="1m",
        confidence="unknown",
        reason=f"the commonest step is {commonest / _NS:g} seconds, which is no interval of bars",
        choices=names,
    )


def _find_days(middle: float, names: tuple[str, ...]) -> Finding:
    for name, low, high in _DAYS:
        if low <= middle <= high:
            reason = f"most bars are {_count(round(middle), 'day')} apart"
            return Finding(value=name, confidence="certain", reason=reason, choices=names)
    return Finding(
        value="1mo",
        confidence="unknown",
        reason=f"most bars are {middle:g} days apart, which is no interval of bars",
        choices=names,
    )


def name_last_days(times: pl.Series) -> str | None:
    """Say that the dates of weeks or months are mostly their last days; None where they are not.

    ``times`` are the table's first ones, as written, in any order.
    """
    dates = times.drop_nulls().dt.date().unique().sort()
    if len(dates) < 3:  # noqa: PLR2004  # too few to tell
        return None
    steps = dates.cast(pl.Int64).diff().drop_nulls()
    found = _find_days(float(steps.median()), ()).value  # type: ignore[arg-type]  # there are some
    if found == "1w":
        lasts = dates.dt.weekday().is_in([5, 6])  # a week may also begin on a Sunday
        is_mostly = int(lasts.sum()) > _MOSTLY * len(dates)
        return "most weeks are named by a Friday or Saturday" if is_mostly else None
    if found == "1mo":
        lasts = (dates.dt.month_end() - dates).dt.total_days() <= 3  # noqa: PLR2004  # a weekend
        is_mostly = int(lasts.sum()) > _MOSTLY * len(dates)
        return "most months are named by their end" if is_mostly else None
    return None


def find_changes(times: Ints, lines: Ints, interval: str) -> dict[str, Any] | None:
    """Find stretches of bars that are of another length than ``interval``; a finding, or None.

    ``times`` (ns, sorted, unique) are the bars' starts and ``lines`` their rows. Longer bars are
    known by many equal steps one after the other, shorter ones by beginning before the bar before
    has ended.
    """
    if len(times) < _SHORT_RUN:
        return None
    steps = np.diff(times)
    kinds = _day_kinds(steps) if is_daily(interval) else _clock_kinds(steps, INTERVAL_NS[interval])
    edges = np.flatnonzero(np.diff(kinds)) + 1
    starts = np.concatenate(([0], edges)).astype(np.int64)
    lengths = np.diff(np.concatenate((starts, [len(kinds)])))
    own = _DAY_KINDS.index(interval) if is_daily(interval) else 0
    least = np.where(kinds[starts] < own, _SHORT_RUN, _RUN)
    is_change = (lengths >= least) & (kinds[starts] != own) & (kinds[starts] != _GAP)
    if not is_change.any():
        return None
    listed = [
        {
            "line": int(lines[start]),
            "reason": f"{_count(int(length), 'bar')} from here on are "
            f"{_describe(float(np.median(steps[start : start + length])))} apart",
            "text": "",
        }
        for start, length in zip(starts[is_change], lengths[is_change], strict=True)
    ]
    count = int(lengths[is_change].sum())
    return {
        "key": "other_lengths",
        "label": "Bars of another length",
        "severity": "warning",
        "count": count,
        "sentence": f"{_count(count, 'bar')} are not {interval} apart as the others are, the first "
        f"at line {listed[0]['line']:,}: the table seems to hold bars of several lengths. All were "
        f"taken for {interval}.",
        "rows": listed[:_LISTED],
    }


_GAP = 9
_DAY_KINDS = ("shorter", *(name for name, _, _ in _DAYS))


def _day_kinds(steps: Ints) -> Ints:
    """Class steps as shorter than a day (0), a day, a week, a month (1 to 3), or a gap."""
    kinds = np.full(len(steps), _GAP, dtype=np.int64)
    days = steps / _DAY_NS
    kinds[days < _DAYS[0][1]] = 0
    for kind, (_, low, high) in enumerate(_DAYS, 1):
        kinds[(days >= low) & (days <= high)] = kind
    return kinds


def _clock_kinds(steps: Ints, interval: int) -> Ints:
    """Class steps as the interval (0), shorter (-1), a longer interval, a day (8), or a gap."""
    kinds = np.full(len(steps), _GAP, dtype=np.int64)
    kinds[steps < interval] = -1
    kinds[steps == interval] = 0
    kinds[(steps >= _DAYS[0][1] * _DAY_NS) & (steps <= _DAYS[0][2] * _DAY_NS)] = 8
    for number, length in enumerate(sorted(INTERVAL_NS.values())):
        if interval < length < _DAYS[0][1] * _DAY_NS:
            kinds[steps == length] = 10 + number
    return kinds


def find_odd_starts(times: Ints, lines: Ints, interval: str) -> dict[str, Any] | None:
    """Find bars that begin beside the whole minutes at which the others do; a finding, or None."""
    if is_daily(interval) or not len(times):
        return None
    grid = min(INTERVAL_NS[interval], _LONGEST_GRID_NS)
    most = int(pl.Series(times % grid).mode().min())  # type: ignore[arg-type]  # there are some
    odd = (times % grid != most) | (times % _MINUTE_NS != 0 if grid >= _MINUTE_NS else False)
    if not odd.any():
        return None
    count, first = int(odd.sum()), int(np.flatnonzero(odd)[0])
    moment = pl.Series([int(times[first])]).cast(pl.Datetime("ns"))[0]
    return {
        "key": "odd_starts",
        "label": "Bars that begin at odd times",
        "severity": "warning",
        "count": count,
        "sentence": f"{_count(count, 'bar')} began at no whole minute of the {interval} bars "
        f"around, the first at line {int(lines[first]):,} ({moment:%Y-%m-%d %H:%M:%S} UTC). They "
        "may be unfinished, or their times may be the ends of bars.",
        "rows": [
            {"line": int(line), "reason": "it begins beside the others' minutes", "text": ""}
            for line in lines[odd][:_LISTED]
        ],
    }


def _describe(length: float) -> str:
    known = {ns: name for name, ns in INTERVAL_NS.items()}
    if int(length) in known:
        return known[int(length)]
    return f"{length / _DAY_NS:g} days" if length >= _DAY_NS else f"{length / _NS:g} seconds"


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"
