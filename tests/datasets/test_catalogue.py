"""Datasets are found, narrowed, described, archived and deleted."""

import csv
import datetime as dt
import hashlib
import io
import shutil

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.datasets.actions import (
    archive_dataset,
    delete_dataset,
    describe_dataset,
    read_tags,
    settle_dataset_deletions,
    tag_dataset,
)
from apps.datasets.models import Dataset, Revision, Tag
from apps.runs.actions import request_run
from apps.runs.models import Run
from hewston.pipeline import store
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.store import Store
from hewston.taskqueue import Status
from tests import scenes
from tests.scenes import DATASET_ID, add_run


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


@pytest.fixture
def free_root(settings, tmp_path):
    """A data root of the test's own, which it may take things out of."""
    settings.DATA_ROOT = tmp_path
    return tmp_path


def add_dataset(catalogue, name, *, warnings=0, size=10, rows=5, revisions=1, **values):
    """Make the rows of a dataset of ada's without files."""
    asset_class = values.pop("asset_class", "equity")
    about = {
        "owner": catalogue.ada,
        "symbol": name.split("-")[0],
        "instrument": {**catalogue.dataset.instrument, "asset_class": asset_class},
        "interval": "1m",
        "from_date": dt.date(2020, 1, 1),
        "to_date": dt.date(2020, 12, 31),
        "products": ["OHLCV"],
        "provider": "csv",
        "venue_code": "ARCX",
        "calendar": "XNYS",
        "tz": "America/New_York",
    }
    dataset = Dataset.objects.create(dataset_id=name, **about | values)
    for number in range(1, revisions + 1):
        sha256 = hashlib.sha256(f"{name} {number}".encode()).hexdigest()
        Revision.objects.create(
            dataset=dataset,
            number=number,
            bars_sha256=sha256,
            rows=rows * number,
            size_bytes=size,
            first_ts=catalogue.revision.first_ts,
            last_ts=catalogue.revision.last_ts,
            calendar_version="x",
            raw_files=[],
            warnings=warnings,
        )
    return dataset


def names(answer):
    return [one.pk for one in answer.context["rows"]]


@pytest.fixture
def several(ada, catalogue):
    add_dataset(catalogue, "BTC-2020-1h", asset_class="crypto", interval="1h", provider="binance")
    add_dataset(catalogue, "ZED-2020-1m", size=10**9, revisions=2, notes="Bought from a broker")
    tag_dataset(dataset=Dataset.objects.get(pk="ZED-2020-1m"), add="Paid, checked  twice")
    archive_dataset(dataset=add_dataset(catalogue, "OLD-2020-1m"))
    return ada


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "zed"}, ["ZED-2020-1m"]),
        ({"q": "binance"}, ["BTC-2020-1h"]),
        ({"q": "itch"}, [DATASET_ID]),
        ({"q": "broker"}, ["ZED-2020-1m"]),
        ({"q": "checked tw"}, ["ZED-2020-1m"]),
        ({"tag": "Paid"}, ["ZED-2020-1m"]),
        ({"tag": "pai"}, []),
        ({"asset_class": "crypto"}, ["BTC-2020-1h"]),
        ({"interval": "1h"}, ["BTC-2020-1h"]),
        ({"provider": "databento"}, [DATASET_ID]),
        ({"quality": "findings"}, [DATASET_ID]),
        ({"quality": "clean", "asset_class": "equity"}, ["ZED-2020-1m"]),
        ({"covers_from": "2020-01-01", "covers_to": "2020-12-31", "q": "z"}, ["ZED-2020-1m"]),
        ({"covers_from": "2023-10-30"}, [DATASET_ID]),
        ({"covers_from": "2020-06-01", "covers_to": "2023-10-30"}, []),
        ({"archived": "only"}, ["OLD-2020-1m"]),
        ({"archived": "any", "q": "old"}, ["OLD-2020-1m"]),
    ],
)
def test_the_list_is_searched_and_narrowed(several, query, found):
    assert names(several.get("/datasets/", query)) == found


def test_archived_datasets_are_hidden_unless_asked_for(several):
    assert "OLD-2020-1m" not in names(several.get("/datasets/"))
    assert "archived too" in several.get("/datasets/", {"q": "old"}).content.decode()
    form = several.get("/runs/new/").content.decode()
    assert "ZED-2020-1m" in form
    assert "OLD-2020-1m" not in form
    assert "OLD-2020-1m" in several.get("/runs/new/?dataset_id=OLD-2020-1m").content.decode()


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("-size", "ZED-2020-1m"),
        ("-revisions", "ZED-2020-1m"),
        ("-runs", DATASET_ID),
        ("-findings", DATASET_ID),
        ("class", "BTC-2020-1h"),
        ("-to", DATASET_ID),
        ("-id", "ZED-2020-1m"),
        ("rows", "BTC-2020-1h"),
    ],
)
def test_the_list_is_sorted_by_its_figures(several, order, first):
    assert names(several.get("/datasets/", {"order": order}))[0] == first


