"""A run as a film: its bars, account, orders and fills in arrays that all its viewers share.

Bar ``i`` is row ``i`` of the run's equity. A frame stands for the bars ``(after, bar]``: it holds
their merged prices, their orders and fills, and the account at the close of ``bar``. An order is
in the frame of the bar at whose close it was sent, a fill in that of its own ``bar`` (FILLS).
"""

import dataclasses
import datetime as dt
import functools
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hewston.pipeline import artifacts
from hewston.pipeline.calendar import exchange_date, start_of_date
from hewston.pipeline.errors import InputError
from hewston.pipeline.market import select_bars
from hewston.pipeline.resampling import merge_at
from hewston.pipeline.schemas import UTC_NS
from hewston.pipeline.spec import RunSpec
from hewston.pipeline.store import read_json

type Numbers = NDArray[np.float64]
type Rows = NDArray[np.int64]

MOST_ROWS = 1000  # orders and fills in one frame, if not of one bar: some 10 ms of work

_PRICES = ("open", "high", "low", "close", "volume")
_ACCOUNT = ("equity", "position", "cash")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}", re.ASCII)
_WIRE_TIME = "%Y-%m-%dT%H:%M:%S%.fZ"


class Happenings:
    """Rows of orders or fills by bar, as they go over the wire."""

    def __init__(self, rows: pl.DataFrame, bars: int) -> None:
        """Take rows sorted by their column ``bar``, of a film of so many bars."""
        self._rows = rows.with_columns(
            pl.col("ts").dt.strftime(_WIRE_TIME),
            pl.selectors.float().fill_nan(None),  # JSON has no NaN
        )
        # starts[i] is the first row at or after bar i.
        self.starts: Rows = np.searchsorted(rows["bar"].to_numpy(), np.arange(bars + 1))
        self.bars: Rows = np.unique(rows["bar"].to_numpy()).astype(np.int64)

    def within(self, after: int, bar: int) -> list[dict[str, object]]:
        """Give the rows of the bars ``(after, bar]``."""
        first, end = int(self.starts[after + 1]), int(self.starts[bar + 1])
        return self._rows.slice(first, end - first).to_dicts() if end > first else []


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Film:
    """What every frame of a run is cut from. ``trades`` counts its round trips."""

    ts_open: Rows  # ns since 1970, UTC
    prices: dict[str, Numbers]
    account: dict[str, Numbers]
    orders: Happenings
    fills: Happenings
    sessions: Rows  # the first bar of each exchange date
    calendar: str
    tz: str
    trades: int

    @property
    def bars(self) -> int:
        """How many bars there are, at least one."""
        return len(self.ts_open)

    @property
    def last(self) -> int:
        """The last bar."""
        return len(self.ts_open) - 1

    def reach(self, after: int, bar: int) -> int:
        """Say how far towards ``bar`` the frame behind the bar ``after`` may go."""
        most = self._starts[after + 1] + MOST_ROWS
        return min(bar, max(after + 1, int(np.searchsorted(self._starts, most, "right")) - 2))

    @functools.cached_property
    def _starts(self) -> Rows:
        return self.orders.starts + self.fills.starts

    def cut(self, after: int, bar: int) -> dict[str, Any]:
        """Cut the frame of the bars ``(after, bar]``; never a NaN in it."""
        return {
            "i": bar,
            "ts": write_time(int(self.ts_open[bar])),
            "ohlc": self._merge(after + 1, bar + 1),
            "orders": [_know_by(bar, order) for order in self.orders.within(after, bar)],
            "fills": self.fills.within(after, bar),
            **{name: _number(values[bar]) for name, values in self.account.items()},
        }

    def _merge(self, start: int, end: int) -> dict[str, float | None]:
        prices = self.prices
        return {
            "o": _number(prices["open"][start]),
            "h": _number(prices["high"][start:end].max()),
            "l": _number(prices["low"][start:end].min()),
            "c": _number(prices["close"][end - 1]),
            "v": _number(prices["volume"][start:end].sum()),
        }

    def find_date(self, bar: int) -> dt.date:
        """Say on which exchange date a bar is."""
        times = pl.Series([int(self.ts_open[bar])]).cast(UTC_NS)
        date: dt.date = exchange_date(times, self.calendar, self.tz)[0]
        return date

    def find_bar(self, position: object) -> int:
        """Find the bar nearest to a position; of two equally near the earlier.

        A position is a bar's number, a time (ISO 8601; without a zone it is UTC), or an exchange
        date, which is its first bar or the next one's. What lies outside is the first or the
        last bar. Raises InputError for anything else.
        """
        if isinstance(position, int) and not isinstance(position, bool):
            return min(max(position, 0), self.last)
        try:
            if isinstance(position, str) and _DATE.fullmatch(position):
                dates = pl.Series([dt.date.fromisoformat(position)])
                start = start_of_date(dates, self.calendar, self.tz).to_physical()[0]
                return min(int(np.searchsorted(self.ts_open, start)), self.last)
            if isinstance(position, str):
                return self._find_nearest(_nanoseconds(dt.datetime.fromisoformat(position)))
        except (OverflowError, ValueError):
            pass
        raise InputError(
            "A position is a bar's number, an exchange date like 2023-03-01 or a time like "
            "2023-03-01T14:30:00Z.",
            field="pos",
        )

    def _find_nearest(self, moment: int) -> int:
        right = int(np.searchsorted(self.ts_open, moment))
        if right in {0, self.bars}:
            return min(right, self.last)
        later = int(self.ts_open[right]) - moment
        return right - 1 if moment - int(self.ts_open[right - 1]) <= later else right


