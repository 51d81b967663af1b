"""A served site, Chromium, and a page that fails the test on anything the console complains of."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect, sync_playwright

_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_START_SECONDS = 240  # it makes years of bars first, beside whatever else the machine does
expect.set_options(timeout=60_000)  # a busy machine is slow, not wrong


# Playwright keeps an event loop running for as long as it is started. A worker that takes over
# other tests after these must be without one, so the browser lives as long as this package's
# tests, not as long as the session.


@pytest.fixture(scope="package")
def playwright():
    """Start Playwright, and stop it before any test outside this package."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright):
    """Start the system's Chromium, where it is there without its window: that is twice as fast."""
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if chromium is None:
        pytest.fail(
            "There is no chromium-headless-shell and no chromium on PATH: install Debian's "
            "(apt install chromium-headless-shell)."
        )
    started = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
    yield started
    started.close()


@pytest.fixture(scope="session")
def site_root(tmp_path_factory):
    """The data root of the site."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="session")
def address(site_root):
    """Where the site answers."""
    root = site_root
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    log = root / "site.log"
    with log.open("wb") as output:
        site = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.site", str(root), port],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/healthz", site, log)
        yield url
    finally:
        site.terminate()
        site.wait(10)


def _wait_for(url, site, log):
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and site.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    pytest.fail(f"The site did not start:\n{log.read_text()}")


@pytest.fixture(scope="package")
def session(browser, address):
    """Cookies of ada, who signed in by the form."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/sign-in/")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def browser_context_args(address, session):
    """Every context is ada's, on a desk's screen."""
    return {
        "base_url": address,
        "storage_state": session,
        "viewport": {"width": 1440, "height": 1180},
    }


@pytest.fixture
def watched(context, page):
    """A page on which nothing may go wrong: console, scripts, content security policy."""
    problems = []
    context.add_init_script(
        "addEventListener('securitypolicyviolation',"
        " (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`))"
    )
    page.on(
        "console",
        lambda message: (
            problems.append(message.text) if message.type in {"error", "warning"} else None
        ),
    )
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    assert problems == []


@pytest.fixture(params=["dark", "light"])
def theme(request, context, address):
    """Both themes."""
    context.add_cookies([{"name": "theme", "value": request.param, "url": address}])
    return request.param
