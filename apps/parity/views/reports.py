"""What came of a comparison as files: its report, and its certificate."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from apps.parity import actions
from apps.parity.models import Comparison
from hewston.pipeline.parity.files import REPORT_FILE
from hewston.pipeline.spec import canonical_json
from hewston.taskqueue import Status


@require_safe
def comparison_json(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """Give the report, byte for byte as it is kept."""
    found = _find_done(request, comparison_id)
    actions.read_comparison(comparison=found)
    return _send(f"comparison-{found.pk}.json", (found.folder / REPORT_FILE).read_bytes())


@require_safe
def certificate_json(request: HttpRequest, comparison_id: str) -> HttpResponse:
    """Give the certificate: both sides by their hashes, the options, the verdict."""
    found = _find_done(request, comparison_id)
    content = canonical_json(actions.certify_comparison(found))
    return _send(f"certificate-{found.pk}.json", content.encode())


def _send(name: str, data: bytes) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(data, content_type="application/json", headers=headers)


def _find_done(request: HttpRequest, comparison_id: str) -> Comparison:
    mine = Comparison.objects.visible_to(request.user).with_sides()
    found = get_object_or_404(mine, pk=comparison_id)
    if found.status != Status.DONE:
        raise Http404
    return found