def test_the_list_leaves_as_it_is_shown(several):
    text = several.get("/datasets/export.csv", {"order": "-size", "q": "2020"}).content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["dataset_id"] for row in rows] == ["ZED-2020-1m", "BTC-2020-1h"]
    assert rows[0]["tags"] == "checked twice, paid"
    assert (rows[0]["rows"], rows[0]["size_bytes"], rows[0]["used_by"]) == ("10", "2000000000", "0")


def test_a_longer_list_takes_no_more_queries(several, catalogue):
    def count():
        with CaptureQueriesContext(connection) as queries:
            assert several.get("/datasets/").status_code == 200
        return len(queries)

    before = count()
    for number in range(20):
        one = add_dataset(catalogue, f"N{number}-2020-1m")
        tag_dataset(dataset=one, add="many")
        add_run(catalogue, f"{number:012x}", Status.ERROR)
    assert count() == before


def test_a_person_tags_and_annotates_a_dataset(ada, catalogue):
    page = f"/datasets/{DATASET_ID}/"
    ada.post(page + "describe/", {"tags": "Tech, checked,, tech ", "notes": " From the vendor. "})
    shown = ada.get(page).content.decode()
    assert "From the vendor." in shown
    assert Dataset.objects.get().tag_names == ["checked", "tech"]
    ada.post(page + "describe/", {"tags": "checked"})
    assert Dataset.objects.get().tag_names == ["checked"]
    assert Dataset.objects.get().notes == "From the vendor."


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"tags": "x" * 41}, "at most 40 characters"),
        ({"tags": ["a\u202eb"]}, "can be shown"),
        ({"tags": ["a,b"]}, "without a comma"),
        ({"tags": [f"t{number}" for number in range(21)]}, "at most 20"),
        ({"notes": "x" * 10_001}, "10,000"),
    ],
)
def test_what_cannot_be_kept_of_tags_and_notes_is_refused(catalogue, said, sentence):
    with pytest.raises(InputError, match=sentence):
        describe_dataset(dataset=catalogue.dataset, **said)
    assert Dataset.objects.get().notes == ""


def test_tags_are_read_as_they_are_meant():
    assert read_tags(" B,a , b,, Two  words") == ["a", "b", "two words"]


@pytest.mark.parametrize("name", ["", "Upper", " a"])
def test_the_database_keeps_tags_in_order(catalogue, name):
    with pytest.raises(IntegrityError), transaction.atomic():
        Tag.objects.create(dataset=catalogue.dataset, name=name)


def test_several_are_changed_at_once(several):
    chosen = ["ZED-2020-1m", "BTC-2020-1h"]

    def do(action, **more):
        form = {"id": chosen, "action": action, "query": "order=id", **more}
        answer = several.post("/datasets/change/", form)
        assert answer["Location"] == "/datasets/?order=id"
        return str(next(iter(several.get("/datasets/").context["messages"])))

    assert do("tag", tags="new") == "2 datasets tagged."
    assert names(several.get("/datasets/", {"tag": "new", "order": "id"})) == chosen[::-1]
    do("untag", tags="new, paid")
    assert Tag.objects.values_list("name", flat=True).get() == "checked twice"
    assert "Say which tags" in do("tag", tags=" ,")
    assert "choose what to do" in do("explode")
    do("archive")
    assert names(several.get("/datasets/")) == [DATASET_ID]
    do("restore")
    assert len(names(several.get("/datasets/"))) == 3


def test_several_are_deleted_after_a_question(several, free_root):
    chosen = {"id": ["ZED-2020-1m", DATASET_ID], "action": "delete", "query": ""}
    asked = several.post("/datasets/change/", chosen).content.decode()
    assert "stays:" in asked
    assert Dataset.objects.filter(pk="ZED-2020-1m").exists()
    several.post("/datasets/change/", chosen | {"sure": "yes"})
    assert not Dataset.objects.filter(pk="ZED-2020-1m").exists()
    page = several.get("/datasets/")
    assert any("1 run uses" in str(message) for message in page.context["messages"])
    assert DATASET_ID in names(page)


def test_nobody_changes_what_is_somebody_elses(client, several, catalogue):
    client.force_login(catalogue.stranger)
    client.post("/datasets/change/", {"id": ["ZED-2020-1m"], "action": "archive"})
    assert not Dataset.objects.get(pk="ZED-2020-1m").is_archived


def test_a_dataset_that_a_run_uses_is_not_deleted(ada, catalogue):
    page = f"/datasets/{DATASET_ID}/delete/"
    shown = ada.get(page).content.decode()
    assert f'href="/runs/?archived=any&amp;dataset={DATASET_ID}"' in shown
    assert "danger" not in shown
    answer = ada.post(page, follow=True)
    (message,) = answer.context["messages"]
    assert str(message).startswith(f"1 run uses dataset {DATASET_ID}: {catalogue.run.pk}.")
    assert catalogue.revision.folder.is_dir()


