"""The player, asserted by what it says of itself: it is driven by a real server over its socket."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.scenes import RUN_ID

PLAYBACK = f"/runs/{RUN_ID}/playback/"
BARS, FILLS = 2660, 29
FAST = "60000"  # bars a second: the whole film in a few frames
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")


class Film:
    """The player on a page."""

    def __init__(self, page, query=""):
        page.goto(f"{PLAYBACK}{query}")
        self.page = page
        self.player = page.locator("run-player")
        self.wait("state.state !== 'connecting' && (state.frames || state.state === 'streaming')")

    def wait(self, condition):
        """Wait for a condition on the snapshot, given as JavaScript of ``state``."""
        for _ in range(400):
            if self.player.evaluate(
                f"player => {{ const state = player.snapshot(); return state && {condition}; }}"
            ):
                return self.snapshot()
            self.page.wait_for_timeout(25)
        pytest.fail(f"never came true: {condition}; {self.snapshot()}")

    def snapshot(self):
        return self.player.evaluate("player => player.snapshot()")

    def press(self, key, condition):
        self.page.keyboard.press(key)
        return self.wait(condition)

    def click(self, name):
        self.player.get_by_role("button", name=name, exact=True).click()


def test_a_film_opens_paused_at_its_first_bar(watched):
    state = Film(watched).snapshot()
    assert (state["cursor"], state["bars"], state["isPlaying"]) == (0, BARS, False)
    assert state["candles"] == 1
    assert state["figures"]["equity"] == "100,000.00"
    assert state["figures"]["closed"] == "0"
    assert state["where"] == "Bar 1 of 2,660 · 2023-10-30 09:30"
    assert "ACME at 2023-10-30 09:30" in state["label"]
    expect(watched.get_by_role("link", name="TradingView Lightweight Charts")).to_be_visible()


def test_every_order_and_fill_comes_once_and_after_the_end_one_may_seek(watched):
    film = Film(watched)
    watched.get_by_label("Speed").select_option(FAST)
    film.click("Play")
    state = film.wait(f"state.cursor === {BARS - 1} && !state.isPlaying")
    assert state["fillsSeen"] == {"total": FILLS, "unique": FILLS}
    assert state["ordersSeen"] == {"total": FILLS, "unique": FILLS}
    assert state["figures"]["closed"] == "28"
    expect(watched.locator(".state")).to_have_text("The film is over.")
    watched.locator(".slider").fill("700")
    state = film.wait("state.cursor === 700")
    assert state["candles"] == 701
    expect(watched.locator(".state")).to_have_text("Connected.")


def test_space_plays_and_pauses(watched):
    film = Film(watched)
    watched.get_by_label("Speed").select_option("30")
    watched.locator("h1").click()
    film.press("Space", "state.isPlaying && state.cursor > 3")
    expect(film.player.get_by_role("button", name="Pause")).to_be_visible()
    film.press("Space", "!state.isPlaying")
    watched.wait_for_timeout(100)  # what was on its way
    here = film.snapshot()["cursor"]
    watched.wait_for_timeout(200)
    assert film.snapshot()["cursor"] == here


def test_arrows_step_by_bars_and_trades(watched):
    film = Film(watched, "?i=100")
    film.press("ArrowRight", "state.cursor === 101")
    film.press("ArrowLeft", "state.cursor === 100")
    state = film.press("Shift+ArrowRight", "state.cursor > 101")
    assert state["markers"][-1]["time"] == state["time"]
    assert "FillBought 100 at 98.26, reference 98.25" in state["decision"]
    before = film.press("ArrowLeft", f"state.cursor === {state['cursor'] - 1}")
    assert "OrderBuy 100 at market, sent" in before["decision"]
    film.press("ArrowRight", f"state.cursor === {state['cursor']}")
    first = state["cursor"]
    second = film.press("Shift+ArrowRight", f"state.cursor > {first}")["cursor"]
    film.press("Shift+ArrowLeft", f"state.cursor === {first}")
    assert second > first
    film.click("Next session")
    assert film.wait(f"state.cursor > {first}")["where"].endswith("2023-10-31 09:30")
    film.press("End", f"state.cursor === {BARS - 1}")
    film.press("Home", "state.cursor === 0 && state.candles === 1")


def test_the_slider_is_moved_by_its_own_keys_and_tells_the_time(watched):
    film = Film(watched)
    slider = watched.get_by_role("slider", name="Position")
    slider.focus()
    film.press("ArrowRight", "state.cursor === 1")
    expect(slider).to_have_attribute("aria-valuetext", "2023-10-30 09:31, bar 2 of 2,660")
    film.press("End", f"state.cursor === {BARS - 1}")
    film.press("Space", "state.isPlaying && state.cursor < 2000")  # at the end it begins again


def test_a_click_on_a_trade_goes_to_its_entry(watched):
    film = Film(watched, "?i=1500")
    watched.get_by_role("cell", name="2023-10-30 15:35").click()
    state = film.wait("state.cursor < 1500")
    assert state["trades"][0].startswith("3Long2023-10-30 15:35open")
    assert state["where"].endswith("2023-10-30 15:35")


def test_keys_change_the_speed_and_the_interval_follows_while_it_plays(watched):
    film = Film(watched)
    assert film.snapshot()["barsASecond"] == 1800
    film.press("]", "state.barsASecond === 6000")
    film.press("[", "state.barsASecond === 1800")
    film.press("[", "state.barsASecond === 900 && state.interval === '1m'")
    film.press("Space", "state.interval === '15m' && state.isPlaying")
    film.press("Space", "state.interval === '1m' && !state.isPlaying")
    film.click("1d")
    film.press("Space", "state.interval === '1d'")


def read_columns(player):
    """The run's bars as the page was sent them."""
    return player.evaluate(
        """async (player) => {
          const answer = await fetch(player.getAttribute("src").replace("INTERVAL", "1m"));
          const buffer = await answer.arrayBuffer();
          const length = new DataView(buffer).getUint32(4, true);
          const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
          return Object.fromEntries(header.columns.map(({ name, offset, length: count }) => (
            [name, [...new Float64Array(buffer, 8 + length + offset, count)]]
          )));
        }"""
    )


