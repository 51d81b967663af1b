"""Which zone a list's times are of: that under which its fills lie inside their bars."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.parity.readers.upload import LOCAL, Upload
from hewston.pipeline.schemas import UTC_NS

# Zones that TradingView offers for a chart, the plain ones of a group first, then offsets in use.
ZONES = (
    *("UTC", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("America/Phoenix", "America/Toronto", "America/Vancouver", "America/Anchorage"),
    *("America/Mexico_City", "America/Bogota", "America/Lima", "America/Caracas"),
    *("America/Santiago", "America/Sao_Paulo", "America/Argentina/Buenos_Aires"),
    *("America/El_Salvador", "America/Halifax", "Pacific/Honolulu", "Atlantic/Reykjavik"),
    *("Europe/London", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Rome"),
    *("Europe/Zurich", "Europe/Athens", "Europe/Helsinki", "Europe/Istanbul", "Europe/Moscow"),
    *("Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi", "Asia/Jerusalem"),
    *("Asia/Riyadh", "Asia/Tehran", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata"),
    *("Asia/Kathmandu", "Asia/Dhaka", "Asia/Yangon", "Asia/Bangkok", "Asia/Ho_Chi_Minh"),
    *("Asia/Jakarta", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore"),
    *("Asia/Manila", "Australia/Perth", "Asia/Tokyo", "Asia/Seoul", "Australia/Adelaide"),
    *("Australia/Brisbane", "Australia/Sydney", "Pacific/Auckland", "Pacific/Norfolk"),
    *("Pacific/Chatham", "Pacific/Fakaofo"),
    *("Etc/GMT+12", "Etc/GMT+11", "Etc/GMT+10", "Etc/GMT+9", "Etc/GMT+8", "Etc/GMT+7"),
    *("Etc/GMT+6", "Etc/GMT+5", "Etc/GMT+4", "Etc/GMT+3", "Etc/GMT+2", "Etc/GMT+1", "Etc/GMT-1"),
    *("Etc/GMT-2", "Etc/GMT-3", "Etc/GMT-4", "Etc/GMT-5", "Etc/GMT-6", "Etc/GMT-7", "Etc/GMT-8"),
    *("Etc/GMT-9", "Etc/GMT-10", "Etc/GMT-11", "Etc/GMT-12", "Etc/GMT-13", "Etc/GMT-14"),
)
_TOLERANCE = 1e-9  # relative, by which a fill may lie beside its bar
_NO_BAR = -1
_EITHER: tuple[Literal["earliest", "latest"], ...] = ("earliest", "latest")  # of a doubled hour
_ENDS = ("entry", "exit")
_DAY_NS = 86_400_000_000_000

type _Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A zone, and how many of the ``of`` fills lie inside their bars under it.

    ``same`` are zones under which every time is the same moment.
    """

    zone: str
    inside: int
    of: int
    same: tuple[str, ...] = ()


def find_zones(upload: Upload, candles: pl.DataFrame) -> list[Offer]:
    """List zones by how many fills lie inside the low and high of their bars (CANDLES), best first.

    Fills outside of the bars' range count as not inside; a fill in an hour that came twice is
    inside where it is so in either. Of bars of a chart its closes (or opens) are the fills. A file
    that says its zone has the one offer ``UTC``; one of dates, or without fills or bars, has none.
    Zones with no fill inside are left out. Nothing is chosen here: fills of many zones may fit
    alike.
    """
    fills = _fills(upload)
    bars = candles.select("ts_open", "low", "high").drop_nulls().sort("ts_open")
    if fills.is_empty() or bars.is_empty() or upload.clock == "date":
        return []
    if fills.schema["ts"] == UTC_NS:
        stamps = fills["ts"].cast(pl.Int64).to_numpy()
        inside = _inside(stamps, fills["price"].to_numpy(), bars, _width(bars))
        return [Offer(zone="UTC", inside=int(inside.sum()), of=fills.height)]
    found: dict[bytes, list[str]] = {}
    counts: dict[bytes, int] = {}
    for zone in ZONES:
        key, inside_count = _try(fills, bars, zone)
        if inside_count:
            found.setdefault(key, []).append(zone)
            counts[key] = inside_count
    ranked = sorted(found, key=lambda key: (-counts[key], ZONES.index(found[key][0])))
    return [
        Offer(
            zone=zone,
            inside=counts[key],
            of=fills.height,
            same=tuple(other for other in found[key] if other != zone),
        )
        for key in ranked
        for zone in found[key]
    ]


def _fills(upload: Upload) -> pl.DataFrame:
    """Give times and prices at which something was traded."""
    parts: list[pl.DataFrame] = []
    if upload.trades is not None:
        listed = upload.trades
        parts += [listed.select(ts=f"{end}_ts", price=f"{end}_price") for end in _ENDS]
    elif upload.candles is not None:
        bars = upload.candles
        parts += [bars.select(ts="ts_open", price=name) for name in ("open", "close")]
    if not parts:
        return pl.DataFrame(schema={"ts": LOCAL, "price": pl.Float64})
    return pl.concat(parts).drop_nulls()


def _width(bars: pl.DataFrame) -> int:
    """Give the usual distance of bars: a fill in a gap between sessions has no bar."""
    steps = np.diff(bars["ts_open"].cast(pl.Int64).to_numpy())
    return int(np.min(steps[steps > 0], initial=_DAY_NS * 400)) if len(steps) else _DAY_NS


def _try(fills: pl.DataFrame, bars: pl.DataFrame, zone: str) -> tuple[bytes, int]:
    """Count fills inside; also gives what is equal for zones that give every time alike."""
    prices = fills["price"].to_numpy()
    hits = np.zeros(fills.height, dtype=bool)
    key = b""
    width = _width(bars)
    for which in _EITHER:
        placed = fills["ts"].dt.replace_time_zone(
            zone,
            ambiguous=which,
            non_existent="null",
        )
        stamps = placed.cast(pl.Int64).fill_null(np.iinfo(np.int64).min).to_numpy()
        hits |= _inside(stamps, prices, bars, width)
        key += stamps.tobytes()
    return key, int(hits.sum())


def _inside(
    stamps: _Ints, prices: npt.NDArray[np.float64], bars: pl.DataFrame, width: int
) -> npt.NDArray[np.bool_]:
    starts = bars["ts_open"].cast(pl.Int64).to_numpy()
    at = np.searchsorted(starts, stamps, side="right") - 1
    bar = np.maximum(at, 0)
    in_time = (at > _NO_BAR) & (stamps < starts[bar] + width)
    near = np.abs(prices) * _TOLERANCE
    low, high = bars["low"].to_numpy()[bar], bars["high"].to_numpy()[bar]
    found: npt.NDArray[np.bool_] = in_time & (prices >= low - near) & (prices <= high + near)
    return found
