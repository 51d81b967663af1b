"""From files to rows: ids, revisions, and what a failure in between leaves behind."""

from pathlib import Path
from typing import Any

import databento_dbn
import pytest

from apps.datasets import tasks
from apps.datasets.actions import request_ingest, verify_revision
from apps.datasets.models import Dataset, Ingest, Revision
from apps.permissions.models import User
from hewston.pipeline import store
from hewston.pipeline.errors import HewstonError, InputError
from tests.pipeline.dbnfiles import DAY, OPEN, Meta, Print, header_of, write_dbn

PRINTS = [Print(at=n * 20, price=100 + n, sequence=n) for n in range(9)]
FUTURES = Meta(dataset="GLBX.MDP3", symbols={"ESH3": 7})


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path, db: None) -> Path:
    settings.DATA_ROOT = tmp_path / "data"
    settings.MIN_FREE_BYTES = 0
    settings.DATA_ROOT.mkdir()
    return Path(settings.DATA_ROOT)


def ingest(*paths: Path, owner: str = "ada", **options: object) -> Ingest:
    user, _ = User.objects.get_or_create(username=owner)
    requested = request_ingest(owner=user, sources=list(paths), options=options)
    tasks.perform_ingest(requested)
    requested.refresh_from_db()
    return requested


def revisions_of(done: Ingest) -> list[str]:
    return sorted(f"{one.dataset_id} {one.number}" for one in done.revisions.all())


def stored(root: Path) -> list[str]:
    return sorted(
        path.relative_to(root).as_posix()
        for folder in ("raw", "datasets", "tmp")
        for path in (root / folder).rglob("*")
        if path.is_file()
    )


def test_symbols_that_are_written_alike_get_different_ids(tmp_path):
    symbols = {"BRK.B": 7, "BRK B": 8, "BRK/B": 9}
    prints = [Print(instrument_id=number, price=number) for number in symbols.values()]
    path = write_dbn(tmp_path / "a.dbn", prints, Meta(symbols=symbols))
    assert revisions_of(ingest(path)) == [
        "BRK-B-20230103-20230103-1m 1",
        "BRK-B-20230103-20230103-1m-XNAS.ITCH 1",
        "BRK.B-20230103-20230103-1m 1",
    ]


def test_the_same_data_of_another_person_gets_the_venue_code_and_then_a_number(tmp_path):
    path = write_dbn(tmp_path / "a.dbn", PRINTS)
    base = "AAA-20230103-20230103-1m"
    found = [revisions_of(ingest(path, owner=name)) for name in ("ada", "bob", "cy", "ada")]
    assert found == [
        [f"{base} 1"],
        [f"{base}-XNAS.ITCH 1"],
        [f"{base}-XNAS.ITCH-2 1"],
        [f"{base} 1"],
    ]


def test_other_bytes_are_a_new_revision_and_the_older_one_stays_whole(tmp_path):
    path = write_dbn(tmp_path / "a.dbn", PRINTS)
    (first,) = ingest(path).revisions.all()
    write_dbn(path, [*PRINTS, Print(at=200, price=1)])
    (second,) = ingest(path).revisions.all()
    assert (first.dataset_id, first.number, second.number) == (second.dataset_id, 1, 2)
    assert verify_revision(revision=first) == verify_revision(revision=second) == []


def test_an_ingest_that_fails_while_it_publishes_leaves_its_row_and_log(
    root, tmp_path, monkeypatch
):
    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    path = write_dbn(tmp_path / "a.dbn", PRINTS)
    monkeypatch.setattr(tasks.bringing, "_record", fail)
    with pytest.raises(HewstonError, match="disk is full"):
        ingest(path)
    assert stored(root) == []
    assert Ingest.objects.get().status == "ERROR"
    monkeypatch.undo()


def crash_before_the_row(root: Path, path: Path) -> None:
    """Publish, and lose the rows as a crash before their commit does."""
    done = ingest(path)
    done.revisions.clear()
    Revision.objects.all().delete()
    Dataset.objects.all().delete()
    assert stored(root)


def test_what_a_crash_left_before_its_row_is_adopted(root, tmp_path):
    path = write_dbn(tmp_path / "a.dbn", PRINTS)
    crash_before_the_row(root, path)
    before = stored(root)
    (revision,) = ingest(path).revisions.all()
    assert verify_revision(revision=revision) == []
    assert stored(root) == before


def test_what_a_crash_left_of_other_files_is_replaced(root, tmp_path):
    crash_before_the_row(root, write_dbn(tmp_path / "a.dbn", PRINTS))
    (revision,) = ingest(write_dbn(tmp_path / "b.dbn", PRINTS, plain=True)).revisions.all()
    assert list(store.read_json(revision.folder / "manifest.json")["input_hashes"]) == ["b.dbn"]
    assert verify_revision(revision=revision) == []


def test_a_lost_raw_copy_comes_back_with_its_file(root, tmp_path):
    path = write_dbn(tmp_path / "a.dbn", PRINTS)
    (revision,) = ingest(path).revisions.all()
    next((root / "raw").iterdir()).unlink()
    (problem,) = verify_revision(revision=revision)
    assert problem.startswith("The raw copy of a.dbn is missing")
    ingest(path)
    assert verify_revision(revision=revision) == []


def test_a_definition_that_comes_later_defines_the_instrument(tmp_path):
    path = write_dbn(tmp_path / "a.dbn", PRINTS, FUTURES)
    (first,) = ingest(path).revisions.all()
    assert first.dataset.instrument["multiplier"] == 1
    defined = write_definition(tmp_path / "d.dbn")
    (again,) = ingest(path, defined).revisions.all()
    assert again == first
    assert Dataset.objects.get().instrument["multiplier"] == 50
    ingest(path)
    assert Dataset.objects.get().instrument["multiplier"] == 50


def test_a_path_that_cannot_be_shown_is_refused_before_a_row_is_made(tmp_path):
    with pytest.raises(InputError, match=r"new\\nline"):
        ingest(tmp_path / "new\nline.dbn")
    assert not Ingest.objects.exists()


def write_definition(path: Path) -> Path:
    """Write what the exchange says of an E-mini future: ticks of 0.25, worth 12.50 each."""
    record = databento_dbn.InstrumentDefMsg(
        publisher_id=1,
        instrument_id=7,
        ts_event=OPEN,
        ts_recv=OPEN,
        min_price_increment=250_000_000,
        display_factor=databento_dbn.FIXED_PRICE_SCALE,
        min_price_increment_amount=12_500_000_000,
        raw_symbol="ESH3",
        asset="ES",
        security_type="FUT",
        instrument_class=databento_dbn.InstrumentClass("F"),
        security_update_action=databento_dbn.SecurityUpdateAction("A"),
        min_lot_size_round_lot=1,
        currency="USD",
        exchange="XCME",
    )
    meta = Meta(schema="definition", dataset="GLBX.MDP3", symbols={"ESH3": 7}, start=DAY)
    path.write_bytes(header_of(meta) + bytes(record))
    return path
