"""Bridge artifacts: what an upload would become, and what is kept of it.

Each function is one that a child runs: uploads are hostile until they are parsed.
"""

import datetime as dt
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from hewston.pipeline import artifacts, store
from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers import (
    Bridge,
    Upload,
    find_zones,
    place,
    read_upload,
    reproduce,
)

FRAMES = ("candles", "series", "trades")
FACTS_FILE = "artifact.json"
_ENDS = 5  # rows that a preview shows of the beginning and of the end
_MOST_OFFERS = 12
_NO_LABELS = ("inputs", "run")  # of properties: what holds others
_CANDLES = ("ts_open", "open", "high", "low", "close", "volume")
_SHOWN = (
    *("trade_id", "side", "entry_ts", "entry_price", "exit_ts", "exit_price", "qty", "net_pnl"),
    *("entry_reason", "exit_reason"),
)


def preview_upload(
    *,
    path: Path,
    name: str,
    zone: str | None = None,
    date_order: str | None = None,
    bars_file: Path | None = None,
    **_told: object,
) -> dict[str, Any]:
    """Say what an upload would become, and what must be asked first.

    ``zone`` and ``date_order`` are what was said of its times, ``bars_file`` the bars of a dataset
    with which both are looked for. ``needs_zone`` tells that its times have none: they are then
    shown as they are in the file. Raises InputError for what is no export, and where the order of
    day and month must be said (field ``date_order``).
    """
    upload = _read_upload(path, name, date_order, bars_file)
    needs_zone = upload.needs_zone and zone is None
    bridge = place(upload, "UTC" if needs_zone else zone)
    offers = [] if bars_file is None else _list_offers(upload, bars_file)
    trades = bridge.trades
    return {
        **_describe(upload, bridge, name),
        "zone": None if needs_zone else _zone_of(upload, bridge),
        "needs_zone": needs_zone,
        "offers": offers,
        "first_trades": [] if trades is None else _list_trades(trades.head(_ENDS)),
        "last_trades": []
        if trades is None
        else _list_trades(trades.tail(max(min(_ENDS, trades.height - _ENDS), 0))),
    }


def _read_upload(path: Path, name: str, date_order: str | None, bars_file: Path | None) -> Upload:
    """Read an upload; one that does not tell day from month as more fills lie inside bars."""
    try:
        return read_upload(path, filename=name, date_order=date_order)
    except InputError as problem:
        orders = problem.details.get("allowed")
        if problem.details.get("field") != "date_order" or date_order or bars_file is None:
            raise
        if not isinstance(orders, list):
            raise
        candles = pl.read_parquet(bars_file, columns=list(_CANDLES))
        uploads = [read_upload(path, filename=name, date_order=one) for one in orders]
        inside = [
            max((offer.inside for offer in find_zones(upload, candles)), default=0)
            for upload in uploads
        ]
        if inside.count(max(inside)) > 1:
            raise
        return uploads[inside.index(max(inside))]


def keep_upload(
    *,
    path: Path,
    name: str,
    folder: Path,
    kept: str,
    title: str = "",
    symbol: str = "",
    zone: str | None = None,
    date_order: str | None = None,
    **_told: object,
) -> dict[str, Any]:
    """Write an upload, by the name ``kept``, and what was read of it to a folder.

    ``title`` and ``symbol`` are what was said, else the file says them. Gives what
    ``artifact.json`` says. Raises InputError for what is no export, and where a zone or the order
    of day and month must be said (field ``zone`` or ``date_order``).
    """
    upload = read_upload(path, filename=name, date_order=date_order)
    bridge = place(upload, zone)
    shutil.copyfile(path, folder / kept)
    for frame_name in FRAMES:
        frame = getattr(bridge, frame_name)
        if frame is not None:
            artifacts.write_frame(frame, folder / artifacts.frame_file(frame_name))
    hashes = {one.name: store.sha256_file(one) for one in sorted(folder.iterdir())}
    facts = {
        **_describe(upload, bridge, name),
        **{key: said for key, said in (("name", title), ("symbol", symbol)) if said},
        "zone": _zone_of(upload, bridge),
        "upload": kept,
        "hashes": hashes,
    }
    store.write_json(folder / FACTS_FILE, facts)
    return facts


def read_trades(folder: Path) -> pl.DataFrame | None:
    """Read the trades of a bridge artifact; None where it has no list."""
    return _read(folder, "trades")


def _read(folder: Path, name: str) -> pl.DataFrame | None:
    path = folder / artifacts.frame_file(name)
    return pl.read_parquet(path) if path.is_file() else None


