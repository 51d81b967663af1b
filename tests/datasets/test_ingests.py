"""Ingests on the pages: what came in, and why something did not."""

import pytest
from django.conf import settings

from apps.datasets.models import Ingest
from hewston.pipeline.errors import InputError
from hewston.pipeline.store import Store
from hewston.taskqueue import JobLog
from tests.scenes import DATASET_ID


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


@pytest.fixture
def failed(catalogue):
    """An ingest that failed, with a log."""
    ingest = Ingest.objects.create(owner=catalogue.ada, sources=["/inbox/<b>cut.dbn"])
    log = JobLog(Store(settings.DATA_ROOT).log_file(ingest.pk))
    log.write("cut.dbn: its last record is cut.", level="error", traceback=["a secret"])
    log.close()
    ingest.claim()
    ingest.fail(InputError("cut.dbn: record 7 is <i>cut</i>. Get the file again.", record=7))
    return ingest


@pytest.mark.parametrize("path", ["/datasets/", "/datasets/ingests/"])
def test_lists_say_why_an_ingest_failed(ada, failed, path):
    page = ada.get(path).content.decode()
    assert f"/datasets/ingests/{failed.pk}/" in page
    assert "record 7 is &lt;i&gt;cut&lt;/i&gt;. Get the file again." in page
    assert "/inbox/&lt;b&gt;cut.dbn" in page


def test_an_ingest_has_a_page_with_its_log_and_no_traceback(ada, failed):
    page = ada.get(f"/datasets/ingests/{failed.pk}/").content.decode()
    assert "error: cut.dbn: its last record is cut." in page
    assert "VALIDATION" in page
    assert "a secret" not in page


def test_an_ingest_names_what_it_made_and_what_it_left_out(ada, catalogue):
    page = ada.get(f"/datasets/ingests/{catalogue.ingest.pk}/").content.decode()
    assert f'href="/datasets/{DATASET_ID}/?revision=1"' in page
    assert "notes.txt" in page
    assert "It does not end in .dbn." in page
    assert "1 file left out" in ada.get("/datasets/").content.decode()


def test_a_stranger_sees_no_ingest(client, catalogue, failed):
    client.force_login(catalogue.stranger)
    assert failed.pk not in client.get("/datasets/").content.decode()
    assert failed.pk not in client.get("/datasets/ingests/").content.decode()
    assert "Nothing has been brought in yet" in client.get("/datasets/ingests/").content.decode()


def test_the_list_of_ingests_has_pages(ada, catalogue):
    for _ in range(60):
        Ingest.objects.create(owner=catalogue.ada, options={"sample_year": 2023}, sources=[])
    page = ada.get("/datasets/ingests/?page=2").content.decode()
    assert "of 61" in page
    assert "the sample of 2023" in page
