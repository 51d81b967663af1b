"""An upload of any kind, told by what is in it."""

import re
import tempfile
from dataclasses import replace
from pathlib import Path

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers import chart, trade_list
from hewston.pipeline.parity.readers.artifact import looks_like_json, read_artifact
from hewston.pipeline.parity.readers.report import is_report, read_properties, read_report
from hewston.pipeline.parity.readers.table import Table, open_sheets, open_text
from hewston.pipeline.parity.readers.upload import Upload
from hewston.pipeline.parity.readers.vocabulary import plain
from hewston.pipeline.sources.tables.containers import unwrap

_MOST_BYTES = 512 << 20
_EXCHANGE = r"(?:CME|CBOT|COMEX|NYMEX)_MINI(?:_DL)?|[A-Z0-9]+"
# Strategy_EXCHANGE_SYMBOL_2025-05-01[_a1b2c], as TradingView calls lists.
_OF_LIST = re.compile(
    rf"(?P<name>.+?)_(?P<exchange>{_EXCHANGE})_(?P<symbol>[A-Z0-9.!^-]+)_"
    r"\d{4}-\d{2}-\d{2}(?:_[0-9a-f]{5})?(?: ?\(\d+\))?"
)
_OF_CHART = re.compile(  # EXCHANGE_SYMBOL, 15
    rf"(?P<exchange>{_EXCHANGE})_(?P<symbol>[A-Z0-9.!^-]+), (?P<interval>[0-9]*[A-Z]?)"
    r"(?:_[0-9a-f]{5})?"
)
_MINUTES = {1: "1m", 2: "2m", 3: "3m", 5: "5m", 10: "10m", 15: "15m", 20: "20m", 30: "30m"}
_HOURS = {1: "1h", 2: "2h", 3: "3h", 4: "4h", 6: "6h", 8: "8h", 12: "12h"}
_DAYS = {"D": "1d", "1D": "1d", "W": "1w", "1W": "1w", "M": "1mo", "1M": "1mo"}
_HOUR = 60
_OTHERS = (
    (("alert id", "webhook status"), "a log of alerts, which are no fills", "list of trades"),
    (("fill price", "order id", "limit price"), "a broker's history of orders", "list of trades"),
    (("all usd", "long usd"), "a summary of performance, without trades", "list of trades"),
    (("title", "all", "long", "short"), "a summary of performance, without trades",
     "list of trades"),
)  # fmt: skip


def read_upload(path: Path, *, filename: str, date_order: str | None = None) -> Upload:
    """Read a chart's data (CSV), a list of trades (CSV, Excel) or a JSON artifact.

    What it is, is told by its content. ``filename`` is what messages call it and may give a name
    and a symbol; ``date_order`` (``dmy``, ``mdy`` …, see ``read_date_order``) says which number of
    a date is the day where day and month are numbers both. Packed files (zip, gz) are unpacked.
    Nothing is left on disk.

    Raises InputError, with file and row, for what is none of these; with the field ``date_order``
    and what it may be where that must be said.
    """
    if not path.is_file():
        raise InputError(f"{filename} is not a file that can be read.", file=filename)
    if looks_like_json(path):
        return read_artifact(path, filename=filename)
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        opened = unwrap(path, name=filename, scratch=Path(folder))
        if opened.path.stat().st_size > _MOST_BYTES:
            raise InputError(
                f"{filename} holds more than {_MOST_BYTES >> 20} MB. Export a shorter range.",
                file=filename,
                allowed=_MOST_BYTES,
            )
        if opened.kind == "parquet":
            raise InputError(
                f"{filename} is a Parquet file. Give a chart's data as CSV, a list of trades as "
                "CSV or Excel, or a JSON artifact.",
                file=filename,
            )
        if opened.kind == "excel":
            tables = open_sheets(opened.path, name=opened.name)
        else:
            tables = [open_text(opened.path, name=opened.name, scratch=Path(folder))]
        try:
            return _read_tables(tables, filename, date_order)
        except pl.exceptions.PolarsError as problem:
            raise InputError(
                f"{filename} cannot be read as a table: {str(problem).splitlines()[0][:200]}",
                file=filename,
            ) from problem


