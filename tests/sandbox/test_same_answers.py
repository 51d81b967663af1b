"""A strategy says the same in the sandbox as in this process: signals, refusals, sentences."""

import datetime as dt
import zoneinfo
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from hewston.pipeline import backtest
from hewston.pipeline.errors import InputError
from hewston.pipeline.sandbox.format import encode_frame
from hewston.pipeline.sandbox.inside.frames import build_frame, read_groups
from hewston.pipeline.sandbox.strategy import SandboxedStrategy
from hewston.pipeline.strategies import contract
from hewston.pipeline.strategies.answers import Strategy
from hewston.pipeline.strategies.catalogue import BUILT_IN, load_strategy
from tests.pipeline.frames import make_bars, make_spec, random_bars
from tests.pipeline.test_built_in import session_bars
from tests.sandbox.forked import sandboxed
from tests.sandbox.sources import whole_source

CONTEXT: dict[str, Any] = {
    "symbol": "TEST",
    "interval": "1m",
    "calendar": "XNYS",
    "tz": "America/New_York",
    "size": 1.0,
    "starting_cash": 1e5,
    "seed": 7,
    "instrument": {"tick_size": 0.01},
    "trade_from": dt.datetime(2023, 1, 3, 14, 30, tzinfo=zoneinfo.ZoneInfo("UTC")),
}


def compute(strategy: Strategy, bars: pl.DataFrame, **params: object) -> pl.DataFrame:
    return contract.compute_signals(strategy, bars, params=params, context=CONTEXT)


def both(path: Path, source: str) -> tuple[Strategy, SandboxedStrategy]:
    path.write_text(source)
    return load_strategy(path), sandboxed(path)


def refusal_of(strategy: Strategy, bars: pl.DataFrame, **params: object) -> dict[str, object]:
    with pytest.raises(InputError) as refusal:
        compute(strategy, bars, **params)
    return refusal.value.as_json()


def test_bars_become_the_frame_that_polars_makes_of_them() -> None:
    bars = make_bars([1, 2, 3], [2, 3, 4], spreads=[0.01, None, 0.02])
    counted = bars.with_columns(trade_count=pl.Series([5, 6, 7], dtype=pl.UInt32))
    for one in (bars, counted, pl.concat([counted, counted]), bars[:0]):
        plain = one.drop("session")
        expected = plain.to_pandas().set_index("ts_open")
        frame = build_frame(*read_groups(b"".join(encode_frame(plain))))
        pd.testing.assert_frame_equal(frame, expected)
        assert type(frame.index.tz) is type(expected.index.tz)  # type: ignore[attr-defined]
        frame["close"] = frame["close"] * 2  # it may be written to
        frame.to_numpy()


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_strategy_gives_the_same_signals_to_the_bit(name: str, tmp_path: Path) -> None:
    here, inside = both(tmp_path / f"{name}.py", whole_source(name))
    bars = session_bars()
    signals = compute(BUILT_IN[name], bars)
    assert signals["changed"].any()
    for again in (compute(here, bars), compute(inside, bars)):
        assert again.schema == signals.schema
        assert again.equals(signals, null_equal=True)
        assert again.serialize() == signals.serialize()


EVERYTHING = """
import numpy as np
import pandas as pd

PARAMS = {"length": {"type": "int", "default": 3, "min": 1}, "side": {"type": "str",
    "default": "long", "choices": ("long", "short")}}
OPTIONS = {"bracket_from": "entry_bar"}


def run_strategy(frame, *, params, context):
    rows = np.arange(len(frame))
    noise = np.random.default_rng(context["seed"]).normal(size=len(frame))
    return frame.assign(
        position=np.where(rows % 7 == 3, np.nan, rows % 3 - 1.0),
        stop_pct=np.where(rows % 2, 0.01, np.nan),
        take_profit=frame["close"] * 1.01,
        reason=[None if row % 5 else f"because of {row} — ü" for row in rows],
        noise=noise,
        whole=rows.astype("int8"),
        huge=np.uint64(2**63) + rows.astype("uint64"),
        flag=rows % 2 == 0,
        minus_zero=-0.0,
        some=pd.array([None if row % 4 else int(row) for row in rows], dtype="Int64"),
        few=pd.array([1.5] * len(rows), dtype="Float32"),
        weekday=frame.index.day_of_week,
        started=(frame.index >= context["trade_from"]),
        mean=frame["close"].rolling(params["length"]).mean(),
    )
"""


def test_every_kind_of_column_comes_out_to_the_bit(tmp_path: Path) -> None:
    bars = random_bars(500)
    here, inside = both(tmp_path / "everything.py", EVERYTHING)
    for params in ({}, {"length": 5, "side": "short"}, {"length": "4"}):
        signals = compute(here, bars, **params)
        assert compute(inside, bars, **params).serialize() == signals.serialize()
    assert signals.columns[:5] == ["ts_open", "target", "reason", "take_profit", "stop_pct"]
    assert "open" not in signals.columns


def test_a_run_is_the_same_whole(tmp_path: Path) -> None:
    bars, spec = random_bars(500), make_spec(strategy_id="mine@1", params={"length": 3})
    runs = [
        backtest.trade(bars, spec, strategy=one)
        for one in both(tmp_path / "everything.py", EVERYTHING)
    ]
    (frames, figures), (again, figures_again) = runs
    assert figures_again == figures
    assert all(again[name].equals(frames[name]) for name in frames)
    assert frames["fills"].height > 10


