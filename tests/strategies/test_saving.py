"""Sources become versions after the sandbox has seen them, and in no other way."""

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.strategies.actions import create_strategy, import_source, save_version
from apps.strategies.models import Strategy, StrategyVersion
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.spec import sha256_text
from hewston.sandboxes import open_client
from tests.api.program import Program, error_of
from tests.commands import run_command, start_command, succeed
from tests.sources import LENGTH, REVERSED, TREND, add_strategy

TREND_PAGE = "/strategies/ada/trend/"


@pytest.fixture(autouse=True)
def sandbox():
    """One that holds here; without one nothing is saved, which is told elsewhere."""
    try:
        open_client()
    except SandboxError as problem:
        pytest.skip(problem.message)


def test_a_strategy_begins_with_what_the_sandbox_found(catalogue):
    made = create_strategy(
        owner=catalogue.ada, slug="trend", source=TREND.replace("\n", "\r\n"), tags="Tech, first"
    )
    version = made.latest
    assert (made.name, made.tag_names) == ("trend", ["first", "tech"])
    assert (version.number, version.source, version.parent) == (1, TREND, None)
    assert (version.sha256, version.params) == (sha256_text(TREND), LENGTH)
    assert (version.docstring, version.options) == (
        "Long above the average.",
        {"bracket_from": "next_bar"},
    )


def test_the_source_of_the_newest_version_is_that_version(catalogue):
    strategy = add_strategy(catalogue.ada, "trend")

    def save(source):
        version, is_new = save_version(strategy=strategy, author=catalogue.ada, source=source)
        return version.number, is_new, version.parent and version.parent.number

    assert save(TREND) == (1, False, None)
    assert save(TREND.encode() + b"\n\n") == (1, False, None)
    assert save(REVERSED) == (2, True, 1)
    assert save(TREND) == (3, True, 2)


def test_the_version_that_was_edited_is_the_parent(catalogue):
    strategy = add_strategy(catalogue.ada, "trend", TREND, REVERSED)
    first = strategy.versions.get(number=1)
    made, _ = save_version(
        strategy=strategy, author=catalogue.owner, source=f"{TREND}x = 1\n", parent=first
    )
    assert (made.number, made.parent, made.author) == (3, first, catalogue.owner)


def test_a_default_is_kept_as_its_rule_reads_it(catalogue):
    source = TREND.replace('"int", "default": 50', '"float", "default": 50')
    made = create_strategy(owner=catalogue.ada, slug="trend", source=source)
    assert repr(made.latest.params["length"]["default"]) == "50.0"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1\n", "no function run_strategy"),
        (f"{TREND}\n1 / 0\n", "line 10: ZeroDivisionError"),
        (f"import django\n{TREND}", "line 1: ModuleNotFoundError"),
        (f"import apps.strategies\n{TREND}", "line 1: ModuleNotFoundError"),
        (TREND.replace("50", "1", 1), "length is 1, but must be"),
        (TREND.replace('"int"', '"integer"'), "must be one of int"),
        (TREND.replace('{"length":', '{"le ngth":'), "named like a variable"),
        (f"{TREND}OPTIONS = {{'bracket': 1}}\n", "Did you mean bracket_from"),
        (f"raise SystemExit\n{TREND}", "line 1: SystemExit"),
    ],
    ids=range(9),
)
def test_what_does_not_keep_to_the_contract_is_refused(catalogue, source, sentence):
    with pytest.raises(InputError) as refusal:
        create_strategy(owner=catalogue.ada, slug="trend", source=source)
    assert re.search(sentence, refusal.value.message), refusal.value.message
    assert not Strategy.objects.exists()


def test_nothing_of_a_source_runs_here(catalogue, tmp_path):
    target = tmp_path / "written"
    target.write_text("before")
    source = f"open({str(target)!r}, 'w').write('after')\n{TREND}"
    with pytest.raises(InputError, match="line 1: "):
        create_strategy(owner=catalogue.ada, slug="trend", source=source)
    assert target.read_text() == "before"


def test_a_file_begins_a_strategy_and_then_makes_its_next_version(catalogue):
    first, is_new = import_source(owner=catalogue.ada, data=TREND.encode(), slug="trend")
    assert (first.number, is_new) == (1, True)
    second, is_new = import_source(owner=catalogue.ada, data=REVERSED.encode(), slug="trend")
    assert (second.number, is_new, second.strategy) == (2, True, first.strategy)


def test_a_deleted_strategy_gets_no_version(catalogue):
    strategy = add_strategy(catalogue.ada, "trend")
    Strategy.objects.filter(pk=strategy.pk).delete()
    with pytest.raises(HewstonError, match="deleted meanwhile"):
        save_version(strategy=strategy, author=catalogue.ada, source=REVERSED)


