"""Comparisons: asking for one, again, cancelling, deleting, and what keeps what."""

import contextlib
import dataclasses
import os
import tempfile
import threading

import psutil
import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from apps.parity import actions
from apps.parity.models import BridgeArtifact, Certificate, Comparison
from apps.parity.tasks import perform_comparison, work_on_comparison
from apps.runs.actions import build_spec, delete_run, list_options, request_run, strategy_of
from apps.runs.models import Run
from apps.runs.tasks import perform_run
from apps.strategies.models import StrategyCheck
from hewston.pipeline import artifacts
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.parity.example import write_example
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.reading import Reader
from hewston.pipeline.parity.sources import RunSource
from hewston.pipeline.spec import sha256_text
from hewston.pipeline.store import Store
from hewston.taskqueue import Status, read_log
from tests.bridges import ARTIFACT_ID, add_artifact, read_bars
from tests.comparisons import chart_of_run, keep, list_at_closes, raise_slow_at, request
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


def test_a_run_beside_its_own_export_is_aligned(catalogue):
    made = request(catalogue, keep(catalogue, chart_of_run(catalogue)))
    work_on_comparison(made.pk)
    made.refresh_from_db()
    assert (made.status, made.error) == (Status.DONE, None)
    assert (made.verdict, made.class_name, made.cause) == ("aligned", "", "")
    assert (made.bars, made.series, made.series_differ) == (2660, 2, 0)
    report = actions.read_comparison(comparison=made)
    assert report["verdict"] == "aligned"
    assert sorted(path.name for path in made.folder.iterdir()) == [
        "comparison.json",
        "tiers.parquet",
    ]
    assert not Certificate.objects.exists()  # the strategy comes with Hewston


def test_the_first_bar_where_both_part_is_in_the_row(catalogue):
    artifact = keep(catalogue, chart_of_run(catalogue, change=raise_slow_at(500)))
    made = request(catalogue, artifact)
    perform_comparison(made)
    times = artifacts.read_frame(catalogue.run.folder, "signals")["ts_open"]
    assert (made.verdict, made.class_name) == ("diverged", "python_implementation")
    assert (made.first_at, made.series_differ) == (times[500], 1)
    assert "Slow" in made.sentence
    looser, _ = actions.compare_again(
        comparison=made, change={"tolerances": {"default": {"absolute": 2.0}}}
    )
    perform_comparison(looser)
    assert looser.verdict == "aligned_within_tolerance"


def ask_for_run(catalogue, **options):
    """Ask for the catalogue's run with other options; nobody does it yet."""
    run = catalogue.run
    spec = build_spec(
        revision=run.revision,
        strategy=strategy_of(run),
        params=run.run_spec.params,
        options={**list_options(run.run_spec), **options},
    )
    asked, _ = request_run(owner=catalogue.ada, revision=run.revision, spec=spec)
    return asked


def test_a_run_that_is_not_over_is_done_first(catalogue):
    run = ask_for_run(catalogue, fill_clock="close")
    made = request(catalogue, keep(catalogue, chart_of_run(catalogue)), run.pk)
    work_on_comparison(made.pk)
    run.refresh_from_db()
    made.refresh_from_db()
    assert (run.status, made.status, made.verdict) == (Status.DONE, Status.DONE, "aligned")
    work_on_comparison(made.pk)  # a second delivery
    assert Comparison.objects.get().attempt == 1


def test_a_run_that_fails_ends_the_comparison_with_its_sentence(catalogue):
    run = ask_for_run(catalogue, seed=5)
    made = request(catalogue, keep(catalogue, chart_of_run(catalogue)), run.pk)
    run.fail(HewstonError("The bars are gone.", code="CONFLICT"))
    with pytest.raises(HewstonError):
        perform_comparison(made)
    error = made.error or {}
    assert (made.status, error["code"]) == (Status.ERROR, "RUN_NOT_READY")
    assert error["message"] == (
        f"There is nothing to compare with: run {run.pk} is failed: The bars are gone."
    )
    assert "The bars are gone." in read_log(made.pk)
    assert not made.folder.exists()
    with pytest.raises(HewstonError, match="has no results to compare with"):
        actions.compare_again(comparison=made, change={})


def test_a_cancelled_comparison_waits_no_longer_and_its_run_goes_on(catalogue, stage):
    run = ask_for_run(catalogue, seed=6)
    made = request(catalogue, keep(catalogue, chart_of_run(catalogue)), run.pk)
    run.claim()
    with Store(stage.root).staging(f"{run.pk}.1"):  # as a worker does that has it
        Comparison.objects.get(pk=made.pk).cancel()
        perform_comparison(made)
    run.refresh_from_db()
    assert (made.status, made.attempt, run.status) == (Status.CANCELLED, 0, Status.RUNNING)


def test_a_comparison_whose_run_is_deleted_meanwhile_ends_with_it(catalogue):
    run = ask_for_run(catalogue, seed=7)
    made = request(catalogue, keep(catalogue, chart_of_run(catalogue)), run.pk)
    late = Comparison.objects.select_related("run").get(pk=made.pk)
    assert late.run == run
    run.cancel()
    delete_run(run=run)
    with pytest.raises(HewstonError) as refusal:
        perform_comparison(late)
    assert refusal.value.code in {"RUN_NOT_FOUND", "COMPARISON_NOT_FOUND"}


