"""Pages in a browser: accessible in both themes, by keyboard, on a narrow screen."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.scenes import DATASET_ID, RUN_ID

RUN, DATASET = f"/runs/{RUN_ID}/", f"/datasets/{DATASET_ID}/"
TREND = "/strategies/ada/trend/"
PAGES = [
    "/",
    "/datasets/",
    "/datasets/ingests/",
    "/datasets/new/",
    DATASET,
    f"{DATASET}delete/",
    f"{DATASET}revisions/1..1/",
    "/strategies/",
    "/strategies/built-in/",
    "/strategies/new/",
    "/strategies/import/",
    TREND,
    f"{TREND}edit/",
    f"{TREND}delete/",
    f"{TREND}diff/",
    f"{TREND}diff/?view=split",
    f"{TREND}versions/1/",
    "/runs/",
    "/runs/new/",
    RUN,
    f"{RUN}delete/",
    f"{RUN}trades/",
    f"{RUN}costs/",
    f"{RUN}logs/",
    f"{RUN}manifest/",
    "/notices/",
    "/tokens/",
    "/api/docs",
]


def check_access(page, *rules):
    results = Axe().run(page, options={"runOnly": list(rules)} if rules else None)
    assert results.violations_count == 0, results.generate_report()


def test_every_page_is_accessible(watched, theme):
    for path in PAGES:
        watched.goto(path)
        if path in {RUN, DATASET}:
            expect(watched.locator("price-chart .where")).to_contain_text("Bar ")
        assert watched.evaluate("document.documentElement.dataset.theme") == theme
        # What is no colour is the same in both themes.
        check_access(watched, *(["color-contrast"] if theme == "light" else []))


def test_signing_in_is_accessible(watched, context, theme):
    context.clear_cookies(name="hewston_session")
    watched.goto("/sign-in/")
    assert watched.evaluate("document.documentElement.dataset.theme") == theme
    check_access(watched)


@pytest.mark.parametrize("path", ["/nothing/", "/sign-in/link/used/"])
def test_a_refusal_is_accessible(page, theme, path):
    assert page.goto(path).status in {404, 410}
    check_access(page)


def test_no_page_scrolls_sideways_on_a_narrow_screen(watched):
    watched.set_viewport_size({"width": 390, "height": 844})
    for path in PAGES:
        watched.goto(path)
        assert watched.evaluate("document.documentElement.scrollWidth") == 390, path


def test_a_narrow_header_is_one_line_and_the_heading_follows_it(watched):
    watched.set_viewport_size({"width": 390, "height": 844})
    watched.goto(f"{RUN}logs/")
    brand = watched.get_by_role("link", name="Hewston").bounding_box()
    button = watched.get_by_role("button", name="Sign out").bounding_box()
    assert abs(brand["y"] + brand["height"] / 2 - button["y"] - button["height"] / 2) < 8
    rail = watched.locator(".rail").bounding_box()
    heading = watched.locator("h1").bounding_box()
    assert heading["y"] - rail["y"] - rail["height"] < 24


def test_a_link_to_the_chart_does_not_hide_it_below_the_header(watched):
    watched.goto(f"{RUN}?trade=3#chart")
    header = watched.locator(".site-header").bounding_box()
    assert watched.locator("#chart").bounding_box()["y"] >= header["height"]


def test_the_keyboard_reaches_the_content_first(watched):
    watched.goto("/runs/")
    watched.keyboard.press("Tab")
    expect(watched.get_by_role("link", name="Skip to content")).to_be_focused()
    watched.keyboard.press("Enter")
    expect(watched.locator("main")).to_be_focused()


def test_a_figure_explains_itself_by_keyboard(watched):
    watched.goto(RUN)
    about = watched.locator("#about-kpi-net_profit")
    expect(about).to_be_hidden()
    watched.get_by_role("button", name="About Net profit").focus()
    watched.keyboard.press("Enter")
    expect(about).to_be_visible()
    expect(about).to_contain_text("final equity")
    expect(about).to_be_in_viewport(ratio=1)
    watched.keyboard.press("Escape")
    expect(about).to_be_hidden()


@pytest.mark.parametrize("path", ["/", "/runs/?order=-calmar"])
def test_a_focused_header_explains_its_figures_and_is_not_cut_off(watched, path):
    watched.goto(path)
    hint = watched.locator("#how-sharpe")
    expect(hint).to_be_hidden()
    watched.locator("[aria-describedby=how-sharpe]").focus()
    expect(hint).to_be_visible()
    expect(hint).to_contain_text("mean daily return")
    expect(hint).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("media", ["screen", "print"])
@pytest.mark.parametrize("path", [RUN, DATASET])
def test_a_chart_is_as_wide_as_its_panel(watched, path, media):
    watched.emulate_media(media=media)
    watched.goto(path)
    expect(watched.locator("price-chart .where")).to_contain_text("Bar ")
    box = watched.locator("price-chart .canvas")
    drawn = box.locator("table").first.bounding_box()
    assert drawn["width"] >= box.bounding_box()["width"] - 4


def test_paper_shows_the_figures_and_no_controls(watched):
    watched.goto(RUN)
    watched.emulate_media(media="print")
    expect(watched.locator(".kpis")).to_be_visible()
    for control in (".rail", ".chart-bar", ".site-header form >> nth=0", ".tabs"):
        expect(watched.locator(control).locator("visible=true")).to_have_count(0)


def test_a_theme_is_chosen_without_leaving_the_page(watched):
    watched.goto("/runs/?status=DONE")
    watched.get_by_role("button", name="Light").click()
    expect(watched.locator("html")).to_have_attribute("data-theme", "light")
    expect(watched.get_by_role("button", name="Light")).to_have_attribute("aria-pressed", "true")
    assert watched.url.endswith("/runs/?status=DONE")


def test_a_header_sorts_and_keeps_the_filter(watched):
    watched.goto("/runs/?status=DONE")
    watched.get_by_role("button", name="Net profit").click()
    header = watched.get_by_role("columnheader", name="Net profit")
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(watched.locator("select[name=status]")).to_have_value("DONE")


def test_a_small_table_sorts_in_place(watched):
    watched.goto(DATASET)
    table = watched.locator("sortable-table")
    table.get_by_role("button", name="Count").click()
    expect(table.get_by_role("columnheader", name="Count")).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(table.locator("tbody tr").first).to_contain_text("Crossed quotes")


def test_a_hash_is_copied(watched, context, address):
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    watched.goto(f"{RUN}manifest/")
    button = watched.get_by_role("button", name="Copy output_hashes.equity")
    button.click()
    expect(button).to_have_text("Copied")
    copied = watched.evaluate("navigator.clipboard.readText()")
    assert len(copied) == 64
    assert copied in watched.content()


def test_pages_stand_without_javascript(browser, browser_context_args):
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    for path in PAGES:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator(".panel").first).to_be_visible()
    context.close()
