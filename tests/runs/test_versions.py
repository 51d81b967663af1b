"""A run of a version is proved on this machine and on another from what its folder holds."""

import dataclasses
import hashlib
import shutil

import pytest

from apps.runs.actions import delete_run, import_bundle, request_reproduction, write_bundle
from apps.runs.models import Run
from apps.runs.tasks import list_figures, list_problems, perform_reproduction
from hewston.pipeline import artifacts, backtest, store
from hewston.sandboxes import open_client
from tests.scenes import DATASET_ID, RUN_ID

SOURCE = b"""
PARAMS = {"length": {"type": "int", "default": 20}}


def run_strategy(frame, params):
    print("I was given", len(frame), "bars")
    average = frame["close"].rolling(params["length"]).mean()
    return frame[[]].assign(long_condition=frame["close"] > average, average=average)
"""


@pytest.fixture
def run(catalogue, tmp_path, settings) -> Run:
    """Ada's run, made anew of a version in the sandbox."""
    root = tmp_path / "root"
    shutil.copytree(settings.DATA_ROOT, root)
    settings.DATA_ROOT = root
    run: Run = catalogue.run
    spec = dataclasses.replace(
        run.run_spec,
        strategy_id="above-average@2",
        strategy_sha256=hashlib.sha256(SOURCE).hexdigest(),
        params={"length": 15},
    )
    record = artifacts.RunRecord(
        spec=spec,
        dataset_id=DATASET_ID,
        code_hash=run.code_hash,
        git_commit=None,
        created_at="2023-11-08T00:00:00+00:00",
        source=SOURCE,
    )
    shutil.rmtree(run.folder)
    run.folder.mkdir()
    outcome = backtest.run_backtest(
        bars_file=run.revision.folder / "bars.parquet",
        record=record,
        folder=run.folder,
        sandbox=open_client(),
    )
    assert artifacts.read_frame(run.folder, "trades").height > 10
    Run.objects.filter(pk=run.pk).update(
        spec=spec.as_json(),
        strategy_id=spec.strategy_id,
        input_hash=spec.input_hash(run.code_hash),
        manifest_sha256=store.sha256_file(run.folder / artifacts.MANIFEST_FILE),
    )
    run.refresh_from_db()
    list_figures(run=run, metrics=outcome.metrics["values"])
    return run


def test_it_is_computed_again_in_a_child_and_its_sandbox(catalogue, run):
    asked = request_reproduction(owner=catalogue.ada, run=run)
    perform_reproduction(asked)
    assert asked.outcome["differences"] == {}
    assert asked.is_equal
    assert asked.outcome["actual"]["strategy.py"] == hashlib.sha256(SOURCE).hexdigest()


def test_its_bundle_is_taken_in_and_computed_again(catalogue, run, tmp_path):
    path = tmp_path / "sent.zip"
    write_bundle(run=run, path=path, with_data=False)
    delete_run(run=run)
    taken, created = import_bundle(owner=catalogue.ada, path=path, name="sent.zip")
    assert created
    assert taken.strategy_id == "above-average@2"
    assert (taken.folder / "strategy.py").read_bytes() == SOURCE
    assert list_problems(taken) == []
    asked = request_reproduction(owner=catalogue.ada, run=taken)
    perform_reproduction(asked)
    assert asked.is_equal


def test_its_pages_show_nothing_where_its_source_was_changed(client, catalogue, run):
    client.force_login(catalogue.ada)
    assert client.get(f"/backtests/{RUN_ID}/trades").status_code == 200
    path = run.folder / "strategy.py"
    path.chmod(0o644)
    path.write_bytes(SOURCE + b"#")
    refused = client.get(f"/backtests/{RUN_ID}/trades")
    assert refused.status_code == 409
    assert "(strategy.py was changed since)" in refused.json()["error"]["message"]
