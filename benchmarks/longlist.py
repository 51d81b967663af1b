"""Fills a data root with a long list of runs, and signs its owner in.

    python -m benchmarks.longlist RUNS

Prints the addresses to ask and a session's cookie as one JSON object. The data root
(HEWSTON_DATA_ROOT) is empty before. The rows are what lists read; none has artifacts.
"""

import datetime as dt
import json
import os
import random
import sys
from typing import Any

import django

_WORDS = (
    *("wider", "stop", "earlier", "entry", "spread", "doubled", "baseline", "again", "after"),
    *("fees", "halved", "trend", "only", "morning", "session", "with", "filter", "volume"),
)
_TAGS = ("baseline", "candidate", "checked", "costs", "draft", "grid", "holdout", "trend")
_SYMBOLS = ("AAPL", "AIG", "ESZ3", "EURUSD", "MSFT", "NVDA", "SPY", "TSLA")
_BATCH = 2000


def main(count: int) -> None:
    """Make the rows, and print what a browser needs."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "hewston.settings"
    django.setup()
    from django.conf import settings  # noqa: PLC0415 (after the settings)
    from django.test import Client  # noqa: PLC0415

    from apps.permissions.actions import ensure_user  # noqa: PLC0415
    from hewston.command import prepare_database  # noqa: PLC0415

    prepare_database()
    owner = ensure_user(name=None)
    fill(owner, count)
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    name = settings.SESSION_COOKIE_NAME
    answer = {"cookie": f"{name}={client.cookies[name].value}"}
    sys.stdout.write(json.dumps(answer) + "\n")


def fill(owner: Any, count: int) -> None:  # noqa: ANN401 (a model of settings that are not read yet)
    """Make datasets, and runs of them with figures, names, notes and tags, the same every time."""
    from apps.runs.models import Run, RunMetrics, RunTag  # noqa: PLC0415
    from hewston.pipeline.metrics import METRICS  # noqa: PLC0415
    from hewston.taskqueue import Status  # noqa: PLC0415

    chance = random.Random(0)  # noqa: S311 (not a secret)
    revisions = [_add_dataset(owner, symbol) for symbol in _SYMBOLS]
    newest = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    ends = [Status.DONE] * 18 + [Status.ERROR, Status.CANCELLED]
    for first in range(0, count, _BATCH):
        runs = []
        for number in range(first, min(first + _BATCH, count)):
            revision = chance.choice(revisions)
            strategy = chance.choice(["sma_crossover", "buy_and_hold"])
            created = newest - dt.timedelta(minutes=5 * number)
            runs.append(
                Run(
                    id=f"{chance.getrandbits(48):012x}",
                    owner=owner,
                    dataset=revision.dataset,
                    revision=revision,
                    spec=_make_spec(revision, strategy, chance),
                    strategy_id=strategy,
                    code_hash=f"{number % 7:064x}",
                    input_hash=f"{number:064x}",
                    status=chance.choice(ends),
                    name=_say(chance, 3) if chance.random() < 0.3 else "",  # noqa: PLR2004 (a share)
                    note=_say(chance, 25) if chance.random() < 0.5 else "",  # noqa: PLR2004 (a share)
                    created_at=created,
                    started_at=created,
                    ended_at=created + dt.timedelta(milliseconds=chance.randint(300, 3000)),
                    archived_at=newest if chance.random() < 0.1 else None,  # noqa: PLR2004 (a share)
                )
            )
        Run.objects.bulk_create(runs)
        RunMetrics.objects.bulk_create(
            RunMetrics(run=run, **{name: _draw(name, chance) for name in METRICS})
            for run in runs
            if run.status == Status.DONE
        )
        RunTag.objects.bulk_create(
            RunTag(run=run, name=name)
            for run in runs
            for name in chance.sample(_TAGS, chance.choice([0, 0, 1, 2]))
        )


def _add_dataset(owner: Any, symbol: str) -> Any:  # noqa: ANN401 (likewise)
    from apps.datasets.models import Dataset, Revision  # noqa: PLC0415
    from hewston.pipeline.spec import Instrument  # noqa: PLC0415

    first, last = dt.date(2023, 1, 1), dt.date(2023, 12, 31)
    dataset = Dataset.objects.create(
        dataset_id=f"{symbol}-2023-1m",
        owner=owner,
        symbol=symbol,
        instrument=Instrument().as_json(),
        interval="1m",
        from_date=first,
        to_date=last,
        products=["TRADES", "TBBO"],
        provider="databento",
        venue_code="XNAS.ITCH",
        calendar="XNYS",
        tz="America/New_York",
    )
    return Revision.objects.create(
        dataset=dataset,
        number=1,
        bars_sha256=f"{len(symbol):064x}",
        rows=98_000,
        size_bytes=5_500_000,
        first_ts=dt.datetime(2023, 1, 3, 14, 30, tzinfo=dt.UTC),
        last_ts=dt.datetime(2023, 12, 29, 20, 59, tzinfo=dt.UTC),
        calendar_version="exchange_calendars 4.13",
        raw_files=[],
    )


def _make_spec(revision: Any, strategy: str, chance: random.Random) -> dict[str, Any]:  # noqa: ANN401 (likewise)
    from hewston.pipeline.spec import RunSpec, SlippageFees  # noqa: PLC0415

    dataset = revision.dataset
    params = {"fast": chance.randint(2, 60), "slow": chance.randint(61, 300)}
    spec = RunSpec(
        bars_sha256=revision.bars_sha256,
        instrument=dataset.instrument_spec,
        calendar=dataset.calendar,
        tz=dataset.tz,
        symbol=dataset.symbol,
        strategy_id=strategy,
        strategy_sha256="0" * 64,
        params=params if strategy == "sma_crossover" else {},
        size=100.0,
        slippage_fees=SlippageFees(k_spread=0.5, fees_bps=1.0),
        from_date=dataset.from_date,
        to_date=dataset.to_date,
        interval="1m",
    )
    return dict(spec.as_json())


def _say(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(_WORDS, k=count)) + f" {chance.randrange(10**6):06d}"


def _draw(name: str, chance: random.Random) -> float | int | None:
    """Draw a figure; one in fifty is absent."""
    if chance.random() < 0.02:  # noqa: PLR2004 (a share)
        return None
    if name.endswith(("trades", "streak", "orders")):
        return chance.randint(0, 5000)
    return abs(chance.gauss(0.1, 0.1)) if name == "max_drawdown" else chance.gauss(0, 1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
