"""The sources of two runs' strategies, as far as they are known."""

import dataclasses
import difflib
import hashlib
import inspect
from pathlib import Path

from hewston.pipeline.comparison.run import ComparedRun
from hewston.pipeline.errors import InputError
from hewston.pipeline.strategies.catalogue import find_strategy, source_sha256

_MOST_LINES = 5_000  # of a source; comparing longer ones takes seconds


@dataclasses.dataclass(frozen=True, kw_only=True)
class SourceDifference:
    """How two sources differ: unified diff lines, or the reason why that cannot be shown."""

    a_sha256: str
    b_sha256: str
    lines: tuple[str, ...] | None
    reason: str = ""


def compare_sources(a: ComparedRun, b: ComparedRun) -> SourceDifference | None:
    """Compare the strategies' sources; None where they have the same hash.

    A run of a built-in strategy keeps the hash of its source and not the source: only one that is
    still as it was can be shown.
    """
    hashes = [str(run.spec["strategy"]["sha256"]) for run in (a, b)]
    if hashes[0] == hashes[1]:
        return None
    sources = [_find_source(run, digest) for run, digest in zip((a, b), hashes, strict=True)]
    lost = [run.run_id for run, source in zip((a, b), sources, strict=True) if source is None]
    if lost:
        whose = " and ".join(f"run {name}" for name in lost)
        reason = (
            f"The strategy's source changed since {whose}. Runs of built-in strategies keep its "
            "hash and not its text, so the two sources cannot be shown."
        )
        return SourceDifference(a_sha256=hashes[0], b_sha256=hashes[1], lines=None, reason=reason)
    texts = [(source or "").splitlines() for source in sources]
    if max(map(len, texts)) > _MOST_LINES:
        reason = f"A source has over {_MOST_LINES:,} lines, which is too long to compare here."
        return SourceDifference(a_sha256=hashes[0], b_sha256=hashes[1], lines=None, reason=reason)
    names = [f"{run.spec['strategy']['id']} (run {run.run_id})" for run in (a, b)]
    lines = difflib.unified_diff(texts[0], texts[1], names[0], names[1], lineterm="")
    return SourceDifference(a_sha256=hashes[0], b_sha256=hashes[1], lines=tuple(lines))


def _find_source(run: ComparedRun, sha256: str) -> str | None:
    """Give a strategy's source where it is that of the run, kept with it or still the same."""
    if run.source is not None:
        is_same = hashlib.sha256(run.source).hexdigest() == sha256
        return run.source.decode(errors="replace") if is_same else None
    try:
        strategy = find_strategy(str(run.spec["strategy"]["id"]))
    except InputError:
        return None
    if source_sha256(strategy) != sha256:
        return None
    return Path(inspect.getfile(strategy)).read_text(encoding="utf-8")
