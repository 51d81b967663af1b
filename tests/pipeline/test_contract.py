"""What each column of a strategy's answer means, and what is refused."""

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline import backtest, schemas
from hewston.pipeline.errors import InputError
from hewston.pipeline.strategies import contract
from hewston.pipeline.strategies.catalogue import load_strategy
from tests.pipeline.frames import make_bars, make_spec

T, F, NAN = True, False, float("nan")


def answer_with(options: object = None, **columns: Any) -> ModuleType:
    """A strategy that answers these columns."""

    def run_strategy(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[[]].assign(**columns)

    said = {} if options is None else {"OPTIONS": options}
    return cast("ModuleType", SimpleNamespace(run_strategy=run_strategy, **said))


def read(strategy: ModuleType, rows: int) -> pl.DataFrame:
    bars = make_bars([1.0] * rows, [1.0] * rows)
    return contract.compute_signals(strategy, bars, params={}, context={})


def targets_of(**columns: Any) -> list[float]:
    rows = len(next(iter(columns.values())))
    return read(answer_with(**columns), rows)["target"].to_list()


def test_a_rise_opens_and_the_first_bar_may_rise() -> None:
    assert targets_of(long_condition=[T, T, F], exit_long=[F, F, F]) == [1, 1, 1]
    assert targets_of(short_condition=[T, F, T], exit_short=[F, F, F]) == [-1, -1, -1]


def test_an_entry_that_still_holds_after_an_exit_does_not_open_again() -> None:
    entries, exits = [T, T, T, F, T], [F, T, F, F, F]
    assert targets_of(long_condition=entries, exit_long=exits) == [1, 0, 0, 0, 1]


def test_an_exit_acts_only_while_in_that_position() -> None:
    assert targets_of(
        long_condition=[F, T, F, F],
        exit_long=[T, F, F, F],
        short_condition=[F, F, F, F],
        exit_short=[T, T, T, T],
    ) == [0, 1, 1, 1]


def test_an_exit_and_a_rise_of_the_same_side_make_no_trade() -> None:
    signals = read(answer_with(long_condition=[T, F, T, F], exit_long=[F, F, T, F]), 4)
    assert signals["target"].to_list() == [1, 1, 1, 1]
    assert signals["changed"].to_list() == [T, F, F, F]


def test_a_rise_of_the_other_side_reverses() -> None:
    assert targets_of(long_condition=[T, F, F, T], short_condition=[F, F, T, F]) == [1, 1, -1, 1]


def test_two_entries_without_exits_hold_until_the_opposite_rises() -> None:
    assert targets_of(long_condition=[F, T, T, T, F, F], short_condition=[F, F, F, F, F, T]) == [
        0,
        1,
        1,
        1,
        1,
        -1,
    ]


def test_where_both_entries_rise_neither_acts_but_an_exit_does() -> None:
    assert targets_of(
        long_condition=[T, F, T, F], short_condition=[F, F, T, F], exit_long=[F, F, T, F]
    ) == [1, 1, 0, 0]
    assert targets_of(long_condition=[T, F], short_condition=[T, F]) == [0, 0]


def test_an_entry_that_rises_beside_one_that_only_holds_acts() -> None:
    assert targets_of(long_condition=[T, T, T], short_condition=[F, T, T]) == [1, -1, -1]


def test_one_entry_alone_is_flat_again_where_it_falls() -> None:
    assert targets_of(long_condition=[F, T, T, F, T]) == [0, 1, 1, 0, 1]
    assert targets_of(short_condition=[T, T, F, F, T]) == [-1, -1, 0, 0, -1]


def test_a_missing_condition_is_false_whatever_its_type() -> None:
    wanted = [0, 1, 1, 0, 1]
    for column in (
        [None, True, True, None, True],
        pd.array([pd.NA, True, True, False, True], dtype="boolean"),
        [NAN, 1.0, 1.0, 0.0, 1.0],
        np.array([NAN, np.True_, True, pd.NaT, True], dtype=object),
    ):
        assert targets_of(long_condition=column) == wanted


condition = st.lists(st.sampled_from([True, False, None]), min_size=12, max_size=12)


@given(columns=st.fixed_dictionaries({}, optional=dict.fromkeys(schemas.CONDITIONS, condition)))
@settings(max_examples=300, deadline=None)
def test_the_state_machine_is_that_of_the_contract(columns: dict[str, list[bool | None]]) -> None:
    if not {"long_condition", "short_condition"} & set(columns):
        return
    assert targets_of(**columns) == plain_targets(columns)


def plain_targets(columns: dict[str, list[bool | None]]) -> list[int]:
    """The contract's words, one row after the other."""
    state, targets = 0, []
    only = {
        side: f"{side}_condition" in columns
        and f"exit_{side}" not in columns
        and f"{other}_condition" not in columns
        for side, other in (("long", "short"), ("short", "long"))
    }
    for row in range(12):
        now = {name: bool(column[row]) for name, column in columns.items()}
        before = {name: row > 0 and bool(column[row - 1]) for name, column in columns.items()}
        for side, sign in (("long", 1), ("short", -1)):
            falls = only[side] and not now[f"{side}_condition"]
            if state == sign and (now.get(f"exit_{side}") or falls):
                state = 0
        rises = [
            sign
            for side, sign in (("long", 1), ("short", -1))
            if now.get(f"{side}_condition") and not before[f"{side}_condition"]
        ]
        if len(rises) == 1:
            state = rises[0]
        targets.append(state)
    return targets


def test_what_a_strategy_said_of_exits_is_kept_with_its_signals() -> None:
    signals = read(answer_with(position=[0, 1], stop_loss=[NAN, 9.5], target_pct=[0.01, NAN]), 2)
    assert signals["stop_loss"].to_list() == [None, 9.5]
    assert signals["target_pct"].to_list() == [0.01, None]
    assert signals["in_entry_bar"].to_list() == [F, F]


@pytest.mark.parametrize(("said", "means"), [("next_bar", F), ("entry_bar", T)])
def test_a_bracket_begins_where_the_options_say(said: str, *, means: bool) -> None:
    strategy = answer_with({"bracket_from": said}, position=[1], stop_pct=[0.1])
    assert read(strategy, 1)["in_entry_bar"].to_list() == [means]


@pytest.mark.parametrize(
    ("columns", "sentence", "field", "row"),
    [
        (
            {"position": [0, 1, 0], "exit_long": [T, F, F]},
            "position together with",
            "exit_long",
            None,
        ),
        ({"exit_long": [T, F, F], "stop_loss": [1, 1, 1]}, "nothing to trade on", None, None),
        ({"long_conditions": [T, F, F]}, "Did you mean long_condition", None, None),
        ({"long_condition": [T, F, 2]}, "2.* at row 2", "long_condition", 2),
        ({"long_condition": [T, "yes", F]}, "'yes' at row 1", "long_condition", 1),
        ({"long_condition": ["a", "b", "c"]}, "'a' at row 0", "long_condition", 0),
        ({"position": [0, None, "x"]}, "None at row 1", "position", 1),
        ({"position": pd.Series([0, 1, 2], dtype=object).to_numpy()}, "object", "position", 0),
        ({"position": [0, 1, 2j]}, "complex", "position", 0),
        ({"position": [1, 1, 1], "stop_loss": [1, np.inf, 1]}, "infinite at row 1", "stop_loss", 1),
        ({"position": [1, 1, 1], "stop_pct": [0, 0.1, -0.1]}, "at least 0", "stop_pct", 2),
        ({"position": [1, 1, 1], "target_offset": [-1, 0, 0]}, "at least 0", "target_offset", 0),
        ({"position": [1, 1, 1], "when": pd.to_datetime(["2023"] * 3)}, "when holds", "when", 0),
    ],
)
def test_a_column_that_cannot_be_read_is_refused_with_its_row(
    columns: dict[str, object], sentence: str, field: str | None, row: int | None
) -> None:
    with pytest.raises(InputError, match=sentence) as refusal:
        read(answer_with(**columns), 3)
    assert refusal.value.details.get("field") == field
    assert refusal.value.details.get("record") == row


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"bracket_from": "now"}, "must be one of next_bar, entry_bar"),
        ({"brackets_from": "next_bar"}, "Did you mean bracket_from"),
        (["bracket_from"], "no dictionary"),
    ],
)
def test_wrong_options_of_a_strategy_are_refused(options: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read(answer_with(options, position=[1]), 1)


def test_columns_may_have_any_name() -> None:
    def run_strategy(frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"position": 1, "EMA (20) %": 2.5, 7: True}, index=frame.index)

    signals = read(cast("ModuleType", SimpleNamespace(run_strategy=run_strategy)), 2)
    assert signals["EMA (20) %"].to_list() == [2.5, 2.5]
    assert signals["7"].to_list() == [1, 1]


