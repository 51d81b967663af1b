"""What is done with datasets that are there."""

import contextlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.datasets.models import Dataset, Revision, Tag
from apps.datasets.tasks import publishing_alone
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.store import EQUALITY, Store, read_json

NOTES_LENGTH, TAG_LENGTH = 10_000, 40  # characters
MOST_TAGS = 20
_RUNS_NAMED = 5


def read_tags(said: str | Iterable[str]) -> list[str]:
    """Read tags, of a text with commas between them or one by one; sorted, each once.

    They are small letters, with one space between words. Raises InputError for one that is too
    long or cannot be shown, and for more than may be given.
    """
    words = said.split(",") if isinstance(said, str) else said
    tags = sorted({tag for word in words if (tag := " ".join(word.lower().split()))})
    for tag in tags:
        if len(tag) > TAG_LENGTH or not tag.isprintable() or "," in tag:
            allowed = f"at most {TAG_LENGTH} characters that can be shown, without a comma"
            raise InputError(
                f"The tag “{tag[:TAG_LENGTH]}” cannot be used: a tag has {allowed}.",
                field="tags",
                allowed=allowed,
            )
    if len(tags) > MOST_TAGS:
        raise InputError(
            f"These are {len(tags)} tags; at most {MOST_TAGS} are kept.",
            field="tags",
            allowed=f"at most {MOST_TAGS} tags",
        )
    return tags


@transaction.atomic
def describe_dataset(
    *, dataset: Dataset, notes: str | None = None, tags: Iterable[str] | str | None = None
) -> None:
    """Give a dataset notes and tags, each in place of those before; they decide nothing.

    None leaves what is there. Raises InputError when one is too long, HewstonError when the
    dataset was deleted.
    """
    if notes is not None:
        if len(notes) > NOTES_LENGTH:
            raise InputError(
                f"notes has {len(notes):,} characters, but at most {NOTES_LENGTH:,} are kept.",
                field="notes",
                allowed=f"at most {NOTES_LENGTH:,} characters",
            )
        _update(dataset, notes=notes.strip())
    if tags is not None:
        _set_tags(dataset, read_tags(tags))


@transaction.atomic
def tag_dataset(*, dataset: Dataset, add: str = "", remove: str = "") -> None:
    """Put tags on a dataset, and take tags off it. Raises InputError as ``read_tags`` does."""
    before = set(dataset.tags.values_list("name", flat=True))
    _set_tags(dataset, read_tags((before - {*read_tags(remove)}) | {*read_tags(add)}))


def _set_tags(dataset: Dataset, names: list[str]) -> None:
    _update(dataset)
    dataset.tags.exclude(name__in=names).delete()
    Tag.objects.bulk_create(
        [Tag(dataset=dataset, name=name) for name in names], ignore_conflicts=True
    )


def archive_dataset(*, dataset: Dataset) -> None:
    """Leave a dataset out of lists; runs on it stay and can be made again.

    Raises HewstonError when the dataset was deleted.
    """
    if not dataset.is_archived:
        _update(dataset, archived_at=timezone.now())


def restore_dataset(*, dataset: Dataset) -> None:
    """Bring an archived dataset back. Raises HewstonError when it was deleted."""
    _update(dataset, archived_at=None)


def _update(dataset: Dataset, **values: Any) -> None:  # noqa: ANN401 (of any field)
    for name, value in values.items():
        setattr(dataset, name, value)
    mine = Dataset.objects.filter(pk=dataset.pk)
    if not (mine.update(**values) if values else mine.exists()):
        raise _was_deleted(dataset)


def _was_deleted(dataset: Dataset) -> HewstonError:
    return HewstonError(f"Dataset {dataset.pk} was deleted meanwhile.", code="DATASET_NOT_FOUND")


def delete_dataset(*, dataset: Dataset) -> None:
    """Remove a dataset that no run uses: rows, folders, and raw files that are nobody else's.

    Ingests and their logs stay. Raises HewstonError while a run uses any revision of it, and when
    it is gone already.

    Its folder is moved aside inside the transaction: what a crash leaves there is moved back when
    its rows are still there, and removed when they are not.
    """
    place = Store(settings.DATA_ROOT)
    aside = place.deleted("datasets") / dataset.pk
    try:
        with publishing_alone(), transaction.atomic():
            if not Dataset.objects.filter(pk=dataset.pk).exists():
                raise _was_deleted(dataset)
            _check_unused(dataset)
            dataset.revisions.all().delete()
            Dataset.objects.filter(pk=dataset.pk).delete()
            aside.parent.mkdir(parents=True, exist_ok=True)
            folder = place.dataset(dataset.pk)
            if folder.exists():
                folder.rename(aside)
    finally:
        settle_dataset_deletions()


def _check_unused(dataset: Dataset) -> None:
    runs = list(dataset.runs.order_by("-created_at").values_list("pk", flat=True))
    if runs:
        named = ", ".join(runs[:_RUNS_NAMED])
        more = f" and {len(runs) - _RUNS_NAMED:,} more" if len(runs) > _RUNS_NAMED else ""
        kind = "run uses" if len(runs) == 1 else "runs use"
        them = "it" if len(runs) == 1 else "them"
        raise HewstonError(
            f"{len(runs):,} {kind} dataset {dataset.pk}: {named}{more}. Delete {them} first, or "
            "archive the dataset instead.",
            code="CONFLICT",
            used_by=len(runs),
            runs=f"/runs/?dataset={dataset.pk}",
        )


def settle_dataset_deletions() -> None:
    """Finish what a deletion left aside: back where its rows still exist, else away."""
    place = Store(settings.DATA_ROOT)
    if any(place.deleted("datasets").glob("*")):
        with publishing_alone(), transaction.atomic():  # a deletion under way ends first
            for aside in place.deleted("datasets").glob("*"):
                _settle(place, aside)
    _sweep_cache(place)


def _sweep_cache(place: Store) -> None:
    """Remove what was made of bars that no revision has any more; names are HASH-…-VERSION."""
    if made := list(place.cache.glob("*/*")):  # listed first: a revision is there before
        hashes = Revision.objects.values_list("bars_sha256", flat=True)
        known = {sha256[:12] for sha256 in hashes}
        for path in made:
            if not known.issuperset(path.name.split("-")[:-1]):
                shutil.rmtree(path, ignore_errors=True)


def _settle(place: Store, aside: Path) -> None:
    """Move a revision back whose row is there; remove the others, the raw files of each first."""
    for folder in aside.glob("*"):
        rows = Revision.objects.filter(dataset_id=aside.name)
        if folder.name != EQUALITY:  # which is of all of them
            rows = rows.filter(bars_sha256__startswith=folder.name)
        final = place.dataset(aside.name) / folder.name
        if rows.exists() and not final.exists():
            final.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(final)
        elif not rows.exists():
            _remove_raw(place, folder)
    shutil.rmtree(aside, ignore_errors=True)


def _remove_raw(place: Store, folder: Path) -> None:
    """Remove the raw files that a manifest names and no revision of anybody needs."""
    with contextlib.suppress(InputError):  # a manifest that cannot be read says nothing
        mine = {_name(raw) for raw in read_json(folder / "manifest.json").get("raw_files", [])}
        for files in Revision.objects.values_list("raw_files", flat=True).iterator():
            mine -= {_name(raw) for raw in files}
        for sha256, suffix in mine:
            place.raw_file(sha256, suffix).unlink(missing_ok=True)


def _name(raw: Mapping[str, Any]) -> tuple[str, str]:
    return str(raw["sha256"]), str(raw["suffix"])
