"""What a frame strategy is: a function from a frame of bars to a frame of results.

Its PARAMS make the form and the validation; its results become the run's signals. What each
column means is told in docs/strategies.md.
"""

import inspect
import traceback
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from hewston.pipeline import schemas
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule, read_fields, suggest
from hewston.pipeline.strategies.columns import (
    read_condition,
    read_distances,
    read_numbers,
    read_texts,
)
from hewston.pipeline.strategies.conditions import Booleans, Conditions, find_rises

POSITION = "position"
REASON = "reason"
OPTIONS: dict[str, Rule] = {
    "bracket_from": {
        "type": "str",
        "default": "next_bar",
        "choices": ("next_bar", "entry_bar"),
        "help": "from which bar on stop_offset, target_offset, stop_pct and target_pct hold",
    }
}
_PRICES = ("stop_loss", "take_profit")
_RESERVED = frozenset({*schemas.SIGNALS, *schemas.RULES})


def compute_signals(
    module: ModuleType,
    bars: pl.DataFrame,
    *,
    params: Mapping[str, Any],
    context: Mapping[str, Any],
) -> pl.DataFrame:
    """Run a frame strategy on BARS and read its answer.

    The strategy gets a pandas frame indexed by ts_open (UTC) without the column session; of
    ``params`` and ``context`` it gets what it asks for, and its own defaults for parameters that
    are missing. Returns one row a bar: SIGNALS, then those of CONDITIONS and EXITS that it gave,
    one Float64 column for each indicator, and RULES for the engine.

    ``target`` is that of the position (before the first number it is 0), or that of the conditions
    if every order fills and no stop or limit closes anything; what then happened, the engine says.

    Raises InputError that names the column and the first bad row.
    """
    options = read_options(module)
    frame = bars.drop("session").to_pandas().set_index("ts_open")
    answer = _run(module, frame, params=params, context=context)
    _check_shape(answer, frame)
    given = {str(name): answer.iloc[:, place] for place, name in enumerate(answer.columns)}
    conditions = {
        name: read_condition(name, given[name]) for name in schemas.CONDITIONS if name in given
    }
    exits = {
        name: (read_numbers if name in _PRICES else read_distances)(name, given[name])
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
        in_entry_bar = options["bracket_from"] == "entry_bar"
        rules["in_entry_bar"] = pl.repeat(in_entry_bar, len(bars), eager=True)
    texts = given.get(REASON, pd.Series([None] * len(bars), dtype=object))
    # Who returns the frame with more columns does not mean its prices as indicators.
    same = {name for name in given if name in frame and given[name].equals(frame[name])}
    known = {POSITION, REASON, *schemas.CONDITIONS, *schemas.EXITS, *same}
    return bars.select("ts_open").with_columns(
        target,
        read_texts(REASON, texts),
        *(pl.Series(name, column) for name, column in conditions.items()),
        *exits.values(),
        *_read_indicators({name: given[name] for name in given if name not in known}),
        (target != target.shift(1, fill_value=0.0)).alias("changed"),
        *(rule.alias(name) for name, rule in rules.items()),
    )


def read_options(module: ModuleType) -> dict[str, Any]:
    """Read a strategy's OPTIONS, defaults filled in; raises InputError with the option."""
    given = getattr(module, "OPTIONS", {})
    if not isinstance(given, Mapping):
        raise InputError("OPTIONS of the strategy is no dictionary.", field="OPTIONS")
    return read_fields(OPTIONS, given, of="option of a strategy", prefix="OPTIONS.")


def read_params(module: ModuleType, given: Mapping[str, Any]) -> dict[str, Any]:
    """Read parameters by a strategy's PARAMS, defaults filled in; without PARAMS, as they are.

    Raises InputError with the parameter and what it may be.
    """
    rules = getattr(module, "PARAMS", None)
    if rules is None:
        return dict(given)
    if not isinstance(rules, Mapping):
        raise InputError("PARAMS of the strategy is no dictionary.", field="PARAMS")
    for name, rule in rules.items():
        if not isinstance(rule, Mapping) or not {"type", "default"} <= set(rule):
            raise InputError(
                f"PARAMS of the strategy gives no type and default for {name}.",
                field=f"PARAMS.{name}",
                allowed='like {"type": "int", "default": 20}',
            )
    return read_fields(rules, given, of="parameter of the strategy", prefix="params.")


def _run(
    module: ModuleType,
    frame: pd.DataFrame,
    *,
    params: Mapping[str, Any],
    context: Mapping[str, Any],
) -> pd.DataFrame:
    function = getattr(module, "run_strategy", None)
    if not callable(function):
        raise InputError("The strategy has no function run_strategy(frame).", field="strategy")
    extras = {"params": read_params(module, params), "context": dict(context)}
    wanted = inspect.signature(function).parameters
    if all(one.kind is not inspect.Parameter.VAR_KEYWORD for one in wanted.values()):
        extras = {name: value for name, value in extras.items() if name in wanted}
    try:
        answer = function(frame.copy(), **extras)
    except HewstonError:
        raise
    except (Exception, SystemExit) as problem:
        raise InputError(
            f"The strategy failed{_locate(problem, module)}: {type(problem).__name__}: {problem}",
            field="strategy",
        ) from problem
    if not isinstance(answer, pd.DataFrame):
        raise InputError(f"run_strategy returned {type(answer).__name__}, not a DataFrame.")
    return answer


def _locate(problem: BaseException, module: ModuleType) -> str:
    """Name the last line of the strategy's own file that was reached."""
    file = getattr(module, "__file__", None)
    lines = [
        entry.lineno
        for entry in traceback.extract_tb(problem.__traceback__)
        if file is not None and entry.filename == file
    ]
    return f" in line {lines[-1]}" if lines else ""


def _check_shape(answer: pd.DataFrame, frame: pd.DataFrame) -> None:
    names = pd.Index([str(name) for name in answer.columns])
    if not names.is_unique:
        twice = names[names.duplicated()][0]
        raise InputError(f"run_strategy returned the column {twice} twice.", field=twice)
    if len(answer) != len(frame):
        raise InputError(
            f"run_strategy returned {len(answer)} rows for {len(frame)} bars: one row a bar is "
            "needed, on the index of the frame."
        )
    if not answer.index.equals(frame.index):
        row = next((i for i in range(len(frame)) if answer.index[i] != frame.index[i]), 0)
        raise InputError(
            f"run_strategy changed the index: row {row} is {answer.index[row]}, not "
            f"{frame.index[row]}.",
            record=row,
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


def _read_target(column: "pd.Series[Any]") -> pl.Series:
    """NaN leaves the target unchanged; before the first number it is 0. Minus zero is zero."""
    numbers = read_numbers(POSITION, column)
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


def _read_indicators(columns: Mapping[str, "pd.Series[Any]"]) -> list[pl.Series]:
    """Read what is left; a name that signals use themselves gets an underscore behind it."""
    taken = {*_RESERVED, *columns}
    indicators = []
    for name, column in columns.items():
        kept = name
        while kept in _RESERVED or (kept != name and kept in taken):
            kept += "_"
        taken.add(kept)
        indicators.append(read_numbers(name, column).alias(kept))
    return indicators
