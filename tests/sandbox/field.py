"""Strategies as people write them, each leaning on other parts of pandas and Python."""

FIELD: dict[str, str] = {}

FIELD["rolling and ewm"] = """
import numpy as np
import pandas as pd


def slope(window):
    return np.polyfit(np.arange(len(window)), window, 1)[0]


def run_strategy(df):
    df["ema12"] = df.close.ewm(span=12, adjust=False).mean()
    df["ema26"] = df.close.ewm(span=26, adjust=False, min_periods=26).mean()
    df["z"] = (df.close - df.close.rolling(50).mean()) / df.close.rolling(50).std()
    df["median"] = df.close.rolling("30min").median()
    df["skew"] = df.close.pct_change().rolling(60, min_periods=30).skew()
    df["rank"] = df.close.rolling(40).rank(pct=True)
    df["slope"] = df.close.rolling(20).apply(slope, raw=True)
    df["corr"] = df.close.rolling(30).corr(df.volume)
    df["position"] = np.where(df.ema12 > df.ema26, 1, np.where(df.z < -2, 1, 0))
    return df
"""

FIELD["resample and merge_asof"] = """
import pandas as pd


def run_strategy(frame):
    hourly = frame.resample("1h", label="right", closed="left").agg(
        {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    ).dropna()
    hourly["trend"] = hourly["close"] > hourly["close"].shift(1)
    merged = pd.merge_asof(
        frame.reset_index(), hourly[["trend"]].reset_index(), on="ts_open", direction="backward"
    ).set_index("ts_open")
    five = frame["close"].resample("5min").ohlc().shift(1).reindex(frame.index, method="ffill")
    return frame[[]].assign(
        long_condition=merged["trend"].fillna(False).astype(bool), five=five["close"]
    )
"""

FIELD["sessions in New York"] = """
import datetime as dt
from zoneinfo import ZoneInfo

import pandas as pd

NEW_YORK = ZoneInfo("America/New_York")


def run_strategy(frame, context):
    local = frame.tz_convert(context["tz"])
    assert str(local.index.tz) == str(NEW_YORK)
    day = local.index.date
    first = local.groupby(day)["open"].transform("first")
    high = local["high"].groupby(day).cummax().groupby(day).shift(1)
    minutes = local.index.hour * 60 + local.index.minute
    late = local.index.time >= dt.time(15, 45)
    noon = dt.datetime.combine(day[0], dt.time(12), tzinfo=NEW_YORK)
    out = pd.DataFrame(index=local.index)
    out["long_condition"] = (local["close"] > high) & (minutes >= 600) & ~late
    out["exit_long"] = late | (local["close"] < first)
    out["morning"] = local.index < noon
    out["bars_of_day"] = local.groupby(day).cumcount()
    out.index = frame.index
    return out
"""

FIELD["numpy strides"] = """
import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def run_strategy(frame):
    close = frame["close"].to_numpy()
    windows = sliding_window_view(close, 20)
    step = close.strides[0]
    same = as_strided(close, shape=(len(close) - 19, 20), strides=(step, step))
    assert (same == windows).all()
    x = np.arange(20) - 9.5
    slope = np.full(len(close), np.nan)
    slope[19:] = windows @ x / (x @ x)
    returns = np.diff(np.log(close), prepend=np.nan)
    squares = np.nan_to_num(returns) ** 2
    vol = np.sqrt(np.convolve(squares, np.ones(30) / 30, mode="full")[: len(close)])
    lstsq, *_ = np.linalg.lstsq(np.c_[np.ones(20), x], windows[-1], rcond=None)
    spectrum = np.abs(np.fft.rfft(windows - windows.mean(axis=1, keepdims=True), axis=1))
    cycle = np.full(len(close), np.nan)
    cycle[19:] = spectrum.argmax(axis=1)
    return frame[[]].assign(
        position=np.sign(np.nan_to_num(slope)), slope=slope, vol=vol, cycle=cycle, level=lstsq[0]
    )
"""

