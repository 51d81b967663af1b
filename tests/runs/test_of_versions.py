"""Runs of versions: asked for everywhere, pinned, shown as evidence, and never of other code."""

import shutil

import pytest
from django.db import connection
from django.db.models import ProtectedError

from apps.permissions.models import User
from apps.runs.actions import climb_ladder, retry_run
from apps.runs.models import Run
from apps.runs.tasks import perform_run
from apps.strategies.actions import delete_strategy, save_version
from apps.strategies.models import StrategyVersion
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.spec import sha256_text
from hewston.sandboxes import open_client
from hewston.taskqueue import Status
from tests.api.program import Program, error_of
from tests.scenes import DATASET_ID, add_run
from tests.sources import REVERSED, TREND, add_strategy

NEW = "/runs/new/"
TREND_PAGE = "/strategies/ada/trend/"
BODY = {"dataset_id": DATASET_ID, "strategy_id": "trend@1", "params": {"length": 20}}


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


@pytest.fixture
def trend(catalogue):
    return add_strategy(catalogue.ada, "trend", TREND, REVERSED)


def program_of(person):
    """Give a program of somebody's with a token that is new."""
    person.tokens.all().delete()
    return Program(person, "run")


def ask(catalogue, **change):
    """Ask as a program does, and give the run."""
    answer = program_of(catalogue.ada).post("/backtests", BODY | change)
    assert answer.status_code in {200, 202}, answer.content
    return Run.objects.get(pk=answer.json()["run_id"])


def author_of(answer):
    """Give whose strategy an answered run is of."""
    return User.objects.get(strategies__versions__runs=answer["run_id"])


@pytest.fixture
def sandbox():
    try:
        open_client()
    except SandboxError as problem:
        pytest.skip(problem.message)


@pytest.fixture
def root(settings, tmp_path):
    """A data root of the test's own."""
    place = tmp_path / "root"
    shutil.copytree(settings.DATA_ROOT, place)
    settings.DATA_ROOT = place


def test_a_run_pins_a_version_and_the_hash_of_its_source(catalogue, trend):
    run = ask(catalogue)
    assert run.version == trend.versions.get(number=1)
    assert run.strategy_id == "trend@1"
    assert run.spec["strategy"] == {"id": "trend@1", "sha256": sha256_text(TREND)}
    assert run.spec["params"] == {"length": 20}
    assert ask(catalogue).pk == run.pk
    assert ask(catalogue, strategy_id="trend@2").pk != run.pk
    assert ask(catalogue, strategy_id="ada/trend@1").pk == run.pk


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("trend", "Say which version of trend: the newest is trend@2."),
        ("trend@3", "It has 1 to 2"),
        ("trent@1", "Did you mean trend"),
        ("sma_crossove", "Did you mean sma_crossover?"),
        ("mallory/secret@1", "There is no strategy"),
        ("secret@1", "There is no strategy"),
        ("sma_crossover@1", "There is no strategy"),
        ("trend@1 ", "version"),
        ("@", "There is no strategy"),
    ],
)
def test_what_is_no_strategy_is_refused_with_the_nearest_name(catalogue, trend, name, sentence):
    add_strategy(catalogue.stranger, "secret")
    refused = program_of(catalogue.ada).post("/backtests", BODY | {"strategy_id": name})
    error = error_of(refused, refused.status_code)
    assert refused.status_code in {404, 422}
    assert error["details"]["field"] == "strategy_id"
    assert sentence in error["message"]


def test_parameters_are_read_by_the_version_s_rules(catalogue, trend):
    refused = program_of(catalogue.ada).post("/backtests", BODY | {"params": {"length": 1}})
    assert error_of(refused, 422)["details"]["field"] == "params.length"
    assert ask(catalogue, params={}).spec["params"] == {"length": 50}


def test_two_people_with_one_slug_have_runs_of_their_own(catalogue, trend):
    add_strategy(catalogue.owner, "trend", REVERSED)
    program = Program(catalogue.owner, "run")
    keys = {"Idempotency_Key": "k"}
    theirs = program.post("/backtests", BODY | {"strategy_id": "ada/trend@1"}, **keys).json()
    assert author_of(theirs) == catalogue.ada
    other = program.post("/backtests", BODY, **keys)
    assert error_of(other, 409)["code"] == "IDEMPOTENCY_CONFLICT"
    mine = program.post("/backtests", BODY).json()
    assert author_of(mine) == catalogue.owner


def test_the_form_offers_versions_and_fills_in_their_parameters(ada, catalogue, trend):
    add_strategy(catalogue.ada, "old", archived_at="2024-01-01T00:00:00Z")
    page = ada.get(NEW).content.decode()
    assert '<option value="trend@2">trend@2 · trend</option>' in page
    assert "old@1" not in page
    page = ada.get(NEW, {"strategy": "trend@1"}).content.decode()
    assert '<option value="trend@1" selected>trend@1</option>' in page
    assert 'name="params.length" value="50"' in page
    said = {"dataset_id": DATASET_ID, "strategy": "trend@1", "params.length": "30"}
    made = Run.objects.get(pk=ada.post(NEW, said)["Location"].split("/")[2])
    assert (made.strategy_id, made.spec["params"]) == ("trend@1", {"length": 30})
    again = ada.get(NEW, {"from_run": made.pk}).content.decode()
    assert '<option value="trend@1" selected>' in again
    assert 'name="params.length" value="30"' in again
    missing = ada.get(NEW, {"strategy": "gone@1"}).content.decode()
    assert "gone@1 (not there)" in missing


