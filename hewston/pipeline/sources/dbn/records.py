"""TRADES, TBBO and OHLCV records as numpy rows, checked one by one and read in bounded memory.

Their layouts are the same in DBN versions 1 to 3. Prices are integers of 1e-9 of the currency;
times are nanoseconds since 1970 in UTC.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.dbn.bytestream import ByteStream
from hewston.pipeline.sources.dbn.header import Header

UNDEF_PRICE = np.int64(2**63 - 1)
PRICE_SCALE = 1_000_000_000
NS_PER_DAY = 86_400 * PRICE_SCALE
CHUNK_RECORDS = 131_072

_HEAD_FIELDS = [
    ("length", "u1"),  # of the record, in units of four bytes
    ("rtype", "u1"),
    ("publisher_id", "<u2"),
    ("instrument_id", "<u4"),
    ("ts_event", "<u8"),  # of a bar its start, inclusive
]
_TRADE_FIELDS = [
    *_HEAD_FIELDS,
    ("price", "<i8"),
    ("size", "<u4"),
    ("action", "u1"),
    ("side", "u1"),  # of the aggressor
    ("flags", "u1"),
    ("depth", "u1"),
    ("ts_recv", "<u8"),
    ("ts_in_delta", "<i4"),
    ("sequence", "<u4"),
]
_QUOTE_FIELDS = [
    ("bid_px", "<i8"),
    ("ask_px", "<i8"),
    ("bid_sz", "<u4"),
    ("ask_sz", "<u4"),
    ("bid_ct", "<u4"),
    ("ask_ct", "<u4"),
]
TRADES_DTYPE = np.dtype(_TRADE_FIELDS)
TBBO_DTYPE = np.dtype(_TRADE_FIELDS + _QUOTE_FIELDS)
DTYPES = {"trades": TRADES_DTYPE, "tbbo": TBBO_DTYPE}
OHLCV_DTYPE = np.dtype(
    [
        *_HEAD_FIELDS,
        *((name, "<i8") for name in ("open", "high", "low", "close")),
        ("volume", "<u8"),
    ]
)
OHLCV_SECONDS = {"ohlcv-1s": 1, "ohlcv-1m": 60, "ohlcv-1h": 3_600, "ohlcv-1d": 86_400}
_LAYOUTS = DTYPES | dict.fromkeys(OHLCV_SECONDS, OHLCV_DTYPE)
_RTYPES = {
    "trades": 0,
    "tbbo": 1,
    "ohlcv-1s": 32,
    "ohlcv-1m": 33,
    "ohlcv-1h": 34,
    "ohlcv-1d": 35,
}
_TS_OUT_BYTES = 8
F_BAD_TS_RECV = 1 << 3  # of flags: the vendor's clock was wrong

# Times after 2261-12-31 do not fit a signed count of nanoseconds; UNDEF is among them.
_LAST_TS = np.uint64(9_214_646_400_000_000_000)

Rows = npt.NDArray[np.void]


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some records of a file, in file order, and their numbers in it, counted from 0."""

    rows: Rows
    numbers: npt.NDArray[np.int64]

    def only(self, wanted: npt.NDArray[np.bool_]) -> "Chunk":
        """Keep some of the records."""
        return self if wanted.all() else Chunk(rows=self.rows[wanted], numbers=self.numbers[wanted])


def read_chunks(
    stream: ByteStream, header: Header, *, chunk_records: int = CHUNK_RECORDS
) -> Iterator[Chunk]:
    """Give all records after the header, each checked.

    A chunk's rows are valid until the next one is asked for: they share one buffer.

    Raises InputError that names the file and the first bad record: one that is cut, of another
    type or length, or without the time that places it.
    """
    dtype = _LAYOUTS[header.schema]
    stored = dtype.itemsize + (_TS_OUT_BYTES if header.ts_out else 0)
    buffer = bytearray(chunk_records * stored)
    first = 0
    while True:
        filled = stream.read_into(memoryview(buffer))
        count, rest = divmod(filled, stored)
        # What came before a cut is checked first: the earliest fault is the one to name.
        rows = _rows(buffer, count, dtype, stored)
        _check(rows, header, stored, first, stream.name)
        if rest:
            raise InputError(
                f"{stream.name} is cut: record {first + count:,} has {rest} of {stored} bytes. "
                "Download the file again.",
                file=stream.name,
                record=first + count,
            )
        if count:
            yield Chunk(rows=rows, numbers=np.arange(first, first + count))
        if count < chunk_records:
            return
        first += count


def _rows(buffer: bytearray, count: int, dtype: np.dtype[np.void], stored: int) -> Rows:
    if stored == dtype.itemsize:
        return np.frombuffer(buffer, dtype, count)
    # A live capture's sending time is no field of the schema: it is left off.
    wide = np.dtype([("record", dtype), ("ts_out", "<u8")])
    return np.ascontiguousarray(np.frombuffer(buffer, wide, count)["record"])


def _check(rows: Rows, header: Header, stored: int, first: int, name: str) -> None:
    rtype, length = _RTYPES[header.schema], stored // 4
    wrong = (rows["rtype"] != rtype) | (rows["length"] != length)
    if wrong.any():
        at = int(wrong.argmax())
        if rows[at].tobytes().startswith(b"DBN"):
            raise InputError(
                f"{name}: another DBN file begins where record {first + at:,} belongs: files were "
                "put together behind one another. Give each file by itself.",
                file=name,
                record=first + at,
            )
        raise InputError(
            f"{name}: record {first + at:,} is no {header.schema.upper()} record: its type is "
            f"{int(rows['rtype'][at])} and its length {int(rows['length'][at]) * 4} bytes, where "
            f"{rtype} and {stored} belong. The file is damaged or mixes schemas; "
            "download it again.",
            file=name,
            record=first + at,
        )
    clock, meaning = _clock(rows)
    untimed = rows[clock] > _LAST_TS
    if untimed.any():
        at = int(untimed.argmax())
        raise InputError(
            f"{name}: record {first + at:,} has no usable {meaning} ({clock}), so it belongs "
            "to no minute. The file is damaged; download it again.",
            file=name,
            record=first + at,
        )


def _clock(rows: Rows) -> tuple[str, str]:
    """Name the field that places a record in time, and what it is."""
    is_tick = "ts_recv" in (rows.dtype.names or ())
    return ("ts_recv", "receive time") if is_tick else ("ts_event", "start")
