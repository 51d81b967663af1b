"""A vendor's own bars out of DBN files: OHLCV of a second, a minute, an hour or a day."""

from collections.abc import Iterator, Sequence

import polars as pl

from hewston.pipeline.bars import to_price
from hewston.pipeline.equality.files import Other, OtherBars
from hewston.pipeline.equality.ranges import requested
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.ahead import Meter
from hewston.pipeline.ingest.drafts import LeftOut
from hewston.pipeline.schemas import BARS, UTC_NS
from hewston.pipeline.sources.dbn.bytestream import open_bytes
from hewston.pipeline.sources.dbn.header import Header, read_header
from hewston.pipeline.sources.dbn.ohlcv import PRICES, read_ohlcv
from hewston.pipeline.sources.dbn.records import OHLCV_SECONDS, PRICE_SCALE
from hewston.pipeline.sources.dbn.symbology import unknown_symbol

_INTERVALS = {"ohlcv-1s": "1m", "ohlcv-1m": "1m", "ohlcv-1h": "1h", "ohlcv-1d": "1d"}
_NS_PER_MINUTE = 60 * PRICE_SCALE


def read_vendor(files: Sequence[Other], *, symbol: str, venue_code: str, meter: Meter) -> OtherBars:
    """Read one symbol's bars out of DBN files of one schema; hours and days are UTC's.

    A bar that two files hold alike counts once. Bars of a second are merged to minutes, which is
    exact. Where there are bars of several publishers for one time, high, low and volume are
    merged; who of them traded first and last is not known, so that open and close are null.

    Raises InputError for a damaged file, another schema, two schemas, a symbol that no file holds
    and two different bars of one time.
    """
    usable, left_out = _triage(files)
    headers = [header for _, header in usable]
    known = set[str]().union(*(header.symbols for header in headers))
    if symbol not in known:
        raise unknown_symbol(symbol, known)
    parts = [
        _read(file, symbol, meter).with_columns(file=pl.lit(number))
        for number, (file, _) in enumerate(usable)
    ]
    rows = _once(pl.concat(parts), [file.name for file, _ in usable])
    schema = headers[0].schema
    merged = _of_all_publishers(rows)
    if schema == "ohlcv-1s":
        merged = _of_minutes(merged)
    return OtherBars(
        bars=_as_bars(merged),
        interval=_INTERVALS[schema],
        span=requested(headers),
        notes=tuple(_note(headers, rows["publisher_id"].n_unique(), venue_code)),
        files=tuple(file for file, _ in usable),
        left_out=tuple(left_out),
    )


def _note(headers: Sequence[Header], publishers: int, venue_code: str) -> Iterator[str]:
    if headers[0].schema == "ohlcv-1s":
        yield "The file's bars are of a second and were merged to minutes, which is exact."
    if publishers > 1:
        yield (
            f"The file has bars of {publishers} publishers. Where a time has several, high, low "
            "and volume are compared; who of them traded first and last is not known."
        )
    datasets = sorted({header.dataset for header in headers})
    if datasets != [venue_code]:
        yield f"The dataset is of {venue_code}, the file of {', '.join(datasets)}."


def _triage(files: Sequence[Other]) -> tuple[list[tuple[Other, Header]], list[LeftOut]]:
    """Part the files of bars from others; refuse what was named by itself, and two schemas."""
    usable: list[tuple[Other, Header]] = []
    others: list[tuple[Other, Header]] = []
    for file in files:
        with open_bytes(file.path, name=file.name) as stream:
            header = read_header(stream)
        (usable if header.schema in OHLCV_SECONDS else others).append((file, header))
    for file, header in others:
        if file.alone or not usable:
            raise _wrong_schema(file.name, header.schema)
    first, header = usable[0]
    for other, another in usable:
        if another.schema != header.schema:
            raise InputError(
                f"{first.name} has the schema {header.schema.upper()} and {other.name} "
                f"{another.schema.upper()}. Compare with files of one schema at a time.",
                file=other.name,
            )
    left_out = [
        LeftOut(file=file.name, reason=f"its schema is {header.schema.upper()}, not OHLCV")
        for file, header in others
    ]
    return usable, left_out


def _wrong_schema(name: str, schema: str) -> InputError:
    return InputError(
        f"{name} has the schema {schema.upper()}; bars are compared with files of OHLCV-1M, or of "
        "OHLCV-1S, OHLCV-1H or OHLCV-1D. Bring ticks in as a dataset of their own.",
        file=name,
        allowed=sorted(OHLCV_SECONDS),
    )


def _read(file: Other, symbol: str, meter: Meter) -> pl.DataFrame:
    with open_bytes(file.path, name=file.name) as stream:
        header = read_header(stream)
        return read_ohlcv(
            stream,
            header,
            symbol=symbol,
            tell=lambda consumed: meter.tell(file.name, consumed=consumed),
        )


def _once(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Keep one of equal bars of a publisher and a time, sorted; refuse different ones."""
    rows = rows.sort("ts", "publisher_id", "file", "record")
    rows = rows.unique(["ts", "publisher_id", *PRICES, "volume"], keep="first", maintain_order=True)
    twice = (pl.col("ts") == pl.col("ts").shift()) & (
        pl.col("publisher_id") == pl.col("publisher_id").shift()
    )
    again = rows.with_row_index("row").filter(twice)
    if again.is_empty():
        return rows
    later = rows.row(again["row"][0], named=True)
    earlier = rows.row(again["row"][0] - 1, named=True)
    raise InputError(
        f"Record {earlier['record']:,} of {names[earlier['file']]} and record "
        f"{later['record']:,} of {names[later['file']]} are different bars of the same time "
        f"({pl.Series([later['ts']]).cast(UTC_NS)[0]:%Y-%m-%d %H:%M:%S} UTC). "
        "Give only the file that is right.",
        file=names[later["file"]],
        other_file=names[earlier["file"]],
        record=later["record"],
    )


def _of_all_publishers(rows: pl.DataFrame) -> pl.DataFrame:
    alone = pl.len() == 1
    return rows.group_by("ts", maintain_order=True).agg(
        pl.when(alone).then(pl.col("open").first()),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.when(alone).then(pl.col("close").last()),
        pl.col("volume").sum(),
    )


def _of_minutes(seconds: pl.DataFrame) -> pl.DataFrame:
    minute = pl.col("ts") // _NS_PER_MINUTE * _NS_PER_MINUTE
    return seconds.group_by(minute, maintain_order=True).agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
    )


def _as_bars(merged: pl.DataFrame) -> pl.DataFrame:
    prices = {name: to_price(merged[name]) for name in PRICES}
    columns = {
        "ts_open": merged["ts"].cast(UTC_NS),
        **prices,
        "volume": merged["volume"].cast(pl.Float64),
    }
    return pl.DataFrame(columns).match_to_schema(pl.Schema(BARS), missing_columns="insert")
