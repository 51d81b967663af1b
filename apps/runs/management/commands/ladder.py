"""`manage.py ladder`: run a finished run at multiples of its costs and at both fill clocks."""

import contextlib
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from apps.permissions.actions import ensure_user
from apps.runs.actions import (
    climb_ladder,
    find_subject,
    leave_ladder,
    read_ladder,
    recover_runs,
)
from apps.runs.models import Run
from apps.runs.tasks import perform_run
from hewston.command import HewstonCommand
from hewston.pipeline.errors import CancelledError, HewstonError, InputError
from hewston.taskqueue import follow


class Command(HewstonCommand):
    """A finished run in, eight runs and a sentence out."""

    help = (
        "Run a finished run again at 0, 0.5, 1 and 2 times its costs, filled at the close and at "
        "the next open, and say where the profit is gone."
    )

    def add_options(self, parser: CommandParser) -> None:
        """Add the run."""
        parser.add_argument("run_id", help="a run that is done")

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask for the rungs and do in this process what no worker does."""
        recover_runs()
        user = ensure_user(name=options["user"])
        base = find_subject(user=user, name=options["run_id"])
        if not isinstance(base, Run):
            raise InputError(f"{base.pk} is a dataset: a cost ladder is for a run.", field="run_id")
        ladder, new = climb_ladder(run=base)
        try:
            for number, rung in enumerate(ladder.rungs):
                self._perform(rung.run, number / ladder.wanted, 1 / ladder.wanted)
        except (KeyboardInterrupt, CancelledError):
            with contextlib.suppress(HewstonError):  # the last one was under way
                leave_ladder(run=base)
            raise
        finally:
            self.end_progress()
        ladder = read_ladder(run=base)
        return ladder.as_json() | {"created": new, "failed": not ladder.is_whole}

    def _perform(self, run: Run, done: float, share: float) -> None:
        """Do a run, or follow it where a worker was faster; what failed is said in the answer."""
        with contextlib.suppress(HewstonError):
            while not run.is_over:
                perform_run(
                    run, report=lambda part: self.show_progress(f"{done + share * part:4.0%}")
                )
                follow(run, recover=recover_runs)

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Show each rung and the conclusion."""
        lines = [f"  {'filled at':<10} {'costs':>5} {'net profit':>14} {'trades':>7}  run"]
        for rung in answer["rungs"]:
            known = rung["net_profit"] is not None
            figures = f"{rung['net_profit']:14,.2f} {rung['trades']:7,}" if known else f"{'-':>22}"
            failed = f"  {rung['error']['message']}" if rung["error"] else ""
            lines.append(
                f"  {rung['fill_clock']:<10} {rung['cost_factor']:4g}x {figures}  "
                f"{rung['run_id']}{failed}"
            )
        return "\n".join([f"Cost ladder of run {answer['run_id']}.", *lines, answer["conclusion"]])
