"""What a comparison reads of a run's folder, and no more."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from hewston.pipeline import artifacts
from hewston.pipeline.errors import InputError
from hewston.pipeline.schemas import EQUITY, TRADES_RT
from hewston.pipeline.store import read_json

_TRADES = tuple(
    name
    for name in TRADES_RT
    if name not in {"return", "bars_held", "mae", "mae_price", "mfe", "mfe_price"}
)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class ComparedRun:
    """One run: its manifest, its metrics.json, TRADES_RT and EQUITY in the columns compared."""

    run_id: str
    revision: int  # of its dataset, which the manifest does not number
    manifest: Mapping[str, Any]
    metrics: Mapping[str, Any]
    trades: pl.DataFrame
    equity: pl.DataFrame  # ts_open, equity
    source: bytes | None = None  # of its strategy, where that is a version

    @property
    def spec(self) -> Mapping[str, Any]:
        """What decided it, as it was written: an older manifest may lack what came later."""
        spec: Mapping[str, Any] = self.manifest["spec"]
        return spec

    @property
    def currency(self) -> str:
        """The currency of all its money."""
        return str(self.spec["instrument"]["currency"])

    @property
    def interval(self) -> str:
        """The length of its bars."""
        return str(self.spec["interval"])

    @property
    def starting_cash(self) -> float:
        """What its account began with."""
        return float(self.spec["starting_cash"])

    @property
    def net_profit(self) -> float:
        """Final equity less starting cash, lots still open at the last close."""
        return float(self.equity["equity"][-1]) - self.starting_cash


def read_run(folder: Path, *, run_id: str, revision: int) -> ComparedRun:
    """Read a finished run's folder; raises whatever its files raise where they are not whole."""
    equity = pl.read_parquet(
        folder / artifacts.frame_file("equity"), columns=["ts_open", "equity"]
    ).cast({name: EQUITY[name] for name in ("ts_open", "equity")})
    if equity.is_empty():
        raise InputError(f"Run {run_id} has no bar.")
    return ComparedRun(
        run_id=run_id,
        revision=revision,
        manifest=read_json(folder / artifacts.MANIFEST_FILE),
        metrics=read_json(folder / artifacts.METRICS_FILE),
        trades=pl.read_parquet(folder / artifacts.frame_file("trades"), columns=list(_TRADES)),
        equity=equity,
        source=artifacts.read_source(folder),
    )
