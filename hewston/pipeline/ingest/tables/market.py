"""What market a table's bars are of: its asset class, its calendar, what is traded."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import polars as pl

from hewston.pipeline import calendar as exchange_calendar
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.instrument import check_overrides, default_calendar
from hewston.pipeline.intervals import INTERVAL_NS, is_daily
from hewston.pipeline.sources.tables.layouts import class_of
from hewston.pipeline.spec import AssetClass, Instrument

_MOST_DECIMALS = 12
_EXTRA_DECIMALS, _MOST_PRECISION = 4, 16
_CRYPTO_LOT = 1e-8
_SATURDAY, _SUNDAY = 6, 7
_WEEKEND_SHARE = 0.1  # of the bars: two days of seven are 0.29


@dataclass(frozen=True, kw_only=True)
class Market:
    """Asset class and calendar of a table's bars; ``tz`` is the zone of their dates."""

    asset_class: AssetClass
    calendar: str
    tz: str
    reason: str  # of the asset class


def choose_market(
    ts_open: pl.Series,
    *,
    interval: str,
    tz: str | None,
    asset_class: str | None,
    calendar: str | None,
    layout: str | None,
) -> Market:
    """Choose by what a person says, else the layout, else the days and hours of the bars.

    Raises InputError for an asset class or a calendar that is not known.
    """
    if asset_class is not None and asset_class not in get_args(AssetClass):
        raise InputError(
            f"asset_class is {asset_class}; it may be {', '.join(get_args(AssetClass))}.",
            field="asset_class",
            allowed=list(get_args(AssetClass)),
        )
    found, reason = guess_asset_class(ts_open, interval)
    if (known := class_of(layout)) is not None:
        found, reason = known, f"all bars of {layout} are"
    chosen: AssetClass = asset_class or found  # type: ignore[assignment]  # checked above
    code = calendar or default_calendar(chosen)
    zone = tz or exchange_calendar.zone(code)
    return Market(
        asset_class=chosen,
        calendar=code,
        tz=zone,
        reason="you said so" if asset_class else reason,
    )


def note_sessions(bars: pl.DataFrame, market: Market) -> list[dict[str, Any]]:
    """Find whether most of BARS lie where the calendar's market is closed; at most one finding."""
    regular = int((bars["session"] == "regular").sum())
    if 2 * regular >= bars.height:
        return []
    return [
        {
            "key": "other_hours",
            "label": "Other hours than the calendar's",
            "severity": "warning",
            "count": bars.height - regular,
            "sentence": f"Only {regular:,} of {bars.height:,} bars lie in the regular sessions of "
            f"{market.calendar}. Check the zone of the times, and say their calendar.",
        }
    ]


def guess_asset_class(ts_open: pl.Series, interval: str) -> tuple[AssetClass, str]:
    """Guess crypto, fx or equity by the weekdays, with the reason."""
    days = ts_open.dt.weekday()
    saturdays = float((days == _SATURDAY).mean() or 0.0)  # type: ignore[arg-type]  # a share
    sundays = float((days == _SUNDAY).mean() or 0.0)  # type: ignore[arg-type]  # a share
    if saturdays + sundays > _WEEKEND_SHARE and saturdays > 0:
        return "crypto", "its bars cover Saturdays and Sundays"
    if not is_daily(interval):
        hours = ts_open.dt.hour().n_unique()
        nights = hours >= min(
            22, INTERVAL_NS["1d"] // INTERVAL_NS[interval]
        )  # all but a daily halt
        if nights and saturdays == 0:
            return "fx", "its bars go round the clock from Sunday evening or Monday to Friday"
        return "equity", "its bars keep to weekdays"
    if sundays > 0.02 and saturdays == 0:  # noqa: PLR2004  # some brokers have a short bar on Sundays
        return "fx", "it has bars of Sundays and none of Saturdays"
    return "equity", "its bars keep to weekdays"


def describe_instrument(
    bars: pl.DataFrame, market: Market, overrides: Mapping[str, object]
) -> Instrument:
    """Put the instrument together: what a person says, else the defaults of the asset class.

    The tick is the smallest decimal step in the prices. Raises InputError for an override that is
    no field or has no allowed value.
    """
    check_overrides(overrides)
    decimals = count_decimals(bars)
    values: dict[str, object] = {
        "asset_class": market.asset_class,
        "tick_size": float(f"1e-{decimals}"),
        "lot": _CRYPTO_LOT if market.asset_class == "crypto" else 1.0,
        "price_precision": min(decimals + _EXTRA_DECIMALS, _MOST_PRECISION),
        **overrides,
    }
    return Instrument.from_json(values)


def count_decimals(bars: pl.DataFrame) -> int:
    """Count the decimals of the finest price; adjusted prices have more than mean anything."""
    for decimals in range(_MOST_DECIMALS + 1):
        exact = bars.select(
            pl.all_horizontal(
                (pl.col(name).round(decimals) - pl.col(name)).abs() <= pl.col(name).abs() * 1e-15
                for name in ("open", "high", "low", "close")
            ).all()
        ).item()
        if exact:
            return decimals
    highest = float(bars["high"].abs().max() or 1.0)  # type: ignore[arg-type]  # a number
    return max(0, 15 - math.ceil(math.log10(max(highest, 1.0))) - 1)
