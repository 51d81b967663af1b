"""What Pine would have exported of the catalogue's run, kept, and compared with it."""

import atexit
import csv
import functools
import io
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from apps.parity import actions
from apps.parity.actions.sides import hash_inputs
from apps.parity.models import BridgeArtifact, Certificate, Comparison
from apps.parity.tasks import list_columns
from apps.strategies.models import StrategyVersion
from hewston.pipeline import artifacts, store
from hewston.pipeline.parity.comparing import compare_to_folder
from hewston.pipeline.parity.files import REPORT_FILE
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.report import certify
from hewston.pipeline.parity.sources import ArtifactSource, RunSource
from hewston.pipeline.spec import canonical_json, sha256_text
from tests.bridges import HEADER, add_artifact, read_bars
from tests.scenes import RUN_ID, Catalogue

COMPARISON_ID = "cccccccccccc"
PARTED_ID = "cccccccccccb"
CERTIFICATE_ID = "ccccccccccce"
COMPARED_ID = "eeeeeeeeeee2"  # the artifact
_CANDLES = ("ts_open", "open", "high", "low", "close", "volume")


def chart_of_run(
    catalogue: Catalogue,
    *,
    change: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame,
) -> bytes:
    """Write chart data with the bars of the catalogue's run and its two averages."""
    signals = artifacts.read_frame(catalogue.run.folder, "signals")
    frame = signals.select("ts_open", Fast="fast", Slow="slow").join(
        read_bars(catalogue).select(_CANDLES), on="ts_open", how="left", maintain_order="left"
    )
    frame = change(frame)
    lines = ["time,open,high,low,close,Fast,Slow,Volume"]
    for row in frame.to_dicts():
        values = (row[name] for name in ("open", "high", "low", "close", "Fast", "Slow", "volume"))
        cells = ("NaN" if one is None else repr(one) for one in values)
        lines.append(f"{int(row['ts_open'].timestamp())},{','.join(cells)}")
    return "\n".join(lines).encode()


def raise_slow_at(row: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Make one value of the slow average another one."""
    is_there = pl.int_range(pl.len()) == row
    raised = pl.when(is_there).then(pl.col("Slow") + 1.0).otherwise(pl.col("Slow"))
    return lambda frame: frame.with_columns(Slow=raised)


def list_at_closes(trades: pl.DataFrame, bars: pl.Series, closes: pl.DataFrame) -> bytes:
    """Write a list of a run's trades as fills at the closes of the bars before would have made it.

    Times are in UTC, and those of bars' starts.
    """
    close = dict(closes.iter_rows())
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    for number, row in enumerate(trades.drop_nulls("exit_bar").to_dicts(), start=1):
        ends = [("Exit", row["exit_bar"] - 1), ("Entry", row["entry_bar"] - 1)]
        for kind, bar in ends:
            moment = bars[bar]
            when = f"{moment:%Y-%m-%d %H:%M}"
            what = f"{kind} {row['side'].lower()}"
            fill = f"{close[moment]:.2f}"
            rest = [row["qty"], row["qty"], 0, 0, 0, 1, 0.1, -1, -0.1, 0, 0.1, 1]
            writer.writerow([number, what, when, "Go", fill, *rest])
    return file.getvalue().encode()


def keep(catalogue: Catalogue, data: bytes, name: str = "chart.csv", **said: str) -> BridgeArtifact:
    """Keep an export of Ada's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        kept, _ = actions.keep_file(owner=catalogue.ada, path=path, filename=name, **said)
    return kept


def request(catalogue: Catalogue, artifact: BridgeArtifact, run_id: str = RUN_ID) -> Comparison:
    """Ask for a comparison with the catalogue's run."""
    made, _ = actions.request_comparison(
        owner=catalogue.ada, artifact_id=artifact.pk, run_id=run_id
    )
    return made


@functools.cache
def _compare(artifact: Path, run: Path, bars_file: Path) -> tuple[Path, dict[str, Any]]:
    """Compare both once; gives the folder, which is copied, and the report."""
    folder = Path(tempfile.mkdtemp(prefix="comparison-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    report = compare_to_folder(
        pine=[ArtifactSource(folder=artifact)],
        python=[RunSource(folder=run, bars_file=bars_file, run_id=RUN_ID)],
        options=Options(),
        folder=folder,
    )
    return folder, report


def add_parted(catalogue: Catalogue, comparison_id: str = PARTED_ID) -> Comparison:
    """Make a comparison of the run with its own export, of which some values are others."""

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        for row in (500, 501, 900):
            frame = raise_slow_at(row)(frame)
        return frame

    artifact = keep(catalogue, chart_of_run(catalogue, change=change), name="parted.csv")
    return add_comparison(catalogue, comparison_id, artifact=artifact)


def add_comparison(
    catalogue: Catalogue,
    comparison_id: str = COMPARISON_ID,
    *,
    artifact: BridgeArtifact | None = None,
    is_done: bool = True,
) -> Comparison:
    """Make a comparison of an artifact of its own; one that is not done waits for a worker."""
    artifact = artifact or BridgeArtifact.objects.filter(pk=COMPARED_ID).first()
    artifact = artifact or add_artifact(catalogue, COMPARED_ID, sha="c", sessions=("regular",))
    made = Comparison(
        id=comparison_id,
        owner=catalogue.ada,
        artifact=artifact,
        run=catalogue.run,
        options=Options().as_json(),
        code_hash=artifacts.hash_code(),
    )
    made.inputs_sha256 = hash_inputs(made)
    made.save(force_insert=True)
    if not is_done:
        return made
    folder, report = _compare(
        artifact.folder, catalogue.run.folder, catalogue.revision.folder / "bars.parquet"
    )
    shutil.rmtree(made.folder, ignore_errors=True)
    shutil.copytree(folder, made.folder)
    made.claim()
    sha256 = store.sha256_file(made.folder / REPORT_FILE)
    made.complete(report_sha256=sha256, **list_columns(report))
    return made


def add_certificate(catalogue: Catalogue, comparison: Comparison) -> Certificate:
    """Certify a comparison for Ada's strategy, as if its run had been of it."""
    report = store.read_json(comparison.folder / REPORT_FILE)
    content = certify(
        report, code_hash=comparison.code_hash, report_sha256=comparison.report_sha256
    )
    return Certificate.objects.create(
        id=CERTIFICATE_ID,
        owner=catalogue.ada,
        version=StrategyVersion.objects.get(strategy__slug="trend", number=1),
        comparison=comparison,
        verdict=comparison.verdict,
        sentence=comparison.sentence,
        content=content,
        sha256=sha256_text(canonical_json(content)),
    )
