"""Runs compared, in a browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.runs.comparing import CLOSE, COSTLY, LONGER
from tests.scenes import RUN_ID

MINUS = "\N{MINUS SIGN}"

PAGE = f"/runs/compare/?ids={RUN_ID},{COSTLY}"
MANY = f"/runs/compare/?ids={RUN_ID},{CLOSE},{COSTLY},{LONGER}"


@pytest.mark.parametrize("path", [PAGE, MANY, f"/runs/compare/?ids={RUN_ID}"])
def test_a_comparison_is_accessible(watched, theme, path):
    watched.goto(path)
    if "," in path:
        expect(watched.locator("compare-plots canvas").first).to_be_visible()
    assert watched.evaluate("document.documentElement.dataset.theme") == theme
    results = Axe().run(watched)
    assert results.violations_count == 0, results.generate_report()


def test_no_comparison_scrolls_sideways_on_a_narrow_screen(watched):
    watched.set_viewport_size({"width": 390, "height": 844})
    for path in (PAGE, MANY, f"/runs/compare/?ids={RUN_ID}"):
        watched.goto(path)
        assert watched.evaluate("document.documentElement.scrollWidth") == 390, path


def test_the_lines_say_their_conclusion_and_show_their_data(watched):
    watched.goto(MANY)
    plots = watched.locator("compare-plots")
    expect(plots.locator(".canvas")).to_have_attribute("aria-label", lines_of("A", "B", "C", "D"))
    seen = plots.evaluate("(element) => element.snapshot()")
    assert [line["letter"] for line in seen["lines"]] == ["A", "B", "C", "D"]
    assert seen["plots"] == 2
    plots.get_by_text("Show data").click()
    rows = plots.locator("table tbody tr")
    expect(rows).to_have_count(7)  # a row a date
    expect(rows.last).to_contain_text("2023-11-07")
    said = float(rows.last.locator("td").nth(1).inner_text())
    assert said == pytest.approx(seen["lines"][0]["last"], abs=5e-5)


def lines_of(*letters):
    return re.compile(".*".join(rf"\b{letter} made [+{MINUS}]?[\d.]+%" for letter in letters))


def test_from_a_run_to_a_comparison_and_to_one_of_its_trades(watched):
    watched.goto(f"/runs/{RUN_ID}/")
    watched.get_by_role("link", name="Compare…").click()
    watched.get_by_role("checkbox", name=f"Run {COSTLY}").check()
    watched.get_by_role("button", name="Compare", exact=True).click()
    expect(watched.get_by_role("heading", name="Compare 2 runs")).to_be_visible()
    expect(watched.get_by_text("only costs differ")).to_be_visible()
    watched.get_by_role("link", name="Trade 3 of A on the chart").click()
    watched.wait_for_url(f"**/runs/{RUN_ID}/?trade=3#chart")


def test_trades_are_narrowed_and_sorted_by_the_keyboard(watched):
    watched.goto(f"/runs/compare/?ids={RUN_ID},{CLOSE}")
    watched.get_by_role("button", name=f"B {MINUS} A").press("Enter")
    expect(watched.locator("[data-matches] th[aria-sort=descending]")).to_contain_text(
        f"B {MINUS} A"
    )
    watched.get_by_label("Kind").select_option("moved")
    watched.get_by_label("Within, bars").fill("2")
    watched.get_by_label("Within, bars").press("Enter")
    expect(watched).to_have_url(re.compile(r"kind=moved&tolerance=2"))
    expect(watched.locator("[data-matches] tbody tr").first).to_contain_text("moved")
