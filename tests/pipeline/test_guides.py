"""The code of the guides does what the guides say."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hewston.pipeline.strategies import contract, indicators
from tests.pipeline.frames import make_spec
from tests.pipeline.test_exits import bars_of
from tests.pipeline.test_ports import walk

DOCS = Path(__file__).resolve().parents[2] / "docs"


def blocks_of(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def port() -> ModuleType:
    """Everything that porting-pine.md defines, in one module."""
    module = ModuleType("port")
    for block in blocks_of("porting-pine.md"):
        exec(compile(block, "porting-pine.md", "exec"), module.__dict__)
    return module


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    bars = bars_of(walk(7))
    return bars.drop("session").to_pandas().set_index("ts_open")


def same(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("length", [1, 2, 14, 2000])
def test_the_averages_of_the_guide_are_those_of_the_built_in_strategies(port, frame, length):
    close = frame["close"]
    same(port.ema(close, length), indicators.ema(close, length))
    same(port.rma(close, length), indicators.rma(close, length))
    same(port.rsi(close, length), indicators.rsi(close, length))
    same(port.atr(frame, length), indicators.atr(frame, length))


def test_the_ported_script_trades_at_its_crossings_with_its_bracket(port):
    bars = bars_of(walk(7))
    instrument = make_spec().instrument
    context = {"instrument": instrument.as_json()}
    signals = contract.compute_signals(port, bars, params={"fast": 5, "slow": 9}, context=context)
    close = bars["close"].to_pandas()
    fast, slow = indicators.ema(close, 5), indicators.ema(close, 9)
    crossings = indicators.crosses_over(fast, slow).to_numpy()
    assert crossings.sum() > 20
    assert signals["long_condition"].to_list() == crossings.tolist()
    assert signals["stop_offset"][0] == 200 * instrument.tick_size


def test_the_longer_timeframe_of_the_guide_tells_nothing_of_the_future(port, frame):
    whole = port.of_last_hour(frame)
    assert whole.notna().sum() > 1000
    for cut in range(600, 760, 7):
        pd.testing.assert_series_equal(port.of_last_hour(frame[:cut]), whole[:cut])
    at = frame.index.get_indexer([frame.index[0].ceil("1h") + pd.Timedelta("1h")])[0]
    # The hour before is known at the close of its last bar already, not one bar later.
    assert whole.iloc[at - 1] == frame["close"].iloc[at - 1]
    assert whole.iloc[at] == frame["close"].iloc[at - 1]
