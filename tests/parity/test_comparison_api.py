"""Comparisons and certificates through the API."""

import csv
import hashlib
import io
import json

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.parity.models import BridgeArtifact, Comparison
from apps.parity.tasks import perform_comparison
from hewston.pipeline.spec import canonical_json
from tests.bridges import ARTIFACT_ID, add_artifact
from tests.comparisons import (
    CERTIFICATE_ID,
    COMPARED_ID,
    COMPARISON_ID,
    add_certificate,
    add_comparison,
    chart_of_run,
    keep,
    raise_slow_at,
    request,
)
from tests.scenes import RUN_ID
from tests.sources import add_strategy

COMPARISONS = "/api/parity/comparisons"
DONE = f"{COMPARISONS}/{COMPARISON_ID}"


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


@pytest.fixture
def compared(catalogue):
    """The run beside its own export, in which three values of one series are others."""

    def change(frame):
        for row in (500, 501, 900):
            frame = raise_slow_at(row)(frame)
        return frame

    made = request(catalogue, keep(catalogue, chart_of_run(catalogue, change=change)))
    perform_comparison(made)
    return made


def post(client, path, **body):
    return client.post(path, json.dumps(body), content_type="application/json")


def test_a_comparison_is_asked_for_once_followed_and_cancelled(ada, catalogue):
    add_artifact(catalogue)
    answer = post(ada, COMPARISONS, artifact_id=ARTIFACT_ID, run_id=RUN_ID, bars=2)
    assert answer.status_code == 202
    address = answer["Location"]
    again = post(ada, COMPARISONS, artifact_id=ARTIFACT_ID, run_id=RUN_ID, bars=2)
    assert (again.status_code, again["Location"]) == (200, address)
    shown = ada.get(address).json()
    assert (shown["status"], shown["report"], shown["options"]["bars"]) == ("QUEUED", None, 2)
    for part in ("differences", "trades", "window", "errors"):
        refused = ada.get(f"{address}/{part}")
        assert refused.status_code == 409
        assert "is queued: it has no report" in refused.json()["error"]["message"]
    assert post(ada, f"{address}/hints/0").status_code == 409
    assert ada.delete(address).status_code == 409
    assert ada.post(f"{address}/cancel").json()["status"] == "CANCELLED"
    assert ada.delete(address).status_code == 204
    assert ada.get(address).json()["error"]["code"] == "COMPARISON_NOT_FOUND"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "artifact_id"),
        ({"artifact_id": ARTIFACT_ID}, 422, "run_id"),
        ({"artifact_id": ARTIFACT_ID, "run_id": "nothing"}, 404, "run_id"),
        ({"artifact_id": "nothing", "run_id": RUN_ID}, 404, "artifact_id"),
        ({"artifact_id": ARTIFACT_ID, "run_id": RUN_ID, "bar": 1}, 422, "bar"),
        ({"artifact_id": ARTIFACT_ID, "run_id": RUN_ID, "bars": "1"}, 422, "bars"),
        ({"artifact_id": ARTIFACT_ID, "run_id": RUN_ID, "bars": None}, 422, "bars"),
        ({"artifact_id": ARTIFACT_ID, "run_id": RUN_ID, "span": []}, 422, "span"),
        ({"artifact_id": ARTIFACT_ID, "run_id": RUN_ID, "zone": 3}, 422, "zone"),
        ({"artifact_id": ARTIFACT_ID, "run_id": RUN_ID, "mapping": {"a": 1}}, 422, "mapping.a"),
        ({"artifact_id": ARTIFACT_ID, "run_id": RUN_ID, "offsets": {"a": "b"}}, 422, "offsets.a"),
        ({"artifact_id": ARTIFACT_ID, "run_id": RUN_ID, "resampled": {"a": 1}}, 422, "resampled"),
        ({"artifact_id": ARTIFACT_ID, "run_id": RUN_ID, "tolerances": 1}, 422, "tolerances"),
        (
            {"artifact_id": ARTIFACT_ID, "run_id": RUN_ID, "tolerances": {"defualt": {}}},
            422,
            "tolerances",
        ),
        (
            {
                "artifact_id": ARTIFACT_ID,
                "run_id": RUN_ID,
                "tolerances": {"default": {"absolute": "x"}},
            },
            422,
            "tolerances",
        ),
    ],
)
def test_what_is_said_wrongly_is_refused_with_the_field(ada, catalogue, body, status, field):
    add_artifact(catalogue)
    answer = post(ada, COMPARISONS, **body)
    assert answer.status_code == status, answer.content
    assert answer.json()["error"]["details"]["field"] == field
    assert not Comparison.objects.exists()


