"""The chart of a dataset of ten years: what is viewed is fetched, and nothing else."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.test_charts import open_chart, snapshot, wait_until
from tests.ranges import EVENINGS_ID, LONG_ID

LONG = f"/datasets/{LONG_ID}/"


@pytest.fixture
def pages(watched):
    """The numbers of the pages that were asked for, by interval."""
    asked = []
    watched.on(
        "request",
        lambda request: asked.extend(re.findall(r"/columns/\w+/(\w+)-\w+/(\d+)$", request.url)),
    )
    return asked


def press(page, chart, key, condition):
    """Press a key on the chart, and wait for what it brings."""
    chart.locator(".canvas").focus()
    page.keyboard.press(key)
    return wait_until(page, chart, f"!state.isLoading && ({condition})")


def test_ten_years_open_as_fast_as_a_day(watched, pages):
    state = snapshot(open_chart(watched, LONG))
    assert state["interval"] == "15m"
    assert state["isAuto"]
    assert state["rows"] == 62_635
    assert state["drawn"][1] == "2023-12-29 15:45"
    assert state["series"] == ["price", "volume"]  # no quote is known, so there is no spread
    assert "LONG rose by" in state["label"] or "LONG fell by" in state["label"]
    assert "2,541 are missing in regular sessions" in state["label"]
    assert {interval for interval, _ in pages} == {"15m"}
    assert len(pages) <= 4


def test_what_is_panned_to_is_there_up_to_the_first_bar(watched, pages):
    chart = open_chart(watched, LONG)
    assert press(watched, chart, "Home", "state.visible.from < 0")["drawn"][0] == "2014-01-02 09:30"
    place = snapshot(chart)["visible"]["from"]
    for _ in range(12):
        place += 150
        press(watched, chart, "Shift+ArrowRight", f"state.visible.from > {place}")
    state = snapshot(chart)
    assert state["drawn"][0].startswith("2014-04-")
    assert state["where"].startswith("Bar 2,")
    assert len(set(pages)) < 10  # of 32


def test_zooming_out_and_in_changes_the_interval_by_itself(watched):
    chart = open_chart(watched, LONG)
    state = press(watched, chart, "f", "state.interval === '1w' && state.visible.from <= 0")
    assert state["drawn"] == ["2014-01-02", "2023-12-26"]  # the first sessions of their weeks
    assert state["candles"] == state["rows"]
    for name in ("1h", "15m"):
        for _ in range(6):
            if snapshot(chart)["interval"] == name:
                break
            press(watched, chart, "+", "true")
            watched.wait_for_timeout(200)
        state = wait_until(watched, chart, f"!state.isLoading && state.interval === '{name}'")
    assert state["drawn"][0].startswith("2018-")  # the middle of ten years
    expect(chart.get_by_role("button", name="auto")).to_have_attribute("aria-pressed", "true")


def test_bars_of_days_have_the_date_of_their_close_and_no_time(watched, context, address):
    context.add_cookies([{"name": "zone", "value": "utc", "url": address}])
    chart = open_chart(watched, f"/datasets/{EVENINGS_ID}/?interval=1d")
    state = snapshot(chart)
    assert state["drawn"] == ["2023-10-30", "2023-11-10"]
    assert state["dayStarts"][:3] == ["2023-10-30", "2023-10-31", "2023-11-01"]
    assert state["where"] == "Bar 10 of 10 \N{MIDDLE DOT} 2023-11-10"
    assert state["legend"].startswith("2023-11-10O")
    assert "on 2023-10-30 to" in state["label"]
    chart.get_by_text("Show data").click()
    expect(chart.get_by_role("columnheader", name="Date")).to_be_visible()
    chart.get_by_role("button", name="15m").click()
    state = wait_until(watched, chart, "!state.isLoading && state.interval === '15m'")
    chart.get_by_label("Go to").fill("2023-11-06")  # whose first bar is on Sunday, after the clocks
    state = wait_until(watched, chart, "state.dayStarts.includes('2023-11-05 22:00')")
    assert state["drawn"][0] < "2023-11-05 22:00" < state["drawn"][1]


def test_an_interval_that_was_chosen_stays_while_one_zooms(watched):
    chart = open_chart(watched, f"{LONG}?interval=1h")
    for width in (300, 600, 1200, 2400):
        state = press(watched, chart, "-", f"state.visible.to - state.visible.from > {width}")
    assert state["interval"] == "1h"


def test_a_date_is_gone_to_and_the_address_keeps_the_place(watched):
    chart = open_chart(watched, LONG)
    chart.locator(".canvas").focus()
    watched.keyboard.press("g")
    field = chart.get_by_label("Go to")
    expect(field).to_be_focused()
    field.fill("2016-02-29")
    state = wait_until(watched, chart, "state.drawn[1].startsWith('2016-03')")
    assert "2016-02-29 09:30" in state["dayStarts"]
    expect(watched).to_have_url(re.compile(r"interval=auto&session=regular&at=1456\d+"))
    watched.reload()
    state = snapshot(open_chart(watched, watched.url))
    assert state["drawn"][0].startswith("2016-02-2")


def test_bars_that_are_missing_are_marked_and_said(watched):
    chart = open_chart(watched, f"{LONG}?at=1529501400")  # 20 June 2018, of which there are no bars
    state = wait_until(watched, chart, "!state.isLoading && state.gaps > 100")
    chart.get_by_text("Show data").click()
    table = chart.get_by_role("table").last
    expect(table.get_by_role("columnheader", name="missing before")).to_be_visible()
    row = table.locator("tbody tr", has_text="2018-06-21 09:30")
    expect(row.locator("td").last).to_have_text("26")
    row = table.locator("tbody tr", has_text="2018-06-21 10:15")
    expect(row.locator("td").last).to_have_text("1")
    chart.get_by_role("button", name="Gaps").click()
    assert wait_until(watched, chart, "state.gaps === 0")["rows"] == state["rows"]


def test_what_could_not_be_fetched_is_fetched_again_on_request(page):
    chart = open_chart(page, LONG)
    page.route("**/columns/**", lambda route: route.abort())
    chart.locator(".canvas").focus()
    page.keyboard.press("Home")
    alert = chart.get_by_role("alert")
    expect(alert).to_contain_text("The server does not answer.")
    page.unroute("**/columns/**")
    alert.get_by_role("button", name="Retry").click()
    wait_until(page, chart, "state.drawn[0] === '2014-01-02 09:30'")
    expect(alert).to_have_count(0)


def test_the_strip_says_how_complete_each_week_is_and_leads_to_it(watched, theme):
    chart = open_chart(watched, LONG)
    strip = watched.locator(".strip")
    strip.focus()
    for key in ("End", "Home", "ArrowRight"):
        watched.keyboard.press(key)
    said = watched.locator(".said")
    expect(said).to_have_text("week of 2014-01-06: 125 bars; of 130 expected 5 missing")
    watched.keyboard.press("Enter")
    state = wait_until(watched, chart, "!state.isLoading && state.drawn[0].startsWith('2014-01-0')")
    assert state["drawn"][1].startswith("2014-01-1")
    expect(chart).to_be_in_viewport()
    watched.get_by_text("Show as a table").click()
    row = watched.locator("[data-periods] tr", has_text="week of 2018-06-18")
    expect(row.locator("td")).to_have_text(["week of 2018-06-18", "100", "130", "30"])
    row.get_by_role("link").click()
    wait_until(watched, chart, "!state.isLoading && state.drawn[0].startsWith('2018-06-1')")


def test_the_page_of_ten_years_passes_axe(watched, theme):
    chart = open_chart(watched, LONG)
    press(watched, chart, "f", "state.interval === '1w'")
    found = Axe().run(watched)
    assert found.violations_count == 0, found.generate_report()
