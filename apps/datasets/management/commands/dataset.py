"""`manage.py dataset`: what is done with datasets that are there."""

import argparse
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from apps.datasets.actions import (
    SELECTION_FIELDS,
    archive_dataset,
    choose_revision,
    compare_revisions,
    delete_dataset,
    describe_dataset,
    find_dataset,
    read_summary,
    recover_ingests,
    restore_dataset,
    select_bars,
    write_bars,
    write_differences_csv,
)
from apps.datasets.forms import narrow
from apps.datasets.models import Dataset
from apps.permissions.actions import ensure_user
from apps.permissions.models import User
from hewston.command import HewstonCommand, writing
from hewston.http import reading
from hewston.pipeline.errors import InputError
from hewston.pipeline.export import KINDS
from hewston.pipeline.fields import read_fields
from hewston.pipeline.store import sha256_file

_SUFFIXES = ", ".join(f".{kind}" for kind in KINDS)
_DATES = {"from": "from-date", "to": "to-date"}
_FILTERS = ("q", "tag", "provider", "interval", "asset_class", "archived")


class Command(HewstonCommand):
    """Lists datasets; shows, describes, archives, restores, exports and deletes one."""

    help = "List datasets, or show, describe, archive, restore, compare, export or delete one."

    def add_options(self, parser: CommandParser) -> None:
        """Add the verbs, each with its own options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

        def add(verb: str, sentence: str) -> argparse.ArgumentParser:
            made = verbs.add_parser(verb, help=sentence, description=sentence)
            hidden = argparse.SUPPRESS  # what every command takes may come after the verb too
            made.add_argument("--json", action="store_true", default=hidden, help=hidden)
            made.add_argument("--user", metavar="NAME", default=hidden, help=hidden)
            if verb != "list":
                made.add_argument("id", help="the dataset")
            return made

        listing = add("list", "list datasets, the newest first; archived ones only when asked")
        listing.add_argument("--q", metavar="TEXT", help="in id, symbol, source, notes or a tag")
        for name in ("tag", "provider", "interval", "asset-class"):
            listing.add_argument(f"--{name}", metavar="NAME", help=f"of this {name}")
        listing.add_argument("--archived", choices=("only", "any"), help="archived alone, or too")
        add("show", "show one: its tags, notes, revisions and how many runs use it")
        describing = add("describe", "give it notes and tags in place of those before")
        describing.add_argument("--notes", metavar="TEXT")
        describing.add_argument("--tags", metavar="TAG,TAG", help="with commas between them")
        add("archive", "leave it out of lists; its runs stay")
        add("restore", "bring an archived one back")
        exporting = add("export", "write its bars to a file")
        exporting.add_argument(
            "--to", required=True, metavar="FILE", help=f"its suffix is the format: {_SUFFIXES}"
        )
        for name, rule in SELECTION_FIELDS.items():
            allowed = rule.get("help") or f"one of {', '.join(rule['choices'])}"
            option = _DATES.get(name, name)  # --to is the file
            exporting.add_argument(f"--{option}", metavar=name.upper(), help=allowed)
        differing = add("diff", "count what changed between two of its revisions")
        differing.add_argument("--from", type=int, metavar="REVISION", help="else the one before")
        differing.add_argument("--to", type=int, metavar="REVISION", help="else the newest")
        differing.add_argument("--csv", metavar="FILE", help="write every bar that differs")
        for one in (exporting, differing):
            one.add_argument("--overwrite", action="store_true", help="a file that is there too")
        add("delete", "remove it with its files; refused while a run uses it")

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what the verb says."""
        user = ensure_user(name=options["user"])
        recover_ingests()
        if options["verb"] == "list":
            return {"datasets": _list(user, options)}
        dataset = find_dataset(user=user, dataset_id=options["id"])
        verbs: dict[str, Callable[[], None]] = {
            "archive": lambda: archive_dataset(dataset=dataset),
            "restore": lambda: restore_dataset(dataset=dataset),
            "describe": lambda: _describe(dataset, options),
            "show": lambda: None,
        }
        if options["verb"] == "diff":
            return _compare(dataset, options)
        if options["verb"] == "export":
            return _export(dataset, options)
        if options["verb"] == "delete":
            delete_dataset(dataset=dataset)
            return {"deleted": dataset.pk}
        verbs[options["verb"]]()
        return _show(user, dataset.pk)

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say it, a line a dataset or a revision."""
        if "deleted" in answer:
            return f"Deleted {answer['deleted']}."
        if "unchanged" in answer:
            return _write_differences(answer)
        if "rows" in answer and "path" in answer:
            return f"{answer['rows']:,} bars in {answer['path']}"
        if "datasets" in answer:
            lines = [_write_line(one) for one in answer["datasets"]]
            return "\n".join(lines) or "There are no datasets."
        lines = [_write_line(answer), *(f"  notes: {answer['notes']}" for _ in answer["notes"][:1])]
        lines += [
            f"  revision {one['revision']}: {one['rows']:,} bars, {one['size_bytes']:,} bytes, "
            f"{_count_runs(one['used_by'])}, by ingest {one['ingest_id'] or 'unknown'}"
            for one in answer["revisions"]
        ]
        return "\n".join(lines)


def _write_line(one: Mapping[str, Any]) -> str:
    tags = f"  [{', '.join(one['tags'])}]" if one["tags"] else ""
    archived = "  archived" if one["archived"] else ""
    return (
        f"{one['dataset_id']}  {one['rows'] or 0:,} bars  {one['size_bytes']:,} bytes  "
        f"{_count_runs(one['used_by'])}{tags}{archived}"
    )


def _count_runs(runs: int) -> str:
    return f"{runs:,} run{'' if runs == 1 else 's'}"


def _describe(dataset: Dataset, options: Mapping[str, Any]) -> None:
    if options["notes"] is None and options["tags"] is None:
        raise InputError("Say --notes, --tags or both.", field="notes")
    describe_dataset(dataset=dataset, notes=options["notes"], tags=options["tags"])


def _export(dataset: Dataset, options: Mapping[str, Any]) -> dict[str, Any]:
    """Write the bars that were chosen to a file."""
    path = Path(options["to"]).absolute()
    kind = path.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise InputError(
            f"The name {path.name} must end in {_SUFFIXES}.", field="to", allowed=_SUFFIXES
        )
    said = {name: options[_DATES.get(name, name).replace("-", "_")] for name in SELECTION_FIELDS}
    given = {name: value for name, value in said.items() if value is not None}
    asked = read_fields(SELECTION_FIELDS, given, of="option of an export")
    revision = choose_revision(dataset=dataset, number=asked["revision"])
    chosen = select_bars(revision=revision, asked=asked)
    with (
        writing(path, field="to", overwrite=options["overwrite"]) as draft,
        reading("dataset", dataset.pk, *chosen.files),
    ):
        rows = write_bars(selection=chosen, kind=kind, path=draft)
    return {"path": str(path), "rows": rows, "sha256": sha256_file(path)}


def _compare(dataset: Dataset, options: Mapping[str, Any]) -> dict[str, Any]:
    after = choose_revision(dataset=dataset, number=options["to"])
    earlier = max(after.number - 1, 1) if options["from"] is None else options["from"]
    before = choose_revision(dataset=dataset, number=earlier)
    answer = {"dataset_id": dataset.pk, "before": before.number, "after": after.number}
    files = [revision.folder / "bars.parquet" for revision in (before, after)]
    with contextlib.ExitStack() as stack:
        draft = None
        if options["csv"] is not None:
            path = Path(options["csv"]).absolute()
            draft = stack.enter_context(writing(path, field="csv", overwrite=options["overwrite"]))
            answer["csv"] = str(path)
        stack.enter_context(reading("dataset", dataset.pk, *files))
        folder = compare_revisions(before=before, after=after)
        answer |= read_summary(folder)
        if draft is not None:
            write_differences_csv(folder=folder, path=draft)
    return answer


def _write_differences(answer: Mapping[str, Any]) -> str:
    told = (
        f"From revision {answer['before']} to {answer['after']} of {answer['dataset_id']}: "
        f"{answer['added']:,} bars added, {answer['removed']:,} removed, "
        f"{answer['different']:,} different, {answer['unchanged']:,} unchanged"
    )
    lines = [told]
    for one in answer["columns"]:
        largest = "" if one["largest"] is None else f", by {one['largest']:g} at most"
        lines.append(f"  {one['column']}: {one['count']:,}{largest}, first at {one['first']}")
    return "\n".join(lines)


def _list(user: User, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    asked = {name: options[name] for name in _FILTERS if options[name]}
    found = narrow(Dataset.objects.visible_to(user).with_figures(), asked)
    return [_describe_row(one) for one in found.prefetch_related("tags")]


def _describe_row(dataset: Any) -> dict[str, Any]:
    return {
        "dataset_id": dataset.pk,
        "symbol": dataset.symbol,
        "asset_class": dataset.asset_class,
        "provider": dataset.provider,
        "venue_code": dataset.venue_code,
        "interval": dataset.interval,
        "from": dataset.from_date.isoformat(),
        "to": dataset.to_date.isoformat(),
        "rows": dataset.rows,
        "size_bytes": dataset.size_bytes,
        "findings": dataset.warnings,
        "used_by": dataset.used_by,
        "tags": dataset.tag_names,
        "notes": dataset.notes,
        "archived": dataset.is_archived,
    }


def _show(user: User, dataset_id: str) -> dict[str, Any]:
    dataset = Dataset.objects.visible_to(user).with_figures().get(pk=dataset_id)
    revisions = [
        {
            "revision": one.number,
            "bars_sha256": one.bars_sha256,
            "rows": one.rows,
            "size_bytes": one.size_bytes,
            "used_by": one.runs.count(),
            "ingest_id": one.made_by_id,
            "ingests": list(one.ingests.values_list("pk", flat=True)),
            "bars_path": str(one.folder / "bars.parquet"),
        }
        for one in dataset.revisions.all()
    ]
    return {**_describe_row(dataset), "revisions": revisions}
