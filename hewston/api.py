"""The API: every router in one OpenAPI document, and errors in one shape."""

import functools
import json
from typing import Any, NoReturn

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from apps.datasets.api import router as datasets
from apps.parity.api import router as parity
from apps.permissions.api import router as tokens
from apps.runs.api import router as runs
from apps.runs.api.comparing import router as comparing
from apps.runs.api.ladder import router as ladders
from apps.runs.api.registry import router as metrics
from apps.strategies.api import router as strategies
from hewston.access import BearerToken
from hewston.http import problem

DESCRIPTION = """\
Every address answers in JSON, errors as `{"error": {"code", "message", "details"}}`. Times are UTC.
Dates of ranges are exchange dates, both inclusive. Send a token as `Authorization: Bearer …`.

A finished run also plays back: as Server-Sent Events at `GET /backtests/{id}/stream?speed=60`, and
with controls on the WebSocket `/backtests/{id}/ws`.
"""


class HewstonAPI(NinjaAPI):
    """Shows each operation once, by a short name: HEAD answers wherever GET does."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Name an operation as its function."""
        return operation.view_func.__name__

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:  # noqa: ANN401 (ninja's own)
        """Give the document without the operations HEAD, with the scope that a token needs."""
        schema = super().get_openapi_schema(**options)
        scopes = self._scopes()
        for operations in schema["paths"].values():
            operations.pop("head", None)
            for operation in operations.values():
                for scheme in operation["security"]:
                    if "BearerToken" in scheme:
                        scheme["BearerToken"] = [scopes[operation["operationId"]]]
        return schema

    def _scopes(self) -> dict[str, str]:
        """Say which scope each operation takes."""
        return {
            operation.operation_id or operation.view_func.__name__: auth.scope
            for router in self._get_bound_routers()
            for view in router.path_operations.values()
            for operation in view.operations
            for auth in operation.auth_callbacks
            if isinstance(auth, BearerToken)
        }


api = HewstonAPI(
    title="Hewston",
    version="1",
    description=DESCRIPTION,
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
)
for _router in (runs, comparing, ladders, metrics, datasets, strategies, parity, tokens):
    api.add_router("", _router)


@api.exception_handler(Exception)
def leave(request: HttpRequest, exception: Exception) -> NoReturn:
    """Let the site's own handlers answer."""
    del request
    raise exception


@api.exception_handler(AuthenticationError)
def explain_refusal(request: HttpRequest, exception: AuthenticationError) -> HttpResponse:
    """Answer a token where only a person may act: whoever is nobody was refused before."""
    del request, exception
    return problem(403, "FORBIDDEN", "Only a person who signed in may do this, not a token.")


@api.exception_handler(ValidationError)
def explain_values(request: HttpRequest, exception: ValidationError) -> HttpResponse:
    """Answer values that the framework cannot read."""
    del request
    first = exception.errors[0]
    field = ".".join(map(str, first["loc"][1:]))
    return problem(422, "VALIDATION", f"{field}: {first['msg']}.", {"field": field})


@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """Give the document itself."""
    del request
    return JsonResponse(api.get_openapi_schema())


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Show the document as a page on which every operation can be tried."""
    return render(request, "api/reference.html", {"groups": _list_operations()})


@functools.cache
def _list_operations() -> dict[str, list[dict[str, Any]]]:
    """Read the operations by tag out of the document, as the page shows them."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in api.get_openapi_schema()["paths"].items():
        for method, operation in operations.items():
            bodies = operation.get("requestBody", {}).get("content", {})
            body = bodies.get("application/json", {})
            schema = body.get("schema", {})
            groups.setdefault(operation["tags"][0], []).append(
                {
                    **operation,
                    "method": method.upper(),
                    "path": path,
                    "scope": operation["security"][0].get("BearerToken", [None])[0],
                    "fields": [
                        {"name": name, "required": name in schema["required"], **about}
                        for name, about in schema.get("properties", {}).items()
                    ],
                    "example": json.dumps(body.get("example"), indent=2) if body else "",
                    "takes_files": "multipart/form-data" in bodies,
                }
            )
    return groups
