"""Bridge artifacts through the API and the command line."""

import json
import os
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from apps.parity.models import BridgeArtifact
from apps.permissions.models import User
from tests.bridges import (
    ARTIFACT_ID,
    add_artifact,
    chart_data,
    json_artifact,
    list_trades,
)
from tests.pipeline.parity.uploads import SPRING, TRADES, listed, rows_of
from tests.scenes import DATASET_ID, NEW_YORK

ARTIFACTS = "/api/parity/artifacts"


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


def send(client, data: bytes, *, where: str = ARTIFACTS, name: str = "trades.csv", **said):
    return client.post(where, {"file": SimpleUploadedFile(name, data), **said})


def test_an_export_is_kept_once_and_read_back(ada, catalogue):
    data = list_trades(catalogue)
    made = send(ada, data, zone=NEW_YORK, name="trend.csv")
    assert made.status_code == 201
    artifact = made.json()
    assert made["Location"] == artifact["address"]
    assert (artifact["kind"], artifact["trades"], artifact["open_trades"]) == ("trade_list", 12, 1)
    again = send(ada, data, zone=NEW_YORK, name="trend.csv")
    assert (again.status_code, again.json()["artifact_id"]) == (200, artifact["artifact_id"])
    whole = ada.get(artifact["address"]).json()
    assert whole["facts"]["trades"]["long"] == 6
    trades = ada.get(f"{artifact['address']}/trades?limit=2").json()
    assert trades["total"] == 12
    assert trades["items"][0]["side"] == "LONG"
    assert ada.get(f"{artifact['address']}/file").content == data
    missing = ada.get(f"{artifact['address']}/candles")
    assert missing.status_code == 409
    assert "has no candles" in missing.json()["error"]["message"]


def test_the_same_export_of_two_people_is_two_artifacts_whatever_they_are_called(client, catalogue):
    data = chart_data(catalogue)
    made = []
    for person in (catalogue.ada, catalogue.stranger):
        client.force_login(person)
        made.append(send(client, data, name="chart.csv"))
        User.objects.filter(pk=person.pk).update(username=f"was {person.pk}")
    assert [one.status_code for one in made] == [201, 201]
    assert len({one.json()["artifact_id"] for one in made}) == 2
    assert send(client, data, name="chart.csv").status_code == 200


def test_files_whose_row_is_gone_are_removed_in_time(ada, catalogue):
    artifact = add_artifact(catalogue)
    BridgeArtifact.objects.all().delete()
    send(ada, chart_data(catalogue), name="chart.csv")
    assert artifact.folder.exists()  # somebody may be writing the row now
    os.utime(artifact.folder, (0, 0))
    send(ada, chart_data(catalogue), name="chart.csv")
    assert not artifact.folder.exists()


def test_a_zone_must_be_said_or_be_found(ada, catalogue):
    data = list_trades(catalogue)
    refused = send(ada, data)
    assert refused.status_code == 422
    assert refused.json()["error"]["details"]["field"] == "zone"
    assert not BridgeArtifact.objects.exists()
    found = send(ada, data, dataset_id=DATASET_ID)
    assert (found.status_code, found.json()["zone"]) == (201, NEW_YORK)


def test_a_preview_keeps_nothing(ada, catalogue):
    where = f"{ARTIFACTS}/preview"
    shown = send(ada, list_trades(catalogue), where=where, dataset_id=DATASET_ID).json()
    assert shown["needs_zone"] is True
    best = shown["offers"][0]
    assert (best["zone"], best["inside"], best["of"]) == (NEW_YORK, 23, 23)
    assert len(shown["first_trades"]) == len(shown["last_trades"]) == 5
    assert not BridgeArtifact.objects.exists()


def test_chart_data_needs_no_zone(ada, catalogue):
    made = send(ada, chart_data(catalogue), name="chart.csv").json()
    assert (made["candles"], made["series"], made["zone"]) == (300, 1, None)
    rows = ada.get(f"{made['address']}/series?format=csv").content.decode().splitlines()
    assert len(rows) == 301


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"zone": "Mars/Base"}, "zone is Mars/Base"),
        ({"colour": "red"}, "colour is not a field of an artifact."),
    ],
)
def test_what_is_said_wrongly_is_refused_and_nothing_is_kept(ada, catalogue, said, words):
    answer = send(ada, list_trades(catalogue), **said)
    assert answer.status_code == 422
    assert words in answer.json()["error"]["message"]
    assert not BridgeArtifact.objects.exists()