def _read_tables(tables: list[Table], filename: str, date_order: str | None) -> Upload:
    for table in tables:
        roles = trade_list.find_roles(table.titles)
        if roles is not None:
            return _read_list(table, roles, tables, filename, date_order)
    for table in tables:
        chart_roles = chart.find_roles(table.titles)
        if chart_roles is not None:
            return _read_chart(table, chart_roles, filename, date_order)
    raise _unknown(tables, filename)


def _unknown(tables: list[Table], filename: str) -> InputError:
    """Say what a file is, where that is known, and what to give instead."""
    sheets = [table.sheet for table in tables if table.sheet]
    if any(table.sheet and is_report(table) for table in tables):
        return InputError(
            f"{filename} is a report without its list of trades: it has the sheets "
            f"{', '.join(sheets[:6])}. Export the report whole, with the sheet List of trades.",
            file=filename,
        )
    for table in tables:
        titles = {plain(title) for title in table.titles}
        for words, what, wanted in _OTHERS:
            if any(word in titles for word in words[:1]) or titles >= set(words):
                return InputError(
                    f"{filename} is {what}. Export the {wanted} of the strategy tester.",
                    file=filename,
                )
    shown = ", ".join(title[:40] for title in tables[0].titles[:8]) if tables else "nothing"
    return InputError(
        f"{filename} is neither a chart's data nor a list of trades: its first row holds {shown}. "
        "Give TradingView's export of a chart's data (CSV) or of a list of trades (CSV, Excel), or "
        "a JSON artifact.",
        file=filename,
    )


def _read_list(
    table: Table,
    roles: dict[str, int],
    tables: list[Table],
    filename: str,
    date_order: str | None,
) -> Upload:
    found = trade_list.read_list(table, roles, date_order=date_order)
    rest = [one for one in tables if one is not table]
    properties = read_properties(rest)
    figures = read_report(rest)
    named = _OF_LIST.fullmatch(_stem(filename))
    symbol = _text(properties.get("symbol"))
    if not symbol and named:
        symbol = f"{named['exchange']}:{named['symbol']}"
    if found.point_value is not None:
        properties.setdefault("point_value", found.point_value)
    clock = found.clock
    timeframe = _text(properties.get("timeframe"))
    if clock == "date" and timeframe and timeframe not in {"1d", "1w", "1mo"}:
        clock = "clock"
    return Upload(
        kind="trade_list",
        layout=found.layout,
        name=named["name"] if named else _stem(filename),
        clock=clock,
        symbol=symbol,
        timeframe=timeframe,
        currency=found.currency or _text(properties.get("currency")),
        price_currency=found.price_currency,
        trades=found.trades,
        details=found.details,
        decimals=found.decimals,
        properties=properties,
        figures=tuple(figures),
        warnings=found.warnings,
        date_order=found.date_order,
    )


def _read_chart(
    table: Table, roles: dict[str, int], filename: str, date_order: str | None
) -> Upload:
    found = chart.read_chart(table, roles, date_order=date_order)
    named = _OF_CHART.fullmatch(_stem(filename))
    upload = Upload(
        kind="chart_data",
        layout="chart data" if found.series is not None else "chart data, bars alone",
        name=_stem(filename),
        clock=found.clock,
        timeframe=_find_timeframe(found.candles),
        candles=found.candles,
        series=found.series,
        decimals=found.decimals,
        warnings=found.warnings,
        date_order=found.date_order,
    )
    if named is None:
        return upload
    return replace(
        upload,
        symbol=f"{named['exchange']}:{named['symbol']}",
        timeframe=_DAYS.get(named["interval"], upload.timeframe),
    )


def _find_timeframe(candles: pl.DataFrame) -> str | None:
    """Tell the interval by the distance that most bars have from the one before."""
    steps = candles["ts_open"].diff().drop_nulls().dt.total_seconds()
    if steps.is_empty():
        return None
    usual = int(steps.mode().min() or 0)  # type: ignore[arg-type]  # a count of seconds
    minutes, rest = divmod(usual, 60)
    if rest:
        return None
    if minutes < _HOUR:
        return _MINUTES.get(minutes)
    if minutes % _HOUR == 0 and minutes // _HOUR in _HOURS:
        return _HOURS[minutes // _HOUR]
    return {1440: "1d", 10080: "1w"}.get(minutes)


def _stem(filename: str) -> str:
    return re.sub(r"(\.(csv|xlsx|txt|tsv|zip|gz|json))+$", "", filename, flags=re.IGNORECASE)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
