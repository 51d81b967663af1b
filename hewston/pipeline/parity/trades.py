"""Why two lists of trades differ: one class and one cause, from what they share and what not."""

import dataclasses
import datetime as dt
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.matching import pair, place_trades
from hewston.pipeline.schemas import CANDLES

type Rows = npt.NDArray[np.int64]
type Flags = npt.NDArray[np.bool_]

SAME_PRICE = 1e-9  # relative
LOOSE = 1e-6  # likewise: beyond it prices diverge
_NEARLY_ALL = 0.9
_LONGEST_SHIFT = dt.timedelta(hours=15)  # between two clocks of the world, and some bars
_HOUR_MS, _HALF_MS = 3_600_000, 1_800_000  # clocks of the world are hours and halves apart
_FEW = 5  # trades, of which no rule can be read
_AT_THE_BEGINNING = 0.25  # of the time, in which a warm-up must be over
_MARGIN_CALL = "margin call"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TradeFinding:
    """Why trades differ: class and cause as comparisons name them, and a sentence."""

    class_name: str
    cause: str
    sentence: str


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _Pairs:
    """Trades of Pine and of Python, and which row of one is which of the other.

    ``exact`` are pairs of one side whose entries and exits have equal times; of ``left_pine`` and
    ``left_python`` none has such a partner.
    """

    pine: pl.DataFrame
    python: pl.DataFrame
    exact: tuple[Rows, Rows]
    candles: pl.DataFrame
    interval_ms: int

    @property
    def left_pine(self) -> pl.DataFrame:
        """Give those of Pine that have no partner."""
        return self.pine[np.setdiff1d(np.arange(self.pine.height), self.exact[0])]

    @property
    def left_python(self) -> pl.DataFrame:
        """Give those of Python that have no partner."""
        return self.python[np.setdiff1d(np.arange(self.python.height), self.exact[1])]

    def same(self, column: str, tolerance: float = SAME_PRICE) -> Flags:
        """Tell of each exact pair whether a price or quantity is equal, within a share of it."""
        one, other = (
            frame[column][rows].to_numpy()
            for frame, rows in zip((self.pine, self.python), self.exact, strict=True)
        )
        is_open = np.isnan(one) | np.isnan(other)
        same: Flags = np.isclose(one, other, rtol=tolerance, atol=0.0) | is_open
        return same


def explain_trades(
    pine: pl.DataFrame, python: pl.DataFrame, *, candles: pl.DataFrame, interval_ms: int
) -> TradeFinding | None:
    """Say why trades differ (both with the columns of LISTED_TRADES that tell an entry and exit).

    ``candles`` are CANDLES of Python, whose times and those of trades are bars' starts (UTC).
    None where every trade of either side is one of the other, at the same times, prices and
    quantities. The first rule that holds is taken, in the order of docs/parity-comparison.md.
    """
    rows = pair(_place(pine), _place(python), tolerance=0)
    pairs = _Pairs(
        pine=pine,
        python=python,
        exact=rows,
        candles=candles.select(list(CANDLES)),
        interval_ms=interval_ms,
    )
    if not pairs.left_pine.height and not pairs.left_python.height and _is_equal(pairs):
        return None
    for rule in _RULES:
        if (found := rule(pairs)) is not None:
            return found
    return TradeFinding(
        class_name="python_implementation",
        cause="unknown",
        sentence=f"{pairs.left_pine.height:,} trades of Pine have no equal here, and "
        f"{pairs.left_python.height:,} made here have none there.",
    )


def _place(trades: pl.DataFrame) -> pl.DataFrame:
    return place_trades(trades, trades["entry_ts"].dt.epoch("ms"), trades["exit_ts"].dt.epoch("ms"))


def _is_equal(pairs: _Pairs) -> bool:
    return all(pairs.same(name).all() for name in ("entry_price", "exit_price", "qty"))


