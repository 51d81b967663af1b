"""quality.json: what is odd in the records, and which minutes of the sessions have no bar."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from hewston.pipeline.quality.tally import PUBLISHER

MOST_GAPS_LISTED = 1000
OUTLIER_SHARE = 0.2
_MINUTE = pl.duration(minutes=1, time_unit="ns")

# kind → key, label, severity, what the count means; in the order shown.
_COUNTED = {
    "without_price": (
        "Records without a price",
        "warning",
        "{n} had no price and were left out of the bars.",
    ),
    "without_size": (
        "Records of size 0",
        "warning",
        "{n} had size 0 and were left out of the bars.",
    ),
    "other_action": (
        "Records that are no trade",
        "warning",
        "{n} had another action than trade and were left out of the bars.",
    ),
    "negative_price": (
        "Negative prices",
        "warning",
        "{n} had a price below 0 and were kept: spreads and some futures trade there.",
    ),
    "out_of_order": (
        "Out of order",
        "warning",
        "{n} came later in the file than one received after it; open and close follow the file.",
    ),
    "unreliable_time": (
        "Unreliable receive times",
        "warning",
        "{n} had a receive time that the vendor marks as unreliable; bars go by it all the same.",
    ),
    "duplicate": (
        "Duplicates",
        "warning",
        "{n} equalled an earlier one in every field and were kept.",
    ),
    "sub_cent": ("Prices finer than a cent", "info", "{n} had more than two decimals."),
    "crossed_quote": (
        "Crossed quotes",
        "warning",
        "{n} had a bid above the ask and were left out of the quote columns.",
    ),
    "locked_quote": ("Locked quotes", "info", "{n} had the bid equal to the ask and were kept."),
    "one_sided_quote": (
        "One-sided quotes",
        "info",
        "{n} had no bid or no ask and were left out of the quote columns.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """Where TRADES and TBBO of one symbol do not cover the same."""

    days_from_tbbo: int = 0  # UTC days with prints in TBBO only
    days_without_quotes: int = 0  # UTC days with TRADES only, although there is TBBO
    minutes: int = 0  # of days with both, whose count or volume of prints differs


def report(
    bars: pl.DataFrame,
    *,
    sessions: pl.DataFrame,
    dates: pl.Series,
    tallies: Mapping[str, pl.DataFrame],
    disagreement: Disagreement,
    asset_class: str,
    multiplier_known: bool,
    conditions: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """Put together what quality.json holds: plain JSON values, the same for the same input.

    ``sessions`` lists those from the dataset's first to its last date; ``dates`` is the exchange
    date of each bar; ``tallies`` are the counts of TALLY by product; ``conditions`` is what the
    vendor says of its data by UTC date, where it is known.
    """
    counts = {product: _counts(tally) for product, tally in tallies.items() if len(tally)}
    gaps = _gaps(bars, sessions)
    listed = _sessions(bars, dates, sessions, gaps)
    present = sum(1 for session in listed if session["regular_bars"])
    missing = int(gaps["minutes"].sum())
    longest = max(gaps["minutes"].to_list(), default=0)
    findings = [
        *_record_findings(counts),
        *_publisher_findings(counts),
        *_disagreement_findings(disagreement),
        *_condition_findings(conditions),
        *_bar_findings(bars, dates),
        *_session_findings(len(listed), present, missing, longest),
        *_assumption_findings(asset_class, multiplier_known=multiplier_known),
    ]
    return {
        "rows": len(bars),
        "first": _iso(bars["ts_open"][0]),
        "last": _iso(bars["ts_open"][-1]),
        "records": {product: found.get("records", 0) for product, found in counts.items()},
        "sessions_expected": len(listed),
        "sessions_present": present,
        "missing_session_minutes": {
            "count": missing,
            "longest": longest,
            "list": [
                {"from": _iso(start), "to": _iso(end), "minutes": minutes}
                for start, end, minutes in gaps.head(MOST_GAPS_LISTED).iter_rows()
            ],
            "gaps": len(gaps),
            "list_is_cut": len(gaps) > MOST_GAPS_LISTED,
        },
        "sessions": listed,
        "findings": findings,
        "vendor_condition": dict(conditions) if conditions else None,
    }


def _counts(tally: pl.DataFrame) -> dict[str, int]:
    sums = tally.group_by("kind", maintain_order=True).agg(pl.col("count").sum())
    counts = {str(kind): int(count) for kind, count in sums.iter_rows()}
    counts["sub_cent"] = sum(n for kind, n in counts.items() if kind.startswith("decimals_"))
    return counts


def _finding(
    key: str, label: str, severity: str, count: int, sentence: str, **more: object
) -> dict[str, object]:
    return {
        "key": key,
        "label": label,
        "severity": severity,
        "count": count,
        "sentence": sentence,
    } | more


def _record_findings(counts: Mapping[str, Mapping[str, int]]) -> list[dict[str, object]]:
    findings = []
    for key, (label, severity, meaning) in _COUNTED.items():
        by_product = {product: found.get(key, 0) for product, found in counts.items()}
        if key.endswith("_quote"):
            by_product.pop("TRADES", None)
            if not by_product:
                continue
        count = sum(by_product.values())
        findings.append(
            _finding(
                key,
                label,
                severity if count else "info",
                count,
                _in_number(meaning, count).format(n=_records(count)),
                by_product=by_product,
            )
        )
    return findings


def _in_number(meaning: str, count: int) -> str:
    return meaning.replace(" were ", " was ") if count == 1 else meaning


def _publisher_findings(counts: Mapping[str, Mapping[str, int]]) -> list[dict[str, object]]:
    """Say that bars are of several venues together: the vendor's own are one for each."""
    publishers = sorted(
        {
            int(kind.removeprefix(PUBLISHER))
            for found in counts.values()
            for kind in found
            if kind.startswith(PUBLISHER)
        }
    )
    if len(publishers) < 2:  # noqa: PLR2004  # one is what most data has
        return []
    return [
        _finding(
            "several_publishers",
            "Several publishers",
            "warning",
            len(publishers),
            f"Records of {len(publishers)} publishers ({', '.join(map(str, publishers))}) make "
            "these bars together, in file order; the vendor's own bars are one for each.",
        )
    ]


