"""The pages of administrators in a browser: nothing that the content security policy forbids."""

import pytest

PAGES = [
    "/admin/",
    "/admin/runs/run/",
    "/admin/runs/run/?status__exact=DONE&q=a",
    "/admin/runs/run/aaaaaaaaaaaa/change/",
    "/admin/runs/run/aaaaaaaaaaaa/history/",
    "/admin/datasets/dataset/",
    "/admin/datasets/revision/1/change/",
    "/admin/datasets/ingest/",
    "/admin/permissions/token/",
    "/admin/permissions/user/add/",
    "/admin/permissions/user/1/change/",
    "/admin/permissions/user/1/password/",
    "/admin/password_change/",
]


@pytest.fixture(params=["dark", "light"])
def browser_context_args(request, address):
    """A context of nobody yet, whose system is dark or light."""
    return {"base_url": address, "color_scheme": request.param}


def test_an_administrator_signs_in_as_everywhere_and_no_page_breaks_the_policy(watched, address):
    watched.goto("/admin/runs/run/")
    watched.get_by_label("Name").fill("owner")
    watched.get_by_label("Password").fill("correct horse")
    watched.get_by_role("button", name="Sign in").click()
    watched.wait_for_url(f"{address}/admin/runs/run/")
    for page in PAGES:
        assert watched.goto(page).status == 200
        watched.wait_for_load_state("load")
    watched.goto("/admin/runs/run/")
    watched.locator("#action-toggle").check()
    watched.locator("select[name=action]").select_option("delete_selected")
    watched.get_by_role("button", name="Run", exact=True).click()
    watched.get_by_role("button", name="No, take me back").click()
    watched.wait_for_url(f"{address}/admin/runs/run/")
    watched.locator(".theme-toggle").first.click()
    watched.goto("/")
    watched.get_by_role("navigation", name="Main").get_by_role("link", name="Admin").click()
    watched.wait_for_url(f"{address}/admin/")