def test_one_that_is_done_has_its_report(ada, catalogue):
    made = add_comparison(catalogue)
    shown = ada.get(DONE).json()
    assert shown["report"]["verdict"] == shown["verdict"] == made.verdict
    assert shown["counts"]["bars"] == shown["report"]["bars"]["compared"] == 60
    listed = ada.get(COMPARISONS, {"artifact_id": COMPARED_ID, "run_id": RUN_ID}).json()
    assert [one["comparison_id"] for one in listed["items"]] == [COMPARISON_ID]
    for other in ({"artifact_id": ARTIFACT_ID}, {"run_id": "x"}, {"status": "QUEUED"}):
        assert ada.get(COMPARISONS, other).json()["total"] == 0
    assert ada.get(COMPARISONS, {"verdict": "maybe"}).status_code == 422


def test_a_report_that_was_changed_is_not_shown(ada, catalogue):
    made = add_comparison(catalogue)
    path = made.folder / "comparison.json"
    path.write_text(path.read_text().replace("diverged", "aligned"))
    answer = ada.get(DONE)
    assert answer.status_code == 409
    sentence = answer.json()["error"]["message"]
    assert "comparison.json was changed since" in sentence
    assert sentence.endswith("Delete the comparison, and compare again.")
    (made.folder / "tiers.parquet").unlink()
    assert ada.get(f"{DONE}/window").status_code == 409


def test_differences_come_a_page_at_a_time_or_all_as_csv(ada, compared):
    address = f"{COMPARISONS}/{compared.pk}/differences"
    page = ada.get(address, {"limit": 2, "offset": 1}).json()
    assert (page["total"], page["limit"], page["offset"]) == (3, 2, 1)
    assert [one["row"] for one in page["items"]] == [501, 900]
    first = page["items"][0]
    assert (first["subject"], first["tier"]) == ("Slow", "diverges")
    assert first["delta"] == pytest.approx(-1.0)
    assert ada.get(address, {"series": "Fast"}).json()["total"] == 0
    sent = ada.get(address, {"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(sent.getvalue().decode())))
    assert [row["subject"] for row in rows] == ["Slow"] * 3
    assert rows[1]["ts_open"] == first["ts"]
    assert float(rows[1]["pine"]) == first["pine"]
    none = ada.get(address, {"format": "csv", "series": "Fast"}).getvalue().decode()
    assert len(none.splitlines()) == 1


def test_both_sides_around_a_bar_and_the_errors_of_a_series_are_read(ada, compared):
    address = f"{COMPARISONS}/{compared.pk}"
    asked = {"row": 501, "before": 2, "after": 3, "series": ["Slow", "Fast"]}
    shown = ada.get(f"{address}/window", asked).json()
    assert (shown["first"], len(shown["ts"])) == (499, 6)
    assert shown["pine"]["close"] == shown["python"]["close"]
    slow = next(one for one in shown["series"] if one["title"] == "Slow")
    assert [tier == "diverges" for tier in slow["tiers"]] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]
    assert len(shown["series"]) == 2
    errors = ada.get(f"{address}/errors", {"series": "Slow", "points": 100}).json()
    assert len(errors["ts"]) <= 100
    assert max(one or 0.0 for one in errors["absolute"]) == pytest.approx(1.0)
    assert ada.get(f"{address}/errors", {"series": "Slow", "points": 1}).status_code == 422
    assert ada.get(f"{address}/window", {"row": ["1", "2"]}).status_code == 422


def test_trades_come_as_they_belong_together(ada, catalogue):
    add_comparison(catalogue)
    page = ada.get(f"{DONE}/trades", {"limit": 1}).json()
    assert (page["total"] > 1, len(page["items"])) == (True, 1)
    some = ada.get(f"{DONE}/trades", {"kind": "only in Pine"}).json()
    assert {one["kind"] for one in some["items"]} == {"only in Pine"}
    sent = ada.get(f"{DONE}/trades", {"format": "csv"}).getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(sent)))
    assert len(rows) == page["total"]
    assert rows[0]["kind"] == page["items"][0]["kind"]


