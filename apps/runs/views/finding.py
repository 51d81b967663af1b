"""The run of an address, as far as the viewer may see it."""

import polars as pl
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from apps.runs.actions import reading_run
from apps.runs.models import Run
from hewston.pipeline import artifacts, breakdown
from hewston.pipeline.intervals import is_daily
from hewston.taskqueue import Status

__all__ = ["find_finished", "find_run", "read_trades", "reading_run", "scan_trades"]


def find_run(request: HttpRequest, run_id: str) -> Run:
    """Find a run; 404 for what is not there or not theirs."""
    mine = Run.objects.visible_to(request.user)
    whole = mine.select_related("dataset", "revision", "owner", "version__strategy__owner")
    unread = ("version__source", "version__params", "version__docstring", "version__note")
    return get_object_or_404(whole.defer(*unread), pk=run_id)


def find_finished(request: HttpRequest, run_id: str) -> Run:
    """Find a run with a result; 404 for any other."""
    run = find_run(request, run_id)
    if run.status != Status.DONE:
        raise Http404
    return run


def read_trades(run: Run) -> pl.DataFrame:
    """Read a finished run's trades (PLACED_TRADES) as ``scan_trades`` gives them."""
    return scan_trades(run).collect().hstack(breakdown.read_places(run.stored))


def scan_trades(run: Run) -> pl.LazyFrame:
    """Scan a finished run's trades (TRADES_RT) as pages show them, by number.

    Where its bars are of whole dates, a trade's times are when its bars begin: a fill at the close
    is at the edge of the next date.
    """
    trades = pl.scan_parquet(run.folder / artifacts.frame_file("trades"))
    if not is_daily(run.spec["interval"]):
        return trades
    places = breakdown.read_places(run.stored)
    return trades.with_columns(entry_ts=places["entry_open"], exit_ts=places["exit_open"])
