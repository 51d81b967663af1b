"""Indicators against Pine's own values, where they are there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hewston.pipeline.strategies import indicators

FOLDER = Path("tradingview") / "ta"


def read(real_data: Path, name: str) -> pd.DataFrame:
    frame = pd.read_csv(real_data / FOLDER / f"{name}.csv")
    return frame.set_index(pd.to_datetime(frame["time"], unit="s", utc=True))


def bands(frame: pd.DataFrame, sign: int) -> "pd.Series[float]":
    close = frame["close"]
    return indicators.sma(close, 20) + sign * 2 * indicators.deviation(close, 20)


def macd_line(frame: pd.DataFrame) -> "pd.Series[float]":
    return indicators.ema(frame["close"], 12) - indicators.ema(frame["close"], 26)


CASES: list[tuple[str, str, Callable[[pd.DataFrame], Any]]] = [
    ("ma", "ta.sma(close, 10)", lambda f: indicators.sma(f["close"], 10)),
    ("ma", "ta.ema(close, 20)", lambda f: indicators.ema(f["close"], 20)),
    ("ma", "ta.rma(high, 15)", lambda f: indicators.rma(f["high"], 15)),
    ("bb", "ta.bb(close, 20, 2).upper", lambda f: bands(f, 1)),
    ("bb", "ta.bb(close, 20, 2).lower", lambda f: bands(f, -1)),
    ("mfi+rsi+stoch", "ta.rsi(close, 14)", lambda f: indicators.rsi(f["close"], 14)),
    ("macd", "ta.macd(close, 12, 26, 9).macd", macd_line),
    (
        "macd",
        "ta.macd(close, 12, 26, 9).signal",
        lambda f: indicators.ema(macd_line(f), 9),
    ),
    ("tr", "ta.tr(true)", indicators.true_range),
    ("tr", "ta.atr(14)", lambda f: indicators.atr(f, 14)),
    ("highest+lowest", "ta.highest(10)", lambda f: f["high"].rolling(10).max()),
]


@pytest.mark.parametrize(("file", "column", "compute"), CASES, ids=[case[1] for case in CASES])
def test_an_indicator_is_that_of_pine(
    real_data: Path, file: str, column: str, compute: Callable[[pd.DataFrame], Any]
) -> None:
    frame = read(real_data, file)
    theirs, ours = frame[column].to_numpy(), compute(frame).to_numpy()
    known = ~np.isnan(theirs)
    assert known.sum() > 50
    assert (~np.isnan(ours) >= known).all()
    np.testing.assert_allclose(ours[known], theirs[known], rtol=1e-9, atol=1e-12)


def test_a_volume_weighted_average_is_that_of_pine(real_data: Path) -> None:
    frame = read(real_data, "vwap")
    # The day of foreign exchange begins at 21:00 UTC in summer.
    days = (frame["time"] + 3 * 3600) // 86_400
    mean, _ = indicators.vwap(frame["close"], frame["Volume"], days)
    np.testing.assert_allclose(mean, frame["ta.vwap(close)"], rtol=1e-12)


def test_the_deviation_around_a_volume_weighted_average_is_that_of_every_unit() -> None:
    prices, volume = pd.Series([1.0, 4.0, 2.0]), pd.Series([2.0, 1.0, 1.0])
    mean, deviation = indicators.vwap(prices, volume, pd.Series([7, 7, 8]))
    assert mean.tolist() == [1.0, 2.0, 2.0]
    assert deviation.tolist() == pytest.approx([0.0, np.std([1, 1, 4]), 0.0])


def test_a_rising_price_has_an_index_of_a_hundred_and_a_falling_one_of_zero() -> None:
    rising = pd.Series(np.arange(30.0))
    assert indicators.rsi(rising, 14).iloc[-1] == 100
    assert indicators.rsi(-rising, 14).iloc[-1] == 0
    assert indicators.rsi(rising, 14).isna().sum() == 14


def test_an_average_begins_with_the_mean_of_the_first_values_that_are_known() -> None:
    values = pd.Series([np.nan, 2.0, 4.0, 6.0, 10.0])
    assert indicators.ema(values, 3).tolist()[3:] == [4.0, 7.0]
    assert indicators.rma(values, 3).tolist()[3:] == [4.0, 6.0]
    assert indicators.ema(values, 9).isna().all()
