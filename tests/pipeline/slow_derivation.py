"""One-minute bars in plain Python: integers, fractions and dictionaries, one record at a time.

Written from the contract alone and sharing no code with the product, to be compared with it.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import databento_dbn
from backports import zstd

UNDEF_PRICE = 2**63 - 1
NEW_YORK = ZoneInfo("America/New_York")
HALF_DAYS = {dt.date(2023, 7, 3), dt.date(2023, 11, 24)}

Bar = dict[str, object]


def read[Record](path: Path, kind: type[Record]) -> Iterator[Record]:
    """Decode a file's records of one kind with the vendor's own decoder, a piece at a time."""
    decoder = databento_dbn.DBNDecoder()
    with zstd.open(path, "rb") as stream:
        while piece := stream.read(1 << 20):
            decoder.write(piece)
            yield from (record for record in decoder.decode() if isinstance(record, kind))


def derive(trades: Iterable[Path], tbbo: Iterable[Path]) -> list[Bar]:
    """Give the bars of one symbol's TRADES and TBBO files, sorted by ts_open."""
    prints: dict[int, list[tuple[int, int, str]]] = {}
    for path in trades:
        for record in read(path, databento_dbn.TradeMsg):
            if record.price != UNDEF_PRICE and record.size > 0:
                minute = record.ts_recv // 60_000_000_000
                prints.setdefault(minute, []).append((record.price, record.size, str(record.side)))
    quotes: dict[int, list[tuple[int, int]]] = {}
    for path in tbbo:
        for quote in read(path, databento_dbn.MBP1Msg):
            bid, ask = quote.bid_px_00, quote.ask_px_00
            if UNDEF_PRICE not in {bid, ask} and bid <= ask:
                quotes.setdefault(quote.ts_recv // 60_000_000_000, []).append((bid, ask))
    return [_bar(minute, prints[minute], quotes.get(minute, [])) for minute in sorted(prints)]


def _bar(minute: int, prints: list[tuple[int, int, str]], quotes: list[tuple[int, int]]) -> Bar:
    ts_open = dt.datetime.fromtimestamp(60 * minute, dt.UTC)
    prices = [price for price, _, _ in prints]
    volume = sum(size for _, size, _ in prints)
    bids = [bid for bid, _ in quotes]
    asks = [ask for _, ask in quotes]
    return {
        "ts_open": ts_open,
        "open": _money(prices[0]),
        "high": _money(max(prices)),
        "low": _money(min(prices)),
        "close": _money(prices[-1]),
        "volume": float(volume),
        "trade_count": len(prints),
        "vwap": _money(sum(price * size for price, size, _ in prints), volume),
        "buy_volume": float(sum(size for _, size, side in prints if side == "B")),
        "sell_volume": float(sum(size for _, size, side in prints if side == "A")),
        "bid_mean": _money(sum(bids), len(quotes)) if quotes else None,
        "ask_mean": _money(sum(asks), len(quotes)) if quotes else None,
        "spread_mean": _money(sum(asks) - sum(bids), len(quotes)) if quotes else None,
        "bid_open": _money(bids[0]) if quotes else None,
        "ask_open": _money(asks[0]) if quotes else None,
        "bid_close": _money(bids[-1]) if quotes else None,
        "ask_close": _money(asks[-1]) if quotes else None,
        "session": _session(ts_open.astimezone(NEW_YORK)),
    }


def _money(nanos: int, parts: int = 1) -> float:
    return float(Fraction(nanos, parts * 1_000_000_000))


def _session(wall: dt.datetime) -> str:
    close, end = (13, 17) if wall.date() in HALF_DAYS else (16, 20)
    minutes = 60 * wall.hour + wall.minute
    for name, first, last in (
        ("pre", 240, 570),
        ("regular", 570, 60 * close),
        ("post", 60 * close, 60 * end),
    ):
        if first <= minutes < last:
            return name
    return "closed"