def test_artifacts_are_listed_and_deleted(ada, catalogue):
    add_artifact(catalogue)
    found = ada.get(f"{ARTIFACTS}?kind=trade_list&symbol=ACME&order=-trades").json()
    assert [one["artifact_id"] for one in found["items"]] == [ARTIFACT_ID]
    assert ada.get(f"{ARTIFACTS}?q=other").json()["total"] == 0
    assert ada.delete(f"{ARTIFACTS}/{ARTIFACT_ID}").status_code == 204
    answer = ada.get(f"{ARTIFACTS}/{ARTIFACT_ID}")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "ARTIFACT_NOT_FOUND"


def test_the_command_keeps_lists_shows_and_deletes(catalogue, tmp_path, capsys):
    def run(*words: str):
        call_command("parity", *words, "--json", "--user", "ada")
        return json.loads(capsys.readouterr().out)

    path = tmp_path / "close.json"
    path.write_bytes(json_artifact(catalogue))
    made = run("import", str(path), "--name", "mine")
    assert (made["name"], made["created"], made["kind"]) == ("mine", True, "json")
    assert run("import", str(path), "--name", "mine")["created"] is False
    assert [one["name"] for one in run("list", "--kind", "json")["artifacts"]] == ["mine"]
    shown = run("show", made["artifact_id"])
    assert shown["facts"]["source_code"] == "plot(close)"
    call_command("parity", "show", made["artifact_id"], "--user", "ada")
    assert "mine" in capsys.readouterr().out
    assert run("delete", made["artifact_id"]) == {"deleted": made["artifact_id"]}
    with pytest.raises(SystemExit):
        call_command("parity", "show", made["artifact_id"], "--json", "--user", "ada")
    assert "There is no bridge artifact" in capsys.readouterr().out


AMBIGUOUS = listed(
    SPRING,
    rows_of(
        SPRING, trades=[(*TRADES[0][:2], "03/04/2025 10:00", "03/04/2025 11:00", *TRADES[0][4:])]
    ),
).encode()


def test_which_number_is_the_day_must_be_said_where_nothing_tells(ada):
    refused = send(ada, AMBIGUOUS, zone="UTC")
    assert refused.status_code == 422
    error = refused.json()["error"]
    assert (error["details"]["field"], error["details"]["allowed"]) == (
        "date_order",
        ["dmy", "mdy"],
    )
    assert "trades.csv" in error["message"]
    wrong = send(ada, AMBIGUOUS, zone="UTC", date_order="year")
    assert "date_order is year, but must be dmy (day first)" in wrong.json()["error"]["message"]
    assert not BridgeArtifact.objects.exists()
    made = [
        send(ada, AMBIGUOUS, zone="UTC", date_order=said)
        for said in ("day_first", "month_first", "dmy")
    ]
    assert [one.status_code for one in made] == [201, 201, 200]
    days, months, again = (one.json() for one in made)
    assert (days["date_order"], days["first_at"][:10]) == ("dmy", "2025-04-03")
    assert (months["date_order"], months["first_at"][:10]) == ("mdy", "2025-03-04")
    assert again["artifact_id"] == days["artifact_id"]


def test_an_order_that_is_no_question_is_no_part_of_the_content(ada, catalogue):
    data = list_trades(catalogue)
    made = send(ada, data, zone=NEW_YORK, date_order="mdy").json()
    assert made["date_order"] is None
    assert send(ada, data, zone=NEW_YORK).json()["artifact_id"] == made["artifact_id"]


def test_bars_tell_the_order_as_they_tell_the_zone(ada, catalogue):
    header, *rows = list_trades(catalogue).decode("utf-8-sig").splitlines()
    november = [row for row in rows if ",2023-11-0" in row]  # days that may be months
    assert november
    text = "\n".join([header, *november])
    data = re.sub(r"(\d{4})-(\d{2})-(\d{2})", r"\g<2>/\g<3>/\g<1>", text).encode()
    assert send(ada, data, zone=NEW_YORK).status_code == 422
    found = send(ada, data, dataset_id=DATASET_ID)
    made = found.json()
    assert (found.status_code, made["date_order"], made["zone"]) == (201, "mdy", NEW_YORK)
    assert made["first_at"].startswith("2023-11-01")
