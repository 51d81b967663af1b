"""The flow from bars to a run's folder: signals, fills, equity, metrics, artifacts."""

import contextlib
import dataclasses
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from hewston.pipeline import (
    accounting,
    artifacts,
    diagnostics,
    market,
    metrics,
    schemas,
    store,
)
from hewston.pipeline import calendar as exchange_calendar
from hewston.pipeline.engine import session
from hewston.pipeline.engine.events import EventStrategy
from hewston.pipeline.engine.kind import EVENT, find_kind
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.sandbox.strategy import Client, SandboxedStrategy
from hewston.pipeline.spec import RunSpec, is_version
from hewston.pipeline.strategies import contract
from hewston.pipeline.strategies.answers import Strategy
from hewston.pipeline.strategies.catalogue import find_strategy, source_sha256


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
    """Read a revision's bars; raises InputError when its bytes are not those of ``sha256``."""
    if not path.is_file():
        raise InputError(f"The bars {path} are not there any more.", file=str(path))
    if store.sha256_file(path) != sha256:
        raise InputError(
            f"The bars {path} were changed after they were ingested: their SHA-256 is no longer "
            f"{sha256}. Ingest the data again.",
            file=str(path),
        )
    return pl.read_parquet(path).match_to_schema(schemas.BARS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Prepared:
    """The bars of a run as its strategy and its engine see them; many strategies may share them.

    ``frame`` is that of ``window`` with every spread filled in.
    """

    window: market.Window
    frame: pl.DataFrame
    schedule: pl.DataFrame | None  # of the sessions that they are in

    @property
    def bars(self) -> pl.DataFrame:
        """Those bars of the frame that may be traded."""
        return self.frame[self.window.first :]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Followed:
    """What came of a strategy: its signals, what the engine did, and the account's frames."""

    signals: pl.DataFrame
    orders: pl.DataFrame
    fills: pl.DataFrame
    trades: pl.DataFrame
    equity: pl.DataFrame

    def frames(self) -> dict[str, pl.DataFrame]:
        """Give those of ``artifacts.FRAMES``, by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def prepare(
    bars: pl.DataFrame,
    spec: RunSpec,
    *,
    stored: str | None = None,
    log: Callable[[str], None] = lambda _line: None,
) -> Prepared:
    """Choose the bars of a run; what the strategy is decides nothing here.

    ``stored`` is the interval of ``bars``, by default the run's own; shorter ones are merged.
    Raises InputError where no bar is left.
    """
    schedule = list_sessions(bars, spec)
    window = market.select_window(bars, spec, stored=stored, schedule=schedule)
    # Warm-up bars tell the spread of the first ones too; who pays none of it hears nothing.
    tell = log if spec.slippage_fees.k_spread > 0 else _ignore
    spreads = market.fill_spreads(window.frame, tell)
    priced = window.frame.with_columns(spread_mean=spreads)
    return Prepared(window=window, frame=priced, schedule=schedule)


def follow(
    prepared: Prepared,
    spec: RunSpec,
    strategy: Strategy,
    *,
    stopwatch: Stopwatch | None = None,
    progress: Callable[[float], None] = lambda _share: None,
    log: Callable[[str], None] = lambda _line: None,
) -> Followed:
    """Ask a strategy, follow its signals on the engine and keep the account.

    Takes and raises what ``trade`` does.
    """
    watch, window, instrument = stopwatch or Stopwatch(), prepared.window, spec.instrument
    context = describe_context(spec, window.bars)
    if isinstance(strategy, EventStrategy):
        with watch.time("engine"):
            result = strategy.trade(
                prepared.frame,
                first=window.first,
                spec=spec,
                schedule=prepared.schedule,
                context=context,
                log=log,
            )
        signals = window.bars.select("ts_open", target=0.0, reason=pl.lit(None, pl.String))
    else:
        with watch.time("signals"):
            signals = contract.compute_signals(
                strategy, window.frame, params=spec.params, context=context, log=log
            )[window.first :]
        with watch.time("engine"):
            result = session.run_engine(
                bars=prepared.bars,
                targets=signals,
                spec=spec,
                schedule=prepared.schedule,
                progress=progress,
                log=log,
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
    return Followed(
        signals=signals.drop(schemas.RULES, strict=False).with_columns(result.targets),
        orders=result.orders,
        fills=fills,
        trades=trades,
        equity=equity,
    )


def trade(
    bars: pl.DataFrame,
    spec: RunSpec,
    *,
    strategy: Strategy | None = None,
    stored: str | None = None,
    stopwatch: Stopwatch | None = None,
    progress: Callable[[float], None] = lambda _share: None,
    log: Callable[[str], None] = lambda _line: None,
) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """Run a strategy on BARS: the frames of ``artifacts.FRAMES`` and the metrics.

    ``strategy`` is written to the contract (docs/strategies.md), by default the built-in one of the
    spec: a module, which runs in this process, so only give code that you trust; or a stranger's
    source, which runs in the sandbox.
    ``stored`` is the interval of ``bars``, by default the run's own; shorter ones are merged.
    ``progress`` gets the share of bars done, now and then, and may raise to cancel; ``log`` gets
    sentences for the run's log. Raises InputError for what the user can mend and
    ReconciliationError when the engine's account and ours differ.
    """
    watch = stopwatch or Stopwatch()
    with watch.time("prepare"):
        prepared = prepare(bars, spec, stored=stored, log=log)
    strategy = strategy or find_strategy(spec.strategy_id)
    followed = follow(prepared, spec, strategy, stopwatch=watch, progress=progress, log=log)
    frames = followed.frames()
    with watch.time("metrics"):
        report = metrics.compute_metrics(
            equity=followed.equity,
            trades=followed.trades,
            fills=followed.fills,
            orders=followed.orders,
            starting_cash=spec.starting_cash,
            tz=spec.tz,
            calendar=spec.calendar,
            multiplier=spec.instrument.multiplier,
        )
    with watch.time("diagnostics"):
        diagnosis = diagnostics.diagnose(
            diagnostics.RunResult(
                bars=prepared.bars,
                **frames,
                spec=spec,
                params=getattr(strategy, "PARAMS", {}),
                schedule=prepared.schedule,
            )
        )
    return frames, {**report.as_json(), **diagnosis}


def _ignore(_line: str) -> None:
    """Log nothing."""


def list_sessions(bars: pl.DataFrame, spec: RunSpec) -> pl.DataFrame | None:
    """List the sessions of the bars, which say where longer bars start and end.

    Bars of one minute need none, and their runs are spared the time that it takes.
    """
    if spec.interval == "1m" or bars.is_empty():
        return None
    ends = exchange_calendar.exchange_date(bars["ts_open"][[0, -1]], spec.calendar, spec.tz)
    return exchange_calendar.schedule(spec.calendar, ends[0], ends[1])


def describe_context(spec: RunSpec, bars: pl.DataFrame) -> dict[str, Any]:
    """Tell a strategy what it may know of a run; ``bars`` are those that may be traded."""
    return {
        "symbol": spec.symbol,
        "interval": spec.interval,
        "calendar": spec.calendar,
        "tz": spec.tz,
        "size": spec.size,
        "starting_cash": spec.starting_cash,
        "seed": spec.seed,
        "instrument": spec.instrument.as_json(),
        "trade_from": bars["ts_open"][0],
    }


def run_backtest(
    *,
    bars_file: Path,
    record: artifacts.RunRecord,
    folder: Path,
    sandbox: Client | None = None,
    progress: Callable[[float], None] = lambda _share: None,
    log: Callable[[str], None] = lambda _line: None,
) -> artifacts.Outcome:
    """Run what the record says on a revision's bars and write all artifacts into ``folder``.

    The record's source, where it has one, runs in the ``sandbox`` and nowhere else. Raises as
    ``trade``, and HewstonError where the sandbox fails.
    """
    strategy = _find_strategy(record, sandbox)
    watch = Stopwatch()
    with watch.time("total"):
        with watch.time("load"):
            bars = read_bars(bars_file, record.spec.bars_sha256)
        frames, figures = trade(
            bars,
            record.spec,
            strategy=strategy,
            stored=record.dataset_interval,
            stopwatch=watch,
            progress=progress,
            log=log,
        )
        with watch.time("write"):
            manifest = artifacts.write_run(folder, record=record, frames=frames, metrics=figures)
    return artifacts.Outcome(metrics=figures, manifest=manifest, timings_ms=watch.spent)


def _find_strategy(record: artifacts.RunRecord, sandbox: Client | None) -> Strategy:
    """Find the strategy of a record; raises InputError where its source is not what ran."""
    spec = record.spec
    if not is_version(spec.strategy_id):
        return find_strategy(spec.strategy_id)
    if record.source is None or hashlib.sha256(record.source).hexdigest() != spec.strategy_sha256:
        raise InputError(
            f"The source of the strategy {spec.strategy_id} is not there, or is not the one that "
            f"the run names: its SHA-256 must be {spec.strategy_sha256}.",
            code="STRATEGY_NOT_FOUND",
            field="strategy",
        )
    if sandbox is None:
        raise HewstonError(
            f"The strategy {spec.strategy_id} runs only in the sandbox, and there is none here.",
            code="DEPENDENCY_UNAVAILABLE",
        )
    kind = EventStrategy if find_kind(record.source) is EVENT else SandboxedStrategy
    return kind(record.source, sandbox)


def reproduce_run(
    manifest: Mapping[str, Any],
    *,
    bars_file: Path,
    folder: Path,
    source: bytes | None = None,
    sandbox: Client | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> dict[str, str]:
    """Run again from a manifest alone, into ``folder``; returns the new output hashes by name.

    A version's run needs the ``source`` beside its manifest too, and a ``sandbox`` to run it in.
    """
    record = artifacts.RunRecord(
        spec=RunSpec.from_json(manifest["spec"]),
        dataset_id=str(manifest["dataset_id"]),
        dataset_interval=artifacts.dataset_interval(manifest),
        code_hash=str(manifest["code_hash"]),
        git_commit=None,
        created_at=str(manifest["created_at"]),
        source=source,
    )
    run_backtest(
        bars_file=bars_file, record=record, folder=folder, sandbox=sandbox, progress=progress
    )
    return artifacts.hash_outputs(folder)


def describe_changes(manifest: Mapping[str, Any]) -> list[str]:
    """Say what decides a result and is no longer as it was when the manifest was written."""
    changes = []
    if artifacts.hash_code() != manifest["code_hash"]:
        changes.append("The pipeline's code changed since the run.")
    spec = RunSpec.from_json(manifest["spec"])
    if (
        not is_version(spec.strategy_id)
        and source_sha256(find_strategy(spec.strategy_id)) != spec.strategy_sha256
    ):
        changes.append(f"The source of the strategy {spec.strategy_id} changed since the run.")
    then, now = manifest["env_lock"], artifacts.describe_environment()
    changes.extend(
        f"{key} was {then.get(key)}, is {now[key]}."
        for key in sorted(now)
        if then.get(key) != now[key]
    )
    return changes
