"""From bars to a run's folder: the account adds up, the bytes repeat, damage is seen."""

import datetime as dt
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline import artifacts, backtest, schemas, store
from hewston.pipeline.errors import CancelledError, InputError
from hewston.pipeline.spec import Instrument, RunSpec, SlippageFees, SpreadFallback
from hewston.pipeline.strategies import sma_crossover
from hewston.pipeline.strategies.catalogue import source_sha256
from tests.pipeline.frames import make_bars, make_spec, random_bars

COSTS = SlippageFees(k_spread=0.5, slippage_ticks=1, fees_bps=2, fee_per_unit=0.01)


def write_bars(folder: Path, bars: pl.DataFrame) -> tuple[Path, str]:
    path = folder / "bars.parquet"
    bars.write_parquet(path)
    return path, store.sha256_file(path)


def make_record(spec: RunSpec) -> artifacts.RunRecord:
    return artifacts.RunRecord(
        spec=spec,
        dataset_id="TEST-1m",
        code_hash=artifacts.hash_code(),
        git_commit=None,
        created_at="2023-02-03T04:05:06+00:00",
    )


def run_into(folder: Path, bars: pl.DataFrame, **changes: object) -> artifacts.Outcome:
    folder.mkdir(parents=True, exist_ok=True)
    source = folder.parent / f"bars-of-{folder.name}"
    source.mkdir(exist_ok=True)
    path, sha256 = write_bars(source, bars)
    source_hash = source_sha256(sma_crossover)
    spec = make_spec(bars_sha256=sha256, strategy_sha256=source_hash, **changes)
    return backtest.run_backtest(bars_file=path, record=make_record(spec), folder=folder)


@pytest.mark.parametrize("clock", ["close", "next_open"])
def test_each_fee_and_spread_adds_up_by_hand(clock: str) -> None:
    bars = random_bars(500, seed=4)
    spec = make_spec(fill_clock=clock, slippage_fees=COSTS, size=10)
    frames, figures = backtest.trade(bars, spec)
    fills, trades, equity = frames["fills"], frames["trades"], frames["equity"]
    assert len(fills) > 40
    cash, position = spec.starting_cash, 0.0
    for fill in fills.iter_rows(named=True):
        signed = fill["qty"] if fill["side"] == "BUY" else -fill["qty"]
        reference = bars["close" if clock == "close" else "open"][fill["bar"]]
        cost = 0.5 * 0.02 + 0.01
        assert fill["reference_price"] == reference
        assert fill["price"] == pytest.approx(reference + math.copysign(cost, signed), abs=1e-9)
        assert fill["slippage"] == pytest.approx(fill["qty"] * cost, abs=1e-8)
        assert fill["fee"] == pytest.approx(fill["qty"] * (fill["price"] * 0.0002 + 0.01), abs=1e-8)
        cash -= signed * fill["price"] + fill["fee"]
        position += signed
        assert fill["cash_after"] == pytest.approx(cash, abs=1e-6)
        assert fill["position_after"] == position
    last = equity.row(-1, named=True)
    assert last["equity"] == pytest.approx(cash + position * bars["close"][-1], abs=1e-6)
    closed = trades.filter(pl.col("exit_ts").is_not_null())
    net = closed["gross_pnl"] - closed["slippage"] - closed["fees"]
    assert net.to_list() == closed["net_pnl"].to_list()
    assert figures["values"]["fees_paid"] == pytest.approx(fills["fee"].sum())


def test_frames_keep_their_contracts() -> None:
    frames, _ = backtest.trade(random_bars(200), make_spec())
    assert set(frames) == set(artifacts.FRAMES)
    for name, schema in artifacts.FRAMES.items():
        columns = dict(frames[name].schema)
        assert list(columns)[: len(schema)] == list(schema)
        assert {key: columns[key] for key in schema} == schema
    assert frames["signals"].columns == [*schemas.SIGNALS, "fast", "slow"]
    assert len(frames["signals"]) == len(frames["equity"]) == 200


