"""What a DBN file says of itself: version, vendor dataset, schema, range and symbols."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.dbn.bytestream import ByteStream

if TYPE_CHECKING:
    import databento_dbn

VERSIONS = (1, 2, 3)
_PREFIX_BYTES = 8
_MOST_METADATA_BYTES = 1 << 28  # ten thousand symbols with a new id each day of a year need 200 MB
_UNDEF_TS = 2**64 - 1


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A symbol's instrument id on the UTC days from ``first`` to before ``end``."""

    symbol: str
    instrument_id: int
    first: dt.date
    end: dt.date


@dataclass(frozen=True, kw_only=True)
class Header:
    """A DBN file's metadata. ``start`` and ``end`` are UTC nanoseconds, end exclusive."""

    version: int
    dataset: str
    schema: str
    start: int
    end: int | None
    ts_out: bool
    intervals: tuple[Interval, ...]
    encoded: bytes  # as it stands in the file, for readers of other records

    @property
    def symbols(self) -> list[str]:
        """Symbols that the file has an instrument id for, sorted."""
        return sorted({interval.symbol for interval in self.intervals})


def read_header(stream: ByteStream) -> Header:
    """Read the header and leave the stream at the first record.

    Raises InputError for what is not DBN, another version, or a damaged header.
    """
    prefix = stream.read(_PREFIX_BYTES)
    if prefix[:3] != b"DBN":
        raise InputError(
            f"{stream.name} is not a DBN file: it does not start with the letters DBN. Give files "
            "in Databento Binary Encoding (.dbn or .dbn.zst); other layouts are not read here.",
            file=stream.name,
            byte=0,
        )
    if len(prefix) < _PREFIX_BYTES:
        raise _cut(stream.name)
    version, size = prefix[3], int.from_bytes(prefix[4:], "little")
    if version not in VERSIONS:
        raise InputError(
            f"{stream.name} is DBN version {version}; versions 1, 2 and 3 are read here. "
            "Convert it with Databento's dbn tool or download it in one of these.",
            file=stream.name,
            allowed=list(VERSIONS),
        )
    if size > _MOST_METADATA_BYTES:
        raise InputError(
            f"{stream.name}: its header claims {size:,} bytes of metadata, more than any real "
            "file has. The file is damaged; download it again.",
            file=stream.name,
            byte=4,
        )
    body = stream.read(size)
    if len(body) < size:
        raise _cut(stream.name)
    return _decode(prefix + body, version, stream.name)


def _cut(name: str) -> InputError:
    return InputError(f"{name} is cut: it ends inside its header. Download it again.", file=name)


def _decode(encoded: bytes, version: int, name: str) -> Header:
    import databento_dbn  # noqa: PLC0415  # loaded only by the jobs that read files

    try:
        metadata = databento_dbn.Metadata.decode(encoded)
        stype_in, stype_out = metadata.stype_in, metadata.stype_out
        mappings = metadata.mappings
        dataset, schema = metadata.dataset, metadata.schema
        start, end, ts_out = metadata.start, metadata.end, metadata.ts_out
    except (KeyboardInterrupt, SystemExit):
        raise
    # A panic of the decoder is a BaseException of no public class.
    except BaseException as problem:
        raise InputError(
            f"{name}: its header cannot be read ({problem}). The file is damaged; "
            "download it again.",
            file=name,
        ) from problem
    if schema is None:
        raise InputError(
            f"{name} names no schema, as live captures do, whose records may be of several. Split "
            "it into files of TRADES and TBBO with Databento's dbn tool, or request these.",
            file=name,
            allowed=["trades", "tbbo"],
        )
    return Header(
        version=version,
        dataset=dataset,
        schema=str(schema),
        start=start,
        end=None if not end or end == _UNDEF_TS else end,
        ts_out=ts_out,
        intervals=_intervals(mappings, str(stype_in), str(stype_out), name),
        encoded=encoded,
    )


def _intervals(
    mappings: Mapping[str, list["databento_dbn.metadata.MappingIntervalDict"]],
    stype_in: str,
    stype_out: str,
    name: str,
) -> tuple[Interval, ...]:
    """Read which symbol is which instrument id on which days.

    Requests by symbol map to instrument ids; requests by instrument id map to symbols (or to
    the id again, which then is all the name there is).
    """
    if "instrument_id" not in {stype_in, stype_out}:
        raise InputError(
            f"{name}: its symbols are mapped from {stype_in} to {stype_out}, not to the "
            "instrument ids of its records. Request it with stype_out=instrument_id.",
            file=name,
        )
    found = []
    for given, entries in mappings.items():
        for entry in entries:
            if not entry["symbol"]:  # the vendor could not resolve these days
                continue
            symbol, number = (
                (given, entry["symbol"])
                if stype_out == "instrument_id"
                else (entry["symbol"], given)
            )
            if not (number.isascii() and number.isdigit() and int(number) < 2**32):
                raise InputError(
                    f"{name}: its header maps {symbol!r} to {number!r}, which is no instrument "
                    "id. The file is damaged; download it again.",
                    file=name,
                )
            found.append(
                Interval(
                    symbol=symbol,
                    instrument_id=int(number),
                    first=entry["start_date"],
                    end=entry["end_date"],
                )
            )
    return tuple(found)
