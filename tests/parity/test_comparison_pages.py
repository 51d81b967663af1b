"""Pages of comparisons: the list, the form, what was found, and what is done there."""

import csv
import html
import io
import json
import re

import polars as pl
import pytest

from apps.parity.actions import request_comparison
from apps.parity.models import Comparison
from apps.parity.tasks import perform_comparison
from hewston.pipeline.store import sha256_file
from hewston.taskqueue import Status
from tests.bridges import ARTIFACT_ID, add_artifact, list_trades
from tests.comparisons import (
    COMPARISON_ID,
    add_comparison,
    add_parted,
    chart_of_run,
    keep,
    request,
)
from tests.scenes import RUN_ID

LIST = "/parity/comparisons/"
NEW = f"{LIST}new/"
DONE = f"{LIST}{COMPARISON_ID}/"
OPTIONS = {
    "absolute": "1e-12",
    "relative": "1e-6",
    "trades_absolute": "0",
    "trades_relative": "1e-9",
    "bars": "1",
    "span": "all",
    "skip_bars": "",
    "zone": "",
    "moved_s": "",
}


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


@pytest.fixture
def compared(catalogue):
    """The run beside its own export, in which three values of one series are others."""
    return add_parted(catalogue)


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def table(page: str, name: str) -> str:
    """Cut a page's part out by its id."""
    return page.split(f'id="{name}"', 1)[1].split("</section>", 1)[0]


def test_without_a_comparison_the_page_says_what_to_do_first(ada):
    page = text(ada.get(LIST))
    assert "There is no comparison yet." in page
    assert 'href="/parity/new/"' in page
    assert "There is none yet." not in text(ada.get(f"{LIST}?verdict=aligned"))
    assert "A comparison needs an export from TradingView" in text(ada.get(NEW))


def test_a_first_look_is_a_button_away_and_shows_both_mistakes_of_the_port(ada):
    assert "Look at an example" in text(ada.get(LIST))
    answer = ada.post(f"{LIST}example/")
    made = Comparison.objects.get()
    assert answer["Location"] == f"{LIST}{made.pk}/"
    perform_comparison(made)
    page = text(ada.get(f"{LIST}{made.pk}/?show=differences"))
    names = re.findall(r'scope="row"><a[^>]*>(\w+)<', table(page, "series"))
    assert names == ["EMA", "RSI"]
    assert "Only one side has candles." in page
    assert f"python_artifact_id={made.side_ids['python_artifact_id']}" in page
    assert ada.post(f"{LIST}example/")["Location"] == f"{LIST}{made.pk}/"


def test_comparisons_are_listed_narrowed_and_exported(ada, catalogue):
    add_comparison(catalogue)
    waiting = request(catalogue, add_artifact(catalogue))
    page = text(ada.get(LIST))
    assert f'href="{DONE}"' in page
    assert "1\N{EN DASH}2 of 2" in page
    made = Comparison.objects.get(pk=COMPARISON_ID)
    assert "1\N{EN DASH}1 of 1" in text(ada.get(f"{LIST}?verdict={made.verdict}"))
    assert "1\N{EN DASH}1 of 1" in text(ada.get(f"{LIST}?q={COMPARISON_ID}"))
    assert "No comparison matches." in text(ada.get(f"{LIST}?q=nothing"))
    rows = list(csv.DictReader(io.StringIO(ada.get("/parity/comparisons.csv").content.decode())))
    assert {row["comparison_id"]: row["verdict"] for row in rows} == {
        COMPARISON_ID: made.verdict,
        waiting.pk: "",
    }


