"""Comparisons: asking for one, again, cancelling, deleting, and what keeps what."""

import os
import tempfile

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from apps.parity import actions
from apps.parity.models import BridgeArtifact, Comparison
from apps.runs.actions import delete_run
from apps.runs.models import Run
from apps.strategies.models import StrategyCheck
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.parity.example import write_example
from hewston.pipeline.store import Store
from hewston.taskqueue import Status
from tests.bridges import ARTIFACT_ID, add_artifact
from tests.scenes import RUN_ID, add_run
from tests.sources import add_strategy

FAILED = "bbbbbbbbbbbb"
OTHER_ID = "eeeeeeeeeee1"


def ask(catalogue, **said):
    given = {"owner": catalogue.ada, "artifact_id": ARTIFACT_ID, "run_id": RUN_ID, **said}
    return actions.request_comparison(**given)


def limit(artifact_id, **counts):
    """Let an artifact have only some of its parts."""
    parts = {"candles": 0, "series": 0, "trades": 0, **counts}
    BridgeArtifact.objects.filter(pk=artifact_id).update(**parts)


def test_the_same_inputs_are_the_same_comparison(catalogue):
    add_artifact(catalogue)
    first, is_new = ask(catalogue)
    assert (first.status, is_new) == (Status.QUEUED, True)
    again, is_new = ask(catalogue, options={"bars": 1, "zone": ""})
    assert (again.pk, is_new) == (first.pk, False)
    other, is_new = ask(catalogue, options={"bars": 3})
    assert (other.pk != first.pk, is_new) == (True, True)
    changed, is_new = actions.compare_again(comparison=first, change={"bars": 3})
    assert (changed.pk, is_new) == (other.pk, False)


def test_no_example_is_taken_away_by_who_sweeps_what_dead_jobs_left(catalogue, monkeypatch):
    place = Store(settings.DATA_ROOT)
    place.temporary.mkdir(exist_ok=True)
    monkeypatch.setattr(tempfile, "tempdir", str(place.temporary))  # as where it is served

    def write_and_sweep(folder):
        made = write_example(folder)
        place.sweep()
        return made

    monkeypatch.setattr("apps.parity.actions.examples.write_example", write_and_sweep)
    made, is_new = actions.first_look(owner=catalogue.ada)
    assert (made.artifact.name, is_new) == ("Example: chart data", True)


def test_a_cancelled_comparison_is_asked_for_anew(catalogue):
    add_artifact(catalogue)
    first, _ = ask(catalogue)
    actions.cancel_comparison(comparison=first)
    with pytest.raises(HewstonError, match="over already: cancelled"):
        actions.cancel_comparison(comparison=first)
    again, is_new = actions.compare_again(comparison=first, change={})
    assert (again.pk != first.pk, is_new, again.status) == (True, True, Status.QUEUED)


