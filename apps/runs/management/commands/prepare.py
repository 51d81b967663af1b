"""`manage.py prepare`: what `serve` has done before it serves."""

import io
import json
from collections.abc import Mapping
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser
from django.urls import reverse

from apps.datasets.actions import recover_ingests
from apps.datasets.models import Dataset, Ingest
from apps.permissions.actions import ensure_user, issue_signin_link
from apps.permissions.models import User
from apps.runs.actions import recover_runs
from apps.runs.models import Run
from hewston.command import HewstonCommand
from hewston.taskqueue import Status

SAMPLE_STRATEGY = "sma_crossover"
SAMPLE_SIZE = "100"  # units: large enough beside the starting cash to be seen


class Command(HewstonCommand):
    """Tables up to date, nothing half-made left; with a sample, a dataset and a run to look at."""

    help = "Bring the data root up to date; print the path of a one-time sign-in link."

    def add_options(self, parser: CommandParser) -> None:
        """Add the choice of a sample."""
        parser.add_argument(
            "--sample",
            action="store_true",
            help="make the sample year and a backtest of it, where they are missing",
        )

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do each step that is not done yet."""
        owner = ensure_user(name=options["user"])
        recover_ingests()
        recover_runs()
        page = "/"
        if options["sample"]:
            page = reverse("run", args=[self._sample_run(self._sample_dataset(owner))])
        token = issue_signin_link(user=owner, next_path=page)
        return {"link": reverse("sign-in-link", args=[token])}

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say the link."""
        return str(answer["link"])

    def _sample_dataset(self, owner: User) -> Dataset:
        done = Ingest.objects.filter(
            owner=owner,
            status=Status.DONE,
            options__has_key="sample_year",
            revisions__isnull=False,  # it may have been deleted since
        )
        if not done.exists():
            self.stderr.write("Making the sample year and its bars (only this once).")
            self._call("ingest", "--sample")
        return done.earliest("created_at").revisions.get().dataset

    def _sample_run(self, dataset: Dataset) -> str:
        done = Run.objects.filter(
            owner=dataset.owner,
            dataset=dataset,
            status=Status.DONE,
            strategy_id=SAMPLE_STRATEGY,
        )
        if (run := done.order_by("created_at").first()) is not None:
            return str(run.pk)
        self.stderr.write(f"Backtesting {SAMPLE_STRATEGY} on it.")
        answer = self._call(
            "backtest", dataset.pk, "--strategy", SAMPLE_STRATEGY, "--size", SAMPLE_SIZE
        )
        return str(answer["run_id"])

    def _call(self, *command: str) -> dict[str, Any]:
        said = io.StringIO()
        call_command(*command, "--json", stdout=said, stderr=self.stderr)
        answer: dict[str, Any] = json.loads(said.getvalue())
        return answer
