"""Lists of runs as somebody keeps them."""

from django.core.exceptions import SuspiciousOperation
from django.db import IntegrityError, transaction
from django.http import QueryDict

from apps.permissions.models import User
from apps.runs.models import SavedView
from hewston.pipeline.errors import HewstonError, InputError

VIEW_NAME_LENGTH, QUERY_LENGTH = 80, 4_000  # characters
_MOST_VIEWS = 200  # of one person


@transaction.atomic
def save_view(*, owner: User, name: str, query: str) -> tuple[SavedView, bool]:
    """Keep a list's query under a name, in place of the one before; and tell whether it is new.

    Of the query is kept what it says: neither a page nor what is blank. Raises InputError for a
    name or a query that cannot be, and for more than are kept.
    """
    name, query = _check_name(name), _tidy(query.removeprefix("?"))
    if len(query) > QUERY_LENGTH:
        raise InputError(
            f"The view has {len(query):,} characters, but at most {QUERY_LENGTH:,} are kept.",
            field="query",
            allowed=f"at most {QUERY_LENGTH:,} characters",
        )
    others = SavedView.objects.filter(owner=owner).exclude(name=name)
    if others.count() >= _MOST_VIEWS:
        raise InputError(f"Keep at most {_MOST_VIEWS} views: delete one first.", field="name")
    return SavedView.objects.update_or_create(owner=owner, name=name, defaults={"query": query})


def _tidy(query: str) -> str:
    try:
        said = QueryDict(query, mutable=True)
        for field, values in list(said.lists()):
            kept = [value for value in values if value and field != "page"]
            said.setlist(field, kept)
        return said.urlencode(safe=",")
    except SuspiciousOperation:
        raise InputError(
            "The view's query has too many fields to be read.",
            field="query",
            allowed="a query of the page of runs",
        ) from None


def rename_view(*, view: SavedView, name: str) -> None:
    """Give a view another name.

    Raises InputError for one that cannot be, HewstonError (CONFLICT) where it is taken.
    """
    view.name = _check_name(name)
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise HewstonError(
            f"There is a view named {view.name} already. Choose another name.",
            code="CONFLICT",
            field="name",
        ) from None


def delete_view(*, view: SavedView) -> None:
    """Forget a view; the runs that it lists stay as they are."""
    view.delete()


def _check_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > VIEW_NAME_LENGTH or not name.isprintable():
        raise InputError(
            f"A view's name has 1 to {VIEW_NAME_LENGTH} characters that can be shown.",
            field="name",
            allowed=f"1 to {VIEW_NAME_LENGTH} characters",
        )
    return name