def test_nothing_of_the_future_is_drawn_told_or_listed(watched):
    film = Film(watched)
    columns = read_columns(film.player)
    # Forth and back; with the first bars, and the last but one, of what is drawn as one.
    for interval, minutes, bars in (
        ("1m", 1, (1901, 378, 37)),
        ("1h", 60, (1901, 58, 59, 60)),
        ("1d", 390, (378, 379, 380, 37, 0)),
    ):
        film.click(interval)
        for bar in bars:
            watched.locator(".slider").fill(str(bar))
            state = film.wait(f"state.cursor === {bar} && state.interval === '{interval}'")
            check_drawn(state, columns, bar, minutes)
            now = TIME.findall(state["where"])[0]
            assert max(TIME.findall(watched.content())) == now
            entries = [TIME.findall(trade)[0] for trade in state["trades"]]
            assert entries == sorted(entries, reverse=True)
            assert sum("open" in trade for trade in state["trades"]) == min(1, len(entries))
    assert state["trades"] == []


def check_drawn(state, columns, bar, minutes):
    """The last bar that is drawn is of what was known at the close of a bar, and so is all else."""
    assert state["latest"] <= state["time"]
    assert all(mark["time"] <= state["time"] for mark in (*state["markers"], *state["arrows"]))
    last = state["lastCandle"]
    first = columns["time"].index(last["time"])
    known = {name: values[first : bar + 1] for name, values in columns.items()}
    assert 0 < len(known["open"]) <= minutes
    assert (last["open"], last["close"]) == (known["open"][0], known["close"][-1])
    assert (last["high"], last["low"]) == (max(known["high"]), min(known["low"]))
    assert f"V {sum(known['volume']):,.0f}E" in state["legend"]
    assert state["lastEquity"] == known["equity"][-1]
    assert state["figures"]["equity"] == f"{known['equity'][-1]:,.2f}"