def _list_offers(upload: Upload, bars_file: Path) -> list[dict[str, Any]]:
    """List the zones under which fills lie inside these bars, the best first.

    Of zones under which every time is the same moment, ``same``, only the first is listed.
    """
    candles = pl.read_parquet(bars_file, columns=list(_CANDLES))
    offers: list[dict[str, Any]] = []
    for one in find_zones(upload, candles):
        if not any(one.zone in earlier["same"] for earlier in offers):
            offers.append(
                {"zone": one.zone, "same": list(one.same), "inside": one.inside, "of": one.of}
            )
    return offers[:_MOST_OFFERS]


def _describe(upload: Upload, bridge: Bridge, filename: str) -> dict[str, Any]:
    trades, candles, series = bridge.trades, bridge.candles, bridge.series
    return {
        "kind": upload.kind,
        "layout": upload.layout,
        "filename": filename,
        "name": bridge.name or Path(filename).stem,
        "symbol": bridge.symbol or "",
        "interval": bridge.timeframe or "",
        "currency": upload.currency,
        "date_order": upload.date_order,
        "candles": None if candles is None else _span(candles),
        "series": [] if series is None else _list_series(series, bridge.decimals),
        "trades": None if trades is None else _count(trades),
        "properties": _list_properties(bridge.properties),
        "figures": _list_figures(upload),
        "decimals": dict(bridge.decimals),
        "dates_only": bridge.dates_only,
        "run": bridge.properties.get("run") or {},
        "source_code": bridge.source_code,
        "notes": list(bridge.notes),
        "warnings": list(upload.warnings),
    }


def _zone_of(upload: Upload, bridge: Bridge) -> str | None:
    """Give the zone that an upload's times were read in; None for instants and for dates."""
    return bridge.zone if upload.needs_zone else None


def _list_figures(upload: Upload) -> list[dict[str, Any]]:
    """List figures of a report beside the same computed from its trades.

    What differs comes first, and last what does not follow from the trades.
    """
    rows = [
        {
            "label": one.figure.label,
            "side": one.figure.side,
            "unit": one.figure.unit,
            "decimals": one.figure.decimals,
            "listed": one.figure.value,
            "computed": one.computed,
            "equal": one.equal,
        }
        for one in reproduce(upload)
    ]
    return sorted(rows, key=lambda row: (row["equal"] is None, bool(row["equal"])))


def _list_properties(properties: Mapping[str, object]) -> list[list[str]]:
    """List what was set, and below it each input of the script, as labels and texts."""
    inputs = properties.get("inputs")
    shown = {key: value for key, value in properties.items() if key not in _NO_LABELS}
    shown |= inputs if isinstance(inputs, dict) else {}
    return [[str(name).replace("_", " "), str(value)] for name, value in shown.items()]


def _span(candles: pl.DataFrame) -> dict[str, Any]:
    times = candles["ts_open"]
    return {"rows": candles.height, "first": _write(times.min()), "last": _write(times.max())}


def _count(trades: pl.DataFrame) -> dict[str, Any]:
    last = trades["exit_ts"].max() or trades["entry_ts"].max()
    side = trades["side"].cast(pl.String)
    return {
        "rows": trades.height,
        "open": trades["exit_ts"].null_count(),
        "long": int((side == "LONG").sum()),
        "short": int((side == "SHORT").sum()),
        "first": _write(trades["entry_ts"].min()),
        "last": _write(last),
        "net_pnl": float(trades["net_pnl"].sum()),
    }


def _list_series(series: pl.DataFrame, decimals: Mapping[str, int]) -> list[dict[str, Any]]:
    """List what is plotted: its title, printed decimals, nulls, and where it begins and ends."""
    found = []
    for title in series.columns[1:]:
        there = series.filter(pl.col(title).is_not_null())["ts_open"]
        found.append(
            {
                "title": title,
                "decimals": decimals.get(title),
                "values": there.len(),
                "nulls": series.height - there.len(),
                "first": _write(there.min()),
                "last": _write(there.max()),
            }
        )
    return found


def _list_trades(trades: pl.DataFrame) -> list[dict[str, Any]]:
    rows = trades.select(_SHOWN).to_dicts()
    return [
        {key: _write(one) if isinstance(one, dt.datetime) else one for key, one in row.items()}
        for row in rows
    ]


def _write(moment: object) -> str | None:
    """Write a time as ISO 8601 in UTC."""
    if not isinstance(moment, dt.datetime):
        return None
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
