"""Two series of bars of one instrument, bar by bar and value by value."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from hewston.pipeline.calendar import exchange_date
from hewston.pipeline.schemas import BARS, DIFFERENCE, DIFFERENCES, SESSION

EQUAL = "EQUAL"
EQUAL_WHERE_BOTH = "EQUAL WHERE BOTH HAVE BARS"
DIFFERENT = "DIFFERENT"
NOTHING_IN_COMMON = "NOTHING IN COMMON"
VERDICTS = (EQUAL, EQUAL_WHERE_BOTH, DIFFERENT, NOTHING_IN_COMMON)

VALUES = tuple(name for name in BARS if name not in {"ts_open", "session"})
AMOUNTS = ("volume", "trade_count", "buy_volume", "sell_volume")
_CLOSE = 1e-9  # relative: what rounding in another order leaves
_MOST_LISTED = 1000


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What came of it: plain JSON values, and every difference in the schema DIFFERENCES."""

    report: dict[str, Any]
    differences: pl.DataFrame


def compare(
    ours: pl.DataFrame,
    theirs: pl.DataFrame,
    *,
    tick_size: float,
    calendar: str,
    tz: str | None = None,
) -> Comparison:
    """Compare bars of the same interval, both in the schema BARS, sorted and unique.

    Bars belong together by ``ts_open``, and each column is compared where both have a value. A
    value is equal only when it is the same number; how near the others are is told in tiers: to
    1e-9 of the larger one, then, of prices, to a tick. ``calendar`` gives the exchange dates,
    ``tz`` their zone where it is not the calendar's, as in ``exchange_date``.
    """
    both, here, there = _match(ours, theirs)
    columns = {name: _values(both, name) for name in VALUES}
    compared = {name: values for name, values in columns.items() if len(values)}
    wrong = [values.filter(pl.col("ours") != pl.col("theirs")) for values in compared.values()]
    differing = _count_bars(wrong)
    bars = {
        "ours": len(ours),
        "theirs": len(theirs),
        "both": len(both),
        "equal": len(both) - differing if compared else 0,
        "differing": differing,
        "only_ours": len(here),
        "only_theirs": len(there),
    }
    described = [
        _describe(name, values, None if name in AMOUNTS else tick_size)
        for name, values in compared.items()
    ]
    verdict = _judge(bars)
    return Comparison(
        report={
            "verdict": verdict,
            "sentence": _say(verdict, bars, described, ours, theirs),
            "bars": bars,
            "columns": described,
            "not_compared": [name for name in VALUES if name not in compared],
            "only_ours": _list(here),
            "only_theirs": _list(there),
            "sessions": _count_sessions(both, here, there, wrong),
            "dates": _count_dates(*(_dates(one, calendar, tz) for one in (both, here, there))),
        },
        differences=_join(compared, here, there),
    )


