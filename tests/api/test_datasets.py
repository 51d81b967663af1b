"""Datasets, their bars, and ingests through the API."""

import datetime as dt
import io
import json
from urllib.parse import urlencode

import openpyxl
import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.datasets.models import Dataset, Ingest, Revision
from hewston.pipeline import schemas
from hewston.pipeline.playback import read_schedule
from hewston.pipeline.resampling import resample
from hewston.pipeline.store import Store
from tests.api.program import Program, error_of
from tests.scenes import DATASET_ID, NEW_YORK

ADDRESS = f"/api/datasets/{DATASET_ID}"


def test_a_dataset_says_what_it_is_and_where_its_reports_are(ada, catalogue, stage):
    listed = ada.get("/api/datasets").json()
    assert (listed["total"], listed["limit"], listed["offset"]) == (1, 50, 0)
    shown = ada.get(ADDRESS).json()
    assert listed["items"] == [shown]
    assert (shown["from"], shown["to"]) == ("2023-10-30", "2023-11-07")
    (revision,) = shown["revisions"]
    assert revision["rows"] == stage.bars.height
    folder = catalogue.revision.folder
    for report in ("manifest", "quality"):
        assert ada.get(revision[report]).content == (folder / f"{report}.json").read_bytes()
    assert ada.get(shown["bars"]).status_code == 200


@pytest.mark.parametrize("end", ["", "/bars", "/manifest", "/quality"])
def test_another_persons_dataset_does_not_exist(mallory, end):
    assert error_of(mallory.get(f"{ADDRESS}{end}"), 404)["code"] == "DATASET_NOT_FOUND"
    assert mallory.get("/api/datasets").json()["total"] == 0


def test_a_misspelt_dataset_is_corrected(ada):
    error = error_of(ada.get("/api/datasets/ACNE-20231030-20231107-1m"), 404)
    assert f"Did you mean {DATASET_ID}?" in error["message"]


def test_the_list_filters_and_sorts(ada, catalogue):
    other = Dataset.objects.get()
    other.pk, other.symbol, other.venue_code = "ZED-2023-1m", "ZED", "ARCX"
    other.created_at += dt.timedelta(days=1)
    other.save(force_insert=True)

    def ask(**query):
        return [item["dataset_id"] for item in ada.get("/api/datasets", **query).json()["items"]]

    assert ask() == ["ZED-2023-1m", DATASET_ID]
    assert ask(order="symbol") == [DATASET_ID, "ZED-2023-1m"]
    assert ask(q="arcx") == ask(symbol="ZED") == ["ZED-2023-1m"]
    assert ask(limit=1, offset=1) == [DATASET_ID]
    assert error_of(ada.get("/api/datasets", order="x"), 422)["details"]["field"] == "order"


def test_bars_are_those_that_are_stored(ada, stage):
    file = ada.get(f"{ADDRESS}/bars", session="all", format="parquet")
    assert pl.read_parquet(io.BytesIO(file.getvalue())).equals(stage.bars)
    items = ada.get(f"{ADDRESS}/bars", session="all", limit=3, offset=2).json()
    assert items["total"] == stage.bars.height
    assert [item["close"] for item in items["items"]] == stage.bars["close"][2:5].to_list()
    assert items["items"][0]["ts_open"] == "2023-10-30T12:32:00Z"


def test_bars_of_a_session_between_two_dates_at_an_interval(ada, stage, catalogue):
    day = dt.date(2023, 11, 6)  # after the clocks changed
    wanted = stage.bars.filter(
        pl.col("session") == "regular",
        pl.col("ts_open").dt.convert_time_zone(NEW_YORK).dt.date() == day,
    )
    schedule = read_schedule(catalogue.revision.folder / "quality.json")
    for interval in ("1m", "2m", "15m", "1h", "1d", "1w"):
        shown = ada.get(
            f"{ADDRESS}/bars", **{"from": str(day), "to": str(day)}, interval=interval
        ).json()
        expected = resample(wanted, interval, schedule=schedule, calendar="XNYS")
        assert shown["total"] == expected.height
        for name in ("open", "high", "low", "close", "volume"):
            assert [item[name] for item in shown["items"]] == expected[name].to_list()


def test_json_is_bounded_unless_asked_otherwise(ada, monkeypatch):
    monkeypatch.setattr("apps.datasets.api.bars._JSON_BARS", 10)
    assert len(ada.get(f"{ADDRESS}/bars").json()["items"]) == 10
    assert len(ada.get(f"{ADDRESS}/bars", limit=12).json()["items"]) == 12
    assert len(ada.get(f"{ADDRESS}/bars", format="csv").getvalue().splitlines()) > 1000


