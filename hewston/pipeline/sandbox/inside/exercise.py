"""Uses numpy and pandas once as strategies do, so that what they load late is loaded."""

import numpy as np
import pandas as pd

_MINUTES = 780
_HIGH = 100


def use_frames() -> None:
    """Compute a little of everything on two days of minutes; the results are nobody's."""
    index = pd.date_range("2024-01-02 09:30", periods=_MINUTES, freq="min", tz="UTC")
    close = pd.Series(np.random.default_rng(1).normal(0, 1, _MINUTES).cumsum() + 100, index=index)
    frame = pd.DataFrame({"close": close, "volume": np.arange(_MINUTES)})
    _roll(close)
    _group(frame, index)
    _combine(frame)
    _tell_time(frame, index)
    _do_algebra(close.to_numpy())


def _roll(close: pd.Series) -> None:
    rolling = close.rolling(20)
    rolling.mean(), rolling.std(), rolling.max(), rolling.median(), rolling.rank()
    rolling.quantile(0.5), rolling.skew(), rolling.corr(close.shift(1)), rolling.apply(np.ptp)
    rolling.apply(np.ptp, raw=True), close.rolling("30min").mean(), close.expanding().max()
    close.ewm(span=12, adjust=False).mean(), close.ewm(alpha=0.1).std(), close.pct_change()
    close.diff().clip(lower=0), close.rank(pct=True), close.quantile([0.1, 0.9]), close.describe()
    close.where(close > _HIGH).ffill().bfill().interpolate(), close.autocorr(), close.cummax()
    pd.cut(close, 5), pd.qcut(close, 5), close.value_counts(bins=3), close.mode()


def _group(frame: pd.DataFrame, index: pd.DatetimeIndex) -> None:
    day = frame.groupby(index.date)
    day["close"].transform("first"), day.agg({"close": ["min", "max"], "volume": "sum"})
    day["volume"].cumsum(), day["close"].apply(lambda part: part.iloc[-1]), day.cumcount()
    day["close"].rolling(5).mean(), day["close"].expanding().mean()
    frame.resample("5min").agg({"close": "ohlc", "volume": "sum"})
    frame.resample("1D").last(), frame["close"].resample("15min", label="right").ohlc()
    frame.assign(hour=index.hour).pivot_table(index="hour", values="volume", aggfunc="mean")


def _combine(frame: pd.DataFrame) -> None:
    other = frame.shift(1).add_suffix("_before")
    joined = pd.concat([frame, other], axis=1)
    frame.join(other), joined.merge(frame.reset_index(), how="left", on="volume")
    pd.merge_asof(frame, other, left_index=True, right_index=True)
    joined.corr(), joined.dropna().sort_values("volume"), joined.T.iloc[:, :3]
    joined.query("close > 100"), joined.eval("close * volume"), joined.melt()
    named = pd.Series(["buy", "sell", None] * 9)
    named.str.upper().fillna("").astype("category"), named.map({"buy": 1}), named.isin(["buy"])
    pd.get_dummies(named), named.str.contains("b", na=False), named.duplicated(), named.unique()
    str(frame), frame.to_string(max_rows=4), frame.to_dict("records")[:1], frame.copy(deep=True)


def _tell_time(frame: pd.DataFrame, index: pd.DatetimeIndex) -> None:
    local = frame.tz_convert("America/New_York")
    there = index.tz_convert("America/New_York")
    there.normalize(), there.strftime("%H:%M"), there.isocalendar(), there.floor("5min")
    there.to_series().dt.day_name(), there.tz_localize(None)
    local.between_time("10:00", "15:30"), local.at_time("09:30"), local.loc["2024-01-02"]
    pd.to_datetime(["2024-01-02 09:30"]), pd.to_datetime("02/01/2024", format="%d/%m/%Y")
    pd.Timestamp("2024-01-02", tz="Europe/London") + pd.Timedelta("1D") + pd.offsets.BDay(1)
    pd.to_timedelta("1h"), pd.Timestamp("2024-01-02").to_period("M"), pd.Period("2024-01", "M") + 1


def _do_algebra(values: np.ndarray) -> None:
    windows = np.lib.stride_tricks.sliding_window_view(values, 10)
    windows.mean(axis=1), np.polyfit(np.arange(10), values[:10], 1), np.fft.rfft(values)
    np.linalg.lstsq(windows, windows[:, 0], rcond=None), np.linalg.inv(np.eye(3) * 2)
    np.convolve(values, np.ones(5) / 5, mode="valid"), np.corrcoef(values[1:], values[:-1])
    np.percentile(values, 90), np.nanmean(values), np.select([values > _HIGH], [1], 0)
    np.histogram(values), np.interp(0.5, [0, 1], [0, 1]), np.ma.masked_less(values, 100).mean()
    np.random.seed(0), np.random.rand(3), np.einsum("ij,ij->i", windows, windows)
    np.linalg.eigh(np.cov(windows.T)), np.linalg.svd(windows[:20]), np.searchsorted(values, 1.0)
