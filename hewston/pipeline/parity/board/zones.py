"""The zone of a list's times, where nobody said it."""

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.board.lists import place_list

_SHOWN = 6
_TOLERANCE = 1e-9  # relative, by which a fill may lie beside its bar
# Where charts are looked at: the zones that TradingView offers, each time of the year once.
_ZONES = (
    *("UTC", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("America/Sao_Paulo", "Europe/London", "Europe/Berlin", "Europe/Athens", "Europe/Moscow"),
    *("Asia/Dubai", "Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka", "Asia/Bangkok", "Asia/Taipei"),
    *("Asia/Tokyo", "Australia/Brisbane", "Australia/Sydney", "Pacific/Auckland"),
)


def choose_zone(listed: pl.DataFrame, candles: pl.DataFrame, *, name: str) -> str:
    """Choose the zone under which the most fills lie inside their bars, if only one does best.

    ``listed`` has times without a zone; ``candles`` is ts_open, low and high. Zones that give all
    times alike count as one. Raises InputError that names the best where there are some.
    """
    inside = {zone: _count_inside(listed, candles, zone) for zone in _ZONES}
    most = max(count for count, _ in inside.values())
    best: dict[int, str] = {}
    for zone, (count, moments) in inside.items():
        if count == most:
            best.setdefault(moments, zone)
    if most and len(best) == 1:
        return next(iter(best.values()))
    shown = ", ".join([*best.values()][:_SHOWN])
    why = (
        f"its fills lie inside their bars as well under {shown}. Say which zone it is."
        if most
        else "under none do its fills lie inside their bars. Is it of these bars?"
    )
    raise InputError(
        f"The times of {name} name no zone, and {why}",
        file=name,
        field="zone",
        allowed=[*best.values()] if most else None,
    )


def _count_inside(listed: pl.DataFrame, candles: pl.DataFrame, zone: str) -> tuple[int, int]:
    """Count the fills inside their bars; also gives a number that is the same for equal times."""
    try:
        placed = place_list(listed, zone)
    except InputError:
        return 0, 0
    fills = pl.concat(
        placed.select(ts=f"{end}_ts", price=f"{end}_price").drop_nulls()
        for end in ("entry", "exit")
    )
    near = fills["price"].abs() * _TOLERANCE
    found = (
        fills.with_columns(near=near)
        .sort("ts")
        .join_asof(candles, left_on="ts", right_on="ts_open", strategy="backward")
    )
    is_inside = (pl.col("price") >= pl.col("low") - pl.col("near")) & (
        pl.col("price") <= pl.col("high") + pl.col("near")
    )
    return found.filter(is_inside).height, int(fills["ts"].hash().sum())