@pytest.mark.parametrize("query", [{"limit": 50, "offset": 7}, {"interval": "1h"}, {}])
def test_many_bars_are_read_by_a_child_and_are_the_same(ada, monkeypatch, query):
    few = ada.get(f"{ADDRESS}/bars", **query)
    monkeypatch.setattr("apps.datasets.api.bars._BARS_IN_MEMORY", 5)
    monkeypatch.delattr("apps.datasets.api.bars.read_bars")  # this process reads none
    many = ada.get(f"{ADDRESS}/bars", **query)
    assert (many.json(), many["ETag"]) == (few.json(), few["ETag"])
    same = ada.send("GET", f"{ADDRESS}/bars?{urlencode(query)}", If_None_Match=few["ETag"])
    assert same.status_code == 304


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({"interval": "7m"}, 422, "interval"),
        ({"session": "night"}, 422, "session"),
        ({"from": "2023-11-03", "to": "2023-11-01"}, 422, "from"),
        ({"to": "soon"}, 422, "to"),
        ({"limit": "0"}, 422, "limit"),
        ({"revision": "2"}, 404, "revision"),
        ({"revision": "x"}, 422, "revision"),
        ({"symbol": "ACME"}, 422, "symbol"),
    ],
)
def test_bars_that_cannot_be_are_refused_with_the_field(ada, query, status, field):
    error = error_of(ada.get(f"{ADDRESS}/bars", **query), status)
    assert error["details"]["field"] == field


def test_bars_are_not_split_into_shorter_ones(ada):
    Dataset.objects.update(interval="1h")
    assert (
        error_of(ada.get(f"{ADDRESS}/bars", interval="1m"), 422)["details"]["field"] == "interval"
    )
    assert ada.get(f"{ADDRESS}/bars").status_code in {200, 409}


def test_bars_that_one_has_are_not_sent_again(ada):
    etag = ada.get(f"{ADDRESS}/bars", limit=5)["ETag"]
    assert ada.send("GET", f"{ADDRESS}/bars?limit=5", If_None_Match=etag).status_code == 304
    assert ada.send("GET", f"{ADDRESS}/bars?limit=6", If_None_Match=etag).status_code == 200


def test_an_older_revision_keeps_its_reports(ada, catalogue):
    newer = Revision.objects.get()
    newer.pk, newer.number, newer.bars_sha256 = None, 2, "b" * 64
    newer.save()
    numbers = [one["revision"] for one in ada.get(ADDRESS).json()["revisions"]]
    assert numbers == [2, 1]
    assert ada.get(f"{ADDRESS}/quality", revision=1).status_code == 200
    assert error_of(ada.get(f"{ADDRESS}/quality"), 409)["code"] == "CONFLICT"


@pytest.fixture
def own_root(settings, tmp_path):
    settings.DATA_ROOT, settings.INBOX = tmp_path, tmp_path / "inbox"
    settings.INBOX.mkdir()
    (settings.INBOX / "a.dbn.zst").write_bytes(b"x")
    return tmp_path


def test_files_of_the_inbox_become_an_ingest(ada, own_root):
    body = {"inbox": ["a.dbn.zst"], "symbol": "AAPL", "dataset": "XNAS.ITCH"}
    answer = ada.post("/api/datasets", body)
    assert answer.status_code == 202
    made = Ingest.objects.get(pk=answer.json()["ingest_id"])
    assert answer.json() == {"ingest_id": made.pk, "status": "QUEUED"}
    assert made.options == {"symbol": "AAPL", "vendor_dataset": "XNAS.ITCH"}
    shown = ada.get(answer["Location"]).json()
    assert (shown["status"], shown["datasets"], shown["error"]) == ("QUEUED", [], None)
    assert ada.get("/api/ingests", status="QUEUED").json()["items"] == [shown]
    stopped = ada.post(f"{answer['Location']}/cancel")
    assert stopped.json()["status"] == "CANCELLED"
    assert error_of(ada.post(f"{answer['Location']}/cancel"), 409)["code"] == "CONFLICT"


