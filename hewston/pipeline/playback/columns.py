"""What a browser draws: columns of a dataset or a run as little-endian numbers.

The format: 4 bytes ``HWC1``, the header's length as an unsigned 32-bit integer, the header
(JSON, padded with spaces), then the columns as Float64. Every column starts at a multiple of
8 bytes, so a browser reads it as a typed array without copying. What is absent is NaN.
"""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from hewston.pipeline.calendar import SCHEDULE
from hewston.pipeline.market import select_bars
from hewston.pipeline.resampling import resample
from hewston.pipeline.schemas import BARS, EQUITY, EXITS, FILLS, SIGNALS
from hewston.pipeline.spec import RunSpec, sha256_text
from hewston.pipeline.store import read_json

FORMAT = 6  # part of every address: raise it when the same input gives other bytes
MAGIC = b"HWC1"
_ALIGNMENT = 8
_PRICE_COLUMNS = ("open", "high", "low", "close", "volume")
BAR_COLUMNS = ("ts_open", *_PRICE_COLUMNS, "spread_mean", "session")
_NS_PER_MS = 1_000_000
_MS_PER_S = 1000.0


def address(content_hash: str) -> str:
    """Name the columns of a content (bars_sha256 of a dataset, results_sha256 of a run)."""
    return sha256_text(f"{FORMAT} {content_hash}")[:16]


def encode_columns(
    columns: Mapping[str, pl.Series], *, about: Mapping[str, object] | None = None
) -> bytes:
    """Encode numeric columns, each of its own length; null becomes NaN.

    ``about`` holds plain JSON values for the header's key of that name.
    """
    index, offset = [], 0
    blocks = []
    for name, values in columns.items():
        numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        index.append({"name": name, "offset": offset, "length": len(values)})
        blocks.append(numbers.astype("<f8", copy=False).tobytes())
        offset += len(blocks[-1])
    header = json.dumps({"columns": index, "about": dict(about or {})}).encode()
    header += b" " * (-len(header) % _ALIGNMENT)
    return b"".join((MAGIC, struct.pack("<I", len(header)), header, *blocks))


def read_schedule(quality_file: Path) -> pl.DataFrame:
    """Read the schedule of a dataset's sessions back from its quality report."""
    sessions = read_json(quality_file).get("sessions")
    rows = sessions if isinstance(sessions, list) else []  # a break is there where there is one
    names = [name for name in SCHEDULE if name != "date"]
    return (
        pl.DataFrame(
            [{name: row.get(name) for name in SCHEDULE} for row in rows],
            schema=dict.fromkeys(SCHEDULE, pl.String),
        )
        .with_columns(
            pl.col("date").str.to_date(),
            pl.col(names).str.to_datetime(time_unit="ns", time_zone="UTC"),
        )
        .match_to_schema(pl.Schema(SCHEDULE))
    )


def encode_run(
    *,
    bars: pl.LazyFrame,
    signals: pl.LazyFrame,
    equity: pl.LazyFrame,
    fills: pl.DataFrame,
    spec: RunSpec,
    stored: str,
    interval: str,
    schedule: pl.DataFrame,
) -> bytes:
    """Encode a run at a display interval that is not shorter than its own.

    ``bars`` are the dataset's, of the length ``stored``; the others are the run's artifacts and
    its spec. ``schedule`` lists the dataset's sessions. Columns: those of ``bar_columns``; bar, the
    last of the run's bars in each;
    equity, drawdown, position and every indicator as they stood at the end of each shown bar; and
    of the fills: fill_time, fill_row (the shown bar), fill_bar (the run's bar), fill_side (1 buy,
    -1 sell), fill_qty, fill_price.
    """
    states = _read_states(equity, signals)
    names = [name for name in states.columns if name not in {"ts_open", *_STATE}]
    made_of = _select_bars(bars, states["ts_open"], spec, stored)
    shown = _read_at(
        made_of, stored, interval, schedule=schedule, calendar=spec.calendar, tz=spec.tz
    )
    rows = (
        states.select("ts_open")
        .join_asof(shown.select("ts_open").with_row_index("row"), on="ts_open")
        .to_series(1)
    )
    # The last of the run's bars in each shown bar: every one has at least one.
    numbers = pl.int_range(shown.height, dtype=pl.UInt32, eager=True)
    last_bars = rows.search_sorted(numbers, side="right") - 1
    ends = states[last_bars]
    columns = bar_columns(shown) | {"bar": last_bars}
    columns |= {name: ends[name] for name in _STATE}
    columns |= {f"indicator:{name}": ends[name] for name in names}
    columns |= _fill_columns(fills.match_to_schema(pl.Schema(FILLS)), rows)
    about = {"indicators": _describe_indicators(ends.select(names), shown)}
    return encode_columns(columns, about=about)


