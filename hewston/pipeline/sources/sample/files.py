"""The sample's DBN files: header, records and compression."""

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import databento_dbn
import numpy as np
import polars as pl
from backports import zstd
from databento_dbn.metadata import MappingInterval

from hewston.pipeline.sources.dbn.records import TRADES_DTYPE, Rows

SYMBOL = "DEMO"
VENDOR_DATASET = "XNAS.ITCH"
PUBLISHER_ID = 2  # XNAS.ITCH.XNAS
INSTRUMENT_IDS = (7001, 7113)  # before and from the day of the change

_TICK_NANOS = 10_000_000  # 0.01
_HALF_HOUR_NS = 1_800_000_000_000
# The level that the vendor's files are near to; one thread, so that the bytes are the same.
_ZSTD: dict[int, int] = {
    zstd.CompressionParameter.compression_level: 3,
    zstd.CompressionParameter.checksum_flag: 1,
}


@dataclass
class _Interval:
    """The instrument id, as text, on days from ``start_date`` to before ``end_date``."""

    start_date: dt.date
    end_date: dt.date
    symbol: str


@dataclass
class _Mapping:
    """A symbol's instrument ids; its names are what databento_dbn reads."""

    raw_symbol: str
    intervals: Sequence[MappingInterval]


class Writer:
    """Writes the sample's files into one folder.

    ``renamed`` is the date from whose UTC midnight the second instrument id holds.
    """

    def __init__(self, folder: Path, *, renamed: dt.date) -> None:
        self._folder = folder
        self._renamed = renamed

    def write_month(self, quotes: Rows, first: dt.date, end: dt.date) -> list[Path]:
        """Write TBBO records as a TRADES file and a TBBO file for days before ``end``."""
        trades = np.empty(len(quotes), TRADES_DTYPE)
        for name in TRADES_DTYPE.names or ():
            trades[name] = quotes[name]
        trades["length"], trades["rtype"] = TRADES_DTYPE.itemsize // 4, 0
        return [
            self._write("trades", first, end, trades.tobytes()),
            self._write("tbbo", first, end, quotes.tobytes()),
        ]

    def write_definitions(self, sessions: pl.DataFrame, first: dt.date, end: dt.date) -> Path:
        """Write the instrument as it is in each session, half an hour before pre_open."""
        times = (sessions["pre_open"].cast(pl.Int64) - _HALF_HOUR_NS).to_list()
        records = [
            _definition(ts, INSTRUMENT_IDS[date >= self._renamed])
            for date, ts in zip(sessions["date"], times, strict=True)
        ]
        return self._write("definition", first, end, b"".join(records))

    def _write(self, schema: str, first: dt.date, end: dt.date, records: bytes) -> Path:
        last = end - dt.timedelta(days=1)
        path = self._folder / f"sample-xnas-itch-{first:%Y%m%d}-{last:%Y%m%d}.{schema}.dbn.zst"
        content = self._header(schema, first, end) + records
        path.write_bytes(zstd.compress(content, options=_ZSTD))
        return path

    def _header(self, schema: str, first: dt.date, end: dt.date) -> bytes:
        change = [self._renamed] if first < self._renamed < end else []
        intervals = [
            _Interval(start, until, str(INSTRUMENT_IDS[start >= self._renamed]))
            for start, until in itertools.pairwise([first, *change, end])
        ]
        return databento_dbn.Metadata(
            dataset=VENDOR_DATASET,
            start=_utc_ns(first),
            end=_utc_ns(end),
            stype_in=databento_dbn.SType.from_str("raw_symbol"),
            stype_out=databento_dbn.SType.from_str("instrument_id"),
            schema=databento_dbn.Schema.from_str(schema),
            symbols=[SYMBOL],
            mappings=[_Mapping(SYMBOL, intervals)],
            version=3,
        ).encode()


def _definition(ts: int, instrument_id: int) -> bytes:
    return bytes(
        databento_dbn.InstrumentDefMsg(
            publisher_id=PUBLISHER_ID,
            instrument_id=instrument_id,
            ts_event=ts,
            ts_recv=ts + 200_000,
            min_price_increment=_TICK_NANOS,
            display_factor=databento_dbn.FIXED_PRICE_SCALE,
            raw_symbol=SYMBOL,
            asset=SYMBOL,
            security_type="CS",
            instrument_class=databento_dbn.InstrumentClass("K"),  # a stock
            security_update_action=databento_dbn.SecurityUpdateAction("A"),  # add
            min_lot_size_round_lot=100,
            currency="USD",
            exchange="XNAS",
        )
    )


def _utc_ns(date: dt.date) -> int:
    return (date - dt.date(1970, 1, 1)).days * 86_400_000_000_000