def test_the_sample_needs_no_file(ada, own_root):
    made = ada.post("/api/datasets", {"sample_year": 2023}).json()
    assert Ingest.objects.get(pk=made["ingest_id"]).options == {"sample_year": 2023}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "inbox"),
        ({"inbox": []}, "inbox"),
        ({"inbox": "a.dbn.zst"}, "inbox"),
        ({"inbox": [1]}, "inbox"),
        ({"inbox": ["../hewston.sqlite3"]}, "inbox"),
        ({"inbox": ["/etc/passwd"]}, "inbox"),
        ({"inbox": ["nothing.dbn"]}, "inbox"),
        ({"inbox": ["a.dbn.zst"], "symbl": "A"}, "symbl"),
        ({"inbox": ["a.dbn.zst"], "symbol": ["A"]}, "symbol"),
        ({"inbox": ["a.dbn.zst"], "dataset": {}}, "vendor_dataset"),
        ({"inbox": ["a.dbn.zst"], "sample_year": 2023}, "inbox"),
        ({"sample_year": 1800}, "sample_year"),
    ],
)
def test_an_ingest_that_cannot_be_is_refused_with_its_field(ada, own_root, body, field):
    error = error_of(ada.post("/api/datasets", body), 422)
    assert error["details"]["field"] == field
    assert Ingest.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_files_that_are_sent_are_kept_for_their_ingest(ada, own_root):
    client = Client(headers={"Authorization": f"Bearer {ada.secret}"})
    files = [SimpleUploadedFile(f"{name}.dbn", b"DBN" + name.encode()) for name in ("a", "b")]
    answer = client.post("/api/datasets", {"files": files, "symbol": "AAPL"})
    assert answer.status_code == 202
    made = Ingest.objects.get(pk=answer.json()["ingest_id"])
    assert made.options == {"symbol": "AAPL"}
    kept = {path.name: path.read_bytes() for path in made.upload_folder.iterdir()}
    assert kept == {"a.dbn": b"DBNa", "b.dbn": b"DBNb"}


def test_files_with_a_field_that_is_given_twice_are_refused(ada, own_root):
    client = Client(headers={"Authorization": f"Bearer {ada.secret}"})
    files = SimpleUploadedFile("a.dbn", b"DBN")
    answer = client.post("/api/datasets", {"files": files, "symbol": ["AAPL", "MSFT"]})
    assert error_of(answer, 422)["details"]["field"] == "symbol"
    assert list((own_root / "uploads").glob("*")) == []


def test_files_that_nobody_asked_to_keep_are_gone(ada, own_root):
    client = Client(headers={"Authorization": f"Bearer {ada.secret}"})
    answer = client.post(
        "/api/datasets", {"files": SimpleUploadedFile("a.dbn", b"DBN"), "symbl": "AAPL"}
    )
    assert error_of(answer, 422)["details"]["field"] == "symbl"
    assert (
        error_of(client.post("/api/datasets", {"symbol": "A"}), 422)["details"]["field"] == "files"
    )
    uploads = Store(own_root).uploads
    assert not uploads.exists() or not [*uploads.iterdir()]


def test_another_persons_ingest_does_not_exist(mallory, catalogue):
    address = f"/api/ingests/{catalogue.ingest.pk}"
    assert error_of(mallory.get(address), 404)["code"] == "NOT_FOUND"
    assert error_of(mallory.post(f"{address}/cancel"), 404)["code"] == "NOT_FOUND"
    assert mallory.get("/api/ingests").json()["total"] == 0


def test_an_ingest_says_what_it_became(ada, catalogue):
    shown = ada.get(f"/api/ingests/{catalogue.ingest.pk}").json()
    assert shown["datasets"] == [{"dataset_id": DATASET_ID, "revision": 1}]
    assert shown["left_out"] == [{"file": "notes.txt", "reason": "It does not end in .dbn."}]


def test_tokens_are_listed_made_and_revoked_by_a_person(catalogue):
    reader = Program(catalogue.ada, "read")
    client = Client()
    client.force_login(catalogue.ada)

    def make(**body):
        text = json.dumps({"name": "script", "scopes": ["run"]} | body)
        return client.post("/api/tokens", text, content_type="application/json")

    made = make(days=7)
    assert made.status_code == 201
    assert made.json()["scopes"] == ["read", "run"]
    carried = Client(headers={"Authorization": f"Bearer {made.json()['token']}"})
    assert carried.get("/backtests").status_code == 200
    listed = reader.get("/api/tokens").json()
    assert [one["name"] for one in listed["items"]] == ["script", "read"]
    assert "token" not in listed["items"][0]
    assert error_of(make(), 409)["code"] == "CONFLICT"
    wrong: list[tuple[dict[str, object], str]] = [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"scopes": "run"}, "scopes"),
        ({"scopes": ["runs"]}, "scopes"),
        ({"days": 0}, "days"),
        ({"scope": ["run"]}, "scope"),
    ]
    for body, field in wrong:
        assert error_of(make(**body), 422)["details"]["field"] == field
    assert client.delete(f"/api/tokens/{made.json()['token_id']}").status_code == 204
    assert carried.get("/backtests").status_code == 401
    for other in (made.json()["token_id"], "x", "9" * 40):
        assert error_of(client.delete(f"/api/tokens/{other}"), 404)["code"] == "NOT_FOUND"


