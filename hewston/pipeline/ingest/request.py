"""What a person may ask to be brought in: files, or the sample year."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hewston.pipeline.ingest.drafts import Derivation, Progress, within
from hewston.pipeline.ingest.files import list_given
from hewston.pipeline.ingest.tables.deriving import TableOptions, are_tables, derive_tables
from hewston.pipeline.ingest.ticks import derive_dbn, silent
from hewston.pipeline.sources.sample import write_sample

_MAKING = (0.0, 0.4)  # shares of the whole
_DERIVING = (0.4, 1.0)


def derive(
    sources: Sequence[Path],
    *,
    staging: Path,
    options: Mapping[str, Any],
    progress: Progress = silent,
    log: object = None,
) -> Derivation:
    """Derive what was asked for; ``options`` are those of ``derive_dbn``, or ``sample_year``.

    Tables have ``table``, the answers about them, or are known by their names; ``venue`` is theirs
    too. Raises what ``derive_dbn`` and ``derive_tables`` raise.
    """
    del log  # all that is to say is in the result
    if "sample_year" not in options:
        given = list_given(sources)
        if "table" in options or are_tables(given):
            return derive_tables(
                given, staging=staging, options=TableOptions.read(options), progress=progress
            )
        return derive_dbn(sources, staging=staging, progress=progress, **options)
    made = staging / "sample"
    made.mkdir()
    paths = write_sample(
        made, year=int(options["sample_year"]), progress=within(progress, *_MAKING)
    )
    derivation = derive_dbn(paths, staging=staging, progress=within(progress, *_DERIVING))
    # No vendor sent this data, whatever its files say.
    drafts = [dataclasses.replace(draft, provider="sample") for draft in derivation.drafts]
    return dataclasses.replace(derivation, drafts=tuple(drafts))
