"""Both checks of one strategy on one dataset."""

from collections.abc import Callable
from typing import Any

import polars as pl

from hewston.pipeline.checks.answers import Answer, Columns, Runner
from hewston.pipeline.checks.differences import read_value
from hewston.pipeline.checks.lookahead import Search
from hewston.pipeline.checks.plan import FULL, Plan
from hewston.pipeline.checks.result import LookAhead
from hewston.pipeline.checks.warmup import measure_warmup
from hewston.pipeline.errors import InputError

MOST_BARS = 200_000  # the newest ones of longer data: every run reads them all
_FEWEST_BARS = 10
_AROUND = 4  # bars before and after the first finding
_SHOWN = ("open", "high", "low", "close", "volume")


def check_strategy(
    answer: Answer,
    bars: pl.DataFrame,
    *,
    plan: Plan = FULL,
    progress: Callable[[float], None] = lambda _share: None,
) -> dict[str, Any]:
    """Check a strategy for look-ahead and measure its warm-up on BARS.

    ``answer`` runs it (see ``answers.Runner``). Returns plain JSON values that are the same for the
    same answers: ``verdict`` and ``sentence``; ``lookahead`` and ``warmup`` (null where two runs
    differ) as ``result.LookAhead`` and ``result.WarmUp`` have them; ``bars``, what was read: rows
    count from ``first_row`` of the data on; ``around``, the bars around the first finding; ``plan``
    and ``runs``. Raises InputError where there are too few
    bars or the strategy fails on all of them.
    """
    if bars.height < _FEWEST_BARS:
        raise InputError(
            f"There are {bars.height} bars: a check needs at least {_FEWEST_BARS}.", field="dataset"
        )
    first_row = max(bars.height - MOST_BARS, 0)
    read = bars[first_row:]
    runner = Runner(answer, progress=progress)
    whole = runner.run(read)
    lookahead = Search(runner, read, whole, plan).judge()
    is_steady = lookahead.verdict != "not deterministic"
    warmup = measure_warmup(runner, read, whole, starts=plan.starts) if is_steady else None
    progress(1.0)
    return {
        "verdict": lookahead.verdict,
        "sentence": lookahead.sentence,
        "lookahead": lookahead.as_json(),
        "warmup": warmup.as_json() if warmup else None,
        "bars": {
            "count": read.height,
            "of": bars.height,
            "first_row": first_row,
            "from": read["ts_open"][0].isoformat(),
            "to": read["ts_open"][-1].isoformat(),
        },
        "around": _show_around(read, whole, lookahead),
        "plan": plan.name,
        "runs": runner.runs,
    }


def _show_around(bars: pl.DataFrame, whole: Columns, lookahead: LookAhead) -> list[dict[str, Any]]:
    """Give the bars around the first finding, with what its series is on all the data."""
    if not lookahead.findings:
        return []
    first = lookahead.findings[0]
    rows = range(max(first.bar - _AROUND, 0), min(first.bar + _AROUND + 1, bars.height))
    series = whole.get(first.series)
    return [
        {
            "row": row,
            "ts_open": bars["ts_open"][row].isoformat(),
            **{name: read_value(bars[name], row) for name in _SHOWN},
            "value": None if series is None else read_value(series, row),
        }
        for row in rows
    ]
