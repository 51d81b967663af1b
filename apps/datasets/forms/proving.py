"""The form that compares a dataset."""

from collections.abc import Iterator

from django.http import QueryDict

from apps.datasets.actions import (
    EQUALITY_FIELDS,
    find_in_inbox,
    read_equality_fields,
    request_equality,
    request_equality_of_upload,
)
from apps.datasets.forms.inbox import describe_inbox
from apps.datasets.models import Equality, Revision
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError, InputError
from hewston.uploads import Upload


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
