"""Which strategy a page is about."""

import re
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from apps.strategies.models import Strategy, StrategyVersion


def get_strategy(request: HttpRequest, owner: str, slug: str) -> Any:  # noqa: ANN401 (with figures)
    """Give a strategy that the person may see, ``with_figures``; else 404."""
    visible = Strategy.objects.visible_to(request.user).select_related("owner")
    found = visible.with_figures().prefetch_related("tags")
    return get_object_or_404(found, owner__username=owner, slug=slug)


def get_version(strategy: Strategy, number: int) -> StrategyVersion:
    """Give a version of a strategy; else 404."""
    versions = strategy.versions.select_related("author", "parent__strategy__owner")
    return get_object_or_404(versions, number=number)


def read_number(said: Mapping[str, str], name: str, default: int) -> int:
    """Read a version's number; what is no number is not there: 404."""
    text = said.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise Http404
    return int(text)
