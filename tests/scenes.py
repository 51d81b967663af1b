"""A small catalogue for pages: a dataset of five sessions and a run that the engine made on it."""

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from apps.datasets.models import Dataset, Ingest, Revision
from apps.permissions.models import User
from apps.runs.models import Run
from apps.runs.tasks import record_result
from hewston.pipeline import artifacts, calendar, schemas, store
from hewston.pipeline.backtest import run_backtest
from hewston.pipeline.spec import Instrument, RunSpec, SlippageFees
from hewston.pipeline.strategies.catalogue import find_strategy, source_sha256
from hewston.taskqueue import Status

DATASET_ID = "ACME-20231030-20231107-1m"
RUN_ID = "aaaaaaaaaaaa"
FIRST, LAST = dt.date(2023, 10, 30), dt.date(2023, 11, 7)  # the clocks change on 5 November
NEW_YORK = "America/New_York"
PARAMS = {"fast": 5, "slow": 20}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stage:
    """A data root with the files of one dataset and one run."""

    root: Path
    bars: pl.DataFrame
    bars_sha256: str
    spec: RunSpec
    metrics: dict[str, object]

    @property
    def run_folder(self) -> Path:
        return store.Store(self.root).run_folder(RUN_ID)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The rows of the stage, and people: whose it is, an administrator, somebody else."""

    ada: User
    owner: User
    stranger: User
    dataset: Dataset
    revision: Revision
    ingest: Ingest
    run: Run


def make_bars(first: dt.date, last: dt.date) -> pl.DataFrame:
    """One-minute bars from 08:00 to 17:00 New York time with a gap at noon, without chance."""
    days = calendar.schedule("XNYS", first, last)
    hour = pl.duration(hours=1)
    minutes = days.select(
        pl.datetime_ranges(
            pl.col("open") - hour,
            pl.col("close") + hour,
            interval="1m",
            closed="left",
            time_unit="ns",
        ).alias("ts_open")
    ).explode("ts_open")
    local = pl.col("ts_open").dt.convert_time_zone(NEW_YORK)
    minutes = minutes.filter(~((local.dt.hour() == 12) & (local.dt.minute() < 10)))
    count = minutes.height
    steps = np.arange(count)
    close = np.round(100 + 3 * np.sin(steps / 37) + 2 * np.sin(steps / 311) + steps / 1500, 2)
    opened = np.concatenate(([100.0], close[:-1]))
    high = np.maximum(opened, close) + 0.03
    low = np.minimum(opened, close) - 0.03
    volume = 100.0 + steps % 50 * 10
    ts = minutes["ts_open"]
    spread = 0.02
    return pl.DataFrame(
        {
            "ts_open": ts,
            "open": opened,
            "high": high,
            "low": low,
            "close": close,
            "volume": volume,
            "trade_count": pl.Series(steps % 9 + 1, dtype=pl.UInt32),
            "vwap": (high + low) / 2,
            "buy_volume": volume / 2,
            "sell_volume": volume / 2,
            "bid_mean": close - spread / 2,
            "ask_mean": close + spread / 2,
            "spread_mean": np.full(count, spread),
            "bid_open": opened - spread / 2,
            "ask_open": opened + spread / 2,
            "bid_close": close - spread / 2,
            "ask_close": close + spread / 2,
            "session": calendar.label(ts, days),
        }
    ).match_to_schema(pl.Schema(schemas.BARS))


def write_dataset(folder: Path, bars: pl.DataFrame) -> str:
    """Write a revision's folder; returns the SHA-256 of the bars."""
    folder.mkdir(parents=True)
    artifacts.write_frame(bars, folder / "bars.parquet")
    sha256 = store.sha256_file(folder / "bars.parquet")
    days = calendar.schedule("XNYS", FIRST, LAST)
    edges = ("pre_open", "open", "close", "post_close")
    sessions = [
        {
            "date": str(day["date"]),
            **{name: day[name].isoformat() for name in edges},
            "bars": 500,
            "regular_bars": 380,
            "expected": 390,
            "missing": 10,
        }
        for day in days.to_dicts()
    ]
    quality = {
        "rows": bars.height,
        "sessions": sessions,
        "sessions_expected": days.height,
        "sessions_present": days.height,
        "missing_session_minutes": {
            "count": 10,
            "longest": 10,
            "gaps": 1,
            "list": [{"from": "2023-10-30T16:00:00Z", "to": "2023-10-30T16:10:00Z", "minutes": 10}],
        },
        "findings": [
            {
                "key": "missing_session_minutes",
                "label": "Missing session minutes",
                "severity": "info",
                "count": 70,
                "sentence": "70 regular minutes had no trade.",
            },
            {
                "key": "crossed_quote",
                "label": "Crossed quotes",
                "severity": "warning",
                "count": 3,
                "sentence": "3 records had a bid above the ask.",
            },
            {
                "key": "outlier",
                "label": "Outliers",
                "severity": "info",
                "count": 0,
                "sentence": "0 bars moved far.",
            },
        ],
    }
    store.write_json(folder / "quality.json", quality)
    manifest = {
        "kind": "dataset",
        "dataset_id": DATASET_ID,
        "symbol": "ACME",
        "output_hashes": {"bars_parquet_sha256": sha256},
        "rebar_params": {"clock": "1m", "bucket_field": "ts_recv"},
    }
    store.write_json(folder / "manifest.json", manifest)
    return sha256


