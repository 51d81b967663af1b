"""Comparisons in a browser: both themes, a narrow screen, the chart, the errors, the keyboard."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages import check_access
from tests.comparisons import COMPARISON_ID, PARTED_ID
from tests.scenes import RUN_ID

LIST = "/parity/comparisons/"
PARTED = f"{LIST}{PARTED_ID}/"
PAGES = [
    *(LIST, f"{LIST}new/?run={RUN_ID}", f"{LIST}{COMPARISON_ID}/"),
    *(PARTED, f"{PARTED}?at=1&show=differences", f"{PARTED}delete/"),
    f"{LIST}{COMPARISON_ID}/?at=900000",
]
SOLID, DASHED = 0, 2  # the library's styles of lines


def wait_for(page, element, is_there):
    """Wait until what an element shows is as wanted; gives all of it."""
    shown = None
    for _ in range(200):
        shown = page.evaluate(f"document.querySelector('{element}').snapshot() ?? null")
        if shown is not None and is_there(shown):
            return shown
        page.wait_for_timeout(50)
    raise AssertionError(f"{element} shows {shown}")


def chart_of(page, is_there):
    return wait_for(page, "parity-chart", lambda shown: not shown["isLoading"] and is_there(shown))


def errors_of(page, is_there=lambda _shown: True):
    return wait_for(page, "parity-errors", is_there)


def is_at(row):
    return lambda shown: shown["row"] == row


@pytest.mark.parametrize("width", [1440, 390])
def test_comparisons_are_accessible_and_fit_the_screen(watched, theme, width):
    watched.set_viewport_size({"width": width, "height": 1000})
    for path in PAGES:
        watched.goto(path)
        if path.startswith(PARTED) and "delete" not in path:
            chart_of(watched, lambda shown: shown["held"] > 0)
            errors_of(watched)
        check_access(watched, *(["color-contrast"] if theme == "light" else []))
        assert watched.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [1440, 390])
def test_a_title_without_a_space_stays_inside_the_page(watched, width):
    watched.set_viewport_size({"width": width, "height": 1000})
    watched.goto(PARTED)
    chart_of(watched, is_at(500))
    errors_of(watched)
    titles = "parity-chart .legend > span, parity-errors .legend > *, option, .choices label"
    watched.evaluate(
        "titles => document.querySelectorAll(titles).forEach("
        "one => one.textContent = 'W'.repeat(200))",
        titles,
    )
    assert watched.evaluate("document.documentElement.scrollWidth") == width


def test_the_chart_shows_both_sides_around_the_first_divergence(watched):
    watched.goto(PARTED)
    shown = chart_of(watched, is_at(500))
    assert [line["title"] for line in shown["lines"]] == ["Slow"]
    assert shown["lines"][0]["styles"] == [SOLID, DASHED]
    assert shown["first"] == 0
    assert shown["held"] == 1001
    assert "(diverges)" in shown["legend"]
    assert {mark["shape"] for mark in shown["marks"]} == {"square"}  # Pine made no list of trades
    marked = watched.get_by_role("region", name="Bars around").locator("tr[aria-current]")
    expect(marked).to_be_in_viewport()
    watched.get_by_text("Series", exact=True).locator("visible=true").first.click()
    watched.get_by_role("checkbox", name="Fast").check()
    watched.get_by_role("button", name="Python's candles").click()
    shown = chart_of(watched, lambda shown: len(shown["lines"]) == 2)
    assert shown["side"] == "python"
    assert [line["title"] for line in shown["lines"]] == ["Fast", "Slow"]


def test_the_window_moves_with_the_view(watched):
    watched.goto(PARTED)
    chart_of(watched, is_at(500))
    chart = watched.locator("parity-chart [role=img]")
    chart.focus()
    chart.press("End")
    assert chart_of(watched, lambda shown: shown["first"] == 2159)["held"] == 501
    chart.press("Home")
    chart_of(watched, lambda shown: shown["first"] == 0)
    for _ in range(9):
        chart.press("Shift+ArrowRight")
        watched.wait_for_timeout(50)
    chart_of(watched, lambda shown: shown["first"] > 0)


def test_an_error_leads_to_its_bar_by_keyboard_and_by_click(watched):
    watched.goto(PARTED)
    shown = errors_of(watched)
    assert shown["most"] == 1
    assert "The largest absolute error of Slow is 1" in shown["label"]
    watched.get_by_role("button", name="Relative", exact=True).click()
    assert errors_of(watched, lambda shown: shown["kind"] == "relative")["most"] < 1
    watched.get_by_role("button", name="Log", exact=True).click()
    errors_of(watched, lambda shown: shown["isLog"])
    chart_of(watched, is_at(500))
    plot = watched.locator("parity-errors [role=img]")
    plot.focus()
    plot.press("Home")
    plot.press("Enter")
    chart_of(watched, lambda shown: shown["row"] < 100)
    plot.click(position={"x": 900, "y": 60})
    chart_of(watched, lambda shown: shown["row"] > 500)


def test_from_difference_to_difference_and_into_playback(watched):
    watched.goto(PARTED)
    expect(watched.get_by_role("heading", name="First divergence")).to_be_visible()
    watched.get_by_role("link", name="Next difference").click()
    expect(watched.get_by_role("heading", name="Difference 2 of 3")).to_be_visible()
    chart_of(watched, is_at(501))
    watched.get_by_role("link", name="Previous difference").click()
    expect(watched.get_by_role("heading", name="Difference 1 of 3")).to_be_visible()
    watched.get_by_role("link", name="Open playback at this bar").click()
    expect(watched.locator("run-player .where").first).to_contain_text("Bar 501 of")


def test_differences_alone_and_sorted_series(watched):
    watched.goto(PARTED)
    watched.get_by_role("link", name="Differences only 1").click()
    series = watched.get_by_role("region", name="Series", exact=True)
    expect(series.get_by_role("rowheader")).to_have_text(["Slow"])
    watched.get_by_role("link", name="All 7").click()
    series.get_by_role("button", name="Diverges").click()
    series.get_by_role("button", name="Diverges").click()
    expect(series.get_by_role("rowheader").first).to_have_text("Slow")


def test_other_options_are_compared_anew_and_cancelled(watched):
    watched.goto(PARTED)
    watched.get_by_label("Absolute tolerance", exact=True).fill("2")
    watched.get_by_role("button", name="Compare with these options").click()
    expect(watched.get_by_role("heading", name="Waiting for a worker")).to_be_visible()
    watched.get_by_role("button", name="Cancel").click()
    expect(watched.get_by_text("Cancelled: nothing of it is kept but its log.")).to_be_visible()
    watched.get_by_role("link", name="Delete").click()
    watched.get_by_role("button", name="Delete comparison").click()
    expect(watched.get_by_text("is deleted.")).to_be_visible()


def test_series_are_paired_when_both_sides_are_chosen(watched):
    watched.goto(f"{LIST}new/?run={RUN_ID}")
    artifact = watched.get_by_label("Pine's bridge artifact")
    chart = artifact.locator("option").filter(has_text="chart data").first
    artifact.select_option(value=chart.get_attribute("value"))
    pairs = watched.get_by_text("Each series: which one of Python's it is")
    expect(pairs).to_be_visible()