def test_everything_is_shown_when_asked_for_and_hidden_again(watched):
    film = Film(watched, "?i=600")
    film.click("Show all")
    state = film.wait("state.showsAll && state.candles > 601")
    assert state["figures"]["closed"] == "28"
    assert state["cursor"] == 600
    assert len(state["trades"]) == FILLS
    film.press("ArrowRight", "state.cursor === 601")
    film.click("Show all")
    state = film.wait("!state.showsAll && state.candles === 602")
    assert state["latest"] == state["time"]


def test_a_shared_link_opens_at_its_bar(watched, context, address):
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    film = Film(watched, "?i=812")
    film.click("Link to bar")
    expect(film.player.get_by_role("button", name="Copied")).to_be_visible()
    link = watched.evaluate("navigator.clipboard.readText()")
    assert link == watched.url
    assert "?t=2023-11-01T" in link
    assert Film(watched, f"?{link.partition('?')[2]}").snapshot()["cursor"] == 812


def test_a_link_to_an_exchange_date_opens_at_its_first_bar(watched):
    state = Film(watched, "?t=2023-11-01").snapshot()
    assert (state["cursor"], state["where"][-16:]) == (760, "2023-11-01 09:30")


def test_a_link_whose_place_is_none_says_so(watched):
    for query, what in (
        ("t=noon", "time cannot be read: this is the first bar."),
        ("i=1.5", "bar"),
    ):
        assert Film(watched, f"?{query}").snapshot()["cursor"] == 0
        expect(watched.locator(".state")).to_contain_text(f"The link's {what}")


def test_a_time_is_gone_to_in_the_zone_of_the_viewer(watched):
    film = Film(watched)
    watched.keyboard.press("g")
    field = watched.get_by_label("Time, New York time")
    field.fill("2023-11-03T11:00")
    field.press("Enter")
    state = film.wait("state.cursor > 0")
    assert state["time"] == "2023-11-03T15:00:00.000Z"
    assert state["where"].endswith("2023-11-03 11:00")


def test_the_keys_are_told_and_do_nothing_where_something_is_typed(watched):
    film = Film(watched)
    watched.keyboard.press("?")
    expect(watched.get_by_role("dialog", name="Keys")).to_be_visible()
    watched.keyboard.press("End")
    watched.keyboard.press("Escape")
    watched.get_by_label("Speed").focus()
    watched.keyboard.press("End")
    watched.locator("h1").click()
    film.press("ArrowRight", "state.cursor === 1")


def test_what_was_played_fits_into_the_chart(watched):
    film = Film(watched, "?i=900")
    film.press("f", "state.view.from <= 0 && state.view.to >= 900 && state.pinned === '1m'")
    film.press("+", "state.view.from > 300")
    film.press("-", "state.view.from < 300")


def test_a_lost_connection_comes_back_and_goes_on(watched):
    servers = []

    def pass_on(route):
        servers.append(route)
        route.connect_to_server()

    watched.route_web_socket(re.compile("/backtests/"), pass_on)
    film = Film(watched, "?i=50")
    watched.get_by_label("Speed").select_option("30")
    film.click("Play")
    film.wait("state.cursor > 55")
    servers[-1].close(code=1012)
    lost = film.wait("state.state === 'reconnecting'")["cursor"]
    expect(watched.locator(".state")).to_have_text("Connection lost. Trying again…")
    state = film.wait(f"state.state === 'connected' && state.cursor > {lost} + 3")
    assert state["isPlaying"]
    assert len(servers) == 2
    assert f"i={lost}" in servers[-1].url