def write_time(moment: int) -> str:
    """Write ns since 1970 as ISO 8601 in UTC; bars open on whole microseconds."""
    return (_EPOCH + dt.timedelta(microseconds=moment // 1000)).isoformat()[:-6] + "Z"


def _nanoseconds(moment: dt.datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return (aware - _EPOCH) // _MICROSECOND * 1000


def _number(value: np.float64) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _know_by(bar: int, order: dict[str, object]) -> dict[str, object]:
    """Tell of an order what was known at a bar's close: how it ends may lie ahead."""
    known_at = order.pop("known_at")
    is_known = isinstance(known_at, int) and known_at <= bar
    return order if is_known else {**order, "status": "OPEN"}


def read_film(folder: Path, bars_file: Path) -> Film:
    """Read the film of a finished run from its folder and the bars of its dataset.

    Raises InputError when they do not belong together.
    """
    manifest = read_json(folder / artifacts.MANIFEST_FILE)
    spec, stored = RunSpec.from_json(manifest["spec"]), artifacts.dataset_interval(manifest)
    equity = artifacts.read_frame(folder, "equity")
    bars = _read_bars(bars_file, equity["ts_open"], spec, stored)
    if not bars["ts_open"].equals(equity["ts_open"]) or bars.is_empty():
        raise InputError(f"The run in {folder.name} is not of the bars in {bars_file}.")
    orders = artifacts.read_frame(folder, "orders").sort("bar", maintain_order=True)
    fills = artifacts.read_frame(folder, "fills").sort("bar", maintain_order=True)
    dates = exchange_date(equity["ts_open"], spec.calendar, spec.tz).to_physical().to_numpy()
    trades = pl.scan_parquet(folder / artifacts.frame_file("trades"))
    return Film(
        ts_open=equity["ts_open"].cast(pl.Int64).to_numpy(),
        prices={name: bars[name].to_numpy() for name in _PRICES},
        account={name: equity[name].to_numpy() for name in _ACCOUNT},
        orders=Happenings(_date_outcomes(orders, fills), equity.height),
        fills=Happenings(fills, equity.height),
        sessions=np.flatnonzero(np.diff(dates, prepend=dates[0] - 1)),
        calendar=spec.calendar,
        tz=spec.tz,
        trades=int(trades.select(pl.len()).collect().item()),
    )


def _read_bars(bars_file: Path, starts: pl.Series, spec: RunSpec, stored: str) -> pl.DataFrame:
    """Read the run's bars, which begin at ``starts``, out of those of its dataset."""
    columns = ["ts_open", *_PRICES]
    if spec.interval == stored:
        bars = pl.read_parquet(bars_file, columns=columns)
        rows = bars["ts_open"].search_sorted(starts)
        return bars[rows.clip(0, bars.height - 1)]
    bars, _ = select_bars(pl.read_parquet(bars_file, columns=[*columns, "session"]), spec)
    start = bars.select("ts_open").join_asof(
        starts.to_frame("start"), left_on="ts_open", right_on="start"
    )["start"]
    # What comes before the first of them is warm-up.
    return merge_at(bars.filter(start.is_not_null()), start.drop_nulls())


def _date_outcomes(orders: pl.DataFrame, fills: pl.DataFrame) -> pl.DataFrame:
    """Say at which bar the status of each order was known; null where nothing tells.

    A stop or a limit was cancelled by the fill that ended its position: the next one on its side
    that left no more of it.
    """
    filled = fills.group_by("order_id").agg(filled_at=pl.col("bar").max())
    is_over = pl.col("position_after") * pl.when(pl.col("side") == "BUY").then(1).otherwise(-1) >= 0
    ends = fills.filter(is_over).select("side", after="bar", ended_at="bar")
    return (
        orders.join(filled, on="order_id", how="left", maintain_order="left")
        .with_columns(after=pl.col("bar") + 1)
        .join_asof(ends, on="after", by="side", strategy="forward", check_sortedness=False)
        .with_columns(
            known_at=pl.when(pl.col("status") == "FILLED")
            .then("filled_at")
            .when(pl.col("status") == "REJECTED")
            .then("bar")
            .when(pl.col("status") == "CANCELLED")
            .then("ended_at")
        )
        .drop("filled_at", "ended_at", "after")
    )