def test_an_administrator_s_form_names_the_owner(client, catalogue, trend):
    client.force_login(catalogue.owner)
    assert '<option value="ada/trend@2">' in client.get(NEW).content.decode()


def test_runs_are_listed_by_version(ada, catalogue, trend):
    run = ask(catalogue)
    page = ada.get("/runs/", {"strategy": "trend@1"}).content.decode()
    assert run.pk in page
    assert '<option value="trend@1" selected>' in page
    assert run.pk not in ada.get("/runs/", {"strategy": "trend@2"}).content.decode()
    shown = Program(catalogue.ada, "read").get(f"/backtests/{run.pk}").json()
    assert shown["strategy_version"] == "ada/trend@1"


def test_a_version_shows_its_runs_as_evidence(ada, catalogue, trend):
    run = ask(catalogue)
    first, second = (ada.get(f"{TREND_PAGE}versions/{n}/").content.decode() for n in (1, 2))
    assert f'href="/runs/{run.pk}/"' in first
    assert run.pk not in second
    assert "--strategy trend@2" in second
    assert f'href="{TREND_PAGE}versions/1/"' in ada.get(f"/runs/{run.pk}/").content.decode()
    listed = ada.get("/strategies/").context["rows"]
    assert [one.used_by for one in listed] == [1]


def test_what_runs_use_is_not_deleted(ada, catalogue, trend):
    run = ask(catalogue)
    with pytest.raises(HewstonError, match=r"1 run uses version 1 of trend\. Delete it first"):
        delete_strategy(strategy=trend)
    with pytest.raises(ProtectedError):
        trend.delete()
    refused = program_of(catalogue.ada).send("DELETE", "/api/strategies/ada/trend")
    assert error_of(refused, 409)["details"] == {"used_by": 1}
    assert "1 run uses version 1" in ada.post(f"{TREND_PAGE}delete/", follow=True).content.decode()
    run.delete()
    delete_strategy(strategy=trend)
    assert not StrategyVersion.objects.exists()


def test_a_run_that_failed_is_tried_again_with_its_version(catalogue, trend):
    run = ask(catalogue)
    Run.objects.filter(pk=run.pk).update(status=Status.ERROR)
    run.refresh_from_db()
    again, is_new = retry_run(run=run)
    assert (again.version, is_new) == (run.version, True)


def test_a_run_whose_version_is_elsewhere_says_so(catalogue):
    add_run(catalogue, "bbbbbbbbbbbb", Status.ERROR)
    Run.objects.filter(pk="bbbbbbbbbbbb").update(strategy_id="lost@1")
    with pytest.raises(InputError, match="lost@1 of run bbbbbbbbbbbb is not among yours"):
        retry_run(run=Run.objects.get(pk="bbbbbbbbbbbb"))


def test_a_version_runs_and_newer_code_changes_nothing_of_it(ada, catalogue, trend, sandbox, root):
    run = ask(catalogue)
    assert perform_run(run)
    run.refresh_from_db()
    assert run.status == Status.DONE
    assert (run.folder / "strategy.py").read_text() == TREND
    save_version(strategy=trend, author=catalogue.ada, source=f"{TREND}x = 1\n")
    run.refresh_from_db()
    assert (run.spec["strategy"]["sha256"], run.version.number) == (sha256_text(TREND), 1)
    ladder, new = climb_ladder(run=run)
    assert new == len(ladder.rungs) - 1
    assert {rung.run.version for rung in ladder.rungs} == {run.version}
    page = ada.get(f"{TREND_PAGE}versions/1/").content.decode()
    assert f'href="/runs/{run.pk}/"' in page


def test_two_versions_runs_are_compared_with_their_sources(ada, catalogue, trend, sandbox, root):
    runs = [ask(catalogue), ask(catalogue, strategy_id="trend@2")]
    for run in runs:
        perform_run(run)
    ids = ",".join(run.pk for run in runs)
    page = ada.get("/runs/compare/", {"ids": ids}).content.decode()
    assert "<ins>+&quot;&quot;&quot;Long below the average.&quot;&quot;&quot;" in page


def test_the_author_s_own_error_is_told_with_its_line(catalogue, sandbox, root):
    source = TREND.replace('frame["close"].rolling', 'frame["closed"].rolling')
    add_strategy(catalogue.ada, "trend", source)
    run = ask(catalogue)
    with pytest.raises(HewstonError, match="failed in line 7: KeyError"):
        perform_run(run)
    run.refresh_from_db()
    assert "line 7" in run.error["message"]
    assert "site-packages" not in run.error["message"]


@pytest.mark.usefixtures("catalogue")
def test_the_words_of_runs_are_still_kept_by_triggers():
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        names = {name for (name,) in cursor.fetchall()}
    assert names >= {
        *(f"runs_run_words_{name}" for name in ("insert", "update", "delete", "tag", "untag")),
        "strategies_version_never_changes",
    }
    run = Run.objects.get()
    Run.objects.filter(pk=run.pk).update(note="remarkable")
    assert Run.objects.search("remarkable", user=User.objects.get(username="ada")).get() == run
