"""A run at a glance."""

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.runs.models import Run
from apps.runs.views.film import columns_url_of, list_intervals, open_interval
from apps.runs.views.finding import find_run, reading_run, scan_trades
from hewston.pipeline import artifacts, breakdown
from hewston.pipeline.metrics import METRICS, describe_size, find_reason
from hewston.pipeline.store import read_json
from hewston.taskqueue import Status, read_log

_TRADES_BESIDE_CHART = 12
_HISTOGRAM_BINS = 24
_KEY_FIGURES = (
    "net_profit",
    "total_return",
    "cagr",
    "max_drawdown",
    "sharpe",
    "sortino",
    "trades",
    "hit_rate",
    "profit_factor",
    "expectancy",
    "exposure",
    "fees_paid",
)


@require_safe
def overview(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show a run: key figures, chart with fills, equity and drawdown, by month, first trades."""
    run = find_run(request, run_id)
    page: dict[str, object] = {"run": run}
    if run.status == Status.DONE and request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Refresh": "true"})  # with the scripts of its charts
    if run.status == Status.DONE:
        with reading_run(run):
            page |= _describe_result(run) | _choose_trades(run, request.GET.get("trade", ""))
            page |= _choose_bars(request.GET.get("bar", ""), page)
    else:
        page["log"] = read_log(run.pk)
    return render(request, "runs/overview.html", page)


def _describe_result(run: Run) -> dict[str, object]:
    """Gather what the overview shows of a finished run."""
    spec = run.run_spec
    figures = read_json(run.folder / artifacts.METRICS_FILE)
    broken = _break_down(run.stored, run.stored.places)
    return {
        "report": figures,
        "key_figures": _describe_figures(figures, _KEY_FIGURES),
        "all_figures": _describe_figures(figures, tuple(METRICS)),
        "findings": figures.get("findings") or [],
        "unchecked": figures.get("unchecked"),  # None in a run made before there were checks
        "interval": spec.interval,
        "intervals": list_intervals(run),
        "columns_url": columns_url_of(run, "INTERVAL"),
        "series_url": reverse("run-series", args=[run.pk, breakdown.address(run.results_sha256)]),
        "chart_interval": open_interval(run, int(str(broken["bars"]))),
        **broken,
    }


def _describe_figures(report: Mapping[str, Any], keys: tuple[str, ...]) -> list[dict[str, object]]:
    """Pair the registry's metrics with a run's values, bands and samples, or why there is none."""
    return [
        {
            "metric": METRICS[key],
            "value": report["values"].get(key),
            "reason": find_reason(METRICS[key], report),
            "sample": describe_size(METRICS[key], report),
            "band": report.get("bands", {}).get(key),
        }
        for key in keys
    ]


@functools.lru_cache(maxsize=32)
def _break_down(stored: breakdown.StoredRun, places: Path) -> Mapping[str, object]:
    """Break a result down for the page; ``places`` differs when the files do."""
    del places
    broken = breakdown.read_breakdown(stored)
    days = broken.days
    trades = pl.scan_parquet(stored.folder / artifacts.frame_file("trades"))
    closed = trades.filter(pl.col("exit_ts").is_not_null()).select("net_pnl").collect()
    return {
        "drawdowns": broken.drawdowns,
        "bars": broken.bars,
        "points": broken.curve.height,
        "days": days.height,
        "years": breakdown.monthly_returns(
            days.lazy(), starting_cash=stored.starting_cash, calendar=stored.calendar, tz=stored.tz
        ),
        "window": breakdown.WINDOW,
        "is_rolling": days["volatility"].drop_nulls().len() > 0,
        "trade_bins": breakdown.histogram(closed["net_pnl"], bins=_HISTOGRAM_BINS),
        "day_bins": breakdown.histogram(days["return"], bins=_HISTOGRAM_BINS),
        "day_returns": days["return"].drop_nulls().len(),
    }


def _choose_bars(wanted: str, page: Mapping[str, object]) -> dict[str, object]:
    """Choose the bars that the chart shows: a bar, or bars from-to, else the wanted trade's."""
    trade, bars = page["wanted"], int(str(page["bars"]))
    if re.fullmatch(r"[0-9]{1,9}(-[0-9]{1,9})?", wanted):
        first, _, last = wanted.partition("-")
        if int(first) <= int(last or first) < bars:
            return {"bars_wanted": [int(first), int(last or first)]}
    if isinstance(trade, dict):
        last = trade["exit_bar"]
        return {"bars_wanted": [trade["entry_bar"], trade["entry_bar"] if last is None else last]}
    return {}


def _choose_trades(run: Run, wanted: str) -> dict[str, object]:
    """Choose the trades to show beside the chart: around the wanted one, else the first."""
    trades = scan_trades(run)
    total = trades.select(pl.len()).collect().item()
    is_number = wanted.isascii() and wanted.isdigit() and len(wanted) <= len(str(total))
    row = int(wanted) - 1 if is_number and 1 <= int(wanted) <= total else None  # counted from 1
    start = 0 if row is None else max(row - _TRADES_BESIDE_CHART // 2, 0)
    shown = trades.slice(start, _TRADES_BESIDE_CHART).collect()
    return {
        "trades": shown.to_dicts(),
        "trades_total": total,
        "wanted": None if row is None else shown.row(row - start, named=True),
        "unknown_trade": wanted if row is None else "",
    }