def _find_feed(pairs: _Pairs) -> TradeFinding | None:
    """Pine filled where the bars here never were."""
    bars = pairs.pine.select(
        ts_open=pl.col("entry_ts").dt.cast_time_unit("ns"), price="entry_price"
    ).join(pairs.candles, on="ts_open", how="left")
    missing = bars["high"].is_null().sum()
    slack = SAME_PRICE * pl.col("price").abs()
    outside = bars.filter(
        (pl.col("price") < pl.col("low") - slack) | (pl.col("price") > pl.col("high") + slack)
    ).height
    if pairs.pine.height < _FEW or missing + outside <= (1 - _NEARLY_ALL) * pairs.pine.height:
        return None
    return TradeFinding(
        class_name="data_alignment",
        cause="feed",
        sentence=f"{outside:,} of Pine's {pairs.pine.height:,} entries lie outside their bar here, "
        f"and {missing:,} have no bar: the bars are others.",
    )


def _find_shift(pairs: _Pairs) -> TradeFinding | None:
    """All entries are the same distance apart: the fill clock, another zone, or an offset."""
    if min(pairs.pine.height, pairs.python.height) < _FEW:
        return None
    shift = _most_common_shift(pairs)
    if not shift:
        return None
    bars = shift / pairs.interval_ms
    if abs(bars) == 1:
        return TradeFinding(
            class_name="python_implementation",
            cause="fill_clock",
            sentence=f"Every entry here comes one bar {'later' if bars > 0 else 'earlier'} than "
            "Pine's: one fills at a bar's close, the other at the next open.",
        )
    is_clock = shift % _HOUR_MS == 0 or (abs(shift) >= 3 * _HOUR_MS and shift % _HALF_MS == 0)
    away = f"{abs(shift) / 60_000:g} minutes {'later' if shift > 0 else 'earlier'}"
    return TradeFinding(
        class_name="data_alignment" if is_clock else "python_implementation",
        cause="zone" if is_clock else "offset",
        sentence=f"Every entry here comes {away} than Pine's."
        + (" The list is of another zone." if is_clock else ""),
    )


