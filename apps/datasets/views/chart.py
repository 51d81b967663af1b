"""What the chart of a dataset draws, at addresses that name their content."""

import functools

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from apps.datasets.actions import make_level
from apps.datasets.models import Dataset
from hewston.http import compress_columns, reading, send_columns
from hewston.pipeline import playback
from hewston.pipeline.market import SESSION_FILTERS
from hewston.pipeline.playback import StoredBars
from hewston.pipeline.store import Stamp, stamp_file


@require_safe
def columns(
    request: HttpRequest, dataset_id: str, address: str, interval: str, session: str
) -> HttpResponse:
    """Give the outline of a revision's bars at an interval."""
    stored = _find(request, dataset_id, address, interval, session)
    with reading("dataset", dataset_id, *stored.files):
        make_level(stored=stored, interval=interval)
        stamps = _stamp(stored, interval, session)
        return send_columns(request, _encode_outline(stored, interval, session, stamps))


@require_safe
def page(
    request: HttpRequest,
    dataset_id: str,
    *,
    address: str,
    interval: str,
    session: str,
    page_number: int,
) -> HttpResponse:
    """Give one page of a revision's bars at an interval, counted from 0."""
    stored = _find(request, dataset_id, address, interval, session)
    with reading("dataset", dataset_id, *stored.files):
        make_level(stored=stored, interval=interval)
        is_there = page_number < playback.count_pages(stored, interval, session)
        stamps = _stamp(stored, interval, session)
        encoded = _encode_page(stored, interval, session, page_number, stamps) if is_there else b""
    if not is_there:
        raise Http404
    return send_columns(request, encoded)


def _find(
    request: HttpRequest, dataset_id: str, address: str, interval: str, session: str
) -> StoredBars:
    found = get_object_or_404(Dataset.objects.visible_to(request.user), pk=dataset_id)
    for revision in found.revisions.select_related("dataset"):
        if playback.address(revision.bars_sha256) == address:
            if interval in revision.stored.intervals and session in SESSION_FILTERS:
                return revision.stored
            break
    raise Http404


def _stamp(stored: StoredBars, interval: str, session: str) -> tuple[Stamp, ...]:
    """Tell what is read from files that took its place."""
    return tuple(stamp_file(file) for file in stored.files_of(interval, session))


@functools.lru_cache(maxsize=8)
def _encode_outline(
    stored: StoredBars, interval: str, session: str, stamps: tuple[Stamp, ...]
) -> bytes:
    del stamps
    return compress_columns(playback.encode_outline(stored, interval, session))


@functools.lru_cache(maxsize=32)  # 2 MB
def _encode_page(
    stored: StoredBars, interval: str, session: str, number: int, stamps: tuple[Stamp, ...]
) -> bytes:
    del stamps
    return compress_columns(playback.encode_page(stored, interval, session, number))
