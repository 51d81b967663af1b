"""`manage.py strategy`: strategies that people write, from files."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import F

from apps.datasets.actions import find_dataset
from apps.permissions.actions import ensure_user
from apps.permissions.models import User
from apps.strategies.actions import (
    SOURCE_BYTES,
    find_built_in,
    find_strategy,
    find_version,
    import_source,
    lint_source,
    list_built_ins,
    recover_checks,
    request_check,
)
from apps.strategies.forms import narrow, slug_of_file
from apps.strategies.models import Strategy, StrategyVersion
from apps.strategies.tasks import check_built_in, perform_check
from hewston.command import HewstonCommand
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import describe_rule
from hewston.pipeline.strategies.catalogue import BUILT_IN
from hewston.taskqueue import follow

_FILTERS = ("q", "tag", "archived")


class Command(HewstonCommand):
    """Adds, lists, shows and checks strategies."""

    help = "Add a strategy or a version of one from a file, list, show or check strategies."

    def add_options(self, parser: CommandParser) -> None:
        """Add the verbs, each with its own options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

        def add(verb: str, sentence: str) -> argparse.ArgumentParser:
            made = verbs.add_parser(verb, help=sentence, description=sentence)
            hidden = argparse.SUPPRESS  # what every command takes may come after the verb too
            made.add_argument("--json", action="store_true", default=hidden, help=hidden)
            made.add_argument("--user", metavar="NAME", default=hidden, help=hidden)
            return made

        adding = add("add", "keep a Python file: a new strategy, or the next version of one")
        adding.add_argument("file", metavar="FILE", help="in UTF-8, at most 256 KiB")
        adding.add_argument("--slug", help="its short name (default: that of the file)")
        adding.add_argument("--name", default="", metavar="TEXT", help="of a new strategy")
        adding.add_argument("--note", default="", metavar="TEXT", help="what is new in it")
        listing = add("list", "list strategies, the last saved first; built-in ones too")
        listing.add_argument("--q", metavar="TEXT", help="in slug, name, description or a tag")
        listing.add_argument("--tag", metavar="NAME", help="with this tag")
        listing.add_argument("--archived", choices=("only", "any"), help="archived alone, or too")
        showing = add("show", "show a strategy, a version of it, or a built-in one")
        showing.add_argument("strategy", metavar="SLUG[@N]", help="or OWNER/SLUG[@N]")
        showing.add_argument("--source", action="store_true", help="print the source alone")
        judging = add("check", "see whether a version looks ahead, and how long it warms up")
        judging.add_argument("strategy", metavar="SLUG[@N]", help="or OWNER/SLUG[@N], or built in")
        judging.add_argument("--dataset", metavar="ID", required=True, help="its newest revision")

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what the verb says."""
        user = ensure_user(name=options["user"])
        if options["verb"] == "check":
            return self._check(user, options)
        verb = {"add": _add, "list": _list, "show": _show}[options["verb"]]
        return verb(user, options)

    def _check(self, user: User, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do it in this process, or follow it where a worker was faster."""
        dataset = find_dataset(user=user, dataset_id=options["dataset"])
        try:
            if options["strategy"] in BUILT_IN:
                return _write_check(
                    options["strategy"],
                    check_built_in(
                        name=options["strategy"],
                        revision=dataset.latest,
                        progress=self._show_share,
                    ),
                )
            recover_checks()
            version = find_version(user=user, name=options["strategy"])
            check = request_check(owner=user, version=version, revision=dataset.latest)
            while not check.is_over:
                perform_check(check, report=self._show_share)
                follow(check, recover=recover_checks)
            return _write_check(version.strategy_version_id, check.result, check_id=check.pk)
        finally:
            self.end_progress()

    def _show_share(self, share: float) -> None:
        self.show_progress(f"{share:4.0%}")

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say it, a line a strategy or a version."""
        if "verdict" in answer:
            return _describe_check(answer)
        if "strategies" in answer:
            lines = [_write_line(one) for one in answer["strategies"]]
            built = [f"{one['strategy_id']}  built in" for one in answer["built_in"]]
            return "\n".join([*lines, *built])
        if "is_new" in answer:
            said = "saved" if answer["is_new"] else "there already"
            warnings = [
                f"  line {one['line']}, column {one['column']}: {one['code']}: {one['sentence']}"
                for one in answer["findings"]
            ]
            return "\n".join([f"{answer['strategy_id']} is {said}.", *warnings])
        if answer["wants_source"]:
            return str(answer["source"]).removesuffix("\n")
        return _write_version(answer)


def _add(user: User, options: Mapping[str, Any]) -> dict[str, Any]:
    path = Path(options["file"])
    try:
        with path.open("rb") as file:
            data = file.read(SOURCE_BYTES + 1)
    except OSError as problem:
        message = f"{path} cannot be read: {problem.strerror or problem}."
        raise InputError(message, field="file", file=str(path)) from problem
    slug = options["slug"] or slug_of_file(path.name)
    version, is_new = import_source(
        owner=user, data=data, slug=slug, name=options["name"], note=options["note"]
    )
    found = [one.as_json() for one in lint_source(version.source)]
    return {**_write(version), "is_new": is_new, "findings": found}


def _list(user: User, options: Mapping[str, Any]) -> dict[str, Any]:
    asked = {name: options[name] for name in _FILTERS if options[name]}
    found = narrow(Strategy.objects.visible_to(user).with_figures(), asked)
    rows = (
        found.select_related("owner")
        .prefetch_related("tags")
        .order_by(F("saved_at").desc(), "slug")
    )
    built = [] if asked else list_built_ins()
    return {
        "strategies": [_describe(one) for one in rows],
        "built_in": [{"strategy_id": one.name, "summary": one.summary} for one in built],
    }


def _show(user: User, options: Mapping[str, Any]) -> dict[str, Any]:
    name = options["strategy"]
    wants = {"wants_source": options["source"]}
    if name in BUILT_IN:
        one = find_built_in(name)
        return {
            "strategy_id": one.name,
            "sha256": one.sha256,
            "params": one.params,
            "docstring": one.docstring,
            "source": one.source,
            **wants,
        }
    version = find_version(user=user, name=name)
    answer = {**_write(version), "source": version.source, **wants}
    if "@" not in name:
        strategy = find_strategy(user=user, name=name)
        rows = Strategy.objects.with_figures().select_related("owner").prefetch_related("tags")
        versions = strategy.versions.select_related("author", "strategy", "parent__strategy")
        answer |= _describe(rows.get(pk=strategy.pk))
        answer["versions"] = [_write(one) for one in versions.defer("source")]
    return answer


def _write_check(name: str, result: Mapping[str, Any], **more: str) -> dict[str, Any]:
    return {"strategy_id": name, **more, **result, "failed": result["verdict"] != "clean"}


def _describe_check(answer: Mapping[str, Any]) -> str:
    lookahead, warmup = answer["lookahead"], answer["warmup"]
    lines = [f"{answer['strategy_id']}: {answer['verdict']}. {answer['sentence']}"]
    lines += [f"  {one['sentence']} {one['hint'] or ''}".rstrip() for one in lookahead["findings"]]
    lines += [f"  {note}" for note in lookahead["notes"]]
    if warmup is not None:
        lines += [f"  {sentence}" for sentence in (warmup["sentence"], *warmup["notes"])]
    return "\n".join(lines)


def _describe(strategy: Any) -> dict[str, Any]:
    return {
        "strategy": strategy.path,
        "slug": strategy.slug,
        "owner": strategy.owner.get_username(),
        "name": strategy.name,
        "description": strategy.description,
        "language": strategy.language,
        "tags": strategy.tag_names,
        "newest": strategy.newest,
        "saved_at": strategy.saved_at.isoformat(),
        "archived": strategy.is_archived,
    }


def _write(version: StrategyVersion) -> dict[str, Any]:
    return {
        "strategy_id": version.strategy_version_id,
        "number": version.number,
        "sha256": version.sha256,
        "params": version.params,
        "options": version.options,
        "docstring": version.docstring,
        "note": version.note,
        "author": version.author.get_username(),
        "parent": version.parent and version.parent.strategy_version_id,
        "created_at": version.created_at.isoformat(),
    }


def _write_line(one: Mapping[str, Any]) -> str:
    tags = f"  [{', '.join(one['tags'])}]" if one["tags"] else ""
    archived = "  archived" if one["archived"] else ""
    return f"{one['strategy']}  “{one['name']}”  {one['newest']:,} versions{tags}{archived}"


def _write_version(answer: Mapping[str, Any]) -> str:
    lines = [f"{answer['strategy_id']}  {answer['sha256']}"]
    lines += [f"  {text}" for text in answer["docstring"].split("\n") if text.strip()]
    lines += [
        f"  {name}: {describe_rule(rule)}, {rule['default']} by default"
        for name, rule in answer["params"].items()
    ]
    lines += [
        f"  version {one['number']} by {one['author']}, {one['created_at'][:16]}: "
        f"{one['note'] or 'no note'}"
        for one in answer.get("versions", [])
    ]
    return "\n".join(lines)