def test_what_differs_is_said_on_top_with_the_bars_around_it(ada, compared):
    page = text(ada.get(f"{LIST}{compared.pk}/"))
    assert "<b>diverged</b>:" in page
    layers = re.findall(r"<b>(\w+)</b> <span class=\"badge\"[^>]*>([\w ]+)</span>", page)
    assert [name for name, _ in layers] == [
        *("candles", "indicators", "signals", "orders", "fills", "size", "fees"),
    ]
    assert dict(layers)["candles"] == "agrees"
    assert dict(layers)["indicators"] == "differs"
    around = table(page, "around")
    assert around.count("<tr") == 1 + 41
    marked = around.split('aria-current="true"', 1)[1].split("</tr>", 1)[0]
    assert ">diverges</span>" in marked
    assert "\N{MINUS SIGN}1</td>" in marked
    assert f"/runs/{RUN_ID}/playback/?i=500" in around
    assert "3 of" in table(page, "differences")


def test_the_next_and_the_previous_difference_are_a_link_away(ada, compared):
    address = f"{LIST}{compared.pk}/"
    around = table(text(ada.get(address)), "around")
    assert "?at=1#around" in around
    assert "Previous difference" not in around
    around = table(text(ada.get(f"{address}?at=1")), "around")
    assert "Difference 2 of 3" in around
    assert "?at=0#around" in around
    assert "?at=2#around" in around
    around = table(text(ada.get(f"{address}?at=2")), "around")
    assert "Next difference" not in around
    assert "Difference 3 of 3" in table(text(ada.get(f"{address}?at=77")), "around")


@pytest.mark.parametrize("asked", ["row=abc", "row=99999999", "at=-1", "differences_page=900"])
def test_a_place_that_is_not_there_is_no_failure(ada, compared, asked):
    assert ada.get(f"{LIST}{compared.pk}/?{asked}").status_code == 200


def test_series_are_shown_all_or_those_that_differ(ada, compared):
    address = f"{LIST}{compared.pk}/"
    series = table(text(ada.get(address)), "series")
    assert series.count('scope="row"') == 5 + 2
    series = table(text(ada.get(f"{address}?show=differences")), "series")
    assert re.findall(r'scope="row"><a[^>]*>(\w+)<', series) == ["Slow"]


def test_the_report_and_the_certificate_are_saved(ada, compared):
    address = f"{LIST}{compared.pk}/"
    answer = ada.get(f"{address}comparison.json")
    assert answer.content == (compared.folder / "comparison.json").read_bytes()
    certificate = json.loads(ada.get(f"{address}certificate.json").content)
    assert certificate["verdict"] == "diverged"
    assert certificate["report_sha256"] == sha256_file(compared.folder / "comparison.json")


def test_trades_that_do_not_match_come_first(ada, catalogue):
    add_comparison(catalogue)
    page = text(ada.get(DONE))
    assert "only in Pine" in table(page, "trades")
    everything = table(text(ada.get(f"{DONE}?kind=all")), "trades")
    assert everything.count("<tr>") >= table(page, "trades").count("<tr>")


def test_two_lists_without_bars_have_trades_and_no_chart(ada, catalogue):
    one = keep(catalogue, list_trades(catalogue), "one.csv", zone="America/New_York")
    other = keep(catalogue, list_trades(catalogue, count=9), "other.csv", zone="America/New_York")
    made, _ = request_comparison(
        owner=catalogue.ada, artifact_id=one.pk, python_artifact_id=other.pk
    )
    perform_comparison(made)
    page = text(ada.get(f"{LIST}{made.pk}/"))
    assert "Neither side has bars" in page
    assert "<parity-chart" not in page
    assert "only in Pine" in table(page, "trades")


def test_charts_of_other_times_have_nothing_to_compare(ada, catalogue):
    def move(frame):
        return frame.with_columns(pl.col("ts_open") + pl.duration(days=4000, seconds=17))

    made = request(catalogue, keep(catalogue, chart_of_run(catalogue, change=move)))
    perform_comparison(made)
    answer = ada.get(f"{LIST}{made.pk}/")
    assert answer.status_code == 200
    assert "<b>aligned</b>" not in text(answer)
    assert "<b>not comparable</b>" in text(answer)


