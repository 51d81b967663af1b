"""Bundles that come in: taken whole, or refused with a sentence and nothing kept."""

import hashlib
import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from apps.datasets.models import Dataset, Revision
from apps.runs.actions import delete_run, import_bundle, write_bundle
from apps.runs.models import Run
from apps.runs.tasks import list_problems
from apps.runs.views.film import columns_url_of
from hewston.pipeline import artifacts, store
from hewston.pipeline.bundle import unpack_bundle
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.spec import RunSpec
from hewston.taskqueue import Status, read_log
from tests.scenes import DATASET_ID, FIRST, LAST, RUN_ID, Stage, add_run, build_stage

Members = dict[str, bytes]
KEPT = ("runs", "datasets", "tmp", "logs", "raw")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Files whose dataset has a manifest as ingests write it."""
    made = build_stage(tmp_path_factory.mktemp("stage"))
    folder = store.Store(made.root).dataset_folder(DATASET_ID, made.bars_sha256)
    path = folder / "manifest.json"
    path.chmod(0o644)
    store.write_json(path, describe_data(made, folder))
    return made


def describe_data(stage: Stage, folder: Path) -> dict[str, Any]:
    return {
        "dataset_id": DATASET_ID,
        "symbol": "ACME",
        "instrument": stage.spec.instrument.as_json(),
        "interval": "1m",
        "from": FIRST.isoformat(),
        "to": LAST.isoformat(),
        "whole_year": False,
        "products": ["TRADES", "TBBO"],
        "provider": "databento",
        "venue_code": "XNAS.ITCH",
        "adjustment": "raw",
        "raw_files": [],
        "output_hashes": {
            "bars_parquet_sha256": stage.bars_sha256,
            "quality_json_sha256": store.sha256_file(folder / "quality.json"),
        },
        "rows": stage.bars.height,
        "calendar": "XNYS",
        "calendar_version": "exchange_calendars 4.13",
        "tz": "America/New_York",
        "created_at": "2023-11-08T00:00:00+00:00",
    }


@pytest.fixture
def root(catalogue, tmp_path, settings):
    """A copy of the stage's files, which a test may add to."""
    shutil.copytree(settings.DATA_ROOT, tmp_path / "root")
    settings.DATA_ROOT = tmp_path / "root"
    return tmp_path / "root"


@pytest.fixture
def sent(catalogue, root, tmp_path):
    """A bundle of ada's run, with its data."""
    path = tmp_path / "sent.zip"
    write_bundle(run=catalogue.run, path=path, with_data=True)
    return path


def list_files(root: Path) -> set[Path]:
    return {path for folder in KEPT for path in (root / folder).rglob("*") if path.is_file()}


def read_members(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def write_members(path: Path, members: Members, *, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def relist(members: Members) -> Members:
    """Make a bundle's list, and its run's manifest, say what its members are now."""
    manifest = json.loads(members["run/run-manifest.json"])
    for name in artifacts.FRAMES:
        manifest["output_hashes"][name] = digest(members[f"run/{name}.parquet"])
    manifest["output_hashes"]["metrics.json"] = digest(members["run/metrics.json"])
    manifest["input_hash"] = RunSpec.from_json(manifest["spec"]).input_hash(manifest["code_hash"])
    members["run/run-manifest.json"] = store.json_text(manifest).encode()
    head = json.loads(members["bundle.json"])
    head["members"] = {
        name: {"sha256": digest(content), "size_bytes": len(content)}
        for name, content in members.items()
        if name != "bundle.json"
    }
    members["bundle.json"] = store.json_text(head).encode()
    return members


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_another_person_takes_a_run_with_its_data(catalogue, root, sent):
    run, created = import_bundle(owner=catalogue.stranger, path=sent, name="sent.zip")
    assert created
    assert run.pk != RUN_ID  # which is ada's here
    assert run.is_imported
    assert (run.owner, run.status) == (catalogue.stranger, Status.DONE)
    assert run.dataset_id == "ACME-20231030-20231107-1m-XNAS.ITCH"
    assert run.dataset.provider == "bundle/databento"
    assert run.metrics.sharpe == catalogue.run.metrics.sharpe
    assert list_problems(run) == []
    assert "Imported from the bundle sent.zip" in read_log(run.pk)
    files = list_files(root)
    again, created = import_bundle(owner=catalogue.stranger, path=sent, name="sent.zip")
    assert (again, created) == (run, False)
    assert list_files(root) == files


def test_whose_it_is_already_finds_the_same_run(catalogue, root, sent):
    run, created = import_bundle(owner=catalogue.ada, path=sent, name="sent.zip")
    assert (run, created) == (catalogue.run, False)


def test_beside_other_bars_of_the_same_market_it_is_a_dataset_of_its_own(catalogue, root, sent):
    Revision.objects.update(bars_sha256="0" * 64)
    delete_run(run=catalogue.run)
    run, _ = import_bundle(owner=catalogue.ada, path=sent, name="sent.zip")
    assert run.pk == RUN_ID
    assert run.dataset != catalogue.dataset
    assert catalogue.dataset.revisions.count() == 1


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING])
def test_a_run_of_the_same_inputs_that_is_under_way_is_not_raced(catalogue, root, sent, status):
    Run.objects.update(status=status)
    with pytest.raises(HewstonError, match="Import again when it is done") as refused:
        import_bundle(owner=catalogue.ada, path=sent, name="sent.zip")
    assert refused.value.code == "CONFLICT"


