"""DBN files made of literal records, for tests of what reads them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import databento_dbn
import numpy as np
from backports import zstd

from hewston.pipeline.sources.dbn.records import DTYPES, UNDEF_PRICE, Rows

NS = 10**9
DAY = dt.date(2023, 1, 3)
# 09:30:00 in New York on that day.
OPEN = int(dt.datetime(2023, 1, 3, 14, 30, tzinfo=dt.UTC).timestamp()) * NS
UNDEF = int(UNDEF_PRICE)
RTYPES = {"trades": 0, "tbbo": 1}


@dataclass
class Interval:
    start_date: dt.date
    end_date: dt.date
    symbol: str


@dataclass
class Mapping:
    raw_symbol: str
    intervals: list[Any]


@dataclass(frozen=True, kw_only=True)
class Print:
    """A record; ``at`` is seconds after 09:30, prices are in dollars, None is undefined."""

    at: float = 0
    price: float | None = 100
    size: int = 100
    side: str = "N"
    bid: float | None = 99.99
    ask: float | None = 100.01
    instrument_id: int = 7
    sequence: int = 0
    action: str = "T"


@dataclass(frozen=True, kw_only=True)
class Meta:
    schema: str = "trades"
    dataset: str = "XNAS.ITCH"
    version: int = 3
    start: dt.date = DAY
    end: dt.date = DAY + dt.timedelta(days=1)
    symbols: dict[str, int] = field(default_factory=lambda: {"AAA": 7})
    intervals: Sequence[tuple[str, dt.date, dt.date, str]] = ()
    stype_in: str = "raw_symbol"
    stype_out: str = "instrument_id"
    ts_out: bool = False


def rows_of(prints: Sequence[Print], schema: str = "trades") -> Rows:
    """Encode records as the rows of a schema."""
    rows = np.zeros(len(prints), DTYPES[schema])
    rows["length"], rows["rtype"] = rows.itemsize // 4, RTYPES[schema]
    for row, one in zip(rows, prints, strict=True):
        row["ts_recv"] = row["ts_event"] = OPEN + round(one.at * NS)
        row["price"], row["size"] = nanos(one.price), one.size
        row["side"], row["action"] = ord(one.side), ord(one.action)
        row["instrument_id"], row["sequence"] = one.instrument_id, one.sequence
        if schema == "tbbo":
            row["bid_px"], row["ask_px"] = nanos(one.bid), nanos(one.ask)
    return rows


def nanos(price: float | None) -> int:
    return UNDEF if price is None else round(price * NS)


def header_of(meta: Meta) -> bytes:
    """Encode a header; ``intervals`` stand in for ``symbols`` where given."""
    listed = list(meta.intervals) or [
        (name, meta.start, meta.end, str(number)) for name, number in meta.symbols.items()
    ]
    mappings: dict[str, Any] = {}
    for name, first, end, target in listed:
        mapping = mappings.setdefault(name, Mapping(name, []))
        mapping.intervals.append(Interval(first, end, target))
    return databento_dbn.Metadata(
        dataset=meta.dataset,
        start=midnight(meta.start),
        end=midnight(meta.end),
        stype_in=databento_dbn.SType.from_str(meta.stype_in),
        stype_out=databento_dbn.SType.from_str(meta.stype_out),
        schema=databento_dbn.Schema.from_str(meta.schema),
        symbols=list(mappings),
        mappings=list(mappings.values()),
        ts_out=meta.ts_out,
        version=meta.version,
    ).encode()


def midnight(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days * 86_400 * NS


def write_dbn(
    path: Path, prints: Sequence[Print] | Rows, meta: Meta | None = None, *, plain: bool = False
) -> Path:
    """Write a file; the schema is that of ``meta``."""
    meta = meta or Meta()
    rows = prints if isinstance(prints, np.ndarray) else rows_of(prints, meta.schema)
    content = header_of(meta) + rows.tobytes()
    path.write_bytes(content if plain else zstd.compress(content))
    return path
