"""`manage.py backtest`: run a strategy on a dataset."""

import time
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from apps.datasets.actions import find_dataset
from apps.permissions.actions import ensure_user
from apps.runs.actions import build_spec, choose_strategy, recover_runs, request_run
from apps.runs.models import Run
from apps.runs.tasks import perform_run
from hewston.command import HewstonCommand
from hewston.pipeline import artifacts, store
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import describe_rule
from hewston.pipeline.spec import COST_FIELDS, RUN_FIELDS
from hewston.taskqueue import follow

OPTIONS = [*RUN_FIELDS, *COST_FIELDS, "spread_fallback"]


class Command(HewstonCommand):
    """A dataset and a strategy in, a run's folder out."""

    help = "Run a strategy on a dataset. The same inputs are the same run."

    def add_options(self, parser: CommandParser) -> None:
        """Add the data, the strategy and everything that decides a run."""
        parser.add_argument("dataset_id", help="a dataset, like DEMO-2023-1m")
        parser.add_argument(
            "--strategy",
            required=True,
            help="a built-in one, like sma_crossover, or a version of yours: SLUG@N",
        )
        parser.add_argument(
            "--param",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="a parameter of the strategy; may be given many times",
        )
        for name, rule in (RUN_FIELDS | COST_FIELDS).items():
            default = "" if rule["default"] is None else f" (default: {rule['default']})"
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                dest=name,
                metavar=name.upper(),
                help=f"{describe_rule(rule)}{default}".replace("%", "%%"),
            )
        parser.add_argument(
            "--spread-fallback",
            dest="spread_fallback",
            metavar="ticks=N|bps=N",
            help="the full spread where the data has no quotes",
        )

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Request the run, do it in this process, or follow it where it is done."""
        recover_runs()
        user = ensure_user(name=options["user"])
        revision = find_dataset(user=user, dataset_id=options["dataset_id"]).latest
        strategy = choose_strategy(user=user, name=options["strategy"])
        spec = build_spec(
            revision=revision,
            strategy=strategy,
            params=_read_params(options["param"]),
            options={name: options[name] for name in OPTIONS},
        )
        run, created = request_run(
            owner=user, revision=revision, spec=spec, version=strategy.version
        )
        started = time.perf_counter()
        try:
            timings = self._perform(run)
        except HewstonError as problem:
            problem.details = {**problem.details, "run_id": run.pk}
            raise
        finally:
            self.end_progress()
        timings = timings or {"total": round((time.perf_counter() - started) * 1000)}
        return _answer(run, created=created, timings=timings)

    def _perform(self, run: Run) -> dict[str, int]:
        """Do the run, or follow it where a worker was faster, until it is over."""
        timings: dict[str, int] = {}
        while not run.is_over:
            timings = perform_run(run, report=lambda share: self.show_progress(f"{share:4.0%}"))
            follow(run, recover=recover_runs)
        follow(run, recover=recover_runs)
        return timings

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say the figures that people look at first."""
        figures = answer["metrics"]
        lines = [f"Run {answer['run_id']} is done." if answer["created"] else ""]
        if not answer["created"]:
            lines = [f"Run {answer['run_id']} has the same inputs: nothing was done."]
        for key, name, form in (
            ("total_return", "Return", "{:+.2%}"),
            ("max_drawdown", "Max drawdown", "{:.2%}"),
            ("sharpe", "Sharpe", "{:.2f}"),
            ("trades", "Trades", "{:,}"),
            ("fees_paid", "Fees", "{:,.2f}"),
        ):
            value = figures.get(key)
            lines.append(f"  {name:<13}{'-' if value is None else form.format(value)}")
        for found in answer["findings"]:
            where = f" ({found['ts_open']})" if found["ts_open"] else ""
            lines.append(f"  {found['severity']}: {found['message']}{where}")
        return "\n".join(lines)


def _read_params(pairs: list[str]) -> dict[str, object]:
    params: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InputError(f"--param {pair} is not NAME=VALUE.", field="param")
        if name in params:
            raise InputError(f"--param {name} is given twice.", field=f"params.{name}")
        params[name] = value
    return params


def _answer(run: Run, *, created: bool, timings: Mapping[str, int]) -> dict[str, Any]:
    manifest = store.read_json(run.folder / artifacts.MANIFEST_FILE)
    figures = store.read_json(run.folder / artifacts.METRICS_FILE)
    files = {name: run.folder / artifacts.frame_file(name) for name in artifacts.FRAMES}
    files["metrics"] = run.folder / artifacts.METRICS_FILE
    files["manifest"] = run.folder / artifacts.MANIFEST_FILE
    files["log"] = store.Store(run.folder.parent.parent).log_file(run.pk)
    return {
        "run_id": run.pk,
        "status": run.status,
        "created": created,
        "metrics": figures["values"],
        "findings": figures["findings"],
        "unchecked": figures.get("unchecked", []),
        "artifacts": {name: str(path) for name, path in files.items()},
        "output_hashes": manifest["output_hashes"],
        "timings_ms": dict(timings),
    }
