"""What a person may ask of the pages of datasets."""

import datetime as dt
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django import forms
from django.db.models import F
from django.http import QueryDict

from apps.datasets.actions import (
    EQUALITY_FIELDS,
    INGEST_FIELDS,
    find_in_inbox,
    list_inbox,
    read_equality_fields,
    read_ingest_fields,
    request_equality,
    request_equality_of_upload,
    request_ingest,
    request_ingest_of_upload,
)
from apps.datasets.models import DatasetQuerySet, Equality, Ingest, Revision, Tag
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.intervals import INTERVALS
from hewston.pipeline.market import SESSION_FILTERS
from hewston.uploads import Upload

ORDERS = {
    "id": "dataset_id",
    "symbol": "symbol",
    "source": "venue_code",
    "class": "asset_class",
    "from": "from_date",
    "to": "to_date",
    "interval": "interval",
    "rows": "rows",
    "size": "size_bytes",
    "revisions": "revision_count",
    "findings": "warnings",
    "runs": "used_by",
    "created": "created_at",
}
_ARCHIVED = [("", "without archived"), ("only", "archived alone"), ("any", "archived too")]
_QUALITY = [("", "any"), ("clean", "clean"), ("findings", "with findings")]


class DatasetFilter(forms.Form):
    """Which datasets to list, and in what order."""

    q = forms.CharField(max_length=120, required=False)
    asset_class = forms.CharField(max_length=20, required=False)
    interval = forms.CharField(max_length=4, required=False)
    provider = forms.CharField(max_length=20, required=False)
    tag = forms.CharField(max_length=40, required=False)
    covers_from = forms.DateField(required=False)
    covers_to = forms.DateField(required=False)
    quality = forms.ChoiceField(choices=_QUALITY, required=False)
    archived = forms.ChoiceField(choices=_ARCHIVED, required=False)
    order = forms.ChoiceField(
        choices=[(sign + name, name) for name in ORDERS for sign in ("", "-")], required=False
    )

    def apply(self, datasets: DatasetQuerySet) -> DatasetQuerySet:
        """Narrow and sort ``with_figures``; what is not valid is as if it were not asked."""
        self.full_clean()
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        datasets = narrow(datasets.with_figures(), asked)
        order = asked.get("order") or "-created"
        column = F(ORDERS[order.removeprefix("-")])
        falling = order.startswith("-")
        sort = column.desc(nulls_last=True) if falling else column.asc(nulls_last=True)
        return datasets.order_by(sort, "dataset_id")

    def list_choices(self, datasets: DatasetQuerySet) -> list[dict[str, object]]:
        """Give the fields that a page offers as lists: name, label, what may be chosen."""
        names = {"interval": "Interval", "provider": "Provider"}
        found: dict[str, Iterable[str]] = {
            name: datasets.order_by(name).values_list(name, flat=True).distinct() for name in names
        }
        classes = datasets.order_by().values_list("instrument__asset_class", flat=True).distinct()
        tags = Tag.objects.filter(dataset__in=datasets).order_by("name")
        lists = [
            ("asset_class", "Class", sorted(filter(None, classes))),
            ("interval", "Interval", sorted(found["interval"], key=order_of_interval)),
            ("provider", "Provider", list(found["provider"])),
            ("tag", "Tag", list(tags.values_list("name", flat=True).distinct())),
        ]
        fields = []
        for name, label, values in lists:
            chosen = self.cleaned_data.get(name) or ""
            known = [*values, chosen] if chosen and chosen not in values else values
            choices = [("", "any"), *((value, value) for value in known)]
            fields.append({"name": name, "label": label, "choices": choices, "chosen": chosen})
        for name, label, choices in (
            ("quality", "Quality", _QUALITY),
            ("archived", "Show", _ARCHIVED),
        ):
            chosen = self.cleaned_data.get(name) or ""
            fields.append({"name": name, "label": label, "choices": choices, "chosen": chosen})
        return fields


def narrow(datasets: DatasetQuerySet, asked: Mapping[str, Any]) -> DatasetQuerySet:
    """Keep of ``with_figures`` what is asked for; archived ones only when that is asked for.

    Keys are those of the fields of ``DatasetFilter``; what is missing was not asked.
    """
    if text := asked.get("q", "").strip():
        datasets = datasets.search(text)
    exact = {name: asked[name] for name in ("interval", "provider", "symbol") if name in asked}
    if exact:
        datasets = datasets.filter(**exact)
    if "asset_class" in asked:
        datasets = datasets.of_class(asked["asset_class"])
    if "tag" in asked:
        datasets = datasets.tagged(asked["tag"].strip().lower())
    days = [asked[name] for name in ("covers_from", "covers_to") if name in asked]
    if days:
        datasets = datasets.covering(*days)
    if "quality" in asked:
        datasets = datasets.of_quality(is_clean=asked["quality"] == "clean")
    archived = asked.get("archived")
    return datasets if archived == "any" else datasets.archived(only=archived == "only")


