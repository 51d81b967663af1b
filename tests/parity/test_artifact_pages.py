"""Pages of bridge artifacts, and what is done there."""

import csv
import io
import os
import re

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.parity.actions.drafts import forget_old_drafts
from apps.parity.models import BridgeArtifact, BridgeDraft
from hewston.pipeline.store import Store
from tests.bridges import (
    ARTIFACT_ID,
    add_artifact,
    add_bridge_draft,
    chart_data,
    list_trades,
    report,
)
from tests.pipeline.parity.uploads import SPRING, TRADES, listed, rows_of
from tests.scenes import DATASET_ID, NEW_YORK

NEW = "/parity/new/"
PAGE = f"/parity/artifacts/{ARTIFACT_ID}/"


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


def send(client, data: bytes, name: str = "trades.csv"):
    return client.post(NEW, {"files": SimpleUploadedFile(name, data)})


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def look(client, where, **said):
    answer = client.post(where, said)
    return answer if answer.status_code != 302 else client.get(answer["Location"])


def test_without_an_artifact_the_list_says_how_to_make_one(ada):
    page = text(ada.get("/parity/"))
    assert "There is no bridge artifact yet." in page
    assert "manage.py parity import FILE" in page


def test_a_list_of_trades_is_shown_before_it_is_kept(ada, catalogue):
    where = send(ada, list_trades(catalogue))["Location"]
    page = text(ada.get(where))
    assert "zone wanted" in page
    assert "12 <span" in page
    assert not BridgeArtifact.objects.exists()
    refused = ada.post(where, {"act": "keep"})
    assert refused.status_code == 422
    assert "zone" in text(refused)
    assert BridgeDraft.objects.count() == 1
    assert not BridgeArtifact.objects.exists()


def test_the_zone_is_found_with_a_dataset_and_the_upload_is_kept(ada, catalogue):
    data = list_trades(catalogue)
    where = send(ada, data)["Location"]
    page = text(look(ada, where, dataset_id=DATASET_ID, act="show"))
    assert re.search(rf'value="{NEW_YORK}" checked', page)
    assert "23 of 23" in page
    assert "zone wanted" in text(
        look(ada, where, dataset_id=DATASET_ID, offer=NEW_YORK, act="show")
    )
    assert BridgeDraft.objects.get().zone == ""
    taken = look(ada, where, dataset_id=DATASET_ID, offer=NEW_YORK, act="take")
    assert "zone wanted" not in text(taken)
    kept = look(ada, where, dataset_id=DATASET_ID, offer=NEW_YORK, symbol="ACME", act="keep")
    artifact = BridgeArtifact.objects.get()
    assert (artifact.kind, artifact.zone, artifact.symbol) == ("trade_list", NEW_YORK, "ACME")
    assert (artifact.trades, artifact.open_trades) == (12, 1)
    assert artifact.file.read_bytes() == data
    assert "Bridge artifact" in text(kept)
    assert not BridgeDraft.objects.exists()
    assert not (Store(settings.DATA_ROOT).bridge_drafts / where.split("/")[-2]).exists()
    original = ada.get(f"/parity/artifacts/{artifact.pk}/file")
    assert original.content == data


def test_the_same_content_is_kept_once(ada, catalogue):
    for _ in range(2):
        where = send(ada, chart_data(catalogue), "chart.csv")["Location"]
        page = text(look(ada, where, act="keep"))
        assert "Mean 20" in page
    assert "was kept before: nothing is there twice." in page
    artifact = BridgeArtifact.objects.get()
    assert (artifact.kind, artifact.candles, artifact.series) == ("chart_data", 300, 1)
    assert artifact.read_facts()["series"][0]["nulls"] == 19


def test_a_wrong_zone_is_told_beside_its_field_and_nothing_is_lost(ada, catalogue):
    where = send(ada, list_trades(catalogue))["Location"]
    answer = ada.post(where, {"zone": "Mars/Base", "act": "show"})
    assert answer.status_code == 422
    page = text(answer)
    assert "zone is Mars/Base, but must be a zone" in page
    assert 'value="Mars/Base"' in page
    assert "zone wanted" in page


def test_the_order_of_day_and_month_is_asked_where_nothing_tells(ada):
    ends = ("03/04/2025", "05/04/2025")
    rows = rows_of(SPRING, trades=[(*TRADES[0][:2], *ends, *TRADES[0][4:])])
    where = send(ada, listed(SPRING, rows).encode())["Location"]
    page = text(ada.get(where))
    assert "order of dates wanted" in page
    assert "with the day or the month first" in page
    refused = ada.post(where, {"act": "keep"})
    assert refused.status_code == 422
    assert "is the day cannot be told" in text(refused)
    assert not BridgeArtifact.objects.exists()
    assert "2025-04-03" in text(look(ada, where, date_order="dmy", act="show"))
    kept = text(look(ada, where, date_order="mdy", act="keep"))
    assert "months first" in kept
    artifact = BridgeArtifact.objects.get()
    assert (artifact.date_order, artifact.zone) == ("mdy", "")
    assert str(artifact.first_at)[:10] == "2025-03-04"
    assert "date_order" not in text(
        ada.get(send(ada, listed(SPRING, rows_of(SPRING)).encode())["Location"])
    )


