"""What a person may ask of the pages of datasets."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from django import forms
from django.db.models import Max, Q, QuerySet
from django.http import QueryDict

from apps.datasets.actions import (
    INGEST_FIELDS,
    find_in_inbox,
    list_inbox,
    read_ingest_fields,
    request_ingest,
    request_ingest_of_upload,
)
from apps.datasets.models import Dataset, Ingest, Revision
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.intervals import CHART_INTERVALS
from hewston.pipeline.market import SESSION_FILTERS
from hewston.uploads import Upload

_ORDERS = {
    "id": "dataset_id",
    "symbol": "symbol",
    "source": "venue_code",
    "from": "from_date",
    "to": "to_date",
    "rows": "rows",
    "created": "created_at",
}
ORDERS = [sign + name for name in _ORDERS for sign in ("", "-")]


class DatasetFilter(forms.Form):
    """Which datasets to list, and in what order."""

    q = forms.CharField(max_length=120, required=False)
    order = forms.ChoiceField(choices=[(name, name) for name in ORDERS], required=False)

    def apply(self, datasets: QuerySet[Dataset]) -> QuerySet[Dataset]:
        """Narrow and sort; what is not valid is as if it were not asked."""
        self.full_clean()
        text = self.cleaned_data.get("q", "").strip()
        order = self.cleaned_data.get("order") or "-created"
        if text:
            datasets = datasets.filter(
                Q(dataset_id__icontains=text)
                | Q(symbol__icontains=text)
                | Q(venue_code__icontains=text)
            )
        sign, name = ("-", order[1:]) if order.startswith("-") else ("", order)
        return datasets.annotate(rows=Max("revisions__rows")).order_by(
            sign + _ORDERS[name], "dataset_id"
        )


class ChartForm(forms.Form):
    """How a dataset's chart is drawn."""

    defaults: ClassVar = {"interval": "1m", "session": "regular"}

    interval = forms.ChoiceField(choices=[(name, name) for name in CHART_INTERVALS], required=False)
    session = forms.ChoiceField(choices=[(name, name) for name in SESSION_FILTERS], required=False)
    revision = forms.IntegerField(min_value=1, required=False)

    def chosen(self) -> dict[str, str]:
        """Give interval and session; what is not valid is as if it were not asked."""
        self.full_clean()
        return {name: self.cleaned_data.get(name) or value for name, value in self.defaults.items()}

    def choose_revision(self, revisions: list[Revision]) -> Revision | None:
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
        """What lies in the inbox: name, size, and how many files a folder has."""
        for path in list_inbox():
            files = list(itertools.islice(_list_files(path), _MOST_FILES))
            yield {
                "name": path.name,
                "is_folder": path.is_dir(),
                "files": len(files),
                "size_bytes": sum(files),
                "is_chosen": path.name in self.chosen,
            }


def _list_files(path: Path) -> Iterator[int]:
    """Give the size of a file, or of each in a folder."""
    for one in path.rglob("*") if path.is_dir() else [path]:
        if one.is_file():
            yield one.stat().st_size
