"""What every page needs from the request, and how errors leave the site."""

import contextlib
import csv
import errno
import gzip
import io
import logging
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal, TextIO

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
)
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import content_disposition_header
from polars.exceptions import PolarsError

from hewston.children import UnforeseenError, explain_errno
from hewston.pipeline.errors import HewstonError

Theme = Literal["auto", "dark", "light"]
Zone = Literal["exchange", "utc"]
THEMES: tuple[Theme, ...] = ("auto", "light", "dark")
ZONES: tuple[Zone, ...] = ("exchange", "utc")

STATUSES = {
    "VALIDATION": 422,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "RUN_NOT_FOUND": 404,
    "DATASET_NOT_FOUND": 404,
    "STRATEGY_NOT_FOUND": 404,
    "CHECK_NOT_FOUND": 404,
    "BOARD_NOT_FOUND": 404,
    "ARTIFACT_NOT_FOUND": 404,
    "COMPARISON_NOT_FOUND": 404,
    "CERTIFICATE_NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "CONFLICT": 409,
    "IDEMPOTENCY_CONFLICT": 409,
    "RUN_ENDED": 409,
    "RUN_NOT_READY": 409,
    "PAYLOAD_TOO_LARGE": 413,
    "RATE_LIMITED": 429,
    "SANDBOX_LIMIT": 422,
    "SANDBOX_FORBIDDEN": 422,
    "SANDBOX_DIED": 422,
    "BUSY": 503,
    "SANDBOX_UNAVAILABLE": 503,
    "DEPENDENCY_UNAVAILABLE": 503,
    "INTERNAL": 500,
}
FORM_EXPIRED = "The form has expired. Go back, reload the page and send it again."
API_DOCS = "/api/docs"  # the one page below an address of the API
_LONGEST_TEXT = 1_000
RETRY_SECONDS = 5  # where nobody knows better

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets run

_NOT_NOW = {"BUSY", "DEPENDENCY_UNAVAILABLE"}  # of refusals that no stored file is to blame for

logger = logging.getLogger(__name__)


def site(request: HttpRequest) -> dict[str, object]:
    """Give templates the theme and the time zone that the viewer chose (cookies)."""
    theme, zone = request.COOKIES.get("theme"), request.COOKIES.get("zone")
    return {
        "theme": theme if theme in THEMES else "auto",
        "zone": zone if zone in ZONES else "exchange",
    }


def is_api(path: str) -> bool:
    """Tell whether an address is the API's, which answers in JSON whatever a client prefers."""
    return path != API_DOCS and f"{path}/".startswith(("/api/", "/backtests/"))


def wants_json(request: HttpRequest) -> bool:
    """Tell whether an error is JSON for this client, and not a page.

    It is in the API, where the client prefers JSON, and where it takes anything at an address of
    data: those of pages end with a slash.
    """
    if is_api(request.path):
        return True
    if not request.path.endswith("/") and "text/html" not in request.headers.get("Accept", ""):
        return True
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def problem(
    status: int, code: str, message: str, details: Mapping[str, object] | None = None
) -> JsonResponse:
    """Give the uniform error body, with the headers that belong to its status."""
    error: dict[str, object] = {"code": code, "message": message}
    if details:
        error["details"] = details
    response = JsonResponse({"error": error}, status=status)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="Hewston"'
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        response["Retry-After"] = str((details or {}).get("retry_after_s", RETRY_SECONDS))
    return response


def refuse(failure: HewstonError) -> JsonResponse:
    """Give the uniform error body of a failure that has a sentence."""
    status = STATUSES.get(failure.code, HTTPStatus.INTERNAL_SERVER_ERROR)
    details = {k: _cut(v) if isinstance(v, str) else v for k, v in failure.details.items()}
    return problem(status, failure.code, _cut(failure.message), details)


