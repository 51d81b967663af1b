"""What is done with runs that are there."""

import shutil

from django.conf import settings
from django.db import transaction

from apps.runs.models import Run
from hewston.pipeline import store
from hewston.pipeline.errors import HewstonError, InputError
from hewston.taskqueue import LIVE

NAME_LENGTH, NOTE_LENGTH = 120, 10_000  # characters


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


def describe_run(*, run: Run, name: str, note: str) -> None:
    """Give a run a name and a note; they decide nothing.

    Raises InputError when one is too long, HewstonError when the run was deleted.
    """
    check_description(name=name, note=note)
    run.name, run.note = name.strip(), note.strip()
    if not Run.objects.filter(pk=run.pk).update(name=run.name, note=run.note):
        raise HewstonError(f"Run {run.pk} was deleted meanwhile.", code=Run.missing)


def delete_run(*, run: Run) -> None:
    """Remove a run that is over, with its folder and its log. Raises HewstonError otherwise.

    The folder is moved aside inside the transaction: what a crash leaves there is moved back when
    the row is still there, and removed when it is not.
    """
    place = store.Store(settings.DATA_ROOT)
    aside = place.deleted("runs") / run.pk
    try:
        with transaction.atomic():
            deleted, _ = Run.objects.filter(pk=run.pk).exclude(status__in=LIVE).delete()
            if not deleted:
                run.reread()
                raise HewstonError(f"Run {run.pk} is under way: cancel it first.", code="CONFLICT")
            aside.parent.mkdir(parents=True, exist_ok=True)
            if run.folder.exists():
                run.folder.rename(aside)
    finally:
        settle_deletions()
    place.log_file(run.pk).unlink(missing_ok=True)


@transaction.atomic  # where a deletion is under way, this waits for its end
def settle_deletions() -> None:
    """Finish what a deletion left aside: back where its run still exists, else away."""
    place = store.Store(settings.DATA_ROOT)
    for aside in place.deleted("runs").glob("*"):
        if Run.objects.filter(pk=aside.name).exists():
            aside.rename(place.run_folder(aside.name))
        else:
            shutil.rmtree(aside, ignore_errors=True)
