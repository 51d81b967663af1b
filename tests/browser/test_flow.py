"""The whole way in a browser: sign in, send data, run, look, sign out; and what may go wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.pipeline.dbnfiles import Meta, Print, write_dbn
from tests.scenes import DATASET_ID

PROJECT = Path(__file__).resolve().parents[2]
MINUTES = 380  # nearly a session


def start(site_root, *words, **options):
    return subprocess.Popen(
        [sys.executable, PROJECT / "manage.py", *words],
        env=os.environ
        | {"HEWSTON_DATA_ROOT": str(site_root), "HEWSTON_WORKERS": "1", "HEWSTON_MIN_FREE_GB": "0"},
        **options,
    )


@pytest.fixture(scope="module")
def worker(site_root, address):
    """Workers of the site's queues."""
    with (site_root / "worker.log").open("wb") as log:
        process = start(site_root, "worker", stdout=log, stderr=subprocess.STDOUT)
    yield process
    process.terminate()
    process.wait(30)


@pytest.fixture
def link(site_root, address, context):
    """What signs in, for one who is not."""
    context.clear_cookies(name="hewston_session")
    host = address.removeprefix("http://")
    printing = start(site_root, "signin_link", "--bind", host, stdout=subprocess.PIPE)
    return printing.communicate(timeout=60)[0].decode().strip()


@pytest.fixture
def files(tmp_path, theme):
    """Trades and quotes of a symbol of its own in each theme, and a note that is no data."""
    symbol = {"dark": "DARK", "light": "LITE"}[theme]
    prints = [
        Print(at=60 * n, price=100 + n % 40, bid=99.9 + n % 40, ask=100.1 + n % 40, sequence=n)
        for n in range(MINUTES)
    ]
    symbols = {symbol: 7}
    (tmp_path / "notes.txt").write_text("not data")
    return [
        write_dbn(tmp_path / f"{symbol}.trades.dbn", prints, Meta(symbols=symbols)),
        write_dbn(tmp_path / f"{symbol}.tbbo.dbn", prints, Meta(schema="tbbo", symbols=symbols)),
        tmp_path / "notes.txt",
    ]


def check_access(page):
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.slow
def test_from_the_link_to_the_result(worker, watched, link, files, theme):
    watched.goto(link)
    watched.get_by_role("link", name="Add data").click()

    watched.locator("input[type=file]").set_input_files(files)
    expect(watched.locator("[data-chosen]")).to_contain_text("3 files")
    check_access(watched)
    watched.get_by_role("button", name="Send").click()
    expect(watched.locator("h1")).to_contain_text("Ingest")
    check_access(watched)
    expect(watched.locator(".title .badge")).to_have_text("done")  # in place
    expect(watched.get_by_role("table")).to_contain_text("notes.txt")
    check_access(watched)

    watched.get_by_role("link", name="New run on it").click()
    watched.get_by_label("Strategy").select_option("buy_and_hold")
    expect(watched.locator("#fields")).to_contain_text("This strategy has no parameters.")
    watched.get_by_label("Size").fill("3")
    watched.get_by_label("Strategy").select_option("sma_crossover")
    expect(watched.get_by_label("Size")).to_have_value("3")
    watched.get_by_label("Fast").fill("3")
    watched.get_by_label("Slow").fill("9")
    watched.get_by_label("Name").fill(f"by {theme}")
    check_access(watched)
    watched.get_by_role("button", name="Run", exact=True).click()
    expect(watched.locator("h1")).to_contain_text(f"by {theme} — run")
    expect(watched.locator("price-chart .where")).to_contain_text("Bar ")
    expect(watched.locator(".kpis")).to_contain_text("Net profit")
    check_access(watched)
    expect(watched.get_by_role("link", name="Playback", exact=True)).to_be_visible()

    watched.get_by_role("link", name="Run again with changes").click()
    expect(watched.get_by_label("Slow")).to_have_value("9")
    watched.get_by_role("button", name="Run", exact=True).click()
    expect(watched.get_by_role("status").first).to_contain_text("has the same inputs")
    watched.get_by_role("button", name="Sign out").click()
    expect(watched.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.slow
def test_where_no_socket_opens_the_page_asks_again(worker, watched):
    watched.route_web_socket(re.compile("/status/ws"), lambda socket: socket.close())
    watched.goto("/datasets/new/")
    watched.get_by_label("Year").fill("2024")
    watched.get_by_role("button", name="Make the sample").click()
    expect(watched.locator(".title .badge")).to_have_text(re.compile("queued|running"))
    watched.get_by_role("button", name="Cancel").click()
    expect(watched.locator(".title .badge")).to_have_text("cancelled")
    watched.get_by_role("button", name="Retry").click()
    expect(watched.locator(".title .badge")).to_have_text("running")
    watched.goto("/")
    jobs = watched.get_by_role("heading", name="Jobs under way")
    expect(jobs).to_be_visible()
    watched.get_by_role("link", name=re.compile("^Ingest ")).click()
    watched.get_by_role("button", name="Cancel").click()
    expect(watched.get_by_role("button", name="Retry")).to_be_visible()
    asked = []
    watched.on("request", lambda request: asked.append(request.url))
    watched.wait_for_timeout(2500)  # longer than between two questions
    assert asked == []


def test_what_is_sent_can_be_stopped(watched, tmp_path):
    (tmp_path / "a.dbn").write_bytes(b"x")
    watched.goto("/datasets/new/")
    watched.route("**/datasets/new/", lambda _route: None)  # nobody answers
    watched.locator("input[type=file]").set_input_files([tmp_path / "a.dbn"])
    bar = watched.get_by_role("progressbar", name="Sent")
    expect(bar).to_be_hidden()
    watched.get_by_role("button", name="Send").click()
    expect(bar).to_be_visible()
    watched.get_by_role("button", name="Cancel").click()
    expect(bar).to_be_hidden()
    expect(watched.get_by_role("button", name="Send")).to_be_visible()


def test_what_is_wrong_with_what_was_sent_is_said_in_place(page, tmp_path):
    (tmp_path / "a.dbn").write_bytes(b"x")
    page.goto("/datasets/new/")
    answer = '<file-sender><p class="errors" tabindex="-1">They are over 2 GB.</p></file-sender>'
    page.route("**/datasets/new/", lambda route: route.fulfill(status=413, body=answer))
    page.locator("input[type=file]").set_input_files([tmp_path / "a.dbn"])
    page.get_by_role("button", name="Send").click()
    problem = page.get_by_text("They are over 2 GB.")
    expect(problem).to_be_focused()
    expect(page.locator("[data-chosen]")).to_contain_text("a.dbn, 1 B")


def test_a_wrong_value_is_focused_and_described(page):
    page.goto(f"/runs/new/?dataset_id={DATASET_ID}")
    page.get_by_label("Fast").fill("500")
    page.get_by_role("button", name="Run", exact=True).click()
    fast = page.get_by_label("Fast")
    expect(fast).to_be_focused()
    expect(fast).to_have_value("500")
    expect(fast).to_have_accessible_description(re.compile(r"fast \(500\) must be less than slow"))
    check_access(page)


@pytest.mark.slow
def test_a_run_is_asked_for_and_followed_without_javascript(worker, browser, browser_context_args):
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/runs/new/?dataset_id={DATASET_ID}&strategy=buy_and_hold")
    page.get_by_label("Size").fill("7")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("h1")).to_contain_text("buy_and_hold — run")
    expect(page.locator(".title span.badge")).to_have_text("done")  # it loads itself again
    context.close()
