"""Datasets that are there, and whether they are whole."""

import datetime as dt

from django.conf import settings

from apps.datasets.models import Dataset, Revision
from apps.permissions.models import User
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.ingest import verify_dataset
from hewston.pipeline.store import Store, sha256_file


def find_dataset(*, user: User, dataset_id: str) -> Dataset:
    """Find a dataset the user may see; raises InputError with the nearest id."""
    visible = Dataset.objects.visible_to(user)
    found = visible.filter(dataset_id=dataset_id).prefetch_related("revisions").first()
    if found is None or not found.revisions.all():  # none where it is being deleted
        known = list(visible.values_list("dataset_id", flat=True)[:1000])
        raise InputError(
            f"There is no dataset {dataset_id}. {suggest(dataset_id, known)}",
            code="DATASET_NOT_FOUND",
            field="dataset_id",
        )
    return found


def verify_revision(*, revision: Revision) -> list[str]:
    """Compare a revision's files with its manifest and the catalogue; a sentence a problem."""
    problems = verify_dataset(revision.folder)
    manifest = revision.folder / "manifest.json"
    if not problems and sha256_file(manifest) != revision.manifest_sha256:
        problems.append(
            "manifest.json differs from the catalogue: it was changed after the ingest."
        )
    place = Store(settings.DATA_ROOT)
    for raw in revision.raw_files:
        path = place.raw_file(raw["sha256"], raw["suffix"])
        if not path.is_file():
            problems.append(f"The raw copy of {raw['name']} is missing: raw/{path.name}.")
        elif sha256_file(path) != raw["sha256"]:
            problems.append(f"The raw copy of {raw['name']} was changed: raw/{path.name}.")
    return problems


def choose_dataset(*, user: User, symbol: str, first: dt.date, last: dt.date) -> Dataset:
    """Choose the user's newest dataset of a symbol that covers a range of exchange dates.

    One that is archived is not chosen. Raises InputError when there is none, and when there are
    some of different sources: then only its id says which one is meant.
    """
    mine = Dataset.objects.visible_to(user).filter(owner=user, status=Dataset.State.READY)
    mine = mine.archived(only=False)
    covering = mine.filter(symbol=symbol, from_date__lte=first, to_date__gte=last)
    found = list(covering.prefetch_related("revisions"))
    if not found:
        symbols = mine.order_by("symbol").values_list("symbol", flat=True).distinct()
        spans = [
            f"{one.pk} ({one.from_date} to {one.to_date})" for one in mine.filter(symbol=symbol)
        ]
        known = f"There are {', '.join(spans)}." if spans else suggest(symbol, list(symbols))
        raise InputError(
            f"No dataset of {symbol} covers {first} to {last}. {known}",
            code="DATASET_NOT_FOUND",
            field="symbol",
        )
    sources = {(one.provider, one.venue_code, one.interval, one.adjustment) for one in found}
    if len(sources) > 1:
        ids = [one.pk for one in found]
        raise InputError(
            f"{symbol} is in datasets of different sources: {', '.join(ids)}. Name one of them as "
            "dataset_id.",
            field="symbol",
            allowed=ids,
        )
    return found[0]
