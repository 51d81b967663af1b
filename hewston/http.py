"""What every page needs from the request, and how errors leave the site."""

import csv
import gzip
import io
import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

Theme = Literal["auto", "dark", "light"]
Zone = Literal["exchange", "utc"]
THEMES: tuple[Theme, ...] = ("auto", "light", "dark")
ZONES: tuple[Zone, ...] = ("exchange", "utc")

logger = logging.getLogger(__name__)


def site(request: HttpRequest) -> dict[str, object]:
    """Give templates the theme and the time zone that the viewer chose (cookies)."""
    theme, zone = request.COOKIES.get("theme"), request.COOKIES.get("zone")
    return {
        "theme": theme if theme in THEMES else "auto",
        "zone": zone if zone in ZONES else "exchange",
    }


def wants_json(request: HttpRequest) -> bool:
    """Tell whether the client prefers JSON to a page."""
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
            f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) else cell
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


def _error(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if wants_json(request):
        return problem(status, code, message)
    # Without the request's context: an error page must not fail by what made the page fail.
    page = render_to_string(
        "error.html", {"status": status, "message": message, "theme": site(request)["theme"]}
    )
    return HttpResponse(page, status=status)
