"""Tables by the page: previewed first, answered, imported; drafts and presets."""

import datetime as dt
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import signals
from django.test import Client

from apps.datasets.actions import rename_preset, sweep_uploads
from apps.datasets.models import Dataset, Ingest, TableDraft, TablePreset
from apps.datasets.tasks import perform_ingest
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError
from tests.datasets.tables import HEADER, write_table
from tests.pipeline.dbnfiles import Print, write_dbn

pytestmark = pytest.mark.django_db(transaction=True)  # what was sent is kept at the commit
NEW = "/datasets/new/"
SAID = {"tz": "America/New_York", "stamp": "open", "symbol": "SPY"}


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path, db: None) -> Path:
    settings.DATA_ROOT = tmp_path / "data"
    settings.INBOX = settings.DATA_ROOT / "inbox"
    settings.MIN_FREE_BYTES = 0
    settings.INBOX.mkdir(parents=True)
    return Path(settings.DATA_ROOT)


@pytest.fixture
def ada(client, root):
    client.force_login(User.objects.create_user("ada"))
    return client


@pytest.fixture
def mallory():
    client = Client()
    client.force_login(User.objects.create_user("mallory"))
    return client


def send(client, *files, **fields):
    sent = [
        SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)
        for name, text in files
    ]
    return client.post(NEW, {"source": "upload", **fields, "files": sent})


def uploads(root):
    folder = root / "uploads"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture
def draft(ada):
    """The address of a draft of a table that ada sent."""
    answer = send(ada, ("SPY_minutes.csv", write_table()))
    assert answer.status_code == 302
    return answer["Location"]


def say(client, address, **said):
    """Change settings as the form sends them; returns the page."""
    answer = client.post(address, said, headers={"HX-Request": "true"})
    return answer.status_code, answer.content.decode()


def act(client, address, name, **said):
    return client.post(address, {"act": name, **said})


def test_a_table_is_previewed_and_nothing_is_stored(ada, draft, root):
    found = TableDraft.objects.get()
    assert draft == f"/datasets/drafts/{found.pk}/"
    page = ada.get(draft).content.decode()
    assert "What only you can say" in page
    assert "Use America/New_York" in page
    assert "trading starts at 9:30" in page
    assert '<option value="America/New_York" selected' not in page
    assert re.search(r'id="tz" name="tz" value=""', page)
    assert "2024-01-08 09:30" in page  # in the file, and read as the best guess
    assert not Ingest.objects.exists()
    assert not Dataset.objects.exists()
    assert uploads(root) == [found.upload]


def test_a_change_shows_its_effect_and_stays(ada, draft):
    status, page = say(ada, draft, tz="America/New_York")
    assert status == 200
    assert "2024-01-08 14:30" in page  # UTC
    _, page = say(ada, draft, tz="Europe/Berlin")
    assert "2024-01-08 08:30" in page
    assert 'name="tz" value="Europe/Berlin"' in ada.get(draft).content.decode()
    _, page = say(ada, draft, tz="UTC", stamp="close")
    assert "2024-01-08 09:29" in page


def test_without_javascript_a_button_shows_the_effect(ada, draft):
    answer = act(ada, draft, "show", tz="Asia/Tokyo")
    assert (answer.status_code, answer["Location"]) == (302, draft)
    assert "2024-01-08 00:30" in ada.get(draft).content.decode()


def test_the_best_guess_is_taken_by_its_button(ada, draft):
    ada.post(draft, {"guess": "tz=America/New_York", "tz": ""})
    assert TableDraft.objects.get().options["table"]["tz"] == "America/New_York"


def test_what_is_wrong_stands_beside_what_was_typed(ada, draft):
    status, page = say(ada, draft, tz="Mars/Olympus", tick="-1", stamp="open")
    assert status == 422
    assert 'value="Mars/Olympus"' in page
    assert "tz is Mars/Olympus, but must be a zone" in page
    assert "tick is -1, but must be a number above 0." in page
    assert TableDraft.objects.get().options["table"] == {"stamp": "open"}


def test_an_import_before_everything_is_said_is_refused(ada, draft):
    answer = act(ada, draft, "import", tz="America/New_York")
    assert answer.status_code == 422
    assert "Say first: whether a time is a bar&#x27;s start or its end" in answer.content.decode()
    assert not Ingest.objects.exists()
    assert TableDraft.objects.count() == 1


