"""A vendor's own bars: one symbol's OHLCV records of a file."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.schemas import Schema
from hewston.pipeline.sources.dbn.bytestream import ByteStream
from hewston.pipeline.sources.dbn.header import Header
from hewston.pipeline.sources.dbn.records import NS_PER_DAY, UNDEF_PRICE, Rows, read_chunks
from hewston.pipeline.sources.dbn.symbology import Symbology

PRICES = ("open", "high", "low", "close")
OHLCV: Schema = {
    "ts": pl.Int64,  # start of the bar, UTC ns, inclusive
    "publisher_id": pl.UInt16,
    **dict.fromkeys(PRICES, pl.Int64),  # 1e-9; null where the vendor left it undefined
    "volume": pl.UInt64,
    "record": pl.Int64,  # its number in the file, counted from 0
}


def read_ohlcv(
    stream: ByteStream, header: Header, *, symbol: str, tell: Callable[[int], object]
) -> pl.DataFrame:
    """Read the bars that the header maps to a symbol, in file order, as columns of OHLCV.

    The stream is at the first record. ``tell`` is told the bytes read now and then.

    Raises InputError for a damaged file, and for a symbol that stands for several instruments.
    """
    symbology = Symbology(header, name=stream.name)
    symbology.check_unmixed(symbol)
    ids = np.array(symbology.ids_of(symbol), np.uint32)
    parts = [pl.DataFrame(schema=OHLCV)]
    for chunk in read_chunks(stream, header):
        tell(stream.consumed)
        kept = chunk.only(np.isin(chunk.rows["instrument_id"], ids))
        kept = kept.only(_is_mapped(kept.rows, symbology, symbol))
        parts.append(_columns(kept.rows, kept.numbers))
    return pl.concat(parts)


def _is_mapped(rows: Rows, symbology: Symbology, symbol: str) -> npt.NDArray[np.bool_]:
    """Tell which records are of the symbol on their UTC day; an id may be another's before."""
    mapped = np.zeros(len(rows), np.bool_)
    days = (rows["ts_event"] // np.uint64(NS_PER_DAY)).astype(np.int64)
    for number in np.unique(rows["instrument_id"]).tolist():
        own = rows["instrument_id"] == number
        for day in np.unique(days[own]).tolist():
            if symbol in symbology.symbols_on(number, day):
                mapped |= own & (days == day)
    return mapped


def _columns(rows: Rows, numbers: npt.NDArray[np.int64]) -> pl.DataFrame:
    columns: dict[str, npt.NDArray[np.generic]] = {
        "ts": rows["ts_event"].astype(np.int64),
        "publisher_id": rows["publisher_id"],
        **{name: rows[name] for name in PRICES},
        "volume": rows["volume"],
        "record": numbers,
    }
    frame = pl.DataFrame(
        {name: np.ascontiguousarray(values) for name, values in columns.items()}, schema=OHLCV
    )
    undefined = pl.lit(int(UNDEF_PRICE))
    return frame.with_columns(
        pl.when(pl.col(name) != undefined).then(pl.col(name)).alias(name) for name in PRICES
    )
