"""Runs as JSON, and the list of them."""

import contextlib
from collections.abc import Mapping
from typing import Any, cast, get_args

from django.db.models import F
from django.http import HttpRequest
from ninja import Field, Schema

from apps.permissions.models import User
from apps.runs.actions import reading_run
from apps.runs.forms import RANGES, SEARCH_LENGTH, RunListing, narrow, read_ranges
from apps.runs.models import Run, RunQuerySet
from hewston.body import PAGE, read_query
from hewston.http import DamagedError
from hewston.pipeline import artifacts
from hewston.pipeline.diagnostics import CHECKS
from hewston.pipeline.diagnostics.finding import Unit
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import Rule, suggest
from hewston.pipeline.metrics import METRICS
from hewston.pipeline.spec import RUN_FIELDS
from hewston.pipeline.store import read_json
from hewston.taskqueue import Status

_COLUMNS = {
    **{name: name for name in ("created_at", "started_at", "ended_at", "status", "strategy_id")},
    "dataset_id": "dataset_id",
    "symbol": "dataset__symbol",
    **{name: f"metrics__{name}" for name in METRICS},
}
LIST_FIELDS: dict[str, Rule] = {
    "symbol": {"type": "str", "default": None, "help": "the symbol of its data"},
    "dataset_id": {"type": "str", "default": None, "help": "its dataset"},
    "revision": {
        "type": "int",
        "default": None,
        "min": 1,
        "max": 10**9,
        "help": "the revision of its dataset",
    },
    "from": {"type": "date", "default": None, "help": "trades on this exchange date or later"},
    "to": {"type": "date", "default": None, "help": "trades on this exchange date or earlier"},
    "strategy_id": {"type": "str", "default": None, "help": "its strategy"},
    "status": {"type": "str", "default": None, "choices": tuple(Status.values)},
    "q": {
        "type": "str",
        "default": None,
        "help": "words that are in the id, the name, the note or a tag; those of 1 or 2 characters "
        f"begin an id or are a tag; at most {SEARCH_LENGTH} characters",
    },
    "tag": {"type": "str", "default": None, "help": "with this tag"},
    "archived": {
        "type": "str",
        "default": None,
        "choices": ("only", "any"),
        "help": "those that are archived alone, or too",
    },
    **{
        name: {
            "type": "float",
            "default": None,
            "help": f"{key} is {'at least' if end == 'min' else 'at most'} this",
        }
        for name, (key, end) in RANGES.items()
    },
    **PAGE,
    "order": {
        "type": "str",
        "default": "-created_at",
        "help": "created_at, started_at, ended_at, status, strategy_id, dataset_id, symbol or a "
        "metric; with a minus it falls; runs without the figure are last",
    },
}


class RunOut(Schema):
    """A run: what was asked for, where it stands, and its figures."""

    run_id: str = Field(examples=["0123456789ab"])
    status: str = Field(examples=["DONE"], description=", ".join(Status.values))
    owner: str
    name: str
    note: str
    tags: list[str]
    archived: bool
    archived_at: str | None
    dataset_id: str
    revision: int
    bars_sha256: str
    symbol: str
    interval: str
    strategy_id: str
    strategy_version: str | None = Field(
        description="OWNER/SLUG@NUMBER of a version; null of a built-in strategy, and of one that "
        "is not here"
    )
    params: dict[str, Any]
    seed: int
    from_: str | None = Field(alias="from", description="first exchange date, inclusive")
    to: str | None = Field(description="last exchange date, inclusive")
    session: str
    fill_clock: str
    size: float
    sizing: str
    starting_cash: float
    max_leverage: float
    limit_gap: str
    slippage_fees: dict[str, Any]
    speed: float
    input_hash: str
    code_hash: str
    created_at: str = Field(examples=["2026-01-31T12:00:00.123Z"])
    started_at: str | None
    ended_at: str | None
    duration_ms: int | None
    attempt: int
    progress: dict[str, Any] = Field(description="`share`: from 0 to 1")
    error: dict[str, Any] | None = Field(description="`code` and `message` of a run that failed")
    metrics: dict[str, float | int | None] = Field(description="empty until it is done")
    artifacts: dict[str, str] = Field(description="name → address; empty until it is done")
    manifest: str | None = Field(description="address of the manifest")


class EvidenceOut(Schema):
    """A labelled number behind a finding."""

    label: str
    value: float | int | str = Field(description="text where there is no number, and why")
    unit: str = Field(examples=["money"], description=", ".join(get_args(Unit)))


class FindingOut(Schema):
    """Something odd in a run."""

    key: str = Field(examples=["costs_off"], description=", ".join(CHECKS))
    severity: str = Field(description="error, warning, info")
    message: str
    evidence: list[EvidenceOut] = Field([], description="absent in runs of older versions")
    advice: str = Field("", description="what to do; absent in runs of older versions")
    bar: int | None = Field(description="the run's bar where it is seen, counted from 0")
    ts_open: str | None = Field(description="when that bar begins, UTC")