def test_a_comparison_that_was_half_published_is_made_anew(catalogue):
    made = request(catalogue, keep(catalogue, chart_of_run(catalogue)))
    made.folder.mkdir(parents=True)
    (made.folder / "comparison.json").write_text("{}")  # of a process that died before its row
    perform_comparison(made)
    assert actions.read_comparison(comparison=made)["verdict"] == "aligned"


def test_a_run_whose_files_were_changed_is_not_compared(catalogue):
    run = ask_for_run(catalogue, seed=8)
    perform_run(run)
    path = run.folder / "signals.parquet"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    made = request(catalogue, keep(catalogue, chart_of_run(catalogue)), run.pk)
    with pytest.raises(HewstonError, match=r"signals\.parquet"):
        perform_comparison(made)
    assert made.status == Status.ERROR


def test_the_run_of_a_version_gets_a_certificate_once(catalogue):
    version = add_strategy(catalogue.ada, "trend").latest
    Run.objects.filter(pk=RUN_ID).update(version=version)
    artifact = keep(catalogue, chart_of_run(catalogue))
    first = request(catalogue, artifact)
    perform_comparison(first)
    made = Certificate.objects.get()
    assert (made.version, made.comparison, made.verdict) == (version, first, "aligned")
    assert made.content["report_sha256"] == first.report_sha256
    assert made.content["pine"]["artifacts"][0]["upload_sha256"] == artifact.upload_sha256
    assert made.sha256 == sha256_text(made.text)
    actions.delete_comparison(comparison=first)
    again = request(catalogue, artifact)
    perform_comparison(again)
    made.refresh_from_db()  # the same bytes of the same inputs
    assert (made.comparison, Certificate.objects.count()) == (again, 1)


def test_the_hint_of_another_clock_asks_for_the_run_and_compares_with_it(catalogue):
    bars = artifacts.read_frame(catalogue.run.folder, "signals")["ts_open"]
    trades = artifacts.read_frame(catalogue.run.folder, "trades")
    closes = read_bars(catalogue).select("ts_open", "close")
    made = request(catalogue, keep(catalogue, list_at_closes(trades, bars, closes), zone="UTC"))
    perform_comparison(made)
    assert (made.class_name, made.cause) == ("python_implementation", "fill_clock")
    hints = actions.read_comparison(comparison=made)["hints"]
    number = next(at for at, one in enumerate(hints) if one["run"])
    assert hints[number]["run"] == {"fill_clock": "close"}
    again, is_new = actions.remove_cause(comparison=made, hint=number)
    assert is_new
    run = Run.objects.get(comparisons=again)
    assert (run.status, run.run_spec.fill_clock) == (Status.QUEUED, "close")
    work_on_comparison(again.pk)
    again.refresh_from_db()
    run.refresh_from_db()
    assert (again.status, run.status) == (Status.DONE, Status.DONE)
    assert again.cause != "fill_clock"
    same, is_new = actions.remove_cause(comparison=made, hint=number)
    assert (same.pk, is_new) == (again.pk, False)


def test_bars_of_a_longer_interval_are_kept_so_that_no_page_makes_them(catalogue):
    run = ask_for_run(catalogue, interval="5m")
    made = request(catalogue, keep(catalogue, chart_of_run(catalogue)), run.pk)
    work_on_comparison(made.pk)
    made.refresh_from_db()
    assert (made.status, made.verdict) == (Status.DONE, "diverged")
    pine, (python,) = made.sources()
    assert isinstance(python, RunSource)
    reader = Reader(
        folder=made.folder,
        pine=pine,
        python=[dataclasses.replace(python, bars_file=made.folder / "none")],
        options=Options.from_json(made.options),
    )
    opens = reader.window(100, before=0, after=4)["python"]["open"]
    assert sum(one is not None for one in opens) == 1
    assert all(one["pine"] is not None for one in reader.differences(limit=5)["items"])


@contextlib.contextmanager
def killing_children():
    """Kill whatever work of this process begins meanwhile in a child."""
    is_over = threading.Event()

    def find():
        servers = [
            one for one in psutil.Process().children() if "forkserver" in " ".join(one.cmdline())
        ]
        return [child for server in servers for child in server.children()]

    def kill():
        while not is_over.wait(0.001):
            with contextlib.suppress(psutil.Error):
                for child in find():
                    child.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_a_comparison_whose_child_is_killed_is_made_by_the_next(catalogue):
    artifact = keep(catalogue, chart_of_run(catalogue))
    made = request(catalogue, artifact)
    for bars in range(2, 12):  # a child may be faster than who kills it
        with killing_children():
            perform_comparison(made)
        if made.status == Status.QUEUED:
            break
        made, _ = actions.compare_again(comparison=made, change={"bars": bars})
    assert (made.status, made.attempt, made.folder.exists()) == (Status.QUEUED, 1, False)
    assert "attempt 1 ended before it was done. Another one begins" in read_log(made.pk)
    work_on_comparison(made.pk)
    made.refresh_from_db()
    assert (made.status, made.attempt, made.verdict) == (Status.DONE, 2, "aligned")


def test_a_comparison_of_a_dead_process_goes_to_another_one(catalogue):
    made = request(catalogue, keep(catalogue, chart_of_run(catalogue)))
    for _ in range(3):
        made.claim()
        assert actions.recover_comparisons() == [made]
        made.refresh_from_db()
    assert (made.status, (made.error or {})["code"]) == (Status.ERROR, "INTERRUPTED")
