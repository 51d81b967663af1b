"""Files that are sent, and files of the inbox: what may be named how, and what stays behind."""

import os
import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from apps.datasets import tasks
from apps.datasets.actions import (
    cancel_ingest,
    find_in_inbox,
    list_inbox,
    request_ingest,
    request_ingest_of_upload,
    retry_ingest,
    sweep_uploads,
)
from apps.datasets.models import Dataset, Ingest
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError, InputError
from hewston.uploads import read_upload
from tests.pipeline.dbnfiles import Print, write_dbn


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path, db):
    settings.DATA_ROOT = tmp_path / "data"
    settings.INBOX = settings.DATA_ROOT / "inbox"
    settings.MIN_FREE_BYTES = 0
    settings.INBOX.mkdir(parents=True)
    return settings.DATA_ROOT


@pytest.fixture
def ada():
    return User.objects.create_user("ada")


def send(*files: tuple[str, bytes], **fields: str):
    """The request that brings the files."""
    sent = [SimpleUploadedFile("x", content) for _, content in files]
    for one, (name, _) in zip(sent, files, strict=True):
        vars(one)["_name"] = name  # as a hostile client writes it, not as Django would
    return RequestFactory().post("/datasets/new/", {**fields, "files": sent})


def take(*files: tuple[str, bytes]):
    upload = read_upload(send(*files))
    assert upload is not None
    return upload


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("acme.dbn.zst", "acme.dbn.zst"),
        ("../../../etc/passwd", "passwd"),
        ("C:\\data\\acme.dbn", "acme.dbn"),
        (".hidden.dbn", "hidden.dbn"),
        ("...dbn", "dbn"),
        ("a\tb\u202e.dbn", "ab.dbn"),
        ("naïve.dbn", "naïve.dbn"),
        ("x" * 300 + ".dbn.zst", "x" * 192 + ".dbn.zst"),
        ("x" * 300 + ".csv.gz", "x" * 193 + ".csv.gz"),
        ("x" * 300 + ".XLSX", "x" * 195 + ".XLSX"),
        (".csv", "csv"),
        ("é" * 200 + ".dbn", "é" * 98 + ".dbn"),
    ],
)
def test_a_sent_file_gets_a_plain_name_in_a_folder_of_its_own(root, given, kept):
    upload = take((given, b"bytes"))
    assert upload.names == [kept]
    assert [path.read_bytes() for path in upload.folder.iterdir()] == [b"bytes"]
    assert upload.folder.parent == root / "uploads"


def test_files_of_one_name_are_told_apart():
    upload = take(("a.dbn", b"1"), ("A.dbn", b"2"), ("b/a.dbn", b"3"), ("a.csv.gz", b"4"))
    upload_again = take(("1.1.csv", b"1"), ("1.1.csv", b"2"))
    assert upload.names == ["a.dbn", "A (2).dbn", "a (3).dbn", "a.csv.gz"]
    assert upload_again.names == ["1.1.csv", "1.1 (2).csv"]
    assert sorted(path.name for path in upload.folder.iterdir()) == sorted(upload.names)


def test_a_request_without_files_brings_no_upload(root):
    assert read_upload(RequestFactory().post("/datasets/new/", {"symbol": "ACME"})) is None
    assert not (root / "uploads").exists()


def test_files_that_nobody_keeps_go_with_the_request(root):
    request = send(("a.dbn", b"1"), ("b.dbn", b"2"))
    assert read_upload(request) is not None
    request.close()
    assert list((root / "uploads").iterdir()) == []


def test_files_over_the_limit_are_refused_and_the_fields_before_them_stay(root, settings):
    settings.UPLOAD_BYTES = 3_000_000
    request = send(("a.dbn", bytes(2_000_000)), ("b.dbn", bytes(2_000_000)), symbol="ACME")
    with pytest.raises(InputError, match=r"over 0\.003 GB") as caught:
        read_upload(request)
    assert caught.value.code == "PAYLOAD_TOO_LARGE"
    assert request.POST["symbol"] == "ACME"
    assert list((root / "uploads").iterdir()) == []


def test_files_that_would_fill_the_disk_are_refused_before_they_are_written(root, settings):
    settings.MIN_FREE_BYTES = 1e18
    with pytest.raises(HewstonError, match="not enough disk") as caught:
        take(("a.dbn", b"1"))
    assert caught.value.code == "BUSY"
    assert not (root / "uploads").exists()


def test_files_that_cannot_be_written_are_a_sentence(root):
    (root / "uploads").write_text("in the way")
    with pytest.raises(HewstonError, match="could not be written"):
        take(("a.dbn", b"1"))


def test_a_body_that_is_cut_off_leaves_nothing(root):
    whole = send(("a.dbn", bytes(3_000_000)))
    cut = whole.body[:2_000_000] if hasattr(whole, "_body") else whole.read()[:2_000_000]
    request = RequestFactory().generic(
        "POST", "/datasets/new/", cut, content_type=whole.META["CONTENT_TYPE"]
    )
    upload = read_upload(request)
    assert upload is None or upload.names == ["a.dbn"]
    request.close()
    assert not (root / "uploads").exists() or list((root / "uploads").iterdir()) == []


