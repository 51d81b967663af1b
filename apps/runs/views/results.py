"""The tabs of a run: trades, log, manifest."""

import polars as pl
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.runs.forms import TradeOrder
from apps.runs.views.finding import find_finished, find_run, read_trades, reading_run
from hewston.http import (
    send_csv,
    send_file,
)
from hewston.pipeline import artifacts
from hewston.pipeline.store import read_json
from hewston.taskqueue import read_log

_TRADES_PAGE = 50


@require_safe
def trades(request: HttpRequest, run_id: str) -> HttpResponse:
    """List a run's trades."""
    run = find_finished(request, run_id)
    form = TradeOrder(request.GET)
    column, falls = form.chosen()
    with reading_run(run):
        found = read_trades(run).sort(
            column, "trade_id", descending=[falls, False], nulls_last=True
        )
    page = Paginator(range(found.height), _TRADES_PAGE).get_page(request.GET.get("page"))
    shown = found[page.start_index() - 1 : page.end_index()] if found.height else found
    table = {"run": run, "page": page, "trades": shown.to_dicts(), "form": form}
    return render(request, "runs/trades.html", table)


@require_safe
def export_trades(request: HttpRequest, run_id: str) -> HttpResponse:
    """Give all trades of a run as CSV, times in UTC."""
    run = find_finished(request, run_id)
    with reading_run(run):
        found = artifacts.read_frame(run.folder, "trades").with_columns(
            pl.col("entry_ts", "exit_ts").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
        )
    return send_csv(f"trades-{run.pk}.csv", found.columns, found.iter_rows())


@require_safe
def logs(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show the end of a run's log."""
    run = find_run(request, run_id)
    return render(request, "runs/logs.html", {"run": run, "log": read_log(run.pk)})


@require_safe
def manifest(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show what decided a run, and the hashes that prove its results."""
    run = find_finished(request, run_id)
    with reading_run(run):
        page = {"run": run, "manifest": read_json(run.folder / artifacts.MANIFEST_FILE)}
    return render(request, "runs/manifest.html", page)


@require_safe
def manifest_file(request: HttpRequest, run_id: str) -> HttpResponse:
    """Give a run's manifest as it is stored."""
    run = find_finished(request, run_id)
    with reading_run(run):
        return send_file(run.folder / artifacts.MANIFEST_FILE, "application/json")
