"""Stage 4: what the engine sees of the bars: which ones, when, and at what bid and ask."""

import dataclasses
from collections.abc import Callable

import polars as pl

from hewston.pipeline import schemas
from hewston.pipeline.errors import InputError
from hewston.pipeline.intervals import INTERVAL_NS
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


def select_window(bars: pl.DataFrame, spec: RunSpec) -> Window:
    """Choose the session's bars and the rows between the spec's exchange dates, both inclusive.

    Raises InputError when no bar is left.
    """
    frame = bars.filter(pl.col("session").is_in(SESSION_FILTERS[spec.session]))
    if frame.is_empty():
        raise InputError(
            f"The dataset has no bars in the session {spec.session}.",
            field="session",
            allowed=sorted({str(s) for s in bars["session"].unique()} | {"all"}),
        )
    days = frame["ts_open"].dt.convert_time_zone(spec.tz).dt.date()
    start, end = spec.from_date or days[0], spec.to_date or days[-1]
    first = int((days < start).sum())
    last = len(frame) - int((days > end).sum()) - 1
    if first > last:
        raise InputError(
            f"There are no bars from {start} to {end} in the session {spec.session}: the data has "
            f"bars from {days[0]} to {days[-1]}.",
            field="to" if end < days[0] else "from",
            allowed=f"{days[0]} to {days[-1]}",
        )
    return Window(frame=frame[: last + 1], first=first, last=last)


def close_times(bars: pl.DataFrame, interval: str) -> pl.Series:
    """Say when each bar closes (ns, UTC).

    That is its interval's end, or the next bar's start when that is earlier: the last bar of a
    session may be cut short by the session's end.
    """
    end = bars["ts_open"] + pl.duration(nanoseconds=INTERVAL_NS[interval])
    frame = bars.select(end=end, following=pl.col("ts_open").shift(-1))
    return frame.select(pl.min_horizontal("end", "following").alias("ts_close"))["ts_close"]


def price_quotes(bars: pl.DataFrame, spec: RunSpec, log: Callable[[str], None]) -> pl.DataFrame:
    """Give the bid and ask at which each bar's orders fill, one row a bar.

    The reference is the bar's close (``fill_clock`` close) or open (next_open); the quote is
    ``reference ± (k_spread * spread + slippage_ticks * tick)``, rounded to the instrument's price
    precision. A bar without a spread takes the last known one of its session.

    Returns columns reference, bid, ask (Float64, price units). Raises InputError when a spread is
    wanted and neither the data nor ``spread_fallback`` has one.
    """
    costs = spec.slippage_fees
    reference = bars["close" if spec.fill_clock == "close" else "open"]
    half_spread: pl.Series | float = 0.0
    if costs.k_spread > 0:
        half_spread = _spreads(bars, reference, spec, log) * costs.k_spread
    cost = half_spread + costs.slippage_ticks * spec.instrument.tick_size
    return pl.DataFrame({"reference": reference}).with_columns(
        bid=(reference - cost).round(spec.instrument.price_precision),
        ask=(reference + cost).round(spec.instrument.price_precision),
    )


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
