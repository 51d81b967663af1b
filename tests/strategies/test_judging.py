"""Versions are checked for look-ahead as jobs: on pages, through the API and the command line."""

import json

import pytest
from django.core.management import call_command

from apps.strategies.actions import (
    cancel_check,
    create_strategy,
    recover_checks,
    request_check,
    retry_check,
)
from apps.strategies.models import StrategyCheck
from apps.strategies.tasks import perform_check, work_on_check
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.sandbox.errors import SandboxError
from hewston.sandboxes import open_client
from hewston.taskqueue import Status
from tests.api.program import Program, error_of
from tests.sources import TREND, add_strategy

AHEAD = TREND.replace('["close"].rolling(params["length"]).mean()', '["close"].shift(-1)')
SHORT = TREND.replace('"default": 50', '"default": 5')
PAGE = "/strategies/ada/trend/versions/1/"


@pytest.fixture(autouse=True)
def sandbox():
    """One that holds here; without one no version is checked."""
    try:
        open_client()
    except SandboxError as problem:
        pytest.skip(problem.message)


def ask(catalogue, source=AHEAD, **params):
    version = add_strategy(catalogue.ada, "trend", source).latest
    return request_check(
        owner=catalogue.ada, version=version, revision=catalogue.revision, params=params
    )


def test_a_new_version_is_checked_on_the_newest_dataset_of_its_author(ada, catalogue):
    version = create_strategy(owner=catalogue.ada, slug="trend", source=AHEAD).latest
    check = version.checks.get()
    assert (check.owner, check.revision) == (catalogue.ada, catalogue.revision)
    assert (check.status, check.params) == (Status.QUEUED, {"length": 50})
    assert "check queued" in ada.get(PAGE).content.decode()


def test_without_data_a_new_version_is_not_checked_and_its_page_says_why(client, catalogue):
    client.force_login(catalogue.stranger)
    create_strategy(owner=catalogue.stranger, slug="mine", source=TREND)
    assert not StrategyCheck.objects.exists()
    page = client.get("/strategies/mallory/mine/versions/1/").content.decode()
    assert "not checked" in page
    assert "There are no data to check it on." in page


def test_look_ahead_is_shown_with_its_bar_and_both_values(ada, catalogue):
    check = ask(catalogue)
    address = f"{PAGE}checks/{check.pk}/"
    page = ada.get(address).content.decode()
    assert "Waiting for a worker" in page
    assert f'watch="strategycheck:{check.pk}"' in page
    perform_check(check)
    finding = check.result["lookahead"]["findings"][0]
    assert (check.verdict, finding["series"]) == ("looks ahead", "average")
    page = ada.get(address).content.decode()
    assert "watch=" not in page
    for shown in (check.sentence, "those of close 1 bar later", "Warm-up", "not there"):
        assert shown in page
    assert f"{finding['before']}" in page
    assert "looks ahead" in ada.get(PAGE).content.decode()


def test_a_clean_version_is_told_so_with_its_warm_up(ada, catalogue):
    check = ask(catalogue, SHORT, length=4)
    perform_check(check)
    assert (check.verdict, check.result["warmup"]["series"]["average"]) == ("clean", 3)
    page = ada.get(f"{PAGE}checks/{check.pk}/").content.decode()
    assert "No look-ahead found" in page
    assert "length 4" in page


def test_the_authors_own_error_is_told_and_the_check_can_be_tried_again(ada, catalogue):
    check = ask(catalogue, TREND.replace('frame["close"]', 'frame["colse"]'))
    work_on_check(check.pk)
    check.refresh_from_db()
    assert check.status == Status.ERROR
    assert "failed in line" in check.error["message"]
    page = ada.get(f"{PAGE}checks/{check.pk}/").content.decode()
    assert "colse" in page
    assert "Check again" in page
    answer = ada.post(f"{PAGE}checks/{check.pk}/again/")
    again = StrategyCheck.objects.get(status=Status.QUEUED)
    assert answer["Location"] == f"{PAGE}checks/{again.pk}/"


