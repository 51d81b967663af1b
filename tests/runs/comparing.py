"""Finished runs of the catalogue to compare, made by the engine."""

import dataclasses
from typing import Any

from apps.runs.models import Run
from apps.runs.tasks import record_result
from hewston.pipeline import artifacts, store
from hewston.pipeline.backtest import run_backtest
from hewston.pipeline.spec import SlippageFees
from tests.scenes import DATASET_ID, Catalogue, Stage

CLOSE, COSTLY, LONGER = "cccccccccccc", "dddddddddddd", "eeeeeeeeeeee"
CHANGES: dict[str, dict[str, Any]] = {
    CLOSE: {"fill_clock": "close"},
    COSTLY: {"slippage_fees": SlippageFees(k_spread=0.5, fees_bps=5.0)},
    LONGER: {"interval": "5m", "params": {"fast": 5, "slow": 21}},
}


def make_folders(stage: Stage) -> None:
    """Run each change of the stage's run, once."""
    files = store.Store(stage.root)
    bars = files.dataset_folder(DATASET_ID, stage.bars_sha256) / "bars.parquet"
    for run_id, changes in CHANGES.items():
        if files.run_folder(run_id).exists():
            continue
        draft = stage.root / "draft-compare"
        draft.mkdir()
        record = artifacts.RunRecord(
            spec=dataclasses.replace(stage.spec, **changes),
            dataset_id=DATASET_ID,
            code_hash=artifacts.hash_code(),
            git_commit=None,
            created_at="2023-11-08T00:00:00+00:00",
        )
        run_backtest(bars_file=bars, record=record, folder=draft)
        store.publish(draft, files.run_folder(run_id))


def add_runs(catalogue: Catalogue, stage: Stage) -> None:
    """Make the rows of these runs, ada's."""
    make_folders(stage)
    code_hash = artifacts.hash_code()
    for run_id, changes in CHANGES.items():
        spec = dataclasses.replace(stage.spec, **changes)
        run = Run.objects.create(
            id=run_id,
            owner=catalogue.ada,
            dataset=catalogue.dataset,
            revision=catalogue.revision,
            spec=spec.as_json(),
            strategy_id="sma_crossover",
            code_hash=code_hash,
            input_hash=spec.input_hash(code_hash),
        )
        run.claim()
        figures = store.read_json(run.folder / artifacts.METRICS_FILE)
        record_result(run=run, metrics=figures["values"])
