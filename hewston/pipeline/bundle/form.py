"""What a bundle holds: a zip of stored members, sorted by name, listed in its first one."""

from pathlib import PurePosixPath

from hewston.pipeline import artifacts
from hewston.pipeline.ingest import BARS, MANIFEST, QUALITY

SUFFIX = ".zip"
KIND, FORMAT = "hewston bundle", 1
BUNDLE_FILE = "bundle.json"
RUN, DATASET = "run", "dataset"
RUN_MEMBERS = frozenset(
    f"{RUN}/{name}"
    for name in (
        artifacts.MANIFEST_FILE,
        artifacts.METRICS_FILE,
        *map(artifacts.frame_file, artifacts.FRAMES),
    )
)
SOURCE_MEMBER = f"{RUN}/{artifacts.STRATEGY_FILE}"  # of a run of a version
DATASET_MEMBERS = frozenset(f"{DATASET}/{name}" for name in (BARS, QUALITY, MANIFEST))


def most_bytes(member: str) -> int | None:
    """Give the most bytes that a member may have; None for a table, which the disk limits."""
    if member == SOURCE_MEMBER:
        return 1 << 20
    if not member.endswith(".json"):
        return None
    name = PurePosixPath(member).name
    return {BUNDLE_FILE: 1 << 16, artifacts.MANIFEST_FILE: 1 << 18}.get(name, 1 << 24)
