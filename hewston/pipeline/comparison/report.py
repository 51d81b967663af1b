"""A comparison as JSON: what the API, the command and the export give."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from hewston.pipeline.comparison.decisions import Decision, list_decisions
from hewston.pipeline.comparison.figures import FigureRow, compare_figures
from hewston.pipeline.comparison.run import ComparedRun
from hewston.pipeline.comparison.sentences import conclude, summarise
from hewston.pipeline.comparison.sources import compare_sources
from hewston.pipeline.comparison.trades import TradeComparison

STEPS = {  # of a waterfall: what each bar is, for people
    "price": "Reference prices",
    "slippage": "Slippage",
    "fees": "Fees",
    "quantity": "Quantities",
    "moved": "Moved trades",
    "only_a": "Trades only in A",
    "only_b": "Trades only in B",
    "open": "Open positions",
    "residual": "Residual",
}


def list_matches(compared: TradeComparison, kind: str | None = None) -> pl.DataFrame:
    """List the matches (MATCHES) of a kind, or all of them."""
    matches = compared.matches
    return matches if kind is None else matches.filter(pl.col("kind") == kind)


def describe_comparison(runs: Sequence[ComparedRun], compared: TradeComparison) -> dict[str, Any]:
    """Give a whole comparison but the trades themselves, as plain JSON values.

    The first of ``runs`` is the one that metrics are compared with.
    """
    ids = [run.run_id for run in runs]
    decisions = list_decisions(runs)
    source = compare_sources(compared.a, compared.b)
    return {
        "runs": [_describe_run(run) for run in runs],
        "differs": [_describe_decision(one, ids) for one in decisions if one.differs],
        "same": [_describe_decision(one, ids) for one in decisions if not one.differs],
        "source": None
        if source is None
        else {
            "a_sha256": source.a_sha256,
            "b_sha256": source.b_sha256,
            "diff": None if source.lines is None else "\n".join(source.lines),
            "reason": source.reason or None,
        },
        "metrics": [_describe_figure(row, ids) for row in compare_figures(runs)],
        "a": compared.a.run_id,
        "b": compared.b.run_id,
        "tolerance_bars": compared.tolerance,
        "unit": compared.unit,
        "kinds": [
            {"kind": one.kind, "trades": one.count, "difference": one.difference}
            for one in compared.kinds
        ],
        "waterfall": _describe_waterfall(compared),
        "summary": summarise(compared),
        "findings": [one.as_json() for one in conclude(compared)],
    }


def _describe_run(run: ComparedRun) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "strategy_id": run.spec["strategy"]["id"],
        "dataset_id": run.manifest["dataset_id"],
        "revision": run.revision,
        "interval": run.interval,
        "currency": run.currency,
        "net_profit": run.net_profit,
        "trades": run.trades.height,
    }


def _describe_decision(decision: Decision, ids: Sequence[str]) -> dict[str, object]:
    said = zip(ids, decision.values, decision.is_said, strict=True)
    return {
        "name": decision.name,
        "label": decision.label,
        "group": decision.group,
        "values": {name: value for name, value, is_said in said if is_said},
    }


def _describe_figure(row: FigureRow, ids: Sequence[str]) -> dict[str, object]:
    metric = row.metric
    return {
        "key": metric.key,
        "label": metric.label,
        "unit": metric.unit,
        "better": metric.better,
        "runs": {
            name: {
                "value": figure.value,
                "difference": figure.difference,
                "verdict": figure.verdict or None,
                "reason": figure.reason or None,
            }
            for name, figure in zip(ids, row.figures, strict=True)
        },
    }


def _describe_waterfall(compared: TradeComparison) -> dict[str, object] | None:
    waterfall = compared.waterfall
    if waterfall is None:
        return None
    return {
        "currency": compared.a.currency,
        "start": float(waterfall.start),
        "steps": [
            {
                "key": step.key,
                "label": STEPS[step.key],
                "amount": float(step.amount),
                "trades": step.trades,
            }
            for step in waterfall.steps
        ],
        "end": float(waterfall.end),
        "difference": float(waterfall.difference),
    }
