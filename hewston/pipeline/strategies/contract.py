"""What a frame strategy is: a function from a frame of bars to a frame of results.

Its PARAMS make the form and the validation; its results become the run's signals. What each
column means is told in docs/strategies.md.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from hewston.pipeline import schemas
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.sandbox.inside.answer import Column, Same
from hewston.pipeline.strategies.answers import REASON, Strategy, ask_strategy
from hewston.pipeline.strategies.columns import (
    take_condition,
    take_distances,
    take_numbers,
    take_texts,
)
from hewston.pipeline.strategies.conditions import Booleans, Conditions, find_rises

POSITION = "position"
_PRICES = ("stop_loss", "take_profit")
_RESERVED = frozenset({*schemas.SIGNALS, *schemas.RULES})


def compute_signals(
    strategy: Strategy,
    bars: pl.DataFrame,
    *,
    params: Mapping[str, Any],
    context: Mapping[str, Any],
    log: Callable[[str], None] = lambda _line: None,
) -> pl.DataFrame:
    """Run a frame strategy on BARS and read its answer.

    The strategy gets a pandas frame indexed by ts_open (UTC) without the column session; of
    ``params`` and ``context`` it gets what it asks for, and its own defaults for parameters that
    are missing. Returns one row a bar: SIGNALS, then those of CONDITIONS and EXITS that it gave,
    one Float64 column for each indicator, and RULES for the engine.

    ``target`` is that of the position (before the first number it is 0), or that of the conditions
    if every order fills and no stop or limit closes anything; what then happened, the engine says.

    ``log`` gets what a strategy in the sandbox prints. Raises InputError that names the column and
    the first bad row, or the line of the strategy that failed.
    """
    answered = ask_strategy(strategy, bars, params=params, context=context, log=log)
    given = answered.columns
    conditions = {
        name: take_condition(name, given[name]) for name in schemas.CONDITIONS if name in given
    }
    exits = {
        name: (take_numbers if name in _PRICES else take_distances)(name, given[name])
        for name in schemas.EXITS
        if name in given
    }
    _check_tradable(list(given))
    rules: dict[str, pl.Series] = {}
    if POSITION in given:
        target = _read_target(given[POSITION])
    else:
        rules = _read_rules(conditions, len(bars))
        machine = Conditions(**{name: rule.to_numpy() for name, rule in rules.items()})
        target = pl.Series("target", machine.plan(len(bars)))
    if any(name in exits for name in schemas.EXITS if name not in _PRICES):
        in_entry_bar = answered.options["bracket_from"] == "entry_bar"
        rules["in_entry_bar"] = pl.repeat(in_entry_bar, len(bars), eager=True)
    # Who returns the frame with more columns does not mean its prices as indicators.
    same = {name for name, column in given.items() if isinstance(column, Same)}
    known = {POSITION, REASON, *schemas.CONDITIONS, *schemas.EXITS, *same}
    return bars.select("ts_open").with_columns(
        target,
        take_texts(REASON, given.get(REASON), len(bars)),
        *(pl.Series(name, column) for name, column in conditions.items()),
        *exits.values(),
        *_read_indicators({name: given[name] for name in given if name not in known}),
        (target != target.shift(1, fill_value=0.0)).alias("changed"),
        *(rule.alias(name) for name, rule in rules.items()),
    )


def _check_tradable(names: list[str]) -> None:
    entries = [name for name in ("long_condition", "short_condition") if name in names]
    said = [name for name in schemas.CONDITIONS if name in names]
    if POSITION in names and said:
        raise InputError(
            f"run_strategy returned position together with {said[0]}: give one or the other.",
            field=said[0],
        )
    if POSITION not in names and not entries:
        wanted = [POSITION, "long_condition", "short_condition"]
        near = [
            f" {name}: {hint}"
            for name in names
            if (hint := suggest(name, wanted)).startswith("Did you mean")
        ]
        raise InputError(
            "run_strategy returned no column position, long_condition or short_condition: there "
            f"is nothing to trade on.{near[0] if near else ''}"
        )


def _read_target(column: Column) -> pl.Series:
    """NaN leaves the target unchanged; before the first number it is 0. Minus zero is zero."""
    numbers = take_numbers(POSITION, column)
    return (numbers.forward_fill().fill_null(0.0) + 0.0).alias("target")


def _read_rules(given: Mapping[str, Booleans], rows: int) -> dict[str, pl.Series]:
    """Turn conditions into what opens and closes.

    An entry alone, without its exit and without the other entry, closes where it does not hold.
    """
    never = np.zeros(rows, bool)
    rules = {}
    for side, other in (("long", "short"), ("short", "long")):
        entry = given.get(f"{side}_condition", never)
        alone = f"{side}_condition" in given and f"{other}_condition" not in given
        closes = given.get(f"exit_{side}", ~entry if alone else never)
        rules[f"opens_{side}"] = pl.Series(find_rises(entry))
        rules[f"closes_{side}"] = pl.Series(closes)
    return rules


def _read_indicators(columns: Mapping[str, Column]) -> list[pl.Series]:
    """Read what is left; a name that signals use themselves gets an underscore behind it."""
    taken = {*_RESERVED, *columns}
    indicators = []
    for name, column in columns.items():
        kept = name
        while kept in _RESERVED or (kept != name and kept in taken):
            kept += "_"
        taken.add(kept)
        indicators.append(take_numbers(name, column).alias(kept))
    return indicators
