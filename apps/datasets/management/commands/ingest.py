"""`manage.py ingest`: bring market data in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.datasets.actions import (
    INGEST_FIELDS,
    read_ingest_fields,
    recover_ingests,
    request_ingest,
)
from apps.datasets.models import Ingest, Revision
from apps.datasets.tasks import perform_ingest
from apps.permissions.actions import ensure_user
from hewston.command import HewstonCommand
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import read_fields
from hewston.taskqueue import follow

DEFAULT_SAMPLE_YEAR = 2023
EDITS = ("calendar", "asset_class", "tick", "lot", "multiplier", "currency")


class Command(HewstonCommand):
    """Files in, datasets out."""

    help = "Bring market data in: Databento DBN files (TRADES, TBBO), or the made-up sample year."

    def add_options(self, parser: CommandParser) -> None:
        """Add where the data is and what to take of it."""
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument(
            "--dbn", nargs="+", metavar="FILE_OR_FOLDER", help="DBN files, or folders of them"
        )
        source.add_argument(
            "--sample", action="store_true", help="a made-up, deterministic year as real DBN files"
        )
        parser.add_argument("--symbol", help="only this symbol (default: one dataset each)")
        parser.add_argument(
            "--dataset", metavar="CODE", help="only this vendor dataset, like XNAS.ITCH"
        )
        for name in EDITS:
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                dest=name,
                metavar=name.upper(),
                help=str(INGEST_FIELDS[name]["help"]),
            )
        parser.add_argument("--year", help=f"year of the sample (default: {DEFAULT_SAMPLE_YEAR})")

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Request the ingest, do it in this process and describe what came of it."""
        recover_ingests()
        if options["year"] is not None and not options["sample"]:
            raise CommandError("--year belongs to --sample.", returncode=2)
        if "" in (options["dbn"] or ()):
            raise InputError("--dbn was given an empty name.", field="dbn")
        ingest = request_ingest(
            owner=ensure_user(name=options["user"]),
            sources=[Path(source).absolute() for source in options["dbn"] or ()],
            options=_read_options(options),
        )
        try:
            while not ingest.is_over:
                perform_ingest(ingest, report=self.show_share)
                follow(ingest, recover=recover_ingests)
        except HewstonError as problem:
            problem.details = {**problem.details, "ingest_id": ingest.pk}
            raise
        finally:
            self.end_progress()
        ingest.refresh_from_db()
        return _answer(ingest)

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say what came of it, a line a dataset."""
        lines = [
            f"{entry['dataset_id']} revision {entry['revision']}: {entry['rows']:,} bars"
            + ("" if entry["created"] else " (already there, nothing was added)")
            for entry in answer.get("datasets", [answer])
        ]
        lines += [f"Left out {entry['file']}: {entry['reason']}" for entry in answer["left_out"]]
        return "\n".join(lines)


def _read_options(options: Mapping[str, Any]) -> dict[str, object]:
    said: dict[str, object] = {
        "symbol": options["symbol"],
        "vendor_dataset": options["dataset"],
        **{name: options[name] for name in EDITS},
    }
    if options["sample"]:
        if any(said.values()):
            raise InputError("Only --year goes with --sample.", field="sample")
        rule = {**INGEST_FIELDS["sample_year"], "default": DEFAULT_SAMPLE_YEAR}
        given = {} if options["year"] is None else {"year": options["year"]}
        said = {"sample_year": read_fields({"year": rule}, given, of="option")["year"]}
    return read_ingest_fields(said)


def _answer(ingest: Ingest) -> dict[str, Any]:
    entries = [_describe(ingest, revision) for revision in ingest.revisions.all()]
    shared = {"ingest_id": ingest.pk, "left_out": ingest.left_out}
    return {**entries[0], **shared} if len(entries) == 1 else {"datasets": entries, **shared}


def _describe(ingest: Ingest, revision: Revision) -> dict[str, Any]:
    return {
        "dataset_id": revision.dataset_id,
        "revision": revision.number,
        "rows": revision.rows,
        "bars_path": str(revision.folder / "bars.parquet"),
        "manifest_path": str(revision.folder / "manifest.json"),
        "quality_path": str(revision.folder / "quality.json"),
        "bars_sha256": revision.bars_sha256,
        "created": revision.made_by_id == ingest.pk,
    }
