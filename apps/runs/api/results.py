"""A finished run's artifacts through the API: whole as they are stored, chosen, and broken down."""

import dataclasses
import math
from collections.abc import Callable, Sequence

import polars as pl
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from apps.runs.actions import GROUP_FIELDS, TRADE_FIELDS, TRADE_ORDER, read_selection, reading_run
from apps.runs.api.finding import find_done, read_hash
from apps.runs.api.router import GET, router
from apps.runs.models import Run
from hewston.access import READ
from hewston.body import read_query
from hewston.frames import FORMAT, name_times, send_frame, send_parquet
from hewston.openapi import describe_query, refusals
from hewston.pipeline import artifacts, breakdown
from hewston.pipeline.fields import Rule
from hewston.pipeline.spec import canonical_json, sha256_text

_BINS = 24
_TRADES: dict[str, Rule] = {**FORMAT, **TRADE_FIELDS, **GROUP_FIELDS, **TRADE_ORDER}
_EQUITY: dict[str, Rule] = {
    **FORMAT,
    "sampling": {
        "type": "str",
        "default": "bar",
        "choices": ("bar", "daily"),
        "help": "daily: a row for each exchange date, with the return over the one before",
    },
}
_WHOLE = "Whole, as `{items, total}`; or as CSV, or as the Parquet file that is stored."


def _send_stored(request: HttpRequest, run: Run, frame: str, kind: str) -> HttpResponseBase:
    path = run.folder / artifacts.frame_file(frame)
    with reading_run(run):
        etag, name = read_hash(run, frame), f"{frame}-{run.pk}"
        if kind == "parquet":
            return send_parquet(request, path, etag=etag, name=name)
        return send_frame(
            request,
            lambda: artifacts.read_frame(run.folder, frame),
            kind="csv" if kind == "csv" else "json",
            etag=etag,
            name=name,
        )


def _serve_frame(frame: str) -> Callable[[HttpRequest, str], HttpResponseBase]:
    def show_frame(request: HttpRequest, run_id: str) -> HttpResponseBase:
        kind = read_query(request, FORMAT)["format"]
        return _send_stored(request, find_done(request, run_id), frame, kind)

    return show_frame


for _frame in ("signals", "orders", "fills"):
    router.add_api_operation(
        f"/backtests/{{run_id}}/{_frame}",
        GET,
        _serve_frame(_frame),
        auth=READ,
        summary=f"A run's {_frame}",
        description=_WHOLE,
        operation_id=f"show_{_frame}",
        response={200: dict, **refusals(404, 409, 422)},
        openapi_extra={"parameters": describe_query(FORMAT)},
        url_name=f"run-{_frame}",
    )


@router.api_operation(
    GET,
    "/backtests/{run_id}/trades",
    auth=READ,
    summary="A run's trades",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(_TRADES)},
    url_name="run-trades",
)
def show_trades(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """Give them as they are stored; chosen or sorted, each with the place of its entry too.

    With `group_by`: `key`, `label`, `trades`, `net_pnl`, `average`, `hit_rate`, `profit_factor` of
    the closed ones, and `absent`, which says why a group has no averages.
    """
    asked = read_query(request, _TRADES)
    run = find_done(request, run_id)
    selection, kind, group_by = read_selection(asked), asked["format"], asked["group_by"]
    if all(asked[name] == rule["default"] for name, rule in _TRADES.items() if name != "format"):
        return _send_stored(request, run, "trades", kind)

    def make() -> pl.DataFrame:
        found = selection.apply(breakdown.read_trades(run.stored))
        if group_by:
            return breakdown.frame_groups(breakdown.group_trades(found, group_by))
        return breakdown.sort_trades(found, asked["order"]).drop("entry_open", "exit_open")

    with reading_run(run):
        said = canonical_json({name: str(value) for name, value in asked.items()})
        etag = sha256_text(f"{read_hash(run, 'trades')} {said}")
        name = f"{'groups' if group_by else 'trades'}-{run.pk}"
        return send_frame(request, make, kind=kind, etag=etag, name=name)


@router.api_operation(
    GET,
    "/backtests/{run_id}/equity",
    auth=READ,
    summary="A run's equity",
    response={200: dict, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(_EQUITY)},
    url_name="run-equity",
)
def show_equity(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """Give each bar as it is stored, or with `sampling=daily` each exchange date.

    A date has `equity` and `ts_open` of its last bar, `return`, `benchmark` (buy and hold without
    costs), the deepest `drawdown` of its bars, mean exposure `long` and `short`, and `sharpe` and
    `volatility` of the last 63 daily returns.
    """
    asked = read_query(request, _EQUITY)
    run = find_done(request, run_id)
    if asked["sampling"] == "bar":
        return _send_stored(request, run, "equity", asked["format"])
    with reading_run(run):
        return send_frame(
            request,
            lambda: breakdown.read_breakdown(run.stored).days,
            kind=asked["format"],
            etag=sha256_text(f"daily {read_hash(run, 'equity')}"),
            name=f"equity-daily-{run.pk}",
        )


@router.api_operation(
    GET,
    "/backtests/{run_id}/breakdown",
    auth=READ,
    summary="A run over time",
    response={200: dict, **refusals(404, 409)},
    url_name="run-breakdown",
)
def show_breakdown(request: HttpRequest, run_id: str) -> JsonResponse:
    """Give what its page draws: the deepest `drawdowns`, `years` of monthly returns, `days`.

    And how often `daily_returns` and `trade_returns` lie between `low` (inclusive) and `high`; an
    end that is null has no end. `window` is the number of daily returns of `sharpe` and
    `volatility`, which are null before there are so many.
    """
    read_query(request, {})
    run = find_done(request, run_id)
    with reading_run(run):
        stored = run.stored
        broken = breakdown.read_breakdown(stored)
        trades = artifacts.read_frame(run.folder, "trades")
    closed = trades.filter(pl.col("exit_ts").is_not_null())
    years = breakdown.monthly_returns(
        broken.days.lazy(),
        starting_cash=stored.starting_cash,
        calendar=stored.calendar,
        tz=stored.tz,
    )
    drawdowns = pl.DataFrame([dataclasses.asdict(one) for one in broken.drawdowns])
    return JsonResponse(
        {
            "bars": broken.bars,
            "drawdowns": name_times(drawdowns).to_dicts(),
            "years": [
                {"year": one.year, "months": one.months, "total": _finite(one.total)}
                for one in years
            ],
            "window": breakdown.WINDOW,
            "days": name_times(broken.days).to_dicts(),
            "daily_returns": _count(broken.days["return"]),
            "trade_returns": _count(closed["net_pnl"]),
        }
    )


def _count(values: pl.Series) -> Sequence[dict[str, float | None]]:
    return [
        {"low": _finite(one.low), "high": _finite(one.high), "count": one.count}
        for one in breakdown.histogram(values, bins=_BINS)
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
