"""The form that compares a dataset."""

from collections.abc import Iterator

from django.http import QueryDict

from apps.datasets.actions import (
    EQUALITY_FIELDS,
    TABLE_FIELDS,
    find_in_inbox,
    read_equality_fields,
    request_equality,
    request_equality_of_upload,
)
from apps.datasets.forms.inbox import describe_inbox
from apps.datasets.models import Equality, Revision
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.ingest.tables.options import HELP
from hewston.uploads import Upload

_LABELS = {
    "member": "File in an archive",
    "decimal": "Decimal mark",
    "max_bad_rows": "Most bad rows",
}
_SHOWN = ("tz", "stamp", "date_order")  # what a vendor's table most often does not say


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
    def further(self) -> list[dict[str, str]]:
        """What may be said of a table beside what stands in the form itself."""
        return [
            {
                "key": name,
                "label": _LABELS.get(name, name.capitalize()),
                "value": self.values[name],
                "help": f"{HELP[name][:1].upper()}{HELP[name][1:]}.",
            }
            for name in TABLE_FIELDS
            if name not in _SHOWN
        ]

    @property
    def is_further_said(self) -> bool:
        """Tell whether some of it was said, or must be."""
        missing = self.problem.details.get("field") if self.problem else None
        return any(one["value"] or one["key"] == missing for one in self.further)

    @property
    def inbox(self) -> Iterator[dict[str, object]]:
        """What lies in the inbox, and what of it is chosen."""
        return describe_inbox(self.chosen)