def test_nobody_ends_another_persons_token(catalogue, mallory):
    Program(catalogue.ada, "read")
    client = Client()
    client.force_login(catalogue.stranger)
    theirs = catalogue.ada.tokens.get().pk
    assert client.delete(f"/api/tokens/{theirs}").status_code == 404
    assert catalogue.ada.tokens.filter(revoked_at=None).exists()


def test_a_dataset_is_tagged_annotated_and_archived(ada):
    body = json.dumps({"tags": ["Tech", "checked"], "notes": "Bought.", "archived": True})
    changed = ada.send("PATCH", ADDRESS, body).json()
    assert (changed["tags"], changed["notes"], changed["archived"]) == (
        ["checked", "tech"],
        "Bought.",
        True,
    )
    assert ada.get("/api/datasets").json()["total"] == 0
    (item,) = ada.get("/api/datasets", archived="only", tag="tech").json()["items"]
    assert item == ada.get(ADDRESS).json() == changed
    restored = ada.send("PATCH", ADDRESS, '{"archived": false}').json()
    assert (restored["archived_at"], restored["tags"]) == (None, ["checked", "tech"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"tags": "tech"}, "tags"),
        ({"tags": [1]}, "tags"),
        ({"tags": ["x" * 41]}, "tags"),
        ({"notes": 1}, "notes"),
        ({"notes": "x" * 10_001}, "notes"),
        ({"archived": "yes", "notes": "kept?"}, "archived"),
        ({"symbol": "X"}, "symbol"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(ada, body, field):
    before = ada.get(ADDRESS).json()
    error = error_of(ada.send("PATCH", ADDRESS, json.dumps(body)), 422)
    assert error["details"]["field"] == field
    assert ada.get(ADDRESS).json() == before


def test_a_dataset_that_a_run_uses_stays(ada, catalogue):
    error = error_of(ada.send("DELETE", ADDRESS), 409)
    assert catalogue.run.pk in error["message"]
    assert error["details"] == {"used_by": 1, "runs": f"/runs/?dataset={DATASET_ID}"}
    used = ada.get(ADDRESS).json()
    assert (used["used_by"], used["revisions"][0]["used_by"]) == (1, 1)
    assert ada.get(used["runs"]).json()["total"] == 1
    assert ada.get("/backtests", dataset_id=DATASET_ID, revision=2).json()["total"] == 0


def test_a_dataset_that_no_run_uses_is_deleted(ada, catalogue, settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    catalogue.run.delete()
    assert ada.send("DELETE", ADDRESS).status_code == 204
    assert error_of(ada.get(ADDRESS), 404)["code"] == "DATASET_NOT_FOUND"
    assert ada.get(f"/api/ingests/{catalogue.ingest.pk}").json()["datasets"] == []


def test_bars_as_a_sheet_are_those_that_are_stored(ada, stage):
    answer = ada.get(f"{ADDRESS}/bars", format="xlsx", limit=3, offset=1, session="all")
    (sheet,) = openpyxl.load_workbook(io.BytesIO(answer.getvalue())).worksheets
    header, *rows = sheet.values
    assert header[0] == f"ts_open ({NEW_YORK})"
    assert [row[4] for row in rows] == stage.bars["close"][1:4].to_list()
    assert answer["Content-Type"].endswith("spreadsheetml.sheet")


def test_more_bars_than_a_sheet_holds_are_refused_and_nothing_is_damaged(
    ada, catalogue, settings, tmp_path
):
    settings.DATA_ROOT = tmp_path
    bars = (
        pl.DataFrame(
            {
                "ts_open": pl.datetime_range(
                    dt.datetime(2023, 11, 6, tzinfo=dt.UTC),
                    dt.datetime(2025, 12, 1, tzinfo=dt.UTC),
                    interval="1m",
                    time_unit="ns",
                    eager=True,
                )
            }
        )
        .with_columns(
            session=pl.lit("regular").cast(schemas.SESSION),
            **{
                name: pl.lit(None, kind)
                for name, kind in schemas.BARS.items()
                if name not in {"ts_open", "session"}
            },
        )
        .select(*schemas.BARS)
    )
    folder = catalogue.revision.folder
    folder.mkdir(parents=True)
    bars.write_parquet(folder / "bars.parquet")
    (folder / "quality.json").write_text('{"sessions": []}')
    error = error_of(ada.get(f"{ADDRESS}/bars", format="xlsx"), 422)
    assert "longer interval" in error["message"]
    few = ada.get(f"{ADDRESS}/bars", format="xlsx", limit=10)
    assert len(few.getvalue()) > 0
