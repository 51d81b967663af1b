"""Exports of the catalogue's bars, and bridge artifacts as they are once kept."""

import csv
import datetime as dt
import io
import json
import shutil
from zoneinfo import ZoneInfo

import openpyxl
import polars as pl

from apps.parity.models import BridgeArtifact, BridgeDraft
from hewston.pipeline import artifacts, store
from tests.scenes import NEW_YORK, Catalogue

ARTIFACT_ID = "eeeeeeeeeeee"
BRIDGE_DRAFT_ID = "ffffffffffff"
HEADER = [
    *("Trade number", "Type", "Date and time", "Signal", "Price USD", "Size (qty)"),
    *("Size (value)", "Net PnL USD", "Return %", "Commission USD", "Favorable excursion USD"),
    *("Favorable excursion %", "Adverse excursion USD", "Adverse excursion %"),
    *("Cumulative PnL USD", "Cumulative PnL %", "Duration (bars)"),
]
_HELD = 7  # bars between an entry and its exit


def read_bars(catalogue: Catalogue) -> pl.DataFrame:
    """Read the bars of the catalogue's dataset."""
    return pl.read_parquet(catalogue.revision.folder / "bars.parquet")


def list_trades(catalogue: Catalogue, *, count: int = 12, zone: str = NEW_YORK) -> bytes:
    """Write a list of trades at opens of the dataset's bars; the last is open."""
    bars = read_bars(catalogue).filter(pl.col("session") == "regular")
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    total = 0.0
    for number in range(1, count + 1):
        start = 100 * number
        side, sign = ("long", 1) if number % 2 else ("short", -1)
        is_open = number == count
        entry, exit_ = bars["open"][start], bars["open"][start + _HELD]
        pnl = sign * (exit_ - entry)
        total += 0 if is_open else pnl
        rest = [1, entry, f"{pnl:.4f}", 0.1, 0, 1, 0.1, -1, -0.1, f"{total:.4f}", 0.1, _HELD]
        for kind, place, signal in (
            ("Exit", start + _HELD, "Open" if is_open else "Close"),
            ("Entry", start, "Go"),
        ):
            moment = bars["ts_open"][place].astimezone(ZoneInfo(zone))
            price = bars["open"][place]
            when = moment.strftime("%Y-%m-%d %H:%M")
            writer.writerow([number, f"{kind} {side}", when, signal, price, *rest])
    return file.getvalue().encode("utf-8-sig")


def report(catalogue: Catalogue) -> bytes:
    """Write an Excel report of the same trades, whose net profit of long trades is not theirs."""
    rows = list(csv.reader(io.StringIO(list_trades(catalogue).decode("utf-8-sig"))))
    book = openpyxl.Workbook()
    total = float(rows[-3][HEADER.index("Cumulative PnL USD")])
    performance = book.create_sheet("Performance", 0)
    performance.append([None, "All USD", "All %", "Long USD", "Long %", "Short USD", "Short %"])
    performance.append(["Net profit", round(total, 2), None, 999, None, None, None])
    sheet = book.create_sheet("List of trades")
    for row in rows:
        sheet.append([float(one) if _is_number(one) else one for one in row])
    properties = book.create_sheet("Properties")
    for name, value in (
        *(("name", "value"), ("Symbol", "NASDAQ:ACME"), ("Timeframe", "1 minute")),
        *(("Initial capital", "10,000 USD"), ("Commission", "0.05%"), ("Slippage", "2 ticks")),
        ("Length", 20),
    ):
        properties.append([name, value])
    del book["Sheet"]
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def chart_data(catalogue: Catalogue, *, rows: int = 300) -> bytes:
    """Write chart data of the first bars, with a mean that warms up."""
    bars = read_bars(catalogue).head(rows)
    mean = bars["close"].rolling_mean(20)
    lines = ["time,open,high,low,close,Mean 20,Volume"]
    for row, value in zip(bars.to_dicts(), mean, strict=True):
        seconds = int(row["ts_open"].timestamp())
        shown = "NaN" if value is None else f"{value:.2f}"
        prices = ",".join(str(row[name]) for name in ("open", "high", "low", "close"))
        lines.append(f"{seconds},{prices},{shown},{row['volume']}")
    return "\n".join(lines).encode()


