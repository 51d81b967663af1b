"""`manage.py parity compare|comparisons|comparison`: what Pine said beside a run."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from apps.parity import actions
from apps.parity.models import VERDICTS, Comparison
from apps.parity.tasks import perform_comparison
from apps.permissions.models import User
from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.options import SPANS
from hewston.taskqueue import Status, follow

VERBS = {
    "compare": "set a bridge artifact beside a run",
    "comparisons": "list comparisons, the newest first",
    "comparison": "show a comparison, cancel or delete it",
}
_SAID = ("bars", "span", "zone", "moved_s", "skip_bars")  # options that are said as they are
_MOST_LISTED = 500

type Report = Callable[[float], None]


def add_options(verb: str, parser: argparse.ArgumentParser) -> None:
    """Add what a verb takes."""
    if verb == "compare":
        _add_sides(parser)
        _add_how(parser)
    elif verb == "comparisons":
        parser.add_argument("--verdict", choices=[name for name, _ in VERDICTS])
        parser.add_argument("--artifact", metavar="ID", help="on either side")
        parser.add_argument("--run", metavar="ID")
    else:
        parser.add_argument("comparison", metavar="ID")
        acts = parser.add_mutually_exclusive_group()
        acts.add_argument("--cancel", action="store_true", help="stop it")
        acts.add_argument("--delete", action="store_true", help="remove it with its files")


def _add_sides(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--artifact", metavar="ID", required=True, help="Pine's: a bridge artifact")
    parser.add_argument(
        "--list", metavar="ID", help="Pine's list of trades, where --artifact is its chart data"
    )
    parser.add_argument("--run", metavar="ID", help="Python's: a run")
    parser.add_argument("--python-artifact", metavar="ID", help="or another bridge artifact")


def _add_how(parser: argparse.ArgumentParser) -> None:
    for kind, default in (("absolute", "1e-12"), ("relative", "1e-6")):
        parser.add_argument(
            f"--tolerance-{kind}",
            type=float,
            metavar="X",
            help=f"of every series (default: {default})",
        )
    parser.add_argument(
        "--bars", type=int, metavar="N", help="by which trades may be apart (default: 1)"
    )
    parser.add_argument("--span", choices=SPANS, help="which bars count (default: all)")
    parser.add_argument("--zone", metavar="ZONE", help="in which Pine's times are read")
    parser.add_argument("--moved-s", type=int, metavar="S", help="seconds to move Pine's times by")
    parser.add_argument(
        "--skip-bars", type=int, metavar="N", help="leave out so many at the beginning"
    )
    for flag, what in (
        ("--map", "Pine's title=Python's title; nothing after = leaves it out"),
        ("--offset", "Pine's title=bars to move Python's series back by"),
    ):
        parser.add_argument(flag, action="append", default=[], metavar="A=B", help=what)
    parser.add_argument(
        "--resampled",
        action="append",
        default=[],
        metavar="TITLE",
        help="of Pine: compare that series only where the coarser side changes",
    )


def answer(verb: str, user: User, options: Mapping[str, Any], *, report: Report) -> dict[str, Any]:
    """Do what the verb says."""
    if verb == "compare":
        return _compare(user, options, report)
    return _list(user, options) if verb == "comparisons" else _show(user, options)


def _compare(user: User, options: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Compare in this process, or follow a worker that was faster."""
    actions.recover_comparisons()
    comparison, is_new = actions.request_comparison(
        owner=user,
        artifact_id=options["artifact"],
        second_artifact_id=options["list"],
        run_id=options["run"],
        python_artifact_id=options["python_artifact"],
        options=_read_how(options),
    )
    while not comparison.is_over:
        perform_comparison(comparison, report=report)
        follow(comparison, recover=actions.recover_comparisons)
    follow(comparison, recover=actions.recover_comparisons)
    return {**_describe_whole(comparison), "created": is_new}


