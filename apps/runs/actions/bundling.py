"""Runs that go to another machine, and come from one."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.datasets.actions import adopt_revision, find_revision
from apps.datasets.models import Revision
from apps.datasets.tasks import publishing_alone
from apps.permissions.models import User
from apps.runs.actions.proving import check_done
from apps.runs.actions.strategies import find_same_version
from apps.runs.models import Run
from apps.runs.tasks import list_figures
from hewston import children
from hewston.pipeline import artifacts, store
from hewston.pipeline.bundle import Contents
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule
from hewston.taskqueue import LIVE, JobLog, Status, new_id
from hewston.uploads import Upload
from hewston.version import describe_version

WRITE = "hewston.pipeline.bundle:write_bundle"
BUNDLE_FIELDS: dict[str, Rule] = {
    "data": {"type": "bool", "default": False, "help": "with the bars that the run used"}
}
UNPACK = "hewston.pipeline.bundle:unpack_bundle"
_WAIT_S = 600.0
_MEMORY_BYTES = 2_000_000_000  # that reading somebody's tables may take


def write_bundle(*, run: Run, path: Path, with_data: bool) -> None:
    """Write a finished run to a file that ``import_bundle`` takes, in a child.

    Raises HewstonError (RUN_NOT_READY; CONFLICT where its files are not whole; RUN_NOT_FOUND).
    """
    check_done(run)
    try:
        children.ask(
            WRITE,
            within_s=_WAIT_S,
            path=path,
            run_id=run.pk,
            run_folder=run.folder,
            manifest_sha256=run.manifest_sha256,
            dataset_folder=run.revision.folder if with_data else None,
        )
    except (HewstonError, children.UnforeseenError):
        run.reread()  # which says so where it was deleted meanwhile
        raise


def import_bundle(*, owner: User, path: Path, name: str) -> tuple[Run, bool]:
    """Take a run in from a bundle; ``name`` is what sentences call the file.

    Returns the run, and whether it is new: the same inputs are the same run. Nothing is kept of
    what is refused. Raises InputError for what is no bundle, for one that is damaged, and where
    its data is neither in it nor here; HewstonError (CONFLICT) beside a run of the same inputs
    that is under way or has other results.
    """
    place = store.Store(settings.DATA_ROOT)
    with place.staging(f"import-{new_id()}") as folder:
        contents: Contents = children.ask(
            UNPACK,
            within_s=_WAIT_S,
            memory_bytes=_MEMORY_BYTES,
            path=path,
            name=name,
            folder=folder,
        )
        added: list[Path] = []
        try:
            with publishing_alone(), transaction.atomic():
                same = _find_same(owner, contents)
                run = same or _adopt(owner, contents, place, folder, added.append)
        except BaseException:
            for one in added:
                shutil.rmtree(one, ignore_errors=True)
            raise
    if same is None:
        _note(run, name, contents)
    return run, same is None


def _find_same(owner: User, contents: Contents) -> Run | None:
    live = [*LIVE, Status.DONE]
    mine = Run.objects.filter(owner=owner, input_hash=contents.manifest["input_hash"])
    same = mine.filter(status__in=live).first()
    if same is None:
        return None
    if same.status != Status.DONE:
        raise HewstonError(
            f"Run {same.pk} with the same inputs is {same.get_status_display()} here. Import again "
            "when it is done: then the two are compared.",
            code="CONFLICT",
        )
    theirs = contents.manifest["output_hashes"]
    ours = store.read_json(same.folder / artifacts.MANIFEST_FILE)["output_hashes"]
    others = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    if others:
        raise HewstonError(
            f"Run {same.pk} here has the same inputs and other results: {', '.join(others)} "
            f"{'differs' if len(others) == 1 else 'differ'}. `reproduce {same.pk}` tells whether "
            "it is right; where it is not, delete it and import again.",
            code="CONFLICT",
            differences=others,
        )
    return same


def _adopt(
    owner: User,
    contents: Contents,
    place: store.Store,
    folder: Path,
    undo: Callable[[Path], object],
) -> Run:
    """Put what was unpacked into place, with its rows."""
    revision = _find_or_adopt_data(owner, contents, folder, undo)
    if contents.bars > revision.rows:
        raise InputError(
            f"The run in the bundle has {contents.bars:,} bars, more than its data: "
            f"{revision.rows:,}. It was not made by `export`."
        )
    manifest = contents.manifest
    run = Run(
        id=_choose_id(place, contents.run_id),
        owner=owner,
        dataset=revision.dataset,
        revision=revision,
        spec=manifest["spec"],
        strategy_id=contents.spec.strategy_id,
        version=find_same_version(
            user=owner,
            strategy_id=contents.spec.strategy_id,
            sha256=contents.spec.strategy_sha256,
        ),
        code_hash=manifest["code_hash"],
        input_hash=manifest["input_hash"],
        manifest_sha256=store.sha256_file(folder / "run" / artifacts.MANIFEST_FILE),
        status=Status.DONE,
        progress={"share": 1.0},
        ended_at=timezone.now(),
        verified_at=timezone.now(),
        verified_by=describe_version(),
    )
    undo(run.folder)
    store.publish(folder / "run", run.folder)
    run.save(force_insert=True)
    list_figures(run=run, metrics=contents.values)
    return run


def _find_or_adopt_data(
    owner: User, contents: Contents, folder: Path, undo: Callable[[Path], object]
) -> Revision:
    spec = contents.spec
    interval = artifacts.dataset_interval(contents.manifest)
    known = find_revision(owner=owner, spec=spec, interval=interval)
    if known is not None:
        return known
    if contents.dataset is None or contents.first_ts is None or contents.last_ts is None:
        days = f", {spec.from_date} to {spec.to_date}" if spec.from_date and spec.to_date else ""
        raise InputError(
            f"The run was made on {spec.symbol}, bars of {interval}{days} (dataset "
            f"{contents.manifest['dataset_id']}, SHA-256 {spec.bars_sha256}), which is neither in "
            "the bundle nor among your datasets. Ingest that data first, or export the run with "
            "its data (--with-data).",
            code="DATASET_NOT_FOUND",
            symbol=spec.symbol,
            interval=interval,
            bars_sha256=spec.bars_sha256,
        )
    return adopt_revision(
        owner=owner,
        staged=folder / "dataset",
        manifest=contents.dataset,
        span=(contents.first_ts, contents.last_ts),
        warnings=contents.warnings,
        undo=undo,
    )


def _choose_id(place: store.Store, wanted: str) -> str:
    """Keep the id that the run has where it was made, unless anything here has it or had it.

    A bundle may claim any: that of somebody's job would show its log.
    """
    files = (place.log_file(wanted), place.deleted("runs") / wanted, place.run_folder(wanted))
    is_taken = Run.objects.filter(pk=wanted).exists() or any(file.exists() for file in files)
    return new_id() if is_taken else wanted


def _note(run: Run, name: str, contents: Contents) -> None:
    with contextlib.suppress(OSError):  # the disk may be full, and the run is here
        log = JobLog(store.Store(settings.DATA_ROOT).log_file(run.pk))
        log.write(
            f"Imported from the bundle {name}: its files are as its manifest says. Only reproduce "
            "tells whether its results are.",
            run_id=contents.run_id,
            made_at=contents.manifest["created_at"],
            git_commit=contents.manifest["git_commit"],
        )
        log.close()


def import_upload(*, owner: User, upload: Upload | None) -> tuple[Run, bool]:
    """Take a run in from the file of a request; raises as ``import_bundle`` does."""
    if upload is None or len(upload.names) != 1:
        raise InputError("Choose one file: a bundle that `export` wrote.", field="file")
    name = upload.names[0]
    return import_bundle(owner=owner, path=upload.folder / name, name=name)


def tag_bundle(run: Run, *, with_data: bool) -> str:
    """Name a bundle's content: the same run with the same option is the same bytes."""
    return f"{'d' if with_data else 'r'}{run.results_sha256}"
