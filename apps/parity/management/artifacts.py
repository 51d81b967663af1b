"""`manage.py parity import|list|show|delete`: bridge artifacts, from files."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from apps.parity import actions
from apps.parity.forms import narrow
from apps.parity.models import KINDS, BridgeArtifact
from apps.permissions.models import User

VERBS = {
    "import": "keep an export: a list of trades (CSV, XLSX), chart data (CSV), or JSON",
    "list": "list bridge artifacts, the last uploaded first",
    "show": "show a bridge artifact",
    "delete": "delete a bridge artifact",
}


def add_options(verb: str, parser: argparse.ArgumentParser) -> None:
    """Add what a verb takes."""
    if verb == "import":
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--name", default="", metavar="TEXT", help="else as the file says")
        parser.add_argument("--symbol", default="", metavar="S", help="else as the file says")
        parser.add_argument(
            "--zone", default="", metavar="ZONE", help="of its times, where the file has none"
        )
        parser.add_argument(
            "--date-order",
            default="",
            metavar="dmy|mdy",
            help="of dates like 03/04/2025, where the file does not tell",
        )
        parser.add_argument(
            "--dataset", default="", metavar="ID", help="to find the zone with, by its bars"
        )
    elif verb == "list":
        parser.add_argument("--q", metavar="TEXT", help="in id, name, symbol or the file's name")
        parser.add_argument("--kind", choices=[name for name, _ in KINDS])
        parser.add_argument("--symbol", metavar="S")
    else:
        parser.add_argument("artifact", metavar="ID")


def answer(verb: str, user: User, options: Mapping[str, Any]) -> dict[str, Any]:
    """Do what the verb says."""
    return _ANSWERS[verb](user, options)


def describe(answer: Mapping[str, Any]) -> str:
    """Say it."""
    if "artifacts" in answer:
        return (
            "\n".join(_write(one) for one in answer["artifacts"])
            or "There is no such bridge artifact."
        )
    if "deleted" in answer:
        return f"Bridge artifact {answer['deleted']} is deleted."
    if "created" in answer:
        said = "kept" if answer["created"] else "there already"
        return f"{_write(answer)}\nBridge artifact {answer['artifact_id']} is {said}."
    facts = answer["facts"]
    lines = [_write(answer), f"  {answer['filename']}  {answer['upload_sha256']}"]
    lines += [f"  {one['title']}: {one['values']:,} values" for one in facts["series"]]
    lines += [f"  {name}: {value}" for name, value in facts["properties"]]
    return "\n".join([*lines, *(f"  {one}" for one in facts["warnings"])])


def _import(user: User, options: Mapping[str, Any]) -> dict[str, Any]:
    path = Path(options["file"])
    kept, is_new = actions.keep_file(
        owner=user,
        path=path,
        filename=path.name,
        zone=options["zone"],
        date_order=options["date_order"],
        name=options["name"],
        symbol=options["symbol"],
        dataset_id=options["dataset"],
    )
    return {**actions.describe_artifact(kept), "created": is_new, "folder": str(kept.folder)}


def _list(user: User, options: Mapping[str, Any]) -> dict[str, Any]:
    asked = {name: options[name] for name in ("q", "kind", "symbol") if options[name]}
    found = narrow(BridgeArtifact.objects.visible_to(user), asked).select_related("owner")
    return {"artifacts": [actions.describe_artifact(one) for one in found]}


def _show(user: User, options: Mapping[str, Any]) -> dict[str, Any]:
    found = actions.find_artifact(user=user, artifact_id=options["artifact"])
    facts = found.read_facts()
    return {**actions.describe_artifact(found), "facts": facts, "folder": str(found.folder)}


def _delete(user: User, options: Mapping[str, Any]) -> dict[str, Any]:
    found = actions.find_artifact(user=user, artifact_id=options["artifact"])
    actions.delete_artifact(artifact=found)
    return {"deleted": options["artifact"]}


_ANSWERS: dict[str, Callable[[User, Mapping[str, Any]], dict[str, Any]]] = {
    "import": _import,
    "list": _list,
    "show": _show,
    "delete": _delete,
}


def _write(one: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{one[name]:,} {name}" for name in ("trades", "series", "candles"))
    zone = f", {one['zone']}" if one["zone"] else ""
    return f"{one['artifact_id']}  {one['name']}  {one['kind']}, {counts}{zone}"
