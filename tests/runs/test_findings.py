"""What was found odd in a run, on its page and in the API."""

import re
import shutil
from html import unescape

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string

from apps.permissions.templatetags.figures import MINUS
from apps.runs.models import Run
from hewston.pipeline import artifacts, store
from hewston.pipeline.diagnostics import CHECKS
from tests.scenes import RUN_ID

PAGE = f"/runs/{RUN_ID}/"
FINDING = {
    "key": "one_trade",
    "severity": "warning",
    "message": "Trade 4, entered at this bar, made 80% of the net profit.",
    "evidence": [
        {"label": "Its net profit", "value": 1234.5, "unit": "money"},
        {"label": "Its share", "value": 0.8, "unit": "fraction"},
    ],
    "advice": "Look at that trade.",
    "bar": 7,
    "ts_open": "2023-10-30T14:00:00+00:00",
}


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


@pytest.fixture
def change(catalogue, stage, settings, tmp_path):
    """Give the run other findings, as another version would have written them."""
    copy = store.Store(tmp_path).run_folder(RUN_ID)
    shutil.copytree(stage.run_folder, copy)
    settings.DATA_ROOT = tmp_path
    path, proof = copy / artifacts.METRICS_FILE, copy / artifacts.MANIFEST_FILE
    path.chmod(0o644)
    proof.chmod(0o644)

    def write(**changes):
        figures = {**store.read_json(path), **changes}
        known = {name: value for name, value in figures.items() if value is not None}
        store.write_json(path, known)
        manifest = store.read_json(proof)
        manifest["output_hashes"][artifacts.METRICS_FILE] = store.sha256_file(path)
        store.write_json(proof, manifest)
        Run.objects.filter(pk=RUN_ID).update(manifest_sha256=store.sha256_file(proof))
        return path

    return write


def show(run, findings, unchecked):
    """Render the panel of findings."""
    return render_to_string(
        "runs/findings.html", {"run": run, "findings": findings, "unchecked": unchecked}
    )


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_finding_shows_its_severity_evidence_advice_and_bar(catalogue):
    page = show(catalogue.run, [FINDING], [])
    text = text_of(page)
    assert "Warning One trade : Trade 4, entered at this bar, made 80%" in text
    assert "Its net profit $1,234.50 Its share 80.0%" in text
    assert "Look at that trade." in text
    assert "2023-10-30 10:00 · play" in text
    assert f'href="{PAGE}?bar=7#chart"' in page
    assert f'href="{PAGE}playback/?i=7"' in page


def test_the_findings_of_a_run_are_on_its_page_and_lead_to_the_bar(ada, stage):
    (found, *_) = store.read_json(stage.run_folder / artifacts.METRICS_FILE)["findings"]
    page = ada.get(PAGE).content.decode()
    assert found["message"] in unescape(page)
    assert 'focus-from="7" focus-to="7"' in ada.get(f"{PAGE}?bar=7").content.decode()


@pytest.mark.parametrize("bar", ["x", "-1", "²", "99999999", ""])
def test_a_bar_that_is_none_moves_no_chart(ada, bar):
    answer = ada.get(PAGE, {"bar": bar})
    assert answer.status_code == 200
    assert "focus-from" not in answer.content.decode()


def test_a_run_of_an_older_version_shows_what_it_has(ada, catalogue, change):
    old = {name: FINDING[name] for name in ("key", "severity", "message", "bar", "ts_open")}
    text = text_of(show(catalogue.run, [old], None))
    assert "Warning One trade : Trade 4" in text
    assert "run it again to have them" in text
    change(findings=[old], unchecked=None)
    answer = ada.get(f"/backtests/{RUN_ID}").json()
    assert (answer["findings"], answer["unchecked"]) == ([old], None)


def test_a_run_without_findings_says_how_many_checks_were_made(catalogue):
    unchecked = [{"key": "bounce", "reason": "the data has no quotes"}]
    text = text_of(show(catalogue.run, [], unchecked))
    assert f"None of {len(CHECKS)} checks found anything" in text
    assert "Not checked: Bid-ask bounce, because the data has no quotes." in text


def test_the_api_gives_the_findings_of_a_run(ada, stage):
    figures = store.read_json(stage.run_folder / artifacts.METRICS_FILE)
    answer = ada.get(f"/backtests/{RUN_ID}").json()
    assert answer["findings"] == figures["findings"] != []
    assert answer["unchecked"] == figures["unchecked"]


def test_a_damaged_run_still_says_where_it_stands(ada, change):
    change().write_bytes(b"{")
    answer = ada.get(f"/backtests/{RUN_ID}")
    assert answer.status_code == 200
    assert answer.json()["findings"] is None


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.05, "fraction", "5.00%"),
        (-3, "money", f"{MINUS}$3.00"),
        (1.5, "ratio", "1.5"),
        (10, "ratio", "10"),
        (0.25, "bps", "0.25 bps"),
        (1, "bars", "1 bar"),
        (1200, "count", "1,200"),
        (15, "minutes", "15 min"),
        (0.02, "price", "0.02"),
        (2.5, "units", "2.5 units"),
        ("2023-01-04", "date", "2023-01-04"),
        ("none: no spread is known", "text", "none: no spread is known"),
    ],
)
def test_evidence_is_written_in_its_unit(value, unit, text):
    template = Template('{% load findings %}{% evidence_value row "USD" %}')
    row = {"label": "", "value": value, "unit": unit}
    assert template.render(Context({"row": row})) == text
