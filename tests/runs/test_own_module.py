"""What docs/strategies.md says of a module of one's own, done to the letter."""

import math
import os
import re
import subprocess
import sys

import polars as pl
import pytest

from tests.commands import PROJECT, succeed

pytestmark = pytest.mark.slow


@pytest.fixture
def checkout(tmp_path):
    """A folder with a dataset of SPY in data/, and the guide's two files as it names them."""
    rows = ["Time,Open,High,Low,Close,Volume"]
    closes = [round(130 + math.sin(minute / 12) + minute % 7 / 50, 2) for minute in range(780)]
    for minute, close in enumerate(closes):
        day, clock = ("01", minute) if minute < 390 else ("31", minute - 390)
        time = f"2011-03-{day} {9 + (clock + 30) // 60:02}:{(clock + 30) % 60:02}"
        rows.append(f"{time},{close},{close},{close},{close},100")
    (tmp_path / "SPY.csv").write_text("\n".join(rows))
    said = ("--tz", "America/New_York", "--stamp", "open")
    succeed(tmp_path / "data", "ingest", "--csv", tmp_path / "SPY.csv", *said)
    guide = (PROJECT / "docs" / "strategies.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "above_average.py").write_text(blocks[0])
    (tmp_path / "mine.py").write_text(blocks[-1])
    return tmp_path, pl.Series(closes)


def test_the_guide_runs_a_module_of_ones_own_on_imported_bars(checkout):
    folder, closes = checkout
    ran = subprocess.run(
        [sys.executable, "mine.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    held = closes > closes.rolling_mean(100)
    left = (~held & held.shift(1)).fill_null(value=False)
    net_profit, trades = ran.stdout.splitlines()[0].split()
    # A signal of the last bar fills nowhere: its trade stays open.
    assert int(float(trades)) == left[:-1].sum() > 5
    assert float(net_profit) != 0
    assert "trade_id" in ran.stdout
