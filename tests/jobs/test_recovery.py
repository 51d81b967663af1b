"""What becomes of the rows of jobs: claims, beats, attempts, and what a watch sees."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_q.models import OrmQ

from apps.runs.actions import (
    cancel_run,
    delete_run,
    describe_run,
    recover_runs,
    request_run,
    settle_deletions,
)
from apps.runs.models import Run
from apps.runs.tasks import perform_run, work_on_run
from hewston.pipeline import store
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.store import Store
from hewston.taskqueue import (
    Claim,
    Status,
    Watch,
    call_again,
    find_dead,
    perform,
    read_log,
    revive,
)
from tests.scenes import Catalogue, Stage, add_run


class Clock:
    """A clock that the test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def run(catalogue: Catalogue) -> Run:
    return add_run(catalogue, "bbbbbbbbbbbb", Status.QUEUED)


def messages() -> int:
    return int(OrmQ.objects.filter(key="runs").count())


def test_a_request_and_its_message_are_written_together(catalogue: Catalogue) -> None:
    spec = catalogue.run.run_spec
    request_run(owner=catalogue.owner, revision=catalogue.revision, spec=spec)
    assert messages() == 1


def test_a_second_delivery_does_nothing(catalogue: Catalogue) -> None:
    before = Run.objects.values().get(pk=catalogue.run.pk)
    work_on_run(catalogue.run.pk)
    work_on_run("no such run")
    assert Run.objects.values().get(pk=catalogue.run.pk) == before


def test_one_of_two_claims_wins(run: Run) -> None:
    other = Run.objects.get(pk=run.pk)
    assert run.claim()
    assert not other.claim()
    assert run.attempt == 1


def test_a_stale_attempt_changes_nothing(run: Run) -> None:
    stale = Run.objects.get(pk=run.pk)
    stale.claim()
    late = Run.objects.get(pk=run.pk)
    assert stale.requeue()
    fresh = Run.objects.get(pk=run.pk)
    assert fresh.claim()
    assert fresh.attempt == 2
    assert not late.beat({"share": 0.5})
    late.attempt = 1
    assert not late.complete()
    fresh.refresh_from_db()
    assert fresh.status == Status.RUNNING
    assert fresh.progress == {}


def test_a_running_job_whose_lock_is_free_goes_to_another_one(run: Run) -> None:
    run.claim()
    assert recover_runs() == [run]
    run.refresh_from_db()
    assert (run.status, run.attempt) == (Status.QUEUED, 1)
    assert messages() == 1
    assert "attempt 1 ended before it was done. Another one begins" in read_log(run.pk)


def test_a_job_is_left_alone_while_its_process_lives(run: Run, stage: Stage) -> None:
    run.claim()
    with Store(stage.root).staging(f"{run.pk}.1"):
        assert find_dead(Run.objects.all()) == []


def test_the_third_death_is_the_last(run: Run) -> None:
    for _ in range(3):
        assert run.claim()
        recover_runs()
        run.refresh_from_db()
    assert run.status == Status.ERROR
    assert run.error is not None
    assert run.error["code"] == "INTERRUPTED"


