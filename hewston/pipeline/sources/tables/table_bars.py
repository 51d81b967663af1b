"""Rows of a table to bars: in UTC, by their start, each once, at one interval."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.intervals import INTERVAL_NS, INTERVALS, is_daily
from hewston.pipeline.schemas import BARS, UTC_NS, Schema
from hewston.pipeline.sources.tables.plan import Finding, Plan
from hewston.pipeline.sources.tables.rows import MOST_LISTED, BadRow, Reading
from hewston.pipeline.sources.tables.spacing import (
    ONE_STEP,
    find_changes,
    find_interval,
    find_odd_starts,
)
from hewston.pipeline.sources.tables.vocabulary import PRICES
from hewston.pipeline.sources.tables.zones import find_midnights, localize, read_zone

_NS = 1_000_000_000
_DAY_NS = 86_400 * _NS
_MINUTE_NS = 60 * _NS
_ROUNDING = 1e-9  # of a price, relative: what adding and dividing leaves
_FIGURES = (*PRICES, "volume", "trade_count", "vwap", "buy_volume", "sell_volume")
_SESSIONLESS: Schema = {name: dtype for name, dtype in BARS.items() if name != "session"}


@dataclass(kw_only=True)
class TableBars:
    """Bars of one symbol: BARS without ``session``, sorted, unique.

    ``tz`` is the IANA zone in which the starts of daily bars are dates; None where that of the
    calendar is. ``lines`` gives each bar's row in the file. ``findings`` are as in quality.json.
    ``refusals`` say why these rows cannot become a dataset.
    """

    frame: pl.DataFrame
    lines: pl.Series
    interval: Finding
    tz: str | None
    findings: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[InputError] = field(default_factory=list)


def to_bars(reading: Reading, plan: Plan, *, name: str, symbols: Sequence[str] = ()) -> TableBars:
    """Make bars of a reading; adds rows of times that never were to its bad rows.

    ``symbols`` are those that a column names, where it names some.
    """
    maker = _Maker(reading, plan, name)
    return maker.make(symbols)


class _Maker:
    def __init__(self, reading: Reading, plan: Plan, name: str) -> None:
        self._reading = reading
        self._plan = plan
        self._name = name
        self._findings: list[dict[str, Any]] = []
        self._refusals: list[InputError] = []

    def make(self, symbols: Sequence[str]) -> TableBars:
        rows = self._of_symbol(self._reading.rows, symbols)
        rows = _forward(rows)
        self._check_rows(rows)
        rows = self._to_utc(rows)
        shuffled = int((rows["ts"].diff().cast(pl.Int64) < 0).sum())
        rows = _sorted(rows)
        interval = self._find_interval(rows["ts"])
        tz = None
        if interval.value in INTERVALS:
            rows, tz = self._to_starts(rows, str(interval.value))
            rows = _sorted(rows)
        rows, doubled = self._without_doubles(rows)
        self._note_counts(rows, shuffled, doubled)
        if interval.value in INTERVALS:
            self._note_spacing(rows, str(interval.value))
        return TableBars(
            frame=_as_bars(rows),
            lines=rows["line"],
            interval=interval,
            tz=tz,
            findings=self._findings,
            refusals=self._refusals,
        )

    def _of_symbol(self, rows: pl.DataFrame, symbols: Sequence[str]) -> pl.DataFrame:
        if "symbol" not in self._plan.columns:
            return rows
        known = rows["symbol"].drop_nulls().unique(maintain_order=True).to_list() or list(symbols)
        if len(known) <= 1:
            return rows
        wanted = (self._plan.symbol or "").casefold()
        mine = [one for one in known if wanted in {one.casefold(), one.replace("/", "").casefold()}]
        if not mine:
            shown = ", ".join(known[:20])
            self._refusals.append(
                InputError(
                    f"{self._name} has no rows of {self._plan.symbol}. It has {shown}"
                    + (f" and {len(known) - 20} more." if len(known) > 20 else "."),  # noqa: PLR2004
                    field="symbol",
                    file=self._name,
                    allowed=known[:100],
                )
            )
            return rows.clear()
        return rows.filter(pl.col("symbol").is_in(mine))

    def _check_rows(self, rows: pl.DataFrame) -> None:
        """Refuse rows that would be read, and wrongly."""
        line = self._reading.renamed_line
        if line is not None:
            self._refusals.append(
                InputError(
                    f"Line {line:,} of {self._name} is a header that names the columns otherwise "
                    "than the first one. Split the file there, and bring in each part.",
                    file=self._name,
                    line=line,
                    field="columns",
                )
            )
        line = _find_half_days(rows) if self._has_clock() else None
        if line is not None:
            self._refusals.append(
                InputError(
                    f"At line {line:,} of {self._name} the hours begin at 1 again on the same day, "
                    "and none is above 12: they lack AM and PM. Export the times with them, or "
                    "with 24 hours.",
                    file=self._name,
                    line=line,
                    field="columns",
                )
            )

    def _has_clock(self) -> bool:
        form = self._plan.time_form
        return form.kind == "text" and any("%H" in shape.template for shape in form.shapes)

    def _to_utc(self, rows: pl.DataFrame) -> pl.DataFrame:
        if self._plan.time_form.is_aware:
            return rows
        if self._plan.tz is None:
            return rows.with_columns(pl.col("ts").dt.replace_time_zone("UTC"))
        zone = read_zone(self._plan.tz)
        found = localize(rows["ts"], zone)
        if self._is_dates(rows["ts"]):
            return rows.with_columns(pl.col("ts").dt.replace_time_zone("UTC"))
        if found.skipped.any():
            self._skip(rows.filter(found.skipped), zone.name)
        folded = int(found.folded.sum())
        if folded:
            days = rows.filter(found.folded)["ts"].dt.date().unique().sort().to_list()
            self._find(
                "folded_hours",
                "Hours that came twice",
                "info" if found.is_told_apart else "warning",
                folded,
                f"{_count(folded, 'row')} of an hour that the clock of {zone.name} showed twice "
                f"({', '.join(str(day) for day in days[:5])}{' …' if len(days) > 5 else ''}); "  # noqa: PLR2004
                + (
                    "their order in the file tells which is which."
                    if found.is_told_apart
                    else "where only one of the two is there, it was taken for the first."
                ),
            )
        return rows.with_columns(found.utc.alias("ts")).filter(~found.skipped)

    def _is_dates(self, naive: pl.Series) -> bool:
        """Tell whether all rows are midnights: then they name dates and no times."""
        known = naive.drop_nulls().cast(pl.Int64)
        if known.is_empty() or not (known % _DAY_NS == 0).all():
            return False
        return self._plan.interval is None or is_daily(self._plan.interval)

    def _skip(self, rows: pl.DataFrame, zone: str) -> None:
        for row in rows.iter_rows(named=True):
            self._reading.bad_count += 1
            if len(self._reading.bad) < MOST_LISTED:
                reason = (
                    f"{row['ts']:%Y-%m-%d %H:%M} never was in {zone}: the clock was set forward"
                )
                text = " | ".join(f"{row[name]:g}" for name in PRICES)
                self._reading.bad.append(BadRow(line=row["line"], reason=reason, text=text))
        self._reading.bad.sort(key=lambda row: row.line)

    def _find_interval(self, ts: pl.Series) -> Finding:
        times = ts.cast(pl.Int64).to_numpy()
        times = times[np.concatenate(([True], times[1:] != times[:-1]))] if len(times) else times
        found = find_interval(times)
        said = self._plan.interval
        if said is None:
            return found
        steps = np.diff(times)
        if (
            len(steps) and not is_daily(said) and (steps < INTERVAL_NS[said]).mean() > ONE_STEP
        ) or (
            len(steps) and is_daily(said) and (steps < INTERVAL_NS["1d"] * 0.8).mean() > ONE_STEP
        ):
            self._refuse_interval(said, found)
        return Finding(
            value=said, confidence="said", reason="you said so", choices=tuple(INTERVALS)
        )

    def _refuse_interval(self, said: str, found: Finding) -> None:
        self._refusals.append(
            InputError(
                f"interval is {said}, but the rows of {self._name} are closer: {found.reason}.",
                field="interval",
                file=self._name,
                allowed=found.value,
            )
        )

    def _to_starts(self, rows: pl.DataFrame, interval: str) -> tuple[pl.DataFrame, str | None]:
        """Name each bar by its start; give the zone in which the starts of daily bars are dates."""
        ends = self._plan.stamp == "close"
        if not is_daily(interval):
            return (_starts_of(rows, INTERVAL_NS[interval]) if ends else rows), None
        whole = (rows["ts"].cast(pl.Int64) % _DAY_NS == 0).all()
        if whole and interval == "1d" and self._names_days():
            ends = False
        zone = read_zone(self._plan.tz).iana if self._plan.tz else "UTC"
        if self._plan.time_form.is_aware:
            if ends:
                rows = rows.with_columns(_whole_minutes(pl.col("ts")))
            midnights = find_midnights(rows["ts"])
            if midnights is None and ends:
                rows = rows.with_columns(pl.col("ts").dt.offset_by(f"-{interval}"))
            if midnights is None or not ends:
                return rows, midnights
            whole, zone = False, midnights
        # Clock times: a date is what their day says, but for the midnight that ends a day.
        local = rows["ts"].dt.convert_time_zone("UTC" if whole else zone).dt.replace_time_zone(None)
        if ends:
            local = (local.cast(pl.Int64) - 1).cast(pl.Datetime("ns"))
        dates = local.dt.truncate(interval if ends else "1d")  # a week begins on its Monday
        start = dates.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        start = start.dt.convert_time_zone("UTC")
        # Where a summer begins at midnight, the day begins an hour later.
        later = (dates + dt.timedelta(hours=1)).dt.replace_time_zone(zone, ambiguous="earliest")
        start = start.fill_null(later.dt.convert_time_zone("UTC")) if start.null_count() else start
        return rows.with_columns(start.cast(UTC_NS).alias("ts")), zone

    def _names_days(self) -> bool:
        """Tell whether times are dates without a time of day, which have no end to be named by."""
        form = self._plan.time_form
        return form.kind == "serial" or form.dates_only or not form.has_clock

    def _without_doubles(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        """Drop rows that say the same again; refuse two that say different things of one bar."""
        if not (rows["ts"].diff().cast(pl.Int64) == 0).any():
            return rows, 0
        distinct = rows.unique(["ts", *_FIGURES], keep="first", maintain_order=True)
        conflicts = distinct.filter(pl.col("ts").is_duplicated())
        if conflicts.height:
            self._refuse_conflict(conflicts)
        kept = distinct.unique("ts", keep="first", maintain_order=True)
        return kept, rows.height - distinct.height

    def _refuse_conflict(self, conflicts: pl.DataFrame) -> None:
        first = conflicts.filter(pl.col("ts") == conflicts["ts"][0]).sort("line")
        one, other = first.row(0, named=True), first.row(1, named=True)
        times = conflicts["ts"].n_unique()
        differing = next((name for name in _FIGURES if one[name] != other[name]), "close")
        self._refusals.append(
            InputError(
                f"Lines {one['line']:,} and {other['line']:,} of {self._name} are both of "
                f"{one['ts']:%Y-%m-%d %H:%M} UTC and say different things ({differing} "
                f"{one[differing]} and "
                f"{other[differing]})"
                + (f", and so do {times - 1:,} more times" if times > 1 else "")
                + ". Remove the wrong ones; several symbols in one file need a column of symbols.",
                file=self._name,
                lines=[one["line"], other["line"]],
                field="columns",
            )
        )

    def _note_counts(self, rows: pl.DataFrame, shuffled: int, doubled: int) -> None:
        reading = self._reading
        listed = [
            {"line": row.line, "reason": row.reason, "text": row.text}
            for row in reading.bad[:MOST_LISTED]
        ]
        self._find(
            "unreadable_rows",
            "Rows that cannot be read",
            "error" if reading.bad_count else "info",
            reading.bad_count,
            f"{_count(reading.bad_count, 'row')} could not be read: left out.",
            rows=listed,
        )
        self._find(
            "repeated_rows",
            "Repeated rows",
            "info",
            doubled,
            f"{_count(doubled, 'row')} repeated another one in every figure: left out.",
        )
        self._find(
            "unsorted_rows",
            "Out of order",
            "warning" if shuffled else "info",
            shuffled,
            f"{_count(shuffled, 'row')} came before their time in the file; the bars are sorted.",
        )
        self._find(
            "not_data",
            "Rows that are no data",
            "info",
            reading.not_data,
            f"{_count(reading.not_data, 'row')} passed over: totals, notes or headers.",
        )
        self._note_outside(rows)
        if self._plan.volume_unit != 1:
            name = self._plan.names[self._plan.columns["volume"][0]]
            self._find(
                "volume_unit",
                "Unit of the volumes",
                "info",
                rows.height,
                f"The header {name[:80]!r} says its unit: volumes were multiplied by "
                f"{self._plan.volume_unit:,.0f}.",
            )

    def _note_spacing(self, rows: pl.DataFrame, interval: str) -> None:
        times, lines = rows["ts"].cast(pl.Int64).to_numpy(), rows["line"].to_numpy()
        for find in (find_changes, find_odd_starts):
            found = find(times, lines, interval)
            if found is not None:
                self._findings.append(found)

    def _note_outside(self, rows: pl.DataFrame) -> None:
        top = pl.col("high") + pl.col("high").abs() * _ROUNDING
        bottom = pl.col("low") - pl.col("low").abs() * _ROUNDING
        outside = rows.filter(
            (pl.max_horizontal("open", "close") > top)
            | (pl.min_horizontal("open", "close") < bottom)
        )
        listed = [
            {
                "line": row["line"],
                "reason": f"open {row['open']:g} or close {row['close']:g} is outside "
                f"{row['low']:g} to {row['high']:g}",
                "text": "",
            }
            for row in outside.head(MOST_LISTED).iter_rows(named=True)
        ]
        self._find(
            "outside_range",
            "Open or close outside low and high",
            "warning" if outside.height else "info",
            outside.height,
            f"{_count(outside.height, 'bar')} had an open or a close outside its low and high; "
            f"it was kept.",
            rows=listed,
        )

    def _find(
        self,
        key: str,
        label: str,
        severity: str,
        count: int,
        sentence: str,
        *,
        rows: Sequence[Mapping[str, object]] = (),
    ) -> None:
        found: dict[str, Any] = {
            "key": key,
            "label": label,
            "severity": severity,
            "count": count,
            "sentence": sentence,
        }
        self._findings.append(found | ({"rows": list(rows)} if rows else {}))


def _forward(rows: pl.DataFrame) -> pl.DataFrame:
    """Put rows that run backwards, as many exports do, the other way round."""
    steps = rows["ts"].diff().cast(pl.Int64)
    return rows.reverse() if int((steps < 0).sum()) > int((steps > 0).sum()) else rows


def _find_half_days(rows: pl.DataFrame) -> int | None:
    """Find the line at which hours of a clock without AM and PM begin again on the same day."""
    ts = pl.col("ts")
    if rows.is_empty() or not rows.select(ts.dt.hour().is_between(1, 12).all()).item():
        return None
    again = rows.filter(
        (ts.dt.date() == ts.shift().dt.date())
        & (ts.shift().dt.hour() == 12)  # noqa: PLR2004
        & (ts.dt.hour() < 12)  # noqa: PLR2004
    )
    return None if again.is_empty() else int(again["line"][0])


def _sorted(rows: pl.DataFrame) -> pl.DataFrame:
    """Sort rows by their times; most tables are sorted already."""
    return rows if rows["ts"].is_sorted() else rows.sort("ts", maintain_order=True)


def _starts_of(rows: pl.DataFrame, length: int) -> pl.DataFrame:
    """Take the interval from ends."""
    whole = _whole_minutes(pl.col("ts")).cast(pl.Int64)
    return rows.with_columns((whole - length).cast(UTC_NS).alias("ts"))


def _whole_minutes(ends: pl.Expr) -> pl.Expr:
    """Put ends on the minute that they mean: 09:44:59.999 is 09:45."""
    ns = ends.cast(pl.Int64)
    over = ns % _MINUTE_NS
    whole = pl.when(over >= 59 * _NS).then(ns - over + _MINUTE_NS).otherwise(ns)
    return whole.cast(UTC_NS).alias("ts")


def _as_bars(rows: pl.DataFrame) -> pl.DataFrame:
    def whole(name: str) -> pl.Expr:
        # A column of zeros beside a volume is one that its vendor does not fill.
        return pl.when(pl.col(name).sum() > 0).then(pl.col(name))

    volume, buy, sell = pl.col("volume"), whole("buy_volume"), whole("sell_volume")
    has_buys, has_sells = ((rows[f"{side}_volume"].sum() or 0) > 0 for side in ("buy", "sell"))
    if has_buys and has_sells and rows["volume"].null_count() == rows.height:
        volume = buy + sell
    elif has_sells and not has_buys:
        buy = volume - sell
    elif has_buys and not has_sells:
        sell = volume - buy
    return rows.select(
        pl.col("ts").cast(UTC_NS).alias("ts_open"),
        *PRICES,
        volume.alias("volume"),
        whole("trade_count").cast(pl.UInt32, strict=False).alias("trade_count"),
        pl.col("vwap"),
        buy.alias("buy_volume"),
        sell.alias("sell_volume"),
        *(
            pl.lit(None, pl.Float64).alias(name)
            for name in _SESSIONLESS
            if name.startswith(("bid", "ask", "spread"))
        ),
    ).select(list(_SESSIONLESS))


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"
