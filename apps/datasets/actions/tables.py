"""Tables before they are brought in: what they would become, and what must be said of them."""

import errno
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from apps.datasets.actions.presets import find_preset
from apps.permissions.models import User
from hewston import children
from hewston.children import UnforeseenError
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.ingest.files import Given, list_given
from hewston.pipeline.ingest.kinds import sort_files
from hewston.pipeline.ingest.tables.options import flatten_options, merge_options, read_options
from hewston.pipeline.ingest.tables.reading import refuse_open
from hewston.pipeline.sources.tables.plan import Finding
from hewston.pipeline.store import Store
from hewston.taskqueue import new_id

PREVIEW = "hewston.pipeline.ingest.tables.preview:preview_table"  # with all that reads tables
_WITHIN_S = 60.0
_MEMORY_BYTES = 1_500_000_000  # a million rows take 600 MB

logger = logging.getLogger(__name__)


def list_tables(paths: Sequence[Path]) -> list[Given]:
    """List the tables among files and folders; none where they are files in DBN.

    Raises InputError for a path that is not there, and for files of both kinds.
    """
    kind, files = sort_files(list_given(paths))
    return files if kind == "table" else []


def read_table_options(*, owner: User, given: Mapping[str, object]) -> dict[str, Any]:
    """Read what a person says of tables, flat, as the options of an ingest.

    ``preset`` names one of theirs; what is said besides wins. Raises InputError with the field.
    """
    said = {name: value for name, value in given.items() if name != "preset"}
    options = read_options(said)
    name = given.get("preset")
    if name is None or name == "":
        return options
    kept = find_preset(owner=owner, name=name).options
    return read_options(merge_options(flatten_options(kept), flatten_options(options)))


def preview_table(table: Given, *, options: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a table would become, as the pipeline's ``preview_table`` does, in a child.

    Raises InputError for what is no table of bars, or needs too much memory.
    """
    with Store(settings.DATA_ROOT).staging(f"preview-{new_id()}") as scratch:
        try:
            shown: dict[str, Any] = children.ask(
                PREVIEW,
                within_s=_WITHIN_S,
                memory_bytes=_MEMORY_BYTES,
                path=table.path,
                name=table.name,
                scratch=scratch,
                answers=dict(options.get("table") or {}),
                overrides=dict(options.get("overrides") or {}),
                calendar=options.get("calendar"),
            )
        except UnforeseenError as problem:
            raise _explain(problem, table) from problem
    return shown


def check_tables(tables: Sequence[Given], *, options: Mapping[str, Any]) -> None:
    """Refuse tables of which something must be asked, or that cannot become a dataset.

    The first is looked at: the others are read in the same way. Raises InputError; what must be
    asked is in its details, ``questions``.
    """
    shown = preview_table(tables[0], options=options)
    names = ("value", "confidence", "reason", "choices")
    settings_found = {
        one["key"]: Finding(**{name: one[name] for name in names}) for one in shown["settings"]
    }
    refuse_open(settings_found, name=shown["file"])
    for refusal in shown["refusals"]:
        raise InputError(refusal["message"], code=refusal["code"], **(refusal.get("details") or {}))


def _explain(problem: UnforeseenError, table: Given) -> HewstonError:
    logger.error("%s: %s", table.name, "".join(problem.lines))
    if problem.errno == errno.ENOENT:
        return InputError(
            f"{table.name} went away while it was read. Send it again.", field="files"
        )
    return InputError(
        f"{table.name} cannot be read as a table, for a reason that nobody foresaw "
        f"({problem.kind}); the server's log has it. Save it as plain CSV and try again.",
        file=table.name,
    )
