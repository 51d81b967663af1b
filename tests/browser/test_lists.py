"""The list of runs by keyboard, and a run's report under its policy."""

import re

from playwright.sync_api import expect

from tests.scenes import RUN_ID


def test_runs_are_chosen_and_opened_by_keyboard(watched, address):
    watched.goto(f"{address}/runs/?order=created")
    row = watched.locator("choose-rows tbody tr").first
    box, link = row.get_by_role("checkbox"), row.get_by_role("link").first
    watched.keyboard.press("j")
    expect(link).to_be_focused()
    watched.keyboard.press("x")
    expect(box).to_be_checked()
    expect(watched.get_by_text("1 chosen:")).to_be_visible()
    watched.keyboard.press("c")
    expect(watched.get_by_text("1 chosen, choose 2 to 6 to compare:")).to_be_visible()
    expect(box).to_be_checked()
    watched.get_by_role("searchbox").click()
    watched.keyboard.type("xjc")
    expect(watched.get_by_role("searchbox")).to_have_value("xjc")
    expect(box).to_be_checked()
    link.focus()
    watched.keyboard.press("?")
    expect(watched.get_by_text("compares the chosen")).to_be_visible()
    where = link.get_attribute("href")
    link.focus()
    watched.keyboard.press("k")  # stays on the first
    watched.keyboard.press("Enter")
    expect(watched).to_have_url(f"{address}{where}")


def test_the_report_of_a_run_shows_its_style_under_its_policy(watched, address):
    watched.goto(f"{address}/runs/{RUN_ID}/")
    watched.get_by_role("link", name="Report", exact=True).click()
    expect(watched).to_have_title(re.compile(RUN_ID))
    expect(watched.get_by_text("Max drawdown").first).to_be_visible()
    shown = watched.locator("dl.kpis").evaluate("one => getComputedStyle(one).display")
    assert shown == "grid"
    watched.set_viewport_size({"width": 390, "height": 844})
    assert watched.evaluate("document.documentElement.scrollWidth") == 390