HEAD = "import numpy as np\nimport pandas as pd\n\n"
WRONG = {
    "rows": "return frame[:2].assign(position=1)",
    "no rows": "return frame[:0].assign(position=1)",
    "index": "return frame.assign(position=1).set_index(frame.index + pd.Timedelta('1min'))",
    "plain index": "return frame.assign(position=1).reset_index(drop=True)",
    "backwards": "return frame.assign(position=1)[::-1]",
    "no frame": "return frame['close']",
    "nothing": "return None",
    "twice": "return pd.concat([frame[['close']].rename(columns={'close': 'a'})] * 2, axis=1)",
    "alike": "return pd.DataFrame({'position': 1, '7': 2.5, 7: True}, index=frame.index)",
    "both": "return frame.assign(position=1, long_condition=True)",
    "nothing to trade on": "return frame.assign(long_conditions=True)",
    "two": "return frame.assign(long_condition=[True, False, 2, 0])",
    "words": "return frame.assign(long_condition=['a', 'b', 'c', 'd'])",
    "a word": "return frame.assign(long_condition=[True, 'yes', None, False])",
    "text": "return frame.assign(position=[0, None, 'x', 1])",
    "objects": "return frame.assign(position=pd.Series([0, 1, 2, 3], dtype=object).to_numpy())",
    "complex": "return frame.assign(position=[0, 1, 2j, 1])",
    "infinite": "return frame.assign(position=1, stop_loss=[1, np.inf, 1, 1])",
    "infinite indicator": "return frame.assign(position=1, line=[1, 1, -np.inf, 1])",
    "below": "return frame.assign(position=1, stop_pct=[0, 0.1, -0.1, 0])",
    "times": "return frame.assign(position=1, when=frame.index)",
    "categories": "return frame.assign(position=pd.Categorical(['a', 'b', 'a', 'b']))",
    "raises": "return frame['clsoe']",
    "leaves": "raise SystemExit(3)",
    "divides": "return frame.assign(position=1 // 0)",
    "deep": "return run_strategy(frame)",
    "no text of its own": "class Odd(Exception):\n        def __str__(self): raise ValueError\n"
    "    raise Odd",
    "long words": "raise type('X' * 9000, (Exception,), {})('y' * 9000)",
    "a long name twice": "return pd.concat([frame[['close']].set_axis(['x' * 9000], axis=1)] * 2,"
    " axis=1)",
    "an odd type": "return type('X' * 9000, (), {})()",
    "packages": "from numpy import absent",
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told_in_the_same_words(body: str, tmp_path: Path) -> None:
    source = f"{HEAD}def run_strategy(frame):\n    {body}\n"
    here, inside = both(tmp_path / "wrong.py", source)
    bars = make_bars([1, 2, 3, 4], [1, 2, 3, 4])
    told = refusal_of(inside, bars)
    assert told == refusal_of(here, bars)
    assert "site-packages" not in str(told)


@pytest.mark.parametrize(
    ("declared", "params"),
    [
        ("PARAMS = {'fast': {'type': 'int', 'default': 5}}", {"fats": 3}),
        ("PARAMS = {'fast': {'type': 'int', 'default': 5, 'min': 2}}", {"fast": 1}),
        ("PARAMS = {'fast': {'type': 'int'}}", {}),
        ("PARAMS = {'fast': 5}", {}),
        ("PARAMS = []", {}),
        (
            "N = {'type': 'int', 'default': 3}\nPARAMS = {'a': N | {'less_than': 'b'}, 'b': N}",
            {},
        ),
        ("OPTIONS = {'bracket_from': 'now'}", {}),
        ("OPTIONS = {'brackets_from': 'next_bar'}", {}),
        ("OPTIONS = ['bracket_from']", {}),
    ],
)
def test_wrong_parameters_and_options_are_refused_in_the_same_words(
    declared: str, params: dict[str, object], tmp_path: Path
) -> None:
    source = f"{declared}\n\n\ndef run_strategy(frame):\n    return frame.assign(position=1)\n"
    here, inside = both(tmp_path / "wrong.py", source)
    bars = make_bars([1.0], [1.0])
    assert refusal_of(inside, bars, **params) == refusal_of(here, bars, **params)


def test_a_failure_names_the_line_of_the_source_and_shows_it() -> None:
    source = f"{HEAD}def run_strategy(frame):\n    a = 1\n    return frame.assign(p=nothing)\n"
    told = refusal_of(sandboxed(source), make_bars([1.0], [1.0]))
    assert told["message"] == (
        "The strategy failed in line 6: NameError: name 'nothing' is not defined"
    )
    assert told["details"] == {
        "field": "strategy",
        "line": 6,
        "source_line": "return frame.assign(p=nothing)",
    }


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def run_strategy(frame:\n    pass\n", "does not load in line 1: SyntaxError: '('"),
        ("x = 1\nimport absent\n", "does not load in line 2: ModuleNotFoundError"),
        ("raise KeyboardInterrupt\n", "does not load in line 1: KeyboardInterrupt"),
        ("x = 1\n", "has no function run_strategy"),
        ("run_strategy = 5\n", "has no function run_strategy"),
        ("", "has no function run_strategy"),
        ("\0", "does not load: SyntaxError"),
        ("# coding: klingon\n", "does not load"),
        ("def run_strategy(frame):\n    raise KeyboardInterrupt\n", "failed in line 2: Keyboard"),
    ],
)
def test_a_source_that_does_not_run_says_why(source: str, sentence: str) -> None:
    assert sentence in str(refusal_of(sandboxed(source), make_bars([1.0], [1.0]))["message"])
