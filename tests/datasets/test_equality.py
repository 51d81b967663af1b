"""Datasets compared with other bars: by the page, by the API, and what stays behind."""

import json

import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.datasets.actions import (
    TABLE_FIELDS,
    cancel_equality,
    delete_dataset,
    request_ingest,
    settle_dataset_deletions,
    sweep_uploads,
)
from apps.datasets.models import Dataset, Equality, Revision
from apps.datasets.tasks import perform_equality, perform_ingest
from apps.permissions.actions import create_token
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.store import Store, read_json
from hewston.taskqueue import Status
from tests.pipeline.dbnfiles import Meta, Print, write_dbn
from tests.pipeline.vendorfiles import write_vendor

PRINTS = [Print(at=n * 20, price=100 + n % 7, sequence=n) for n in range(90)]
VENDOR = Meta(schema="ohlcv-1m")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def root(settings, tmp_path, db):
    settings.DATA_ROOT = tmp_path / "data"
    settings.INBOX = settings.DATA_ROOT / "inbox"
    settings.MIN_FREE_BYTES = 0
    settings.INBOX.mkdir(parents=True)
    return settings.DATA_ROOT


@pytest.fixture
def person(root):
    return User.objects.create_user("ada")


@pytest.fixture
def dataset(person, tmp_path):
    trades = write_dbn(tmp_path / "trades.dbn", PRINTS)
    ingest = request_ingest(owner=person, sources=[trades], options={})
    perform_ingest(ingest)
    return Dataset.objects.get()


@pytest.fixture
def bars(dataset):
    return pl.read_parquet(dataset.latest.folder / "bars.parquet")


@pytest.fixture
def ada(client, person):
    client.force_login(person)
    return client


@pytest.fixture
def program(client, person):
    _, secret = create_token(owner=person, name="laptop", scopes=["ingest"])
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return client


def vendor_file(folder, bars, name="vendor.dbn.zst"):
    return SimpleUploadedFile(name, write_vendor(folder / name, bars, VENDOR).read_bytes())


def new(dataset):
    return f"/datasets/{dataset.pk}/equality/new/"


def send(client, dataset, *files, **fields):
    return client.post(new(dataset), {"source": "upload", **fields, "files": list(files)})


def test_a_dataset_that_was_not_compared_says_how(ada, dataset):
    page = ada.get(f"/datasets/{dataset.pk}/").content.decode()
    assert "These bars were not compared yet." in page
    assert f"manage.py verify {dataset.pk} --against FILE" in page
    assert f"{new(dataset)}?revision=1" in page


def test_a_file_is_sent_compared_and_shown(ada, dataset, bars, tmp_path, root):
    other = bars.with_columns(
        close=pl.when(pl.col("ts_open") == bars["ts_open"][3]).then(101.25).otherwise("close")
    )
    answer = send(ada, dataset, vendor_file(tmp_path, other.tail(-1)))
    made = Equality.objects.get()
    address = f"/datasets/{dataset.pk}/equality/{made.pk}/"
    assert (answer.status_code, answer["Location"]) == (302, address)
    page = ada.get(address).content.decode()
    assert "Waiting for a worker" in page
    assert f'watch="equality:{made.pk}"' in page
    assert ada.get(f"{address}report.json").status_code == 404
    perform_equality(made)
    page = ada.get(address).content.decode()
    assert "watch=" not in page
    assert "different" in page
    assert "1 of 29 bars that both have differs (close 1)" in page
    assert "101.25" in page
    assert "Bars that only this dataset has" in page
    assert json.loads(ada.get(f"{address}report.json").content)["bars"]["only_ours"] == 1
    lines = ada.get(f"{address}differences.csv").content.decode().splitlines()
    assert lines[0] == "ts_open,session,kind,column,ours,theirs"
    assert lines[1] == "2023-01-03T14:30:00Z,regular,only ours,,,"
    assert lines[2].startswith("2023-01-03T14:33:00Z,regular,differs,close,")
    assert len(lines) == 3
    listed = ada.get(f"/datasets/{dataset.pk}/").content.decode()
    assert address in listed
    assert "vendor.dbn.zst" in listed
    sweep_uploads()
    assert not list((root / "uploads").glob("*"))
    assert not list((root / "tmp").glob("*"))


