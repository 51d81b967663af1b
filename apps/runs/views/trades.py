"""A run's trades: chosen, sorted, grouped, drawn and exported."""

from urllib.parse import urlencode

import polars as pl
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.runs.actions import TRADE_EXPORT, read_selection, write_trades
from apps.runs.forms import TradeFilter
from apps.runs.models import Run
from apps.runs.views.film import columns_url_of, list_intervals, open_interval
from apps.runs.views.finding import find_finished, read_trades, reading_run
from hewston.body import read_query
from hewston.frames import send_made
from hewston.http import compress_columns, send_columns
from hewston.pipeline import breakdown
from hewston.pipeline.playback.columns import encode_columns
from hewston.pipeline.spec import canonical_json, sha256_text

_PAGE = 25
_BINS = 24
_LAST_TRADE = 2**32 - 1  # that a column of numbers of trades can hold
_REASONS = 100  # that the filter offers, the most frequent ones


@require_safe
def trades(request: HttpRequest, run_id: str) -> HttpResponse:
    """List a run's trades beside its chart, with groups and distributions of those chosen."""
    run = find_finished(request, run_id)
    form = TradeFilter(request.GET)
    with reading_run(run):
        every = read_trades(run)
        found = breakdown.sort_trades(form.selection.apply(every), form.sorted_by)
        page = _find_page(found, request.GET)
        shown = found[page.start_index() - 1 : page.end_index()] if found.height else found
        closed = found.filter(pl.col("exit_ts").is_not_null())
        points = reverse("run-points", args=[run.pk, breakdown.address(run.results_sha256)])
        described = {
            "run": run,
            "form": form,
            "page": page,
            "trades": shown.to_dicts(),
            "every": every.height,
            "closed": closed.height,
            "net_pnl": breakdown.total(closed["net_pnl"]),
            "reasons": _list_reasons(every),
            "groups": _link_groups(breakdown.group_trades(found, form.group), form),
            "group_label": breakdown.GROUPS[form.group],
            "least": breakdown.LEAST_TRADES,
            "group_choices": list(breakdown.GROUPS.items()),
            "durations": breakdown.histogram(closed["bars_held"], bins=_BINS, whole=True),
            "median_held": closed["bars_held"].median(),
            "points_url": f"{points}?{form.query}",
            **_describe_chart(run, every, request.GET.get("trade", "")),
        }
    return render(request, "runs/trades.html", described)


def _find_page(found: pl.DataFrame, asked: QueryDict) -> Page[int]:
    """Give the page that was asked for, else the one with the wanted trade, else the first."""
    pages = Paginator(range(found.height), _PAGE)
    number: str | int | None = asked.get("page")
    wanted = asked.get("trade", "")
    is_number = wanted.isascii() and wanted.isdigit() and len(wanted) <= len(str(_LAST_TRADE))
    if number is None and is_number and int(wanted) <= _LAST_TRADE:
        row = found["trade_id"].index_of(int(wanted))
        number = None if row is None else row // _PAGE + 1
    return pages.get_page(number)


def _link_groups(
    groups: list[breakdown.TradeGroup], form: TradeFilter
) -> list[tuple[breakdown.TradeGroup, str]]:
    """Pair groups with the query that shows their trades; trades without a reason have none."""
    name = "reason" if form.group.endswith("reason") else form.group
    said = {**form.asked, "group_by": form.group}
    return [
        (group, "" if group.key == "" else urlencode({**said, name: group.key})) for group in groups
    ]


def _describe_chart(run: Run, every: pl.DataFrame, wanted: str) -> dict[str, object]:
    """Give what the chart needs, and the trade that it shows."""
    is_number = wanted.isascii() and wanted.isdigit() and len(wanted) <= len(str(every.height))
    row = int(wanted) - 1 if is_number and 1 <= int(wanted) <= every.height else None
    trade = None if row is None else every.row(row, named=True)
    last = trade and (trade["entry_bar"] if trade["exit_bar"] is None else trade["exit_bar"])
    return {
        "interval": run.spec["interval"],
        "intervals": list_intervals(run),
        "chart_interval": open_interval(run, breakdown.read_breakdown(run.stored).bars),
        "columns_url": columns_url_of(run, "INTERVAL"),
        "wanted": trade,
        "bars_wanted": [trade["entry_bar"], last] if trade else None,
        "unknown_trade": wanted if trade is None else "",
        "trades_total": every.height,
    }


def _list_reasons(trades: pl.DataFrame) -> list[str]:
    """List the reasons of entries and exits, the most frequent first."""
    reasons = pl.concat([trades["entry_reason"], trades["exit_reason"].alias("entry_reason")])
    counts = reasons.drop_nulls().alias("reason").value_counts(name="count")
    ordered = counts.sort("count", "reason", descending=[True, False])
    return ordered["reason"].head(_REASONS).to_list()


@require_safe
def points(request: HttpRequest, run_id: str, address: str) -> HttpResponse:
    """Give the excursions of chosen trades for a plot, at an address that names their content.

    Columns: trade_id, entry_bar, last_bar (the exit's, or the entry's while it is open), mae and
    mfe (money), net_pnl.
    """
    run = find_finished(request, run_id)
    if address != breakdown.address(run.results_sha256):
        raise Http404
    with reading_run(run):
        found = TradeFilter(request.GET).selection.apply(read_trades(run))
        chosen = found.select(
            "trade_id",
            "entry_bar",
            pl.coalesce("exit_bar", "entry_bar").alias("last_bar"),
            "mae",
            "mfe",
            "net_pnl",
        )
        encoded = encode_columns({name: chosen[name] for name in chosen.columns})
    return send_columns(request, compress_columns(encoded))


@require_safe
def export_trades(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """Give chosen trades, or groups of them, as CSV, Parquet or Excel."""
    run = find_finished(request, run_id)
    asked = read_query(request, TRADE_EXPORT)
    read_selection(asked)  # refused before anything is made
    said = canonical_json({name: str(value) for name, value in asked.items()})
    with reading_run(run):
        return send_made(
            request,
            lambda path: write_trades(run=run, asked=asked, path=path),
            kind=asked["format"],
            etag=sha256_text(f"{run.results_sha256} {said}"),
            name=f"{'groups' if asked['group_by'] else 'trades'}-{run.pk}",
        )
