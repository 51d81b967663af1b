"""`manage.py parity batch`: many strategies, each beside the list of trades that Pine made."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from apps.datasets.actions import find_dataset
from apps.parity.actions import (
    BOARD_FIELDS,
    compare_with_earlier,
    describe_board,
    recover_boards,
    request_board,
)
from apps.parity.tasks import perform_board
from apps.permissions.models import User
from hewston.entry import write_value
from hewston.pipeline.fields import describe_rule
from hewston.taskqueue import follow

_WIDEST = 40


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the data, the pairs and what decides their runs."""
    parser.add_argument("--dataset", metavar="ID", required=True, help="its newest revision")
    parser.add_argument(
        "--folder",
        metavar="DIR",
        required=True,
        help="of pairs NAME.py and NAME.csv or .xlsx; or a zip",
    )
    parser.add_argument(
        "--zone", metavar="ZONE", default="", help="of the lists' times (default: found out)"
    )
    parser.add_argument(
        "--date-order",
        metavar="dmy|mdy",
        default="",
        help="of dates like 03/04/2025, where neither a list nor the bars tell",
    )
    for name, rule in BOARD_FIELDS.items():
        default = write_value(rule["default"])
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            dest=name,
            metavar=name.upper(),
            help=describe_rule(rule).replace("%", "%%")
            + (f" (default: {default})" if default else ""),
        )
    parser.add_argument(
        "--spread-fallback",
        dest="spread_fallback",
        metavar="ticks=N|bps=N",
        help="the full spread where the data has no quotes",
    )


def answer(
    user: User, options: Mapping[str, Any], *, report: Callable[[Mapping[str, object]], None]
) -> dict[str, Any]:
    """Play the pairs in this process, or follow a worker that was faster."""
    recover_boards()
    folder = Path(options["folder"])
    dataset = find_dataset(user=user, dataset_id=options["dataset"])
    board = request_board(
        owner=user,
        revision=dataset.latest,
        source=folder,
        name=folder.absolute().name,
        options={name: options[name] for name in (*BOARD_FIELDS, "spread_fallback")},
        zone=options["zone"],
        date_order=options["date_order"],
    )
    while not board.is_over:
        perform_board(board, report=report)
        follow(board, recover=recover_boards)
    follow(board, recover=recover_boards)
    earlier, changes = compare_with_earlier(board=board, user=user)
    return {
        **describe_board(board),
        "earlier": None if earlier is None else earlier.pk,
        "changes": [change.as_json() for change in changes],
    }


def describe(answer: Mapping[str, Any]) -> str:
    """Show a line a pair, what differs from the board before, and the totals."""
    pairs = answer["pairs"]
    wide = min(max(len(one["name"]) for one in pairs), _WIDEST)
    lines = [f"  {'pair':<{wide}} {'trades':>8} {'matched':>8} {'extra':>6} {'%':>8}  verdict"]
    lines += [_write_pair(one, wide) for one in pairs]
    if answer["changes"]:
        lines += ["", f"Since board {answer['earlier']}:"]
        lines += [_write_change(one) for one in answer["changes"]]
    share = "" if answer["pct"] is None else f" ({answer['pct']:.2f} %)"
    total = f"{answer['matched']:,} of {answer['trades']:,} trades match{share}."
    failed = sum(one["problem"] is not None for one in pairs)
    if failed:
        total += f" {failed:,} of {len(pairs):,} pairs could not be compared."
    return "\n".join([f"Board {answer['board_id']}.", *lines, "", total])


def _write_pair(one: Mapping[str, Any], wide: int) -> str:
    pct = f"{'-':>8}" if one["pct"] is None else f"{one['pct']:8.2f}"
    said = one["problem"] or " ".join(
        str(one[key]) for key in ("verdict", "class", "cause") if one[key] is not None
    )
    figures = f"{one['trades']:8,} {one['matched']:8,} {one['extra']:6,} {pct}"
    return f"  {one['name']:<{wide}} {figures}  {said}"


def _write_change(one: Mapping[str, Any]) -> str:
    def share(row: Mapping[str, Any] | None) -> str:
        if row is None:
            return "-"
        return "failed" if row["problem"] else f"{row['matched']:,} of {row['trades']:,}"

    moved = f"{share(one['before'])} → {share(one['after'])}"
    return f"  {one['kind']}: {one['name']}, {moved}"
