"""What the vendor's definition records say of an instrument."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.dbn.bytestream import ByteStream
from hewston.pipeline.sources.dbn.header import Header
from hewston.pipeline.sources.dbn.records import PRICE_SCALE, UNDEF_PRICE
from hewston.pipeline.spec import AssetClass

if TYPE_CHECKING:
    import databento_dbn

_READ_BYTES = 1 << 20
_UNDEF_INT32 = 2**31 - 1
_ASSET_CLASSES: dict[str, AssetClass] = {
    "K": "equity",
    "B": "equity",
    "F": "future",
    "S": "future",
    "C": "future",  # options trade as whole contracts with a multiplier, as futures do
    "P": "future",
    "M": "future",
    "T": "future",
    "X": "fx",
    "Y": "fx",
    "I": "index",
}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One definition record; what the vendor left undefined is None."""

    raw_symbol: str
    instrument_id: int
    ts_recv: int
    asset_class: AssetClass | None
    currency: str | None
    tick: int | None  # 1e-9
    multiplier: float | None


def read_definitions(
    stream: ByteStream,
    header: Header,
    *,
    wanted: Callable[[str, int], bool],
    tell: Callable[[int], object] = int,
) -> list[Definition]:
    """Read the definitions that ``wanted(raw_symbol, instrument_id)`` asks for, the latest of each.

    ``tell`` is told the records read so far, a few times a second.

    Raises InputError for a damaged file.
    """
    import databento_dbn  # noqa: PLC0415  # loaded only by the jobs that read files

    decoder = databento_dbn.DBNDecoder(
        has_metadata=False, ts_out=header.ts_out, input_version=header.version
    )
    latest: dict[tuple[str, int], Definition] = {}
    number = 0
    while block := stream.read(_READ_BYTES):
        tell(number)
        for record in _decode(decoder, block, stream.name, number):
            number += 1
            if not isinstance(record, databento_dbn.InstrumentDefMsg):
                raise InputError(
                    f"{stream.name}: record {number - 1:,} is no definition. The file is damaged; "
                    "download it again.",
                    file=stream.name,
                    record=number - 1,
                )
            key = (record.raw_symbol, record.instrument_id)
            if wanted(*key) and (key not in latest or latest[key].ts_recv <= record.ts_recv):
                latest[key] = _definition(record)
    if rest := len(decoder.buffer()):
        raise InputError(
            f"{stream.name} is cut: record {number:,} has only {rest} bytes. "
            "Download the file again.",
            file=stream.name,
            record=number,
        )
    return [latest[key] for key in sorted(latest)]


def _decode(
    decoder: "databento_dbn.DBNDecoder", block: bytes, name: str, number: int
) -> list[object]:
    try:
        decoder.write(block)
        return list(decoder.decode())
    except (KeyboardInterrupt, SystemExit):
        raise
    # A panic of the decoder is a BaseException of no public class.
    except BaseException as problem:
        raise InputError(
            f"{name}: a definition at or after record {number:,} cannot be read ({problem}). "
            "The file is damaged; download it again.",
            file=name,
            record=number,
        ) from problem


def _definition(record: "databento_dbn.InstrumentDefMsg") -> Definition:
    code = str(record.instrument_class)
    asset_class = _ASSET_CLASSES.get(code)
    tick = _defined(record.min_price_increment)
    return Definition(
        raw_symbol=record.raw_symbol,
        instrument_id=record.instrument_id,
        ts_recv=record.ts_recv,
        asset_class=asset_class,
        currency=record.currency or None,
        tick=tick,
        multiplier=1.0 if asset_class == "equity" else _multiplier(record, tick),
    )


def _multiplier(record: "databento_dbn.InstrumentDefMsg", tick: int | None) -> float | None:
    """Find the money that one unit of price is worth.

    The value of a tick over the tick is what the venue settles by; the contract multiplier and
    the quantity of the underlying stand in where it is not given.
    """
    amount = _defined(record.min_price_increment_amount)
    if amount and tick:
        return amount / tick
    if 0 < record.contract_multiplier < _UNDEF_INT32:
        return float(record.contract_multiplier)
    quantity = _defined(record.unit_of_measure_qty)
    return quantity / PRICE_SCALE if quantity else None


def _defined(value: int) -> int | None:
    return value if 0 < value < int(UNDEF_PRICE) else None
