"""Bridge artifacts in a browser: in both themes, on a narrow screen, an export that is sent."""

import pytest
from playwright.sync_api import expect

from tests.bridges import ARTIFACT_ID, BRIDGE_DRAFT_ID
from tests.browser.test_pages import check_access
from tests.pipeline.parity.uploads import SPRING, TRADES, listed, rows_of

ARTIFACT = f"/parity/artifacts/{ARTIFACT_ID}/"
DRAFT = f"/parity/drafts/{BRIDGE_DRAFT_ID}/"
PAGES = ["/parity/", "/parity/new/", DRAFT, ARTIFACT, f"{ARTIFACT}delete/"]
CHART = "time,open,high,low,close,Mean,Volume\n" + "".join(
    f"{1698672600 + 60 * row},{100 + row},{101 + row},{99 + row},{100.5 + row},{100 + row}.25,9\n"
    for row in range(30)
)


def send(page, name, data):
    page.goto("/parity/new/")
    file = {"name": name, "mimeType": "text/csv", "buffer": data.encode()}
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Preview").click()


@pytest.mark.parametrize("width", [1440, 390])
def test_artifacts_are_accessible_and_fit_the_screen(watched, theme, width):
    watched.set_viewport_size({"width": width, "height": 1000})
    for path in PAGES:
        watched.goto(path)
        check_access(watched, *(["color-contrast"] if theme == "light" else []))
        assert watched.evaluate("document.documentElement.scrollWidth") == width


def test_an_export_is_sent_looked_at_and_kept(watched):
    send(watched, "chart.csv", CHART)
    expect(watched.get_by_role("heading", name="chart.csv")).to_be_visible()
    series = watched.get_by_role("region", name="Series").get_by_role("rowheader")
    expect(series).to_have_text(["Mean"])
    watched.get_by_label("Name").fill("thirty bars")
    watched.get_by_role("button", name="Keep", exact=True).click()
    expect(watched.get_by_role("heading", name="thirty bars")).to_be_visible()
    watched.get_by_role("link", name="Delete…").click()
    watched.get_by_role("button", name="Delete bridge artifact").click()
    expect(watched.get_by_role("status")).to_contain_text("is deleted.")


def test_an_export_that_is_refused_says_why(page):
    send(page, "page.csv", "<!doctype html><html></html>")  # the console names every answer of 422
    expect(page.get_by_role("alert").first).to_contain_text("page.csv")


SAVED_BY_A_SPREADSHEET = listed(
    SPRING,
    rows_of(
        SPRING,
        trades=[(*TRADES[0][:2], "03/04/2025", "05/04/2025", *TRADES[0][4:])],
    ),
)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_order_of_day_and_month_is_asked_and_said(watched, theme, width):
    watched.set_viewport_size({"width": width, "height": 1000})
    send(watched, "trades.csv", SAVED_BY_A_SPREADSHEET)
    expect(watched.get_by_text("order of dates wanted")).to_be_visible()
    check_access(watched, *(["color-contrast"] if theme == "light" else []))
    assert watched.evaluate("document.documentElement.scrollWidth") == width
    watched.get_by_label("Dates like 03/04/2025").select_option(label="day first")
    watched.get_by_role("button", name="Show the effect").click()
    trades = watched.get_by_role("region", name="Trades")
    expect(trades).to_contain_text("2025-04-03")
    watched.get_by_role("button", name="Keep", exact=True).click()
    expect(watched.get_by_text("days first")).to_be_visible()
