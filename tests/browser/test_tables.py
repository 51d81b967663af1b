"""A table in a browser: a change moves its bars at once, and what is answered becomes a dataset."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.datasets.tables import write_table

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def worker(site_root, address):
    """Workers of the site's queues."""
    settings = {
        "HEWSTON_DATA_ROOT": str(site_root),
        "HEWSTON_WORKERS": "1",
        "HEWSTON_MIN_FREE_GB": "0",
    }
    with (site_root / "table-worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, PROJECT / "manage.py", "worker"],
            env=os.environ | settings,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    yield process
    process.terminate()
    process.wait(30)


@pytest.fixture
def preview(watched, tmp_path, theme):
    """The preview of a table that was sent, of a symbol of its own in each theme."""
    path = tmp_path / f"{theme.upper()}_minutes.csv"
    path.write_text(write_table(60, bad=1))
    watched.goto("/datasets/new/")
    watched.locator("input[type=file]").set_input_files(path)
    watched.get_by_role("button", name="Send").click()
    expect(watched.locator("h1")).to_have_text(path.name)
    return watched


def check_access(page):
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_a_change_moves_the_bars_at_once_and_keeps_the_focus(preview):
    first = preview.get_by_role("region", name="As bars").locator("tbody tr").first
    expect(first).to_contain_text("2024-01-08 14:31")  # the first row cannot be read
    check_access(preview)
    zone = preview.get_by_label("Zone of the times")
    zone.fill("Europe/Berlin")
    expect(first).to_contain_text("2024-01-08 08:31")
    expect(zone).to_be_focused()
    expect(zone).to_have_value("Europe/Berlin")
    preview.get_by_label("A time is a bar's").select_option("close")
    expect(first).to_contain_text("2024-01-08 08:30")
    check_access(preview)


@pytest.mark.slow
def test_what_is_answered_is_imported_and_opens(worker, preview):
    expect(preview.locator(".title .badge")).to_have_text("not ready")
    preview.get_by_role("button", name="Use America/New_York").click()
    expect(preview.get_by_label("Zone of the times")).to_have_value("America/New_York")
    preview.get_by_label("A time is a bar's").select_option("open")
    preview.get_by_label(re.compile("Leave out the 1 row")).check()
    expect(preview.locator(".title .badge")).to_have_text("ready")
    preview.get_by_role("button", name="Import").click()
    expect(preview.locator("h1")).to_contain_text("Ingest")
    expect(preview.locator(".title .badge")).to_have_text("done")
    expect(preview.get_by_role("region", name="Rows that were left out")).to_contain_text(
        "no number"
    )
    preview.get_by_role("link", name="Open").click()
    expect(preview.locator("#reading")).to_have_text("How the table was read")
    check_access(preview)
    preview.get_by_role("link", name="Import another file the same way").click()
    expect(preview.locator("#like")).to_contain_text("Tables are read as")
    check_access(preview)
