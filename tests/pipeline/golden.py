"""`python -m tests.pipeline.golden [--write]`: the runs whose every byte is known.

Prints the digest of each of their artifacts, by fill clock. With `--write` those become what the
tests expect: say in the commit what changed them on purpose.
"""

import json
import sys
import tempfile
from pathlib import Path

from hewston.pipeline import artifacts, backtest
from hewston.pipeline.spec import SlippageFees
from tests.pipeline.frames import make_bars, make_spec

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
ARCHITECTURE = "x86_64"  # of the digests that are committed
CLOCKS = ("close", "next_open")
COSTS = SlippageFees(k_spread=0.5, slippage_ticks=1, fees_bps=2, fee_per_unit=0.01)


def run_golden(clock: str, folder: Path) -> dict[str, str]:
    """Make the run of a fill clock in an empty folder; returns the digests of its artifacts."""
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
    manifest = artifacts.write_run(folder, record=record, frames=frames, metrics=figures)
    hashes: dict[str, str] = manifest["output_hashes"]
    return hashes


def read_golden(clock: str) -> dict[str, str]:
    """Read the digests that are committed."""
    hashes: dict[str, str] = json.loads(golden_file(clock).read_text())
    return hashes


def golden_file(clock: str) -> Path:
    """Name the file that holds them."""
    return GOLDEN / f"run-{clock}.json"


def main(words: list[str]) -> None:
    """Make both runs, and print or write what they are."""
    made = {}
    for clock in CLOCKS:
        with tempfile.TemporaryDirectory() as folder:
            made[clock] = run_golden(clock, Path(folder))
        if "--write" in words:
            text = json.dumps(made[clock], indent=2, sort_keys=True)
            golden_file(clock).write_text(text + "\n")
    sys.stdout.write(json.dumps(made) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