def test_earlier_bars_warm_up_and_an_old_target_is_not_entered_late() -> None:
    bars = random_bars(2000, seed=9)
    days = bars["ts_open"].dt.convert_time_zone("America/New_York").dt.date()
    spec = make_spec(from_date=days[-1], session="all")
    frames, _ = backtest.trade(bars, spec)
    whole, _ = backtest.trade(bars, make_spec(session="all"))
    first = frames["equity"]["ts_open"][0]
    assert frames["signals"]["slow"].null_count() == 0
    later = whole["fills"].filter(pl.col("ts") > first)
    assert frames["fills"]["ts"].to_list() == later["ts"].to_list()
    assert frames["fills"]["qty"][0] == 1  # flat before: half of the reversal


def test_the_spread_of_the_warm_up_is_known_when_trading_begins() -> None:
    bars = make_bars(
        [100.0] * 4,
        [100.0] * 4,
        spreads=[0.04, None, None, 0.08],
        minutes=[0, 1440, 1441, 1442],
    )
    spec = make_spec(
        strategy_id="buy_and_hold",
        params={},
        fill_clock="close",
        from_date=dt.date(2023, 1, 4),
        slippage_fees=SlippageFees(k_spread=0.5, fees_bps=0),
    )
    frames, _ = backtest.trade(bars, spec)
    assert frames["fills"]["price"].to_list() == [100.02]


def test_a_run_without_trades_has_no_figures_about_trades() -> None:
    bars = make_bars([100.0] * 30, [100.0] * 30)
    _, figures = backtest.trade(bars, make_spec())
    assert figures["values"]["trades"] == 0
    assert figures["values"]["hit_rate"] is None
    assert figures["reasons"]["hit_rate"]


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    bars = random_bars(3000, seed=11, share_kept=0.8)
    program = (
        "import sys; from pathlib import Path;"
        "from tests.pipeline.test_backtest import run_into; from tests.pipeline.frames import *;"
        "from tests.pipeline.test_backtest import COSTS;"
        "run_into(Path(sys.argv[1]), random_bars(3000, seed=11, share_kept=0.8),"
        " slippage_fees=COSTS)"
    )
    outcome = run_into(tmp_path / "here", bars, slippage_fees=COSTS)
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "there")],
        check=True,
        env={"PYTHONHASHSEED": "7", "POLARS_MAX_THREADS": "1", "PATH": ""},
        cwd=Path(__file__).parents[2],
    )
    there = json.loads((tmp_path / "there" / artifacts.MANIFEST_FILE).read_text())
    assert there["output_hashes"] == outcome.manifest["output_hashes"]
    assert there["input_hash"] == outcome.manifest["input_hash"]
    for name in artifacts.hash_outputs(tmp_path / "here"):
        file = name if name.endswith(".json") else artifacts.frame_file(name)
        assert (tmp_path / "here" / file).read_bytes() == (tmp_path / "there" / file).read_bytes()


def test_a_run_reproduces_from_its_manifest_alone(tmp_path: Path) -> None:
    outcome = run_into(tmp_path / "run", random_bars(500), slippage_fees=COSTS)
    manifest = store.read_json(tmp_path / "run" / artifacts.MANIFEST_FILE)
    again = tmp_path / "again"
    again.mkdir()
    hashes = backtest.reproduce_run(
        manifest, bars_file=tmp_path / "bars-of-run" / "bars.parquet", folder=again
    )
    assert hashes == outcome.manifest["output_hashes"]
    assert backtest.describe_changes(manifest) == []


def test_a_manifest_from_other_code_says_what_changed(tmp_path: Path) -> None:
    run_into(tmp_path / "run", random_bars(100))
    manifest = store.read_json(tmp_path / "run" / artifacts.MANIFEST_FILE)
    manifest["code_hash"] = "f" * 64
    manifest["spec"]["strategy"]["sha256"] = "e" * 64
    manifest["env_lock"]["architecture"] = "riscv64"
    changes = " ".join(backtest.describe_changes(manifest))
    assert "pipeline's code changed" in changes
    assert "source of the strategy sma_crossover changed" in changes
    assert "architecture was riscv64" in changes


def test_bars_that_were_changed_are_refused(tmp_path: Path) -> None:
    path, sha256 = write_bars(tmp_path, random_bars(50))
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    record = make_record(make_spec(bars_sha256=sha256))
    with pytest.raises(InputError, match="were changed after they were ingested"):
        backtest.run_backtest(bars_file=path, record=record, folder=tmp_path)
    path.unlink()
    with pytest.raises(InputError, match="not there any more"):
        backtest.run_backtest(bars_file=path, record=record, folder=tmp_path)


