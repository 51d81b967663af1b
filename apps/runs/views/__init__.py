"""The pages of runs."""

from apps.runs.views.changing import change
from apps.runs.views.comparing import compare, compare_curves, export_matches
from apps.runs.views.costs import cancel_costs, costs
from apps.runs.views.film import columns, decisions, series, watch
from apps.runs.views.lists import dashboard, export_runs, runs
from apps.runs.views.proof import (
    bundle,
    import_run,
    manifest,
    reproduce,
    stop_reproducing,
    verify,
)
from apps.runs.views.requests import cancel, delete, describe, new_run, retry
from apps.runs.views.results import log_file, log_lines, logs, manifest_file
from apps.runs.views.saved import forget, rename, views
from apps.runs.views.summary import overview
from apps.runs.views.trades import export_trades, points, trades

__all__ = [
    "bundle",
    "cancel",
    "cancel_costs",
    "change",
    "columns",
    "compare",
    "compare_curves",
    "costs",
    "dashboard",
    "decisions",
    "delete",
    "describe",
    "export_matches",
    "export_runs",
    "export_trades",
    "forget",
    "import_run",
    "log_file",
    "log_lines",
    "logs",
    "manifest",
    "manifest_file",
    "new_run",
    "overview",
    "points",
    "rename",
    "reproduce",
    "retry",
    "runs",
    "series",
    "stop_reproducing",
    "trades",
    "verify",
    "views",
    "watch",
]
