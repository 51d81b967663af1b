"""`manage.py compare`: two to six finished runs beside each other."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from apps.permissions.actions import ensure_user
from apps.runs.actions import (
    COMPARISON_FIELDS,
    describe_runs,
    find_compared,
    match_runs,
    read_compared,
)
from hewston.command import HewstonCommand
from hewston.frames import name_times
from hewston.pipeline.comparison import list_matches
from hewston.pipeline.fields import read_fields
from hewston.pipeline.metrics import METRICS

_SHOWN = ("net_profit", "total_return", "max_drawdown", "sharpe", "trades", "fees_paid")


class Command(HewstonCommand):
    """Compare runs: what differs, metrics, trade by trade, and where the money went."""

    help = "Compare two to six finished runs; the first two (A and B) trade by trade."

    def add_options(self, parser: CommandParser) -> None:
        """Add the runs and how their trades are matched."""
        parser.add_argument("run", nargs="+", metavar="RUN", help="ids of runs, A and B first")
        for name, rule in COMPARISON_FIELDS.items():
            metavar = "RUN" if name in {"base", "other"} else name.upper()
            parser.add_argument(f"--{name}", metavar=metavar, help=str(rule["help"]))
        parser.add_argument(
            "--trades", action="store_true", help="with --json: every match of the two runs, too"
        )

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Compare them."""
        given = {name: options[name] for name in COMPARISON_FIELDS if options[name] is not None}
        asked = read_fields(COMPARISON_FIELDS, given, of="option")
        user = ensure_user(name=options["user"])
        runs = find_compared(
            user=user, ids=options["run"], base=asked["base"], other=asked["other"]
        )
        compared = [read_compared(run) for run in runs]
        answer = describe_runs(compared, asked["tolerance"])
        if options["trades"]:
            matches = match_runs(compared[0], compared[1], asked["tolerance"])
            answer["trades"] = name_times(list_matches(matches, asked["kind"])).to_dicts()
        return answer

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say it in lines: what differs first."""
        names = [run["run_id"] for run in answer["runs"]]
        lines = [
            f"{letter} {run['run_id']}: {run['strategy_id']} on {run['dataset_id']}"
            for letter, run in zip("ABCDEF", answer["runs"], strict=False)
        ]
        lines += ["", answer["summary"]]
        lines += [finding["message"] for finding in answer["findings"]]
        lines += ["", "What differs" if answer["differs"] else "Nothing that decides them differs"]
        lines += [_write_decision(one, names) for one in answer["differs"]]
        lines += ["", "Metrics, and the difference from A"]
        lines += [_write_metric(one, names) for one in answer["metrics"] if one["key"] in _SHOWN]
        lines += ["", f"Trades, matched within {answer['tolerance_bars']} bars"]
        lines += [
            f"  {one['kind']:<15}{one['trades']:>9,}{one['difference']:>18,.2f}"
            for one in answer["kinds"]
        ]
        return "\n".join([*lines, *_write_waterfall(answer["waterfall"])])


def _write_decision(decision: Mapping[str, Any], names: list[str]) -> str:
    values = (str(decision["values"].get(name, "-")) for name in names)
    return f"  {decision['label']}: {' | '.join(values)}"


def _write_metric(metric: Mapping[str, Any], names: list[str]) -> str:
    form = "{:,.4f}" if METRICS[metric["key"]].unit in {"fraction", "ratio"} else "{:,.2f}"
    cells = []
    for name in names:
        figure = metric["runs"][name]
        value, difference = figure["value"], figure["difference"]
        cells.append("-" if value is None else form.format(value))
        if difference is not None:
            sign = "+" if difference > 0 else ""
            cells[-1] += f" ({sign}{form.format(difference)}, {figure['verdict']})"
    return f"  {metric['label']:<16}{' | '.join(cells)}"


def _write_waterfall(waterfall: Mapping[str, Any] | None) -> list[str]:
    if waterfall is None:
        return []
    rows = [("Net profit of A", waterfall["start"])]
    rows += [(step["label"], step["amount"]) for step in waterfall["steps"] if step["amount"]]
    rows += [("Net profit of B", waterfall["end"])]
    heading = f"From A's net profit to B's, {waterfall['currency']}"
    return ["", heading, *(f"  {label:<24}{amount:>18,.2f}" for label, amount in rows)]
