"""One dataset: its facts, quality, revisions and manifest."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.datasets.forms import ChartForm
from apps.datasets.models import Dataset, Ingest, Revision
from apps.datasets.views.reports import draw_completeness, name_counted, read_reports
from apps.datasets.views.tables import describe_reading
from hewston.http import reading, send_file
from hewston.pipeline import playback
from hewston.pipeline.calendar import US_EQUITIES
from hewston.pipeline.intervals import coarser, is_daily
from hewston.pipeline.market import SESSION_FILTERS

_LONGEST_GAPS = 20
_IMPORTS = 20
_RAW_FILES = 100
_COMPARISONS = 20
_FILE_LISTS = {"raw_files", "input_hashes"}
_SEVERITIES = ("error", "warning", "info")


@require_safe
def dataset(request: HttpRequest, dataset_id: str) -> HttpResponse:
    """Show one dataset: chart, quality, manifest, revisions, runs."""
    mine = Dataset.objects.visible_to(request.user).prefetch_related("tags")
    found = get_object_or_404(mine, pk=dataset_id)
    revisions = list(_count_uses(found.revisions.order_by("-number")))
    form = ChartForm(request.GET)
    revision = form.choose_revision(revisions)
    if revision is None and (revisions or "revision" in request.GET):
        raise Http404
    page = {"dataset": found, "revisions": revisions, "revision": revision}
    if revision is not None:
        chosen = form.choose(revision.stored.intervals)
        page |= _describe(found, revision, chosen, request) | _list_uses(revisions, revision)
        page["imports"] = _list_imports(found, request)
    return render(request, "datasets/dataset.html", page)


def _describe(
    found: Dataset, revision: Revision, chosen: dict[str, object], request: HttpRequest
) -> dict[str, object]:
    """Gather what the page shows of a revision."""
    files = (revision.folder / name for name in ("manifest.json", "quality.json"))
    with reading("dataset", found.pk, *files):
        manifest, quality = read_reports(revision.folder)
        findings = _sort_findings(quality)
        completeness = draw_completeness(revision.folder, revision.number, found.interval)
    return {
        **chosen,
        "intervals": revision.stored.intervals,
        "is_daily": is_daily(found.interval),
        "counted": name_counted(found.interval),
        "has_closing_cross": found.calendar in US_EQUITIES and not is_daily(found.interval),
        "export_intervals": coarser(found.interval),
        "sessions": list(SESSION_FILTERS),
        "columns_url": _columns_url(found, revision, "INTERVAL", "SESSION"),
        # Its lists of files are the table of raw files; the download has all of it.
        "manifest": {name: manifest[name] for name in manifest if name not in _FILE_LISTS},
        "table": describe_reading(manifest),
        "raw_files": revision.raw_files[:_RAW_FILES],
        "quality": quality,
        "completeness": completeness,
        **findings,
        "equalities": revision.equalities.select_related("owner")[:_COMPARISONS],
        "runs": found.runs.visible_to(request.user)
        .filter(revision=revision)
        .select_related("metrics")[:10],
    }


def _count_uses(revisions: QuerySet[Revision]) -> QuerySet[Revision]:
    """Add ``used_by``, the number of runs: of each revision by itself, so that an index answers."""
    runs = Revision.objects.filter(pk=OuterRef("pk")).order_by().values("pk")
    return revisions.annotate(used_by=Subquery(runs.values(total=Count("runs__revision"))))


def _list_uses(revisions: list[Any], shown: Any) -> dict[str, int]:  # noqa: ANN401 (with ``used_by``)
    """Count the runs on all revisions and on the one that is shown."""
    total = sum(one.used_by for one in revisions)
    return {
        "used_total": total,
        "used_here": shown.used_by,
        "used_elsewhere": total - shown.used_by,
    }


def _list_imports(found: Dataset, request: HttpRequest) -> list[dict[str, object]]:
    """List the newest ingests that brought it, and what each of them did."""
    ingests = Ingest.objects.visible_to(request.user).filter(revisions__dataset=found).distinct()
    brought = Prefetch("revisions", found.revisions.order_by("number"), to_attr="brought")
    return [
        {
            "ingest": ingest,
            "made": [one.number for one in ingest.brought if one.made_by_id == ingest.pk],
            "known": [one.number for one in ingest.brought if one.made_by_id != ingest.pk],
        }
        for ingest in ingests.prefetch_related(brought)[:_IMPORTS]
    ]


def _sort_findings(quality: Mapping[str, Any]) -> dict[str, object]:
    """Part what was found, the worst first, from what was looked for in vain; list long gaps."""
    findings = quality["findings"]
    found = [finding for finding in findings if finding["count"]]
    gaps = quality["missing_session_minutes"]["list"]
    severities = Counter(finding["severity"] for finding in found)
    return {
        "severities": [(name, severities[name]) for name in _SEVERITIES if severities[name]],
        "found": sorted(found, key=lambda finding: _SEVERITIES.index(finding["severity"])),
        "not_found": [finding for finding in findings if not finding["count"]],
        "gaps": sorted(gaps, key=lambda gap: (-gap["minutes"], gap["from"]))[:_LONGEST_GAPS],
    }


def _columns_url(found: Dataset, revision: Revision, interval: str, session: str) -> str:
    address = playback.address(revision.bars_sha256)
    return reverse("dataset-columns", args=[found.pk, address, interval, session])


@require_safe
def manifest(request: HttpRequest, dataset_id: str, number: int) -> HttpResponse:
    """Give a revision's manifest as it is stored."""
    found = get_object_or_404(Dataset.objects.visible_to(request.user), pk=dataset_id)
    revision = get_object_or_404(found.revisions, number=number)
    path = revision.folder / "manifest.json"
    with reading("dataset", found.pk, path):
        return send_file(path, "application/json")
