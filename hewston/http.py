"""What every page needs from the request, and how errors leave the site."""

import contextlib
import csv
import gzip
import io
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
)
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin
from polars.exceptions import PolarsError

from hewston.pipeline.errors import HewstonError

Theme = Literal["auto", "dark", "light"]
Zone = Literal["exchange", "utc"]
THEMES: tuple[Theme, ...] = ("auto", "light", "dark")
ZONES: tuple[Zone, ...] = ("exchange", "utc")

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets run

logger = logging.getLogger(__name__)


def site(request: HttpRequest) -> dict[str, object]:
    """Give templates the theme and the time zone that the viewer chose (cookies)."""
    theme, zone = request.COOKIES.get("theme"), request.COOKIES.get("zone")
    return {
        "theme": theme if theme in THEMES else "auto",
        "zone": zone if zone in ZONES else "exchange",
    }


def wants_json(request: HttpRequest) -> bool:
    """Tell whether an error is JSON for this client, and not a page.

    It is where the client prefers JSON, and where it takes anything at an address of data:
    those of pages end with a slash.
    """
    if not request.path.endswith("/") and "text/html" not in request.headers.get("Accept", ""):
        return True
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def problem(status: int, code: str, message: str) -> JsonResponse:
    """Give the uniform error body."""
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)


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
            return problem(401, "UNAUTHENTICATED", "Sign in first.")
        return answer


class DamagedError(Exception):
    """What the catalogue names is not whole on the disk."""

    def __init__(self, sentence: str, name: str) -> None:
        super().__init__(sentence)
        self.sentence, self.name = sentence, name


@contextlib.contextmanager
def reading(kind: str, name: str, *files: Path) -> Iterator[None]:
    """Raise DamagedError, which names no folder, where stored files are missing or damaged."""
    try:
        yield
    except (HewstonError, OSError, PolarsError, LookupError, TypeError, ValueError) as problem:
        missing = [path.name for path in files if not path.is_file()]
        damage = f"missing: {', '.join(missing)}" if missing else "a file is damaged"
        sentence = f"The files of {kind} {name} are not whole ({damage})."
        raise DamagedError(sentence, name) from problem


class Refusals(MiddlewareMixin):
    """Give every refusal a body, and keep what is private out of caches."""

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Answer 409 for what is not whole on the disk; the log says what failed."""
        if not isinstance(exception, DamagedError):
            return None
        logger.error("%s %s", exception.sentence, exception.__cause__)
        command = f".venv/bin/python manage.py verify {exception.name}"
        return _error(request, 409, "CONFLICT", exception.sentence, command=command)

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


def send_csv(name: str, header: Iterable[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Answer with a table; a text that a spreadsheet would take for a formula is quoted."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow(
            f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
            for cell in row
        )
    return HttpResponse(
        text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def send_file(path: Path, content_type: str) -> HttpResponse:
    """Answer with a small stored file, to be saved under its own name."""
    headers = {"Content-Disposition": f'attachment; filename="{path.name}"'}
    return HttpResponse(path.read_bytes(), content_type=content_type, headers=headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400; ``exception`` stays in the log."""
    del exception
    return _error(request, 400, "VALIDATION", "The request could not be understood.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403; ``exception`` stays in the log."""
    del exception
    return _error(request, 403, "FORBIDDEN", "You may not do this.")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that did not come from a page of this site, or came too late."""
    del reason
    message = "The form has expired. Go back, reload the page and send it again."
    return _error(request, 403, "FORBIDDEN", message)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404, also for what belongs to somebody else."""
    del exception
    message = "There is nothing at this address, or it is not yours to see."
    return _error(request, 404, "NOT_FOUND", message)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer 500. The page shows no exception: the log has it, beside the same id."""
    error_id = secrets.token_hex(4)
    logger.error("The failure of %s above has the id %s.", request.path, error_id)
    message = f"Something failed on our side. The server's log has the reason, id {error_id}."
    return _error(request, 500, "INTERNAL", message)


def _error(
    request: HttpRequest, status: int, code: str, message: str, *, command: str = ""
) -> HttpResponse:
    """Answer with the uniform body or a page; ``command`` is what mends it."""
    if wants_json(request):
        return problem(status, code, f"{message} Try: {command}" if command else message)
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
