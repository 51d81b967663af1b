"""What is done with runs that are there."""

import shutil
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.datasets.actions import read_tags
from apps.runs.models import Run, RunTag
from hewston.pipeline import store
from hewston.pipeline.errors import HewstonError, InputError
from hewston.taskqueue import LIVE

NAME_LENGTH, NOTE_LENGTH = 120, 10_000  # characters
MOST_AT_ONCE = 100  # runs that one request may change
CHANGES = ("tag", "untag", "archive", "restore", "delete")


def cancel_run(*, run: Run) -> None:
    """Stop a run; nothing of it is kept but its log. Raises HewstonError when it is over."""
    if not run.cancel():
        raise HewstonError(
            f"Run {run.pk} is over already: {run.get_status_display()}.", code="RUN_ENDED"
        )


def check_description(*, name: str, note: str) -> None:
    """Check a name and a note before they are given; raises InputError with the field."""
    for field, text, longest in (("name", name, NAME_LENGTH), ("note", note, NOTE_LENGTH)):
        if len(text) > longest:
            raise InputError(
                f"{field} has {len(text):,} characters, but at most {longest:,} are kept.",
                field=field,
                allowed=f"at most {longest:,} characters",
            )


@transaction.atomic
def describe_run(
    *,
    run: Run,
    name: str | None = None,
    note: str | None = None,
    tags: Iterable[str] | str | None = None,
) -> None:
    """Give a run a name, a note and tags, each in place of that before; they decide nothing.

    None leaves what is there. Raises InputError when one is too long, HewstonError when the run
    was deleted.
    """
    check_description(name=name or "", note=note or "")
    words = {"name": name, "note": note}
    _update(run, **{word: text.strip() for word, text in words.items() if text is not None})
    if tags is not None:
        _set_tags(run, read_tags(tags))


@transaction.atomic
def tag_run(*, run: Run, add: str = "", remove: str = "") -> None:
    """Put tags on a run, and take tags off it. Raises InputError as ``read_tags`` does."""
    before = set(run.tags.values_list("name", flat=True))
    _update(run)
    _set_tags(run, read_tags((before - {*read_tags(remove)}) | {*read_tags(add)}))


def archive_run(*, run: Run) -> None:
    """Leave a run out of lists. Raises HewstonError while it is under way, or was deleted."""
    if not run.is_over:
        raise HewstonError(f"Run {run.pk} is under way: cancel it first.", code="CONFLICT")
    if not run.is_archived:
        _update(run, archived_at=timezone.now())


def restore_run(*, run: Run) -> None:
    """Bring an archived run back. Raises HewstonError when it was deleted."""
    _update(run, archived_at=None)


def _set_tags(run: Run, names: list[str]) -> None:
    run.tags.exclude(name__in=names).delete()
    RunTag.objects.bulk_create(
        [RunTag(run=run, name=name) for name in names], ignore_conflicts=True
    )


def _update(run: Run, **values: Any) -> None:  # noqa: ANN401 (of any field)
    for name, value in values.items():
        setattr(run, name, value)
    mine = Run.objects.filter(pk=run.pk)
    if not (mine.update(**values) if values else mine.exists()):
        raise HewstonError(f"Run {run.pk} was deleted meanwhile.", code=Run.missing)


def delete_run(*, run: Run) -> None:
    """Remove a run that is over, with its folder and its logs. Raises HewstonError otherwise.

    The folder is moved aside inside the transaction: what a crash leaves there is moved back when
    the row is still there, and removed when it is not.
    """
    place = store.Store(settings.DATA_ROOT)
    aside = place.deleted("runs") / run.pk
    try:
        with transaction.atomic():
            others = (run.reproductions, run.comparisons)  # which go with it
            jobs = [run.pk, *(pk for one in others for pk in one.values_list("pk", flat=True))]
            deleted, _ = Run.objects.filter(pk=run.pk).exclude(status__in=LIVE).delete()
            if not deleted:
                run.reread()
                raise HewstonError(f"Run {run.pk} is under way: cancel it first.", code="CONFLICT")
            aside.parent.mkdir(parents=True, exist_ok=True)
            if run.folder.exists():
                shutil.rmtree(aside, ignore_errors=True)  # of an earlier run of this id
                run.folder.rename(aside)
    finally:
        settle_deletions()
    for job_id in jobs:
        place.log_file(job_id).unlink(missing_ok=True)
    for made in place.cache.glob(f"breakdowns/*/{run.pk}-*"):
        shutil.rmtree(made, ignore_errors=True)


def change_runs(
    *, runs: Iterable[Run], action: str, tags: str = ""
) -> tuple[list[str], list[tuple[str, HewstonError]]]:
    """Do one of CHANGES to each run: gives the ids of the changed, and what refused others.

    Raises InputError for another action, and where it needs tags and none, or one that cannot be
    used, is given; nothing is changed then.
    """
    if action not in CHANGES:
        raise InputError(
            f"action is {action[:40]}, but must be one of {', '.join(CHANGES)}.",
            field="action",
            allowed=list(CHANGES),
        )
    if action in {"tag", "untag"} and not read_tags(tags):
        raise InputError("Say which tags. Nothing was changed.", field="tags")
    verbs: dict[str, Callable[[Run], None]] = {
        "tag": lambda run: tag_run(run=run, add=tags),
        "untag": lambda run: tag_run(run=run, remove=tags),
        "archive": lambda run: archive_run(run=run),
        "restore": lambda run: restore_run(run=run),
        "delete": lambda run: delete_run(run=run),
    }
    changed, refused = [], []
    for run in runs:
        try:
            verbs[action](run)
        except HewstonError as refusal:
            refused.append((run.pk, refusal))
        else:
            changed.append(run.pk)
    return changed, refused


@transaction.atomic  # where a deletion is under way, this waits for its end
def settle_deletions() -> None:
    """Finish what a deletion left aside: back where its run lacks its folder, else away."""
    place = store.Store(settings.DATA_ROOT)
    for aside in place.deleted("runs").glob("*"):
        folder = place.run_folder(aside.name)
        # A run that was imported since, by the same id, has a folder of its own.
        if Run.objects.filter(pk=aside.name).exists() and not folder.exists():
            aside.rename(folder)
        else:
            shutil.rmtree(aside, ignore_errors=True)
