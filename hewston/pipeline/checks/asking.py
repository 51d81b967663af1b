"""A strategy of the contract, asked as often as the checks need."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from hewston.pipeline.checks.answers import Answer
from hewston.pipeline.sandbox.inside.answer import Column, Flags, Numbers, Same, Texts
from hewston.pipeline.strategies.answers import Strategy, ask_strategy
from hewston.pipeline.strategies.columns import take_numbers, take_texts


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