def test_an_indicator_whose_name_signals_use_is_kept_under_a_longer_one() -> None:
    columns = {"position": [0, 1], "target": [1.5, 2.5], "target_": [3, 4], "changed": [T, F]}
    signals = read(answer_with(**columns), 2)
    assert signals["target"].to_list() == [0, 1]
    assert signals["target__"].to_list() == [1.5, 2.5]
    assert signals["target_"].to_list() == [3, 4]
    assert signals["changed_"].to_list() == [1, 0]


def test_columns_of_the_frame_that_come_back_unchanged_are_no_indicators() -> None:
    def run_strategy(frame: pd.DataFrame) -> pd.DataFrame:
        frame["volume"] = frame["volume"] * 2
        return frame.assign(position=1, line=frame["close"])

    signals = read(cast("ModuleType", SimpleNamespace(run_strategy=run_strategy)), 2)
    assert signals.columns == ["ts_open", "target", "reason", "volume", "line", "changed"]


def test_two_names_that_are_written_alike_are_one_column_twice() -> None:
    def run_strategy(frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"position": 1, "7": 2.5, 7: True}, index=frame.index)

    with pytest.raises(InputError, match="column 7 twice"):
        read(cast("ModuleType", SimpleNamespace(run_strategy=run_strategy)), 2)


