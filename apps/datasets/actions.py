"""What can be done with datasets."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from django.conf import settings
from django.db import transaction

from apps.datasets.models import Dataset, Ingest, Revision
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.ingest import printable, verify_dataset
from hewston.pipeline.store import Store, sha256_file
from hewston.taskqueue import INTERRUPTED, find_dead


@transaction.atomic
def request_ingest(
    *, owner: User, sources: Sequence[Path], options: Mapping[str, object]
) -> Ingest:
    """Ask for files to be brought in.

    Raises InputError for a path that no page could show, and for one that holds or is in the data
    root: what is there came in already.
    """
    for path in sources:
        _check_place(path)
        if not str(path).isprintable():
            name = printable(str(path))
            raise InputError(
                f"{name} has characters that cannot be shown. Rename it, or give the folder it is "
                "in.",
                file=name,
            )
    ingest = Ingest.objects.create(
        owner=owner, sources=[str(path) for path in sources], options=dict(options)
    )
    ingest.enqueue()
    return ingest


def cancel_ingest(*, ingest: Ingest) -> None:
    """Stop an ingest; nothing of it is kept but its log. Raises HewstonError when it is over."""
    if not ingest.cancel():
        raise HewstonError(
            f"Ingest {ingest.pk} is over already: {ingest.get_status_display()}.", code="CONFLICT"
        )


def _check_place(path: Path) -> None:
    place, root = path.resolve(), settings.DATA_ROOT
    if place.is_relative_to(root) or root.is_relative_to(place):
        raise InputError(
            f"{printable(str(path))} is in the data root {root}, or holds it: what is there came "
            "in already. Name the files or the folder to bring in.",
            file=printable(str(path)),
        )


def find_dataset(*, user: User, dataset_id: str) -> Dataset:
    """Find a dataset the user may see; raises InputError with the nearest id."""
    visible = Dataset.objects.visible_to(user)
    found = visible.filter(dataset_id=dataset_id).prefetch_related("revisions").first()
    if found is None:
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


def recover_ingests() -> list[Ingest]:
    """Sweep what dead processes left half-made, and end the ingests that were theirs."""
    dead = find_dead(Ingest.objects.all())
    for ingest in dead:
        ingest.fail(INTERRUPTED)
    return dead