def test_a_title_is_text_wherever_it_stands(ada, catalogue):
    title = '<b>"R&S"</b>'

    def rename(data):
        return data.replace(b"Slow", b'"<b>""R&S""</b>"', 1)

    made = request(catalogue, keep(catalogue, rename(chart_of_run(catalogue))))
    perform_comparison(made)
    page = text(ada.get(f"{LIST}{made.pk}/"))
    assert title not in page
    assert html.escape(title) in page
    assert ada.get(f"{LIST}{made.pk}/", {"of": title, "series": title}).status_code == 200


def test_trades_that_differ_are_stepped_through_as_values_are(ada, catalogue):
    artifact = keep(catalogue, list_trades(catalogue), "one.csv", zone="America/New_York")
    made = request(catalogue, artifact)
    perform_comparison(made)
    address = f"{LIST}{made.pk}/"
    page = text(ada.get(address))
    assert "?at=1#around" in table(page, "around")
    assert "?at=0#around" in table(page, "trades")
    around = table(text(ada.get(f"{address}?at=1")), "around")
    assert "Difference 2 of" in around
    assert "only in Python" in around
    assert "no trade" in around
    assert f"/runs/{RUN_ID}/playback/?t=2023-10-30T15:31:00Z" in around
    assert "?at=2#around" in around


def test_other_options_make_another_comparison(ada, compared):
    answer = ada.post(f"{LIST}{compared.pk}/again/", OPTIONS | {"absolute": "2", "bars": "3"})
    made = Comparison.objects.exclude(pk=compared.pk).get()
    assert answer["Location"] == f"{LIST}{made.pk}/"
    assert made.options["tolerances"]["default"] == {"absolute": 2.0, "relative": 1e-6}
    assert made.options["bars"] == 3
    assert made.status == Status.QUEUED
    assert "Waiting for a worker" in text(ada.get(answer["Location"]))


def test_the_same_options_lead_to_the_same_comparison(ada, compared):
    answer = ada.post(f"{LIST}{compared.pk}/again/", OPTIONS, follow=True)
    assert Comparison.objects.count() == 1
    assert "This is the comparison of the same sides" in text(answer)


def test_a_series_gets_its_own_tolerance_and_another_partner(ada, compared):
    said = {"other.0": "-", "absolute.1": "1.5", "other.1": "slow"}
    ada.post(f"{LIST}{compared.pk}/again/", OPTIONS | said)
    made = Comparison.objects.exclude(pk=compared.pk).get()
    assert made.options["mapping"] == {"Fast": None}
    own = made.options["tolerances"]["series"]["Slow"]
    assert own["absolute"] == 1.5


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"absolute": "much"}, "Absolute tolerance is “much”, but must be a number of at least 0"),
        ({"relative": "-1"}, "Relative tolerance is “-1”, but must be a number of at least 0"),
        ({"bars": "1.5"}, "Trades, ± bars is “1.5”, but must be a whole number."),
        ({"bars": "1000"}, "bars is 1000, but must be a whole number from 0 to 100."),
        ({"span": "most"}, "most is no span."),
        ({"zone": "Mars/Base"}, "zone is Mars/Base, but must be a zone"),
        ({"other.0": "nothing"}, "nothing is no series of Python&#x27;s side."),
        ({"other.0": "slow"}, "slow is chosen for more than one of Pine&#x27;s series"),
        ({"relative.1": "x"}, "The relative tolerance of Slow is “x”"),
    ],
)
def test_what_is_said_wrongly_is_told_beside_its_field(ada, compared, said, words):
    answer = ada.post(f"{LIST}{compared.pk}/again/", OPTIONS | said)
    assert answer.status_code == 422
    page = text(answer)
    assert words in page
    assert "see <a href=" in page
    assert Comparison.objects.count() == 1


def test_a_cause_is_removed_by_a_button(ada, catalogue):
    longer = chart_of_run(catalogue, change=lambda frame: frame.head(1500))
    made = request(catalogue, keep(catalogue, longer))
    perform_comparison(made)
    page = text(ada.get(f"{LIST}{made.pk}/"))
    assert "Compare the common time only" in page
    answer = ada.post(f"{LIST}{made.pk}/hints/0/")
    without = Comparison.objects.exclude(pk=made.pk).get()
    assert answer["Location"] == f"{LIST}{without.pk}/"
    assert without.options["span"] == "common"
    perform_comparison(without)
    without.refresh_from_db()
    assert without.verdict == "aligned"
    refused = text(ada.post(f"{LIST}{made.pk}/hints/9/", follow=True))
    assert "9 is none." in refused