@pytest.fixture
def lonely(catalogue, free_root):
    """A dataset with files that no run uses."""
    Run.objects.all().delete()
    folder = catalogue.revision.folder
    sha256 = scenes.write_dataset(folder, scenes.make_bars(scenes.FIRST, scenes.FIRST))
    raw = [{"name": f"{n}.dbn", "sha256": n * 64, "suffix": ".dbn", "size_bytes": 1} for n in "ab"]
    for n in "ab":
        path = Store(free_root).raw_file(n * 64, ".dbn")
        path.parent.mkdir(exist_ok=True)
        path.write_text("raw")
    manifest = folder / "manifest.json"
    store.write_json(manifest, store.read_json(manifest) | {"raw_files": raw})
    Revision.objects.update(raw_files=raw)
    assert sha256
    return catalogue.dataset


def left_in(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_deleted_dataset_leaves_nothing_but_the_log_of_its_ingest(
    ada, catalogue, lonely, free_root
):
    cached = Store(free_root).cache / "things" / f"{catalogue.revision.bars_sha256[:12]}-1"
    cached.mkdir(parents=True)
    other = add_dataset(catalogue, "ZED-2020-1m")
    other.revisions.update(raw_files=catalogue.revision.raw_files[:0])
    answer = ada.post(f"/datasets/{DATASET_ID}/delete/", follow=True)
    assert f"Dataset {DATASET_ID} is deleted." in answer.content.decode()
    assert left_in(free_root) == [".publish-lock"]
    assert not cached.exists()
    assert list(Dataset.objects.all()) == [other]
    assert (
        "Its dataset was deleted since"
        in ada.get(f"/datasets/ingests/{catalogue.ingest.pk}/").content.decode()
    )


def test_raw_files_of_somebody_else_stay(catalogue, lonely, free_root):
    other = add_dataset(catalogue, "ZED-2020-1m", owner=catalogue.stranger)
    mine = Revision.objects.get(dataset=lonely).raw_files
    other.revisions.update(raw_files=mine[:1])
    delete_dataset(dataset=lonely)
    assert left_in(free_root) == [".publish-lock", f"raw/{mine[0]['sha256']}.dbn"]


def test_a_deletion_that_a_crash_cut_short_is_undone_or_finished(catalogue, lonely, free_root):
    report = Store(free_root).dataset(lonely.pk) / store.EQUALITY / "report.json"
    report.parent.mkdir()
    report.write_text("{}")
    before = left_in(free_root)
    aside = free_root / "deleted" / "datasets" / lonely.pk
    aside.parent.mkdir(parents=True)
    catalogue.revision.folder.parent.rename(aside)
    settle_dataset_deletions()
    assert [name for name in left_in(free_root) if name != ".publish-lock"] == before
    catalogue.revision.folder.parent.rename(aside)
    Revision.objects.all().delete()
    settle_dataset_deletions()
    assert left_in(free_root) == [".publish-lock"]


def test_a_deletion_that_was_cut_short_takes_nothing_of_what_came_in_again(
    catalogue, lonely, free_root
):
    folder = catalogue.revision.folder
    aside = free_root / "deleted" / "datasets" / lonely.pk / folder.name
    aside.parent.mkdir(parents=True)
    shutil.copytree(folder, aside)
    before = left_in(folder)
    settle_dataset_deletions()
    assert left_in(folder) == before
    assert not aside.parent.exists()


def test_a_run_that_is_asked_for_while_its_dataset_goes_is_refused(catalogue, lonely):
    revision = Revision.objects.get()
    spec = catalogue.run.run_spec
    delete_dataset(dataset=lonely)
    with pytest.raises(HewstonError, match="was deleted meanwhile") as caught:
        request_run(owner=catalogue.ada, revision=revision, spec=spec)
    assert caught.value.code == "DATASET_NOT_FOUND"


def test_what_was_deleted_is_not_changed(catalogue, lonely):
    delete_dataset(dataset=lonely)
    for verb in (archive_dataset, delete_dataset):
        with pytest.raises(HewstonError, match="deleted meanwhile"):
            verb(dataset=lonely)


def test_a_dataset_says_which_runs_use_which_revision_and_what_brought_it(ada, catalogue):
    page = ada.get(f"/datasets/{DATASET_ID}/").content.decode()
    link = f"/runs/?archived=any&amp;dataset={DATASET_ID}&amp;revision=1"
    assert link in page
    assert f'href="/datasets/ingests/{catalogue.ingest.pk}/#log"' in page
    assert "found revision 1 there already" in page
    Revision.objects.update(made_by=catalogue.ingest)
    assert "made revision 1" in ada.get(f"/datasets/{DATASET_ID}/").content.decode()
    runs = ada.get("/runs/", {"dataset": DATASET_ID, "revision": "1"}).content.decode()
    assert catalogue.run.pk in runs
    runs = ada.get("/runs/", {"dataset": DATASET_ID, "revision": "2"}).content.decode()
    assert catalogue.run.pk not in runs
