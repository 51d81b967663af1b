"""The form that brings data in."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.http import QueryDict

from apps.datasets.actions import (
    INGEST_FIELDS,
    find_dataset,
    find_in_inbox,
    list_tables,
    read_ingest_fields,
    read_table_options,
    request_ingest,
    request_ingest_of_upload,
    start_draft,
)
from apps.datasets.forms.inbox import describe_inbox
from apps.datasets.models import Ingest, TableDraft, list_sent
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.ingest.tables.options import flatten_options, share_options
from hewston.pipeline.store import read_json
from hewston.uploads import Upload

_SAMPLE_YEAR = "2023"


class IngestForm:
    """Data to bring in: files that are sent, files of the inbox, or the sample year.

    ``like`` in it names a dataset of the same kind: what was said of its table is said again.
    """

    def __init__(self, given: QueryDict, *, user: User) -> None:
        self.problem: HewstonError | None = None
        self.source = given.get("source", "")
        self.values = {name: given.get(name, "") for name in INGEST_FIELDS}
        self.year = given.get("sample_year", _SAMPLE_YEAR)
        self.chosen = given.getlist("inbox")
        self.years = {"low": INGEST_FIELDS["sample_year"]["min"]}
        self.years |= {"high": INGEST_FIELDS["sample_year"]["max"]}
        self._user = user
        self.like, self.answers = self._read_like(given.get("like", ""))

    def submit(self, *, upload: Upload | None) -> Ingest | TableDraft:
        """Ask for the ingest, or for a look at tables first; raises HewstonError."""
        options = read_ingest_fields(self.values)
        if self.source == "sample":
            options = read_ingest_fields({"sample_year": self.year or _SAMPLE_YEAR})
            return request_ingest(owner=self._user, sources=[], options=options)
        if self.source == "inbox":
            if not self.chosen:
                raise InputError("Choose a file or a folder of the inbox.", field="inbox")
            found = find_in_inbox(names=self.chosen)
            if list_tables(found):
                return self._draft([str(path) for path in found], options)
            return request_ingest(owner=self._user, sources=found, options=options)
        if upload is None:
            raise InputError("Choose the files to send.", field="files")
        if list_tables(list_sent(upload.id, upload.names)):
            return self._draft(upload.names, options, upload)
        return request_ingest_of_upload(owner=self._user, upload=upload, options=options)

    def _draft(
        self, sources: Sequence[str], said: Mapping[str, object], upload: Upload | None = None
    ) -> TableDraft:
        if "vendor_dataset" in said:
            raise InputError(
                "Tables have no vendor dataset: leave it blank.", field="vendor_dataset"
            )
        options = read_table_options(owner=self._user, given={**self.answers, **said})
        return start_draft(owner=self._user, sources=sources, options=options, upload=upload)

    def _read_like(self, dataset_id: str) -> tuple[str, dict[str, Any]]:
        """Give the dataset that is named, where it was read from a table, and what was said."""
        if not dataset_id:
            return "", {}
        try:
            found = find_dataset(user=self._user, dataset_id=dataset_id)
            said = read_json(found.latest.folder / "manifest.json")["options"]
            options = share_options({**said, "table": said["answers"]})
        except (HewstonError, LookupError):
            return "", {}
        return found.pk, flatten_options(options)

    @property
    def inbox(self) -> Iterator[dict[str, object]]:
        """What lies in the inbox, and what of it is chosen."""
        return describe_inbox(self.chosen)
