"""One symbol's minutes and counts to its draft."""

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hewston.pipeline import bars as derivation
from hewston.pipeline import calendar as exchange_calendar
from hewston.pipeline import store
from hewston.pipeline.ingest.drafts import DatasetDraft
from hewston.pipeline.ingest.files import Source
from hewston.pipeline.ingest.instrument import default_calendar, describe
from hewston.pipeline.quality.report import Disagreement, report
from hewston.pipeline.quality.tally import CENT_DECIMALS
from hewston.pipeline.sources.dbn.definitions import Definition
from hewston.pipeline.sources.dbn.records import PRICE_SCALE

_DAY = pl.col("minute") // derivation.MINUTES_PER_DAY  # UTC
_PRODUCTS = {"trades": "TRADES", "tbbo": "TBBO"}


@dataclass(frozen=True, kw_only=True)
class SymbolTicks:
    """All that was read of one symbol of one vendor dataset."""

    symbol: str
    dataset: str
    sources: Sequence[Source]
    trades: pl.DataFrame  # PRINTS of TRADES files
    tbbo: pl.DataFrame  # PRINTS of TBBO files
    quotes: pl.DataFrame
    trades_tally: pl.DataFrame
    tbbo_tally: pl.DataFrame


def draft_of(
    ticks: SymbolTicks,
    *,
    folder: Path,
    definitions: Sequence[tuple[Source, Definition]],
    overrides: Mapping[str, object],
    calendar: str | None,
    conditions: Mapping[str, str],
) -> DatasetDraft:
    """Derive the bars, write them to ``folder`` and describe the dataset.

    ``conditions`` is what the vendor says of its data by UTC date.
    """
    own = _own_definitions(ticks, definitions)
    instrument = describe(
        dataset=ticks.dataset,
        definitions=[definition for _, definition in own],
        price_decimals=_decimals(ticks),
        overrides=overrides,
    )
    calendar = calendar or default_calendar(instrument.asset_class, ticks.dataset)
    prints, disagreement = join_prints(ticks)
    bars, _ = derivation.to_bars(
        prints.drop("symbol"), ticks.quotes.drop("symbol"), calendar=calendar
    )
    path = folder / "bars.parquet"
    derivation.write_bars(bars, path)
    dates = exchange_calendar.exchange_date(bars["ts_open"], calendar)
    requested = requested_year(ticks.sources, exchange_calendar.zone(calendar))
    first, last = requested or (dates[0], dates[-1])
    known = {
        date: word
        for date, word in conditions.items()
        if first <= dt.date.fromisoformat(date) <= last
    }
    raw = {source.raw for source in [*ticks.sources, *(source for source, _ in own)]}
    return DatasetDraft(
        symbol=ticks.symbol,
        instrument=instrument,
        is_defined=bool(own or overrides),
        from_date=first,
        to_date=last,
        whole_year=requested is not None,
        products=tuple(
            product
            for schema, product in _PRODUCTS.items()
            if any(source.schema == schema for source in ticks.sources)
        ),
        venue_code=ticks.dataset,
        calendar=calendar,
        calendar_version=exchange_calendar.calendar_version(),
        tz=exchange_calendar.zone(calendar),
        raw_files=tuple(sorted(raw, key=lambda file: (file.name, file.sha256))),
        bars=path,
        quality=report(
            bars,
            sessions=exchange_calendar.schedule(calendar, first, last),
            dates=dates,
            tallies={"TRADES": ticks.trades_tally, "TBBO": ticks.tbbo_tally},
            disagreement=disagreement,
            multiplier_known=bool(own) or "multiplier" in overrides,
            asset_class=instrument.asset_class,
            conditions=known,
        ),
        bars_sha256=store.sha256_file(path),
        rows=len(bars),
        options={
            "symbol": ticks.symbol,
            "vendor_dataset": ticks.dataset,
            "calendar": calendar,
            "overrides": dict(overrides),
            "conditions": known,
        },
    )


def join_prints(ticks: SymbolTicks) -> tuple[pl.DataFrame, Disagreement]:
    """Take the prints of each UTC day from TRADES, and from TBBO on days without TRADES.

    Also counts, on days that have both, the minutes whose prints differ between the two.
    """
    days = ticks.trades.select(day=_DAY).unique()
    has_trades = _DAY.is_in(days["day"].implode())
    alone, beside = ticks.tbbo.filter(~has_trades), ticks.tbbo.filter(has_trades)
    prints = pl.concat([ticks.trades, alone]).sort("minute")
    shared = beside.select(day=_DAY).unique()["day"]
    both = ticks.trades.filter(_DAY.is_in(shared.implode())).join(
        beside, on="minute", how="full", suffix="_tbbo"
    )
    differs = pl.col("trade_count").ne_missing(pl.col("trade_count_tbbo")) | pl.col(
        "volume"
    ).ne_missing(pl.col("volume_tbbo"))
    return prints, Disagreement(
        days_from_tbbo=alone.select(_DAY.n_unique()).item() if len(ticks.trades) else 0,
        days_without_quotes=len(days) - len(shared) if len(ticks.tbbo) else 0,
        minutes=both.filter(differs).height,
    )


def requested_year(sources: Sequence[Source], tz: str) -> tuple[dt.date, dt.date] | None:
    """Give 1 January and 31 December when the files were requested for exactly that year.

    The year may begin and end at midnight in UTC or in the exchange's zone.
    """
    ranges = sorted((source.start, source.end) for source in sources if source.end is not None)
    if len(ranges) < len(sources):
        return None
    start, end = ranges[0]
    for next_start, next_end in ranges[1:]:
        if next_start > end:
            return None
        end = max(end, next_end)
    for zone in ("UTC", tz):
        year = dt.datetime.fromtimestamp(start // PRICE_SCALE, dt.UTC).year
        if (start, end) == (_new_year(year, zone), _new_year(year + 1, zone)):
            return dt.date(year, 1, 1), dt.date(year, 12, 31)
    return None


@functools.cache
def _new_year(year: int, zone: str) -> int:
    midnight = pl.Series([dt.datetime(year, 1, 1)]).dt.replace_time_zone(zone)  # noqa: DTZ001  # the zone follows
    return int(midnight.dt.epoch("ns").item())


def _own_definitions(
    ticks: SymbolTicks, definitions: Sequence[tuple[Source, Definition]]
) -> list[tuple[Source, Definition]]:
    """Find the symbol's definitions: by name, else by its instrument ids (continuous symbols)."""
    named = [found for found in definitions if found[1].raw_symbol == ticks.symbol]
    ids = pl.concat([ticks.trades_tally, ticks.tbbo_tally])["instrument_id"].unique().to_list()
    return named or [found for found in definitions if found[1].instrument_id in ids]


def _decimals(ticks: SymbolTicks) -> int:
    """Count the decimals of the finest print."""
    kinds = pl.concat([ticks.trades_tally, ticks.tbbo_tally])["kind"].unique()
    found = [int(kind.removeprefix("decimals_")) for kind in kinds if kind.startswith("decimals_")]
    return max(found, default=CENT_DECIMALS)
