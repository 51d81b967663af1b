"""Proofs of runs through the API, and runs that go to another machine or come from one."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from ninja import Field, Schema

from apps.permissions.models import User
from apps.runs.actions import (
    BUNDLE_FIELDS,
    cancel_reproduction,
    check_done,
    find_run,
    import_upload,
    request_reproduction,
    tag_bundle,
    verify_run,
    write_bundle,
)
from apps.runs.api.router import GET, router
from apps.runs.models import Reproduction, Run
from hewston.access import INGEST, READ, RUN
from hewston.body import read_query
from hewston.frames import send_made
from hewston.openapi import describe_query, refusals
from hewston.pipeline.errors import InputError
from hewston.uploads import read_upload

_LISTED = 20
_BODY = {
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        }
    },
    "required": True,
}


class ReproductionOut(Schema):
    """A run computed again."""

    reproduction_id: str
    status: str
    version: str = Field(description="of Hewston, that computed it")
    created_at: str
    ended_at: str | None
    progress: dict[str, Any]
    reproduced: bool | None = Field(description="every hash is equal; null until it is done")
    differences: dict[str, str] = Field(description="artifact → how its values differ")
    changes: list[str] = Field(description="what decides a result and is not as it was")
    error: dict[str, Any] | None


class ProofOut(Schema):
    """What is known of a run's truth."""

    run_id: str
    imported: bool
    verified_at: str | None = Field(description="when its files were last compared")
    verified_by: str = Field(description="by which version of Hewston")
    problems: list[str] = Field(description="a sentence each; empty when all files are whole")
    reproductions: list[ReproductionOut] = Field(description="the newest first")


class ImportedOut(Schema):
    """The run that a bundle holds."""

    run_id: str
    created: bool
    dataset_id: str
    revision: int


@router.api_operation(
    GET,
    "/backtests/{run_id}/proof",
    auth=READ,
    summary="A run's proofs",
    response={200: ProofOut, **refusals(404)},
    url_name="run-proof",
)
def show_proof(request: HttpRequest, run_id: str) -> HttpResponse:
    """When its files were compared and its results computed again, and what came of it."""
    return JsonResponse(_describe(find_run(user=cast("User", request.user), run_id=run_id)))


@router.post(
    "/backtests/{run_id}/verify",
    auth=RUN,
    summary="Verify a run's files",
    response={200: ProofOut, **refusals(404, 409, 429)},
    url_name="run-verify",
)
def verify(request: HttpRequest, run_id: str) -> HttpResponse:
    """Compare every file, and the bars that the run used, with what was recorded of them."""
    run = find_run(user=cast("User", request.user), run_id=run_id)
    verify_run(run=run)
    return JsonResponse(_describe(run))


@router.post(
    "/backtests/{run_id}/reproduce",
    auth=RUN,
    summary="Compute a run again",
    response={202: ReproductionOut, **refusals(404, 409, 429, 503)},
    url_name="run-reproduce",
)
def reproduce(request: HttpRequest, run_id: str) -> HttpResponse:
    """Ask for it; while it is under way, gives that one. Follow it in the run's proofs."""
    user = cast("User", request.user)
    asked = request_reproduction(owner=user, run=find_run(user=user, run_id=run_id))
    return JsonResponse(
        _describe_one(asked),
        status=202,
        headers={"Location": f"/backtests/{run_id}/proof"},
    )


@router.post(
    "/backtests/{run_id}/reproduce/cancel",
    auth=RUN,
    summary="Stop computing a run again",
    response={200: ProofOut, **refusals(404, 409, 429)},
    url_name="run-reproduce-cancel",
)
def stop_reproducing(request: HttpRequest, run_id: str) -> HttpResponse:
    """Stop it within two seconds; nothing but its log is kept."""
    run = find_run(user=cast("User", request.user), run_id=run_id)
    cancel_reproduction(run=run)
    return JsonResponse(_describe(run))


@router.api_operation(
    GET,
    "/backtests/{run_id}/bundle",
    auth=READ,
    summary="A run as a bundle",
    response={200: None, **refusals(404, 409, 422)},
    openapi_extra={"parameters": describe_query(BUNDLE_FIELDS)},
    url_name="run-bundle",
)
def show_bundle(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """Give a zip that `POST /api/bundles` takes on another machine; the same bytes every time."""
    run = find_run(user=cast("User", request.user), run_id=run_id)
    check_done(run)
    with_data = read_query(request, BUNDLE_FIELDS)["data"]
    return send_made(
        request,
        lambda path: write_bundle(run=run, path=path, with_data=with_data),
        kind="zip",
        etag=tag_bundle(run, with_data=with_data),
        name=f"run-{run.pk}",
    )


@router.post(
    "/api/bundles",
    auth=INGEST,
    summary="Take a run in",
    response={201: ImportedOut, 200: ImportedOut, **refusals(404, 409, 413, 422, 429, 503)},
    openapi_extra={"requestBody": _BODY},
    url_name="bundles",
)
def take_bundle(request: HttpRequest) -> HttpResponse:
    """201 for a new run; 200 where the same one is here. Nothing is kept of what is refused."""
    if request.content_type != "multipart/form-data":
        raise InputError("Send the bundle as a file of a form (multipart/form-data).", field="file")
    owner = cast("User", request.user)
    run, created = import_upload(owner=owner, upload=read_upload(request))
    body = {
        "run_id": run.pk,
        "created": created,
        "dataset_id": run.dataset_id,
        "revision": run.revision.number,
    }
    return JsonResponse(
        body, status=201 if created else 200, headers={"Location": f"/backtests/{run.pk}"}
    )


def _describe(run: Run) -> dict[str, object]:
    return {
        "run_id": run.pk,
        "imported": run.is_imported,
        "verified_at": run.verified_at,
        "verified_by": run.verified_by,
        "problems": run.verified_problems,
        "reproductions": [_describe_one(one) for one in run.reproductions.all()[:_LISTED]],
    }


def _describe_one(one: Reproduction) -> dict[str, object]:
    return {
        "reproduction_id": one.pk,
        "status": one.status,
        "version": one.version,
        "created_at": one.created_at,
        "ended_at": one.ended_at,
        "progress": one.progress,
        "reproduced": one.is_equal,
        "differences": one.differences,
        "changes": one.outcome.get("changes", []),
        "error": one.error,
    }