def _cut(text: str) -> str:
    """Shorten what quotes a value of any length."""
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def status_of(failure: HewstonError) -> int:
    """Give the status of a form that is shown again with what is wrong about it."""
    status = STATUSES.get(failure.code, HTTPStatus.INTERNAL_SERVER_ERROR)
    is_theirs = status < HTTPStatus.INTERNAL_SERVER_ERROR
    is_named = status in {HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    return HTTPStatus.UNPROCESSABLE_ENTITY if is_theirs and not is_named else status


@contextlib.contextmanager
def telling(request: HttpRequest) -> Iterator[None]:
    """Say on the next page why what is asked for inside this could not be done."""
    try:
        yield
    except HewstonError as failure:
        messages.error(request, failure.message)


def explain_full_or_locked(exception: BaseException | None) -> HewstonError | None:
    """Turn a full disk, a file that may not be used or a locked catalogue into a sentence.

    None for anything else.
    """
    of_database = isinstance(exception, DatabaseError)
    if of_database and "locked" in str(exception):
        message = "The catalogue is being written by somebody else for too long. Try again."
        return HewstonError(message, code="BUSY")
    if of_database and "full" in str(exception):
        return explain_errno(errno.ENOSPC)
    if isinstance(exception, OSError | UnforeseenError):
        return explain_errno(exception.errno)
    return None


class SignInRequired(LoginRequiredMiddleware):
    """Programs that did not sign in get 401 in JSON; people get the sign-in page."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Let the view answer, or answer a request that did not sign in."""
        answer = super().process_view(request, view_func, view_args, view_kwargs)
        if answer is not None and wants_json(request):
            return problem(
                401, "UNAUTHENTICATED", "Sign in, or send a token: Authorization: Bearer TOKEN."
            )
        return answer


class DamagedError(Exception):
    """What the catalogue names is not whole on the disk."""

    def __init__(self, sentence: str, name: str) -> None:
        super().__init__(sentence)
        self.sentence, self.name = sentence, name


@contextlib.contextmanager
def reading(kind: str, name: str, *files: Path) -> Iterator[None]:
    """Raise DamagedError, which names no folder, where stored files are missing or damaged.

    What is refused because of the form in which it was asked for, or for now, stays what it is.
    """
    damages = (HewstonError, OSError, PolarsError, LookupError, TypeError, ValueError)
    try:
        yield
    except (*damages, UnforeseenError) as problem:
        is_refusal = isinstance(problem, HewstonError) and (
            problem.code in _NOT_NOW or problem.details.get("field") == "format"
        )
        if is_refusal or explain_full_or_locked(problem) is not None:
            raise
        missing = [path.name for path in files if not path.is_file()]
        named = problem.details.get("damage") if isinstance(problem, HewstonError) else None
        damage = f"missing: {', '.join(missing)}" if missing else named or "a file is damaged"
        sentence = f"The files of {kind} {name} are not whole ({damage})."
        raise DamagedError(sentence, name) from problem


class Refusals(MiddlewareMixin):
    """Give every refusal a body, and keep what is private out of caches."""

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Answer what has a sentence with it, and 409 for what is not whole on the disk."""
        if isinstance(exception, DamagedError):
            logger.error("%s %s", exception.sentence, exception.__cause__)
            command = f".venv/bin/python manage.py verify {exception.name}"
            return _error(request, 409, "CONFLICT", exception.sentence, command=command)
        if (busy := explain_full_or_locked(exception)) is not None:
            logger.error("%s: %r", request.path, exception)
            exception = busy
        if not isinstance(exception, HewstonError):
            return None
        answer = refuse(exception)
        if wants_json(request):
            return answer
        return _error(request, answer.status_code, exception.code, exception.message)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Say what may be asked instead of a method that may not be used."""
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = response["Allow"]
            response.close()
            message = f"{request.method} cannot be used at this address, but {allowed} can."
            response = _error(request, 405, "METHOD_NOT_ALLOWED", message)
            response["Allow"] = allowed
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        return response


def compress_columns(encoded: bytes) -> bytes:
    """Compress for ``send_columns``, fast: the wire is short and the processor shared."""
    return gzip.compress(encoded, 1, mtime=0)


def send_columns(request: HttpRequest, compressed: bytes) -> HttpResponse:
    """Answer with gzipped columns whose address names their content: they never change."""
    response = HttpResponse(compressed, content_type="application/octet-stream")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response["Content-Encoding"] = "gzip"
    else:
        response.content = gzip.decompress(compressed)
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    patch_vary_headers(response, ("Accept-Encoding", "Cookie"))
    return response


def write_csv(file: TextIO, header: Iterable[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table as ``send_csv`` does, row by row."""
    writer = csv.writer(file)
    writer.writerow(header)
    for row in rows:
        writer.writerow(
            f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
            for cell in row
        )


def send_csv(name: str, header: Iterable[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Answer with a table; a text that a spreadsheet would take for a formula is quoted."""
    text = io.StringIO()
    write_csv(text, header, rows)
    return HttpResponse(
        text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def send_file(path: Path, content_type: str) -> HttpResponse:
    """Answer with a small stored file, to be saved under its own name."""
    headers = {"Content-Disposition": f'attachment; filename="{path.name}"'}
    return HttpResponse(path.read_bytes(), content_type=content_type, headers=headers)


def send_named(path: Path, name: str) -> HttpResponse:
    """Answer with a stored file, to be saved under the name that its sender gave it."""
    disposition = content_disposition_header(True, name) or "attachment"  # noqa: FBT003 (Django's own)
    headers = {"Content-Disposition": disposition}
    return HttpResponse(path.read_bytes(), content_type="application/octet-stream", headers=headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400, and 413 to a form that is too long; ``exception`` stays in the log."""
    if isinstance(exception, RequestDataTooBig):
        return _error(request, 413, "PAYLOAD_TOO_LARGE", "The body is too long.")
    return _error(request, 400, "VALIDATION", "The request could not be understood.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403; ``exception`` stays in the log."""
    del exception
    return _error(request, 403, "FORBIDDEN", "You may not do this.")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that did not come from a page of this site, or came too late."""
    del reason
    return _error(request, 403, "FORBIDDEN", FORM_EXPIRED)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404, also for what belongs to somebody else."""
    del exception
    message = "There is nothing at this address, or it is not yours to see."
    if is_api(request.path) and request.path.endswith("/"):
        message += f" Addresses of the API have no slash at the end: {request.path.rstrip('/')}."
    return _error(request, 404, "NOT_FOUND", message)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 where a sentence is known. Of an exception the log alone tells."""
    if (busy := explain_full_or_locked(sys.exception())) is not None:
        return _error(request, 503, busy.code, busy.message)
    error_id = secrets.token_hex(4)
    logger.error("The failure of %s above has the id %s.", request.path, error_id)
    message = f"Something failed on our side. The server's log has the reason, id {error_id}."
    return _error(request, 500, "INTERNAL", message, details={"request_id": error_id})


def _error(
    request: HttpRequest,
    status: int,
    code: str,
    message: str,
    *,
    command: str = "",
    details: Mapping[str, object] | None = None,
) -> HttpResponse:
    """Answer with the uniform body or a page; ``command`` is what mends it."""
    if wants_json(request):
        return problem(status, code, f"{message} Try: {command}" if command else message, details)
    # Without the request's context: an error page must not fail by what made the page fail.
    page = render_to_string(
        "error.html",
        {
            "status": status,
            "message": message,
            "command": command,
            "theme": site(request)["theme"],
        },
    )
    return HttpResponse(page, status=status)