class UncheckedOut(Schema):
    """A check that could not be made."""

    key: str
    reason: str


class RunDetail(RunOut):
    """A run, with what was found odd in its result."""

    findings: list[FindingOut] | None = Field(
        description="gravest first; null until it is done, or where its files are damaged"
    )
    unchecked: list[UncheckedOut] | None = Field(
        description="checks that could not be made; null likewise, and in runs of older versions"
    )


class RunList(Schema):
    """A page of the list; ``total`` counts every run that matches."""

    items: list[RunOut]
    total: int
    limit: int
    offset: int


def list_runs(request: HttpRequest) -> dict[str, object]:
    """Filter, sort and cut. Raises InputError with the field."""
    asked = read_query(request, LIST_FIELDS)
    if asked["from"] and asked["to"] and asked["from"] > asked["to"]:
        raise InputError(f"from ({asked['from']}) is after to ({asked['to']}).", field="from")
    if len(asked["q"] or "") > SEARCH_LENGTH:
        allowed = f"at most {SEARCH_LENGTH} characters"
        raise InputError(f"q must have {allowed}.", field="q", allowed=allowed)
    wanted = {name: value for name, value in asked.items() if value is not None}
    found = RunListing(
        runs=narrow(cast("User", request.user), wanted),
        ranges=read_ranges(wanted),
        column=_find_column(asked["order"]),
        falls=asked["order"].startswith("-"),
        counts_all=True,
    )
    start, size = asked["offset"], asked["limit"]
    ids = found[start : start + size]  # sorting moves ids only; the rows of the page follow
    rows = with_all(Run.objects.filter(pk__in=ids)).in_bulk()  # ids of visible runs
    return {
        "items": [describe(rows[pk]) for pk in ids if pk in rows],
        "total": found.count(),
        "limit": size,
        "offset": start,
    }


def with_all(runs: RunQuerySet) -> RunQuerySet:
    """Fetch what ``describe`` shows, and no object for a single name."""
    return (
        runs.select_related("metrics")
        .prefetch_related("tags")
        .annotate(
            owner_name=F("owner__username"),
            revision_number=F("revision__number"),
            author_name=F("version__strategy__owner__username"),
        )
    )


def describe(run: Run) -> dict[str, object]:
    """Give the JSON of a run that ``with_all`` fetched; no artifact is opened."""
    is_done = run.status == Status.DONE
    spec, figures = run.spec, getattr(run, "metrics", None)
    author = run.author_name  # type: ignore[attr-defined]  # by with_all
    names = (*artifacts.FRAMES, "metrics", "manifest") if is_done else ()
    address = f"/backtests/{run.pk}"  # written here: resolving a page's 350 names takes 10 ms
    links = {name: f"{address}/{name}" for name in names}
    return {
        "run_id": run.pk,
        "status": run.status,
        "owner": run.owner_name,  # type: ignore[attr-defined]  # by with_all
        "name": run.name,
        "note": run.note,
        "tags": run.tag_names,
        "archived": run.is_archived,
        "archived_at": run.archived_at,
        "dataset_id": run.dataset_id,
        "revision": run.revision_number,  # type: ignore[attr-defined]  # likewise
        "bars_sha256": spec["bars_sha256"],
        "strategy_id": run.strategy_id,
        "strategy_version": None if run.version_id is None else f"{author}/{run.strategy_id}",
        **{name: spec[name] for name in ("symbol", "interval", "params", *RUN_FIELDS)},
        "slippage_fees": spec["slippage_fees"],
        "speed": run.speed,
        "input_hash": run.input_hash,
        "code_hash": run.code_hash,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "duration_ms": run.duration_ms,
        "attempt": run.attempt,
        "progress": run.progress,
        "error": run.error,
        "metrics": {name: getattr(figures, name) for name in METRICS} if figures else {},
        "artifacts": links,
        "manifest": links.get("manifest"),
    }


def read_findings(run: Run) -> dict[str, object]:
    """Give the findings of a run that is done, and which checks could not be made.

    Where the run stands is told even when its files are damaged: then both are null.
    """
    figures: Mapping[str, object] = {}
    if run.status == Status.DONE:
        with contextlib.suppress(DamagedError), reading_run(run):
            figures = read_json(run.folder / artifacts.METRICS_FILE)
    return {name: figures.get(name) for name in ("findings", "unchecked")}


def _find_column(order: str) -> str:
    name = order.removeprefix("-")
    if name not in _COLUMNS:
        raise InputError(
            f"Runs have no order {order}. {suggest(name, sorted(_COLUMNS))}",
            field="order",
            allowed=sorted(_COLUMNS),
        )
    return _COLUMNS[name]
