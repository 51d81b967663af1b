"""Finished runs beside each other."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal, cast

import polars as pl
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.permissions.models import User
from apps.runs.actions import MOST_RUNS, match_runs, read_compared, suggest_runs
from apps.runs.forms import CompareForm
from apps.runs.models import Run
from apps.runs.templatetags.comparing import LETTERS
from hewston.frames import send_content, send_frame
from hewston.http import STATUSES
from hewston.pipeline import comparison
from hewston.pipeline.comparison import ComparedRun, TradeComparison
from hewston.pipeline.comparison.drawing import draw_waterfall
from hewston.pipeline.comparison.report import STEPS
from hewston.pipeline.comparison.sentences import conclude, summarise
from hewston.pipeline.comparison.trades import MOST_BARS
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.intervals import is_daily
from hewston.pipeline.playback import encode_columns
from hewston.pipeline.playback.columns import seconds
from hewston.pipeline.spec import sha256_text

_ROWS = 50
_SUGGESTED = 12
_CURVES_FORMAT = 1  # raise it when the same runs give other bytes


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Compare two to six runs; where they cannot be, say why and let others be chosen."""
    form = CompareForm(request.GET)
    try:
        runs = form.find_compared(request.user)
    except HewstonError as problem:
        if problem.code == "RUN_NOT_FOUND":
            raise
        return _choose(request, form, problem)
    if "choose" in request.GET:
        return _choose(request, form, None)
    compared = [read_compared(run) for run in runs]
    trades = match_runs(compared[0], compared[1], form.chosen_tolerance)
    decisions = comparison.list_decisions(compared)
    figures = comparison.compare_figures(compared)
    page: dict[str, object] = {
        "form": form,
        "runs": _name(runs, compared),
        "a": runs[0],
        "b": runs[1],
        "decisions_count": len(decisions),
        "figures_count": len(figures),
        "most_bars": MOST_BARS,
        "differs": [one for one in decisions if one.differs],
        "same": [one for one in decisions if not one.differs],
        "source": comparison.compare_sources(compared[0], compared[1]),
        "figures": [one for one in figures if one.differs],
        "figures_same": [one for one in figures if not (one.differs or one.is_absent)],
        "figures_absent": [one for one in figures if one.is_absent],
        "summary": summarise(trades),
        "conclusions": conclude(trades),
        "currency": compared[0].currency,
        "trades": trades,
        "steps": _draw_steps(trades),
        "ids": ",".join(run.pk for run in runs),
    }
    return render(request, "runs/compare.html", page | _list_rows(request, form, trades))


@require_safe
def compare_curves(request: HttpRequest) -> HttpResponseBase:
    """Give the runs' equity and drawdown over each other, as columns."""
    runs = CompareForm(request.GET).find_compared(request.user)
    name = sha256_text(" ".join([str(_CURVES_FORMAT), *(run.manifest_sha256 for run in runs)]))
    return send_content(
        request,
        lambda: _encode_curves(runs),
        etag=name[:32],
        name="curves",
        content_type="application/octet-stream",
    )


@require_safe
def export_matches(request: HttpRequest, kind: Literal["csv", "json"]) -> HttpResponseBase:
    """Give every trade of two runs, matched or not, times in UTC."""
    form = CompareForm(request.GET)
    a, b, *_ = form.find_compared(request.user)
    said = f"{a.manifest_sha256} {b.manifest_sha256} {form.chosen_tolerance} {form.chosen_kind}"
    return send_frame(
        request,
        lambda: comparison.list_matches(
            match_runs(read_compared(a), read_compared(b), form.chosen_tolerance), form.chosen_kind
        ),
        kind=kind,
        etag=sha256_text(said)[:32],
        name=f"trades-{a.pk}-{b.pk}",
    )