def _match(
    ours: pl.DataFrame, theirs: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Give the bars that both have, and those of either alone; values are finite or null."""
    sides = [
        side.match_to_schema(pl.Schema(BARS)).with_columns(
            pl.when(pl.col(name).cast(pl.Float64).is_finite())
            .then(pl.col(name).cast(pl.Float64))
            .alias(name)
            for name in VALUES
        )
        for side in (ours, theirs)
    ]
    both = sides[0].join(
        sides[1], on="ts_open", how="inner", suffix="_theirs", maintain_order="left"
    )
    here, there = (
        one.join(other, on="ts_open", how="anti", maintain_order="left")
        for one, other in (sides, sides[::-1])
    )
    return both, here, there


def _values(both: pl.DataFrame, name: str) -> pl.DataFrame:
    """Give one column's values where both have one: ts_open, session, ours, theirs."""
    return both.select(
        "ts_open", "session", ours=pl.col(name), theirs=pl.col(f"{name}_theirs")
    ).drop_nulls(["ours", "theirs"])


def _count_bars(wrong: Sequence[pl.DataFrame]) -> int:
    return pl.concat(
        [pl.Series(dtype=BARS["ts_open"]), *(one["ts_open"] for one in wrong)]
    ).n_unique()


def _describe(name: str, values: pl.DataFrame, tick_size: float | None) -> dict[str, object]:
    """Say of a column how many values are how near, and which are farthest apart."""
    apart = (pl.col("ours") - pl.col("theirs")).abs()
    scale = pl.max_horizontal(pl.col("ours").abs(), pl.col("theirs").abs())
    wrong = values.filter(pl.col("ours") != pl.col("theirs")).with_columns(
        absolute=apart, relative=apart / scale, is_close=apart <= _CLOSE * scale
    )
    # A tick is seldom a float, so two prices a tick apart may seem a little farther.
    is_near = apart <= (0.0 if tick_size is None else tick_size) + _CLOSE * scale
    within = wrong.select(
        close=pl.col("is_close").sum(), tick=(~pl.col("is_close") & is_near).sum()
    ).row(0, named=True)
    return {
        "column": name,
        "compared": len(values),
        "exact": len(values) - len(wrong),
        "close": within["close"],
        "tick": None if tick_size is None else within["tick"],
        "beyond": len(wrong) - within["close"] - within["tick"],
        "differing": len(wrong),
        "first": _place(wrong, 0) if len(wrong) else None,
        **{f"largest_{kind}": _farthest(wrong, kind) for kind in ("absolute", "relative")},
    }


def _farthest(wrong: pl.DataFrame, kind: str) -> dict[str, object] | None:
    at = wrong[kind].arg_max()
    return None if at is None else _place(wrong, at) | {"difference": wrong[kind][at]}


def _place(values: pl.DataFrame, row: int) -> dict[str, object]:
    found = values.row(row, named=True)
    return {
        "ts_open": write_time(found["ts_open"]),
        "ours": found["ours"],
        "theirs": found["theirs"],
    }


def write_time(ts: dt.datetime) -> str:
    """Write a UTC time as ISO 8601."""
    return ts.isoformat().replace("+00:00", "Z")


def _list(bars: pl.DataFrame) -> dict[str, object]:
    times = bars["ts_open"]
    return {
        "count": len(times),
        "first": write_time(times[0]) if len(times) else None,
        "last": write_time(times[-1]) if len(times) else None,
        "list": [write_time(ts) for ts in times.head(_MOST_LISTED)],
    }


def _count_sessions(
    both: pl.DataFrame, here: pl.DataFrame, there: pl.DataFrame, wrong: Sequence[pl.DataFrame]
) -> list[dict[str, object]]:
    """Count bars by session; none where bars mix sessions."""
    differing = pl.concat(
        [pl.DataFrame(schema={"ts_open": BARS["ts_open"], "session": SESSION})]
        + [one.select("ts_open", "session") for one in wrong]
    ).unique("ts_open")
    counted = {"both": both, "differing": differing, "only_ours": here, "only_theirs": there}
    counts = {
        name: dict(frame.group_by("session").len().iter_rows()) for name, frame in counted.items()
    }
    return [
        {"session": session} | {name: found.get(session, 0) for name, found in counts.items()}
        for session in SESSION.categories
        if any(session in found for found in counts.values())
    ]


def _count_dates(
    shared: set[dt.date], here: set[dt.date], there: set[dt.date]
) -> dict[str, object]:
    """Count the exchange dates that both have bars of, and that one alone has."""
    return {
        "both": len(shared),
        "only_ours": len(here - there - shared),
        "only_theirs": len(there - here - shared),
        "first": min(shared).isoformat() if shared else None,
        "last": max(shared).isoformat() if shared else None,
    }


def _dates(bars: pl.DataFrame, calendar: str, tz: str | None) -> set[dt.date]:
    return set(exchange_date(bars["ts_open"], calendar, tz).unique())


def _join(
    compared: dict[str, pl.DataFrame], here: pl.DataFrame, there: pl.DataFrame
) -> pl.DataFrame:
    """Put every difference together, by time and then in the order of the columns."""
    nothing = pl.lit(None, pl.Float64)
    parts = [
        values.filter(pl.col("ours") != pl.col("theirs")).select(
            "ts_open",
            "session",
            pl.lit("differs").alias("kind"),
            pl.lit(name).alias("column"),
            "ours",
            "theirs",
        )
        for name, values in compared.items()
    ]
    parts += [
        bars.select(
            "ts_open",
            "session",
            pl.lit(kind).alias("kind"),
            pl.lit(None, pl.String).alias("column"),
            ours=nothing,
            theirs=nothing,
        )
        for kind, bars in (("only ours", here), ("only theirs", there))
    ]
    joined = pl.concat([part.with_columns(pl.col("kind").cast(DIFFERENCE)) for part in parts])
    return joined.sort("ts_open", maintain_order=True).match_to_schema(pl.Schema(DIFFERENCES))


def _judge(bars: dict[str, int]) -> str:
    if bars["differing"]:
        return DIFFERENT
    if not bars["equal"]:
        return NOTHING_IN_COMMON
    return EQUAL_WHERE_BOTH if bars["only_ours"] or bars["only_theirs"] else EQUAL


def _say(
    verdict: str,
    bars: dict[str, int],
    columns: Sequence[dict[str, Any]],
    ours: pl.DataFrame,
    theirs: pl.DataFrame,
) -> str:
    """Say the verdict in a sentence or two."""
    if verdict == NOTHING_IN_COMMON:
        return (
            "No bar of the dataset has the time of a bar of the file. "
            f"The dataset has {_say_range(ours)}, the file {_say_range(theirs)}."
        )
    names = _enumerate([str(column["column"]) for column in columns])
    missing = _say_missing(bars)
    if verdict != DIFFERENT:
        every = "The bar" if bars["both"] == 1 else f"All {bars['both']:,} bars"
        verb = "is" if bars["both"] == 1 else "are"
        where = " that both have" if missing else ""
        return f"{every}{where} {verb} equal in {names}.{missing}"
    first = min(
        (column for column in columns if column["first"]),
        key=lambda column: str(column["first"]["ts_open"]),
    )
    place = first["first"]
    verb = "differs" if bars["differing"] == 1 else "differ"
    worst = ", ".join(f"{c['column']} {c['differing']:,}" for c in columns if c["differing"])
    return (
        f"{bars['differing']:,} of {bars['both']:,} bars that both have {verb} ({worst}), first at "
        f"{place['ts_open']} in {first['column']}: {write_value(place['ours'])} here, "
        f"{write_value(place['theirs'])} in the file.{missing}"
    )


def _say_missing(bars: dict[str, int]) -> str:
    parts = [
        f"{bars[key]:,} {'bar is' if bars[key] == 1 else 'bars are'} {where}"
        for key, where in (
            ("only_ours", "only in the dataset"),
            ("only_theirs", "only in the file"),
        )
        if bars[key]
    ]
    return f" {' and '.join(parts)}." if parts else ""


def _say_range(bars: pl.DataFrame) -> str:
    if bars.is_empty():
        return "none in the time that both cover"
    first, last = write_time(bars["ts_open"][0]), write_time(bars["ts_open"][-1])
    return f"{len(bars):,} from {first} to {last}"


def _enumerate(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def write_value(value: float) -> str:
    """Write a number with every digit it has."""
    return f"{value:.0f}" if value == int(value) else repr(value)
