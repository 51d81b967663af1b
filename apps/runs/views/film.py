"""A run as a film: its page, and the columns that charts draw."""

import functools
from pathlib import Path

import polars as pl
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.runs.models import Run
from apps.runs.views.finding import find_finished, find_run, reading_run
from hewston.http import (
    compress_columns,
    send_columns,
)
from hewston.pipeline import artifacts, breakdown, playback
from hewston.pipeline.intervals import CHART_INTERVALS, INTERVALS, coarser, is_daily
from hewston.pipeline.playback.decisions import encode_decisions
from hewston.pipeline.spec import RunSpec, canonical_json
from hewston.pipeline.store import read_json
from hewston.taskqueue import Status

_MOST_BARS = 250_000  # that a chart opens with: some 25 MB, which a browser holds at once
_FILM_INTERVALS = ("1m", "5m", "15m", "1h", "1d", "1w", "1mo")


@require_safe
def watch(request: HttpRequest, run_id: str) -> HttpResponse:
    """Play a finished run. The page holds nothing of how it ended: its script draws the film."""
    run = find_run(request, run_id)
    page: dict[str, object] = {"run": run}
    if run.status == Status.DONE:
        spec = run.run_spec
        page |= {
            "interval": spec.interval,
            "is_daily": is_daily(spec.interval),
            "intervals": [
                name
                for name in list_intervals(run)
                if name in _FILM_INTERVALS or name == spec.interval
            ],
            "columns_url": columns_url_of(run, "INTERVAL"),
            "decisions_url": reverse(
                "run-decisions", args=[run.pk, playback.address(run.results_sha256)]
            ),
            "starting_cash": canonical_json(spec.starting_cash),
            "multiplier": canonical_json(spec.instrument.multiplier),
        }
    return render(request, "runs/playback.html", page)


@require_safe
def decisions(request: HttpRequest, run_id: str, address: str) -> HttpResponse:
    """Give a run's signals, orders, fills and trades, at an address that names their content."""
    run = find_finished(request, run_id)
    if address != playback.address(run.results_sha256):
        raise Http404
    with reading_run(run):
        encoded = encode_decisions(
            signals=pl.scan_parquet(run.folder / artifacts.frame_file("signals")),
            equity=pl.scan_parquet(run.folder / artifacts.frame_file("equity")),
            orders=artifacts.read_frame(run.folder, "orders"),
            fills=artifacts.read_frame(run.folder, "fills"),
            trades=artifacts.read_frame(run.folder, "trades"),
        )
    return send_columns(request, compress_columns(encoded))


@require_safe
def series(request: HttpRequest, run_id: str, address: str) -> HttpResponse:
    """Give a run over time, for plots, at an address that names its content."""
    run = find_finished(request, run_id)
    if address != breakdown.address(run.results_sha256):
        raise Http404
    with reading_run(run):
        encoded = breakdown.encode_series(breakdown.read_breakdown(run.stored))
    return send_columns(request, compress_columns(encoded))


@require_safe
def columns(request: HttpRequest, run_id: str, address: str, interval: str) -> HttpResponse:
    """Give a run's bars, equity, indicators and fills, at an address that names their content."""
    run = find_finished(request, run_id)
    known = list_intervals(run)
    if address != playback.address(run.results_sha256) or interval not in known:
        raise Http404
    with reading_run(run, with_bars=True):
        compressed = _encode(run.folder, run.revision.folder, interval, run.results_sha256)
    return send_columns(request, compressed)


def list_intervals(run: Run) -> list[str]:
    """List the intervals at which a run is shown: its own, and the longer ones that pages offer."""
    own = run.run_spec.interval
    return [name for name in coarser(own) if name == own or name in CHART_INTERVALS]


def open_interval(run: Run, bars: int) -> str:
    """Choose the interval at which a chart of so many bars opens: the shortest that fits."""
    length = INTERVALS[run.spec["interval"]]
    known = list_intervals(run)
    fitting = (name for name in known if bars * (length / INTERVALS[name]) <= _MOST_BARS)
    return next(fitting, known[-1])


def columns_url_of(run: Run, interval: str) -> str:
    """Give the address of a run's columns at an interval."""
    return reverse("run-columns", args=[run.pk, playback.address(run.results_sha256), interval])


@functools.lru_cache(maxsize=4)
def _encode(folder: Path, dataset: Path, interval: str, results_sha256: str) -> bytes:
    """Encode and compress; the last few stay in memory, and other results are read anew."""
    del results_sha256
    manifest = read_json(folder / artifacts.MANIFEST_FILE)
    encoded = playback.encode_run(
        bars=pl.scan_parquet(dataset / "bars.parquet"),
        signals=pl.scan_parquet(folder / artifacts.frame_file("signals")),
        equity=pl.scan_parquet(folder / artifacts.frame_file("equity")),
        fills=artifacts.read_frame(folder, "fills"),
        spec=RunSpec.from_json(manifest["spec"]),
        stored=artifacts.dataset_interval(manifest),
        interval=interval,
        schedule=playback.read_schedule(dataset / "quality.json"),
    )
    return compress_columns(encoded)
