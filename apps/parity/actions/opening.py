"""What both sides of a comparison hold, and what certifies the one that is done."""

from typing import Any

import polars as pl

from apps.parity.actions.reports import read_comparison
from apps.parity.models import BridgeArtifact, Comparison
from apps.runs.models import Run
from hewston.http import reading
from hewston.pipeline import artifacts
from hewston.pipeline.parity.report import certify
from hewston.pipeline.schemas import list_indicators


def list_titles(side: BridgeArtifact | Run) -> list[str]:
    """List the titles of a side's series, in its own order.

    Raises DamagedError where its files are not whole.
    """
    if isinstance(side, BridgeArtifact):
        with reading("bridge artifact", side.pk):
            return [one["title"] for one in side.read_facts()["series"]]
    path = side.folder / artifacts.frame_file("signals")
    with reading("run", side.pk, path):
        return list_indicators(pl.read_parquet_schema(path))


def certify_comparison(comparison: Comparison) -> dict[str, Any]:
    """Give the certificate of a comparison that is done, whether or not a version keeps it."""
    report = read_comparison(comparison=comparison)
    return certify(report, code_hash=comparison.code_hash, report_sha256=comparison.report_sha256)
