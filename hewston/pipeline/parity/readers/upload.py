"""An upload as it was read, and the same in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from hewston.pipeline.sources.tables.times import Order

Kind = Literal["chart_data", "trade_list", "json"]
# How a file says when: moments of UTC; what a clock showed, without its zone; dates alone.
Clock = Literal["utc", "clock", "date"]

LOCAL = pl.Datetime("ns")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number that a report shows: in which sheet, row and column, and with which decimals.

    ``key`` is the name of the figure where it is known, such as ``net_profit``; ``side`` is
    ``all``, ``long`` or ``short``; ``unit`` is ``%``, a currency, or empty for a count.
    """

    sheet: str
    label: str
    column: str
    side: str
    unit: str
    key: str | None
    value: float
    decimals: int


@dataclass(frozen=True, kw_only=True)
class Upload:
    """What a file says.

    ``candles`` (CANDLES), ``series`` (``ts_open`` and a Float64 column each) and ``trades``
    (LISTED_TRADES) are None where the file has no such thing. Their times are of UTC where
    ``clock`` is ``utc``, else Datetime(ns) as the file shows them, without a zone. ``layout``
    says for a person which form it is, ``decimals`` how many are printed in each column,
    ``warnings`` what was odd, in sentences. ``currency`` is that of the account. ``date_order`` is
    the order in which its days and months were read, None where that is no question. ``details``
    are what a list says of each trade beside that: ``trade_id``, ``pnl_pct`` (percent), ``bars``
    (held), ``cumulative`` (profit so far) and ``open_pnl`` (of an open trade), null where it does
    not.
    """

    kind: Kind
    layout: str
    name: str
    clock: Clock
    symbol: str | None = None
    timeframe: str | None = None
    currency: str | None = None
    price_currency: str | None = None
    candles: pl.DataFrame | None = None
    series: pl.DataFrame | None = None
    trades: pl.DataFrame | None = None
    decimals: Mapping[str, int] = field(default_factory=dict)
    properties: Mapping[str, object] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    source_code: str | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    date_order: Order | None = None
    details: pl.DataFrame | None = None

    @property
    def needs_zone(self) -> bool:
        """Tell whether somebody must say of which zone its times are."""
        return self.clock == "clock"


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """What a file says, its times in UTC; see ``Upload``.

    ``dates_only``: its times are dates of the exchange, each given as the midnight of UTC that
    begins it; ``parity.dates.place_dates`` puts them on bars.
    """

    name: str
    symbol: str | None
    timeframe: str | None
    candles: pl.DataFrame | None
    series: pl.DataFrame | None
    trades: pl.DataFrame | None
    decimals: Mapping[str, int]
    properties: Mapping[str, object]
    source_code: str | None
    notes: tuple[str, ...]
    zone: str
    dates_only: bool