def test_other_results_of_the_same_inputs_are_refused(catalogue, root, sent, tmp_path):
    members = read_members(sent)
    trades = artifacts.read_frame(catalogue.run.folder, "trades").head(3)
    artifacts.write_frame(trades, tmp_path / "trades.parquet")
    members["run/trades.parquet"] = (tmp_path / "trades.parquet").read_bytes()
    other = write_members(tmp_path / "other.zip", relist(members))
    with pytest.raises(HewstonError, match="has the same inputs and other results: trades") as no:
        import_bundle(owner=catalogue.ada, path=other, name="other.zip")
    assert no.value.details["differences"] == ["trades"]


def test_a_failed_run_of_the_same_inputs_is_no_obstacle(catalogue, root, sent):
    Run.objects.update(status=Status.ERROR)
    run, created = import_bundle(owner=catalogue.ada, path=sent, name="sent.zip")
    assert created
    assert run.revision == catalogue.revision


@pytest.mark.parametrize("taken", ["runs/{}", "deleted/runs/{}", "logs/{}.jsonl"])
def test_an_id_that_anything_has_here_is_not_taken(catalogue, root, sent, taken):
    Run.objects.all().delete()
    catalogue.run.folder.rename(root / "elsewhere")
    (root / taken.format(RUN_ID)).mkdir(parents=True)
    run, created = import_bundle(owner=catalogue.ada, path=sent, name="sent.zip")
    assert run.pk != RUN_ID
    assert (created, list_problems(run)) == (True, [])


def test_a_deletion_that_was_killed_before_an_import_does_not_jam_others(catalogue, root):
    folder = catalogue.run.folder
    shutil.copytree(folder, root / "deleted" / "runs" / RUN_ID)
    other = add_run(catalogue, "cccccccccccc", Status.CANCELLED)
    delete_run(run=other)
    assert list((root / "deleted" / "runs").iterdir()) == []
    assert list_problems(catalogue.run) == []


def test_other_results_under_the_same_id_have_other_addresses(
    catalogue, root, sent, tmp_path, client
):
    client.force_login(catalogue.ada)
    before = columns_url_of(catalogue.run, "1m")
    shown = client.get(before).content
    members = read_members(sent)
    equity = artifacts.read_frame(catalogue.run.folder, "equity")
    artifacts.write_frame(equity.with_columns(pl.col("equity") * 2), tmp_path / "equity.parquet")
    members["run/equity.parquet"] = (tmp_path / "equity.parquet").read_bytes()
    delete_run(run=catalogue.run)
    other = write_members(tmp_path / "other.zip", relist(members))
    run, _ = import_bundle(owner=catalogue.ada, path=other, name="other.zip")
    assert run.pk == RUN_ID
    assert client.get(before).status_code == HTTPStatus.NOT_FOUND
    after = client.get(columns_url_of(run, "1m"))
    assert after.status_code == HTTPStatus.OK
    assert after.content != shown