def test_a_process_that_lives_but_hangs_loses_its_job(run: Run, stage: Stage) -> None:
    clock = Clock()
    watch = Watch(clock)
    run.claim()
    with Store(stage.root).staging(f"{run.pk}.1"):
        assert recover_runs(watch) == []
        clock.now += 15
        run.beat({"share": 0.1})
        assert recover_runs(watch) == []
        clock.now += 15
        assert recover_runs(watch) == []
        clock.now += 6
        assert recover_runs(watch) == [run]
    assert not run.beat({"share": 0.2})


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_changes_nothing(
    run: Run, stage: Stage, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    watch = Watch(Clock())
    run.claim()
    with Store(stage.root).staging(f"{run.pk}.1"):
        assert recover_runs(watch) == []
        later = timezone.now() + dt.timedelta(hours=hours)
        monkeypatch.setattr("django.utils.timezone.now", lambda: later)
        assert recover_runs(watch) == []
        assert run.beat({"share": 0.5})
        assert run.complete()
    assert run.duration_ms is not None
    assert run.duration_ms >= 0


def test_a_job_that_the_queue_lost_is_called_again_when_a_worker_is_free(run: Run) -> None:
    clock = Clock()
    watch = Watch(clock)
    queued = Run.objects.all()
    call_again(queued, watch, workers=1)
    clock.now += 4
    call_again(queued, watch, workers=1)
    assert messages() == 0
    clock.now += 2
    call_again(queued, watch, workers=0)
    assert messages() == 0
    call_again(queued, watch, workers=1)
    call_again(queued, watch, workers=1)
    assert messages() == 1


def test_a_cancellation_reaches_whichever_attempt_is_under_way(run: Run) -> None:
    asked = Run.objects.get(pk=run.pk)
    run.claim()
    cancel_run(run=asked)
    assert not run.beat({"share": 0.5})
    assert run.status == Status.CANCELLED
    with pytest.raises(HewstonError) as caught:
        cancel_run(run=asked)
    assert caught.value.code == "RUN_ENDED"


def test_a_deleted_run_leaves_nothing(catalogue: Catalogue, stage: Stage) -> None:
    spec = catalogue.run.run_spec
    run, _ = request_run(owner=catalogue.owner, revision=catalogue.revision, spec=spec)
    perform_run(run)
    folder = run.folder
    assert folder.is_dir()
    delete_run(run=run)
    assert not folder.exists()
    assert not Store(stage.root).log_file(folder.name).exists()
    assert not Run.objects.filter(pk=folder.name).exists()
    assert list((stage.root / "deleted" / "runs").iterdir()) == []


def test_whoever_comes_after_a_deletion_is_told_so(catalogue: Catalogue) -> None:
    run = add_run(catalogue, "bbbbbbbbbbbb", Status.RUNNING)
    asked = Run.objects.get(pk=run.pk)
    cancel_run(run=Run.objects.get(pk=run.pk))
    delete_run(run=Run.objects.get(pk=run.pk))
    late: list[Callable[[], object]] = [
        lambda: cancel_run(run=asked),
        lambda: delete_run(run=asked),
        lambda: describe_run(run=asked, name="late", note=""),
        lambda: run.beat({"share": 0.5}),
        run.complete,
        lambda: revive(run),
    ]
    for act in late:
        with pytest.raises(HewstonError, match="was deleted meanwhile") as caught:
            act()
        assert caught.value.code == "RUN_NOT_FOUND"


def test_a_run_that_is_deleted_while_it_is_published_leaves_nothing(
    run: Run, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = store.publish

    def delete_then_publish(staged: Path, final: Path) -> bool:
        cancel_run(run=Run.objects.get(pk=run.pk))
        delete_run(run=Run.objects.get(pk=run.pk))
        return publish(staged, final)

    monkeypatch.setattr(store, "publish", delete_then_publish)
    with pytest.raises(HewstonError, match="was deleted meanwhile"):
        perform_run(run)
    assert not run.folder.exists()
    assert not Run.objects.filter(pk="bbbbbbbbbbbb").exists()
    assert list((stage.root / "tmp").glob("bbbbbbbbbbbb*")) == []


@pytest.fixture
def blocked_log(run: Run, stage: Stage) -> Iterator[None]:
    """Something is where the log of the run belongs."""
    path = Store(stage.root).log_file(run.pk)
    path.unlink(missing_ok=True)
    path.mkdir(parents=True)
    yield
    path.rmdir()


@pytest.mark.usefixtures("blocked_log")
def test_a_job_goes_on_although_its_log_cannot_be_written(run: Run) -> None:
    run.claim()
    assert recover_runs() == [run]
    run.refresh_from_db()
    assert run.status == Status.QUEUED


@pytest.mark.usefixtures("blocked_log")
def test_a_job_whose_log_cannot_be_opened_fails(run: Run) -> None:
    with pytest.raises(HewstonError, match="IsADirectoryError"):
        perform_run(run)
    assert run.status == Status.ERROR


def test_a_job_whose_catalogue_does_not_answer_goes_back_to_the_queue(run: Run) -> None:
    def work(claim: Claim) -> None:
        raise OperationalError("database is locked")

    perform(run, work)
    assert run.status == Status.QUEUED
    assert "database is locked" in read_log(run.pk)


def test_a_run_under_way_is_not_deleted(run: Run) -> None:
    with pytest.raises(HewstonError, match="cancel it first"):
        delete_run(run=run)
    assert Run.objects.filter(pk=run.pk).exists()


def test_a_deletion_that_a_crash_cut_short_is_undone(catalogue: Catalogue, stage: Stage) -> None:
    aside = stage.root / "deleted" / "runs" / catalogue.run.pk
    aside.parent.mkdir(parents=True, exist_ok=True)
    catalogue.run.folder.rename(aside)
    settle_deletions()
    assert catalogue.run.folder.is_dir()
    gone = stage.root / "deleted" / "runs" / "cccccccccccc"
    gone.mkdir()
    settle_deletions()
    assert not gone.exists()


def test_progress_is_json(run: Run) -> None:
    run.claim()
    run.beat({"file": "a.dbn", "day": "2023-01-03", "records": 5, "share": 0.25})
    assert json.loads(json.dumps(run.progress))["day"] == "2023-01-03"