def build_stage(root: Path) -> Stage:
    """Make the files."""
    bars = make_bars(FIRST, LAST)
    files = store.Store(root)
    draft = root / "draft"
    sha256 = write_dataset(draft, bars)
    store.publish(draft, files.dataset_folder(DATASET_ID, sha256))
    strategy = find_strategy("sma_crossover")
    spec = RunSpec(
        bars_sha256=sha256,
        instrument=Instrument(),
        calendar="XNYS",
        tz=NEW_YORK,
        symbol="ACME",
        strategy_id="sma_crossover",
        strategy_sha256=source_sha256(strategy),
        params=PARAMS,
        size=100.0,
        slippage_fees=SlippageFees(k_spread=0.5, fees_bps=1.0),
    )
    record = artifacts.RunRecord(
        spec=spec,
        dataset_id=DATASET_ID,
        code_hash=artifacts.hash_code(),
        git_commit=None,
        created_at="2023-11-08T00:00:00+00:00",
    )
    draft.mkdir()
    outcome = run_backtest(
        bars_file=files.dataset_folder(DATASET_ID, sha256) / "bars.parquet",
        record=record,
        folder=draft,
    )
    final_equity = float(artifacts.read_frame(draft, "equity")["equity"][-1])
    money: dict[str, object] = {
        "final_equity": final_equity,
        "net_profit": final_equity - spec.starting_cash,
    }
    store.publish(draft, files.run_folder(RUN_ID))
    return Stage(
        root=root,
        bars=bars,
        bars_sha256=sha256,
        spec=spec,
        metrics=money | dict(outcome.metrics["values"]),
    )


def fill_catalogue(stage: Stage) -> Catalogue:
    """Make the rows of the stage's files."""
    ada = User.objects.create_user("ada", password="correct horse")
    owner = User.objects.create_superuser("owner", password="correct horse")
    stranger = User.objects.create_user("mallory", password="correct horse")
    dataset = Dataset.objects.create(
        dataset_id=DATASET_ID,
        owner=ada,
        symbol="ACME",
        instrument=Instrument().as_json(),
        interval="1m",
        from_date=FIRST,
        to_date=LAST,
        products=["TRADES", "TBBO"],
        provider="databento",
        venue_code="XNAS.ITCH",
        calendar="XNYS",
        tz=NEW_YORK,
    )
    revision = Revision.objects.create(
        dataset=dataset,
        number=1,
        bars_sha256=stage.bars_sha256,
        rows=stage.bars.height,
        size_bytes=123_456,
        first_ts=stage.bars["ts_open"][0],
        last_ts=stage.bars["ts_open"][-1],
        calendar_version="exchange_calendars 4.13",
        raw_files=[
            {"name": "acme.dbn.zst", "sha256": "f" * 64, "suffix": ".dbn.zst", "size_bytes": 1000}
        ],
        warnings=1,
    )
    ingest = Ingest.objects.create(owner=ada, sources=["/inbox/acme.dbn.zst", "/inbox/notes.txt"])
    ingest.claim()
    ingest.complete(left_out=[{"file": "notes.txt", "reason": "It does not end in .dbn."}])
    ingest.revisions.set([revision])
    code_hash = artifacts.hash_code()
    run = Run.objects.create(
        id=RUN_ID,
        owner=ada,
        dataset=dataset,
        revision=revision,
        spec=stage.spec.as_json(),
        strategy_id="sma_crossover",
        code_hash=code_hash,
        input_hash=stage.spec.input_hash(code_hash),
    )
    run.claim()
    record_result(run=run, metrics=stage.metrics)
    return Catalogue(
        ada=ada,
        owner=owner,
        stranger=stranger,
        dataset=dataset,
        revision=revision,
        ingest=ingest,
        run=run,
    )


def add_run(catalogue: Catalogue, run_id: str, status: Status, **values: object) -> Run:
    """Make the row of a run that left no artifacts."""
    return Run.objects.create(
        id=run_id,
        owner=catalogue.ada,
        dataset=catalogue.dataset,
        revision=catalogue.revision,
        spec=catalogue.run.spec,
        strategy_id="sma_crossover",
        code_hash=catalogue.run.code_hash,
        input_hash=run_id.rjust(64, "0"),
        status=status,
        **values,
    )


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The files, made once."""
    return build_stage(tmp_path_factory.mktemp("stage"))


@pytest.fixture
def catalogue(db: None, settings: Settings, stage: Stage) -> Catalogue:
    """The rows, in this test's database."""
    settings.DATA_ROOT = stage.root
    assert stage.root == django_settings.DATA_ROOT
    return fill_catalogue(stage)