def test_only_a_run_that_is_done_leaves(catalogue, root, tmp_path):
    failed = add_run(catalogue, "bbbbbbbbbbbb", Status.ERROR)
    with pytest.raises(HewstonError, match="it has no results"):
        write_bundle(run=failed, path=tmp_path / "no.zip", with_data=False)


@pytest.mark.parametrize("name", ["fills.parquet", "metrics.json", "run-manifest.json"])
def test_a_damaged_run_does_not_leave(catalogue, root, tmp_path, name):
    path = catalogue.run.folder / name
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(HewstonError, match="is not whole") as refused:
        write_bundle(run=catalogue.run, path=tmp_path / "no.zip", with_data=False)
    assert name in refused.value.message


def page(members: Members, path: Path) -> None:
    path.write_text("<!doctype html>")


def no_zip(members: Members, path: Path) -> None:
    path.write_bytes(b"PK" + b"\0" * 100)


def cut(members: Members, path: Path) -> None:
    write_members(path, members)
    path.write_bytes(path.read_bytes()[:-1000])


def without_list(members: Members, path: Path) -> None:
    del members["bundle.json"]
    write_members(path, members)


def without_a_table(members: Members, path: Path) -> None:
    del members["run/equity.parquet"]
    write_members(path, members)


def climbing(members: Members, path: Path) -> None:
    write_members(path, members | {"../../evil.py": b"import os"})


def absolute(members: Members, path: Path) -> None:
    write_members(path, members | {"/etc/passwd": b"root"})


def twice(members: Members, path: Path) -> None:
    write_members(path, members)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("bundle.json", b"{}")


def link(members: Members, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name)
            if name == "run/equity.parquet":
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                content = b"/etc/passwd"  # noqa: PLW2901
            archive.writestr(entry, content)


def packed(members: Members, path: Path) -> None:
    write_members(path, members, compression=zipfile.ZIP_DEFLATED)


def bomb(members: Members, path: Path) -> None:
    members["run/metrics.json"] = b" " * (64 << 20)
    write_members(path, members, compression=zipfile.ZIP_DEFLATED)


def too_long(members: Members, path: Path) -> None:
    members["run/metrics.json"] = b" " * (17 << 20)
    write_members(path, members)


def many(members: Members, path: Path) -> None:
    write_members(path, members | {f"run/{n}": b"" for n in range(3000)})


