"""Sources in a browser: written with help, by keyboard, under the strict policy, without script."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages import check_access
from tests.comparisons import CERTIFICATE_ID
from tests.judged import CHECK_ID
from tests.scenes import DATASET_ID
from tests.sources import TREND as SOURCE

TREND = "/strategies/ada/trend/"


def text_of(page):
    return page.locator("source-editor").evaluate("(editor) => editor.snapshot().text")


def marks_of(page):
    return page.locator("source-editor").evaluate("(editor) => editor.snapshot().marks")


def write(page, text):
    """Type a source in place of the one that is there."""
    page.locator("source-editor .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_editor_stands_under_the_strict_policy(watched, theme, width):
    watched.set_viewport_size({"width": width, "height": 1000})
    answer = watched.goto(f"{TREND}edit/?version=1")
    assert "style-src 'self';" in answer.headers["content-security-policy"]
    assert text_of(watched) == SOURCE
    keyword = watched.locator("source-editor .cm-line span").filter(has_text="def").first
    plain = watched.locator("source-editor .cm-content")
    colours = [one.evaluate("(span) => getComputedStyle(span).color") for one in (keyword, plain)]
    assert colours[0] != colours[1]
    assert watched.locator("head style").count() == 0  # its styles are constructed
    check_access(watched)
    assert watched.evaluate("document.documentElement.scrollWidth") == width


def test_what_a_check_finds_is_marked_at_its_place(watched):
    watched.goto(f"{TREND}edit/")
    write(watched, "import os\n\n\ndef run_strategy(frame:\n    return frame\n")
    watched.get_by_role("button", name="Check").click()
    finding = watched.locator("#checked .findings li").first
    expect(finding).to_contain_text("syntax")
    expect(watched.locator("source-editor .cm-lint-marker-error").first).to_be_visible()
    assert marks_of(watched) >= 1
    assert "run_strategy(frame:" in text_of(watched)
    finding.get_by_role("link").click()
    expect(watched.locator("source-editor .cm-content")).to_be_focused()
    write(watched, "x = (\n")
    watched.keyboard.press("Control+Enter")
    expect(finding).to_contain_text("line 2, column 1")


def test_what_cannot_be_saved_stays_as_it_was_typed(page):
    watched = page  # the console names every answer of 422
    watched.goto(f"{TREND}edit/")
    write(watched, "def f(:\n\tpass  # é\n")
    watched.get_by_label("Note").fill("kept")
    with watched.expect_navigation() as waited:
        watched.get_by_role("button", name="Save as a new version").click()
    assert waited.value.status == 422
    expect(watched.locator("form > .message")).to_be_focused()
    assert text_of(watched) == "def f(:\n\tpass  # é\n"
    expect(watched.get_by_label("Note")).to_have_value("kept")
    assert marks_of(watched) >= 1


def test_tab_indents_and_can_be_escaped(watched):
    watched.goto("/strategies/new/")
    write(watched, "if x:\n")
    watched.keyboard.press("Control+End")
    watched.keyboard.press("Tab")
    watched.keyboard.type("y")
    assert text_of(watched) == "if x:\n    y"
    watched.keyboard.press("Escape")
    watched.keyboard.press("Tab")
    expect(watched.get_by_label("Note")).to_be_focused()
    watched.keyboard.press("Shift+Tab")
    expect(watched.locator("source-editor .cm-content")).to_be_focused()


def test_leaving_with_what_is_not_saved_asks_first(watched):
    watched.goto("/strategies/new/")
    asked = []

    def leave(dialog):
        asked.append(dialog.type)
        dialog.accept()

    watched.on("dialog", leave)
    watched.get_by_role("link", name="Leave").click()
    watched.wait_for_url("**/strategies/")
    assert asked == []
    watched.goto("/strategies/new/")
    write(watched, "x = 1\n")
    watched.get_by_role("link", name="Leave").click()
    watched.wait_for_url("**/strategies/")
    assert asked == ["beforeunload"]


def test_a_source_that_is_read_is_in_colours(watched):
    watched.goto(f"{TREND}versions/1/")
    source = watched.locator("pre.source")
    expect(source.locator(".tok-keyword").first).to_have_text("def")
    assert source.evaluate("(pre) => pre.textContent") == SOURCE


def test_the_editor_is_a_plain_field_without_script(browser, browser_context_args):
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{TREND}edit/?version=1")
    field = page.get_by_role("textbox", name="Source")
    expect(field).to_have_value(SOURCE)
    field.fill("x = (\n")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#checked")).to_contain_text("line 2, column 1")
    expect(field).to_have_value("x = (\n")
    page.goto(f"{TREND}versions/1/")
    assert page.locator("pre.source").text_content() == SOURCE
    context.close()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_check_shows_its_verdict_and_the_bars_around_the_first_finding(watched, theme, width):
    watched.set_viewport_size({"width": width, "height": 1000})
    watched.goto(f"{TREND}versions/2/")
    expect(watched.locator("#checks")).to_be_visible()
    check_access(watched)
    assert watched.evaluate("document.documentElement.scrollWidth") == width
    watched.get_by_role("link", name="looks ahead").click()
    expect(watched).to_have_url(re.compile(f"{TREND}versions/2/checks/{CHECK_ID}/"))
    expect(watched.get_by_role("status")).to_contain_text("It looks ahead: middle at")
    first = watched.get_by_role("region", name="The first finding: middle")
    expect(first.locator("tbody tr")).to_have_count(9)
    expect(first.locator("tr.newest")).to_contain_text("missing")
    check_access(watched)
    assert watched.evaluate("document.documentElement.scrollWidth") == width


def test_a_strategy_is_written_checked_saved_and_run(watched, theme):
    slug = f"gap-{theme}"
    watched.goto("/strategies/new/")
    watched.get_by_label("Short name").fill(slug)
    write(watched, f"import os\n{SOURCE}")
    watched.get_by_role("button", name="Check").click()
    expect(watched.locator("#checked")).to_contain_text("It keeps to the contract")
    expect(watched.locator("#checked [name='params.length']")).to_have_value("50")
    expect(watched.locator("source-editor .cm-lint-marker-warning").first).to_be_visible()
    check_access(watched)
    watched.locator("source-editor .cm-content").click()
    watched.keyboard.press("Control+s")
    watched.wait_for_url(f"**/strategies/ada/{slug}/versions/1/")
    expect(watched.get_by_text(f"Version 1 of {slug} is saved.")).to_be_visible()
    expect(watched.get_by_text("`os` imported but unused.")).to_be_visible()
    check_access(watched)
    watched.get_by_role("link", name="New run of it").click()
    watched.get_by_label("Dataset").select_option(DATASET_ID)
    expect(watched.locator("[name=dates_of]")).to_have_value(DATASET_ID)
    expect(watched.get_by_label("Strategy", exact=True)).to_have_value(f"{slug}@1")
    watched.get_by_label("Length").fill("30")
    watched.get_by_role("button", name="Run", exact=True).click()
    expect(watched.get_by_role("link", name=f"{slug}@1")).to_be_visible()
    expect(watched.locator("main")).to_contain_text("length 30")
    watched.goto(f"/strategies/ada/{slug}/")
    expect(watched.get_by_role("region", name="Runs of version 1")).to_contain_text(f"{slug}@1")
    check_access(watched)


@pytest.mark.parametrize("width", [1440, 390])
def test_a_version_shows_its_certificate_and_sends_it(watched, theme, width):
    watched.set_viewport_size({"width": width, "height": 1000})
    watched.goto(f"{TREND}versions/1/")
    shown = watched.get_by_role("region", name="Parity")
    expect(shown).to_contain_text("diverged")
    expect(shown).to_contain_text("1e-12, relative 1e-06")
    check_access(watched, *(["color-contrast"] if theme == "light" else []))
    assert watched.evaluate("document.documentElement.scrollWidth") == width
    with watched.expect_download() as sent:
        shown.get_by_role("link", name="JSON").click()
    assert sent.value.suggested_filename == f"certificate-{CERTIFICATE_ID}.json"