def test_a_check_is_asked_for_on_a_page_once_and_stopped(ada, catalogue):
    add_strategy(catalogue.ada, "trend")
    asked = {"dataset": catalogue.revision.dataset_id}
    first = ada.post(f"{PAGE}check/", asked)
    assert first["Location"] == ada.post(f"{PAGE}check/", asked)["Location"]
    check = StrategyCheck.objects.get()
    ada.post(f"{first['Location']}cancel/")
    check.refresh_from_db()
    assert check.status == Status.CANCELLED
    assert "Cancelled" in ada.get(first["Location"]).content.decode()
    with pytest.raises(HewstonError, match="is over already"):
        cancel_check(check=check)


def test_a_wrong_parameter_asks_for_nothing(catalogue):
    with pytest.raises(InputError, match="from 2 to 5000"):
        ask(catalogue, length=1)
    assert not StrategyCheck.objects.exists()


def test_a_live_check_is_not_asked_for_again_and_a_dead_one_goes_to_another(catalogue):
    check = ask(catalogue)
    with pytest.raises(HewstonError, match="nothing to try again"):
        retry_check(check=check)
    assert check.claim()
    assert recover_checks() == [check]
    check.refresh_from_db()
    assert check.status == Status.QUEUED


def test_programs_ask_follow_and_read(catalogue):
    add_strategy(catalogue.ada, "trend", AHEAD)
    program = Program(catalogue.ada, "run")
    address = "/api/strategies/ada/trend/versions/1/checks"
    dataset = catalogue.revision.dataset_id
    answer = program.post(address, {"dataset_id": dataset, "params": {"length": 7}})
    assert answer.status_code == 202
    made = answer.json()
    assert (made["status"], made["params"]) == ("QUEUED", {"length": 7})
    found = program.get(answer["Location"]).json()
    assert (found["verdict"], found["result"]) == (None, None)
    assert program.post(f"{answer['Location']}/cancel").json()["status"] == "CANCELLED"
    listed = program.get(address).json()
    assert (listed["total"], listed["items"][0]["check_id"]) == (1, made["check_id"])
    assert error_of(program.post(f"{answer['Location']}/cancel"), 409)["code"] == "CONFLICT"
    assert error_of(program.get(f"{address}/nobody"), 404)["code"] == "CHECK_NOT_FOUND"
    wrong = {
        "dataset_id": {},
        "kind": {"dataset_id": dataset, "kind": 1},
        "params": {"dataset_id": dataset, "params": 5},
        "revision": {"dataset_id": dataset, "revision": "x"},
        "params.length": {"dataset_id": dataset, "params": {"length": 1}},
    }
    for field, body in wrong.items():
        assert error_of(program.post(address, body), 422)["details"]["field"] == field


def test_the_command_checks_versions_and_built_in_strategies(catalogue, capsys):
    add_strategy(catalogue.ada, "trend", AHEAD)
    data = ("--dataset", catalogue.revision.dataset_id, "--user", "ada")
    with pytest.raises(SystemExit) as ended:
        call_command("strategy", "check", "trend", *data)
    assert ended.value.code == 1
    assert "trend@1: looks ahead. It looks ahead: average at" in capsys.readouterr().out
    call_command("strategy", "check", "buy_and_hold", *data, "--json")
    built = json.loads(capsys.readouterr().out)
    assert (built["verdict"], built["failed"], built["warmup"]["bars"]) == ("clean", False, 0)
    assert StrategyCheck.objects.count() == 1


def test_a_stranger_finds_neither_check_nor_data(client, catalogue):
    check = ask(catalogue)
    client.force_login(catalogue.stranger)
    assert client.get(f"{PAGE}checks/{check.pk}/").status_code == 404
    add_strategy(catalogue.stranger, "mine")
    asked = {"dataset": catalogue.revision.dataset_id}
    assert client.post("/strategies/mallory/mine/versions/1/check/", asked).status_code == 404
