"""A strategy of the contract, asked as often as the checks need."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from hewston.pipeline import backtest
from hewston.pipeline.checks.answers import Answer
from hewston.pipeline.engine.events import EventStrategy
from hewston.pipeline.sandbox.inside.answer import Column, Flags, Numbers, Same, Texts
from hewston.pipeline.spec import RunSpec, SlippageFees
from hewston.pipeline.strategies.answers import Strategy, ask_strategy
from hewston.pipeline.strategies.columns import take_numbers, take_texts

_DECIMALS = 12  # of a position: sums of lots, without what floats leave


def answer_by(
    strategy: Strategy,
    *,
    params: Mapping[str, Any],
    context: Mapping[str, Any],
    log: Callable[[str], None] = lambda _line: None,
) -> Answer:
    """Give what runs a strategy on bars: its columns, missing values as null.

    ``context`` is the same for every run. ``log`` gets what the strategy prints in the first one.
    What is returned raises InputError as a run of the strategy does.
    """
    logs = [log]

    def answer(bars: pl.DataFrame) -> dict[str, pl.Series]:
        tell = logs.pop() if logs else _ignore
        answered = ask_strategy(strategy, bars, params=params, context=context, log=tell)
        return {name: _take(name, column, bars) for name, column in answered.columns.items()}

    return answer


def answer_by_deeds(
    strategy: EventStrategy, spec: RunSpec, *, log: Callable[[str], None] = lambda _line: None
) -> Answer:
    """Give what runs an event strategy on bars: what came of its orders.

    They fill at the close, so that what it decides at a bar is seen at that bar, and without costs.
    Columns, a value a bar: the ``position`` at the close and the price of the last fill in the
    bar (``filled``, null without one). The rest as ``answer_by``.
    """
    asked = dataclasses.replace(
        spec, fill_clock="close", slippage_fees=SlippageFees(k_spread=0, fees_bps=0)
    )
    logs = [log]

    def answer(bars: pl.DataFrame) -> dict[str, pl.Series]:
        done = strategy.trade(
            bars,
            first=0,
            spec=asked,
            schedule=backtest.list_sessions(bars, asked),
            context=backtest.describe_context(asked, bars),
            log=logs.pop() if logs else _ignore,
        )
        return _list_deeds(done.executions, bars.height)

    return answer


def _list_deeds(fills: pl.DataFrame, rows: int) -> dict[str, pl.Series]:
    bar = fills["bar"].to_numpy()
    moved, filled = np.zeros(rows), np.full(rows, np.nan)
    np.add.at(moved, bar, np.where(fills["side"] == "BUY", 1.0, -1.0) * fills["qty"].to_numpy())
    filled[bar] = fills["price"].to_numpy()
    return {
        "position": pl.Series(np.round(np.cumsum(moved), _DECIMALS)),
        "filled": pl.Series(filled, nan_to_null=True),
    }


def _take(name: str, column: Column, bars: pl.DataFrame) -> pl.Series:
    if isinstance(column, Same):
        return bars[name].cast(pl.Float64)
    if isinstance(column, Flags):
        return pl.Series(name, column.values)
    if isinstance(column, Texts):
        return take_texts(name, column, bars.height)
    if isinstance(column, Numbers) and not np.isinf(column.values).any():
        return pl.Series(name, column.values, nan_to_null=True)  # as take_numbers, ten times faster
    return take_numbers(name, column)


def _ignore(_line: str) -> None:
    pass