def _condition_findings(conditions: Mapping[str, str] | None) -> list[dict[str, object]]:
    poor = {date: word for date, word in (conditions or {}).items() if word != "available"}
    if not poor:
        return []
    date, word = next(iter(poor.items()))
    return [
        _finding(
            "vendor_condition",
            "Vendor's condition",
            "warning",
            len(poor),
            f"The vendor says of {_number(len(poor), 'day')} that the data is not as it should be, "
            f"first of {date}: {word}.",
        )
    ]


def _disagreement_findings(found: Disagreement) -> list[dict[str, object]]:
    rows = [
        (
            "prints_from_tbbo",
            "Days without TRADES",
            found.days_from_tbbo,
            "{n} had no TRADES records: their prints come from TBBO.",
        ),
        (
            "days_without_quotes",
            "Days without TBBO",
            found.days_without_quotes,
            "{n} had TRADES but no TBBO records: their bars have no quotes.",
        ),
        (
            "products_differ",
            "TRADES and TBBO differ",
            found.minutes,
            "{n} had other prints in TBBO than in TRADES; the bars show those of TRADES.",
        ),
    ]
    units = {"products_differ": "minute"}
    return [
        _finding(key, label, "warning", count, text.format(n=_number(count, units.get(key, "day"))))
        for key, label, count, text in rows
        if count
    ]


