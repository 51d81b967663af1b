"""One TRADES or TBBO file to its minutes by symbol, and the counts of what is odd in it."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline import bars
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.ahead import Meter
from hewston.pipeline.ingest.files import Source
from hewston.pipeline.quality.arrivals import Arrivals, count_reopened
from hewston.pipeline.quality.tally import Tally, count_records, day_keys, split_keys
from hewston.pipeline.schemas import Schema
from hewston.pipeline.sources.dbn.bytestream import open_bytes
from hewston.pipeline.sources.dbn.header import Header, read_header
from hewston.pipeline.sources.dbn.overlaps import Key
from hewston.pipeline.sources.dbn.records import NS_PER_DAY, Chunk, Rows, read_chunks
from hewston.pipeline.sources.dbn.symbology import Symbology

_PENDING_ROWS = 1 << 19  # parts are merged beyond, so that memory follows the bars
_CHUNKS_A_REPORT = 8  # about a million records: a few times a second
_EPOCH = dt.date(1970, 1, 1)

SYMBOLS: Schema = {"instrument_id": pl.UInt32, "day": pl.Int64, "symbol": pl.String}
BY_SYMBOL = ("symbol", "minute")


class Parts:
    """Rows of PRINTS or QUOTES that are merged whenever they become many."""

    def __init__(self, schema: Schema, keys: tuple[str, ...]) -> None:
        self._keys = keys
        self._parts = [pl.DataFrame(schema=schema)]
        self._rows = 0
        self._limit = _PENDING_ROWS

    def add(self, part: pl.DataFrame) -> None:
        """Take further rows, in file order."""
        self._parts.append(part)
        self._rows += len(part)
        if self._rows > self._limit:
            merged = self.merged()
            # Twice what cannot be merged away: else each further part would merge all again.
            self._limit = max(_PENDING_ROWS, 2 * len(merged))

    def merged(self) -> pl.DataFrame:
        """Give one row for each key, in order of appearance."""
        merged = bars.merge(self._parts, self._keys)
        self._parts, self._rows = [merged], len(merged)
        return merged


@dataclass(frozen=True, kw_only=True)
class FileMinutes:
    """What a file holds, by symbol: minutes of prints and quotes, counts by day."""

    source: Source
    prints: pl.DataFrame  # PRINTS with symbol, day
    quotes: pl.DataFrame  # QUOTES likewise; empty for TRADES
    tally: pl.DataFrame  # TALLY with symbol

    def without(self, days: pl.DataFrame) -> "FileMinutes":
        """Leave out some days of some symbols."""
        keys = ["symbol", "day"]
        return FileMinutes(
            source=self.source,
            prints=self.prints.join(days, on=keys, how="anti", maintain_order="left"),
            quotes=self.quotes.join(days, on=keys, how="anti", maintain_order="left"),
            tally=self.tally.join(days, on=keys, how="anti", maintain_order="left"),
        )


class Reader:
    """Reads sources, several at once, and reports progress over all of them."""

    def __init__(self, *, symbol: str | None, meter: Meter) -> None:
        self._symbol = symbol
        self._meter = meter

    def read(self, source: Source) -> FileMinutes:
        """Derive a file's minutes.

        Raises InputError for a damaged file and for records that the header maps to no symbol.
        """
        symbology, tally = Symbology(self._header(source), name=source.name), Tally()
        symbology.check_unmixed(self._symbol)
        prints = Parts(bars.PRINTS, ("instrument_id", "minute"))
        quotes = Parts(bars.QUOTES, ("instrument_id", "minute"))
        arrivals = Arrivals(tally.add, name=source.name)
        symbols = _Symbols(symbology, self._symbol, source.name)
        for chunk in self._chunks(source):
            rows = bars.by_instrument(chunk.rows)
            printed = bars.is_print(rows)
            symbols.look_up(count_records(rows, printed, tally), chunk)
            arrivals.add(rows)
            rows = bars.select(rows, printed)
            prints.add(bars.aggregate_prints(rows))
            if source.schema == "tbbo":
                quotes.add(bars.aggregate_quotes(rows))
        reopened = arrivals.finish()
        if len(reopened):
            count_reopened(lambda: self._chunks(source), reopened, tally, name=source.name)
        return FileMinutes(
            source=source,
            prints=symbols.named(_with_day(prints.merged())),
            quotes=symbols.named(_with_day(quotes.merged())),
            tally=symbols.named(tally.frame()),
        )

    def read_keys(self, source: Source, keys: set[Key]) -> Iterator[tuple[Key, Chunk]]:
        """Read the records of some instruments and days, each key's in file order."""
        for chunk in self._chunks(source):
            found = day_keys(chunk.rows)
            order = np.argsort(found, kind="stable")
            edges = np.flatnonzero(np.diff(found[order])) + 1
            for part in np.split(order, edges):
                ids, days = split_keys(found[part[:1]])
                key = (int(ids[0]), int(days[0]))
                if key in keys:
                    yield key, Chunk(rows=chunk.rows[part], numbers=chunk.numbers[part])

    def _header(self, source: Source) -> Header:
        with open_bytes(source.path, name=source.name) as stream:
            return read_header(stream)

    def _chunks(self, source: Source) -> Iterator[Chunk]:
        """Read a source's chunks of the wanted symbol, telling of progress now and then."""
        with open_bytes(source.path, name=source.name) as stream:
            header = read_header(stream)
            wanted = _wanted_ids(header, self._symbol, source.name)
            day, records = None, 0
            for count, chunk in enumerate(read_chunks(stream, header)):
                day = date_of(int(chunk.rows["ts_recv"][0]) // NS_PER_DAY).isoformat()
                if count % _CHUNKS_A_REPORT == 0:
                    self._meter.tell(
                        source.name, consumed=stream.consumed, records=records, day=day
                    )
                records += len(chunk.rows)
                kept = chunk if wanted is None else chunk.only(_is_of(chunk.rows, wanted))
                if len(kept.rows):
                    yield kept
            self._meter.tell(source.name, consumed=stream.consumed, records=records, day=day)


class _Symbols:
    """The symbols of the instrument ids and days that a file has records for."""

    def __init__(self, symbology: Symbology, wanted: str | None, name: str) -> None:
        self._symbology = symbology
        self._wanted = wanted
        self._name = name
        self._known: dict[int, list[str]] = {}

    def look_up(self, keys: npt.NDArray[np.uint64], chunk: Chunk) -> None:
        """Find the symbols of a chunk's keys; raises InputError where there is none."""
        for key in keys.tolist():
            if key not in self._known:
                ids, days = split_keys(np.array([key], np.uint64))
                found = self._symbology.symbols_on(int(ids[0]), int(days[0]))
                if not found:
                    raise self._unmapped(key, int(ids[0]), int(days[0]), chunk)
                self._known[key] = [s for s in found if self._wanted in {None, s}]

    def named(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Replace the instrument id of each row by its symbol on the row's day.

        Rows of two symbols for one id come once for each; rows of none that is wanted are gone.
        """
        pairs = [(key, symbol) for key, found in sorted(self._known.items()) for symbol in found]
        ids, days = split_keys(np.array([key for key, _ in pairs], np.uint64))
        symbols = pl.DataFrame(
            {"instrument_id": ids, "day": days, "symbol": [symbol for _, symbol in pairs]},
            schema=SYMBOLS,
        )
        return frame.join(
            symbols, on=["instrument_id", "day"], how="inner", maintain_order="left_right"
        )

    def _unmapped(self, key: int, instrument: int, day: int, chunk: Chunk) -> InputError:
        number = int(chunk.numbers[int((day_keys(chunk.rows) == key).argmax())])
        return InputError(
            f"{self._name}: record {number:,} is of instrument id {instrument} on {date_of(day)} "
            "(UTC), for which the header names no symbol. Download the file again with its "
            "symbology.",
            file=self._name,
            record=number,
        )


def _wanted_ids(header: Header, symbol: str | None, name: str) -> npt.NDArray[np.uint32] | None:
    if symbol is None or header.symbols == [symbol]:
        return None
    return np.array(Symbology(header, name=name).ids_of(symbol), np.uint32)


def _is_of(rows: Rows, ids: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    return np.isin(rows["instrument_id"], ids)


def _with_day(minutes: pl.DataFrame) -> pl.DataFrame:
    return minutes.with_columns(day=pl.col("minute") // bars.MINUTES_PER_DAY)


def date_of(day: int) -> dt.date:
    """Give the date of a day counted from 1970-01-01."""
    return _EPOCH + dt.timedelta(days=day)