def _choose(request: HttpRequest, form: CompareForm, problem: HewstonError | None) -> HttpResponse:
    """Let runs be chosen. That none or one is named yet is no mistake."""
    user = cast(User, request.user)
    known = Run.objects.visible_to(user).select_related("dataset", "metrics").in_bulk(form.ids)
    picked = [known[run_id] for run_id in dict.fromkeys(form.ids) if run_id in known]
    if len(form.ids) <= 1:
        problem = None
        if len(picked) < len(form.ids):
            raise Http404
    page = {
        "form": form,
        "picked": picked,
        "problem": problem,
        "suggested": suggest_runs(user=user, runs=picked, most=_SUGGESTED),
        "most": MOST_RUNS,
    }
    status = 200 if problem is None else STATUSES[problem.code]
    return render(request, "runs/compare_choose.html", page, status=status)


def _name(runs: Sequence[Run], compared: Sequence[ComparedRun]) -> list[dict[str, object]]:
    """Give each run its letter: A and B are those whose trades are matched."""
    return [
        {
            "letter": letter,
            "run": run,
            "net_profit": one.net_profit,
            "trades": one.trades.height,
            "currency": one.currency,
        }
        for letter, run, one in zip(LETTERS, runs, compared, strict=False)
    ]


def _encode_curves(runs: Sequence[Run]) -> bytes:
    drawn = comparison.draw_curves([read_compared(run) for run in runs])
    columns = {"time": seconds(drawn.ts_open)}
    for letter, curve in zip(LETTERS, drawn.curves, strict=False):
        columns[f"growth:{letter}"] = pl.Series(curve.growth)
        columns[f"drawdown:{letter}"] = pl.Series(curve.drawdown)
    about = {
        "start": None if drawn.start is None else drawn.start.timestamp(),
        "bars_a_point": drawn.bars_a_point,
        "runs": [
            {
                "letter": letter,
                "run_id": run.pk,
                "end": None if curve.reason else curve.end,
                "deepest": None if curve.reason else curve.deepest,
                "reason": curve.reason,
            }
            for letter, run, curve in zip(LETTERS, runs, drawn.curves, strict=False)
        ],
    }
    return encode_columns(columns, about=about)


def _draw_steps(trades: TradeComparison) -> list[dict[str, object]]:
    waterfall = trades.waterfall
    if waterfall is None:
        return []
    return draw_waterfall(
        waterfall.start,
        [(one.key, STEPS[one.key], one.amount, one.trades) for one in waterfall.steps],
        waterfall.end,
        labels=("Net profit of A", "Net profit of B"),
    )


def _list_rows(
    request: HttpRequest, form: CompareForm, trades: TradeComparison
) -> dict[str, object]:
    """Choose the matches of a kind and a page, as the table shows them."""
    matches = comparison.list_matches(trades, form.chosen_kind)
    column, falls = form.chosen_order
    if column == "difference":
        matches = matches.sort("difference", descending=falls, maintain_order=True)
    elif falls:
        matches = matches.reverse()
    page = Paginator(range(matches.height), _ROWS).get_page(request.GET.get("page"))
    shown = matches[page.start_index() - 1 : page.end_index()] if matches.height else matches
    rows = shown.to_dicts()
    for row in rows:
        for name, run in (("a", trades.a), ("b", trades.b)):
            _tell_times(row, name, run)
    return {"page": page, "rows": rows, "total": trades.matches.height}


def _tell_times(row: dict[str, Any], name: str, run: ComparedRun) -> None:
    """Say when the bar of the entry begins, and times of bars of whole dates by their bars."""
    starts = run.equity["ts_open"]
    bar = row[f"{name}_entry_bar"]
    row[f"{name}_at"] = None if bar is None else _write(starts[bar])
    if is_daily(run.interval):
        for end in ("entry", "exit"):
            at = row[f"{name}_{end}_bar"]
            row[f"{name}_{end}_ts"] = None if at is None else starts[at]


def _write(ts: dt.datetime) -> str:
    return ts.strftime("%Y-%m-%dT%H:%M:%SZ")
