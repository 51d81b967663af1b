"""Certificates as JSON."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Schema

from apps.parity import actions
from apps.parity.api.router import GET, router
from apps.parity.models import Certificate
from apps.permissions.models import User
from hewston.access import READ
from hewston.openapi import refusals


class CertificateOut(Schema):
    """What a comparison found of a strategy's version."""

    certificate_id: str
    strategy: str
    version: int
    comparison_id: str | None = Field(description="null where that was deleted")
    verdict: str
    sentence: str
    sha256: str = Field(description="of the content as canonical JSON, in UTF-8")
    content: dict[str, Any]
    owner: str
    created_at: str


@router.api_operation(
    GET,
    "/api/parity/certificates/{certificate_id}",
    auth=READ,
    summary="One certificate",
    response={200: CertificateOut, **refusals(404)},
    url_name="certificate",
)
def show_certificate(request: HttpRequest, certificate_id: str) -> HttpResponse:
    """With its content, whose canonical JSON has the hash."""
    return JsonResponse(actions.describe_certificate(_find_certificate(request, certificate_id)))


@router.api_operation(
    GET,
    "/api/parity/certificates/{certificate_id}/file",
    auth=READ,
    summary="A certificate as a file",
    response={200: dict, **refusals(404)},
    url_name="certificate-file",
)
def show_certificate_file(request: HttpRequest, certificate_id: str) -> HttpResponse:
    """Canonical JSON: the SHA-256 of its bytes is that of the certificate."""
    found = _find_certificate(request, certificate_id)
    headers = {"Content-Disposition": f'attachment; filename="certificate-{found.pk}.json"'}
    return HttpResponse(found.text, content_type="application/json", headers=headers)


def _find_certificate(request: HttpRequest, certificate_id: str) -> Certificate:
    user = cast("User", request.user)
    return actions.find_certificate(user=user, certificate_id=certificate_id)
