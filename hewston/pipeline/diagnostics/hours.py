"""When it traded: outside regular hours, and across bars that are missing."""

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline import calendar as exchange_calendar
from hewston.pipeline.calendar import ALWAYS_OPEN, OTHER_EXCHANGES
from hewston.pipeline.diagnostics.finding import Evidence, Finding, UncheckedError
from hewston.pipeline.diagnostics.result import RunResult
from hewston.pipeline.intervals import DAY, INTERVAL_NS, INTERVALS

# A minute without a trade has no bar, so single ones say little. A quarter of an hour is three
# times the pause that a limit-up/limit-down halt takes.
LONG_GAP_MINUTES = 15
MANY_MISSING = 0.05  # share of the bars of held positions: fills and stops are then half-blind
_NS_PER_MINUTE = 60 * 10**9


def find_outside_session(result: RunResult) -> Finding | None:
    """Find fills on bars that are not of the regular session."""
    sessions = result.bars["session"].gather(result.fills["bar"])
    outside = sessions != "regular"
    count = int(outside.sum())
    if not count:
        return None
    kinds = [(kind, int((sessions == kind).sum())) for kind in ("pre", "post", "closed")]
    spread = pl.DataFrame({"wide": result.bars["spread_mean"].gather(result.fills["bar"])})
    means = [
        Evidence(label=label, value=float(mean), unit="price")
        for label, rows in (("Mean spread at them", outside), ("At other fills", ~outside))
        if isinstance(mean := spread.filter(rows)["wide"].mean(), float)
    ]
    return Finding(
        key="outside_session",
        severity="warning",
        message=f"{count:,} of {sessions.len():,} fills {'is' if count == 1 else 'are'} outside "
        "the regular session, the first at this bar.",
        evidence=(
            *(
                Evidence(label=f"Fills in the session {kind}", value=number, unit="count")
                for kind, number in kinds
                if number
            ),
            Evidence(label="Share of all fills", value=count / sessions.len(), unit="fraction"),
            *means,
        ),
        advice="Outside regular hours few trade and spreads are wide: use the session regular, "
        "or costs that fit those hours.",
        bar=int(result.fills["bar"].gather(outside.arg_true())[0]),
    )


def find_gaps(result: RunResult) -> Finding | None:
    """Find bars that are missing while a position was held.

    Counted between two bars of one regular session, on a 24/7 calendar between any two; with
    daily bars, sessions without a bar. Nights, weekends, holidays and breaks are no gaps.
    """
    held = result.equity["position"].to_numpy()[:-1] != 0
    if not held.any():
        return None
    missing = np.where(held, _count_missing(result), 0)
    total, longest = int(missing.sum()), int(missing.argmax())
    if not total:
        return None
    share = total / (total + int(held.sum()))
    minutes = int(missing[longest]) * INTERVAL_NS[result.spec.interval] // _NS_PER_MINUTE
    is_grave = minutes >= LONG_GAP_MINUTES or share > MANY_MISSING
    gaps = int((missing > 0).sum())
    return Finding(
        key="gaps",
        severity="warning" if is_grave else "info",
        message=f"{total:,} {'bar is' if total == 1 else 'bars are'} missing while a position was "
        f"held; the longest gap, of {int(missing[longest]):,}, follows this bar.",
        evidence=(
            Evidence(label="Missing bars", value=total, unit="bars"),
            Evidence(label="Gaps", value=gaps, unit="count"),
            Evidence(label="Longest gap", value=int(missing[longest]), unit="bars"),
            Evidence(label="Longest gap in time", value=minutes, unit="minutes"),
            Evidence(label="Share of the bars of held positions", value=share, unit="fraction"),
        ),
        advice="Look at the gap: a halt, or data that is missing. No stop, signal or excursion "
        "was seen inside it; bring the data in again where the vendor has it.",
        bar=longest,
    )


def _count_missing(result: RunResult) -> npt.NDArray[np.int64]:
    """Count the bars that are missing after each bar but the last."""
    if INTERVALS[result.spec.interval] > DAY:
        raise UncheckedError("the bars are longer than a day")
    if INTERVALS[result.spec.interval] == DAY:
        return _count_sessions_between(result)
    starts = result.bars["ts_open"].to_physical().to_numpy()
    regular = (result.bars["session"] == "regular").to_numpy()
    together = regular[:-1] & regular[1:]
    if result.spec.calendar != ALWAYS_OPEN:
        dates = result.dates.to_physical().to_numpy()
        together &= dates[:-1] == dates[1:]
    length = INTERVAL_NS[result.spec.interval]
    steps = np.diff(starts)
    apart = np.flatnonzero(together & (steps > length))
    missing = np.zeros(len(steps), dtype=np.int64)
    open_ns = steps[apart] - _measure_breaks(result, starts[apart], starts[apart + 1])
    missing[apart] = np.maximum(open_ns - 1, 0) // length
    return missing


def _measure_breaks(
    result: RunResult, start: npt.NDArray[np.int64], stop: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Say how many ns of a break lie between each two times of one exchange date."""
    none = np.zeros(len(start), dtype=np.int64)
    if not len(start) or result.spec.calendar not in OTHER_EXCHANGES:
        return none  # the others have none at noon
    sessions = result.schedule
    if sessions is None:
        first, last = result.dates[0], result.dates[-1]
        sessions = exchange_calendar.schedule(result.spec.calendar, first, last)
    breaks = sessions.drop_nulls("break_start").sort("break_start")
    if breaks.is_empty():
        return none
    begins = breaks["break_start"].to_physical().to_numpy()
    ends = breaks["break_end"].to_physical().to_numpy()
    row = np.searchsorted(begins, start)  # the first break from there on
    inside = (row < len(begins)) & (begins[row.clip(max=len(begins) - 1)] < stop)
    length = (ends - begins)[row.clip(max=len(begins) - 1)]
    return np.asarray(np.where(inside, length, none), dtype=np.int64)


def _count_sessions_between(result: RunResult) -> npt.NDArray[np.int64]:
    if result.schedule is None:
        raise UncheckedError("the sessions of its calendar are not known")
    known = result.schedule["date"].to_physical().to_numpy()
    days = result.dates.to_physical().to_numpy()
    after = np.searchsorted(known, days[:-1], side="right")
    before = np.searchsorted(known, days[1:], side="left")
    return np.asarray(np.maximum(before - after, 0), dtype=np.int64)
