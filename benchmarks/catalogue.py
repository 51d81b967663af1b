"""Fills a data root with a long list of runs, and signs its owner in.

    python -m benchmarks.catalogue RUNS

Prints the addresses of all pages and a session's cookie as one JSON object. The data root
(HEWSTON_DATA_ROOT) has one dataset and one finished run on it.
"""

import datetime as dt
import json
import os
import random
import sys

import django


def main(count: int) -> None:
    """Copy the run, with other figures, and print what a browser needs."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "hewston.settings"
    django.setup()
    from django.conf import settings  # noqa: PLC0415 (after the settings)
    from django.test import Client  # noqa: PLC0415

    from apps.runs.models import Run, RunMetrics  # noqa: PLC0415
    from hewston.taskqueue import Status  # noqa: PLC0415

    run = Run.objects.select_related("metrics", "owner").get()
    chance = random.Random(0)  # noqa: S311 (not a secret)
    copies = [
        Run(
            owner=run.owner,
            dataset_id=run.dataset_id,
            revision_id=run.revision_id,
            spec=run.spec,
            strategy_id=chance.choice(["sma_crossover", "buy_and_hold"]),
            code_hash=run.code_hash,
            input_hash=f"{number:064x}",
            status=chance.choice([Status.DONE] * 8 + [Status.ERROR, Status.CANCELLED]),
            created_at=run.created_at - dt.timedelta(minutes=number),
        )
        for number in range(1, count)
    ]
    Run.objects.bulk_create(copies, batch_size=2000)
    figures = [field.name for field in RunMetrics._meta.fields if field.name != "run"]  # noqa: SLF001 (Django's own API)
    RunMetrics.objects.bulk_create(
        [
            RunMetrics(
                run=copy,
                **{
                    name: int(chance.uniform(0, 5000)) if name == "trades" else chance.gauss(0, 1)
                    for name in figures
                },
            )
            for copy in copies
            if copy.status == Status.DONE
        ],
        batch_size=2000,
    )
    client = Client()
    client.force_login(run.owner, backend="django.contrib.auth.backends.ModelBackend")
    page, dataset = f"/runs/{run.pk}/", f"/datasets/{run.dataset_id}/"
    pages = [
        "/",
        "/datasets/",
        dataset,
        "/runs/",
        "/runs/?order=-sharpe",
        "/runs/?order=max_drawdown&page=100",
        "/runs/?status=DONE&strategy=sma_crossover&order=-net_profit",
        page,
        f"{page}?trade=100",
        f"{page}trades/",
        f"{page}trades/?order=-net_pnl&page=3",
        f"{page}logs/",
        f"{page}manifest/",
        "/notices/",
    ]
    listed = "/backtests"
    api = [
        listed,
        f"{listed}?order=-sharpe",
        f"{listed}?order=max_drawdown&offset=9000",
        f"{listed}?status=DONE&strategy_id=sma_crossover&order=-net_profit",
        f"{listed}?symbol=DEMO&from=2023-03-01&to=2023-06-30",
    ]
    name = settings.SESSION_COOKIE_NAME
    cookie = f"{name}={client.cookies[name].value}"
    from hewston.pipeline import playback  # noqa: PLC0415 (after the settings)

    bulk = [
        f"{listed}/{run.pk}/equity",
        f"{page}columns/{playback.address(run.results_sha256)}/1m",
        f"{dataset}columns/{playback.address(run.revision.bars_sha256)}/1m-extended/0",
    ]
    addresses = {"pages": pages, "api": api, "bulk": bulk, "cookie": cookie}
    sys.stdout.write(json.dumps(addresses) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