def test_a_table_that_is_answered_becomes_a_dataset(ada, root):
    draft = send(ada, ("SPY_minutes.csv", write_table()))["Location"]
    answer = act(ada, draft, "import", **SAID, currency="EUR", tick="0.5")
    ingest = Ingest.objects.get()
    assert answer["Location"] == f"/datasets/ingests/{ingest.pk}/"
    assert not TableDraft.objects.exists()
    perform_ingest(ingest)
    dataset = Dataset.objects.get()
    assert (dataset.symbol, dataset.interval, dataset.calendar) == ("SPY", "1m", "XNYS")
    assert dataset.instrument["currency"] == "EUR"
    assert dataset.instrument["tick_size"] == 0.5
    assert dataset.latest.rows == 30
    page = ada.get(f"/datasets/{dataset.pk}/").content.decode()
    assert "How the table was read" in page
    assert "tz=America/New_York" in page
    assert f"/datasets/new/?like={dataset.pk}" in page
    sweep_uploads()
    assert uploads(root) == []


def test_another_file_is_read_the_same_way(ada):
    draft = send(ada, ("SPY_minutes.csv", write_table()))["Location"]
    act(ada, draft, "import", **SAID)
    perform_ingest(Ingest.objects.get())
    like = Dataset.objects.get().pk
    assert "tz=America/New_York" in ada.get(NEW, {"like": like}).content.decode()
    send(ada, ("QQQ.csv", write_table(40)), like=like)
    said = TableDraft.objects.get().options["table"]
    assert said == {"stamp": "open", "tz": "America/New_York"}  # and no symbol


def test_a_dataset_of_somebody_else_says_nothing(ada, mallory):
    draft = send(ada, ("SPY_minutes.csv", write_table()))["Location"]
    act(ada, draft, "import", **SAID)
    perform_ingest(Ingest.objects.get())
    page = mallory.get(NEW, {"like": Dataset.objects.get().pk}).content.decode()
    assert "Tables are read as" not in page


def test_rows_that_cannot_be_read_are_left_out_only_when_that_is_said(ada, root):
    draft = send(ada, ("SPY.csv", write_table(bad=3)))["Location"]
    page = ada.get(draft).content.decode()
    assert "Leave out the 3 rows that cannot be read" in page
    assert "is no number" in page
    refused = act(ada, draft, "import", **SAID)
    assert refused.status_code == 422
    assert "Say that the 3 rows that cannot be read may be left out." in refused.content.decode()
    assert act(ada, draft, "import", **SAID, leave_out="3").status_code == 302
    ingest = Ingest.objects.get()
    assert ingest.options["table"]["max_bad_rows"] == 3
    perform_ingest(ingest)
    page = ada.get(f"/datasets/ingests/{ingest.pk}/").content.decode()
    assert "Rows that were left out" in page
    assert "3 rows left out" in page
    assert "file left out" not in page


def test_too_many_bad_rows_are_refused_and_more_may_be_allowed(ada):
    draft = send(ada, ("SPY.csv", write_table(60, bad=20)))["Location"]
    refused = act(ada, draft, "import", **SAID, leave_out="20")
    assert refused.status_code == 422
    assert "20 of 60 rows of SPY.csv cannot be read" in refused.content.decode()
    assert act(ada, draft, "import", **SAID, max_bad_rows="20").status_code == 302


def test_columns_are_chosen_one_after_the_other(ada, draft):
    shown = {"was-column-2": "open", "column-2": "close"}
    status, page = say(ada, draft, **SAID, **shown)
    assert status == 422
    assert "SPY_minutes.csv has no column of open." in page
    rows = dict(re.findall(r'name="was-column-(\d)" value="(\w+)"', page))
    assert rows == {"1": "time", "2": "close", "3": "high", "4": "low", "5": "other", "6": "volume"}
    status, page = say(ada, draft, **{"was-column-5": "other", "column-5": "open"})
    assert status == 200
    assert TableDraft.objects.get().options["table"]["columns"] == {"close": "2", "open": "5"}
    status, page = say(ada, draft, **{"was-column-6": "volume", "column-6": "other"})
    assert TableDraft.objects.get().options["table"]["columns"]["volume"] == "none"
    assert status == 200
    act(ada, draft, "find-columns")
    assert "columns" not in TableDraft.objects.get().options["table"]


def test_a_table_whose_columns_are_not_found_can_be_told(ada):
    odd = HEADER.replace("Open", "A").replace("High", "B").replace("Low", "C").replace("Close", "D")
    answer = send(ada, ("odd.csv", write_table(header=odd)))
    assert answer.status_code == 302
    page = ada.get(answer["Location"])
    if page.status_code == 422:
        say(ada, answer["Location"], columns="open=A,high=B,low=C,close=D")
    status, _ = say(ada, answer["Location"], **SAID)
    assert status == 200


