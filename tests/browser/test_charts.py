"""Charts, asserted by what they say of themselves."""

import pytest
from playwright.sync_api import expect

from tests.scenes import DATASET_ID, RUN_ID

TIMES = "\N{MULTIPLICATION SIGN}"
RUN, DATASET = f"/runs/{RUN_ID}/", f"/datasets/{DATASET_ID}/"


def open_chart(page, path):
    page.goto(path)
    chart = page.locator("price-chart")
    expect(chart.locator(".where")).to_contain_text("Bar ")
    return chart


def snapshot(chart):
    return chart.evaluate("chart => chart.snapshot()")


def wait_until(page, chart, condition):
    """Wait for a condition on the chart's snapshot, given as JavaScript of ``state``."""
    for _ in range(600):
        if chart.evaluate(f"chart => {{ const state = chart.snapshot(); return {condition}; }}"):
            return snapshot(chart)
        page.wait_for_timeout(30)
    pytest.fail(f"never came true: {condition}; {snapshot(chart)}")


def test_a_dataset_opens_at_its_end_with_regular_bars(watched):
    state = snapshot(open_chart(watched, DATASET))
    assert state["rows"] == 7 * 380
    assert state["window"] == {"start": 0, "end": 2660}
    assert state["series"] == ["price", "volume", "spread"]
    assert state["shaded"] == 0
    assert state["visible"]["to"] >= 2659
    assert "ACME fell by" in state["label"] or "ACME rose by" in state["label"]
    assert "2,660 bars of 1m" in state["label"]


def test_days_begin_at_the_opening_in_new_york_before_and_after_the_clocks_change(watched):
    state = snapshot(open_chart(watched, DATASET))
    assert state["dayStarts"] == [
        "2023-10-31 09:30",
        "2023-11-01 09:30",
        "2023-11-02 09:30",
        "2023-11-03 09:30",
        "2023-11-06 09:30",
        "2023-11-07 09:30",
    ]


def test_days_begin_with_the_bars_of_the_day_in_utc(watched, context, address):
    context.add_cookies([{"name": "zone", "value": "utc", "url": address}])
    state = snapshot(open_chart(watched, DATASET))
    assert state["zone"] == "UTC"
    assert "2023-11-03 13:30" in state["dayStarts"]
    assert "2023-11-06 14:30" in state["dayStarts"]


def test_another_session_and_interval_keep_the_place_and_the_address(watched):
    chart = open_chart(watched, DATASET)
    chart.get_by_role("button", name="extended").click()
    state = wait_until(watched, chart, "state.rows === 3500 && state.session === 'extended'")
    assert state["shaded"] > 0
    assert state["window"]["end"] - state["window"]["start"] == 3000
    chart.get_by_role("button", name="15m").click()
    wait_until(watched, chart, "state.interval === '15m' && state.rows < 300")
    assert "interval=15m&session=extended" in watched.url
    expect(chart.get_by_role("button", name="15m")).to_have_attribute("aria-pressed", "true")


def choose_interval(page, chart, name):
    """Choose an interval; what is drawn is then what the texts speak of."""
    chart.get_by_role("button", name=name, exact=True).click()
    state = wait_until(
        page,
        chart,
        f"/ bars of {name}[.;]/.test(state.label) && state.where.endsWith(state.drawn[1])",
    )
    assert state["drawn"][1] in state["legend"]
    return state


def test_another_interval_draws_its_own_bars_up_to_the_last(watched):
    chart = open_chart(watched, RUN)
    first = snapshot(chart)
    for name in ("5m", "30m", "1h", "1d", "1m"):
        state = choose_interval(watched, chart, name)
        assert state["where"].startswith(f"Bar {state['rows']:,} of {state['rows']:,} ")
        assert state["visible"]["to"] == pytest.approx(state["rows"], abs=1)
        assert state["drawn"][1].startswith("2023-11-07")
        assert (":" in state["drawn"][1]) == (name != "1d")  # days have a date and no time
    assert state["visible"] == pytest.approx(first["visible"])


def test_an_interval_and_back_keeps_the_place_until_the_view_moves(watched):
    chart = open_chart(watched, f"{RUN}?trade=9")
    focus = chart.get_attribute("focus-from")
    place = wait_until(watched, chart, f"state.visible.from < {focus}")["visible"]
    choose_interval(watched, chart, "1d")
    state = choose_interval(watched, chart, "1m")
    assert (state["visible"]["from"] + state["visible"]["to"]) / 2 == pytest.approx(
        (place["from"] + place["to"]) / 2, abs=1
    )


def test_the_window_moves_with_the_view_over_all_bars(watched):
    chart = open_chart(watched, f"{DATASET}?session=extended")
    assert snapshot(chart)["window"] == {"start": 500, "end": 3500}
    chart.locator(".canvas").focus()
    watched.keyboard.press("Home")
    state = wait_until(watched, chart, "state.visible.from < 5")
    assert state["window"] == {"start": 0, "end": 3000}
    assert state["candles"] == 3000
    watched.keyboard.press("Shift+ArrowRight")
    wait_until(watched, chart, "state.visible.from > 100")
    watched.keyboard.press("End")
    wait_until(watched, chart, "state.window.end === 3500")


def test_the_keyboard_zooms_pans_and_fits(watched):
    chart = open_chart(watched, RUN)
    chart.locator(".canvas").focus()
    before = snapshot(chart)["visible"]
    watched.keyboard.press("ArrowLeft")
    state = wait_until(watched, chart, f"state.visible.from < {before['from']} - 5")
    watched.keyboard.press("+")
    width = state["visible"]["to"] - state["visible"]["from"]
    wait_until(watched, chart, f"state.visible.to - state.visible.from < {width} * 0.6")
    watched.keyboard.press("f")
    wait_until(watched, chart, "state.visible.from <= 0 && state.visible.to >= state.rows - 1")


