"""A run as one file that anybody can read, print and keep, without this site."""

import base64
import hashlib
from typing import Any

import polars as pl
from django.template.loader import render_to_string

from apps.permissions.templatetags.figures import money, percent
from apps.runs.actions.drawing import draw_lines
from apps.runs.actions.reading import reading_run
from apps.runs.models import Run
from hewston import __version__
from hewston.pipeline import artifacts, breakdown
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.intervals import is_daily
from hewston.pipeline.metrics import METRICS, find_reason
from hewston.pipeline.store import read_json
from hewston.taskqueue import Status

MOST_TRADES = 1_000  # that a report lists
_BINS = 24
_KEY_FIGURES = (
    *("net_profit", "total_return", "cagr", "max_drawdown", "sharpe", "sortino"),
    *("trades", "hit_rate", "profit_factor", "expectancy", "exposure", "fees_paid"),
)
_GROUPS = ("exit_reason", "side", "session", "weekday")


def make_report(*, run: Run) -> str:
    """Write a finished run as HTML that needs nothing else: no script, no font, no request.

    The same run with the same name, note and tags gives the same bytes in one version of Hewston.
    Times are in the zone of the exchange. Raises HewstonError (RUN_NOT_READY) for a run that has
    no result, and DamagedError where its files are not as they were written.
    """
    if run.status != Status.DONE:
        raise HewstonError(
            f"Run {run.pk} is {run.get_status_display()}, and only a run that is done has a "
            "report.",
            code="RUN_NOT_READY",
            status=run.status,
        )
    style = render_to_string("runs/report.css")
    with reading_run(run):
        figures = read_json(run.folder / artifacts.METRICS_FILE)
        told = {
            "manifest": read_json(run.folder / artifacts.MANIFEST_FILE),
            "key_figures": _list_figures(figures, _KEY_FIGURES),
            "all_figures": _list_figures(figures, tuple(METRICS)),
            "findings": figures.get("findings") or [],
            "unchecked": figures.get("unchecked"),
            **_describe_time(run),
            **_describe_trades(run),
        }
    about = {"style": style, "style_hash": hash_style(style), "version": __version__}
    return render_to_string("runs/report.html", {"run": run, "zone": "exchange"} | about | told)


def hash_style(style: str) -> str:
    """Name a style sheet as a Content-Security-Policy does."""
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"


def read_policy() -> str:
    """Give the Content-Security-Policy of reports: their own style, and nothing else."""
    return (
        f"default-src 'none'; style-src '{hash_style(render_to_string('runs/report.css'))}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _list_figures(report: Any, keys: tuple[str, ...]) -> list[dict[str, Any]]:  # noqa: ANN401 (JSON)
    """Pair metrics with a run's values, the reasons for those without one, and bands."""
    return [
        {
            "metric": METRICS[key],
            "value": report["values"].get(key),
            "reason": find_reason(METRICS[key], report),
            "band": report.get("bands", {}).get(key),
        }
        for key in keys
        if key in METRICS
    ]


def _describe_time(run: Run) -> dict[str, Any]:
    broken, currency = breakdown.read_breakdown(run.stored), run.spec["instrument"]["currency"]
    curve, days, stored = broken.curve, broken.days, run.stored
    bars, dates = curve["bar"].to_list(), curve["ts_open"].dt.convert_time_zone(stored.tz).dt.date()
    return {
        "equity": draw_lines(
            bars,
            dates.to_list(),
            {"held": curve["benchmark"].to_list(), "equity": curve["equity"].to_list()},
            height=240,
            write=lambda value, places: (
                money(value, currency) if places else money(value, currency).replace(".00", "")
            ),
        ),
        "underwater": draw_lines(
            bars,
            dates.to_list(),
            {"loss": [-depth for depth in curve["drawdown"].to_list()]},
            height=140,
            write=lambda value, places: percent(value, max(places - 2, 0)),
        ),
        "points": curve.height,
        "bars": broken.bars,
        "drawdowns": broken.drawdowns,
        "years": breakdown.monthly_returns(
            days.lazy(), starting_cash=stored.starting_cash, calendar=stored.calendar, tz=stored.tz
        ),
        "day_bins": breakdown.histogram(days["return"], bins=_BINS),
        "day_returns": days["return"].drop_nulls().len(),
    }


def _describe_trades(run: Run) -> dict[str, Any]:
    trades = breakdown.read_trades(run.stored)
    if is_daily(run.spec["interval"]):  # such bars have dates, a fill at a close that of its bar
        trades = trades.with_columns(entry_ts=pl.col("entry_open"), exit_ts=pl.col("exit_open"))
    closed = trades.filter(pl.col("exit_ts").is_not_null())["net_pnl"]
    groups = {by: breakdown.group_trades(trades, by) for by in _GROUPS} if closed.len() else {}
    return {
        "trades": trades.head(MOST_TRADES).to_dicts(),
        "trades_total": trades.height,
        "trade_bins": breakdown.histogram(closed, bins=_BINS),
        "groups": [(breakdown.GROUPS[by], members) for by, members in groups.items()],
    }