def test_a_dataset_that_is_not_there_is_told_and_another_can_be_chosen(ada, catalogue):
    where = send(ada, list_trades(catalogue))["Location"]
    page = text(look(ada, where, dataset_id="NONE", act="show"))
    assert "There is no dataset NONE." in page
    assert 'name="dataset_id"' in page
    assert "zone wanted" in text(look(ada, where, act="show"))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("page.csv", b"<!doctype html><html><body>Sign in</body></html>"),
        ("alerts.csv", b"Alert ID,Ticker,Name,Description,Time,Webhook status\n1,A,b,c,d,e\n"),
        ("empty.csv", b""),
    ],
)
def test_what_is_no_export_is_refused_and_nothing_is_kept(ada, name, data):
    drafts = Store(settings.DATA_ROOT).bridge_drafts
    before = sorted(drafts.glob("*"))
    answer = send(ada, data, name)
    assert answer.status_code == 422
    assert 'role="alert"' in text(answer)
    assert not BridgeDraft.objects.exists()
    assert sorted(drafts.glob("*")) == before
    assert not list(Store(settings.DATA_ROOT).uploads.glob("*"))


def test_without_a_file_the_page_says_so(ada):
    answer = ada.post(NEW, {})
    assert answer.status_code == 422
    assert "Choose one file" in text(answer)


def test_artifacts_are_listed_searched_and_saved_as_csv(ada, catalogue):
    add_artifact(catalogue)
    assert "ACME trend" in text(ada.get("/parity/?q=trend&kind=trade_list&symbol=ACME"))
    assert "No bridge artifact matches." in text(ada.get("/parity/?q=other"))
    rows = list(csv.DictReader(io.StringIO(ada.get("/parity/artifacts.csv").content.decode())))
    assert [row["artifact_id"] for row in rows] == [ARTIFACT_ID]


def test_an_artifact_shows_what_it_says_and_fills_a_run(ada, catalogue):
    add_artifact(catalogue)
    page = text(ada.get(PAGE))
    assert "A warning." in page
    assert "A note." in page
    link = re.search(r'href="(/runs/new/\?[^"]*)"', page)
    assert link is not None
    form = text(ada.get(link[1].replace("&amp;", "&")))
    for name, value in (("starting_cash", "10000"), ("fees_bps", "5"), ("slippage_ticks", "2")):
        assert re.search(rf'name="{name}" value="{value}"', form), name


def test_a_report_shows_its_figures_beside_those_of_its_trades_and_fills_a_run(ada, catalogue):
    where = send(ada, report(catalogue), "report.xlsx")["Location"]
    page = text(look(ada, where, zone=NEW_YORK, act="keep"))
    facts = BridgeArtifact.objects.get().read_facts()
    figures = {(one["label"], one["side"]): one["equal"] for one in facts["figures"]}
    assert figures == {("Net profit", "all"): True, ("Net profit", "long"): False}
    assert ["Length", "20"] in facts["properties"]
    assert facts["symbol"] == "NASDAQ:ACME"
    link = re.search(r'href="/runs/new/\?([^"]*)"', page)
    assert link is not None
    assert {"starting_cash=10000", "fees_bps=5", "slippage_ticks=2", "interval=1m"} <= set(
        link[1].replace("&amp;", "&").split("&")
    )


def test_an_artifact_that_is_damaged_is_told(ada, catalogue):
    artifact = add_artifact(catalogue)
    (artifact.folder / "artifact.json").unlink()
    answer = ada.get(PAGE)
    assert answer.status_code == 409
    assert f"The files of bridge artifact {ARTIFACT_ID} are not whole" in text(answer)


def test_an_artifact_is_deleted_with_its_files(ada, catalogue):
    artifact = add_artifact(catalogue)
    assert "Keep it" in text(ada.get(f"{PAGE}delete/"))
    answer = ada.post(f"{PAGE}delete/", follow=True)
    assert f"Bridge artifact {ARTIFACT_ID} is deleted." in text(answer)
    assert not artifact.folder.exists()


def test_an_upload_is_forgotten_when_it_is_cancelled_or_a_day_old(ada, catalogue):
    draft = add_bridge_draft(catalogue)
    answer = ada.post(f"/parity/drafts/{draft.pk}/cancel/", follow=True)
    assert "Nothing was kept" in text(answer)
    assert not draft.folder.exists()
    old = add_bridge_draft(catalogue)
    BridgeDraft.objects.update(changed_at="2020-01-01T00:00:00Z")
    os.utime(old.folder, (0, 0))
    forget_old_drafts()
    assert not BridgeDraft.objects.exists()
    assert not old.folder.exists()