def test_fills_stand_at_their_exact_prices(watched):
    chart = open_chart(watched, RUN)
    chart.locator(".canvas").focus()
    watched.keyboard.press("f")
    state = wait_until(watched, chart, "state.fills.length === 29")
    fills = chart.evaluate(
        """async (chart) => {
          const url = chart.getAttribute("src").replace("INTERVAL", "1m");
          const buffer = await (await fetch(url)).arrayBuffer();
          const length = new DataView(buffer).getUint32(4, true);
          const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
          const column = header.columns.find(({ name }) => name === "fill_price");
          return [...new Float64Array(buffer, 8 + length + column.offset, column.length)];
        }"""
    )
    assert [fill["price"] for fill in state["fills"]] == fills
    assert all(TIMES not in (arrow["text"] or "") for arrow in state["arrows"])
    state = choose_interval(watched, chart, "1d")
    assert len(state["fills"]) == 29
    assert 0 < len(state["arrows"]) <= 2 * state["rows"]  # one for each side of a bar
    assert any(TIMES in arrow["text"] for arrow in state["arrows"])
    assert {fill["text"] for fill in state["fills"]} <= {"B 100", "B 200", "S 200"}


def test_a_click_on_a_trade_brings_it_to_the_middle(watched):
    chart = open_chart(watched, RUN)
    link = watched.get_by_role("link", name="Trade 3 on the chart")
    first, last = int(link.get_attribute("data-from")), int(link.get_attribute("data-to"))
    link.click()
    state = wait_until(watched, chart, f"state.visible.to < {last} + 60")
    middle = (state["visible"]["from"] + state["visible"]["to"]) / 2
    assert middle == pytest.approx((first + last) / 2, abs=1)
    expect(watched.locator("tr[aria-current=true]")).to_have_count(1)
    expect(chart).to_be_in_viewport()
    assert [fill["isChosen"] for fill in state["fills"]].count(True) == 2
    expect(watched.locator("[data-chosen]")).to_have_text("trade 3 · ")


def test_a_link_to_a_trade_opens_there(watched):
    chart = open_chart(watched, f"{RUN}?trade=3")
    first = int(chart.get_attribute("focus-from"))
    wait_until(watched, chart, f"state.visible.from < {first} && state.visible.to < 500")


def test_the_charts_wear_the_theme(watched, theme):
    state = snapshot(open_chart(watched, RUN))
    expected = {"dark": "rgb(20, 26, 34)", "light": "rgb(255, 255, 255)"}[theme]
    assert state["background"] == expected


def test_equity_and_drawdown_say_how_they_ended(watched):
    open_chart(watched, RUN)
    plots = watched.locator("run-plot canvas")
    expect(plots).to_have_count(3)  # a week has no rolling figures
    states = watched.locator("run-plot").evaluate_all("all => all.map((plot) => plot.snapshot())")
    equity, underwater, exposure = states
    assert equity["points"] == 2660
    assert "Equity went from" in equity["label"]
    assert "buying and holding the instrument made" in equity["label"]
    profit = watched.locator(".kpis .value").first.inner_text().strip("+$").replace(",", "")
    assert equity["last"][0] == pytest.approx(100_000 + float(profit), abs=0.006)
    assert underwater["marks"] == 5
    assert exposure["points"] == 7


def test_equity_is_drawn_on_a_logarithmic_scale_and_read_by_keyboard(watched):
    open_chart(watched, RUN)
    plot = watched.locator("run-plot").first
    plot.get_by_role("button", name="Log").click()
    plot.get_by_role("img").focus()
    watched.keyboard.press("Home")
    state = plot.evaluate("plot => plot.snapshot()")
    assert state["isLog"]
    assert "2023-10-30 09:30" in state["legend"]
    assert "100,000.00" in state["legend"]


def test_data_are_shown_as_a_table_on_request(watched):
    chart = open_chart(watched, RUN)
    chart.get_by_text("Show data").click()
    table = chart.get_by_role("table").last
    expect(table.get_by_role("columnheader", name="equity")).to_be_visible()
    expect(table.locator("tbody tr").last).to_contain_text("2023-11-07 15:59")
    plots = watched.locator("run-plot").first
    plots.get_by_text("Show data").click()
    expect(plots.locator("tbody tr")).to_have_count(7)


def test_a_chart_that_moves_stays_one_chart_and_one_that_goes_is_gone(watched):
    chart = open_chart(watched, RUN)
    counts = chart.evaluate(
        """async (chart) => {
          const place = chart.parentElement;
          for (let turn = 0; turn < 20; turn += 1) {
            place.append(chart);
            await Promise.resolve();
          }
          const moved = chart.querySelectorAll(".tv-lightweight-charts").length;
          chart.remove();
          await Promise.resolve();
          const removed = chart.querySelectorAll(".tv-lightweight-charts").length;
          return [moved, removed, chart.snapshot()];
        }"""
    )
    assert counts == [1, 0, None]


def test_a_chart_whose_data_do_not_come_says_so(page):
    page.route("**/columns/**", lambda route: route.fulfill(status=503, body=""))
    page.goto(DATASET)
    expect(page.locator("price-chart").get_by_role("alert")).to_contain_text(
        "could not give the data (503)"
    )
