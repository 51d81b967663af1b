"""Strategies and versions through the API."""

import json

import pytest
from django.http import HttpResponse
from ninja import Schema

from apps.strategies.api.catalogue import BuiltInList, StrategyList, StrategyOut
from apps.strategies.api.checking import CheckOut
from apps.strategies.api.versions import DiffOut, VersionList, VersionOut
from apps.strategies.models import Strategy, StrategyVersion
from hewston.pipeline.spec import sha256_text
from tests.api.program import error_of
from tests.sources import LENGTH, REVERSED, TREND, add_strategy

ONE = "/api/strategies/ada/trend"


@pytest.fixture
def trend(catalogue):
    return add_strategy(catalogue.ada, "trend", TREND, REVERSED, tags=("tech",))


def test_what_is_sent_is_what_the_document_says(ada, trend):
    answers: list[tuple[type[Schema], HttpResponse]] = [
        (StrategyList, ada.get("/api/strategies")),
        (StrategyOut, ada.get(ONE)),
        (VersionList, ada.get(f"{ONE}/versions")),
        (VersionOut, ada.get(f"{ONE}/versions/1")),
        (DiffOut, ada.get(f"{ONE}/diff")),
        (BuiltInList, ada.get("/api/built-in-strategies")),
        (CheckOut, ada.post("/api/strategies/check", {"source": "x = (\n"})),
        (StrategyOut, ada.post(f"{ONE}/duplicate", {"slug": "trend-2"})),
        (StrategyOut, ada.send("PATCH", ONE, "{}")),
    ]
    for schema, answer in answers:
        sent = json.loads(answer.content)
        assert schema.model_validate(sent).model_dump(by_alias=True, exclude_unset=True) == sent


def test_strategies_are_listed_and_found(ada, trend, catalogue):
    add_strategy(catalogue.ada, "gap")
    add_strategy(catalogue.stranger, "secret")
    listed = ada.get("/api/strategies", order="slug", limit=1).json()
    assert ([one["slug"] for one in listed["items"]], listed["total"]) == (["gap"], 2)
    (found,) = ada.get("/api/strategies", tag="tech").json()["items"]
    assert found["strategy"] == "ada/trend"
    assert found["newest"] == 2
    assert ada.get(found["versions"]).json()["total"] == 2
    error = error_of(ada.get("/api/strategies/ada/trent"), 404)
    assert error["code"] == "STRATEGY_NOT_FOUND"
    assert "Did you mean ada/trend?" in error["message"]
    error_of(ada.get("/api/strategies/mallory/secret"), 404)
    error_of(ada.get("/api/strategies", order="colour"), 422)


def test_a_version_is_read_with_its_source(ada, trend):
    first = ada.get(f"{ONE}/versions/1").json()
    assert (first["strategy_id"], first["params"], first["note"]) == ("trend@1", LENGTH, "Note 1.")
    assert (first["sha256"], first["parent"]) == (sha256_text(TREND), None)
    assert ada.get(f"{ONE}/versions/2").json()["parent"] == "ada/trend@1"
    source = ada.get(first["source"])
    assert source.content.decode() == TREND
    assert source["Content-Type"] == "text/x-python; charset=utf-8"
    assert "It has 1 to 2" in error_of(ada.get(f"{ONE}/versions/3"), 404)["message"]
    assert [one["number"] for one in ada.get(f"{ONE}/versions").json()["items"]] == [2, 1]


def test_versions_are_compared(ada, trend):
    diff = ada.get(f"{ONE}/diff").json()
    assert (diff["before"], diff["after"]) == (1, 2)
    assert diff["lines"][:2] == ["--- trend@1", "+++ trend@2"]
    assert '+"""Long below the average."""' in diff["lines"]
    assert ada.get(f"{ONE}/diff", before=2, after=2).json()["lines"] == []
    error_of(ada.get(f"{ONE}/diff", before=7), 404)
    error_of(ada.get(f"{ONE}/diff", before=0), 422)


def test_it_is_renamed_tagged_archived_and_deleted(ada, trend):
    body = {"name": "Trend", "tags": ["A"], "archived": True}
    changed = ada.send("PATCH", ONE, json.dumps(body)).json()
    assert (changed["name"], changed["tags"], changed["archived"]) == ("Trend", ["a"], True)
    assert ada.get("/api/strategies").json()["total"] == 0
    assert ada.get("/api/strategies", archived="only").json()["total"] == 1
    for wrong in ({"slug": "x"}, {"archived": 1}, {"tags": "a"}, {"name": ""}, {"name": 3}):
        error_of(ada.send("PATCH", ONE, json.dumps(wrong)), 422)
    assert ada.send("DELETE", ONE).status_code == 204
    assert not Strategy.objects.exists()


def test_a_copy_is_ones_own(ada, trend):
    made = ada.post(f"{ONE}/duplicate", {"slug": "trend-2", "version": 1})
    assert made.status_code == 201
    assert Strategy.objects.get(slug="trend-2").latest.source == TREND
    assert error_of(ada.post(f"{ONE}/duplicate", {"slug": "trend-2"}), 409)["code"] == "CONFLICT"
    error_of(ada.post(f"{ONE}/duplicate", {"slug": "x9", "version": 9}), 404)
    for wrong in ({}, {"slug": "X"}, {"slug": "x9", "version": "one"}, {"slug": "x9", "to": 1}):
        error_of(ada.post(f"{ONE}/duplicate", wrong), 422)


def test_a_check_says_where_a_source_does_not_parse(ada):
    said = ada.post("/api/strategies/check", {"source": "import os\nx = (\n"}).json()
    assert (said["is_good"], said["params"]) == (False, {})
    assert said["problem"].startswith("Line 3, column 1: ")
    assert said["findings"][0]["severity"] == "error"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "slug"),
        ({"slug": "gap"}, "source"),
        ({"slug": "Gap", "source": TREND}, "slug"),
        ({"slug": "gap", "source": "x = (\n"}, "source"),
        ({"slug": "gap", "source": TREND, "colour": 1}, "colour"),
        ({"slug": "gap", "source": TREND, "tags": ["a,b"]}, "tags"),
        ({"slug": "gap", "source": 1}, "source"),
    ],
    ids=range(7),
)
def test_a_strategy_that_cannot_be_is_refused_with_the_field(ada, body, field):
    assert error_of(ada.post("/api/strategies", body), 422)["details"]["field"] == field
    assert not Strategy.objects.exists()


def test_a_source_that_does_not_parse_makes_no_version(ada, trend):
    error = error_of(ada.post(f"{ONE}/versions", {"source": "def f(:\n"}), 422)
    assert (error["details"]["line"], error["details"]["column"]) == (1, 7)
    assert error["details"]["findings"][0]["code"] == "syntax"
    long = error_of(ada.post(f"{ONE}/versions", {"source": "#" * 300_000}), 413)
    assert long["code"] == "PAYLOAD_TOO_LARGE"
    assert StrategyVersion.objects.count() == 2
