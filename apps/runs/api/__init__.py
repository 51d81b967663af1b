"""Runs through the API: ask for one, follow it, take its artifacts."""

from typing import cast

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from ninja import Schema

from apps.permissions.models import User
from apps.runs.actions import (
    NAME_LENGTH,
    NOTE_LENGTH,
    archive_run,
    build_spec,
    cancel_run,
    delete_run,
    describe_run,
    find_by_key,
    make_report,
    read_policy,
    reading_run,
    request_run,
    restore_run,
)
from apps.runs.api import proof, results
from apps.runs.api.finding import find_done, find_run, read_hash
from apps.runs.api.keeping import TAGS
from apps.runs.api.listing import (
    LIST_FIELDS,
    RunDetail,
    RunList,
    RunOut,
    describe,
    list_runs,
    read_findings,
)
from apps.runs.api.requests import (
    BODY,
    KEY_HEADER,
    read_key,
    read_request,
)
from apps.runs.api.router import GET, router
from hewston.access import READ, RUN
from hewston.body import read_object, read_query, read_text, read_texts
from hewston.frames import send_content
from hewston.openapi import describe_body, describe_query, refusals
from hewston.pipeline import artifacts
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import Rule, suggest
from hewston.taskqueue import LEVELS, read_log

__all__ = ["RunStarted", "proof", "results", "router"]

# keeping was imported first: /backtests/change is no run.
_WORDS = {"name": NAME_LENGTH, "note": NOTE_LENGTH}


class RunStarted(Schema):
    """Whether a run is new (QUEUED), or known by its key or its inputs (EXISTS)."""

    run_id: str
    status: str


@router.post(
    "/backtests",
    auth=RUN,
    summary="Ask for a run",
    response={202: RunStarted, 200: RunStarted, **refusals(404, 409, 413, 422, 429, 503)},
    openapi_extra={"requestBody": BODY, "parameters": [KEY_HEADER]},
    url_name="runs",
)
def ask_for_run(request: HttpRequest) -> HttpResponse:
    """202 and QUEUED for a new run; 200 and EXISTS where the key, or the same inputs, are known."""
    user = cast("User", request.user)
    asked = read_request(read_object(request), user=user)
    key = read_key(request, asked.body_sha256)
    run = find_by_key(owner=user, key=key) if key else None
    created = False
    if run is None:
        revision = asked.find_revision(user)
        spec = build_spec(
            revision=revision,
            strategy=asked.strategy,
            params=asked.params,
            options=asked.options,
        )
        run, created = request_run(
            owner=user,
            revision=revision,
            spec=spec,
            version=asked.strategy.version,
            key=key,
            speed=asked.speed,
            name=asked.name,
            note=asked.note,
        )
    body = {"run_id": run.pk, "status": "QUEUED" if created else "EXISTS"}
    return JsonResponse(
        body, status=202 if created else 200, headers={"Location": f"/backtests/{run.pk}"}
    )


@router.api_operation(
    GET,
    "/backtests",
    auth=READ,
    summary="List runs",
    response={200: RunList, **refusals(422)},
    openapi_extra={"parameters": describe_query(LIST_FIELDS)},
)
def show_runs(request: HttpRequest) -> HttpResponse:
    """With from and to: runs that trade on some date between them, both inclusive."""
    return JsonResponse(list_runs(request))


@router.api_operation(
    GET,
    "/backtests/{run_id}",
    auth=READ,
    summary="One run",
    response={200: RunDetail, **refusals(404)},
    url_name="run",
)
def show_run(request: HttpRequest, run_id: str) -> HttpResponse:
    """What was asked for, where it stands, its metrics, findings and addresses of its artifacts."""
    read_query(request, {})
    run = find_run(request, run_id)
    return JsonResponse(describe(run) | read_findings(run))


