"""Boards in a browser: in both themes, on a narrow screen, by keyboard, with a zip that is sent."""

import io
import zipfile

import pytest
from playwright.sync_api import expect

from tests.boards import BOARD_ID
from tests.browser.test_pages import check_access

BOARD = f"/parity/boards/{BOARD_ID}/"
PAGES = ["/parity/boards/", "/parity/boards/new/", BOARD, f"{BOARD}delete/"]


def pack(**files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return {"name": "pairs.zip", "mimeType": "application/zip", "buffer": data.getvalue()}


@pytest.mark.parametrize("width", [1440, 390])
def test_boards_are_accessible_and_fit_the_screen(watched, theme, width):
    watched.set_viewport_size({"width": width, "height": 1000})
    for path in PAGES:
        watched.goto(path)
        check_access(watched, *(["color-contrast"] if theme == "light" else []))
        assert watched.evaluate("document.documentElement.scrollWidth") == width


def test_pairs_that_are_not_aligned_are_shown_alone(watched):
    watched.goto(BOARD)
    pairs = watched.get_by_role("region", name="Pairs").get_by_role("rowheader")
    expect(pairs).to_have_text(["=lost", "crossover", "breakout"])
    watched.get_by_role("link", name="Not aligned 2").click()
    expect(pairs).to_have_text(["=lost", "crossover"])
    changes = watched.get_by_role("region", name="Since board").get_by_role("row")
    expect(changes.nth(1)).to_contain_text("worse")


def test_a_zip_is_sent_waits_for_a_worker_and_is_cancelled(watched):
    watched.goto("/parity/boards/new/")
    watched.get_by_label("Zip").set_input_files(pack(a__py="x = 1", a__csv="list"))
    watched.get_by_label("Zone of the lists").fill("Asia/Taipei")
    watched.get_by_role("button", name="Play").click()
    expect(watched.get_by_role("heading", name="Waiting for a worker")).to_be_visible()
    watched.get_by_role("button", name="Cancel").click()
    expect(watched.get_by_text("Cancelled: its files are kept.")).to_be_visible()


def test_a_zip_that_is_refused_says_why(page):
    page.goto("/parity/boards/new/")  # the console names every answer of 422
    page.get_by_label("Zip").set_input_files(pack(a__csv="list"))
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("alert").first).to_contain_text("pairs.zip holds no pair")
