"""Files that are missing or damaged on the disk: a sentence says so, and nothing fails inside."""

import functools
import itertools
import json
import shutil
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from django.urls import reverse

from apps.datasets.views import chart
from apps.runs.models import Run
from apps.runs.views import film, summary
from hewston.pipeline import artifacts, breakdown, playback, store
from hewston.pipeline.breakdown import stored
from tests.scenes import DATASET_ID, RUN_ID

RUN_PAGES = ["run", "run-trades", "run-manifest"]


@pytest.fixture
def ada(client, catalogue, tmp_path, settings, monkeypatch):
    """Signed in, on a copy of the files, with nothing in memory."""
    shutil.copytree(settings.DATA_ROOT, tmp_path / "root")
    settings.DATA_ROOT = tmp_path / "root"
    for module, name in (
        (film, "_encode"),
        (summary, "_break_down"),
        (stored, "_read"),
        (chart, "_encode_outline"),
        (chart, "_encode_page"),
    ):
        fresh = functools.lru_cache(getattr(module, name).__wrapped__)
        monkeypatch.setattr(module, name, fresh)
    client.force_login(catalogue.ada)
    return client


def address(name, catalogue):
    columns = playback.address(catalogue.run.results_sha256)
    return reverse(name, args=[RUN_ID, columns, "1m"] if name == "run-columns" else [RUN_ID])


def spoil(folder: Path, how: str) -> None:
    """Damage every file of a folder, which is write-protected."""
    if how == "folder is gone":
        shutil.rmtree(folder)
        return
    for path in folder.iterdir():
        content = path.read_bytes()
        path.unlink()
        if how == "files are cut":
            path.write_bytes(content[: len(content) // 2])
        elif how == "files are empty":
            path.touch()
        elif how == "files are other JSON":
            path.write_text("[]")


DAMAGES = ["folder is gone", "files are gone", "files are cut", "files are empty"]


@pytest.mark.parametrize("how", [*DAMAGES, "files are other JSON"])
@pytest.mark.parametrize("name", RUN_PAGES)
def test_a_page_of_a_damaged_run_says_what_to_do(ada, catalogue, name, how):
    spoil(catalogue.run.folder, how)
    page = ada.get(address(name, catalogue))
    assert page.status_code == 409
    assert f"The files of run {RUN_ID} are not whole" in page.content.decode()
    assert f".venv/bin/python manage.py verify {RUN_ID}" in page.content.decode()
    assert str(catalogue.run.folder) not in page.content.decode()


@pytest.mark.parametrize(
    ("name", "how"),
    [
        *itertools.product(["run-trades-export", "run-columns"], DAMAGES),
        ("run-manifest-file", "folder is gone"),  # what is there leaves as it is stored
        ("run-manifest-file", "files are gone"),
    ],
)
def test_data_of_a_damaged_run_is_refused_in_the_uniform_shape(ada, catalogue, name, how):
    spoil(catalogue.run.folder, how)
    refused = ada.get(address(name, catalogue))
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "CONFLICT"
    assert f"manage.py verify {RUN_ID}" in refused.json()["error"]["message"]


def test_a_missing_file_is_named(ada, catalogue):
    catalogue.run.folder.joinpath("trades.parquet").unlink()
    page = ada.get(address("run", catalogue)).content.decode()
    assert f"The files of run {RUN_ID} are not whole (missing: trades.parquet)." in page


@pytest.mark.parametrize("how", [*DAMAGES, "files are other JSON"])
def test_a_damaged_dataset_says_what_to_do(ada, catalogue, how):
    spoil(catalogue.revision.folder, how)
    page = ada.get(f"/datasets/{DATASET_ID}/")
    assert page.status_code == 409
    assert f".venv/bin/python manage.py verify {DATASET_ID}" in page.content.decode()
    columns = playback.address(catalogue.revision.bars_sha256)
    refused = ada.get(f"/datasets/{DATASET_ID}/columns/{columns}/1m-regular")
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "CONFLICT"


def test_lists_need_no_files(ada, catalogue):
    shutil.rmtree(catalogue.run.folder)
    shutil.rmtree(catalogue.revision.folder)
    for path in ("/", "/runs/", "/runs/export.csv", "/datasets/", "/datasets/export.csv"):
        with closing(ada.get(path)) as answer:
            assert answer.status_code == 200


def test_a_damaged_log_is_shown_as_far_as_it_goes(ada, catalogue, settings):
    log = settings.DATA_ROOT / "logs" / f"{RUN_ID}.jsonl"
    log.parent.mkdir(exist_ok=True)
    log.write_bytes(b'{"at": "2023-11-08T00:00:00", "message": "Started."}\n3\n\xff\n{"at": "20')
    page = ada.get(f"/runs/{RUN_ID}/logs/").content.decode()
    assert "2023-11-08 00:00:00 info: Started." in page
    assert page.count("(a line that was cut off)") == 3


@pytest.mark.parametrize(("name", "column"), [("days", "return"), ("places", "hour")])
def test_what_was_made_of_a_run_and_changed_is_made_again(ada, catalogue, name, column):
    run = catalogue.run
    made = {"days": run.stored.place, "places": run.stored.places}[name] / f"{name}.parquet"
    read = {"days": breakdown.read_breakdown, "places": breakdown.read_places}[name]
    read(run.stored)
    before = made.read_bytes()
    changed = pl.read_parquet(made)
    assert changed.height
    made.unlink()
    changed.with_columns(pl.col(column) * 0 + 5).write_parquet(made)
    stored.forget()
    read(run.stored)
    assert made.read_bytes() == before
    assert ada.get(reverse("run", args=[RUN_ID])).status_code == 200


def test_what_another_process_makes_meanwhile_is_not_removed(ada, catalogue, monkeypatch):
    """Two that find nothing make it at once: none takes away what the other has put there."""
    run = catalogue.run
    shutil.rmtree(run.stored.place, ignore_errors=True)
    stored.forget()
    remove = shutil.rmtree

    def refuse(path, **options):  # that is where the other would be quicker
        if Path(path) == run.stored.place:
            pytest.fail("What was not there was removed.")
        remove(path, **options)

    monkeypatch.setattr(shutil, "rmtree", refuse)
    breakdown.read_breakdown(run.stored)
    assert run.stored.place.is_dir()


def rewrite(path: Path, content: object) -> None:
    path.unlink()
    path.write_text(json.dumps(content))


def test_a_run_of_before_there_were_samples_and_bands_is_shown(ada, catalogue):
    path = catalogue.run.folder / artifacts.METRICS_FILE
    figures = json.loads(path.read_text())
    report = {name: figures[name] for name in ("reasons", "drawdown", "findings")}
    report["values"] = {key: figures["values"][key] for key in ("net_profit", "sharpe")}
    rewrite(path, report)
    proof = catalogue.run.folder / artifacts.MANIFEST_FILE
    manifest = json.loads(proof.read_text())
    manifest["output_hashes"][artifacts.METRICS_FILE] = store.sha256_file(path)
    rewrite(proof, manifest)
    Run.objects.filter(pk=RUN_ID).update(manifest_sha256=store.sha256_file(proof))
    page = ada.get(reverse("run", args=[RUN_ID]))
    assert page.status_code == 200
    assert "needs at least 20 daily returns, has 7" in page.content.decode()
    assert "was not computed yet when the run was made" in page.content.decode()