@router.patch(
    "/backtests/{run_id}",
    auth=RUN,
    summary="Name, tag or archive a run",
    response={200: RunOut, **refusals(404, 409, 422, 429)},
    openapi_extra={
        "requestBody": describe_body(
            {word: {"type": "string", "maxLength": longest} for word, longest in _WORDS.items()}
            | {
                "tags": TAGS | {"description": "in place of those before"},
                "archived": {"type": "boolean", "description": "lists leave it out"},
            },
            required=[],
            example={"name": "baseline", "tags": ["checked"], "archived": False},
        )
    },
)
@transaction.atomic
def name_run(request: HttpRequest, run_id: str) -> HttpResponse:
    """Change its name, note, tags, or whether lists leave it out; they decide nothing."""
    run = find_run(request, run_id)
    body = read_object(request)
    known = [*_WORDS, "tags", "archived"]
    for word in body:
        if word not in known:
            message = f"{word} cannot be changed. {suggest(word, known)}"
            raise InputError(message, field=word, allowed=known)
    said = {word: read_text(body, word, longest=_WORDS[word]) for word in _WORDS if word in body}
    describe_run(run=run, tags=read_texts(body, "tags"), **said)
    if (archived := body.get("archived")) is not None:
        if not isinstance(archived, bool):
            message = "archived must be true or false."
            raise InputError(message, field="archived", allowed="true or false")
        (archive_run if archived else restore_run)(run=run)
    return JsonResponse(describe(find_run(request, run_id)))


@router.delete(
    "/backtests/{run_id}",
    auth=RUN,
    summary="Delete a run",
    response={204: None, **refusals(404, 409, 429)},
)
def remove_run(request: HttpRequest, run_id: str) -> HttpResponse:
    """Remove a run that is over, with its artifacts and its log."""
    delete_run(run=find_run(request, run_id))
    return HttpResponse(status=204)


@router.post(
    "/backtests/{run_id}/cancel",
    auth=RUN,
    summary="Cancel a run",
    response={200: RunOut, **refusals(404, 409, 429)},
    url_name="run-cancel",
)
def stop_run(request: HttpRequest, run_id: str) -> HttpResponse:
    """Stop it within two seconds; nothing but its log is kept."""
    run = find_run(request, run_id)
    cancel_run(run=run)
    return JsonResponse(describe(run))


@router.api_operation(
    GET,
    "/backtests/{run_id}/manifest",
    auth=READ,
    summary="A run's manifest",
    response={200: dict, **refusals(404, 409)},
    url_name="run-manifest",
)
def show_manifest(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """Give what decided the run and the digest of each artifact, byte for byte."""
    run = find_done(request, run_id)
    path = run.folder / artifacts.MANIFEST_FILE
    with reading_run(run):
        etag = run.results_sha256[:32]
        name = f"manifest-{run.pk}.json"
        return send_content(
            request, path.read_bytes, etag=etag, name=name, content_type="application/json"
        )


@router.api_operation(
    GET,
    "/backtests/{run_id}/metrics",
    auth=READ,
    summary="A run's metrics",
    response={200: dict, **refusals(404, 409)},
    url_name="run-metrics",
)
def show_metrics(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """Give `values`, `reasons` of those that are null, `bands`, `samples`, drawdown, findings."""
    run = find_done(request, run_id)
    path = run.folder / artifacts.METRICS_FILE
    with reading_run(run):
        return send_content(
            request,
            path.read_bytes,
            etag=read_hash(run, artifacts.METRICS_FILE)[:32],
            name=f"metrics-{run.pk}.json",
            content_type="application/json",
        )


_LOG: dict[str, Rule] = {
    "last": {"type": "int", "default": 200, "min": 1, "max": 100_000, "help": "newest lines"},
    "level": {"type": "str", "default": "info", "choices": LEVELS, "help": "and what is worse"},
}


@router.api_operation(
    GET,
    "/backtests/{run_id}/report.html",
    auth=READ,
    summary="A run's report",
    response={200: None, **refusals(404, 409)},
    url_name="run-report",
)
def show_report(request: HttpRequest, run_id: str) -> HttpResponse:
    """Give the run as one HTML file that needs nothing else, to read, print and keep."""
    read_query(request, {})
    run = find_done(request, run_id)
    return HttpResponse(
        make_report(run=run),
        content_type="text/html; charset=utf-8",
        headers={
            "Content-Disposition": f'inline; filename="report-{run.pk}.html"',
            "Content-Security-Policy": read_policy(),
        },
    )


@router.api_operation(
    GET,
    "/backtests/{run_id}/log",
    auth=READ,
    summary="A run's log",
    response={200: None, **refusals(404, 422)},
    openapi_extra={"parameters": describe_query(_LOG)},
    url_name="run-log",
)
def show_log(request: HttpRequest, run_id: str) -> HttpResponse:
    """Give the newest lines as text, whatever the state of the run."""
    asked = read_query(request, _LOG)
    text = read_log(find_run(request, run_id).pk, last=asked["last"], level=asked["level"])
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