FIELD["classes"] = """
from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Generic, Literal, NamedTuple, Protocol, TypedDict, TypeVar

import pandas as pd

T = TypeVar("T")


class Side(enum.IntEnum):
    SHORT = -1
    FLAT = 0
    LONG = 1


class Flags(enum.Flag):
    TREND = enum.auto()
    REVERT = enum.auto()


@dataclass(frozen=True, slots=True)
class Config:
    fast: int = 5
    slow: int = 20
    modes: Flags = Flags.TREND
    names: tuple[str, ...] = field(default_factory=tuple)


class Bar(NamedTuple):
    open: float
    close: float


class Signal(Protocol):
    def decide(self, bar: Bar) -> Side: ...


class Options(TypedDict, total=False):
    fast: int


class Base(ABC, Generic[T]):
    known: ClassVar[dict[str, type[Any]]] = {}

    def __init_subclass__(cls, **kwargs: object) -> None:
        Base.known[cls.__name__] = cls

    @abstractmethod
    def decide(self, bar: Bar) -> Side: ...


class Follow(Base[int]):
    def __init__(self, config: Config) -> None:
        self.config, self.side = config, Side.FLAT

    def decide(self, bar: Bar) -> Side:
        match bar:
            case Bar(open=o, close=c) if c > o:
                self.side = Side.LONG
            case Bar(open=o, close=c) if c < o:
                self.side = Side.SHORT
        return self.side


def run_strategy(frame: pd.DataFrame, params: dict[str, Any]) -> pd.DataFrame:
    config = replace(Config(), **Options(fast=3))
    assert asdict(config)["fast"] == 3 and Flags.TREND in config.modes
    strategy = Base.known["Follow"](config)
    sides = [strategy.decide(Bar(row.open, row.close)) for row in frame.itertuples()]
    return frame[[]].assign(position=sides, reason=[side.name.lower() for side in sides])
"""

FIELD["the standard library"] = """
import bisect, collections, contextlib, copy, decimal, fractions, functools, heapq, itertools
import json, math, operator, random, re, statistics, string, textwrap, time, types, typing
import calendar, datetime, hashlib, inspect, numbers, struct, uuid, zlib, base64, io, os, sys
import csv, pprint, queue, secrets, locale, array, weakref, traceback, unicodedata, html, glob
import pathlib, pickle, tempfile, threading, urllib.parse, configparser, colorsys, cmath, gzip

STATE = collections.defaultdict(list)
Point = collections.namedtuple("Point", "x y")


@functools.lru_cache(maxsize=None)
def weight(n):
    return math.exp(-n / 10) / math.fsum(math.exp(-k / 10) for k in range(10))


@functools.cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def run_strategy(frame, *, params, context):
    window = collections.deque(maxlen=10)
    counter = collections.Counter()
    settings = json.loads('{"level": 0.5, "name": "a b"}')
    name = re.sub(r"\\s+", "_", settings["name"]).title()
    positions = []
    random.seed(context["seed"])
    for number, close in enumerate(frame["close"]):
        window.append(close)
        mean = statistics.fmean(window)
        spread = statistics.pstdev(window) if len(window) > 1 else 0.0
        noise = random.gauss(0, 0.0001)
        total = sum(itertools.starmap(operator.mul, zip(map(weight, range(10)), reversed(window))))
        side = 1 if close + noise > mean else -1 if close < mean - spread else 0
        counter[side] += 1
        positions.append(side)
        STATE[name].append(total)
    groups = [len(list(group)) for _, group in itertools.groupby(positions)]
    third = fractions.Fraction(1, 3) + fractions.Fraction(decimal.Decimal("0.5"))
    digest = int(hashlib.sha256(name.encode()).hexdigest()[:4], 16)
    middle = statistics.NormalDist(0, 1).inv_cdf(0.5)
    assert bisect.bisect([1, 2, 3], 2) == 2 and heapq.nsmallest(1, [3, 1]) == [1]
    assert calendar.monthrange(2024, 2)[1] == 29 and struct.pack("<d", 1.0)
    assert pickle.loads(pickle.dumps({"a": copy.deepcopy(STATE)}))["a"] == STATE
    assert uuid.uuid5(uuid.NAMESPACE_DNS, "a").version == 5 and zlib.crc32(b"a")
    print(name, max(groups), third, fib(30), counter.most_common(1), Point(1, 2))
    return frame[[]].assign(
        position=positions, total=STATE[name], digest=float(digest), third=float(third), m=middle
    )
"""

