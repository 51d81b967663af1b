"""Strategies as people write them simply work, and say the same as in this process."""

from pathlib import Path

import polars as pl
import pytest

from hewston.pipeline.strategies import contract
from hewston.pipeline.strategies.catalogue import load_strategy
from tests.pipeline.test_built_in import session_bars
from tests.sandbox.field import FIELD
from tests.sandbox.forked import sandboxed
from tests.sandbox.test_same_answers import CONTEXT


@pytest.fixture(scope="module")
def bars() -> pl.DataFrame:
    count = session_bars().height
    return session_bars().with_columns(volume=pl.Series(range(count)).cast(pl.Float64) % 97 + 1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FIELD)
def test_a_strategy_of_the_field_says_the_same_in_the_sandbox(
    name: str, bars: pl.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "field.py"
    path.write_text(FIELD[name])
    lines: list[str] = []
    inside = contract.compute_signals(
        sandboxed(path), bars, params={}, context=CONTEXT, log=lines.append
    )
    here = contract.compute_signals(load_strategy(path), bars, params={}, context=CONTEXT)
    assert inside.serialize() == here.serialize()
    assert 5 < inside["changed"].sum() < bars.height
    if name == "logging and warnings":
        printed = "\n".join(lines)
        assert "INFO mine got 1560 bars" in printed
        assert "strategy.py:17: UserWarning: look at this" in printed
        assert "to stderr" in printed
        assert "DatetimeIndex: 1560 entries" in printed
