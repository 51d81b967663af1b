"""Tables through the API: previewed, asked about, brought in; presets."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.datasets.models import Ingest, TableDraft, TablePreset
from apps.datasets.tasks import perform_ingest
from tests.api.program import error_of
from tests.datasets.tables import write_table

SAID = {"tz": "America/New_York", "stamp": "open", "symbol": "SPY"}


@pytest.fixture(autouse=True)
def inbox(catalogue, settings, tmp_path):
    settings.INBOX = tmp_path / "inbox"
    settings.MIN_FREE_BYTES = 0
    settings.INBOX.mkdir()
    (settings.INBOX / "spy.csv").write_text(write_table())
    return settings.INBOX


def send(ada, path, name, text, **fields):
    """Send a file with fields, as multipart, as a program does."""
    content = text.encode() if isinstance(text, str) else text
    return ada.upload(path, {"files": SimpleUploadedFile(name, content), **fields})


def rows_of(ada):
    return Ingest.objects.count(), TableDraft.objects.count()


@pytest.mark.parametrize("way", ["sent", "inbox"])
def test_a_preview_says_what_a_table_would_become_and_keeps_nothing(ada, settings, way):
    before = rows_of(ada)
    if way == "sent":
        answer = send(ada, "/api/datasets/preview", "spy.csv", write_table(), **SAID)
    else:
        answer = ada.post("/api/datasets/preview", {"inbox": "spy.csv", **SAID})
    assert answer.status_code == 200, answer.content
    shown = answer.json()
    assert shown["file"] == "spy.csv"
    assert shown["is_ready"] is True
    assert shown["questions"] == []
    assert shown["bars"]["head"][0]["ts_open"] == "2024-01-08T14:30:00Z"
    assert shown["rows"] == {"read": 30, "bars": 30, "bad": 0, "not_data": 0, "is_whole": True}
    assert {column["role"] for column in shown["columns"]} >= {"time", "open", "close", "volume"}
    assert rows_of(ada) == before
    uploads = settings.DATA_ROOT / "uploads"
    assert not uploads.is_dir() or list(uploads.iterdir()) == []


def test_what_must_be_asked_is_named_with_the_best_guess(ada):
    shown = ada.post("/api/datasets/preview", {"inbox": "spy.csv"}).json()
    assert shown["questions"] == ["tz", "stamp"]
    before = rows_of(ada)
    refused = ada.post("/api/datasets", {"inbox": ["spy.csv"], "symbol": "SPY"})
    error = error_of(refused, 422)
    assert (error["code"], error["details"]["field"]) == ("VALIDATION", "tz")
    asked = {one["option"]: one for one in error["details"]["questions"]}
    assert asked["tz"]["value"] == "America/New_York"
    assert asked["stamp"]["choices"] == ["open", "close"]
    assert "9:30" in asked["tz"]["reason"]
    assert rows_of(ada) == before


@pytest.mark.django_db(transaction=True)
def test_a_table_that_is_answered_comes_in(ada, settings):
    columns = "time=Date,close=Open,open=5"
    said = SAID | {"columns": columns, "currency": "EUR", "venue": "HOUSE", "tick": "0.5"}
    answer = send(ada, "/api/datasets", "spy.csv", write_table(), **said)
    assert answer.status_code == 202, answer.content
    ingest = Ingest.objects.get(pk=answer.json()["ingest_id"])
    perform_ingest(ingest)
    shown = ada.get(answer["Location"]).json()
    (made,) = shown["datasets"]
    dataset = ada.get(f"/api/datasets/{made['dataset_id']}").json()
    assert (dataset["venue_code"], dataset["provider"]) == ("HOUSE", "table")
    assert (dataset["instrument"]["currency"], dataset["instrument"]["tick_size"]) == ("EUR", 0.5)
    bars = ada.get(dataset["bars"], session="all").json()["items"]
    assert (bars[0]["open"], bars[0]["close"]) == (100.5, 100)


def test_columns_are_an_object_too(ada):
    said = SAID | {"columns": {"time": "Date", "close": "Open", "open": "5"}, "header": 1}
    shown = ada.post("/api/datasets/preview", {"inbox": "spy.csv", **said}).json()
    assert shown["bars"]["head"][0]["close"] == 100


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"tz": "Mars/Olympus"}, "tz"),
        ({"stamp": "middle"}, "stamp"),
        ({"columns": "open=Nope"}, "columns"),
        ({"columns": "opne=Open"}, "columns"),
        ({"interval": "7m"}, "interval"),
        ({"tick": 0}, "tick"),
        ({"asset_class": "house"}, "asset_class"),
        ({"calendar": "MOON"}, "calendar"),
        ({"header": [1]}, "header"),
        ({"symbol": "X" * 100}, "symbol"),
        ({"venue": "a\u0000b"}, "venue"),
        ({"max_bad_rows": -1}, "max_bad_rows"),
        ({"preset": "none"}, "preset"),
        ({"zone": "UTC"}, "zone"),
        ({"sheet": {}}, "sheet"),
    ],
)
@pytest.mark.parametrize("address", ["/api/datasets", "/api/datasets/preview"])
def test_what_cannot_be_is_refused_with_its_field(ada, address, said, field):
    before = rows_of(ada)
    inbox = ["spy.csv"] if address == "/api/datasets" else "spy.csv"
    error = error_of(ada.post(address, {"inbox": inbox, **SAID, **said}), 422)
    assert error["details"]["field"] == field
    assert rows_of(ada) == before


@pytest.mark.parametrize("address", ["/api/datasets", "/api/datasets/preview"])
def test_what_is_no_table_is_a_sentence(ada, address, settings):
    before = rows_of(ada)
    error = error_of(send(ada, address, "notes.txt", "hello", **SAID), 422)
    assert "No rows of bars were found in notes.txt" in error["message"]
    error = error_of(send(ada, address, "x.zip", b"PK\x03\x04junk", **SAID), 422)
    assert "x.zip" in error["message"]
    assert rows_of(ada) == before
    assert list((settings.DATA_ROOT / "uploads").iterdir()) == []


def test_too_many_bad_rows_are_refused_with_their_lines(ada, inbox):
    (inbox / "bad.csv").write_text(write_table(60, bad=20))
    error = error_of(ada.post("/api/datasets", {"inbox": ["bad.csv"], **SAID}), 422)
    assert error["details"]["field"] == "max_bad_rows"
    assert error["details"]["rows"][0]["line"] == 2
    body = {"inbox": ["bad.csv"], **SAID, "max_bad_rows": 20}
    assert ada.post("/api/datasets", body).status_code == 202


def test_options_of_the_other_kind_are_refused(ada, inbox):
    (inbox / "acme.dbn").write_bytes(b"DBN\x03")
    error = error_of(ada.post("/api/datasets", {"inbox": ["acme.dbn"], "tz": "UTC"}), 422)
    assert error["details"]["field"] == "tz"
    error = error_of(ada.post("/api/datasets", {"inbox": ["spy.csv"], "dataset": "X"}), 422)
    assert error["details"]["field"] == "dataset"
    error = error_of(ada.post("/api/datasets/preview", {"inbox": "acme.dbn"}), 422)
    assert "needs no preview" in error["message"]
    error = error_of(ada.post("/api/datasets", {"inbox": ["acme.dbn", "spy.csv"]}), 422)
    assert "one kind at a time" in error["message"]


def test_a_preset_is_made_used_and_deleted(ada, mallory):
    body = {"name": "broker", "tz": "America/New_York", "stamp": "close", "symbol": "SPY"}
    made = ada.post("/api/table-presets", body)
    assert made.status_code == 201, made.content
    assert made.json()["options"] == {"stamp": "close", "tz": "America/New_York"}
    assert error_of(ada.post("/api/table-presets", body), 409)["code"] == "CONFLICT"
    assert ada.get("/api/table-presets").json()["items"] == [made.json()]
    said = {"inbox": "spy.csv", "preset": "broker", "symbol": "SPY"}
    shown = ada.post("/api/datasets/preview", said).json()
    assert shown["is_ready"] is True
    assert shown["bars"]["head"][0]["ts_open"] == "2024-01-08T14:29:00Z"
    shown = ada.post("/api/datasets/preview", said | {"stamp": "open"}).json()
    assert shown["bars"]["head"][0]["ts_open"] == "2024-01-08T14:30:00Z"  # what is said wins
    assert mallory.get("/api/table-presets").json()["items"] == []
    assert (
        error_of(mallory.post("/api/datasets/preview", said), 422)["details"]["field"] == "preset"
    )
    address = f"/api/table-presets/{made.json()['preset_id']}"
    assert error_of(mallory.send("DELETE", address), 404)
    assert ada.send("DELETE", address).status_code == 204
    assert not TablePreset.objects.exists()


def test_a_preset_that_says_nothing_is_refused(ada):
    for body in ({"name": "x"}, {"name": "x", "symbol": "SPY"}, {"name": "", "tz": "UTC"}):
        assert error_of(ada.post("/api/table-presets", body), 422)["details"]["field"] == "name"


def test_the_document_knows_every_option(ada):
    paths = ada.get("/api/openapi.json").json()["paths"]
    for path, key in (("/api/datasets", "symbol"), ("/api/datasets/preview", "inbox")):
        body = paths[path]["post"]["requestBody"]["content"]
        refused = ada.post(path, {"feed": 1}).json()["error"]["details"]["allowed"]
        assert set(body["application/json"]["schema"]["properties"]) == set(refused)
        assert key in refused
        sent = body["multipart/form-data"]["schema"]["properties"]
        assert set(sent) <= {*refused, "files"}
    example = paths["/api/datasets/preview"]["post"]["requestBody"]["content"]
    asked = example["application/json"]["example"] | {"inbox": "spy.csv"}
    assert ada.post("/api/datasets/preview", asked).status_code == 200
