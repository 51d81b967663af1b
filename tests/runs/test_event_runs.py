"""An event strategy from the editor to a run that is made again, equal to the byte."""

import re
import shutil
from pathlib import Path

import pytest
from django.urls import reverse

from apps.runs.actions import request_reproduction
from apps.runs.models import Run
from apps.runs.tasks import perform_reproduction, perform_run
from apps.strategies.models import StrategyVersion
from apps.strategies.tasks import perform_check
from hewston.pipeline import artifacts
from hewston.taskqueue import Status
from tests.api.program import Program
from tests.events.test_runs import run as run_source
from tests.pipeline.frames import random_bars
from tests.scenes import DATASET_ID

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def root(settings, tmp_path):
    """A data root of the test's own."""
    place = tmp_path / "root"
    shutil.copytree(settings.DATA_ROOT, place)
    settings.DATA_ROOT = place


@pytest.fixture
def version(client, catalogue) -> StrategyVersion:
    """The example, begun with on the page and saved there."""
    client.force_login(catalogue.ada)
    page = client.get("/strategies/new/", {"from": "event"})
    source = page.context["form"].source
    assert "class AboveAverage(Strategy)" in source
    saved = client.post(
        "/strategies/new/?from=event",
        {"slug": "above", "name": "", "source": source, "action": "save"},
    )
    assert saved.status_code == 302, saved.content.decode()
    found: StrategyVersion = StrategyVersion.objects.get()
    return found


def test_it_is_saved_shown_and_checked(client, version) -> None:
    address = reverse("strategy-version", args=["ada", "above", 1])
    assert "event strategy" in client.get(address).content.decode()
    assert set(version.rules) == {"length", "distance"}
    check = version.checks.get()  # asked for when it was saved
    perform_check(check)
    check.refresh_from_db()
    assert check.verdict == "clean", check.sentence
    assert "clean" in client.get(address).content.decode()
    shown = client.get(reverse("strategy-check", args=["ada", "above", 1, check.pk]))
    assert "position" in shown.content.decode()


def test_its_run_has_all_artifacts_and_is_made_again_to_the_byte(
    root, client, catalogue, version
) -> None:
    body = {
        "dataset_id": DATASET_ID,
        "strategy_id": "above@1",
        "params": {"length": 5, "distance": 0.0005},
    }
    catalogue.ada.tokens.all().delete()
    asked = Program(catalogue.ada, "run").post("/backtests", body)
    assert asked.status_code in {200, 202}, asked.content
    run = Run.objects.get(pk=asked.json()["run_id"])
    perform_run(run)
    run.refresh_from_db()
    assert run.status == Status.DONE, run.error
    assert artifacts.read_frame(run.folder, "trades").height > 3
    orders = artifacts.read_frame(run.folder, "orders")
    assert set(orders["type"].unique()) == {"MARKET", "LIMIT", "STOP"}
    reproduction = request_reproduction(run=run, owner=catalogue.ada)
    perform_reproduction(reproduction)
    reproduction.refresh_from_db()
    assert reproduction.is_equal
    for tab in ("", "trades/", "logs/", "playback/"):
        assert client.get(f"/runs/{run.pk}/{tab}").status_code == 200, tab


def test_the_guide_s_strategy_trades() -> None:
    text = (PROJECT / "docs/event-strategies.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert run_source(source, random_bars(500), params={"distance": 0.0003})["fills"].height > 4