_STATE = ("equity", "drawdown", "position")
_LEVELS = ("stop_loss", "take_profit")  # prices, which are lines over the candles
_MOST_PANES = 4  # of indicators that do not move among the prices


def _read_states(equity: pl.LazyFrame, signals: pl.LazyFrame) -> pl.DataFrame:
    """Read what is known at the close of each of the run's bars.

    A stop or a limit price rules in the bar after its own: it is given there, where a position
    was held before or after that bar.
    """
    indicators = [
        name
        for name, dtype in signals.collect_schema().items()
        if name not in SIGNALS and (name not in EXITS or name in _LEVELS) and dtype == pl.Float64
    ]
    levels = [name for name in indicators if name in _LEVELS]
    is_held = (pl.col("position") != 0) | (pl.col("position").shift(1, fill_value=0.0) != 0)
    renamed = {name: f"{name} (signal)" for name in indicators if name in EQUITY}
    own = equity.select("ts_open", *_STATE)
    return (
        own.join(
            signals.select("ts_open", *indicators).rename(renamed),
            on="ts_open",
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.when(is_held).then(pl.col(levels).shift(1)).name.keep())
        .collect()
    )


def _select_bars(
    bars: pl.LazyFrame, run_bars: pl.Series, spec: RunSpec, stored: str
) -> pl.LazyFrame:
    """Keep the dataset's bars of which the run's bars were made."""
    if spec.interval == stored:
        kept = pl.LazyFrame({"ts_open": run_bars})
        return bars.join(kept, on="ts_open", how="semi", maintain_order="left")
    chosen, _ = select_bars(bars.select(list(BARS)).collect(), spec)
    return chosen.filter(chosen["ts_open"] >= run_bars[0]).lazy()


def _read_at(
    bars: pl.LazyFrame,
    stored: str,
    interval: str,
    *,
    schedule: pl.DataFrame,
    calendar: str,
    tz: str,
) -> pl.DataFrame:
    """Read bars at an interval, and no more columns than are drawn."""
    if interval == stored:
        return bars.select(BAR_COLUMNS).collect()
    return resample(
        bars.select(list(BARS)).collect(),
        interval,
        schedule=schedule,
        calendar=calendar,
        tz=tz,
        stored=stored,
    )


def bar_columns(frame: pl.DataFrame) -> dict[str, pl.Series]:
    """Give what is drawn of bars.

    Columns: time (s since 1970, UTC), open, high, low, close, volume, spread (price units),
    session (0 pre, 1 regular, 2 post, 3 closed).
    """
    return {
        "time": seconds(frame["ts_open"]),
        **{name: frame[name] for name in _PRICE_COLUMNS},
        "spread": frame["spread_mean"],
        "session": frame["session"].to_physical(),
    }


def _fill_columns(fills: pl.DataFrame, rows: pl.Series) -> dict[str, pl.Series]:
    return {
        "fill_time": seconds(fills["ts"]),
        "fill_row": rows.gather(fills["bar"]),
        "fill_bar": fills["bar"],
        "fill_side": fills.select(
            pl.when(pl.col("side") == "BUY").then(1).otherwise(-1)
        ).to_series(),
        "fill_qty": fills["qty"],
        "fill_price": fills["price"],
    }


def _describe_indicators(values: pl.DataFrame, shown: pl.DataFrame) -> list[dict[str, str]]:
    """Say in which pane each indicator belongs, and whether it is a price level or a line.

    With the prices when it moves among them; else with others of about its range.
    """
    panes: list[tuple[float, float]] = []
    return [
        {
            "name": name,
            "kind": "level" if name in _LEVELS else "line",
            "pane": "price"
            if name in _LEVELS or _is_among_prices(values[name], shown)
            else _choose_pane(values[name], panes),
        }
        for name in values.columns
    ]


def _is_among_prices(values: pl.Series, shown: pl.DataFrame) -> bool:
    middle = values.fill_nan(None).median()
    lowest, highest = shown["low"].min(), shown["high"].max()
    return (
        isinstance(middle, float)
        and isinstance(lowest, float)
        and isinstance(highest, float)
        and lowest <= middle <= highest
    )


def _choose_pane(values: pl.Series, panes: list[tuple[float, float]]) -> str:
    """Name the first pane whose range shares half with these values, or a new one."""
    known = values.filter(values.is_finite()).to_numpy()
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    place = len(panes)
    for number, (least, most) in enumerate(panes):
        if min(high, most) - max(low, least) >= max(high - low, most - least) / 2:
            place = number
            break
    place = min(place, _MOST_PANES - 1)
    if place == len(panes):
        panes.append((low, high))
    panes[place] = (min(low, panes[place][0]), max(high, panes[place][1]))
    return "own" if place == 0 else f"own {place + 1}"


def seconds(ts: pl.Series) -> pl.Series:
    """Give times as seconds since 1970, to the millisecond."""
    return (ts.cast(pl.Int64) // _NS_PER_MS) / _MS_PER_S
