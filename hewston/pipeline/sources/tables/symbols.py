"""The symbol of bars that do not name it: what their file, sheet or archive is called."""

import re
from pathlib import Path

from hewston.pipeline.sources.tables.layouts import TRADINGVIEW, Layout
from hewston.pipeline.sources.tables.source import Source

_LONGEST = 71  # as in DBN, version 3
_WORDS = """
    csv txt data history historical export prices price ohlc ohlcv daily bars candles klines
    chart intraday stock quotes download table nt mt4 mt5 wiki quandl yahoo yahoofinance
    googlefinance binance coinbase bitstamp kraken stooq finam histdata dat ascii us bar m1
    min
"""
_NOISE = frozenset(_WORDS.split())  # of file names: vendors, and words for what is in them
_SUFFIXES = re.compile(
    r"(\.(csv|tsv|txt|gz|zip|xlsx|xlsm|parquet|zst|bz2|last|bid|ask))+$", re.IGNORECASE
)


def guess_symbol(source: Source, layout: Layout | None, file_name: str) -> tuple[str, str]:
    """Guess the symbol by the name of what holds these bars alone, with the reason."""
    sheet, member = source.findings.get("sheet"), source.opened.member
    if sheet is not None and len(sheet.choices) > 1:
        return read_name(str(sheet.value)), "this is the name of its sheet"
    if member is not None:
        return read_name(Path(member).name), "this is from the file's name in the archive"
    found = _of_tradingview(file_name) if layout and layout.code == TRADINGVIEW else None
    said = "the table does not name its symbol; this is from the file's name"
    return found or read_name(file_name), said


def plain_symbol(text: str) -> str:
    """Write a symbol that a table names without signs between its parts: ETH/USDT is ETHUSDT."""
    return re.sub(r"[/\s]+", "", text).upper()[:_LONGEST] or "SYMBOL"


def read_name(name: str) -> str:
    """Take from a name what looks most like a symbol."""
    stem = _SUFFIXES.sub("", name)
    words = [word for word in re.split(r"[\s_,.()-]+", stem) if word.lower() not in {"", *_NOISE}]
    words = [word for word in words if re.search(r"[^\W\d_]", word)] or [stem or "symbol"]
    return re.sub(r"[^\w.]", "-", words[0].upper())[:_LONGEST]


def _of_tradingview(file_name: str) -> str | None:
    """Take the symbol from a name like ``FX_EURUSD, 60.csv``, which begins with the exchange."""
    match = re.match(r"[A-Z0-9]+_([A-Z0-9.!-]+)", Path(file_name).name)
    return match[1] if match else None
