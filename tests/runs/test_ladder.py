"""A run's cost ladder: asked for, followed, cancelled, concluded, on pages and in the API."""

import dataclasses
import json
import re

import pytest
from django.core.management import call_command
from django.test import Client

from apps.runs.actions import climb_ladder, delete_run, read_ladder, request_run
from apps.runs.models import Run, Rung, RunMetrics
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.ladder import FACTORS
from hewston.pipeline.spec import SlippageFees
from hewston.taskqueue import Status
from tests.scenes import DATASET_ID, RUN_ID, add_run

PAGE, API = f"/runs/{RUN_ID}/costs/", f"/backtests/{RUN_ID}/ladder"


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def finish(run, net_profit):
    """End a run as its worker would, with this profit."""
    assert run.claim()
    assert run.complete()
    RunMetrics.objects.create(run=run, net_profit=net_profit, trades=7, total_return=0.1)


def finish_all(base, close, next_open):
    """End the rungs that are not over; profits are by factor, None where the base is the rung."""
    profits = {"close": close, "next_open": next_open}
    for rung in read_ladder(run=base).rungs:
        if not rung.run.is_over:
            finish(rung.run, profits[rung.fill_clock][FACTORS.index(rung.cost_factor)])


def change_costs(run, **costs):
    """Give a run other costs."""
    spec = dataclasses.replace(run.run_spec, slippage_fees=SlippageFees(**costs))
    Run.objects.filter(pk=run.pk).update(
        spec=spec.as_json(), input_hash=spec.input_hash(run.code_hash)
    )
    run.refresh_from_db()


def test_one_click_asks_for_eight_runs_of_which_the_run_is_one(ada, catalogue):
    assert "Run the cost ladder" in text_of(ada.get(PAGE))
    assert ada.post(PAGE)["Location"] == PAGE
    rungs = Rung.objects.filter(base=catalogue.run)
    assert rungs.count() == 8
    assert rungs.get(cost_factor=1, fill_clock="next_open").run == catalogue.run
    double = rungs.get(cost_factor=2, fill_clock="close").run
    costs = double.run_spec.slippage_fees
    assert (costs.k_spread, costs.fees_bps) == (1.0, 2.0)
    assert double.name == f"2x costs at the close: sma_crossover ({RUN_ID})"
    assert (double.owner, double.status) == (catalogue.ada, Status.QUEUED)
    base = catalogue.run.run_spec
    same = dataclasses.replace(
        double.run_spec, slippage_fees=base.slippage_fees, fill_clock=base.fill_clock
    )
    assert same == base
    ada.post(PAGE)
    assert Run.objects.count() == 8
    assert "nothing was computed" in text_of(ada.get(PAGE))


def test_while_it_runs_the_page_shows_how_far_it_is_and_cancels(ada, catalogue):
    ada.post(PAGE)
    page = ada.get(PAGE).content.decode()
    assert 'id="ladder" watch="jobs"' in page
    assert "1 of 8 runs done" in page
    assert "not every run is done" in page
    ada.post(f"{PAGE}cancel/")
    page = text_of(ada.get(PAGE))
    assert "1 of 8 runs are done" in page
    assert "Run those that are missing" in page
    assert Run.objects.filter(status=Status.CANCELLED).count() == 7
    assert Run.objects.get(pk=RUN_ID).status == Status.DONE
    ada.post(f"{PAGE}cancel/")
    assert "No rung of run" in text_of(ada.get(PAGE))
    ada.post(PAGE)  # a cancelled one is asked for again
    assert read_ladder(run=catalogue.run).is_live


def test_cancelling_leaves_what_somebody_asked_for_otherwise(ada, catalogue):
    run = catalogue.run
    costs = SlippageFees(k_spread=1.0, fees_bps=2.0)
    spec = dataclasses.replace(run.run_spec, slippage_fees=costs, fill_clock="close")
    hand, _ = request_run(owner=run.owner, revision=run.revision, spec=spec, name="by hand")
    ada.post(PAGE)
    assert hand in {rung.run for rung in read_ladder(run=run).rungs}
    ada.post(f"{PAGE}cancel/")
    hand.refresh_from_db()
    assert hand.status == Status.QUEUED
    assert Run.objects.filter(status=Status.CANCELLED).count() == 6
    ada.post(f"{PAGE}cancel/")
    assert f"this ladder did not ask for {hand.pk}" in text_of(ada.get(PAGE))


def test_a_whole_ladder_says_where_the_profit_is_gone(ada, catalogue):
    RunMetrics.objects.filter(run=catalogue.run).update(net_profit=20.0)
    climb_ladder(run=catalogue.run)
    finish_all(catalogue.run, (500, 400, 300, 100), (100, 60, None, -60))
    answer = ada.get(PAGE)
    page, text = answer.content.decode(), text_of(answer)
    sentence = (
        "Filled at the close, it still earns at 2 times its costs; filled at the next open, the "
        "profit is gone at 1.25 times its costs."
    )
    assert sentence in text
    assert f"Net profit by multiple of the costs. {sentence}" in page
    assert 'watch="jobs"' not in page
    assert page.count("<circle") == 8 + 2  # points, and one in each key
    assert "+$500.00" in text
    assert "this run" in text
    shown = ada.get(API).json()
    assert (shown["status"], shown["conclusion"]) == ("DONE", sentence)
    assert shown["break_even"] == {"close": None, "next_open": 1.25}
    assert [rung["net_profit"] for rung in shown["rungs"]] == [500, 400, 300, 100, 100, 60, 20, -60]