def test_other_options_are_another_comparison(ada, catalogue):
    add_comparison(catalogue)
    assert post(ada, f"{DONE}/again").json()["comparison_id"] == COMPARISON_ID
    changed = post(ada, f"{DONE}/again", tolerances={"default": {"relative": 0.01}})
    assert changed.status_code == 202
    body = changed.json()
    assert body["options"]["tolerances"]["default"] == {"absolute": 1e-12, "relative": 0.01}
    assert post(ada, f"{DONE}/again", artifact_id=ARTIFACT_ID).status_code == 422


def test_a_hint_compares_without_its_cause(ada, catalogue):
    add_comparison(catalogue)
    hints = ada.get(DONE).json()["report"]["hints"]
    answer = post(ada, f"{DONE}/hints/0")
    assert answer.status_code == 202
    wanted = hints[0]["options"]
    assert wanted.items() <= answer.json()["options"].items()
    beyond = post(ada, f"{DONE}/hints/{len(hints)}")
    assert beyond.status_code == 404
    assert f"has {len(hints)} hint" in beyond.json()["error"]["message"]


def test_an_artifact_that_is_compared_is_not_deleted(ada, catalogue):
    add_comparison(catalogue)
    answer = ada.delete(f"/api/parity/artifacts/{COMPARED_ID}")
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert COMPARISON_ID in error["message"]
    assert error["details"]["used_by"] == 1


def test_a_certificate_is_a_file_with_its_hash_and_on_the_version(ada, catalogue):
    add_strategy(catalogue.ada, "trend")
    made = add_certificate(catalogue, add_comparison(catalogue))
    address = f"/api/parity/certificates/{CERTIFICATE_ID}"
    shown = ada.get(address).json()
    assert (shown["strategy"], shown["version"]) == ("ada/trend", 1)
    sent = ada.get(f"{address}/file")
    assert hashlib.sha256(sent.content).hexdigest() == shown["sha256"] == made.sha256
    assert sent.content.decode() == canonical_json(shown["content"])
    assert ada.get(DONE).json()["certificates"] == [shown]
    page = " ".join(ada.get("/strategies/ada/trend/versions/1/").content.decode().split())
    assert made.get_verdict_display() in page
    assert "ACME trend" in page
    assert f'href="{address}/file"' in page
    ada.delete(DONE)
    assert ada.get(address).json()["comparison_id"] is None


KEYS = ["tolerances", "mapping", "bars", "span", "zone", "moved_s", "skip_bars", "offsets"]
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
)
INSIDE = st.sampled_from(["default", "series", "absolute", "Slow"]) | st.text(max_size=3)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(INSIDE, inner, max_size=3)
)


@given(change=st.dictionaries(st.sampled_from([*KEYS, "resampled", "run_id"]), VALUES, max_size=3))
@hypothesis.settings(
    max_examples=50, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
def test_any_change_of_a_good_body_is_a_comparison_or_an_error(ada, catalogue, change):
    if not BridgeArtifact.objects.filter(pk=ARTIFACT_ID).exists():
        add_artifact(catalogue)
    body = json.dumps({"artifact_id": ARTIFACT_ID, "run_id": RUN_ID, **change})
    answer = ada.post(COMPARISONS, body, content_type="application/json")
    assert answer.status_code in {200, 202, 404, 422, 429}, answer.content