def test_the_same_file_again_is_the_same_report(ada, dataset, bars, tmp_path):
    for name in ("one.dbn", "two.dbn"):
        send(ada, dataset, vendor_file(tmp_path, bars, name))
        perform_equality(Equality.objects.get(status=Status.QUEUED))
    one, two = Equality.objects.order_by("created_at")
    assert one.digest == two.digest
    assert one.folder == two.folder
    assert (one.verdict, two.verdict) == ("EQUAL", "EQUAL")
    assert [two.files[0]["name"], one.files[0]["name"]] == ["two.dbn", "one.dbn"]
    assert two.counts["equal"] == len(bars)


def test_a_file_of_the_inbox_is_compared(ada, dataset, bars, root):
    write_vendor(root / "inbox" / "vendor.dbn", bars, VENDOR)
    assert "vendor.dbn" in ada.get(new(dataset)).content.decode()
    answer = ada.post(new(dataset), {"source": "inbox", "inbox": "vendor.dbn", "symbol": " AAA "})
    assert answer.status_code == 302
    made = Equality.objects.get()
    assert (made.names, made.options) == (["vendor.dbn"], {"symbol": "AAA"})
    perform_equality(made)
    assert made.verdict == "EQUAL"
    assert (root / "inbox" / "vendor.dbn").exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"source": "upload"}, "Choose the files to send."),
        ({"source": "inbox"}, "Choose a file or a folder of the inbox."),
        ({"source": "inbox", "inbox": "../data"}, "There is no ../data in the inbox folder."),
        ({"source": "upload", "symbol": "A" * 72}, "symbol has 72 characters"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(ada, dataset, fields, said):
    answer = ada.post(new(dataset), fields)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Equality.objects.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"DBN\x03\xff\xff\xff\xff", "more than any real file has"),
        (b"\x28\xb5\x2f\xfd\0", "is cut"),
        (b"DBN\0", "is cut"),
    ],
)
def test_a_hostile_file_is_a_sentence_and_leaves_nothing(ada, dataset, root, content, said):
    send(ada, dataset, SimpleUploadedFile("vendor.dbn", content))
    made = Equality.objects.get()
    with pytest.raises(InputError, match=said):
        perform_equality(made)
    page = ada.get(f"/datasets/{dataset.pk}/equality/{made.pk}/").content.decode()
    assert said in page
    assert "Traceback" not in page
    assert made.status == Status.ERROR
    assert not (Store(root).dataset(dataset.pk) / "equality").exists()
    assert not list((root / "tmp").glob("*"))
    assert ada.get(f"/datasets/{dataset.pk}/").status_code == 200


def test_a_table_is_compared_when_what_it_does_not_say_is_said(ada, dataset, bars):
    table = bars.select(
        pl.col("ts_open").dt.strftime("%Y-%m-%d %H:%M").alias("time"),
        *("open", "high", "low", "close", "volume"),
    )
    content = table.write_csv().encode()
    send(ada, dataset, SimpleUploadedFile("AAA.csv", content))
    asked = Equality.objects.get()
    with pytest.raises(InputError, match="does not say the zone of its times"):
        perform_equality(asked)
    page = ada.get(f"/datasets/{dataset.pk}/equality/{asked.pk}/").content.decode()
    assert "Say tz and stamp" in page
    file = SimpleUploadedFile("AAA.csv", content)
    send(ada, dataset, file, tz="UTC", stamp="open", date_order="ymd")
    made = Equality.objects.get(status=Status.QUEUED)
    assert made.options == {"table": {"tz": "UTC", "stamp": "open", "date_order": "ymd"}}
    perform_equality(made)
    assert (made.verdict, made.counts["equal"]) == ("EQUAL", len(bars))
    answer = send(ada, dataset, SimpleUploadedFile("AAA.csv", content), stamp="middle")
    assert answer.status_code == 422
    assert "stamp is middle" in answer.content.decode()


def test_a_comparison_is_cancelled_once(ada, dataset, bars, tmp_path):
    send(ada, dataset, vendor_file(tmp_path, bars))
    made = Equality.objects.get()
    address = f"/datasets/{dataset.pk}/equality/{made.pk}/"
    assert ada.post(f"{address}cancel/").status_code == 302
    assert "Cancelled: nothing of it was kept." in ada.get(address).content.decode()
    perform_equality(made)  # which the queue delivered late
    made.refresh_from_db()
    assert (made.status, made.verdict) == (Status.CANCELLED, "")
    with pytest.raises(HewstonError, match="is over already: cancelled"):
        cancel_equality(equality=made)


