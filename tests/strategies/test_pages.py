"""Pages of strategies, and files that come in and go out."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.strategies.models import Strategy, StrategyVersion
from tests.sources import REVERSED, TREND, add_strategy

TREND_PAGE = "/strategies/ada/trend/"


def names(answer):
    return [one.slug for one in answer.context["rows"]]


def test_without_a_strategy_the_list_says_what_to_do(ada):
    page = ada.get("/strategies/").content.decode()
    assert "You have written no strategy yet." in page
    assert 'href="/strategies/new/"' in page
    assert "strategy add FILE" in page
    assert 'href="/strategies/built-in/#sma_crossover"' in page


def test_the_list_is_searched_narrowed_and_sorted(ada, catalogue):
    add_strategy(catalogue.ada, "trend", TREND, REVERSED, tags=("tech",))
    add_strategy(catalogue.ada, "gap", name="Opening gap", description="Fades it.")
    add_strategy(catalogue.stranger, "secret")
    assert names(ada.get("/strategies/")) == ["gap", "trend"]
    assert names(ada.get("/strategies/", {"q": "fades"})) == ["gap"]
    assert names(ada.get("/strategies/", {"q": "TECH"})) == ["trend"]
    assert names(ada.get("/strategies/", {"tag": "tech"})) == ["trend"]
    assert names(ada.get("/strategies/", {"order": "slug"})) == ["gap", "trend"]
    assert names(ada.get("/strategies/", {"order": "-versions"})) == ["trend", "gap"]
    none = ada.get("/strategies/", {"q": "nothing"})
    assert "No strategy matches." in none.content.decode()
    assert "was left out" in ada.get("/strategies/", {"order": "colour"}).content.decode()


def test_archived_ones_are_found_when_they_are_asked_for(ada, catalogue):
    add_strategy(catalogue.ada, "trend")
    ada.post(f"{TREND_PAGE}archive/")
    page = ada.get("/strategies/")
    assert names(page) == []
    assert "The only strategy is archived." in page.content.decode()
    assert names(ada.get("/strategies/", {"archived": "only"})) == ["trend"]
    ada.post(f"{TREND_PAGE}restore/")
    assert names(ada.get("/strategies/")) == ["trend"]


def test_the_list_leaves_as_csv(ada, catalogue):
    add_strategy(catalogue.ada, "trend", TREND, REVERSED, tags=("a", "b"), description="=1+1")
    rows = list(csv.DictReader(io.StringIO(ada.get("/strategies/export.csv").content.decode())))
    assert [(one["slug"], one["version_count"], one["tags"]) for one in rows] == [
        ("trend", "2", "a, b")
    ]
    assert rows[0]["description"] == "'=1+1"  # no formula


def test_a_strategy_shows_its_versions_and_the_newest_source(ada, catalogue):
    add_strategy(catalogue.ada, "trend", TREND, REVERSED, description="<b>Why</b>")
    page = ada.get(TREND_PAGE).content.decode()
    assert "Long below the average." in page
    assert "Long above" not in page
    assert 'name="params.length" value="50"' in page
    assert "&lt;b&gt;Why&lt;/b&gt;" in page
    newer, older = (page.index(f'<a href="{TREND_PAGE}versions/{one}/"') for one in (2, 1))
    assert newer < older
    assert f'href="{TREND_PAGE}diff/?after=2"' in page


def test_a_version_shows_its_own_source_and_what_a_linter_says(ada, catalogue):
    add_strategy(catalogue.ada, "trend", f"import os\n{TREND}", REVERSED)
    page = ada.get(f"{TREND_PAGE}versions/1/").content.decode()
    assert "`os` imported but unused." in page
    assert "Note 1." in page
    assert f'href="{TREND_PAGE}edit/?version=1"' in page
    assert ada.get(f"{TREND_PAGE}versions/3/").status_code == 404


def test_the_source_leaves_as_it_was_saved(ada, catalogue):
    add_strategy(catalogue.ada, "trend", TREND, REVERSED)
    answer = ada.get(f"{TREND_PAGE}versions/1/source.py")
    assert answer.content.decode() == TREND
    assert answer["Content-Disposition"] == 'attachment; filename="trend-1.py"'
    assert answer["Content-Type"] == "text/x-python; charset=utf-8"


@pytest.mark.parametrize("view", ["unified", "split"])
def test_two_versions_are_compared(ada, catalogue, view):
    add_strategy(catalogue.ada, "trend", TREND, REVERSED, f"{REVERSED}x = '<script>'\n")
    page = ada.get(f"{TREND_PAGE}diff/", {"before": 1, "after": 2, "view": view}).content.decode()
    assert "<del>&quot;&quot;&quot;Long above the average.&quot;&quot;&quot;</del>" in page
    assert "<ins>&quot;&quot;&quot;Long below the average.&quot;&quot;&quot;</ins>" in page
    newest = ada.get(f"{TREND_PAGE}diff/", {"view": view}).content.decode()
    assert "<ins>x = &#x27;&lt;script&gt;&#x27;</ins>" in newest
    same = ada.get(f"{TREND_PAGE}diff/", {"before": 2, "after": 2, "view": view})
    assert "Their sources are the same." in same.content.decode()
    for wrong in ({"before": 9}, {"after": "x"}, {"after": "9" * 30}):
        assert ada.get(f"{TREND_PAGE}diff/", wrong).status_code == 404


def test_sources_too_long_to_compare_are_not(ada, catalogue):
    add_strategy(catalogue.ada, "trend", "x = 1\n" * 5_001, TREND)
    page = ada.get(f"{TREND_PAGE}diff/").content.decode()
    assert "5,000 lines, which is too long to compare here" in page


def test_it_is_renamed_tagged_and_described(ada, catalogue):
    add_strategy(catalogue.ada, "trend")
    said = {"name": "Trend, plain", "tags": "B, a", "description": "Why."}
    assert ada.post(f"{TREND_PAGE}describe/", said)["Location"] == TREND_PAGE
    found = Strategy.objects.get()
    assert (found.name, found.tag_names, found.description) == ("Trend, plain", ["a", "b"], "Why.")
    refused = ada.post(f"{TREND_PAGE}describe/", {"name": ""}, follow=True).content.decode()
    assert "1 to 120 characters" in refused


def test_it_is_duplicated_under_another_name(ada, catalogue):
    add_strategy(catalogue.ada, "trend", TREND, REVERSED)
    answer = ada.post(f"{TREND_PAGE}duplicate/", {"number": "1", "slug": "trend-2"})
    assert answer["Location"] == "/strategies/ada/trend-2/"
    assert Strategy.objects.get(slug="trend-2").latest.source == TREND
    refused = ada.post(f"{TREND_PAGE}duplicate/", {"slug": "trend-2"}, follow=True)
    assert "There is a strategy trend-2 already." in refused.content.decode()
    assert ada.post(f"{TREND_PAGE}duplicate/", {"number": "9", "slug": "x9"}).status_code == 404


def test_it_is_deleted_once_that_was_said_twice(ada, catalogue):
    add_strategy(catalogue.ada, "trend", TREND, REVERSED)
    assert "Delete trend?" in ada.get(f"{TREND_PAGE}delete/").content.decode()
    assert StrategyVersion.objects.count() == 2
    assert ada.post(f"{TREND_PAGE}delete/")["Location"] == "/strategies/"
    assert not Strategy.objects.exists()
    assert not StrategyVersion.objects.exists()


def test_an_administrator_reaches_everybodys_by_owner(client, catalogue):
    add_strategy(catalogue.ada, "trend", TREND)
    add_strategy(catalogue.owner, "trend", REVERSED)
    client.force_login(catalogue.owner)
    assert "Long above" in client.get(TREND_PAGE).content.decode()
    assert "Long below" in client.get("/strategies/owner/trend/").content.decode()


def test_the_editor_begins_with_an_example_or_a_built_in_one(ada):
    assert "Long above the average, with a stop" in ada.get("/strategies/new/").content.decode()
    page = ada.get("/strategies/new/", {"from": "buy_and_hold"}).content.decode()
    assert "benchmark that every strategy" in page
    assert ada.get("/strategies/new/", {"from": "nothing"}).status_code == 404


def test_the_editor_begins_with_the_version_that_was_asked_for(ada, catalogue):
    add_strategy(catalogue.ada, "trend", TREND, REVERSED)
    assert "Long below" in ada.get(f"{TREND_PAGE}edit/").content.decode()
    page = ada.get(f"{TREND_PAGE}edit/", {"version": 1}).content.decode()
    assert "Long above" in page
    assert "not the newest, which is 2" in page


def test_what_does_not_parse_is_refused_and_stays_in_the_editor(ada, catalogue):
    add_strategy(catalogue.ada, "trend")
    said = {"source": "def f(:\n    pass  # mine\n", "note": "kept", "action": "save"}
    refused = ada.post(f"{TREND_PAGE}edit/", said)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Line 1, column 7: " in page
    assert 'data-line="1" data-column="7"' in page
    assert "pass  # mine" in page
    assert 'value="kept"' in page
    assert StrategyVersion.objects.count() == 1


def test_a_check_keeps_nothing_and_says_what_is_wrong(ada, catalogue):
    add_strategy(catalogue.ada, "trend")
    page = ada.post(f"{TREND_PAGE}edit/", {"source": "x = (\n", "action": "check"})
    assert page.status_code == 200
    assert "it cannot be saved like this" in page.content.decode()
    assert StrategyVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("trend.py", b"def f(:\n", "Line 1, column 7"),
        ("trend.py", b"\x80\x04\x95", "Line 1 is not UTF-8"),
        ("trend.py", b"a\0b", "NUL"),
        ("trend.py", b"#" * 300_000, "at most 262,144"),
        ("trend.py", b" ", "is empty"),
        ("macd.py", TREND.encode(), "built-in"),
        ("1.py", TREND.encode(), "small letters"),
    ],
    ids=range(7),
)
def test_a_file_that_is_no_strategy_is_refused(ada, name, content, sentence):
    refused = ada.post("/strategies/import/", {"file": SimpleUploadedFile(name, content)})
    assert refused.status_code in {413, 422}
    assert sentence in refused.content.decode()
    assert not Strategy.objects.exists()


def test_an_import_without_a_file_says_so(ada):
    refused = ada.post("/strategies/import/", {})
    assert refused.status_code == 422
    assert "Send one Python file" in refused.content.decode()