def test_the_command_makes_the_runs_with_the_engine(catalogue, capsys):
    call_command("ladder", RUN_ID, "--user", "ada", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert (answer["status"], answer["created"], answer["failed"]) == ("DONE", 7, False)
    figures = catalogue.run.metrics
    paid = figures.fees_paid + figures.slippage_paid
    for rung in answer["rungs"]:
        if rung["fill_clock"] == "next_open":
            left = figures.net_profit + paid * (1 - rung["cost_factor"])
            assert rung["net_profit"] == pytest.approx(left, abs=0.01)
            assert rung["trades"] == figures.trades
    call_command("ladder", RUN_ID, "--user", "ada")
    said = capsys.readouterr().out
    assert said.count("next_open") == 4
    assert said.rstrip().endswith(answer["conclusion"])


def test_the_command_says_why_there_is_no_ladder(catalogue, capsys):
    with pytest.raises(SystemExit):
        call_command("ladder", DATASET_ID, "--user", "ada")
    assert "is a dataset: a cost ladder is for a run" in capsys.readouterr().err


def test_without_costs_there_is_nothing_to_scale(ada, catalogue):
    change_costs(catalogue.run, k_spread=0, fees_bps=0)
    page = text_of(ada.get(PAGE))
    assert "there is nothing to scale. Run it again with costs" in page
    assert "Run the cost ladder" not in page
    answer = ada.post(API, "{}", content_type="application/json")
    assert answer.status_code == 409
    assert "nothing to scale" in answer.json()["error"]["message"]
    assert not Rung.objects.exists()


def test_a_run_that_is_not_done_has_no_ladder(ada, catalogue):
    failed = add_run(catalogue, "bbbbbbbbbbbb", Status.ERROR)
    assert "it is for a run that is done" in text_of(ada.get(f"/runs/{failed.pk}/costs/"))
    with pytest.raises(HewstonError, match="is failed"):
        climb_ladder(run=failed)


def test_a_cost_beyond_its_range_is_refused_whole(catalogue):
    change_costs(catalogue.run, k_spread=60, fees_bps=1)
    with pytest.raises(InputError, match="k_spread"):
        climb_ladder(run=catalogue.run)
    assert not Rung.objects.exists()
    assert Run.objects.count() == 1


def test_a_deleted_rung_is_asked_for_again_and_a_deleted_base_leaves_its_runs(
    ada, catalogue, settings, tmp_path
):
    settings.DATA_ROOT = tmp_path
    catalogue.run.folder.mkdir(parents=True)
    base = add_run(catalogue, "bbbbbbbbbbbb", Status.QUEUED)
    finish(base, 20.0)
    climb_ladder(run=base)
    finish_all(base, (1, 1, 1, 1), (1, 1, 1, 1))
    for rung in base.rungs.all():
        rung.run.folder.mkdir(parents=True, exist_ok=True)
    gone = base.rungs.get(cost_factor=2, fill_clock="close").run
    delete_run(run=gone)
    page = text_of(ada.get(f"/runs/{base.pk}/costs/"))
    assert "7 of 8 runs are done" in page
    assert "filled at the next open, it still earns" in page
    assert read_ladder(run=base).as_json()["status"] == "INCOMPLETE"
    climb_ladder(run=base)
    assert base.rungs.count() == 8
    count = Run.objects.count()
    delete_run(run=base)
    assert not Rung.objects.filter(base_id="bbbbbbbbbbbb").exists()
    assert Run.objects.count() == count - 1


def test_a_run_of_another_version_is_told_from_its_rungs(ada, catalogue):
    change_costs(catalogue.run, k_spread=0.5, fees_bps=1)
    Run.objects.filter(pk=RUN_ID).update(code_hash="f" * 64, input_hash="e" * 64)
    catalogue.run.refresh_from_db()
    ladder, new = climb_ladder(run=catalogue.run)
    assert new == 8  # its own result is of other code, and no rung of this one
    assert ladder.is_of_other_code
    assert "made by the same version" in text_of(ada.get(PAGE))


def test_a_failed_rung_says_why(ada, catalogue):
    climb_ladder(run=catalogue.run)
    failed = catalogue.run.rungs.get(cost_factor=0, fill_clock="close").run
    assert failed.fail(HewstonError("The disk is full."))
    assert "The disk is full." in text_of(ada.get(PAGE))
    assert ada.get(API).json()["rungs"][0]["error"]["message"] == "The disk is full."


def test_a_program_asks_follows_and_cancels(ada, catalogue):
    assert ada.get(API).json()["status"] == "NONE"
    asked = ada.post(API, "{}", content_type="application/json")
    assert (asked.status_code, asked.json()["status"]) == (202, "RUNNING")
    again = ada.post(API, "{}", content_type="application/json")
    assert (again.status_code, len(again.json()["rungs"])) == (200, 8)
    stopped = ada.post(f"{API}/cancel")
    assert (stopped.status_code, stopped.json()["status"]) == (200, "INCOMPLETE")
    assert ada.post(f"{API}/cancel").status_code == 409


def test_a_stranger_has_no_ladder(catalogue):
    stranger = Client()
    stranger.force_login(catalogue.stranger)
    for answer in (
        stranger.get(PAGE),
        stranger.post(PAGE),
        stranger.post(f"{PAGE}cancel/"),
        stranger.get(API),
        stranger.post(API, "{}", content_type="application/json"),
    ):
        assert answer.status_code == 404
    assert not Rung.objects.exists()


def test_an_administrator_asks_for_the_one_whose_it_is(client, catalogue):
    client.force_login(catalogue.owner)
    client.post(PAGE)
    assert {rung.run.owner for rung in catalogue.run.rungs.all()} == {catalogue.ada}


def test_a_list_shows_what_the_runs_are(ada, catalogue):
    climb_ladder(run=catalogue.run)
    assert "0.5x costs at the next open: sma_crossover" in text_of(ada.get("/runs/"))