def flipped(members: Members, path: Path) -> None:
    content = bytearray(members["run/signals.parquet"])
    content[len(content) // 2] ^= 1
    write_members(path, members | {"run/signals.parquet": bytes(content)})


def longer_than_said(members: Members, path: Path) -> None:
    write_members(path, members | {"run/metrics.json": members["run/metrics.json"] + b" "})


def of_another_format(members: Members, path: Path) -> None:
    head = json.loads(members["bundle.json"]) | {"format": 2}
    write_members(path, members | {"bundle.json": json.dumps(head).encode()})


def rewritten(members: Members, path: Path) -> None:
    """Valid JSON, in another form: `json.loads` would take NaN from it."""
    members["run/metrics.json"] = b'{"values": {"sharpe": NaN}}'
    write_members(path, relist(members))


def nested(members: Members, path: Path) -> None:
    members["run/metrics.json"] = b"[" * 100_000
    write_members(path, relist(members))


def with_words_for_numbers(members: Members, path: Path) -> None:
    figures = json.loads(members["run/metrics.json"])
    figures["values"]["sharpe"] = "a lot"
    members["run/metrics.json"] = store.json_text(figures).encode()
    write_members(path, relist(members))


def of_another_spec(members: Members, path: Path) -> None:
    manifest = json.loads(members["run/run-manifest.json"])
    manifest["spec"]["size"] = -1.0
    members["run/run-manifest.json"] = store.json_text(manifest).encode()
    write_members(path, relist(members))


def of_another_zone(members: Members, path: Path) -> None:
    manifest = json.loads(members["run/run-manifest.json"])
    manifest["spec"]["tz"] = manifest["tz"] = "Mars/Olympus"
    members["run/run-manifest.json"] = store.json_text(manifest).encode()
    write_members(path, relist(members))


def with_other_columns(members: Members, path: Path) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(path)
    members["run/fills.parquet"] = path.read_bytes()
    write_members(path, relist(members))


def with_a_table_that_claims_any_length(members: Members, path: Path) -> None:
    zeros = pl.zeros(5_000_000, eager=True)
    pl.DataFrame(dict.fromkeys(("equity", "cash"), zeros)).write_parquet(path)
    members["run/orders.parquet"] = path.read_bytes()
    write_members(path, relist(members))


def with_no_table(members: Members, path: Path) -> None:
    members["run/trades.parquet"] = b"PAR1" + b"\xff" * 200 + b"PAR1"
    write_members(path, relist(members))


def with_other_data(members: Members, path: Path) -> None:
    frame = pl.DataFrame({"ts_open": [0]})
    frame.write_parquet(path)
    members["dataset/bars.parquet"] = path.read_bytes()
    write_members(path, relist(members))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (page, "is not a bundle of a run: it is no zip"),
        (no_zip, "damaged"),
        (cut, "damaged"),
        (without_list, "it has no bundle.json"),
        (without_a_table, "run/equity.parquet is missing"),
        (climbing, "has a member ../../evil.py, which no bundle has"),
        (absolute, "has a member /etc/passwd, which no bundle has"),
        (twice, "twice"),
        (link, "is a link or a device"),
        (packed, "was packed again"),
        (bomb, "was packed again"),
        (too_long, "none has more than"),
        (many, "3,011 members, and a bundle has 12 at most"),
        (flipped, "run/signals.parquet in x.zip was changed: its SHA-256 is"),
        (longer_than_said, "bytes, and bundle.json says"),
        (of_another_format, "was not written by Hewston"),
        (rewritten, "metrics.json was not written by Hewston"),
        (nested, "cannot be read"),
        (with_words_for_numbers, "values in metrics.json"),
        (of_another_spec, "size is -1.0, but must be"),
        (of_another_zone, "spec.tz"),
        (with_other_columns, "the column"),
        (with_a_table_that_claims_any_length, "5,000,000 rows beside"),
        (with_no_table, "cannot be read"),
        (with_other_data, "bars.parquet has changed"),
    ],
)
def test_what_is_no_bundle_is_refused_with_a_sentence(
    sent: Path, tmp_path: Path, spoil: Callable[[Members, Path], None], sentence: str
) -> None:
    path = tmp_path / "x.zip"
    spoil(read_members(sent), path)
    (tmp_path / "unpacked").mkdir()
    with pytest.raises(InputError) as refused:
        unpack_bundle(path=path, name="x.zip", folder=tmp_path / "unpacked")
    assert sentence in refused.value.message
    assert str(tmp_path) not in refused.value.message.replace(str(path), "")


EVIDENCE = {"label": "fees", "value": 1.5, "unit": "money"}
FINDING = {"key": "no_trades", "severity": "info", "message": "x", "bar": None, "ts_open": None}


@pytest.mark.parametrize(
    ("key", "forged"),
    [
        ("values", 5),
        ("values", {"trades": 10**20}),
        ("values", {"trades": 1.5}),
        ("values", {"sharpe": 10**400}),
        ("reasons", None),
        ("reasons", {"sharpe": 1}),
        ("bands", None),
        ("bands", {"sharpe": 5}),
        ("bands", {"sharpe": {"low": "a", "high": [], "level": {}}}),
        ("bands", {"sharpe": {"low": 1.0, "high": None, "level": 0.95}}),
        ("samples", 7),
        ("samples", {"bar": "many"}),
        ("periods_per_year", []),
        ("drawdown", {"start": {}}),
        ("unchecked", 5),
        ("unchecked", ["gaps"]),
        ("unchecked", [{"key": "gaps"}]),
        ("findings", 5),
        ("findings", [FINDING | {"evidence": "abc"}]),
        ("findings", [FINDING | {"evidence": [{"label": "x"}]}]),
        ("findings", [FINDING | {"evidence": [EVIDENCE | {"unit": []}]}]),
        ("findings", [FINDING | {"advice": 5}]),
        ("findings", [FINDING | {"bar": 10**9}]),
    ],
)
def test_figures_that_pages_could_not_show_are_refused(sent, tmp_path, key, forged):
    members = read_members(sent)
    figures = json.loads(members["run/metrics.json"]) | {key: forged}
    members["run/metrics.json"] = store.json_text(figures).encode()
    assert f"{key} in metrics.json" in refuse(members, tmp_path)


