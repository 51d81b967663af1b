"""A comparison of the catalogue's dataset with a vendor's bars, of which some differ."""

import functools
import tempfile
from pathlib import Path

import polars as pl

from apps.datasets.models import Equality
from hewston.pipeline import store
from hewston.pipeline.equality import REPORT_FILE, Proof, Subject, prove
from tests.pipeline.dbnfiles import Meta
from tests.pipeline.vendorfiles import write_vendor
from tests.scenes import DATASET_ID, FIRST, LAST, Catalogue

EQUALITY_ID = "eeeeeeeeeeee"
VENDOR = Meta(schema="ohlcv-1m", symbols={"ACME": 7}, start=FIRST, end=LAST)


def write_other(path: Path, bars: pl.DataFrame) -> Path:
    """Write the vendor's bars: one close is off by a cent, one bar is missing."""
    bars = bars.with_row_index("row").filter(pl.col("row") != 100)
    off = pl.when(pl.col("row") == 7).then(pl.col("close") + 0.01).otherwise("close")
    return write_vendor(path, bars.with_columns(off.alias("close")), VENDOR)


def add_equality(catalogue: Catalogue, root: Path) -> Equality:
    """Make the report of a comparison and its row."""
    revision, dataset = catalogue.revision, catalogue.dataset
    subject = Subject(
        dataset_id=DATASET_ID,
        revision=revision.number,
        bars_sha256=revision.bars_sha256,
        symbol=dataset.symbol,
        interval=dataset.interval,
        calendar=dataset.calendar,
        tz=dataset.tz,
        tick_size=0.01,
        venue_code=dataset.venue_code,
        bars=revision.folder / "bars.parquet",
        raw=(),
    )
    proof = _prove(subject, root)
    report = store.read_json(revision.equality_folder(proof.digest) / REPORT_FILE)
    equality = Equality.objects.create(
        id=EQUALITY_ID, owner=catalogue.ada, revision=revision, sources=["vendor.dbn.zst"]
    )
    equality.claim()
    equality.complete(
        digest=proof.digest,
        files=list(proof.files),
        verdict=report["verdict"],
        sentence=report["sentence"],
        counts=report["bars"],
    )
    return equality


@functools.cache
def _prove(subject: Subject, root: Path) -> Proof:
    """Compare, and put the report in place: once a data root, since it is always the same."""
    with tempfile.TemporaryDirectory(dir=root) as made:
        path = write_other(Path(made) / "vendor.dbn.zst", pl.read_parquet(subject.bars))
        proof = prove(
            subject, against=[path], options={}, staging=Path(made), progress=lambda _state: None
        )
        place = store.Store(root)
        final = place.equality_folder(subject.dataset_id, subject.bars_sha256, proof.digest)
        store.publish(proof.folder, final)
    return proof