FIELD["logging and warnings"] = """
import logging
import sys
import warnings

import pandas as pd

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
log = logging.getLogger("mine")
warnings.filterwarnings("ignore", category=FutureWarning)


def run_strategy(frame):
    log.info("got %d bars", len(frame))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("look at this", UserWarning, stacklevel=1)
    print("to stderr", file=sys.stderr)
    print(frame.head(2).to_string())
    print(frame["close"].describe(percentiles=[0.5]).round(2).to_dict())
    frame.info(buf=sys.stdout)
    return pd.DataFrame({"position": (frame["close"].diff() > 0).astype(int)}, index=frame.index)
"""

FIELD["groups and pivots"] = """
import numpy as np
import pandas as pd


def run_strategy(frame):
    frame["hour"] = frame.index.hour
    frame["day"] = frame.index.strftime("%Y-%m-%d")
    stats = frame.groupby("day").agg(
        high=("high", "max"), low=("low", "min"), vol=("volume", "sum"), close=("close", "last")
    )
    stats["pivot"] = (stats.high + stats.low + stats.close) / 3
    stats["atr"] = (stats.high - stats.low).rolling(2, min_periods=1).mean()
    before = stats.shift(1)
    frame = frame.join(before[["pivot", "atr"]], on="day")
    by_hour = frame.pivot_table(index="day", columns="hour", values="volume", aggfunc="mean")
    busy = by_hour.mean().idxmax()
    frame["quartile"] = pd.qcut(frame["volume"].rank(method="first"), 4, labels=False)
    frame["band"] = pd.cut(frame["close"], 3, labels=["a", "b", "c"]).astype(str).map(
        {"a": -1, "b": 0, "c": 1}
    )
    zscore = frame.groupby("hour")["close"].transform(lambda s: (s - s.mean()) / s.std(ddof=0))
    signal = frame.groupby("day", group_keys=False)["close"].apply(
        lambda s: s.expanding().mean()
    )
    long_condition = (frame["close"] > frame["pivot"].fillna(np.inf)) & (frame.hour != busy)
    return pd.DataFrame(
        {
            "long_condition": long_condition,
            "exit_long": frame["close"] < signal,
            "stop_offset": frame["atr"],
            "z": zscore.fillna(0),
            "quartile": frame["quartile"],
            "band": frame["band"],
        },
        index=frame.index,
    )
"""

FIELD["a loop as in Pine"] = """
import numpy as np
import pandas as pd


def crossover(a, b):
    return (a > b) & (a.shift(1) <= b.shift(1))


def supertrend(df, period=10, multiplier=3.0):
    hl2 = (df["high"] + df["low"]) / 2
    before = df.close.shift()
    ranges = [df.high - df.low, (df.high - before).abs(), (df.low - before).abs()]
    tr = pd.concat(ranges, axis=1).max(axis=1)
    atr = tr.ewm(alpha=1 / period, adjust=False).mean()
    upper, lower = np.array(hl2 + multiplier * atr), np.array(hl2 - multiplier * atr)
    close = df["close"].to_numpy()
    trend = np.ones(len(df))
    for i in range(1, len(df)):
        lower[i] = max(lower[i], lower[i - 1]) if close[i - 1] > lower[i - 1] else lower[i]
        upper[i] = min(upper[i], upper[i - 1]) if close[i - 1] < upper[i - 1] else upper[i]
        trend[i] = 1 if close[i] > upper[i - 1] else -1 if close[i] < lower[i - 1] else trend[i - 1]
    return pd.Series(np.where(trend > 0, lower, upper), df.index), pd.Series(trend, df.index)


def run_strategy(frame, params=None, context=None):
    line, trend = supertrend(frame)
    out = pd.DataFrame(index=frame.index)
    out["supertrend"] = line
    out["long_condition"] = crossover(trend, pd.Series(0.0, frame.index))
    out["short_condition"] = crossover(-trend, pd.Series(0.0, frame.index))
    out["stop_loss"] = line
    out.loc[out["long_condition"], "reason"] = "up"
    out.loc[out["short_condition"], "reason"] = "down"
    return out
"""

