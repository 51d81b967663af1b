"""Comparisons as jobs: the run first, what came of it, the certificate, and faults."""

import contextlib
import dataclasses
import threading

import psutil
import pytest

from apps.parity import actions
from apps.parity.models import Certificate, Comparison
from apps.parity.tasks import perform_comparison, work_on_comparison
from apps.runs.actions import build_spec, delete_run, list_options, request_run, strategy_of
from apps.runs.models import Run
from apps.runs.tasks import perform_run
from hewston.pipeline import artifacts
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.reading import Reader
from hewston.pipeline.parity.sources import RunSource
from hewston.pipeline.spec import sha256_text
from hewston.pipeline.store import Store
from hewston.taskqueue import Status, read_log
from tests.bridges import read_bars
from tests.comparisons import chart_of_run, keep, list_at_closes, raise_slow_at, request
from tests.scenes import RUN_ID
from tests.sources import add_strategy


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
