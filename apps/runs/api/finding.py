"""The run of an address of the API, as far as whoever asks may see it."""

from django.http import HttpRequest

from apps.runs.api.listing import with_all
from apps.runs.models import Run
from hewston.pipeline import artifacts
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.store import read_json
from hewston.taskqueue import Status


def find_run(request: HttpRequest, run_id: str) -> Run:
    """Find a run with all that is shown of it; raises HewstonError (RUN_NOT_FOUND)."""
    mine = Run.objects.visible_to(request.user)
    run = with_all(mine).select_related("dataset").filter(pk=run_id).first()
    if run is None:
        raise HewstonError(
            f"There is no run {run_id[:40]}, or it is not yours to see.", code="RUN_NOT_FOUND"
        )
    return run


def find_done(request: HttpRequest, run_id: str) -> Run:
    """Find a run with a result; raises HewstonError (RUN_NOT_READY) for any other."""
    run = find_run(request, run_id)
    if run.status != Status.DONE:
        raise HewstonError(
            f"Run {run.pk} is {run.get_status_display()}, and only a run that is done has this.",
            code="RUN_NOT_READY",
            status=run.status,
        )
    return run


def read_hash(run: Run, artifact: str) -> str:
    """Read the digest of an artifact from the run's manifest."""
    manifest = read_json(run.folder / artifacts.MANIFEST_FILE)
    return str(manifest["output_hashes"][artifact])