def test_the_form_pairs_series_once_both_sides_are_chosen(ada, catalogue):
    artifact = keep(catalogue, chart_of_run(catalogue))
    page = text(ada.get(f"{NEW}?artifact={artifact.pk}"))
    assert "Each series" not in page
    page = text(ada.get(f"{NEW}?artifact={artifact.pk}&run={RUN_ID}"))
    fast = page.split('name="other.0"', 1)[1].split("</select>", 1)[0]
    assert '<option value="fast" selected>' in fast
    answer = ada.post(NEW, OPTIONS | {"artifact_id": artifact.pk, "run_id": RUN_ID})
    made = Comparison.objects.get()
    assert answer["Location"] == f"{LIST}{made.pk}/"
    assert made.options["mapping"] == {}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "Say what Python&#x27;s side is"),
        ({"run_id": "nobody"}, "There is no run nobody."),
        ({"run_id": RUN_ID, "artifact_id": "nothing"}, "There is no bridge artifact nothing."),
        ({"run_id": RUN_ID, "second_artifact_id": ARTIFACT_ID}, "are the same"),
    ],
)
def test_sides_that_cannot_be_compared_are_told_beside_their_fields(ada, catalogue, said, words):
    add_artifact(catalogue)
    answer = ada.post(NEW, OPTIONS | {"artifact_id": ARTIFACT_ID} | said)
    assert answer.status_code in {404, 422}
    assert words in text(answer)
    assert not Comparison.objects.exists()


def test_a_comparison_under_way_is_cancelled_and_asked_for_again(ada, catalogue):
    made = add_comparison(catalogue, is_done=False)
    page = text(ada.get(DONE))
    assert f'watch="comparison:{COMPARISON_ID}"' in page
    ada.post(f"{DONE}cancel/")
    made.refresh_from_db()
    assert made.status == Status.CANCELLED
    assert "Compare again" in text(ada.get(DONE))
    answer = ada.post(f"{DONE}again/")
    again = Comparison.objects.exclude(pk=COMPARISON_ID).get()
    assert answer["Location"] == f"{LIST}{again.pk}/"


def test_a_comparison_that_failed_says_why(ada, catalogue):
    made = add_comparison(catalogue, is_done=False)
    made.claim()
    error = {"code": "CONFLICT", "message": "Run x cannot be compared."}
    Comparison.objects.filter(pk=made.pk).update(status=Status.ERROR, error=error)
    assert "<b>CONFLICT</b>: Run x cannot be compared." in text(ada.get(DONE))


def test_a_report_that_was_changed_is_refused_and_shows_nothing(ada, catalogue):
    made = add_comparison(catalogue)
    (made.folder / "comparison.json").write_text("{}")
    for path in (DONE, f"{DONE}comparison.json"):
        answer = ada.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 409
        assert "not whole" in text(answer)


def test_a_comparison_is_deleted_with_its_files(ada, catalogue):
    made = add_comparison(catalogue)
    assert "Keep it" in text(ada.get(f"{DONE}delete/"))
    answer = ada.post(f"{DONE}delete/", follow=True)
    assert f"Comparison {COMPARISON_ID} is deleted." in text(answer)
    assert not made.folder.exists()


def test_other_pages_lead_to_comparisons(ada, catalogue):
    add_artifact(catalogue)
    assert f"{NEW}?artifact={ARTIFACT_ID}" in text(ada.get(f"/parity/artifacts/{ARTIFACT_ID}/"))
    assert f"{NEW}?run={RUN_ID}" in text(ada.get(f"/runs/{RUN_ID}/"))
    for path in ("/parity/", "/parity/boards/"):
        assert f'href="{LIST}"' in text(ada.get(path))