def lit(value: object, *columns: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: frame.with_columns(
        pl.lit(value).cast(frame.schema[name]).alias(name) for name in columns
    )


@pytest.mark.parametrize(
    ("name", "forge", "sentence"),
    [
        ("equity", lit(float("nan"), "equity"), "a value in the column equity"),
        ("equity", lit(float("inf"), "close"), "a value in the column close"),
        ("equity", lit(None, "equity"), "a missing value in the column equity"),
        ("trades", lit(None, "entry_bar"), "a missing value in the column entry_bar"),
        ("trades", lit(float("nan"), "entry_price"), "a value in the column entry_price"),
        ("trades", lit(0, "exit_bar"), "the end of a trade"),
        ("trades", lit(None, "exit_ts"), "the end of a trade in trades.parquet"),
        ("fills", lit(None, "bar"), "a missing value in the column bar"),
        ("signals", lambda frame: frame.with_columns(pl.lit(1.0).alias("a\nb")), "the column ab"),
        ("signals", lambda frame: frame.with_columns(pl.lit(1.0).alias("n" * 81)), "the column n"),
        ("signals", lambda frame: frame.with_columns(pl.lit(1.0).alias("")), "the column  in"),
    ],
)
def test_tables_that_pages_could_not_show_are_refused(sent, tmp_path, name, forge, sentence):
    members = read_members(sent)
    path = tmp_path / "frame.parquet"
    path.write_bytes(members[f"run/{name}.parquet"])
    artifacts.write_frame(forge(pl.read_parquet(path)), path)
    members[f"run/{name}.parquet"] = path.read_bytes()
    assert sentence in refuse(members, tmp_path)


@pytest.mark.parametrize(
    ("key", "forged"),
    [
        ("sessions", None),
        ("sessions", [{"date": "2023-11-01"}]),
        ("sessions_present", "all"),
        ("sessions_expected", 10**20),
        ("missing_session_minutes", {"count": 1, "gaps": 1, "list": [5]}),
        ("findings", [{"severity": "info", "count": 1, "sentence": "x"}]),
    ],
)
def test_a_quality_report_that_pages_could_not_show_is_refused(sent, tmp_path, key, forged):
    members = read_members(sent)
    quality = json.loads(members["dataset/quality.json"]) | {key: forged}
    members["dataset/quality.json"] = store.json_text(quality).encode()
    manifest = json.loads(members["dataset/manifest.json"])
    manifest["output_hashes"]["quality_json_sha256"] = digest(members["dataset/quality.json"])
    members["dataset/manifest.json"] = store.json_text(manifest).encode()
    assert f"{key} in quality.json" in refuse(members, tmp_path)


def refuse(members: Members, folder: Path) -> str:
    """Unpack a bundle that must be refused; gives the sentence."""
    path = write_members(folder / "x.zip", relist(members))
    (folder / "unpacked").mkdir()
    with pytest.raises(InputError) as refused:
        unpack_bundle(path=path, name="x.zip", folder=folder / "unpacked")
    return refused.value.message


def test_nothing_is_kept_of_what_is_refused(catalogue, root, sent, tmp_path):
    files, counts = list_files(root), (Run.objects.count(), Dataset.objects.count())
    for spoil in (flipped, with_no_table, with_other_data):
        spoil(read_members(sent), tmp_path / "x.zip")
        with pytest.raises(HewstonError):
            import_bundle(owner=catalogue.stranger, path=tmp_path / "x.zip", name="x.zip")
    assert list_files(root) == files
    assert (Run.objects.count(), Dataset.objects.count()) == counts
