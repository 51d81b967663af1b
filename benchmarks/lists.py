"""How fast a list of 100,000 runs answers, whatever is asked of it."""

import json
import statistics
import tempfile

from benchmarks.pages import run_python, serve, time_page
from benchmarks.rows import Row

P95_MS = 100.0
RUNS = 100_000
PAGES = {
    "as it opens": "/runs/",
    "its last page": "/runs/?page=3600",
    "sorted by a figure": "/runs/?order=-sharpe",
    "sorted by a figure, rising": "/runs/?order=max_drawdown",
    "sorted by a figure, its last page": "/runs/?order=-sharpe&page=3600",
    "filtered and sorted": "/runs/?status=DONE&strategy=sma_crossover&order=-net_profit",
    "by symbol": "/runs/?symbol=SPY",
    "by tag": "/runs/?tag=trend",
    "by ranges of two figures": "/runs/?sharpe_min=1&max_drawdown_max=0.2&order=-sharpe",
    "by ranges that few meet": "/runs/?sharpe_min=2.5&max_drawdown_max=0.05&order=-net_profit",
    "a rare word": "/runs/?q=012345",
    "a word of every third note": "/runs/?q=doubled",
    "through the API, sorted": "/backtests?order=-sharpe&limit=25",
}


def measure() -> list[Row]:
    """Ask for each page of a catalogue of its own, again and again."""
    with tempfile.TemporaryDirectory() as root:
        made = json.loads(run_python(root, "-m", "benchmarks.longlist", str(RUNS)))
        with serve(root) as (port, _):
            times = {name: time_page(port, path, made["cookie"]) for name, path in PAGES.items()}
    return [_judge(name, taken) for name, taken in times.items()]


def _judge(name: str, taken: list[float]) -> Row:
    p95 = statistics.quantiles(taken, n=20)[-1]
    return Row(
        name=f"list of {RUNS:,} runs, {name}",
        target=f"p95 <= {P95_MS:g} ms",
        measured=f"p50 {statistics.median(taken):.1f}, p95 {p95:.1f} ms",
        met=p95 <= P95_MS,
    )
