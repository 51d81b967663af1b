"""quality.json: what is odd in the records, and which minutes of the sessions have no bar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hewston.pipeline.intervals import is_daily
from hewston.pipeline.quality.sessions import find_gaps, iso, list_sessions
from hewston.pipeline.quality.tally import PUBLISHER

MOST_GAPS_LISTED = 1000
OUTLIER_SHARE = 0.2

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
    interval: str = "1m",
    extra: Sequence[Mapping[str, object]] = (),
) -> dict[str, object]:
    """Put together what quality.json holds: plain JSON values, the same for the same input.

    ``interval`` is that of the bars. ``missing_session_minutes`` counts minutes of regular sessions
    that no bar covers; ``missing_bars`` (count, longest), and ``expected`` and ``missing`` of each
    of ``sessions``, count bars of the interval. From a day on, whole sessions are missing or none:
    no minutes are counted, and the first session of a week or a month stands for it.
    ``sessions_expected`` and ``sessions_present`` then count days, weeks or months.
    ``extra`` are findings of the caller, which come last.

    ``sessions`` lists those from the dataset's first to its last date; ``dates`` is the exchange
    date of each bar; ``tallies`` are the counts of TALLY by product; ``conditions`` is what the
    vendor says of its data by UTC date, where it is known.
    """
    counts = {product: _counts(tally) for product, tally in tallies.items() if len(tally)}
    gaps = find_gaps(bars["ts_open"], sessions, interval)
    listed = list_sessions(bars, dates, sessions, gaps, interval)
    periods = [session for session in listed if session["expected"]]
    present = sum(1 for session in periods if session["missing"] != session["expected"])
    if not is_daily(interval):
        present = sum(1 for session in listed if session["regular_bars"])
    missing = int(gaps["minutes"].sum())
    longest = max(gaps["minutes"].to_list(), default=0)
    missing_bars = {
        "count": sum(int(session["missing"]) for session in listed),
        "longest": max(gaps["bars"].to_list(), default=0),
    }
    findings = [
        *_record_findings(counts),
        *_publisher_findings(counts),
        *_disagreement_findings(disagreement),
        *_condition_findings(conditions),
        *_bar_findings(bars, dates, sessions, interval),
        *_session_findings(len(periods), present, missing_bars, interval),
        *_assumption_findings(asset_class, multiplier_known=multiplier_known),
        *(dict(finding) for finding in extra),
    ]
    return {
        "rows": len(bars),
        "first": iso(bars["ts_open"][0]),
        "last": iso(bars["ts_open"][-1]),
        "records": {product: found.get("records", 0) for product, found in counts.items()},
        "interval": interval,
        "sessions_expected": len(periods),
        "sessions_present": present,
        "missing_session_minutes": {
            "count": missing,
            "longest": longest,
            "list": [
                {"from": iso(start), "to": iso(end), "minutes": minutes}
                for start, end, minutes in gaps.head(MOST_GAPS_LISTED)
                .select("from", "to", "minutes")
                .iter_rows()
            ],
            "gaps": len(gaps),
            "list_is_cut": len(gaps) > MOST_GAPS_LISTED,
        },
        "missing_bars": missing_bars,
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


def _bar_findings(
    bars: pl.DataFrame, dates: pl.Series, sessions: pl.DataFrame, interval: str
) -> list[dict[str, object]]:
    before = pl.col("close").shift()
    if not is_daily(interval):  # what happens over night is no jump
        before = before.over(dates.alias("date"), mapping_strategy="group_to_rows")
    reference = pl.coalesce(before, "open")
    farthest = pl.max_horizontal(
        (pl.col("high") - reference).abs(), (pl.col("low") - reference).abs()
    )
    outliers = bars.filter(farthest > OUTLIER_SHARE * reference.abs()).height
    since = "from the close before" + ("" if is_daily(interval) else " on the same date")
    closed = bars.filter(pl.col("session") == "closed").height
    if interval == "1d":
        closed = int((~dates.is_in(sessions["date"].implode())).sum())
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
            f"{_number(outliers, 'bar')} moved more than {OUTLIER_SHARE:.0%} {since}, or from the "
            "open where there is none.",
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
    expected: int, present: int, missing: Mapping[str, int], interval: str
) -> list[dict[str, object]]:
    absent = expected - present
    unit = {"1w": "week", "1mo": "month"}.get(interval, "session")
    findings = [
        _finding(
            "missing_sessions",
            "Missing sessions",
            "warning" if absent else "info",
            absent,
            f"{absent:,} of {_number(expected, unit)} had no regular bar.",
        )
    ]
    count, longest = missing["count"], missing["longest"]
    if interval == "1m":
        sentence = f"{_number(count, 'regular minute')} had no trade, at most {longest:,} in a row."
        label, key = "Missing session minutes", "missing_session_minutes"
    else:
        verb = "is" if count == 1 else "are"
        sentence = (
            f"{_number(count, 'bar')} of {interval} {verb} not there, at most {longest:,} in a "
            "row: nothing traded, or the data lacks them."
        )
        label, key = "Missing bars", "missing_bars"
    if not is_daily(interval):
        findings.append(_finding(key, label, "info", count, sentence))
    return findings


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


def _records(count: int) -> str:
    return _number(count, "record")


def _number(count: int, unit: str) -> str:
    return f"{count:,} {unit}" if count == 1 else f"{count:,} {unit}s"
