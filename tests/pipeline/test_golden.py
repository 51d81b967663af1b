"""A run whose every byte is known: what changes them on purpose changes this test too."""

import json
from pathlib import Path

import pytest

from hewston.pipeline import artifacts, backtest
from hewston.pipeline.spec import SlippageFees
from tests.pipeline.frames import make_bars, make_spec

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
COSTS = SlippageFees(k_spread=0.5, slippage_ticks=1, fees_bps=2, fee_per_unit=0.01)


@pytest.mark.parametrize("clock", ["close", "next_open"])
def test_a_run_has_the_bytes_it_always_had(clock: str, tmp_path: Path) -> None:
    cents = [10_000 + (i * 37) % 211 - (i * i) % 97 for i in range(600)]
    bars = make_bars(
        [cent / 100 for cent in cents],
        [(cent + (i * 13) % 9 - 4) / 100 for i, cent in enumerate(cents)],
        spreads=[None if i % 50 == 0 else 0.01 * (1 + i % 3) for i in range(600)],
        minutes=[i + 1440 * (i // 120) for i in range(600)],
    )
    spec = make_spec(fill_clock=clock, slippage_fees=COSTS, size=10)
    frames, figures = backtest.trade(bars, spec)
    record = artifacts.RunRecord(
        spec=spec, dataset_id="GOLDEN", code_hash="", git_commit=None, created_at=""
    )
    manifest = artifacts.write_run(tmp_path, record=record, frames=frames, metrics=figures)
    expected = json.loads((GOLDEN / f"run-{clock}.json").read_text())
    assert manifest["output_hashes"] == expected