@pytest.fixture
def dbn(tmp_path):
    prints = [Print(at=n * 20, price=100 + n, sequence=n) for n in range(9)]
    return write_dbn(tmp_path / "acme.dbn", prints).read_bytes()


def ingest_of(ada, upload):
    made = request_ingest_of_upload(owner=ada, upload=upload, options={})
    upload.keep()  # what happens on commit
    upload.close()  # as the end of the request does
    return made


def test_what_was_sent_comes_in_and_is_swept(ada, dbn, root):
    upload = take(("acme.dbn", dbn), ("notes.txt", b"hello"))
    ingest = ingest_of(ada, upload)
    sweep_uploads()
    assert upload.folder.is_dir()  # a live ingest reads it
    tasks.perform_ingest(ingest)
    ingest.refresh_from_db()
    assert ingest.sources == ["acme.dbn", "notes.txt"]
    assert [entry["file"] for entry in ingest.left_out] == ["notes.txt"]
    assert Dataset.objects.count() == 1
    sweep_uploads()
    assert not upload.folder.exists()


def test_what_failed_may_be_tried_again_until_a_day_has_passed(ada, root):
    upload = take(("acme.dbn", b"this is no DBN"))
    ingest = ingest_of(ada, upload)
    with pytest.raises(HewstonError):
        tasks.perform_ingest(ingest)
    ingest.refresh_from_db()
    sweep_uploads()
    again = retry_ingest(ingest=ingest)
    assert (again.paths, again.owner, again.status) == ([upload.folder], ada, "QUEUED")
    cancel_ingest(ingest=again)
    yesterday = time.time() - 25 * 3600
    os.utime(upload.folder, (yesterday, yesterday))
    sweep_uploads()
    assert not upload.folder.exists()
    with pytest.raises(HewstonError, match="Send them again"):
        retry_ingest(ingest=ingest)


def test_what_a_request_that_was_cut_short_left_is_swept_and_no_other(ada, root):
    upload = take(("acme.dbn", b"half"))
    left = root / "uploads" / "0123456789ab"
    left.mkdir()
    fresh = root / "uploads" / "ba9876543210"
    fresh.mkdir()
    a_minute_ago = time.time() - 60
    for folder in (upload.folder, left):
        os.utime(folder, (a_minute_ago, a_minute_ago))
    sweep_uploads()
    assert set((root / "uploads").iterdir()) == {upload.folder, fresh}
    upload.keep()
    upload.close()
    sweep_uploads()
    assert set((root / "uploads").iterdir()) == {fresh}


def test_only_what_failed_or_was_cancelled_is_tried_again(ada, root):
    (root / "inbox" / "acme.dbn").write_bytes(b"")
    ingest = request_ingest(owner=ada, sources=[root / "inbox" / "acme.dbn"], options={})
    with pytest.raises(HewstonError, match="queued"):
        retry_ingest(ingest=ingest)
    cancel_ingest(ingest=ingest)
    again = retry_ingest(ingest=ingest)
    assert again.sources == ingest.sources
    assert Ingest.objects.count() == 2


def test_the_inbox_shows_only_what_is_in_it(root, tmp_path):
    inbox = root / "inbox"
    (inbox / "acme.dbn").write_bytes(b"")
    (inbox / "year").mkdir()
    (inbox / ".hidden").write_bytes(b"")
    (tmp_path / "outside.dbn").write_bytes(b"")
    (inbox / "link.dbn").symlink_to(tmp_path / "outside.dbn")
    (inbox / "inner.dbn").symlink_to(inbox / "acme.dbn")
    assert [path.name for path in list_inbox()] == ["acme.dbn", "inner.dbn", "year"]


@pytest.mark.parametrize(
    "name",
    [
        "link.dbn",
        "../secret-key",
        "/etc/passwd",
        ".",
        "",
        "year/../..",
        "none.dbn",
        "a\0b",
        "x" * 999,
    ],
)
def test_nothing_outside_the_inbox_is_found(root, tmp_path, name):
    (root / "secret-key").write_text("secret")
    (root / "inbox" / "year").mkdir()
    (root / "inbox" / "link.dbn").symlink_to(root / "secret-key")
    with pytest.raises(InputError, match="in the inbox folder"):
        find_in_inbox(names=[name])


def test_a_folder_of_the_inbox_with_a_link_that_leaves_it_is_refused(root):
    (root / "secret-key").write_text("secret")
    (root / "inbox" / "year").mkdir()
    (root / "inbox" / "year" / "a.dbn").symlink_to(root / "secret-key")
    with pytest.raises(InputError, match="leaves the inbox"):
        find_in_inbox(names=["year"])


def test_the_inbox_is_no_way_into_the_rest_of_the_data_root(ada, root):
    (root / "inbox" / "acme.dbn").write_bytes(b"")
    (found,) = find_in_inbox(names=["acme.dbn"])
    assert request_ingest(owner=ada, sources=[found], options={}).paths == [found]
    with pytest.raises(InputError, match="data root"):
        request_ingest(owner=ada, sources=[root / "raw"], options={})