def test_a_strategy_asks_for_what_it_needs() -> None:
    seen: dict[str, Any] = {}

    def with_both(frame: pd.DataFrame, *, params: object, context: object) -> pd.DataFrame:
        seen.update(params=params, context=context)
        return frame[[]].assign(position=1)

    def with_params(frame: pd.DataFrame, params: object) -> pd.DataFrame:
        seen.update(params=params)
        return frame[[]].assign(position=1)

    def with_anything(frame: pd.DataFrame, **more: object) -> pd.DataFrame:
        seen.update(more)
        return frame[[]].assign(position=1)

    rules = {"fast": {"type": "int", "default": 9, "min": 1}}
    bars = make_bars([1.0], [1.0])
    for function in (with_both, with_params, with_anything):
        seen.clear()
        module = cast("ModuleType", SimpleNamespace(run_strategy=function, PARAMS=rules))
        contract.compute_signals(module, bars, params={}, context={"tz": "UTC"})
        assert seen["params"] == {"fast": 9}
    assert seen["context"] == {"tz": "UTC"}


STRATEGY = '''"""Long above a level."""

PARAMS = {"level": {"type": "float", "default": 10.0}}


def run_strategy(frame, params):
    return frame[[]].assign(long_condition=frame["close"] > params["level"])
'''


def test_a_strategy_of_a_file_runs_beside_the_built_in_ones(tmp_path: Path) -> None:
    path = tmp_path / "above.py"
    path.write_text(STRATEGY)
    closes = [9.0, 11, 12, 9, 9]
    bars = make_bars(closes, closes)
    frames, _ = backtest.trade(
        bars, make_spec(strategy_id="above", params={}), strategy=load_strategy(path)
    )
    assert frames["fills"].select("bar", "side", "price").rows() == [
        (2, "BUY", 12.0),
        (4, "SELL", 9.0),
    ]
    assert frames["signals"].columns == ["ts_open", "target", "reason", "long_condition"]


@pytest.mark.parametrize(
    ("rules", "given", "sentence"),
    [
        ({"fast": {"type": "int", "default": 5}}, {"fats": 3}, "Did you mean fast"),
        ({"fast": {"type": "int", "default": 5, "min": 2}}, {"fast": 1}, "at least 2"),
        ({"fast": {"type": "int"}}, {}, "no type and default for fast"),
        ({"fast": 5}, {}, "no type and default for fast"),
        ([], {}, "PARAMS of the strategy is no dictionary"),
    ],
)
def test_parameters_are_read_by_the_strategys_own_rules(
    rules: object, given: dict[str, object], sentence: str
) -> None:
    strategy = answer_with(position=[0])
    strategy.PARAMS = rules  # type: ignore[attr-defined]  # a module's global
    with pytest.raises(InputError, match=sentence):
        contract.compute_signals(strategy, make_bars([1.0], [1.0]), params=given, context={})


def test_a_file_may_hold_dataclasses_with_annotations_as_text(tmp_path: Path) -> None:
    path = tmp_path / "classes.py"
    path.write_text(
        "from __future__ import annotations\n"
        "import dataclasses\n\n\n"
        "@dataclasses.dataclass\nclass Level:\n    price: float = 10.0\n\n\n"
        "def run_strategy(frame):\n"
        "    return frame[[]].assign(position=(frame['close'] > Level().price) * 1)\n"
    )
    assert read(load_strategy(path), 1)["target"].to_list() == [0]


def test_a_strategy_that_leaves_ends_its_run_alone(tmp_path: Path) -> None:
    path = tmp_path / "leaves.py"
    path.write_text("def run_strategy(frame):\n    raise SystemExit(3)\n")
    with pytest.raises(InputError, match="failed in line 2: SystemExit: 3"):
        read(load_strategy(path), 1)
    path.write_text("raise SystemExit(3)\n")
    with pytest.raises(InputError, match="does not load: SystemExit: 3"):
        load_strategy(path)


def test_a_strategy_that_fails_says_in_which_line(tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(STRATEGY.replace('"close"', '"clsoe"'))
    with pytest.raises(InputError, match=r"failed in line 7: KeyError: 'clsoe'"):
        read(load_strategy(path), 1)


def test_a_file_that_does_not_load_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("def run_strategy(frame:\n")
    with pytest.raises(InputError, match="does not load: SyntaxError"):
        load_strategy(path)
    with pytest.raises(InputError, match="no Python file"):
        load_strategy(tmp_path / "absent.py")
    with pytest.raises(InputError, match="no function run_strategy"):
        read(cast("ModuleType", SimpleNamespace()), 1)
