"""Stage 7: a run's folder: frames, metrics and the manifest that proves them."""

from pathlib import Path

import polars as pl

from hewston.pipeline import schemas

FRAMES: dict[str, schemas.Schema] = {
    "signals": schemas.SIGNALS,
    "orders": schemas.ORDERS,
    "fills": schemas.FILLS,
    "trades": schemas.TRADES_RT,
    "equity": schemas.EQUITY,
}
METRICS_FILE = "metrics.json"
MANIFEST_FILE = "run-manifest.json"


def read_frame(folder: Path, name: str) -> pl.DataFrame:
    """Read one of ``FRAMES`` of a complete run."""
    return pl.read_parquet(folder / f"{name}.parquet")