def test_a_page_that_is_left_closes_its_socket_and_opens_it_when_it_is_shown_again(watched):
    film = Film(watched, "?i=50")
    turn = "name => dispatchEvent(new PageTransitionEvent(name, { persisted: true }))"
    watched.evaluate(turn, "pagehide")
    film.press("ArrowRight", "state.cursor === 51 && state.frames === 1")  # nobody is asked
    watched.evaluate(turn, "pageshow")
    film.wait("state.frames === 2 && state.cursor === 51")


def test_a_player_that_goes_takes_its_chart_along_and_begins_anew_when_it_is_back(watched):
    film = Film(watched, "?i=50")
    gone = film.player.evaluate(
        """async (player) => {
          const place = player.parentElement;
          player.remove();
          await Promise.resolve();
          const charts = player.querySelectorAll(".tv-lightweight-charts").length;
          const state = player.snapshot();
          place.append(player);
          return [charts, state];
        }"""
    )
    assert gone == [0, None]
    film.wait("state.frames === 1")
    film.click("One bar forward")
    film.wait("state.cursor === 51 && state.frames === 2")
    assert film.player.locator(".tv-lightweight-charts").count() == 1


def test_where_no_socket_opens_the_film_plays_over_a_plain_connection(watched):
    watched.add_init_script(
        """window.WebSocket = class extends EventTarget {
          static OPEN = 1;
          constructor() {
            super();
            setTimeout(() => this.dispatchEvent(new CloseEvent("close", { code: 1006 })));
          }
          close() {}
        };"""
    )
    film = Film(watched)
    film.press("Shift+ArrowRight", "state.cursor > 100 && state.markers.length === 1")
    film.press("Home", "state.cursor === 0")
    watched.get_by_label("Speed").select_option(FAST)
    film.click("Play")
    state = film.wait(f"state.cursor === {BARS - 1} && !state.isPlaying")
    assert state["fillsSeen"] == {"total": FILLS, "unique": FILLS}
    watched.locator(".slider").fill("700")
    assert film.wait("state.cursor === 700")["latest"] <= "2023-11-01"


def test_the_player_is_accessible_in_both_themes_and_on_a_narrow_screen(watched, theme):
    state = Film(watched, "?i=1500").snapshot()
    assert state["background"] == {"dark": "rgb(20, 26, 34)", "light": "rgb(255, 255, 255)"}[theme]
    watched.keyboard.press("?")
    expect(watched.get_by_role("dialog", name="Keys")).to_be_visible()
    assert Axe().run(watched).violations_count == 0
    watched.keyboard.press("Escape")
    results = Axe().run(watched)
    assert results.violations_count == 0, results.generate_report()
    for width, height in ((1440, 900), (1280, 720), (390, 844)):
        watched.set_viewport_size({"width": width, "height": height})
        expect(watched.get_by_role("button", name="Play", exact=True)).to_be_in_viewport(ratio=1)
        expect(watched.get_by_role("slider", name="Position")).to_be_in_viewport(ratio=1)
        assert watched.evaluate("document.documentElement.scrollWidth") == width


def test_what_is_in_sight_is_shown_as_a_table(watched):
    film = Film(watched, "?i=20")
    film.player.get_by_text("Show data").click()
    rows = film.player.get_by_role("region", name="Data of the chart").locator("tbody tr")
    expect(rows).to_have_count(21)
    expect(rows.last).to_contain_text("2023-10-30 09:50")


def test_a_film_whose_data_do_not_come_says_so(page):
    page.route("**/decisions/**", lambda route: route.fulfill(status=503, body=""))
    page.goto(PLAYBACK)
    alert = page.locator("run-player").get_by_role("alert")
    expect(alert).to_contain_text("could not give the data (503)")


def test_without_javascript_the_page_says_where_to_look(browser, browser_context_args):
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto(PLAYBACK)
    expect(page.get_by_text("Playback needs JavaScript.")).to_be_visible()
    expect(page.locator("run-player")).to_be_hidden()
    context.close()
