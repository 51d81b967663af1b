"""`manage.py run`: what is done with runs that are there."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import CommandParser

from apps.permissions.actions import ensure_user
from apps.permissions.models import User
from apps.permissions.templatetags.figures import figure
from apps.runs.actions import (
    archive_run,
    delete_run,
    describe_run,
    find_run,
    recover_runs,
    restore_run,
)
from apps.runs.forms import RANGES, RunListing, narrow, read_ranges
from apps.runs.models import Run
from hewston.command import HewstonCommand
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import Rule, read_fields, suggest
from hewston.pipeline.metrics import METRICS
from hewston.taskqueue import Status

_FILTERS = ("q", "tag", "status", "strategy_id", "dataset_id", "symbol", "archived")
_STATUS: dict[str, Rule] = {
    "status": {"type": "str", "default": None, "choices": tuple(Status.values)}
}
_SHOWN = ("net_profit", "total_return", "max_drawdown", "sharpe", "trades")


class Command(HewstonCommand):
    """Lists runs; shows, describes, archives, restores and deletes them."""

    help = "List runs, or show, describe, archive, restore or delete some."

    def add_options(self, parser: CommandParser) -> None:
        """Add the verbs, each with its own options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

        def add(verb: str, sentence: str, count: str | int = "+") -> argparse.ArgumentParser:
            made = verbs.add_parser(verb, help=sentence, description=sentence)
            hidden = argparse.SUPPRESS  # what every command takes may come after the verb too
            made.add_argument("--json", action="store_true", default=hidden, help=hidden)
            made.add_argument("--user", metavar="NAME", default=hidden, help=hidden)
            if verb != "list":
                made.add_argument("ids", nargs=count, metavar="ID", help="a run")
            return made

        listing = add("list", "list runs, the newest first; archived ones only when asked")
        listing.add_argument("--q", metavar="TEXT", help="words in id, name, note or a tag")
        for name in ("tag", "status", "strategy-id", "dataset-id", "symbol"):
            listing.add_argument(f"--{name}", metavar="NAME", help=f"of this {name}")
        listing.add_argument("--archived", choices=("only", "any"), help="archived alone, or too")
        listing.add_argument(
            "--where",
            action="append",
            default=[],
            metavar="METRIC_min=X",
            help="a range of a figure, like sharpe_min=1 or max_drawdown_max=0.2; several at once",
        )
        listing.add_argument(
            "--order",
            default="-created_at",
            metavar="NAME",
            help="created_at or a metric, falling with a minus: --order=-sharpe",
        )
        listing.add_argument("--limit", metavar="N", default=50, help="so many (default: 50)")
        add("show", "show one: its figures, name, note and tags", count=1)
        describing = add("describe", "give it a name, a note and tags in place of those before", 1)
        describing.add_argument("--name", metavar="TEXT")
        describing.add_argument("--note", metavar="TEXT")
        describing.add_argument("--tags", metavar="TAG,TAG", help="with commas between them")
        add("archive", "leave runs out of lists")
        add("restore", "bring archived ones back")
        add("delete", "remove runs that are over, with their files")

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what the verb says; several runs one after the other, after all were found."""
        user = ensure_user(name=options["user"])
        recover_runs()
        if options["verb"] == "list":
            return _list(user, options)
        found = [find_run(user=user, run_id=run_id) for run_id in options["ids"]]
        verbs: dict[str, Callable[[Run], None]] = {
            "archive": lambda run: archive_run(run=run),
            "restore": lambda run: restore_run(run=run),
            "delete": lambda run: delete_run(run=run),
            "describe": lambda run: _describe(run, options),
            "show": lambda _run: None,
        }
        for run in found:
            verbs[options["verb"]](run)
        if options["verb"] == "delete":
            return {"deleted": options["ids"]}
        return {"runs": [_write(find_run(user=user, run_id=run.pk)) for run in found]}

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say it, a line a run."""
        if "deleted" in answer:
            return f"Deleted {', '.join(answer['deleted'])}."
        lines = [_write_line(one) for one in answer["runs"]]
        if answer.get("total", 0) > len(lines):
            lines.append(f"{len(lines):,} of {answer['total']:,}; --limit gives more.")
        return "\n".join(lines) or "No run matches."


def _list(user: User, options: Mapping[str, Any]) -> dict[str, Any]:
    rules = {name: {"type": "float", "default": None} for name in RANGES}
    pairs = [pair.partition("=") for pair in options["where"]]
    ranges = read_fields(rules, {name: value for name, _, value in pairs}, of="range of a figure")
    limit = {"limit": {"type": "int", "default": 50, "min": 1, "max": 100_000}}
    size = read_fields(limit, {"limit": options["limit"]}, of="option")["limit"]
    name = options["order"].removeprefix("-")
    columns = {"created_at": "created_at", **{key: f"metrics__{key}" for key in METRICS}}
    if name not in columns:
        raise InputError(
            f"Runs have no order {options['order']}. {suggest(name, sorted(columns))}",
            field="order",
        )
    asked = {key: options[key] for key in _FILTERS if options[key]}
    read_fields(_STATUS, {key: asked[key] for key in _STATUS if key in asked}, of="option")
    found = RunListing(
        runs=narrow(user, asked),
        ranges=read_ranges({key: value for key, value in ranges.items() if value is not None}),
        column=columns[name],
        falls=options["order"].startswith("-"),
        counts_all=True,
    )
    ids = found[0:size]
    rows = Run.objects.filter(pk__in=ids).select_related("metrics").prefetch_related("tags")
    known = rows.in_bulk()
    return {"runs": [_write(known[pk]) for pk in ids], "total": found.count()}


def _describe(run: Run, options: Mapping[str, Any]) -> None:
    words = {name: options[name] for name in ("name", "note", "tags")}
    if all(value is None for value in words.values()):
        raise InputError("Say --name, --note, --tags or several of them.", field="name")
    describe_run(run=run, **words)


def _write(run: Run) -> dict[str, Any]:
    figures = getattr(run, "metrics", None)
    return {
        "run_id": run.pk,
        "status": run.status,
        "name": run.name,
        "note": run.note,
        "tags": run.tag_names,
        "archived": run.is_archived,
        "strategy_id": run.strategy_id,
        "params": run.spec["params"],
        "dataset_id": run.dataset_id,
        "currency": run.spec["instrument"]["currency"],
        "created_at": run.created_at.isoformat(),
        "metrics": {name: getattr(figures, name) for name in METRICS} if figures else {},
    }


def _write_line(one: Mapping[str, Any]) -> str:
    figures = [
        f"{METRICS[name].label} {figure(one['metrics'][name], METRICS[name].unit, one['currency'])}"
        for name in _SHOWN
        if one["metrics"].get(name) is not None
    ]
    tags = f"  [{', '.join(one['tags'])}]" if one["tags"] else ""
    archived = "  archived" if one["archived"] else ""
    name = f"  “{one['name']}”" if one["name"] else ""
    told = ", ".join(figures) or "no figures"
    return (
        f"{one['run_id']}  {one['status']}  {one['strategy_id']} on {one['dataset_id']}{name}  "
        f"{told}{tags}{archived}"
    )
