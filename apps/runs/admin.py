"""Runs for administrators."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.actions import delete_selected as ask_first
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.permissions.admin import OwnedAdmin
from apps.runs.actions import (
    cancel_run,
    check_description,
    delete_run,
    describe_run,
    retry_run,
)
from apps.runs.models import Run
from hewston.pipeline.errors import InputError

_WORDS = ("name", "note")


class DescriptionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    """What decides nothing of a run."""

    def clean(self) -> dict[str, Any]:
        """Refuse what ``describe_run`` would."""
        said = {word: self.cleaned_data.get(word, "") for word in _WORDS}
        try:
            check_description(**said)
        except InputError as refusal:
            raise ValidationError(refusal.message) from refusal
        return said


class RunAdmin(OwnedAdmin):
    """Runs; they can be named, cancelled, tried again and deleted."""

    form = DescriptionForm
    list_display = (
        "id",
        "status",
        "name",
        "strategy_id",
        "dataset_id",
        "owner",
        "attempt",
        "created_at",
        "ended_at",
    )
    list_filter = ("status", "strategy_id", "created_at")
    search_fields = ("id", "name", "dataset__dataset_id", "owner__username")
    heavy_fields = ("spec", "note", "progress", "error")
    actions = ("cancel", "retry", "delete_selected")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Its name and its note may be changed."""
        del obj
        return self.has_act_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Run | None = None) -> list[str]:
        """Keep every other field as it is."""
        del request, obj
        return [field.name for field in self.opts.fields if field.name not in _WORDS]

    def save_model(self, request: HttpRequest, obj: Run, form: object, change: object) -> None:
        """Give the run its name and note."""
        del request, form, change
        describe_run(run=obj, name=obj.name, note=obj.note)

    def view_on_site(self, run: Run) -> str:
        """Link to the page of it."""
        return reverse("run", args=[run.pk])

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, rows: QuerySet[Run]) -> None:
        """Stop runs."""
        self.act(request, rows, lambda run: cancel_run(run=run), done="cancelled")

    @admin.action(description="Retry", permissions=["act"])
    def retry(self, request: HttpRequest, rows: QuerySet[Run]) -> None:
        """Ask again for runs that failed or were cancelled."""
        self.act(request, rows, lambda run: retry_run(run=run), done="asked for again")

    # Under this name Django's own page, which asks first, sends its answer back here.
    @admin.action(description="Delete", permissions=["act"])
    def delete_selected(self, request: HttpRequest, rows: QuerySet[Run]) -> HttpResponse | None:
        """Remove runs that are over, once the person has said so twice."""
        if "post" not in request.POST:
            return ask_first(self, request, rows)
        self.act(request, rows, lambda run: delete_run(run=run), done="deleted")
        return None

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, ...]:  # noqa: ANN401 (Django's own signature)
        """Name what the page that asks first lists."""
        del request
        return [str(run) for run in objs[:100]], {"runs": len(objs)}, set(), []
