"""From source files to a dataset: one-minute bars, what is odd about them, and a manifest."""

from hewston.pipeline.ingest.drafts import DatasetDraft, Derivation, LeftOut, Progress, RawFile
from hewston.pipeline.ingest.files import printable
from hewston.pipeline.ingest.folder import (
    BARS,
    MANIFEST,
    QUALITY,
    dataset_manifest,
    rederive,
    verify_dataset,
    write_dataset,
)
from hewston.pipeline.ingest.ticks import derive_dbn

__all__ = [
    "BARS",
    "MANIFEST",
    "QUALITY",
    "DatasetDraft",
    "Derivation",
    "LeftOut",
    "Progress",
    "RawFile",
    "dataset_manifest",
    "derive_dbn",
    "printable",
    "rederive",
    "verify_dataset",
    "write_dataset",
]
