"""The pages of administrators: the catalogue as Django's admin shows it.

A site of our own, on which only these models are: the queue's rows are signed pickles, and whoever
could edit them could run code.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator

from apps.datasets.admin import (
    DatasetAdmin,
    DraftAdmin,
    EqualityAdmin,
    IngestAdmin,
    PresetAdmin,
    RevisionAdmin,
)
from apps.datasets.models import Dataset, Equality, Ingest, Revision, TableDraft, TablePreset
from apps.parity.admin import (
    ArtifactAdmin,
    BoardAdmin,
    BridgeDraftAdmin,
    CertificateAdmin,
    ComparisonAdmin,
)
from apps.parity.models import Board, BridgeArtifact, BridgeDraft, Certificate, Comparison
from apps.permissions.admin import PersonAdmin, TokenAdmin
from apps.permissions.models import Token, User
from apps.runs.admin import RunAdmin
from apps.runs.models import Run
from apps.strategies.admin import CheckAdmin, StrategyAdmin, VersionAdmin
from apps.strategies.models import Strategy, StrategyCheck, StrategyVersion


class Site(admin.AdminSite):
    """Lets staff in who signed in as everybody does, and nobody else."""

    site_title = site_header = "Hewston administration"
    index_title = "Catalogue"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 (Django's own signature)
        """Refuse whoever is signed in but no staff; Django would send them to sign in again."""
        checked: Callable[..., HttpResponseBase] = super().admin_view(view, cacheable)

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 (whatever the view takes)
            if not self.has_permission(request):
                raise PermissionDenied
            return checked(request, *args, **kwargs)

        return update_wrapper(inner, checked)

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:
        """Lead to the site's own page, which counts wrong passwords."""
        del extra_context
        wanted = request.GET.get("next") or reverse("admin:index")
        return redirect_to_login(wanted, settings.LOGIN_URL)


site = Site()
site.register(User, PersonAdmin)
site.register(Token, TokenAdmin)
site.register(Dataset, DatasetAdmin)
site.register(Revision, RevisionAdmin)
site.register(Ingest, IngestAdmin)
site.register(Equality, EqualityAdmin)
site.register(TableDraft, DraftAdmin)
site.register(TablePreset, PresetAdmin)
site.register(Strategy, StrategyAdmin)
site.register(StrategyVersion, VersionAdmin)
site.register(StrategyCheck, CheckAdmin)
site.register(Run, RunAdmin)
site.register(Board, BoardAdmin)
site.register(BridgeArtifact, ArtifactAdmin)
site.register(BridgeDraft, BridgeDraftAdmin)
site.register(Comparison, ComparisonAdmin)
site.register(Certificate, CertificateAdmin)