FIELD["indicators"] = """
import numpy as np
import pandas as pd

PARAMS = {
    "rsi": {"type": "int", "default": 14, "min": 2, "max": 100, "help": "Bars of the RSI."},
    "mode": {"type": "str", "default": "both", "choices": ("both", "long")},
    "factor": {"type": "float", "default": 1.5, "above": 0},
    "use_adx": {"type": "bool", "default": True},
}


def rsi(close, length):
    delta = close.diff()
    up, down = delta.clip(lower=0), -delta.clip(upper=0)
    up, down = (one.ewm(alpha=1 / length, adjust=False).mean() for one in (up, down))
    return 100 - 100 / (1 + up / down)


def adx(df, n=14):
    up, down = df.high.diff(), -df.low.diff()
    plus = pd.Series(np.where((up > down) & (up > 0), up, 0.0), index=df.index)
    minus = pd.Series(np.where((down > up) & (down > 0), down, 0.0), index=df.index)
    close = df.close.shift()
    tr = np.maximum.reduce([df.high - df.low, abs(df.high - close), abs(df.low - close)])
    atr = pd.Series(tr, index=df.index).ewm(alpha=1 / n, adjust=False).mean()
    pdi, mdi = (100 * x.ewm(alpha=1 / n, adjust=False).mean() / atr for x in (plus, minus))
    return (100 * (pdi - mdi).abs() / (pdi + mdi)).ewm(alpha=1 / n, adjust=False).mean()


def run_strategy(frame, params):
    r = rsi(frame["close"], params["rsi"])
    mid = frame["close"].rolling(20).mean()
    width = frame["close"].rolling(20).std(ddof=0) * params["factor"]
    typical = frame[["high", "low", "close"]].mean(axis=1)
    vwap = (typical * frame["volume"]).cumsum() / frame["volume"].cumsum()
    stoch = (frame.close - frame.low.rolling(14).min()) / (
        frame.high.rolling(14).max() - frame.low.rolling(14).min()
    )
    obv = (np.sign(frame.close.diff()).fillna(0) * frame.volume).cumsum()
    strong = adx(frame) > 10 if params["use_adx"] else True
    result = pd.DataFrame(index=frame.index)
    result["long_condition"] = (r < 45) & strong
    if params["mode"] == "both":
        result["short_condition"] = (r > 55) & strong
    bands = {"upper": mid + width, "lower": mid - width}
    return result.assign(rsi=r, vwap=vwap, stoch=stoch, obv=obv, **bands)
"""

FIELD["nullable types"] = """
import pandas as pd


def run_strategy(frame):
    close = frame["close"].convert_dtypes()
    up = (close > close.shift(1)).astype("boolean")
    words = up.map({True: "up", False: "down"}).astype("string")
    words = words.str.upper().str.cat(frame.index.day_name().astype("string"), sep=" ")
    arrow = frame["volume"].astype("float64[pyarrow]")
    return frame[[]].assign(
        long_condition=up,
        exit_long=~up,
        reason=words.where(up.fillna(False)),
        runs=(up != up.shift()).cumsum(),
        few=pd.Series(range(len(frame)), index=frame.index, dtype="Int16") % 3,
        volume2=arrow * 2,
    )
"""

FIELD["times and offsets"] = """
import numpy as np
import pandas as pd


def run_strategy(frame, context):
    ts = frame.index.to_series()
    gap = ts.diff().dt.total_seconds().fillna(60)
    local = frame.index.tz_convert("Europe/Berlin")
    month_end = frame.index.tz_localize(None) + pd.offsets.MonthEnd(0)
    start = pd.Timestamp(context["trade_from"])
    between = frame.index.indexer_between_time("14:40", "20:50")
    mask = np.zeros(len(frame), dtype=bool)
    mask[between] = True
    iso = frame.index.isocalendar()
    floor = frame.index.floor("15min")
    new_block = pd.Series(floor != np.roll(floor, 1), index=frame.index)
    return frame[[]].assign(
        long_condition=mask & (frame["close"] > frame["open"]).to_numpy(),
        exit_long=~mask,
        gap=gap,
        hour=local.hour,
        week=iso["week"].astype(int),
        left=(month_end - frame.index.tz_localize(None)) / pd.Timedelta(days=1),
        since=(frame.index - start) / np.timedelta64(1, "m"),
        block=new_block.cumsum(),
        unix=frame.index.as_unit("s").asi8,
    )
"""