def order_of_interval(interval: str) -> dt.timedelta:
    """Give what intervals are sorted by."""
    return INTERVALS.get(interval, dt.timedelta.max)


class ChartForm(forms.Form):
    """How a dataset's chart is drawn."""

    interval = forms.ChoiceField(choices=[(name, name) for name in INTERVALS], required=False)
    session = forms.ChoiceField(choices=[(name, name) for name in SESSION_FILTERS], required=False)
    at = forms.IntegerField(min_value=1, max_value=10**10, required=False)  # s since 1970
    revision = forms.IntegerField(min_value=1, required=False)

    def choose(self, intervals: Collection[str]) -> dict[str, object]:
        """Give interval, session and place; what is not valid is as if it were not asked."""
        self.full_clean()
        asked = self.cleaned_data
        interval = asked.get("interval")
        return {
            "interval": interval if interval in intervals else "auto",
            "session": asked.get("session") or "regular",
            "at": asked.get("at"),
        }

    def choose_revision(self, revisions: Sequence[Revision]) -> Revision | None:
        """Give the revision by its number, the newest when none is asked for."""
        self.full_clean()
        number = self.cleaned_data.get("revision")
        if number is None:
            return revisions[0] if revisions else None
        return next((one for one in revisions if one.number == number), None)


_SAMPLE_YEAR = "2023"
_MOST_FILES = 5000  # of a folder of the inbox that are counted


class IngestForm:
    """Data to bring in: files that are sent, files of the inbox, or the sample year."""

    def __init__(self, given: QueryDict) -> None:
        self.problem: HewstonError | None = None
        self.source = given.get("source", "")
        self.values = {name: given.get(name, "") for name in INGEST_FIELDS}
        self.year = given.get("sample_year", _SAMPLE_YEAR)
        self.chosen = given.getlist("inbox")
        self.years = {"low": INGEST_FIELDS["sample_year"]["min"]}
        self.years |= {"high": INGEST_FIELDS["sample_year"]["max"]}

    def submit(self, *, user: User, upload: Upload | None) -> Ingest:
        """Ask for the ingest; raises HewstonError."""
        options = read_ingest_fields(self.values)
        if self.source == "sample":
            options = read_ingest_fields({"sample_year": self.year or _SAMPLE_YEAR})
            return request_ingest(owner=user, sources=[], options=options)
        if self.source == "inbox":
            if not self.chosen:
                raise InputError("Choose a file or a folder of the inbox.", field="inbox")
            found = find_in_inbox(names=self.chosen)
            return request_ingest(owner=user, sources=found, options=options)
        if upload is None:
            raise InputError("Choose the files to send.", field="files")
        return request_ingest_of_upload(owner=user, upload=upload, options=options)

    @property
    def inbox(self) -> Iterator[dict[str, object]]:
        """What lies in the inbox, and what of it is chosen."""
        return describe_inbox(self.chosen)


class EqualityForm:
    """What to compare a dataset with: files that are sent, or files of the inbox."""

    def __init__(self, given: QueryDict) -> None:
        self.problem: HewstonError | None = None
        self.source = given.get("source", "")
        self.values = {name: given.get(name, "") for name in EQUALITY_FIELDS}
        self.chosen = given.getlist("inbox")

    def submit(self, *, user: User, revision: Revision, upload: Upload | None) -> Equality:
        """Ask for the comparison; raises HewstonError."""
        options = read_equality_fields(self.values)
        if self.source == "inbox":
            if not self.chosen:
                raise InputError("Choose a file or a folder of the inbox.", field="inbox")
            found = find_in_inbox(names=self.chosen)
            return request_equality(owner=user, revision=revision, sources=found, options=options)
        if upload is None:
            raise InputError("Choose the files to send.", field="files")
        return request_equality_of_upload(
            owner=user, revision=revision, upload=upload, options=options
        )

    @property
    def inbox(self) -> Iterator[dict[str, object]]:
        """What lies in the inbox, and what of it is chosen."""
        return describe_inbox(self.chosen)


def describe_inbox(chosen: Sequence[str]) -> Iterator[dict[str, object]]:
    """Say of what lies in the inbox: name, size, and how many files a folder has."""
    for path in list_inbox():
        files = list(itertools.islice(_list_files(path), _MOST_FILES))
        yield {
            "name": path.name,
            "is_folder": path.is_dir(),
            "files": len(files),
            "size_bytes": sum(files),
            "is_chosen": path.name in chosen,
        }


def _list_files(path: Path) -> Iterator[int]:
    """Give the size of a file, or of each in a folder."""
    for one in path.rglob("*") if path.is_dir() else [path]:
        if one.is_file():
            yield one.stat().st_size