def _bar_findings(bars: pl.DataFrame, dates: pl.Series) -> list[dict[str, object]]:
    before = pl.col("close").shift().over(dates.alias("date"), mapping_strategy="group_to_rows")
    reference = pl.coalesce(before, "open")
    farthest = pl.max_horizontal(
        (pl.col("high") - reference).abs(), (pl.col("low") - reference).abs()
    )
    outliers = bars.filter(farthest > OUTLIER_SHARE * reference.abs()).height
    closed = bars.filter(pl.col("session") == "closed").height
    inverted = bars.filter(pl.col("high") < pl.col("low")).height
    return [
        _finding(
            "high_below_low",
            "High below low",
            "error" if inverted else "info",
            inverted,
            f"{_number(inverted, 'bar')} had a high below the low.",
        ),
        _finding(
            "outlier",
            "Outliers",
            "warning" if outliers else "info",
            outliers,
            f"{_number(outliers, 'bar')} moved more than {OUTLIER_SHARE:.0%} from the close before "
            "on the same date, or from the open where there is none.",
        ),
        _finding(
            "closed_session",
            "Outside all sessions",
            "info",
            closed,
            f"{_number(closed, 'bar')} lay outside the pre, regular and post sessions.",
        ),
    ]


def _session_findings(
    expected: int, present: int, missing: int, longest: int
) -> list[dict[str, object]]:
    absent = expected - present
    return [
        _finding(
            "missing_sessions",
            "Missing sessions",
            "warning" if absent else "info",
            absent,
            f"{absent:,} of {_number(expected, 'session')} had no regular bar.",
        ),
        _finding(
            "missing_session_minutes",
            "Missing session minutes",
            "info",
            missing,
            f"{_number(missing, 'regular minute')} had no trade, at most {longest:,} in a row.",
        ),
    ]


def _assumption_findings(asset_class: str, *, multiplier_known: bool) -> list[dict[str, object]]:
    if asset_class == "equity" or multiplier_known:
        return []
    return [
        _finding(
            "no_definition",
            "No definition",
            "warning",
            1,
            "No definition file says what a contract is worth: multiplier 1 and the smallest "
            "decimal step of the prices as tick were assumed. Add the definition file or edit "
            "the instrument.",
        )
    ]


def _gaps(bars: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """List runs of regular minutes without a bar: start, end (exclusive), minutes; in time order.

    Each session starts and ends the search, so that no run goes on over night.
    """
    regular = bars.filter(pl.col("session") == "regular").select(
        start=pl.col("ts_open"), end=pl.col("ts_open") + _MINUTE
    )
    edges = pl.concat(
        [
            sessions.select(start="open", end="open"),  # nothing is covered before the open
            regular,
            sessions.select(start="close", end="close"),
        ]
    ).sort("start", "end", maintain_order=True)
    gap = (pl.col("start") - pl.col("end").shift()).dt.total_minutes()
    # What lies between a close and the next open is no gap.
    after_close = pl.col("end").shift().is_in(sessions["close"].implode()) & pl.col("start").is_in(
        sessions["open"].implode()
    )
    return (
        edges.with_columns(gap_start=pl.col("end").shift(), minutes=gap, after_close=after_close)
        .filter((pl.col("minutes") > 0) & ~pl.col("after_close"))
        .select(pl.col("gap_start").alias("from"), pl.col("start").alias("to"), "minutes")
    )


def _sessions(
    bars: pl.DataFrame, dates: pl.Series, sessions: pl.DataFrame, gaps: pl.DataFrame
) -> list[dict[str, object]]:
    by_date = (
        bars.select("session", date=dates)
        .group_by("date")
        .agg(bars=pl.len(), regular_bars=(pl.col("session") == "regular").sum())
    )
    lost = (
        gaps.sort("from")
        .join_asof(sessions.select("date", "open").sort("open"), left_on="from", right_on="open")
        .group_by("date")
        .agg(missing=pl.col("minutes").sum())
    )
    joined = (
        sessions.join(by_date, on="date", how="left", maintain_order="left")
        .join(lost, on="date", how="left", maintain_order="left")
        .with_columns(pl.col("bars", "regular_bars", "missing").fill_null(0))
    )
    return [
        {
            "date": row["date"].isoformat(),
            **{edge: _iso(row[edge]) for edge in ("pre_open", "open", "close", "post_close")},
            "bars": row["bars"],
            "regular_bars": row["regular_bars"],
            "missing": row["missing"],
        }
        for row in joined.iter_rows(named=True)
    ]


def _records(count: int) -> str:
    return _number(count, "record")


def _number(count: int, unit: str) -> str:
    return f"{count:,} {unit}" if count == 1 else f"{count:,} {unit}s"


def _iso(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
