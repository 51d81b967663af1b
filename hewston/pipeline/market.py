"""Stage 4: what the engine sees of the bars: which ones, when, and at what bid and ask."""

import dataclasses
from collections.abc import Callable

import numpy as np
import polars as pl

from hewston.pipeline import schemas
from hewston.pipeline.calendar import exchange_date, start_of_date, zone
from hewston.pipeline.errors import InputError
from hewston.pipeline.intervals import INTERVAL_NS, is_daily
from hewston.pipeline.resampling import (
    first_dates_after,
    list_edges,
    number_periods,
    resample,
)
from hewston.pipeline.schemas import UTC_NS
from hewston.pipeline.spec import RunSpec, missing_spread

SESSION_FILTERS: dict[str, tuple[str, ...]] = {
    "regular": ("regular",),
    "extended": ("pre", "regular", "post"),
    "all": schemas.SESSIONS,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Window:
    """The bars of a run.

    ``frame`` is BARS of the chosen session from the dataset's first bar; the run trades on rows
    ``first`` to ``last``, both inclusive. Earlier rows are warm-up.
    """

    frame: pl.DataFrame
    first: int
    last: int

    @property
    def bars(self) -> pl.DataFrame:
        """The rows on which the run may trade."""
        return self.frame[self.first : self.last + 1]


def select_window(
    bars: pl.DataFrame,
    spec: RunSpec,
    *,
    stored: str | None = None,
    schedule: pl.DataFrame | None = None,
) -> Window:
    """Choose the session's bars and the rows between the spec's exchange dates, both inclusive.

    ``stored`` is the interval of ``bars``, by default that of the spec. Where it is shorter, the
    session's bars up to the last date are merged to that of the spec; ``schedule`` then lists the
    sessions that the bars are in.

    Raises InputError when no bar is left.
    """
    frame, known = select_bars(bars, spec)
    start, end = spec.from_date or known[0], spec.to_date or known[-1]
    if stored not in {None, spec.interval} and schedule is not None and not frame.is_empty():
        frame = resample(
            frame,
            spec.interval,
            schedule=schedule,
            calendar=spec.calendar,
            tz=spec.tz,
            stored=stored or spec.interval,
        )
    first = int((exchange_date(frame["ts_open"], spec.calendar, spec.tz) < start).sum())
    last = len(frame) - 1
    if first > last:
        raise InputError(
            f"There are no bars from {start} to {end} in the session {spec.session}: the data has "
            f"bars from {known[0]} to {known[-1]}.",
            field="to" if end < known[0] else "from",
            allowed=f"{known[0]} to {known[-1]}",
        )
    return Window(frame=frame, first=first, last=last)


def select_bars(bars: pl.DataFrame, spec: RunSpec) -> tuple[pl.DataFrame, pl.Series]:
    """Keep the session's bars up to the spec's last date, from the first bar on.

    Also gives the exchange dates of all the session's bars, sorted, of which there is one or more.
    ``bars`` need no more columns than ts_open and session. Raises InputError without such a bar.
    """
    frame = bars.filter(pl.col("session").is_in(SESSION_FILTERS[spec.session]))
    if frame.is_empty():
        raise InputError(
            f"The dataset has no bars in the session {spec.session}.",
            field="session",
            allowed=sorted({str(s) for s in bars["session"].unique()} | {"all"}),
        )
    dates = exchange_date(frame["ts_open"], spec.calendar, spec.tz)
    end = spec.to_date or dates[-1]
    return frame[: int((dates <= end).sum())], dates


def close_times(
    bars: pl.DataFrame, spec: RunSpec, schedule: pl.DataFrame | None = None
) -> pl.Series:
    """Say when each bar of the spec's interval closes (ns, UTC).

    Below a day that is its interval's end, or the end of its part of the session, or the next
    bar's start, whichever comes first. From a day on it is the close of the last session in it, or
    its post_close where the run has extended hours; the start of the date that follows, where the
    run has all hours, the bars have a zone of their own, or no session is known.

    ``schedule`` lists the sessions that the bars are in; bars of one minute end without it.
    """
    if is_daily(spec.interval):
        end = _ends_of_periods(bars["ts_open"], spec, schedule)
    else:
        end = bars.select(
            pl.col("ts_open") + pl.duration(nanoseconds=INTERVAL_NS[spec.interval])
        ).to_series()
        if schedule is not None:
            end = _cut_by_sessions(bars["ts_open"], end, schedule)
    frame = bars.select(end=end, following=pl.col("ts_open").shift(-1))
    return frame.select(pl.min_horizontal("end", "following").alias("ts_close"))["ts_close"]


def _cut_by_sessions(ts: pl.Series, end: pl.Series, schedule: pl.DataFrame) -> pl.Series:
    edges, _ = list_edges(schedule)
    following = np.append(edges, np.iinfo(np.int64).max)[np.searchsorted(edges, ts, side="right")]
    return pl.Series(np.minimum(end.to_physical().to_numpy(), following)).cast(UTC_NS)


def _ends_of_periods(ts: pl.Series, spec: RunSpec, schedule: pl.DataFrame | None) -> pl.Series:
    """Give the end of each bar of a day or longer."""
    dates = exchange_date(ts, spec.calendar, spec.tz)
    following = start_of_date(first_dates_after(dates, spec.interval), spec.calendar, spec.tz)
    edge = {"regular": "close", "extended": "post_close"}.get(spec.session)
    if edge is None or schedule is None or spec.tz != zone(spec.calendar):
        return following
    known = schedule.select(
        edge, period=pl.Series(number_periods(schedule["date"], spec.interval))
    ).unique("period", keep="last", maintain_order=True)
    periods = pl.DataFrame({"period": number_periods(dates, spec.interval)})
    closes = periods.join(known, on="period", how="left", maintain_order="left")[edge]
    frame = pl.DataFrame({"ts": ts, "close": closes, "following": following})
    return frame.select(
        pl.when(pl.col("close") > pl.col("ts")).then("close").otherwise("following").alias("end")
    )["end"]


def price_quotes(bars: pl.DataFrame, spec: RunSpec, log: Callable[[str], None]) -> pl.DataFrame:
    """Give the bid and ask at which each bar's orders fill, one row a bar.

    The reference is the bar's close (``fill_clock`` close) or open (next_open); the quote is
    ``reference ± (k_spread * spread + slippage_ticks * tick)``, rounded to the instrument's price
    precision. A bar without a spread takes the last known one of its session.

    Returns columns reference, bid, ask (Float64, price units). Raises InputError when a spread is
    wanted and neither the data nor ``spread_fallback`` has one.
    """
    reference = _reference(bars, spec)
    cost = price_costs(bars, spec, log)
    return pl.DataFrame({"reference": reference}).with_columns(
        bid=(reference - cost).round(spec.instrument.price_precision),
        ask=(reference + cost).round(spec.instrument.price_precision),
    )


def price_costs(bars: pl.DataFrame, spec: RunSpec, log: Callable[[str], None]) -> pl.Series:
    """Give what a market order pays on top of any print of each bar: Float64, price units.

    Raises InputError as ``price_quotes`` does.
    """
    costs = spec.slippage_fees
    ticks = pl.repeat(costs.slippage_ticks * spec.instrument.tick_size, len(bars), eager=True)
    if costs.k_spread == 0:
        return ticks
    return _spreads(bars, _reference(bars, spec), spec, log) * costs.k_spread + ticks


def _reference(bars: pl.DataFrame, spec: RunSpec) -> pl.Series:
    return bars["close" if spec.fill_clock == "close" else "open"]


def _spreads(
    bars: pl.DataFrame, reference: pl.Series, spec: RunSpec, log: Callable[[str], None]
) -> pl.Series:
    known = fill_spreads(bars, log)
    return _fallback(reference, spec) if known.null_count() else known


def fill_spreads(bars: pl.DataFrame, log: Callable[[str], None]) -> pl.Series:
    """Give the full spread of each of BARS, price units, with every gap filled and logged.

    All are null where the data has no quotes at all.
    """
    known = bars["spread_mean"]
    absent = known.null_count()
    if absent in {0, len(bars)}:
        return known
    filled = (
        bars.select("session", "spread_mean")
        .with_columns(
            pl.col("spread_mean").forward_fill().over("session").alias("last"),
            pl.col("spread_mean").backward_fill().over("session").alias("next"),
        )
        .select(
            "last",
            # Before a session's first known spread there is no last one: its first one is the
            # closest estimate of a cost that must be paid; then any session's.
            pl.coalesce(
                "last", "next", pl.col("spread_mean").forward_fill(), pl.col("spread_mean").max()
            ).alias("spread"),
        )
    )
    log(
        f"{absent} of {len(bars)} bars have no quote; {absent - filled['last'].null_count()} use "
        "the last known spread of their session"
        + (
            f", {filled['last'].null_count()} come before it and use the first one."
            if filled["last"].null_count()
            else "."
        )
    )
    return filled["spread"]


def _fallback(reference: pl.Series, spec: RunSpec) -> pl.Series:
    fallback = spec.slippage_fees.spread_fallback
    if fallback is None:
        raise missing_spread()
    if fallback.ticks is not None:
        return pl.repeat(fallback.ticks * spec.instrument.tick_size, len(reference), eager=True)
    return reference.abs() * ((fallback.bps or 0.0) / 10_000)
