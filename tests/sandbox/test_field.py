"""Strategies as people write them simply work behind the lock, and say what they say here."""

from pathlib import Path

import polars as pl
import pytest

from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.sandbox.client import Client
from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.sandbox.format import ForgedAnswerError
from hewston.pipeline.sandbox.strategy import SandboxedStrategy
from hewston.pipeline.strategies import contract
from hewston.pipeline.strategies.catalogue import BUILT_IN, load_strategy
from tests.pipeline.test_built_in import session_bars
from tests.sandbox.field import FIELD
from tests.sandbox.sources import whole_source
from tests.sandbox.test_same_answers import CONTEXT


@pytest.fixture(scope="module")
def bars() -> pl.DataFrame:
    count = session_bars().height
    return session_bars().with_columns(volume=pl.Series(range(count)).cast(pl.Float64) % 97 + 1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FIELD)
def test_a_strategy_of_the_field_says_the_same_behind_the_lock(
    name: str, bars: pl.DataFrame, locked: Client, tmp_path: Path
) -> None:
    path = tmp_path / "field.py"
    path.write_text(FIELD[name])
    strategy = SandboxedStrategy(path.read_bytes(), locked)
    lines: list[str] = []
    inside = contract.compute_signals(strategy, bars, params={}, context=CONTEXT, log=lines.append)
    here = contract.compute_signals(load_strategy(path), bars, params={}, context=CONTEXT)
    assert inside.serialize() == here.serialize()
    assert 5 < inside["changed"].sum() < bars.height
    if name == "logging and warnings":
        printed = "\n".join(lines)
        assert "INFO mine got 1560 bars" in printed
        assert "strategy.py:17: UserWarning: look at this" in printed
        assert "to stderr" in printed
        assert "DatetimeIndex: 1560 entries" in printed


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_strategy_says_the_same_behind_the_lock(
    name: str, bars: pl.DataFrame, locked: Client
) -> None:
    strategy = SandboxedStrategy(whole_source(name).encode(), locked)
    inside = contract.compute_signals(strategy, bars, params={}, context=CONTEXT)
    here = contract.compute_signals(BUILT_IN[name], bars, params={}, context=CONTEXT)
    assert inside.serialize() == here.serialize()
    assert strategy.PARAMS.keys() == BUILT_IN[name].PARAMS.keys()


def refusal_of(body: str, client: Client) -> tuple[HewstonError, list[str]]:
    source = f"import os, sys\n\n\ndef run_strategy(frame):\n{body}"
    lines: list[str] = []
    with pytest.raises(HewstonError) as refusal:
        contract.compute_signals(
            SandboxedStrategy(source.encode(), client),
            session_bars()[:50],
            params={},
            context=CONTEXT,
            log=lines.append,
        )
    return refusal.value, lines


@pytest.mark.parametrize(
    "body",
    [
        "    os._exit(0)\n",
        "    os.write(3, b'HWN\\x01' + bytes(99))\n    os._exit(0)\n",
        "    os.write(3, b'x')\n    return frame.assign(position=1)\n",
    ],
    ids=["ends itself", "writes an answer", "writes before the answer"],
)
def test_an_answer_that_the_code_forges_is_refused(body: str, locked: Client) -> None:
    problem, _ = refusal_of(body, locked)
    assert isinstance(problem, ForgedAnswerError)


def test_what_was_printed_before_the_end_is_told(locked: Client) -> None:
    problem, lines = refusal_of("    print('so far')\n    os._exit(7)\n", locked)
    assert isinstance(problem, SandboxError)
    assert problem.kind == "died"
    assert lines == ["The strategy printed: so far"]


def test_an_error_of_the_lock_has_the_line_of_the_source(locked: Client) -> None:
    problem, _ = refusal_of("    return open('/etc/passwd').read()\n", locked)
    assert isinstance(problem, InputError)
    assert problem.message.startswith("The strategy failed in line 5: ")
    assert problem.details["source_line"] == "return open('/etc/passwd').read()"


def test_memory_that_is_not_there_is_told_with_its_line(locked: Client) -> None:
    problem, _ = refusal_of("    return bytearray(1 << 34)\n", locked)
    assert problem.message.startswith("The strategy failed in line 5: MemoryError")


def test_a_source_that_needs_what_is_not_there_says_so(locked: Client) -> None:
    problem, _ = refusal_of("    import polars\n", locked)
    assert "No module named 'polars' in the sandbox" in problem.message


def test_random_numbers_are_the_same_in_every_run_of_a_seed(locked: Client) -> None:
    source = (
        "import random\nimport numpy as np\n\n\ndef run_strategy(frame):\n"
        "    noise = np.random.normal(size=len(frame)) + random.random() + hash('a') % 7\n"
        "    return frame[[]].assign(position=noise)\n"
    )
    strategy = SandboxedStrategy(source.encode(), locked)
    runs = [
        contract.compute_signals(
            strategy, session_bars()[:50], params={}, context=CONTEXT | {"seed": seed}
        )
        for seed in (1, 1, 2)
    ]
    assert runs[0].equals(runs[1])
    assert not runs[0].equals(runs[2])
