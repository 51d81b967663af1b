"""Asking for a run by the form, and acting on runs."""

import re

import pytest
from django.utils.html import escape

from apps.runs.actions import build_spec, choose_strategy
from apps.runs.models import Run
from apps.runs.tasks import perform_run
from hewston.pipeline.errors import InputError
from hewston.pipeline.spec import COST_FIELDS, RUN_FIELDS
from hewston.pipeline.strategies.catalogue import BUILT_IN
from hewston.taskqueue import Status
from tests.scenes import DATASET_ID, RUN_ID, add_run

NEW, RUN = "/runs/new/", f"/runs/{RUN_ID}/"
TYPED = {
    "dataset_id": DATASET_ID,
    "strategy": "sma_crossover",
    "params.fast": "7",
    "params.slow": "30",
    "size": "10",
}


@pytest.fixture(autouse=True)
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


def value_of(page, name):
    """What a field of the form holds."""
    field = re.search(rf'<input[^>]*name="{re.escape(name)}"[^>]*value="([^"]*)"', page)
    if field is None:
        area = re.search(rf'<select[^>]*name="{re.escape(name)}".*?</select>', page, re.DOTALL)
        assert area is not None, name
        field = re.search(r'<option value="([^"]*)" selected', area.group())
        assert field is not None, area.group()
    return field.group(1)


def test_the_form_is_made_of_the_strategys_parameters_with_range_and_help(ada):
    page = ada.get(NEW).content.decode()
    assert value_of(page, "strategy") == "sma_crossover"
    assert (value_of(page, "params.fast"), value_of(page, "params.slow")) == ("20", "50")
    assert "Bars in the fast average. A whole number from 1 to 5000." in page
    page = ada.get(NEW, {"strategy": "buy_and_hold"}).content.decode()
    assert "params.fast" not in page
    assert "This strategy has no parameters." in page


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_the_form_has_a_field_for_each_parameter_of_each_strategy(ada, name):
    page = ada.get(NEW, {"strategy": name}).content.decode()
    for parameter, rule in BUILT_IN[name].PARAMS.items():
        default = str(rule["default"]).lower().removesuffix(".0")
        assert value_of(page, f"params.{parameter}") == default
        assert escape(rule["help"]) in page


def test_a_run_is_sized_by_equity_and_kept_to_one_side(ada):
    typed = {
        "dataset_id": DATASET_ID,
        "strategy": "opening_range_breakout",
        "params.sides": "long",
        "params.stop": "false",
        "sizing": "percent_of_equity",
        "size": "25",
        "limit_gap": "limit",
    }
    assert ada.post(NEW, typed).status_code == 302
    run = Run.objects.exclude(pk=RUN_ID).get()
    assert (run.spec["sizing"], run.spec["size"], run.spec["limit_gap"]) == (
        "percent_of_equity",
        25,
        "limit",
    )
    assert (run.spec["params"]["sides"], run.spec["params"]["stop"]) == ("long", False)
    perform_run(run)
    assert "size 25 % of equity" in ada.get(f"/runs/{run.pk}/").content.decode()


def test_a_size_in_percent_must_be_said(ada):
    typed = {"dataset_id": DATASET_ID, "strategy": "buy_and_hold", "sizing": "percent_of_equity"}
    answer = ada.post(NEW, typed)
    assert answer.status_code == 422
    assert "size must say how much percent of equity" in answer.content.decode()


def test_every_option_of_a_run_has_a_field_with_its_default_and_its_help(ada):
    page = ada.get(NEW).content.decode()
    for name in [*RUN_FIELDS, *COST_FIELDS, "spread_fallback"]:
        assert f'name="{name}"' in page
        assert f'id="{name.replace("_", "-")}-help"' in page
    assert value_of(page, "from") == "2023-10-30"
    assert value_of(page, "starting_cash") == "100000"


def test_a_run_is_asked_for_and_done(ada, catalogue):
    answer = ada.post(NEW, {**TYPED, "name": " mine ", "note": "one\r\ntwo", "speed": "30"})
    run = Run.objects.exclude(pk=RUN_ID).get()
    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{run.pk}/")
    assert (run.owner, run.name, run.note, run.speed) == (catalogue.ada, "mine", "one\ntwo", 30)
    assert run.spec["params"] == {"fast": 7, "slow": 30}
    assert (run.spec["size"], run.spec["to"]) == (10, "2023-11-07")
    perform_run(run)
    page = ada.get(f"/runs/{run.pk}/").content.decode()
    assert "mine — run" in page
    assert "one\ntwo" in page
    assert "mine" in ada.get("/runs/").content.decode()


