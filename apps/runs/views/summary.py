"""A run at a glance."""

import functools
from collections.abc import Mapping
from pathlib import Path

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.runs.models import Run
from apps.runs.views.film import columns_url_of, list_intervals
from apps.runs.views.finding import find_run, read_trades, reading_run
from hewston.pipeline import artifacts, breakdown
from hewston.pipeline.metrics import METRICS
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
            page["wanted_bar"] = _read_bar(run, request.GET.get("bar", ""))
    else:
        page["log"] = read_log(run.pk)
    return render(request, "runs/overview.html", page)


def _describe_result(run: Run) -> dict[str, object]:
    """Gather what the overview shows of a finished run."""
    spec = run.run_spec
    figures = read_json(run.folder / artifacts.METRICS_FILE)
    years, bins = _break_down(run.folder, spec.starting_cash, spec.calendar, spec.tz)
    return {
        "key_figures": _describe_figures(figures, _KEY_FIGURES),
        "all_figures": _describe_figures(figures, tuple(METRICS)),
        "drawdown": figures.get("drawdown"),
        "findings": figures.get("findings") or [],
        "unchecked": figures.get("unchecked"),  # None in a run made before there were checks
        "years": years,
        "bins": bins,
        "interval": spec.interval,
        "intervals": list_intervals(run),
        "columns_url": columns_url_of(run, "INTERVAL"),
        "equity_url": columns_url_of(run, spec.interval),
    }


def _describe_figures(
    report: Mapping[str, object], keys: tuple[str, ...]
) -> list[dict[str, object]]:
    """Pair the registry's metrics with a run's values and the reasons for those without one."""
    values, reasons = report.get("values"), report.get("reasons")
    known = values if isinstance(values, dict) else {}
    absent = reasons if isinstance(reasons, dict) else {}
    return [
        {"metric": METRICS[key], "value": known.get(key), "reason": absent.get(key)}
        for key in keys
        if key in METRICS
    ]


@functools.lru_cache(maxsize=128)
def _break_down(
    folder: Path, starting_cash: float, calendar: str, tz: str
) -> tuple[list[breakdown.YearOfReturns], list[breakdown.Bin]]:
    """Break a result down; artifacts never change."""
    equity = pl.scan_parquet(folder / artifacts.frame_file("equity"))
    trades = pl.scan_parquet(folder / artifacts.frame_file("trades"))
    closed = trades.filter(pl.col("exit_ts").is_not_null()).select("net_pnl").collect()
    return (
        breakdown.monthly_returns(equity, starting_cash=starting_cash, calendar=calendar, tz=tz),
        breakdown.histogram(closed["net_pnl"], bins=_HISTOGRAM_BINS),
    )


def _read_bar(run: Run, wanted: str) -> int | None:
    """Read the bar that the chart is to show; None for what is no bar of the run."""
    path = run.folder / artifacts.frame_file("equity")
    bars = pl.scan_parquet(path).select(pl.len()).collect().item()
    is_number = wanted.isascii() and wanted.isdigit() and len(wanted) <= len(str(bars))
    return int(wanted) if is_number and int(wanted) < bars else None


def _choose_trades(run: Run, wanted: str) -> dict[str, object]:
    """Choose the trades to show beside the chart: around the wanted one, else the first."""
    found = read_trades(run)
    is_number = wanted.isascii() and wanted.isdigit() and len(wanted) <= len(str(found.height))
    row = found["trade_id"].index_of(int(wanted)) if is_number else None
    start = 0 if row is None else max(row - _TRADES_BESIDE_CHART // 2, 0)
    return {
        "trades": found[start : start + _TRADES_BESIDE_CHART].to_dicts(),
        "trades_total": found.height,
        "wanted": None if row is None else found.row(row, named=True),
        "unknown_trade": wanted if row is None else "",
    }
