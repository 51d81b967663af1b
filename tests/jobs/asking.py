"""`python -m tests.jobs.asking runs DATASET COUNT` or `… ingest FOLDER COUNT`: asks, prints ids."""

import os
import sys
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "hewston.settings"
django.setup()

from apps.datasets.actions import find_dataset, request_ingest  # noqa: E402 (after the setup)
from apps.permissions.actions import ensure_user  # noqa: E402
from apps.runs.actions import build_spec, choose_strategy, request_run  # noqa: E402


def main(kind: str, what: str, count: int, first_seed: int) -> None:
    """Ask for jobs as the owner."""
    owner = ensure_user()
    for seed in range(first_seed, first_seed + count):
        if kind == "ingest":
            job = request_ingest(owner=owner, sources=[Path(what)], options={})
            sys.stdout.write(f"{job.pk}\n")
            continue
        revision = find_dataset(user=owner, dataset_id=what).latest
        strategy = choose_strategy(user=owner, name="sma_crossover")
        spec = build_spec(revision=revision, strategy=strategy, params={}, options={"seed": seed})
        run, _ = request_run(owner=owner, revision=revision, spec=spec)
        sys.stdout.write(f"{run.pk}\n")


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