def test_the_page_saves_a_version_and_leads_to_it(ada, catalogue):
    add_strategy(catalogue.ada, "trend")
    said = {"source": REVERSED, "note": "Turned.", "action": "save"}
    answer = ada.post(f"{TREND_PAGE}edit/", said, follow=True)
    assert answer.redirect_chain == [(f"{TREND_PAGE}versions/2/", 302)]
    page = answer.content.decode()
    assert "Version 2 of trend is saved." in page
    assert "Turned." in page
    again = ada.post(f"{TREND_PAGE}edit/", said, follow=True).content.decode()
    assert "This is version 2 of trend already: nothing was saved." in again


def test_the_page_begins_a_strategy(ada, catalogue):
    said = {"slug": "trend", "name": "Trend", "tags": "a", "source": TREND, "action": "save"}
    answer = ada.post("/strategies/new/", said)
    assert answer["Location"] == f"{TREND_PAGE}versions/1/"
    again = ada.post("/strategies/new/", said)
    assert again.status_code == 409
    assert "There is a strategy trend already." in again.content.decode()


def test_a_check_shows_the_form_that_the_parameters_make(ada, catalogue):
    said = {"source": f"import os\nprint('hello')\n{TREND}", "action": "check"}
    page = ada.post("/strategies/new/", said).content.decode()
    assert "It keeps to the contract and can be saved. 1 warning:" in page
    assert "`os` imported but unused." in page
    assert 'name="params.length" value="50"' in page
    assert "The strategy printed: hello" in page
    assert not Strategy.objects.exists()


def test_the_line_of_a_module_that_fails_is_marked(ada, catalogue):
    said = {"source": f"x = 1\ny = x.absent\n{TREND}", "action": "check"}
    page = ada.post("/strategies/new/", said).content.decode()
    assert 'data-line="2" data-column="1"' in page


def test_the_example_and_every_built_in_one_to_begin_with_can_be_saved(ada, catalogue):
    for begin in ("", "?from=buy_and_hold", "?from=sma_crossover"):
        source = ada.get(f"/strategies/new/{begin}").context["form"].source
        answer = ada.post("/strategies/new/", {"slug": f"s{len(begin)}", "source": source})
        assert answer.status_code == 302, answer.content.decode()
    assert StrategyVersion.objects.count() == 3


def test_a_file_is_sent_by_its_form(ada, catalogue):
    file = SimpleUploadedFile("My Trend.py", TREND.encode())
    answer = ada.post("/strategies/import/", {"file": file})
    assert answer["Location"] == "/strategies/ada/my-trend/versions/1/"
    assert StrategyVersion.objects.get().note == "Imported from My Trend.py."


def test_a_program_begins_and_goes_on(catalogue):
    ada = Program(catalogue.ada, "run")
    made = ada.post("/api/strategies", {"slug": "trend", "source": TREND})
    assert (made.status_code, made.json()["strategy"]) == (201, "ada/trend")
    path = made.json()["versions"]
    second = ada.post(path, {"source": REVERSED, "note": "Turned.", "parent": 1})
    assert (second.status_code, second.json()["parent"]) == (201, "ada/trend@1")
    again = ada.post(path, {"source": REVERSED})
    assert (again.status_code, again.json()["number"]) == (200, 2)
    assert error_of(ada.post("/api/strategies", {"slug": "trend", "source": TREND}), 409)
    said = ada.post("/api/strategies/check", {"source": TREND}).json()
    assert (said["is_good"], said["params"]) == (True, LENGTH)


@pytest.mark.slow
def test_several_commands_at_once_take_numbers_without_gaps(tmp_path: Path) -> None:
    root, file = tmp_path / "data", tmp_path / "trend.py"
    file.write_text(TREND)
    added = succeed(root, "strategy", "add", file)
    assert (added["strategy_id"], added["is_new"], added["findings"]) == ("trend@1", True, [])
    started = []
    for number in range(3):
        other = tmp_path / f"{number}.py"
        other.write_text(f"{TREND}x = {number}\n")
        started.append(start_command(root, "strategy", "add", other, "--slug", "trend"))
    for one in started:
        assert one.wait(300) == 0
        for stream in (one.stdout, one.stderr):
            assert stream is not None
            stream.close()
    shown = succeed(root, "strategy", "show", "trend")
    assert [one["number"] for one in shown["versions"]] == [4, 3, 2, 1]
    assert run_command(root, "strategy", "show", "trend@2", "--source").json["source"] != TREND
