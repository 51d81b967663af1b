"""The dashboard, the list of runs, and one run with its tabs."""

import functools
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import cast

import polars as pl
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.datasets.models import Dataset, Ingest, Revision
from apps.permissions.models import User
from apps.runs.actions import cancel_run, delete_run, describe_run, retry_run
from apps.runs.forms import ORDER_CHOICES, RunFilter, RunForm, TradeOrder
from apps.runs.models import Run
from hewston.health import check_readiness
from hewston.http import (
    compress_columns,
    reading,
    send_columns,
    send_csv,
    send_file,
    status_of,
    telling,
)
from hewston.pipeline import artifacts, breakdown, playback
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.metrics import METRICS
from hewston.pipeline.playback.decisions import encode_decisions
from hewston.pipeline.resampling import INTERVALS
from hewston.pipeline.spec import canonical_json
from hewston.pipeline.store import read_json
from hewston.pipeline.strategies.catalogue import BUILT_IN
from hewston.taskqueue import LIVE, Status, read_log

_PAGE = 25
_TRADES_PAGE = 50
_TRADES_BESIDE_CHART = 12
_HISTOGRAM_BINS = 24
_FILM_INTERVALS = ("1m", "5m", "15m", "1h", "1d")
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
_LISTED_FIGURES = (
    "net_profit",
    "total_return",
    "max_drawdown",
    "sharpe",
    "profit_factor",
    "hit_rate",
    "trades",
)


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show what is there and whether it is well."""
    datasets = Dataset.objects.visible_to(request.user)
    revisions = Revision.objects.filter(dataset__in=datasets)
    page = {
        "runs": _with_figures(Run.objects.visible_to(request.user))[:8],
        "datasets": datasets.prefetch_related("revisions")[:8],
        "used_bytes": revisions.aggregate(total=Sum("size_bytes"))["total"] or 0,
        "checks": check_readiness(),
        "ingests_live": Ingest.objects.visible_to(request.user).filter(status__in=LIVE),
        "runs_live": _with_figures(Run.objects.visible_to(request.user)).filter(status__in=LIVE),
    }
    return render(request, "runs/dashboard.html", page)


def _with_figures(runs: QuerySet[Run]) -> QuerySet[Run]:
    return runs.select_related("metrics", "dataset").defer("note", "error")


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """List runs. Their figures are columns of the database: no artifact is opened."""
    form = RunFilter(request.GET)
    mine = Run.objects.visible_to(request.user)
    # Sorting moves ids only; the rows of the page follow.
    found = form.apply(mine).values_list("pk", flat=True)
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    ids = list(page.object_list)
    rows = _with_figures(Run.objects.filter(pk__in=ids)).in_bulk()  # ids of visible runs
    choices = {
        "statuses": Status.choices,
        "orders": ORDER_CHOICES,
        "strategies": sorted(BUILT_IN),
        "symbols": Dataset.objects.visible_to(request.user)
        .order_by("symbol")
        .values_list("symbol", flat=True)
        .distinct(),
    }
    ordered_by = (form.cleaned_data.get("order") or "").removeprefix("-")
    table = {
        "page": page,
        "rows": [rows[pk] for pk in ids],
        "is_live": any(row.status in LIVE for row in rows.values()),
        "form": form,
        "extra": None if ordered_by in _LISTED_FIGURES else METRICS.get(ordered_by),
    }
    return render(request, "runs/runs.html", table | choices)


@require_safe
def export_runs(request: HttpRequest) -> HttpResponse:
    """Give the list of runs, filtered and sorted as on the page, as CSV."""
    names = ("id", "strategy_id", "dataset_id", "status", "created_at", "spec")
    found = RunFilter(request.GET).apply(Run.objects.visible_to(request.user))
    header = [*names, *METRICS]
    figures = [f"metrics__{name}" for name in METRICS]
    rows = found.values_list(*names, *figures)
    return send_csv(
        "runs.csv", header, ((*row[:5], canonical_json(row[5]), *row[6:]) for row in rows)
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new_run(request: HttpRequest) -> HttpResponse:
    """Ask for a run, from nothing or from what decided another one."""
    user = cast(User, request.user)
    source = request.GET.get("from_run", "")
    from_run = _find_run(request, source) if source else None
    given = request.POST if request.method == "POST" else request.GET
    form = (
        RunForm.of_run(user=user, run=from_run)
        if from_run
        else RunForm(user=user, given=given.dict())
    )
    status = 200
    if request.method == "POST":
        try:
            run, created = form.submit()
        except HewstonError as failure:
            status = status_of(failure)
        else:
            if not created:
                messages.info(request, f"Run {run.pk} has the same inputs: nothing was computed.")
            return redirect("run", run.pk)
    return render(request, "runs/new.html", {"form": form, "from_run": from_run}, status=status)


@require_POST
def cancel(request: HttpRequest, run_id: str) -> HttpResponse:
    """Stop a run."""
    run = _find_run(request, run_id)
    with telling(request):
        cancel_run(run=run)
    return redirect("run", run.pk)


@require_POST
def retry(request: HttpRequest, run_id: str) -> HttpResponse:
    """Ask again for a run that failed or was cancelled."""
    run = _find_run(request, run_id)
    with telling(request):
        run, _ = retry_run(run=run)
    return redirect("run", run.pk)


@require_POST
def describe(request: HttpRequest, run_id: str) -> HttpResponse:
    """Give a run a name and a note."""
    run = _find_run(request, run_id)
    with telling(request):
        describe_run(run=run, name=request.POST.get("name", ""), note=request.POST.get("note", ""))
    return redirect("run", run.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, run_id: str) -> HttpResponse:
    """Remove a run, once the person has said so twice."""
    run = _find_run(request, run_id)
    if request.method != "POST":
        return render(request, "runs/delete.html", {"run": run})
    try:
        delete_run(run=run)
    except HewstonError as failure:
        messages.error(request, failure.message)
        return redirect("run", run.pk)
    messages.info(request, f"Run {run.pk} is deleted.")
    return redirect("runs")


def _find_run(request: HttpRequest, run_id: str) -> Run:
    mine = Run.objects.visible_to(request.user)
    return get_object_or_404(mine.select_related("dataset", "revision", "owner"), pk=run_id)


def _reading(run: Run) -> AbstractContextManager[None]:
    """Read a run's artifacts, and the bars under its chart, inside this."""
    names = (*map(artifacts.frame_file, artifacts.FRAMES), artifacts.METRICS_FILE)
    files = [run.folder / name for name in (*names, artifacts.MANIFEST_FILE)]
    return reading("run", run.pk, *files, run.revision.folder / "bars.parquet")