def _most_common_shift(pairs: _Pairs) -> int:
    """Give the distance (ms) at which nearly all entries are paired; 0 where there is none."""
    most = int(_LONGEST_SHIFT / dt.timedelta(milliseconds=1))
    apart: list[npt.NDArray[np.int64]] = []
    entries = []
    for side in ("LONG", "SHORT"):
        own, other = (
            frame.filter(pl.col("side").cast(pl.String) == side)["entry_ts"].dt.epoch("ms")
            .to_numpy().astype(np.int64)
            for frame in (pairs.pine, pairs.python)
        )  # fmt: skip
        entries.append((np.sort(own), np.sort(other)))
        for at in own[:: max(len(own) // 200, 1)]:
            near = other[np.searchsorted(other, at - most) : np.searchsorted(other, at + most)]
            apart.append(near - at)
    if not apart:
        return 0
    shifts, counts = np.unique(np.concatenate(apart), return_counts=True)
    for place in np.argsort(-counts, kind="stable")[:3]:
        shift = int(shifts[place])
        found = sum(int(np.isin(own + shift, other).sum()) for own, other in entries)
        if shift and found >= _NEARLY_ALL * min(pairs.pine.height, pairs.python.height):
            return shift
    return 0


def _find_lacking(pairs: _Pairs) -> TradeFinding | None:
    """Python makes no trade of a kind that Pine makes."""
    for side in ("LONG", "SHORT"):
        counts = [
            frame.filter(pl.col("side").cast(pl.String) == side).height
            for frame in (pairs.pine, pairs.python)
        ]
        if counts[0] and not counts[1]:
            return TradeFinding(
                class_name="pine_only_function_gap",
                cause="unknown",
                sentence=f"Pine made {counts[0]:,} {side.lower()} trades, and none was made here.",
            )
    return None


def _find_margin_call(pairs: _Pairs) -> TradeFinding | None:
    called = pairs.left_pine["exit_reason"].str.to_lowercase() == _MARGIN_CALL
    count = int(called.sum())
    if not count or pairs.left_pine["entry_ts"][0] < pairs.left_pine.filter(called)["entry_ts"][0]:
        return None
    return TradeFinding(
        class_name="python_implementation",
        cause="margin_call",
        sentence=f"{count:,} trades of Pine ended by a margin call, which does not happen here: "
        "give the account there more money, or less leverage.",
    )


def _find_warmup(pairs: _Pairs) -> TradeFinding | None:
    """All that differs is at the beginning, and what follows is the same."""
    left = pl.concat([pairs.left_pine["entry_ts"], pairs.left_python["entry_ts"]])
    same = pairs.pine["entry_ts"][pairs.exact[0]]
    if not left.len() or same.len() < _FEW or not _is_equal(pairs):
        return None
    own, differ, agree = (
        one.dt.epoch("ms").to_numpy() for one in (pairs.pine["entry_ts"], left, same)
    )
    spent = differ.max() - own.min()
    if differ.max() >= agree.min() or spent > _AT_THE_BEGINNING * (own.max() - own.min()):
        return None
    at = dt.datetime.fromtimestamp(int(agree.min()) / 1000, dt.UTC)
    return TradeFinding(
        class_name="warmup_window",
        cause="unknown",
        sentence=f"Only trades before {at:%Y-%m-%d %H:%M} UTC differ; all that follow are the "
        "same.",
    )


def _find_numeric(pairs: _Pairs) -> TradeFinding | None:
    """Prices and quantities differ by no more than the loose tolerance."""
    names = ("entry_price", "exit_price", "qty")
    if pairs.left_pine.height or pairs.left_python.height:
        return None
    if not all(pairs.same(name, LOOSE).all() for name in names):
        return None
    return TradeFinding(
        class_name="numeric_tolerance",
        cause="unknown",
        sentence=f"All trades are the same within a share of {LOOSE:g} of their prices.",
    )


def _find_sizing(pairs: _Pairs) -> TradeFinding | None:
    other = int((~pairs.same("qty")).sum())
    prices = pairs.same("entry_price") & pairs.same("exit_price")
    if pairs.left_pine.height or pairs.left_python.height or not other or not prices.all():
        return None
    return TradeFinding(
        class_name="python_implementation",
        cause="sizing",
        sentence=f"{other:,} trades have another quantity; times and prices are the same.",
    )


def _find_other_price(pairs: _Pairs) -> TradeFinding | None:
    """Times are the same and prices are not: at all fills, or inside bars alone."""
    if pairs.left_pine.height or pairs.left_python.height:
        return None
    entry, exit_ = pairs.same("entry_price"), pairs.same("exit_price")
    count = int((~(entry & exit_)).sum())
    if entry.all():
        return TradeFinding(
            class_name="python_implementation",
            cause="intrabar",
            sentence=f"{count:,} trades leave on the same bar at another price.",
        )
    return TradeFinding(
        class_name="python_implementation",
        cause="fill_clock" if not entry.any() else "unknown",
        sentence=f"{count:,} trades fill on the same bars at other prices.",
    )


def _find_intrabar(pairs: _Pairs) -> TradeFinding | None:
    """The first trade that differs is entered alike, and one side leaves it inside a bar."""
    ends = ["side", "entry_ts", "entry_price", "exit_ts", "exit_price"]
    both = pairs.left_pine.select(ends).join(
        pairs.left_python.select(ends), on=["side", "entry_ts"], how="inner", suffix="_here"
    )
    if both.is_empty():
        return None
    first = both.sort("entry_ts").row(0, named=True)
    started = min(pairs.left_pine["entry_ts"].min(), pairs.left_python["entry_ts"].min())  # type: ignore[type-var]  # times
    if first["entry_ts"] != started or first["exit_ts"] is None or first["exit_ts_here"] is None:
        return None
    if not np.isclose(first["entry_price"], first["entry_price_here"], rtol=SAME_PRICE, atol=0.0):
        return None
    early = "" if first["exit_ts"] <= first["exit_ts_here"] else "_here"
    bar = pairs.candles.filter(pl.col("ts_open") == first[f"exit_ts{early}"])
    if bar.is_empty() or first[f"exit_price{early}"] in {bar["open"][0], bar["close"][0]}:
        return None
    who, other = ("Pine", "the run") if not early else ("The run", "Pine")
    return TradeFinding(
        class_name="python_implementation",
        cause="intrabar",
        sentence=f"{who} leaves a trade inside the bar of {first[f'exit_ts{early}']:%Y-%m-%d %H:%M}"
        f" UTC, and {other} does not.",
    )


_RULES: tuple[Callable[[_Pairs], TradeFinding | None], ...] = (
    _find_shift,
    _find_feed,
    _find_lacking,
    _find_margin_call,
    _find_warmup,
    _find_numeric,
    _find_sizing,
    _find_other_price,
    _find_intrabar,
)
