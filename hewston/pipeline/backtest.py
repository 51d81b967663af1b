"""The flow from bars to a run's folder: signals, fills, equity, metrics, artifacts."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from hewston.pipeline import accounting, artifacts, engine, market, metrics, schemas, store
from hewston.pipeline.errors import InputError
from hewston.pipeline.spec import RunSpec
from hewston.pipeline.strategies import contract
from hewston.pipeline.strategies.catalogue import find_strategy


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a finished run says of itself besides its folder. ``timings_ms`` is never hashed."""

    metrics: Mapping[str, Any]
    manifest: Mapping[str, Any]
    timings_ms: Mapping[str, int]


class Stopwatch:
    """Milliseconds that each stage took."""

    def __init__(self) -> None:
        self.spent: dict[str, int] = {}

    @contextlib.contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Measure one stage."""
        start = time.perf_counter()
        yield
        self.spent[stage] = round((time.perf_counter() - start) * 1000)


def read_bars(path: Path, sha256: str) -> pl.DataFrame:
    """Read a revision's bars; raises InputError when its bytes are not the ones that were asked for."""
    if not path.is_file():
        raise InputError(f"The bars {path} are not there any more.", file=str(path))
    if store.sha256_file(path) != sha256:
        raise InputError(
            f"The bars {path} were changed after they were ingested: their SHA-256 is no longer "
            f"{sha256}. Ingest the data again.",
            file=str(path),
        )
    return pl.read_parquet(path).match_to_schema(schemas.BARS)


def trade(
    bars: pl.DataFrame,
    spec: RunSpec,
    *,
    stopwatch: Stopwatch | None = None,
    progress: Callable[[float], None] = lambda _share: None,
    log: Callable[[str], None] = lambda _line: None,
) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """Run a strategy on BARS: the frames of ``artifacts.FRAMES`` and the metrics.

    ``progress`` gets the share of bars done, now and then, and may raise to cancel; ``log`` gets
    sentences for the run's log. Raises InputError for what the user can mend and
    ReconciliationError when the engine's account and ours differ.
    """
    watch = stopwatch or Stopwatch()
    instrument = spec.instrument
    window = market.select_window(bars, spec)
    with watch.time("signals"):
        signals = contract.compute_signals(
            find_strategy(spec.strategy_id),
            window.frame,
            params=spec.params,
            context=_context(spec, window),
        )[window.first :]
    with watch.time("engine"):
        result = engine.run_engine(
            bars=window.bars, targets=signals, spec=spec, progress=progress, log=log
        )
    with watch.time("accounting"):
        money = {"multiplier": instrument.multiplier}
        fills = accounting.settle_fills(
            result.executions, starting_cash=spec.starting_cash, lot=instrument.lot, **money
        )
        equity = accounting.build_equity(
            fills, window.bars, starting_cash=spec.starting_cash, **money
        )
        accounting.reconcile(
            equity,
            balance_total=result.balance_total,
            open_positions=result.open_positions,
            **money,
        )
        trades = accounting.match_trades(
            fills,
            result.orders,
            window.bars,
            fill_clock=spec.fill_clock,
            lot=instrument.lot,
            **money,
        )
        figures = metrics.compute_metrics(
            equity=equity,
            trades=trades,
            fills=fills,
            orders=result.orders,
            starting_cash=spec.starting_cash,
            tz=spec.tz,
            calendar=spec.calendar,
            **money,
        )
    figures["findings"] = _findings(result, window.bars)
    frames = {
        "signals": signals.drop("changed"),
        "orders": result.orders,
        "fills": fills,
        "trades": trades,
        "equity": equity,
    }
    return frames, figures


def _context(spec: RunSpec, window: market.Window) -> dict[str, Any]:
    return {
        "symbol": spec.symbol,
        "interval": spec.interval,
        "calendar": spec.calendar,
        "tz": spec.tz,
        "size": spec.size,
        "starting_cash": spec.starting_cash,
        "seed": spec.seed,
        "instrument": spec.instrument.as_json(),
        "trade_from": window.bars["ts_open"][0],
    }


def _findings(result: engine.EngineResult, bars: pl.DataFrame) -> list[dict[str, Any]]:
    if result.ruined_bar is None:
        return []
    moment = bars["ts_open"][result.ruined_bar]
    return [
        {
            "key": engine.RUINED,
            "severity": "error",
            "bar": result.ruined_bar,
            "ts_open": moment.isoformat(),
            "message": "Equity fell to 0 or below at the close of this bar. The position was "
            "closed at the next fill and nothing was traded after it.",
        }
    ]


def run_backtest(
    *,
    bars_file: Path,
    record: artifacts.RunRecord,
    folder: Path,
    progress: Callable[[float], None] = lambda _share: None,
    log: Callable[[str], None] = lambda _line: None,
) -> Outcome:
    """Run what the record says on a revision's bars and write all artifacts into ``folder``."""
    watch = Stopwatch()
    with watch.time("total"):
        with watch.time("load"):
            bars = read_bars(bars_file, record.spec.bars_sha256)
        frames, figures = trade(bars, record.spec, stopwatch=watch, progress=progress, log=log)
        with watch.time("write"):
            manifest = artifacts.write_run(folder, record=record, frames=frames, metrics=figures)
    return Outcome(metrics=figures, manifest=manifest, timings_ms=watch.spent)


def reproduce_run(manifest: Mapping[str, Any], *, bars_file: Path, folder: Path) -> dict[str, str]:
    """Run again from a manifest alone, into ``folder``; returns the new output hashes by name.

    Raises InputError when the pipeline's code or the strategy's source is no longer the one that
    made the run: what would be compared is then another computation.
    """
    spec = RunSpec.from_json(manifest["spec"])
    source = contract.source_sha256(find_strategy(spec.strategy_id))
    if source != spec.strategy_sha256:
        raise InputError(
            f"The source of {spec.strategy_id} changed since the run: it was "
            f"{spec.strategy_sha256[:12]}, it is {source[:12]}."
        )
    record = artifacts.RunRecord(
        spec=spec,
        dataset_id=str(manifest["dataset_id"]),
        code_hash=str(manifest["code_hash"]),
        git_commit=None,
        created_at=str(manifest["created_at"]),
    )
    run_backtest(bars_file=bars_file, record=record, folder=folder)
    return artifacts.hash_outputs(folder)