def _find_finished(request: HttpRequest, run_id: str) -> Run:
    run = _find_run(request, run_id)
    if run.status != Status.DONE:
        raise Http404
    return run


@require_safe
def overview(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show a run: key figures, chart with fills, equity and drawdown, by month, first trades."""
    run = _find_run(request, run_id)
    page: dict[str, object] = {"run": run}
    if run.status == Status.DONE and request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Refresh": "true"})  # with the scripts of its charts
    if run.status == Status.DONE:
        with _reading(run):
            page |= _describe_result(run) | _choose_trades(run, request.GET.get("trade", ""))
    else:
        page["log"] = read_log(run.pk)
    return render(request, "runs/overview.html", page)


def _describe_result(run: Run) -> dict[str, object]:
    """Gather what the overview shows of a finished run."""
    spec = run.run_spec
    figures = read_json(run.folder / artifacts.METRICS_FILE)
    years, bins = _break_down(run.folder, spec.starting_cash, spec.tz)
    intervals = list(INTERVALS)
    return {
        "key_figures": _describe_figures(figures, _KEY_FIGURES),
        "all_figures": _describe_figures(figures, tuple(METRICS)),
        "drawdown": figures.get("drawdown"),
        "findings": figures.get("findings") or [],
        "years": years,
        "bins": bins,
        "interval": spec.interval,
        "intervals": intervals[intervals.index(spec.interval) :],
        "columns_url": _columns_url(run, "INTERVAL"),
        "equity_url": _columns_url(run, spec.interval),
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
    folder: Path, starting_cash: float, tz: str
) -> tuple[list[breakdown.YearOfReturns], list[breakdown.Bin]]:
    """Break a result down; artifacts never change."""
    equity = pl.scan_parquet(folder / artifacts.frame_file("equity"))
    trades = pl.scan_parquet(folder / artifacts.frame_file("trades"))
    closed = trades.filter(pl.col("exit_ts").is_not_null()).select("net_pnl").collect()
    return (
        breakdown.monthly_returns(equity, starting_cash=starting_cash, tz=tz),
        breakdown.histogram(closed["net_pnl"], bins=_HISTOGRAM_BINS),
    )


def _choose_trades(run: Run, wanted: str) -> dict[str, object]:
    """Choose the trades to show beside the chart: around the wanted one, else the first."""
    found = artifacts.read_frame(run.folder, "trades")
    is_number = wanted.isascii() and wanted.isdigit() and len(wanted) <= len(str(found.height))
    row = found["trade_id"].index_of(int(wanted)) if is_number else None
    start = 0 if row is None else max(row - _TRADES_BESIDE_CHART // 2, 0)
    return {
        "trades": found[start : start + _TRADES_BESIDE_CHART].to_dicts(),
        "trades_total": found.height,
        "wanted": None if row is None else found.row(row, named=True),
        "unknown_trade": wanted if row is None else "",
    }


@require_safe
def watch(request: HttpRequest, run_id: str) -> HttpResponse:
    """Play a finished run. The page holds nothing of how it ended: its script draws the film."""
    run = _find_run(request, run_id)
    page: dict[str, object] = {"run": run}
    if run.status == Status.DONE:
        spec = run.run_spec
        known = list(INTERVALS)
        page |= {
            "interval": spec.interval,
            "intervals": [
                name
                for name in known[known.index(spec.interval) :]
                if name in _FILM_INTERVALS or name == spec.interval
            ],
            "columns_url": _columns_url(run, "INTERVAL"),
            "decisions_url": reverse(
                "run-decisions", args=[run.pk, playback.address(run.input_hash)]
            ),
            "starting_cash": canonical_json(spec.starting_cash),
            "multiplier": canonical_json(spec.instrument.multiplier),
        }
    return render(request, "runs/playback.html", page)


@require_safe
def decisions(request: HttpRequest, run_id: str, address: str) -> HttpResponse:
    """Give a run's signals, orders, fills and trades, at an address that names their content."""
    run = _find_finished(request, run_id)
    if address != playback.address(run.input_hash):
        raise Http404
    with _reading(run):
        encoded = encode_decisions(
            signals=pl.scan_parquet(run.folder / artifacts.frame_file("signals")),
            equity=pl.scan_parquet(run.folder / artifacts.frame_file("equity")),
            orders=artifacts.read_frame(run.folder, "orders"),
            fills=artifacts.read_frame(run.folder, "fills"),
            trades=artifacts.read_frame(run.folder, "trades"),
        )
    return send_columns(request, compress_columns(encoded))


@require_safe
def trades(request: HttpRequest, run_id: str) -> HttpResponse:
    """List a run's trades."""
    run = _find_finished(request, run_id)
    form = TradeOrder(request.GET)
    column, falls = form.chosen()
    with _reading(run):
        found = artifacts.read_frame(run.folder, "trades").sort(
            column, "trade_id", descending=[falls, False], nulls_last=True
        )
    page = Paginator(range(found.height), _TRADES_PAGE).get_page(request.GET.get("page"))
    shown = found[page.start_index() - 1 : page.end_index()] if found.height else found
    table = {"run": run, "page": page, "trades": shown.to_dicts(), "form": form}
    return render(request, "runs/trades.html", table)


@require_safe
def export_trades(request: HttpRequest, run_id: str) -> HttpResponse:
    """Give all trades of a run as CSV, times in UTC."""
    run = _find_finished(request, run_id)
    with _reading(run):
        found = artifacts.read_frame(run.folder, "trades").with_columns(
            pl.col("entry_ts", "exit_ts").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
        )
    return send_csv(f"trades-{run.pk}.csv", found.columns, found.iter_rows())


@require_safe
def logs(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show the end of a run's log."""
    run = _find_run(request, run_id)
    return render(request, "runs/logs.html", {"run": run, "log": read_log(run.pk)})


@require_safe
def manifest(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show what decided a run, and the hashes that prove its results."""
    run = _find_finished(request, run_id)
    with _reading(run):
        page = {"run": run, "manifest": read_json(run.folder / artifacts.MANIFEST_FILE)}
    return render(request, "runs/manifest.html", page)


@require_safe
def manifest_file(request: HttpRequest, run_id: str) -> HttpResponse:
    """Give a run's manifest as it is stored."""
    run = _find_finished(request, run_id)
    with _reading(run):
        return send_file(run.folder / artifacts.MANIFEST_FILE, "application/json")


def _columns_url(run: Run, interval: str) -> str:
    return reverse("run-columns", args=[run.pk, playback.address(run.input_hash), interval])


@require_safe
def columns(request: HttpRequest, run_id: str, address: str, interval: str) -> HttpResponse:
    """Give a run's bars, equity, indicators and fills, at an address that names their content."""
    run = _find_finished(request, run_id)
    known = list(INTERVALS)
    if address != playback.address(run.input_hash) or interval not in known:
        raise Http404
    if known.index(interval) < known.index(run.run_spec.interval):
        raise Http404
    spec = run.run_spec
    with _reading(run):
        compressed = _encode(run.folder, run.revision.folder, spec.interval, interval, spec.tz)
    return send_columns(request, compressed)


@functools.lru_cache(maxsize=4)
def _encode(folder: Path, dataset: Path, run_interval: str, interval: str, tz: str) -> bytes:
    """Encode and compress; the last few stay in memory."""
    encoded = playback.encode_run(
        bars=pl.scan_parquet(dataset / "bars.parquet"),
        signals=pl.scan_parquet(folder / artifacts.frame_file("signals")),
        equity=pl.scan_parquet(folder / artifacts.frame_file("equity")),
        fills=artifacts.read_frame(folder, "fills"),
        run_interval=run_interval,
        interval=interval,
        schedule=playback.read_schedule(dataset / "quality.json"),
        tz=tz,
    )
    return compress_columns(encoded)