def test_a_comparison_is_of_one_dataset_and_of_who_sees_it(ada, client, dataset, bars, tmp_path):
    send(ada, dataset, vendor_file(tmp_path, bars))
    made = Equality.objects.get()
    assert ada.get(f"/datasets/OTHER/equality/{made.pk}/").status_code == 404
    client.force_login(User.objects.create_user("mallory"))
    for path in ("", "report.json", "differences.csv"):
        assert client.get(f"/datasets/{dataset.pk}/equality/{made.pk}/{path}").status_code == 404
    assert client.post(new(dataset), {"source": "upload"}).status_code == 404


def test_what_was_deleted_under_it_fails_the_comparison(ada, dataset, bars, tmp_path, root):
    send(ada, dataset, vendor_file(tmp_path, bars))
    made = Equality.objects.get()
    perform_equality(made)
    delete_dataset(dataset=dataset)
    assert not Equality.objects.exists()
    assert not Store(root).dataset(dataset.pk).exists()


def test_reports_come_back_when_a_deletion_did_not_happen(ada, dataset, bars, tmp_path, root):
    send(ada, dataset, vendor_file(tmp_path, bars))
    made = Equality.objects.get()
    perform_equality(made)
    place = Store(root)
    place.deleted("datasets").mkdir(parents=True)
    place.dataset(dataset.pk).rename(place.deleted("datasets") / dataset.pk)  # and then a crash
    settle_dataset_deletions()
    assert read_json(made.folder / "report.json")["verdict"] == "EQUAL"
    assert (Revision.objects.get().folder / "bars.parquet").is_file()


def test_a_program_compares_and_reads_the_report(program, dataset, bars, tmp_path):
    api = f"/api/datasets/{dataset.pk}/equality"
    answer = program.post(api, {"files": [vendor_file(tmp_path, bars.head(20))], "revision": "1"})
    assert answer.status_code == 202
    address = answer["Location"]
    assert address == f"{api}/{answer.json()['equality_id']}"
    waiting = program.get(address).json()
    assert (waiting["status"], waiting["verdict"], waiting["report"]) == ("QUEUED", None, None)
    assert program.get(f"{address}/differences").status_code == 409
    perform_equality(Equality.objects.get())
    done = program.get(address).json()
    assert done["verdict"] == "EQUAL WHERE BOTH HAVE BARS"
    assert done["bars"] == done["report"]["bars"]
    assert done["bars"]["only_ours"] == len(bars) - 20
    rows = program.get(f"{done['differences']}?limit=2").json()
    assert (rows["total"], len(rows["items"])) == (len(bars) - 20, 2)
    assert rows["items"][0]["kind"] == "only ours"
    listed = program.get(api).json()
    assert [one["equality_id"] for one in listed["items"]] == [done["equality_id"]]
    assert program.post(f"{address}/cancel").status_code == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "inbox"),
        ({"inbox": []}, "inbox"),
        ({"inbox": "a"}, "inbox"),
        ({"inbox": ["absent.dbn"]}, "inbox"),
        ({"inbox": ["a"], "revision": 0}, "revision"),
        ({"inbox": ["a"], "symbol": 7}, "symbol"),
        ({"inbox": ["a"], "sybmol": "x"}, "sybmol"),
    ],
)
def test_a_program_that_asks_wrongly_is_told_the_field(program, dataset, body, field):
    api = f"/api/datasets/{dataset.pk}/equality"
    answer = program.post(api, body, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["error"]["details"]["field"] == field
    assert not Equality.objects.exists()


def test_an_unknown_revision_or_comparison_is_not_there(program, dataset):
    api = f"/api/datasets/{dataset.pk}/equality"
    body = {"inbox": ["a"], "revision": 2}
    assert program.post(api, body, content_type="application/json").status_code == 404
    assert program.get(f"{api}/nothing").status_code == 404
    assert program.get("/api/datasets/NONE/equality").status_code == 404


def test_everything_that_may_be_said_of_a_table_can_be_said_on_the_page(ada, dataset, bars):
    page = ada.get(new(dataset)).content.decode()
    assert '<details class="data wide">' in page
    for name in TABLE_FIELDS:
        assert f'name="{name}"' in page
    text = bars.select("ts_open", "open", "high", "low", "close", "volume").write_csv()
    table = SimpleUploadedFile("bars.csv", text.encode())
    refused = send(ada, dataset, table, decimal="star")
    assert refused.status_code == 422
    page = refused.content.decode()
    assert '<details class="data wide" open>' in page
    assert 'name="decimal" value="star"' in page
    send(ada, dataset, SimpleUploadedFile("bars.csv", text.encode()), decimal="point", stamp="open")
    assert Equality.objects.get().options["table"]["stamp"] == "open"
    assert Equality.objects.get().options["table"]["decimal"] == "."