def damage(folder: Path, kind: str) -> None:
    if kind == "bit":
        path = folder / "fills.parquet"
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
    elif kind == "missing":
        (folder / "trades.parquet").unlink()
    elif kind == "extra":
        (folder / "note.txt").write_text("hello")
    elif kind == "spec":
        manifest = store.read_json(folder / artifacts.MANIFEST_FILE)
        manifest["spec"]["size"] = 2.0
        store.write_json(folder / artifacts.MANIFEST_FILE, manifest)
    elif kind == "no manifest":
        (folder / artifacts.MANIFEST_FILE).unlink()
    elif kind == "half a manifest":
        (folder / artifacts.MANIFEST_FILE).write_text("{")
    else:
        (folder / artifacts.MANIFEST_FILE).write_text('{"kind": "run"}')


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("bit", "fills.parquet differs"),
        ("missing", "trades.parquet is missing"),
        ("extra", "note.txt does not belong"),
        ("spec", "input_hash does not follow"),
        ("no manifest", "does not exist"),
        ("half a manifest", "cannot be read"),
        ("another manifest", "is not a run's manifest"),
    ],
)
def test_verify_names_what_is_damaged(tmp_path: Path, kind: str, sentence: str) -> None:
    run_into(tmp_path / "run", random_bars(100))
    assert artifacts.verify_run(tmp_path / "run") == []
    damage(tmp_path / "run", kind)
    problems = artifacts.verify_run(tmp_path / "run")
    assert len(problems) == 1
    assert sentence in problems[0]


def test_a_cancelled_run_writes_nothing(tmp_path: Path) -> None:
    def cancel(_share: float) -> None:
        raise CancelledError("stop")

    path, sha256 = write_bars(tmp_path, random_bars(50))
    folder = tmp_path / "run"
    folder.mkdir()
    with pytest.raises(CancelledError):
        backtest.run_backtest(
            bars_file=path,
            record=make_record(make_spec(bars_sha256=sha256)),
            folder=folder,
            progress=cancel,
        )
    assert list(folder.iterdir()) == []


def test_the_code_hash_follows_the_bytes_of_the_pipeline() -> None:
    first = artifacts.hash_code()
    assert first == artifacts.hash_code()
    assert len(first) == 64


specs = st.builds(
    make_spec,
    seed=st.integers(0, 2**63 - 1),
    size=st.floats(0.001, 1e6),
    from_date=st.none() | st.dates(),
    instrument=st.builds(
        Instrument, multiplier=st.floats(0.01, 100), currency=st.sampled_from(["USD", "EUR"])
    ),
    slippage_fees=st.builds(
        SlippageFees,
        k_spread=st.floats(0, 10),
        spread_fallback=st.none() | st.builds(SpreadFallback, ticks=st.floats(0, 10)),
    ),
)


@given(spec=specs)
@settings(max_examples=50, deadline=None)
def test_a_spec_survives_its_manifest(spec: RunSpec) -> None:
    again = RunSpec.from_json(json.loads(json.dumps(spec.as_json())))
    assert again == spec
    assert again.input_hash("x") == spec.input_hash("x")


def test_everything_that_decides_a_run_changes_its_name() -> None:
    base = make_spec()
    changes: dict[str, Any] = {
        "bars_sha256": "1" * 64,
        "instrument": Instrument(tick_size=0.05),
        "interval": "5m",
        "strategy_id": "buy_and_hold",
        "strategy_sha256": "1" * 64,
        "params": {"fast": 2, "slow": 4},
        "seed": 1,
        "from_date": dt.date(2023, 1, 3),
        "to_date": dt.date(2023, 1, 3),
        "session": "all",
        "fill_clock": "close",
        "size": 2.0,
        "starting_cash": 1.0,
        "slippage_fees": SlippageFees(),
        "max_leverage": 2.0,
    }
    hashes = {make_spec(**{key: value}).input_hash("c") for key, value in changes.items()}
    hashes |= {base.input_hash("c"), base.input_hash("d")}
    assert len(hashes) == len(changes) + 2