def _read_how(options: Mapping[str, Any]) -> dict[str, Any]:
    """Read what was said of how to compare. Raises InputError with the option."""
    how = {name: options[name] for name in _SAID if options[name] is not None}
    tolerance = {
        kind: options[f"tolerance_{kind}"]
        for kind in ("absolute", "relative")
        if options[f"tolerance_{kind}"] is not None
    }
    if tolerance:
        how["tolerances"] = {"default": tolerance}
    if options["map"]:
        how["mapping"] = {
            title: other or None for title, other in _read_pairs(options["map"], "map").items()
        }
    if options["offset"]:
        pairs = _read_pairs(options["offset"], "offset")
        how["offsets"] = {title: _read_whole(title, bars) for title, bars in pairs.items()}
    if options["resampled"]:
        how["resampled"] = options["resampled"]
    return how


def _read_pairs(given: list[str], flag: str) -> dict[str, str]:
    """Read TITLE=VALUE; a title may hold = itself."""
    found: dict[str, str] = {}
    for pair in given:
        title, equals, value = pair.rpartition("=")
        if not equals or not title:
            raise InputError(f"--{flag} {pair} is not TITLE=VALUE.", field=flag)
        if title in found:
            raise InputError(f"--{flag} says {title} twice.", field=flag)
        found[title] = value
    return found


def _read_whole(title: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        message = f"--offset {title}={text} is not a whole number of bars."
        raise InputError(message, field="offset") from None


def _list(user: User, options: Mapping[str, Any]) -> dict[str, Any]:
    found = Comparison.objects.visible_to(user)
    if options["verdict"]:
        found = found.filter(verdict=options["verdict"])
    if options["run"]:
        found = found.filter(run=options["run"])
    if options["artifact"]:
        found = found.of_artifact(options["artifact"])
    rows = found.with_sides().prefetch_related("certificates")[:_MOST_LISTED]
    return {"comparisons": [actions.describe_comparison(one) for one in rows]}


def _show(user: User, options: Mapping[str, Any]) -> dict[str, Any]:
    found = actions.find_comparison(user=user, comparison_id=options["comparison"])
    if options["delete"]:
        actions.delete_comparison(comparison=found)
        return {"deleted": found.pk}
    if options["cancel"]:
        actions.cancel_comparison(comparison=found)
    return _describe_whole(found)


def _describe_whole(comparison: Comparison) -> dict[str, Any]:
    is_done = comparison.status == Status.DONE
    return {
        **actions.describe_comparison(comparison),
        "report": actions.read_comparison(comparison=comparison) if is_done else None,
        "folder": str(comparison.folder) if is_done else None,
    }


def describe(answer: Mapping[str, Any]) -> str:
    """Say it."""
    if "deleted" in answer:
        return f"Comparison {answer['deleted']} is deleted."
    if "comparisons" in answer:
        lines = [_write(one) for one in answer["comparisons"]]
        return "\n".join(lines) or "There is no such comparison."
    lines = [_write(answer)]
    if answer["error"]:
        lines.append(f"  {answer['error']['message']}")
    if report := answer["report"]:
        lines.append(f"  {report['sentence']}")
        lines.append(f"  {_write_counts(answer['counts'])}")
        lines += [_write_layer(one) for one in report["layers"]]
        lines += [f"  hint: {one['sentence']}" for one in report["hints"]]
        lines += [f"  {one}" for one in report["warnings"]]
    return "\n".join(lines)


def _write(one: Mapping[str, Any]) -> str:
    said = " ".join(str(one[key]) for key in ("verdict", "class", "cause") if one[key])
    state = said or one["status"].lower()
    python = one["run_id"] or one["python_artifact_id"]
    return f"{one['comparison_id']}  {one['artifact_name']} / {python}  {state}"


def _write_counts(counts: Mapping[str, int | None]) -> str:
    said = f"{counts['series']:,} series on {counts['bars']:,} bars"
    if counts["series_differ"]:
        said += f", {counts['series_differ']:,} of them other ones"
    if counts["trades_matched"] is not None:
        said += f"; {counts['trades_matched']:,} of {counts['pine_trades']:,} trades match"
    return f"{said}."


def _write_layer(one: Mapping[str, Any]) -> str:
    what = one["status"].replace("_", " ")
    if one["status"] == "not_compared":
        return f"  {one['name']:<12}{what}" + (f": {one['reason']}" if one["reason"] else "")
    since = f", first {one['first']}" if one["first"] else ""
    return f"  {one['name']:<12}{what}: {one['differ']:,} of {one['compared']:,} differ{since}"
