"""The pages of the API in a browser: tokens, and operations that are tried where they are read."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages import check_access
from tests.scenes import RUN_ID


@pytest.mark.parametrize("width", [1440, 390])
def test_a_token_is_made_shown_and_revoked(watched, theme, width):
    name = f"{theme} {width}"
    watched.set_viewport_size({"width": width, "height": 1000})
    watched.goto("/tokens/")
    watched.get_by_label("Name").fill(name)
    watched.get_by_label("start and cancel runs").check()
    watched.get_by_role("button", name="Make the token").click()
    expect(watched.get_by_text("Copy it now")).to_be_focused()
    expect(watched.locator("copy-text code")).to_contain_text("hewston_")
    check_access(watched)
    assert watched.evaluate("document.documentElement.scrollWidth") == width
    watched.get_by_role("button", name=f"Revoke {name}").click()
    expect(watched.get_by_text(f"{name} is revoked")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_an_operation_is_tried_where_it_is_read(watched, theme, width):
    watched.set_viewport_size({"width": width, "height": 1000})
    watched.goto("/api/docs#show_run")
    shown = watched.locator("#show_run")
    shown.get_by_role("textbox").fill(RUN_ID)
    shown.get_by_role("button", name="Try it").click()
    expect(shown.locator("[data-status]")).to_contain_text("200")
    expect(shown.locator("[data-answer]")).to_contain_text(f'"run_id": "{RUN_ID}"')
    named = watched.locator("#name_run")
    named.locator("summary").click()
    named.get_by_role("textbox").first.fill(RUN_ID)
    named.get_by_label("Body").fill('{"note": ""}')
    named.get_by_role("button", name="Try it").click()
    expect(named.locator("[data-status]")).to_contain_text("200")
    check_access(watched)
    assert watched.evaluate("document.documentElement.scrollWidth") == width


def test_the_reference_and_tokens_stand_without_javascript(browser, browser_context_args):
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto("/api/docs")
    page.locator("#ask_for_run summary").click()
    expect(page.locator("#ask_for_run")).to_contain_text("Idempotency-Key")
    expect(page.get_by_role("button", name="Try it")).to_have_count(0)
    page.goto("/tokens/")
    page.get_by_label("Name").fill("plain")
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator("copy-text code")).to_contain_text("hewston_")
    page.get_by_role("button", name="Revoke plain").click()
    expect(page.get_by_text("plain is revoked")).to_be_visible()
    context.close()