def json_artifact(catalogue: Catalogue, *, rows: int = 50) -> bytes:
    """Write a JSON artifact: a series, and one trade."""
    bars = read_bars(catalogue).head(rows)
    times = [moment.isoformat() for moment in bars["ts_open"]]
    values = [{"timestamp": t, "value": v} for t, v in zip(times, bars["close"], strict=True)]
    events = [
        {"timestamp": times[3], "side": "long_entry", "price": bars["open"][3], "qty": 1},
        {"timestamp": times[9], "side": "long_exit", "price": bars["open"][9], "qty": 1},
    ]
    made = {
        "name": "Close itself",
        "symbol": "ACME",
        "timeframe": "1m",
        "source_code": "plot(close)",
        "indicator_series": [{"name": "close", "values": values}],
        "trade_events": [{**one, "reason": "rule"} for one in events],
    }
    return json.dumps(made).encode()


def add_artifact(
    catalogue: Catalogue,
    artifact_id: str = ARTIFACT_ID,
    *,
    sha: str = "a",
    sessions: tuple[str, ...] = ("pre", "regular", "post"),
) -> BridgeArtifact:
    """Make a bridge artifact of every kind of row, with its files, of bars of some sessions."""
    bars = read_bars(catalogue).filter(pl.col("session").is_in(sessions)).head(60)
    candles = bars.select("ts_open", "open", "high", "low", "close", "volume")
    series = bars.select("ts_open", Close=pl.col("close"))
    first, last = bars["ts_open"][0], bars["ts_open"][-1]
    trades = pl.DataFrame(
        {
            "trade_id": [1, 2],
            "side": ["LONG", "SHORT"],
            "entry_ts": [bars["ts_open"][5], bars["ts_open"][20]],
            "entry_price": [bars["open"][5], bars["open"][20]],
            "exit_ts": [bars["ts_open"][12], None],
            "exit_price": [bars["open"][12], None],
            "qty": [1.0, 2.0],
            "net_pnl": [1.25, None],
            "entry_reason": ["=Go", "Go"],
            "exit_reason": ["Close", None],
        }
    )
    row = BridgeArtifact(
        id=artifact_id,
        owner=catalogue.ada,
        name="ACME trend",
        filename="ACME trend.csv",
        kind="trade_list",
        symbol="ACME",
        interval="1m",
        zone=NEW_YORK,
        candles=candles.height,
        series=1,
        trades=trades.height,
        open_trades=1,
        first_at=first,
        last_at=last,
        upload_sha256=sha * 64,
        size_bytes=5,
    )
    shutil.rmtree(row.folder, ignore_errors=True)
    row.folder.mkdir(parents=True)
    row.file.write_bytes(b"a,b\n1")
    for name, frame in (("candles", candles), ("series", series), ("trades", trades)):
        artifacts.write_frame(frame, row.folder / f"{name}.parquet")
    span = {"first": write_time(first), "last": write_time(last)}
    facts = {
        "kind": "trade_list",
        "layout": "list of trades",
        "filename": row.filename,
        "name": row.name,
        "symbol": "ACME",
        "interval": "1m",
        "currency": "USD",
        "candles": {"rows": candles.height, **span},
        "series": [{"title": "Close", "decimals": 2, "values": 60, "nulls": 0, **span}],
        "trades": {"rows": 2, "open": 1, "long": 1, "short": 1, "net_pnl": 1.25, **span},
        "properties": [
            ["Initial capital", "10,000 USD"],
            ["Commission", "0.05 %"],
            ["Slippage", "2 ticks"],
        ],
        "run": {
            "starting_cash": 10000.0,
            "fees_bps": 5.0,
            "slippage_ticks": 2.0,
            "multiplier": 1.0,
        },
        "figures": [
            {
                "label": "Net profit",
                "side": "all",
                "unit": "USD",
                "decimals": 2,
                "listed": 1.5,
                "computed": 1.25,
                "equal": False,
            }
        ],
        "source_code": None,
        "notes": ["A note."],
        "warnings": ["A warning."],
        "zone": NEW_YORK,
        "upload": "upload.csv",
        "hashes": {"upload.csv": sha * 64}
        | {one.name: store.sha256_file(one) for one in row.folder.glob("*.parquet")},
    }
    store.write_json(row.folder / "artifact.json", facts)
    row.save(force_insert=True)
    return row


def add_bridge_draft(catalogue: Catalogue, data: bytes | None = None) -> BridgeDraft:
    """Make an upload that waits to be looked at."""
    draft = BridgeDraft.objects.create(
        id=BRIDGE_DRAFT_ID, owner=catalogue.ada, filename="trades.csv"
    )
    draft.folder.mkdir(parents=True, exist_ok=True)
    draft.file.write_bytes(list_trades(catalogue) if data is None else data)
    return draft


def write_time(moment: dt.datetime) -> str:
    """Write a time as facts have it."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