def test_a_draft_is_cancelled_with_its_files(ada, draft, root):
    answer = ada.post(f"{draft}cancel/")
    assert (answer.status_code, answer["Location"]) == (302, NEW)
    assert uploads(root) == []
    assert not TableDraft.objects.exists()
    assert ada.get(draft).status_code == 404


def test_somebody_elses_draft_is_not_there(mallory, draft, root):
    assert mallory.get(draft).status_code == 404
    assert mallory.post(draft, {"act": "import", **SAID}).status_code == 404
    assert mallory.post(f"{draft}cancel/").status_code == 404
    assert TableDraft.objects.count() == 1
    assert len(uploads(root)) == 1


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x.csv", b"a,b\x00c\n" * 9, "NUL byte"),
        ("notes.txt", b"hello", "No rows of bars were found in notes.txt"),
        ("empty.csv", b"", "empty.csv"),
        ("bomb.zip", b"PK\x03\x04" + b"junk" * 99, "bomb.zip"),
        ("book.xlsx", b"<html>", "book.xlsx"),
        ("x.parquet", b"PAR1....PAR1", "x.parquet"),
        ("line.csv", b"1" * 3_000_000, "line.csv"),
        ("wide.csv", b"," * 40_000, "wide.csv"),
    ],
)
def test_a_hostile_file_is_a_sentence_and_leaves_nothing(ada, root, name, content, sentence):
    answer = send(ada, (name, content))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert "Traceback" not in page
    assert not TableDraft.objects.exists()
    assert not Ingest.objects.exists()
    assert uploads(root) == []
    assert [path for path in (root / "tmp").iterdir() if path.is_dir()] == []


def test_files_of_both_kinds_are_refused(ada, root, tmp_path):
    dbn = write_dbn(tmp_path / "acme.dbn", [Print(at=0, price=1, sequence=1)]).read_bytes()
    answer = send(ada, ("acme.dbn", dbn), ("spy.csv", write_table()))
    assert answer.status_code == 422
    assert "acme.dbn is in DBN and spy.csv is a table." in answer.content.decode()
    assert uploads(root) == []


def test_tables_of_the_inbox_are_previewed_too(ada, root):
    folder = root / "inbox" / "months"
    folder.mkdir()
    (folder / "2024-01.csv").write_text(write_table())
    (folder / "2024-02.csv").write_text(write_table())
    (folder / "readme.md").write_text("how it was made")
    answer = ada.post(NEW, {"source": "inbox", "inbox": ["months"], "symbol": "SPY"})
    page = ada.get(answer["Location"]).content.decode()
    assert "The same holds for 1 more file: 2024-02.csv" in page
    (folder / "2024-01.csv").unlink()
    (folder / "2024-02.csv").unlink()
    gone = ada.get(answer["Location"])
    assert gone.status_code == 422
    assert "not there any more" in gone.content.decode()


def test_tables_of_several_files_become_one_dataset_of_the_symbol_that_was_shown(ada):
    rows = write_table(60).splitlines(keepends=True)
    files = (("SPY-1.csv", "".join(rows[:31])), ("TLT-2.csv", rows[0] + "".join(rows[31:])))
    draft = send(ada, *files)["Location"]
    assert act(ada, draft, "import", tz="UTC", stamp="open").status_code == 302
    perform_ingest(Ingest.objects.get())
    dataset = Dataset.objects.get()
    assert (dataset.symbol, dataset.latest.rows) == ("SPY", 60)


def test_a_table_has_its_symbol_from_the_name_of_its_file(ada):
    draft = send(ada, ("SPY_minutes.csv", write_table()))["Location"]
    act(ada, draft, "import", tz="UTC", stamp="open")
    perform_ingest(Ingest.objects.get())
    assert Dataset.objects.get().symbol == "SPY"


def test_a_draft_keeps_its_files_for_a_day(ada, root):
    send(ada, ("SPY.csv", write_table()))
    draft = TableDraft.objects.get()
    folder = root / "uploads" / draft.upload
    old = time.time() - 3 * 3600
    os.utime(folder, (old, old))
    sweep_uploads()
    assert folder.is_dir()
    draft.changed_at -= dt.timedelta(days=2)
    draft.save()
    sweep_uploads()
    assert not TableDraft.objects.exists()
    assert not folder.exists()


