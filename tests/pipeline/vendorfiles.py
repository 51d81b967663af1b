"""A vendor's own bars as DBN files, encoded record by record by the vendor's own types."""

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path

import databento_dbn
import polars as pl
from backports import zstd

from tests.pipeline.dbnfiles import NS, UNDEF, Meta, header_of

SCHEMAS = {"ohlcv-1s": (32, 1), "ohlcv-1m": (33, 60), "ohlcv-1h": (34, 3_600)}
SCHEMAS["ohlcv-1d"] = (35, 86_400)
DAY = Meta(schema="ohlcv-1m")
PRICES = ("open", "high", "low", "close")


def record_of(
    row: Mapping[str, object],
    *,
    schema: str = "ohlcv-1m",
    instrument_id: int = 7,
    publisher: int = 2,
) -> bytes:
    """Encode a bar: ts_open, prices (None is undefined) and volume."""
    opened = row["ts_open"]
    assert isinstance(opened, dt.datetime)
    prices = [UNDEF if row[name] is None else round(float(str(row[name])) * NS) for name in PRICES]
    return bytes(
        databento_dbn.OHLCVMsg(  # type: ignore[call-arg]  # its stub knows no constructor
            SCHEMAS[schema][0],
            publisher,
            instrument_id,
            int(opened.timestamp()) * NS,
            *prices,
            int(float(str(row["volume"]))),
        )
    )


def write_vendor(
    path: Path,
    bars: pl.DataFrame | Iterable[bytes],
    meta: Meta = DAY,
    *,
    instrument_id: int = 7,
    plain: bool = False,
) -> Path:
    """Write bars, or records that are encoded already, as a file of the schema of ``meta``."""
    if isinstance(bars, pl.DataFrame):
        bars = [
            record_of(row, schema=meta.schema, instrument_id=instrument_id)
            for row in bars.iter_rows(named=True)
        ]
    content = header_of(meta) + b"".join(bars)
    path.write_bytes(content if plain else zstd.compress(content))
    return path