def test_titles_are_added_to_and_a_zone_has_its_own_name(catalogue):
    add_artifact(catalogue)
    first, _ = ask(catalogue, options={"mapping": {"A": "a"}, "zone": "asia/taipei"})
    again, _ = actions.compare_again(comparison=first, change={"mapping": {"B": None}})
    assert again.options["mapping"] == {"A": "a", "B": None}
    assert again.options["zone"] == "Asia/Taipei"


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ({"run_id": None}, "run_id", "Say what Python's side is"),
        ({"python_artifact_id": OTHER_ID}, "run_id", "Say what Python's side is"),
        ({"artifact_id": ""}, "artifact_id", "Say which bridge artifact is Pine's."),
        ({"artifact_id": "nothing"}, "artifact_id", "There is no bridge artifact nothing."),
        ({"second_artifact_id": "x"}, "second_artifact_id", "There is no bridge artifact x."),
        ({"run_id": "aaaaaaaaaaab"}, "run_id", f"Did you mean {RUN_ID}?"),
        ({"second_artifact_id": ARTIFACT_ID}, "second_artifact_id", "are the same"),
        ({"second_artifact_id": OTHER_ID}, "second_artifact_id", "which eeeeeeeeeeee has too"),
        ({"run_id": FAILED}, "run_id", f"Run {FAILED} is failed: it has no results"),
        ({"run_id": None, "python_artifact_id": ARTIFACT_ID}, "python_artifact_id", "both sides"),
        ({"options": {"bars": -1}}, "bars", "bars is -1"),
        ({"options": {"zone": "Mars"}}, "zone", "zone is Mars"),
        ({"options": {"colour": "red"}}, "colour", "colour is not an option"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_field(catalogue, said, field, words):
    add_artifact(catalogue)
    add_artifact(catalogue, OTHER_ID, sha="b")
    add_run(catalogue, FAILED, Status.ERROR)
    with pytest.raises(HewstonError) as refusal:
        ask(catalogue, **said)
    assert words in refusal.value.message
    assert refusal.value.details["field"] == field
    assert not Comparison.objects.exists()


def test_two_artifacts_that_share_nothing_are_refused(catalogue):
    add_artifact(catalogue)
    add_artifact(catalogue, OTHER_ID, sha="b")
    limit(ARTIFACT_ID, trades=2)
    limit(OTHER_ID, series=1)
    with pytest.raises(InputError, match=r"has trades, and .* has series: nothing of them"):
        ask(catalogue, run_id=None, python_artifact_id=OTHER_ID)
    limit(ARTIFACT_ID, candles=60)
    limit(OTHER_ID, trades=2)
    made, _ = ask(catalogue, second_artifact_id=OTHER_ID)
    assert [one.pk for one in made.pine_artifacts] == [ARTIFACT_ID, OTHER_ID]


def test_nobody_compares_what_is_somebody_elses(catalogue):
    add_artifact(catalogue)
    with pytest.raises(HewstonError) as refusal:
        ask(catalogue, owner=catalogue.stranger)
    assert refusal.value.code == "ARTIFACT_NOT_FOUND"


def test_a_comparison_has_one_python_side_and_figures_only_when_done(catalogue):
    add_artifact(catalogue)
    made, _ = ask(catalogue)
    for wrong in (
        {"run": None},
        {"python_artifact": ARTIFACT_ID},
        {"verdict": "aligned"},
        {"status": Status.DONE},
        {"bars": 1},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Comparison.objects.filter(pk=made.pk).update(**wrong)


def test_how_long_a_version_warms_up_is_part_of_what_decides(catalogue):
    version = add_strategy(catalogue.ada, "trend").latest
    run = catalogue.run
    Run.objects.filter(pk=run.pk).update(
        version=version, strategy_id="trend@1", spec={**run.spec, "params": {"length": 50}}
    )
    add_artifact(catalogue)
    first, _ = ask(catalogue)
    for length, bars in ((20, 7), (50, 49)):
        check = StrategyCheck.objects.create(
            owner=catalogue.ada,
            version=version,
            revision=catalogue.revision,
            params={"length": length},
        )
        check.claim()
        warmup = {"bars": bars, "signals": 0, "series": {"average": bars}, "sentence": "So long."}
        check.complete(verdict="clean", sentence="Clean.", result={"warmup": warmup})
    again, is_new = ask(catalogue)
    assert (is_new, again.warmup) == (True, {"bars": 49, "series": {"average": 49}})
    _, (python,) = again.sources()
    assert (python.warmup, python.measured_warmup) == (49, {"average": 49})
    assert first.warmup == {}


def test_an_artifact_is_kept_as_long_as_a_comparison_uses_it(catalogue):
    artifact = add_artifact(catalogue)
    made, _ = ask(catalogue)
    with pytest.raises(HewstonError) as refusal:
        actions.delete_artifact(artifact=artifact)
    assert refusal.value.code == "CONFLICT"
    assert refusal.value.message == (
        f"1 comparison uses bridge artifact {ARTIFACT_ID}: {made.pk}. Delete it first."
    )
    assert artifact.file.is_file()
    with pytest.raises(HewstonError, match="under way: cancel it first"):
        actions.delete_comparison(comparison=made)
    actions.cancel_comparison(comparison=made)
    actions.delete_comparison(comparison=made)
    actions.delete_artifact(artifact=artifact)
    assert not artifact.folder.exists()


def test_comparisons_go_with_their_run(catalogue):
    add_artifact(catalogue)
    run = add_run(catalogue, FAILED, Status.QUEUED)
    made, _ = ask(catalogue, run_id=FAILED)
    run.cancel()
    log = Store(settings.DATA_ROOT).log_file(made.pk)
    log.parent.mkdir(exist_ok=True)
    log.write_text("{}\n")
    delete_run(run=run)
    assert not Comparison.objects.exists()
    assert not log.exists()
    with pytest.raises(HewstonError) as refusal:
        made.cancel()
    assert refusal.value.code == "COMPARISON_NOT_FOUND"


def test_who_deletes_a_run_is_told_of_its_comparisons(client, catalogue):
    client.force_login(catalogue.ada)
    page = f"/runs/{RUN_ID}/delete/"
    assert "comparison" not in client.get(page).content.decode()
    add_artifact(catalogue)
    ask(catalogue)
    assert "1 comparison of it with what Pine said goes too" in client.get(page).content.decode()
    ask(catalogue, options={"bars": 2})
    assert "2 comparisons of it with what Pine said go too" in client.get(page).content.decode()


def test_files_whose_row_is_gone_are_removed_in_time(catalogue):
    folder = Store(settings.DATA_ROOT).comparison_folder("gone")
    folder.mkdir(parents=True)
    actions.recover_comparisons()
    assert folder.exists()  # somebody may be writing the row now
    os.utime(folder, (0, 0))
    actions.recover_comparisons()
    assert not folder.exists()
