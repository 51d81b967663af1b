"""Bringing data in by the page, and acting on ingests."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.datasets.actions import read_ingest_fields
from apps.datasets.models import Dataset, Ingest
from apps.datasets.tasks import perform_ingest
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError, InputError
from tests.pipeline.dbnfiles import Print, write_dbn

NEW = "/datasets/new/"


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path, db: None) -> Path:
    settings.DATA_ROOT = tmp_path / "data"
    settings.INBOX = settings.DATA_ROOT / "inbox"
    settings.MIN_FREE_BYTES = 0
    settings.INBOX.mkdir(parents=True)
    return Path(settings.DATA_ROOT)


@pytest.fixture(autouse=True)
def ada(client, root):
    client.force_login(User.objects.create_user("ada"))
    return client


@pytest.fixture
def dbn(tmp_path: Path) -> bytes:
    prints = [Print(at=n * 20, price=100 + n, sequence=n) for n in range(9)]
    return write_dbn(tmp_path / "acme.dbn", prints).read_bytes()


def send(client, *files, **fields):
    return client.post(NEW, {"source": "upload", **fields, "files": list(files)})


@pytest.mark.django_db(transaction=True)
def test_files_are_sent_and_become_a_dataset(ada, dbn, root):
    answer = send(ada, SimpleUploadedFile("acme.dbn", dbn), SimpleUploadedFile("notes.txt", b"x"))
    ingest = Ingest.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/datasets/ingests/{ingest.pk}/")
    assert ingest.sources == ["acme.dbn", "notes.txt"]
    assert [path.name for path in sorted(ingest.paths[0].iterdir())] == ["acme.dbn", "notes.txt"]
    page = ada.get(answer["Location"]).content.decode()
    assert "Waiting for a worker" in page
    assert f'watch="ingest:{ingest.pk}"' in page
    perform_ingest(ingest)
    dataset = Dataset.objects.get()
    page = ada.get(answer["Location"]).content.decode()
    assert f'href="/datasets/{dataset.pk}/"' in page
    assert f"/runs/new/?dataset_id={dataset.pk}" in page
    assert "notes.txt" in page
    assert "watch=" not in page


def test_sending_nothing_is_a_sentence_and_keeps_what_was_typed(ada):
    answer = send(ada, symbol="ACME", vendor_dataset="<X>")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose the files to send." in page
    assert 'value="ACME"' in page
    assert 'value="&lt;X&gt;"' in page


def test_sending_too_much_is_a_sentence_and_leaves_nothing(ada, settings, root):
    settings.UPLOAD_BYTES = 1000
    answer = send(ada, SimpleUploadedFile("a.dbn", bytes(2000)), symbol="ACME")
    page = answer.content.decode()
    assert answer.status_code == 413
    assert "The files are over" in page
    assert 'value="ACME"' in page
    assert list((root / "uploads").iterdir()) == []
    assert not Ingest.objects.exists()


def test_sending_to_a_full_disk_is_a_sentence(ada, settings):
    settings.MIN_FREE_BYTES = 1e18
    answer = send(ada, SimpleUploadedFile("a.dbn", b"x"))
    assert answer.status_code == 503
    assert "not enough disk" in answer.content.decode()


def test_an_empty_inbox_says_where_it_is(ada, root):
    page = ada.get(NEW).content.decode()
    assert "The inbox folder is empty" in page
    assert str(root / "inbox") in page


def test_files_and_folders_of_the_inbox_are_listed_and_taken(ada, dbn, root):
    (root / "inbox" / "year").mkdir()
    (root / "inbox" / "year" / "acme.dbn").write_bytes(dbn)
    (root / "inbox" / "<b>.dbn").write_bytes(b"x" * 1500)
    page = ada.get(NEW).content.decode()
    assert 'value="&lt;b&gt;.dbn"' in page
    assert "1.5 kB" in page
    assert "1 file<" in page
    ada.post(NEW, {"source": "inbox", "inbox": ["year"], "symbol": " "})
    ingest = Ingest.objects.get()
    perform_ingest(ingest)
    assert ingest.sources == [str(root / "inbox" / "year")]
    assert ingest.names == ["year"]
    assert Dataset.objects.count() == 1


@pytest.mark.parametrize("names", [[], ["../secret-key"], ["/etc/passwd"], ["none.dbn"]])
def test_nothing_else_is_taken_from_the_inbox(ada, root, names):
    (root / "secret-key").write_text("secret")
    answer = ada.post(NEW, {"source": "inbox", "inbox": names})
    assert answer.status_code == 422
    assert "inbox" in answer.content.decode()
    assert not Ingest.objects.exists()


def test_the_sample_is_asked_for_by_its_year(ada):
    assert ada.post(NEW, {"source": "sample", "sample_year": "2024"}).status_code == 302
    assert Ingest.objects.get().options == {"sample_year": 2024}


@pytest.mark.parametrize("year", ["1999", "2031", "soon"])
def test_a_year_that_cannot_be_made_is_said_beside_its_field(ada, year):
    answer = ada.post(NEW, {"source": "sample", "sample_year": year})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f"sample_year is {year}, but must be a whole number from 2000 to 2030." in page
    assert f'value="{year}"' in page


def test_a_symbol_that_no_file_can_hold_is_a_sentence(ada):
    answer = ada.post(NEW, {"source": "inbox", "inbox": ["a"], "symbol": "A" * 72})
    assert answer.status_code == 422
    assert "symbol has 72 characters; none has more than 71." in answer.content.decode()


def test_an_ingest_is_cancelled_and_tried_again(ada):
    ada.post(NEW, {"source": "sample", "sample_year": "2023"})
    ingest = Ingest.objects.get()
    place = f"/datasets/ingests/{ingest.pk}/"
    assert ">Cancel</button>" in ada.get(place).content.decode()
    page = ada.post(f"{place}cancel/", follow=True).content.decode()
    assert "cancelled" in page
    assert ">Retry</button>" in page
    again = ada.post(f"{place}retry/", follow=True)
    assert "Waiting for a worker" in again.content.decode()
    assert Ingest.objects.exclude(pk=ingest.pk).get().options == {"sample_year": 2023}
    late = ada.post(f"{place}cancel/", follow=True).content.decode()
    assert "is over already" in late


@pytest.mark.django_db(transaction=True)
def test_what_failed_says_why_and_is_tried_again(ada, root):
    send(ada, SimpleUploadedFile("acme.dbn", b"this is no DBN"))
    ingest = Ingest.objects.get()
    with pytest.raises(HewstonError):
        perform_ingest(ingest)
    place = f"/datasets/ingests/{ingest.pk}/"
    page = ada.get(place).content.decode()
    assert "acme.dbn" in page
    assert "VALIDATION" in page
    assert ada.post(f"{place}retry/").status_code == 302
    again = Ingest.objects.exclude(pk=ingest.pk).get()
    assert again.paths == ingest.paths


def test_lists_follow_what_is_under_way(ada):
    assert "watch=" not in ada.get("/datasets/ingests/").content.decode()
    ada.post(NEW, {"source": "sample", "sample_year": "2023"})
    for path in ("/", "/datasets/", "/datasets/ingests/"):
        page = ada.get(path).content.decode()
        assert 'watch="jobs"' in page, path
        assert "Waiting for a worker" in page, path


def test_what_is_said_of_calendar_and_instrument_becomes_options():
    said = {"calendar": "CME", "asset_class": "future", "tick": "0.25", "multiplier": "50"}
    assert read_ingest_fields(said) == {
        "calendar": "CME",
        "overrides": {"asset_class": "future", "tick_size": 0.25, "multiplier": 50.0},
    }


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"calendar": "NYSE!"}, "calendar"),
        ({"tick": "0"}, "tick"),
        ({"asset_class": "bond"}, "asset_class"),
        ({"sample_year": "2023", "calendar": "CME"}, "sample_year"),
    ],
)
def test_what_cannot_be_said_of_an_ingest_is_refused(said, field):
    with pytest.raises(InputError) as refusal:
        read_ingest_fields(said)
    assert refusal.value.details["field"] == field
