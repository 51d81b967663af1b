"""The API: every router in one OpenAPI document, and errors in one shape."""

from typing import Any, NoReturn

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from apps.datasets.api import router as datasets
from apps.permissions.api import router as tokens
from apps.runs.api import router as runs
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
        """Give the document without the operations HEAD."""
        schema = super().get_openapi_schema(**options)
        for operations in schema["paths"].values():
            operations.pop("head", None)
        return schema


api = HewstonAPI(
    title="Hewston",
    version="1",
    description=DESCRIPTION,
    openapi_url="/api/openapi.json",
    docs_url=None,
    urls_namespace="api",
)
for _router in (runs, datasets, tokens):
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