def test_the_same_inputs_lead_to_the_run_that_has_them(ada):
    first = ada.post(NEW, TYPED)
    again = ada.post(NEW, TYPED, follow=True)
    assert again.redirect_chain == [(first["Location"], 302)]
    assert "has the same inputs: nothing was computed" in again.content.decode()


def test_a_form_that_is_sent_twice_is_one_run_however_that_ended(ada):
    typed = {**TYPED, "request_key": "once"}
    first = ada.post(NEW, typed)
    Run.objects.exclude(pk=RUN_ID).get().cancel()
    assert ada.post(NEW, typed)["Location"] == first["Location"]
    assert ada.post(NEW, {**typed, "size": "11"})["Location"] != first["Location"]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"params.fast": "40"}, "params-fast"),
        ({"params.slow": "many"}, "params-slow"),
        ({"size": "-1"}, "size"),
        ({"size": "1e400"}, "size"),
        ({"from": "2020-01-01"}, "from"),
        ({"to": "soon"}, "to"),
        ({"from": "2023-11-03", "to": "2023-11-01"}, "from"),
        ({"session": "night"}, "session"),
        ({"k_spread": "nan"}, "k-spread"),
        ({"spread_fallback": "-2", "spread_unit": "bps"}, "spread-fallback"),
        ({"speed": "0"}, "speed"),
        ({"name": "n" * 121}, "name"),
        ({"dataset_id": "NOTHING"}, "dataset-id"),
        ({"strategy": "<b>"}, "strategy"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(ada, typed, field):
    given = {**TYPED, "note": "keep <me>", "seed": "5", **typed}
    answer = ada.post(NEW, given)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count('aria-invalid="true"') == 1
    assert f'id="{field}-error"' in page
    assert f'aria-describedby="{field}-help {field}-error"' in page
    assert "keep &lt;me&gt;" in page
    for name, value in given.items():
        if name not in {"note", "spread_unit"} and not (
            name.startswith("params.") and given["strategy"] != TYPED["strategy"]
        ):
            assert value_of(page, name) == escape(value)
    assert Run.objects.count() == 1


def test_the_words_are_those_of_the_pipeline(ada, catalogue):
    with pytest.raises(InputError) as said:
        build_spec(
            revision=catalogue.revision,
            strategy=choose_strategy(user=catalogue.ada, name="sma_crossover"),
            params={"fast": "40", "slow": "30"},
            options={},
        )
    page = ada.post(NEW, {**TYPED, "params.fast": "40"}).content.decode()
    assert f">{said.value.message}</p>" in page


def test_data_without_quotes_needs_an_assumed_spread(ada, catalogue):
    catalogue.dataset.products = ["TRADES"]
    catalogue.dataset.save()
    assert "This data has none" in ada.get(NEW).content.decode()
    refused = ada.post(NEW, TYPED)
    assert refused.status_code == 422
    assert 'id="spread-fallback-error"' in refused.content.decode()
    assert ada.post(NEW, {**TYPED, "k_spread": "0"}).status_code == 302
    assert ada.post(NEW, {**TYPED, "spread_fallback": "2"}).status_code == 302


def test_without_data_the_form_says_where_data_comes_from(client, catalogue):
    client.force_login(catalogue.stranger)
    page = client.get(NEW).content.decode()
    assert 'href="/datasets/new/"' in page
    assert "<textarea" not in page


def test_nobody_runs_on_anothers_data_or_from_anothers_run(client, catalogue):
    client.force_login(catalogue.stranger)
    assert client.post(NEW, TYPED).status_code == 422
    assert client.get(NEW, {"from_run": RUN_ID}).status_code == 404


def test_a_run_is_asked_for_again_with_everything_that_decided_it(ada, catalogue):
    run_id = ada.post(
        NEW,
        {
            **TYPED,
            "from": "2023-11-01",
            "fill_clock": "close",
            "fees_bps": "0.25",
            "spread_fallback": "1.5",
            "spread_unit": "bps",
            "seed": "9",
        },
    )["Location"].split("/")[2]
    page = ada.get(NEW, {"from_run": run_id}).content.decode()
    for name, value in {
        **TYPED,
        "from": "2023-11-01",
        "fill_clock": "close",
        "fees_bps": "0.25",
        "spread_fallback": "1.5",
        "seed": "9",
    }.items():
        assert value_of(page, name) == value
    assert "<option selected>bps</option>" in page
    assert f"{NEW}?from_run={RUN_ID}" in ada.get(RUN).content.decode()


def test_dates_of_one_dataset_are_not_kept_for_another(ada):
    asked = {"dataset_id": DATASET_ID, "dates_of": "OTHER", "from": "1999-01-01", "size": "3"}
    page = ada.get(NEW, asked).content.decode()
    assert (value_of(page, "from"), value_of(page, "size")) == ("2023-10-30", "3")


def test_a_run_under_way_shows_how_far_it_is_and_is_cancelled(ada, catalogue):
    run = add_run(catalogue, "bbbbbbbbbbbb", Status.QUEUED)
    page = ada.get(f"/runs/{run.pk}/").content.decode()
    assert "Waiting for a worker" in page
    assert f'watch="run:{run.pk}"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    run.claim()
    run.beat({"share": 0.25})
    page = ada.get(f"/runs/{run.pk}/").content.decode()
    assert 'value="0.250"' in page
    assert re.search(r"25% · \d+ s so far · about \d+ s left", page)
    assert "25%" in ada.get("/runs/").content.decode()
    assert "Jobs under way" in ada.get("/").content.decode()
    answer = ada.post(f"/runs/{run.pk}/cancel/", follow=True).content.decode()
    assert "This run was cancelled" in answer
    assert "watch=" not in answer
    late = ada.post(f"/runs/{run.pk}/cancel/", follow=True).content.decode()
    assert "is over already: cancelled" in late


def test_a_later_attempt_says_which_it_is(ada, catalogue):
    run = add_run(catalogue, "bbbbbbbbbbbb", Status.RUNNING, attempt=2)
    assert "attempt 2 of 3" in ada.get(f"/runs/{run.pk}/").content.decode()


def test_a_part_that_asks_for_a_run_that_is_done_gets_the_whole_page(ada):
    answer = ada.get(RUN, headers={"HX-Request": "true"})
    assert (answer["HX-Refresh"], answer.content) == ("true", b"")


def test_what_failed_is_tried_again_by_whom_it_is(client, catalogue):
    error = {"code": "INTERRUPTED", "message": "It was interrupted."}
    failed = add_run(catalogue, "bbbbbbbbbbbb", Status.ERROR, error=error, name="mine", speed=5)
    Run.objects.filter(pk=RUN_ID).update(input_hash="0" * 64)  # by the code of another day
    client.force_login(catalogue.owner)
    assert ">Retry</button>" in client.get(f"/runs/{failed.pk}/").content.decode()
    answer = client.post(f"/runs/{failed.pk}/retry/")
    again = Run.objects.exclude(pk__in=[RUN_ID, failed.pk]).get()
    assert answer["Location"] == f"/runs/{again.pk}/"
    assert (again.owner, again.name, again.speed) == (catalogue.ada, "mine", 5)
    assert again.spec == {**failed.spec, "from": "2023-10-30", "to": "2023-11-07"}


def test_what_did_not_fail_is_not_tried_again(ada):
    page = ada.post(f"{RUN}retry/", follow=True).content.decode()
    assert "there is nothing to try again" in page
    assert Run.objects.count() == 1


def test_a_name_and_a_note_are_changed(ada):
    page = ada.post(f"{RUN}describe/", {"name": "<b>", "note": "why"}, follow=True)
    assert "&lt;b&gt; — run" in page.content.decode()
    page = ada.post(f"{RUN}describe/", {"name": "n" * 121, "note": ""}, follow=True)
    assert "name has 121 characters, but at most 120 are kept." in page.content.decode()
    run = Run.objects.get(pk=RUN_ID)
    assert (run.name, run.note) == ("<b>", "why")


def test_a_run_is_deleted_once_that_was_said_twice(ada, catalogue):
    run = add_run(catalogue, "bbbbbbbbbbbb", Status.ERROR)
    asked = ada.get(f"/runs/{run.pk}/delete/").content.decode()
    assert "nothing brings them back" in asked
    assert Run.objects.filter(pk=run.pk).exists()
    gone = ada.post(f"/runs/{run.pk}/delete/", follow=True)
    assert f"Run {run.pk} is deleted." in gone.content.decode()
    assert ada.get(f"/runs/{run.pk}/").status_code == 404


def test_a_run_under_way_is_not_deleted(ada, catalogue):
    run = add_run(catalogue, "bbbbbbbbbbbb", Status.RUNNING)
    page = ada.post(f"/runs/{run.pk}/delete/", follow=True).content.decode()
    assert "cancel it first" in page


def test_a_run_may_have_longer_bars_than_its_dataset_and_not_shorter_ones(catalogue):
    strategy = choose_strategy(user=catalogue.ada, name="buy_and_hold")
    asked = {"revision": catalogue.revision, "strategy": strategy, "params": {}}
    assert build_spec(**asked, options={}).interval == "1m"
    assert build_spec(**asked, options={"interval": "4h"}).interval == "4h"
    catalogue.revision.dataset.interval = "1d"
    for options, field in [({"interval": "1h"}, "interval"), ({"session": "extended"}, "session")]:
        with pytest.raises(InputError, match=r"(B|b)ars of 1d") as refusal:
            build_spec(**asked, options=options)
        assert refusal.value.details["field"] == field
