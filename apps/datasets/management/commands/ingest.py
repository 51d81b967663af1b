"""`manage.py ingest`: bring market data in."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.datasets.actions import (
    INGEST_FIELDS,
    list_tables,
    preview_table,
    read_ingest_fields,
    read_table_options,
    recover_ingests,
    request_ingest,
)
from apps.datasets.models import Ingest, Revision
from apps.datasets.tasks import perform_ingest
from apps.permissions.actions import ensure_user
from apps.permissions.models import User
from hewston.command import HewstonCommand
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import read_fields
from hewston.pipeline.ingest.tables.options import HELP, MARKET_FIELDS, OPTIONS
from hewston.taskqueue import follow

DEFAULT_SAMPLE_YEAR = 2023
_TABLES = ("csv", "excel", "parquet")
_OF_TABLES = [name for name in OPTIONS if name != "symbol" and name not in MARKET_FIELDS]
_FLAGS = {"columns": "--map"}  # where the name is another one
_MORE_HELP = {"tz": "; one that begins with a minus as --tz=-05:00"}
_EXAMPLES = {"columns": "time=Date,open=Open", "tz": "ZONE", "max_bad_rows": "N"}


def flag_of(option: str) -> str:
    """Give an option of a table as it is typed."""
    return _FLAGS.get(option, "--" + option.replace("_", "-"))


class Command(HewstonCommand):
    """Files in, datasets out."""

    help = (
        "Bring market data in: Databento DBN files (TRADES, TBBO), tables of bars, or the made-up "
        "sample year."
    )

    def add_options(self, parser: CommandParser) -> None:
        """Add where the data is and what to take of it."""
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument(
            "--dbn", nargs="+", metavar="FILE_OR_FOLDER", help="DBN files, or folders of them"
        )
        for kind in _TABLES:
            source.add_argument(
                f"--{kind}", nargs="+", metavar="FILE", help=f"{kind} tables of one symbol's bars"
            )
        source.add_argument(
            "--sample", action="store_true", help="a made-up, deterministic year as real DBN files"
        )
        parser.add_argument(
            "--symbol",
            help="of DBN, only this symbol (default: one dataset each); of a table, whose bars "
            "they are",
        )
        parser.add_argument(
            "--dataset", metavar="CODE", help="only this vendor dataset, like XNAS.ITCH"
        )
        _add_options_of(parser, MARKET_FIELDS)
        parser.add_argument("--year", help=f"year of the sample (default: {DEFAULT_SAMPLE_YEAR})")
        tables = parser.add_argument_group("of tables")
        tables.add_argument(
            "--preview", action="store_true", help="say what a table would become; store nothing"
        )
        tables.add_argument("--preset", metavar="NAME", help="what you kept under a name")
        _add_options_of(tables, _OF_TABLES)

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Request the ingest, do it in this process and describe what came of it."""
        recover_ingests()
        if options["year"] is not None and not options["sample"]:
            raise CommandError("--year belongs to --sample.", returncode=2)
        owner = ensure_user(name=options["user"])
        kind = next((kind for kind in _TABLES if options[kind]), None)
        if kind is None:
            _refuse_table_options(options)
            return self._bring_in(owner, _sources(options, "dbn"), _read_options(options))
        try:
            return self._read_tables(owner, _sources(options, kind), options)
        except HewstonError as problem:
            raise _as_typed(problem) from problem

    def _read_tables(
        self, owner: User, sources: list[Path], options: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        if options["dataset"] is not None:
            raise InputError("--dataset goes with --dbn: tables have none.", field="dataset")
        said = {name: options[name] for name in ("preset", *OPTIONS) if options[name] is not None}
        read = read_table_options(owner=owner, given=said)
        tables = list_tables(sources)
        if not tables:
            raise InputError(f"{sources[0].name} is in DBN: give it with --dbn.", field="csv")
        if options["preview"]:
            return preview_table(tables[0], options=read)
        return self._bring_in(owner, sources, read)

    def _bring_in(
        self, owner: User, sources: list[Path], options: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        ingest = request_ingest(owner=owner, sources=sources, options=options)
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
        """Say what came of it, a line a dataset; or what a table would become."""
        if "settings" in answer:
            return "\n".join(_describe_preview(answer))
        lines = [
            f"{entry['dataset_id']} revision {entry['revision']}: {entry['rows']:,} bars"
            + ("" if entry["created"] else " (already there, nothing was added)")
            for entry in answer.get("datasets", [answer])
        ]
        lines += [f"Left out {entry['file']}: {entry['reason']}" for entry in answer["left_out"]]
        lines += [
            f"Left out line {row['line']:,} of {row['file']}: {row['reason']}"
            for row in answer.get("bad_rows", [])
        ]
        return "\n".join(lines)


def _add_options_of(parser: Any, names: Iterable[str]) -> None:
    for name in names:
        parser.add_argument(
            flag_of(name),
            dest=name,
            metavar=_EXAMPLES.get(name, name.upper()),
            help=f"{HELP[name]}{_MORE_HELP.get(name, '')}",
        )


def _sources(options: Mapping[str, Any], kind: str) -> list[Path]:
    names = options[kind] or ()
    if "" in names:
        raise InputError(f"--{kind} was given an empty name.", field=kind)
    return [Path(name).absolute() for name in names]


def _refuse_table_options(options: Mapping[str, Any]) -> None:
    for name in ("preset", *_OF_TABLES):
        if options[name] is not None:
            raise InputError(
                f"{flag_of(name)} is of tables: it goes with --csv, --excel or --parquet.",
                field=name,
            )
    if options["preview"]:
        raise InputError("--preview goes with --csv, --excel or --parquet.", field="preview")


def _read_options(options: Mapping[str, Any]) -> dict[str, object]:
    said: dict[str, object] = {
        "symbol": options["symbol"],
        "vendor_dataset": options["dataset"],
        **{name: options[name] for name in MARKET_FIELDS},
    }
    if options["sample"]:
        if any(said.values()):
            raise InputError("Only --year goes with --sample.", field="sample")
        rule = {**INGEST_FIELDS["sample_year"], "default": DEFAULT_SAMPLE_YEAR}
        given = {} if options["year"] is None else {"year": options["year"]}
        said = {"sample_year": read_fields({"year": rule}, given, of="option")["year"]}
    return read_ingest_fields(said)


def _as_typed(problem: HewstonError) -> HewstonError:
    """Name what must be said as it is typed here."""
    questions = problem.details.get("questions")
    message = problem.message.replace("max_bad_rows", flag_of("max_bad_rows"))
    message = message.replace("with columns, as in", f"with {flag_of('columns')}, as in")
    if isinstance(questions, list):
        asked = [f"{_as_option(one)} ({one['reason']})" for one in questions]
        message = (
            f"{problem.details.get('file')} does not say everything. If the best guess is right, "
            f"say {'; '.join(asked)}."
        )
    return InputError(message, code=problem.code, **problem.details)


def _as_option(question: Mapping[str, Any]) -> str:
    value = str(question["value"])
    joint = "=" if value.startswith("-") else " "  # else it would be taken for another option
    return f"{flag_of(question['option'])}{joint}{value}"


def _describe_preview(shown: Mapping[str, Any]) -> list[str]:
    rows = shown["rows"]
    lines = [f"{shown['file']}: {shown['layout'] or 'a table of no layout that is known'}"]
    lines += [
        f"  {one['label']}: {one['value']} ({one['confidence']}: {one['reason']})"
        for one in shown["settings"]
    ]
    lines += [
        f"  Column {one['number']}, {one['name']}: {one['role']} ({one['confidence']})"
        for one in shown["columns"]
    ]
    if market := shown["market"]:
        lines.append(f"  Market: {market['asset_class']}, calendar {market['calendar']}")
    part = "" if rows["is_whole"] else " of the first part"
    lines.append(f"  {rows['bars']:,} bars of {rows['read']:,} rows{part}, {rows['bad']:,} bad")
    lines += [
        f"  {bar['ts_open']}  {bar['open']:g}  {bar['high']:g}  {bar['low']:g}  {bar['close']:g}"
        for bar in (*shown["bars"]["head"][:2], *shown["bars"]["tail"][-2:])
    ]
    lines += [
        f"  {one['severity']}: {one['sentence']}" for one in shown["findings"] if one["count"]
    ]
    lines += [f"  Refused: {one['message']}" for one in shown["refusals"]]
    asked = ", ".join(flag_of(name) for name in shown["questions"])
    lines.append(f"Say first: {asked}." if asked else "Nothing is left to say.")
    return lines


def _answer(ingest: Ingest) -> dict[str, Any]:
    entries = [_describe(ingest, revision) for revision in ingest.revisions.all()]
    shared: dict[str, Any] = {"ingest_id": ingest.pk, "left_out": ingest.files_left_out}
    if ingest.is_table:
        shared["bad_rows"] = ingest.bad_rows
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