def test_an_ingest_that_asks_leads_back_to_its_preview(ada, root):
    draft = send(ada, ("SPY.csv", write_table()))["Location"]
    act(ada, draft, "import", **SAID)
    ingest = Ingest.objects.get()
    del ingest.options["table"]["tz"]
    ingest.save()
    with pytest.raises(HewstonError, match="does not say"):
        perform_ingest(ingest)
    address = f"/datasets/ingests/{ingest.pk}/"
    assert "Preview and change how it is read" in ada.get(address).content.decode()
    answer = ada.post(f"{address}preview/")
    again = TableDraft.objects.get()
    assert answer["Location"] == f"/datasets/drafts/{again.pk}/"
    assert act(ada, answer["Location"], "import", tz="UTC").status_code == 302
    perform_ingest(Ingest.objects.exclude(pk=ingest.pk).get())
    assert Dataset.objects.get().latest.rows == 30


def test_what_was_said_is_kept_as_a_preset_and_said_again(ada, draft):
    say(ada, draft, **SAID, calendar="XNYS", max_bad_rows="5")
    assert act(ada, draft, "keep", preset_name="broker").status_code == 302
    preset = TablePreset.objects.get()
    assert preset.said == {"calendar": "XNYS", "stamp": "open", "tz": "America/New_York"}
    taken = act(ada, draft, "keep", preset_name="broker")
    assert taken.status_code == 422
    assert "There is a preset named broker already." in taken.content.decode()
    other = send(ada, ("QQQ.csv", write_table()), symbol="QQQ")["Location"]
    assert act(ada, other, "use", preset="broker").status_code == 302
    used = TableDraft.objects.get(pk=other.split("/")[3]).options
    assert used["table"] == {"stamp": "open", "symbol": "QQQ", "tz": "America/New_York"}
    assert used["calendar"] == "XNYS"


def test_presets_are_renamed_and_deleted_by_whose_they_are(ada, mallory, draft):
    say(ada, draft, **SAID)
    act(ada, draft, "keep", preset_name="broker")
    preset = TablePreset.objects.get()
    address = f"/datasets/presets/{preset.pk}/"
    assert "broker" not in mallory.get("/datasets/presets/").content.decode()
    for end in ("rename/", "delete/"):
        assert mallory.post(address + end, {"name": "mine"}).status_code == 404
    ada.post(f"{address}rename/", {"name": "house"})
    assert "house" in ada.get("/datasets/presets/").content.decode()
    ada.post(f"{address}rename/", {"name": " "})
    assert TablePreset.objects.get().name == "house"
    ada.post(f"{address}delete/")
    assert not TablePreset.objects.exists()


@pytest.fixture
def ended(draft):
    """A draft that ends as soon as its request has found it: by another tab, or by its age."""

    def end(sender, instance, **_more):
        TableDraft.objects.filter(pk=instance.pk).delete()

    signals.post_init.connect(end, sender=TableDraft)
    yield draft
    signals.post_init.disconnect(end, sender=TableDraft)


@pytest.mark.parametrize("act_of", ["show", "import", "keep"])
def test_what_is_said_of_a_draft_that_has_just_ended_is_refused(ada, ended, act_of):
    answer = act(ada, ended, act_of, **SAID, preset_name="broker")
    assert answer.status_code == 409
    assert "This preview has ended" in answer.content.decode()
    assert not TableDraft.objects.exists()
    assert not Ingest.objects.exists()
    assert not TablePreset.objects.exists()


def test_a_draft_that_was_imported_is_not_said_to_be_cancelled(ada, ended):
    answer = ada.post(f"{ended}cancel/", follow=True)
    (message,) = answer.context["messages"]
    assert "This preview has ended" in str(message)


def test_a_draft_whose_files_are_gone_says_so(ada, draft, root):
    for folder in (root / "uploads").iterdir():
        shutil.rmtree(folder)
    answer = ada.get(draft)
    assert answer.status_code == 422
    assert "not there any more" in answer.content.decode() or "exist" in answer.content.decode()


def test_a_preset_that_was_deleted_does_not_come_back_by_its_new_name(ada, draft):
    say(ada, draft, **SAID)
    act(ada, draft, "keep", preset_name="broker")
    preset = TablePreset.objects.get()
    TablePreset.objects.all().delete()
    with pytest.raises(HewstonError, match="broker was deleted meanwhile"):
        rename_preset(preset=preset, name="house")
    assert not TablePreset.objects.exists()


def test_a_preset_does_not_take_the_name_of_another(ada, draft):
    say(ada, draft, **SAID)
    act(ada, draft, "keep", preset_name="broker")
    act(ada, draft, "keep", preset_name="house")
    broker = TablePreset.objects.get(name="broker")
    ada.post(f"/datasets/presets/{broker.pk}/rename/", {"name": "house"})
    page = ada.get("/datasets/presets/").content.decode()
    assert "There is a preset named house already." in page
    assert sorted(TablePreset.objects.values_list("name", flat=True)) == ["broker", "house"]
