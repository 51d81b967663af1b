"""A run's tabs in a browser: trades beside their chart, plots by keyboard, a log that grows."""

import json

from playwright.sync_api import expect

from tests.scenes import RUN_ID

RUN = f"/runs/{RUN_ID}/"
VISIBLE = "chart => chart.snapshot().visible"
CHOSEN = "chart => chart.snapshot().fills.filter((fill) => fill.isChosen).length"


def open_trades(page, query=""):
    page.goto(f"{RUN}trades/{query}")
    chart = page.locator("price-chart")
    expect(chart.locator(".where")).to_contain_text("Bar ")
    return chart


def test_a_click_and_the_arrow_keys_show_trades_on_the_chart(watched):
    chart = open_trades(watched, "?side=LONG")
    links = watched.locator("[data-trades] a[data-trade]")
    links.nth(2).click()
    expect(watched.locator("[data-chosen]")).to_have_text(f"trade {links.nth(2).inner_text()} · ")
    first, last = (int(links.nth(2).get_attribute(name)) for name in ("data-from", "data-to"))
    visible = chart.evaluate(VISIBLE)
    assert visible["from"] < first <= last < visible["to"]
    assert f"trade={links.nth(2).inner_text()}" in watched.url
    assert "side=LONG" in watched.url
    watched.keyboard.press("ArrowDown")
    expect(links.nth(3)).to_be_focused()
    expect(watched.locator("[data-trades] tr[aria-current]")).to_have_count(1)
    expect(watched.locator("[data-chosen]")).to_have_text(f"trade {links.nth(3).inner_text()} · ")
    watched.keyboard.press("ArrowUp")
    watched.keyboard.press("ArrowUp")
    expect(links.nth(1)).to_be_focused()
    expect(chart).to_be_in_viewport()


def test_a_plotted_trade_is_found_by_keyboard_and_shown(watched):
    chart = open_trades(watched)
    scatter = watched.locator("trade-scatter")
    expect(scatter.locator("canvas")).to_have_count(1)
    assert "Enter shows one on the chart" in scatter.get_by_role("img").get_attribute("aria-label")
    scatter.get_by_role("img").focus()
    watched.keyboard.press("Home")
    watched.keyboard.press("ArrowRight")
    state = scatter.evaluate("plot => plot.snapshot()")
    assert (state["trade"], "Trade 2" in state["legend"]) == (2, True)
    watched.keyboard.press("Enter")
    expect(watched.locator("[data-chosen]")).to_have_text("trade 2 · ")
    expect(watched.locator("[data-trades] tr[aria-current] a")).to_have_text("2")
    chart.evaluate("() => new Promise(requestAnimationFrame)")
    assert chart.evaluate(CHOSEN) == 2


def test_groups_sort_in_place(watched):
    open_trades(watched, "?group_by=hour")
    table = watched.locator("sortable-table")
    table.get_by_role("button", name="Net P&L").click()
    nets = [
        float(text.replace(",", "").replace("\N{MINUS SIGN}", "-").split()[-1])
        for text in table.locator("tbody td:nth-child(3)").all_inner_texts()
    ]
    assert nets == sorted(nets)
    assert len(nets) > 3


def test_a_drawdown_is_shown_on_the_chart(watched):
    watched.goto(RUN)
    chart = watched.locator("price-chart")
    expect(chart.locator(".where")).to_contain_text("Bar ")
    link = watched.get_by_role("link", name="Drawdown 1 on the chart")
    link.click()
    expect(watched.locator("[data-chosen]")).to_have_text("drawdown 1 · ")
    visible = chart.evaluate(VISIBLE)
    assert visible["from"] < int(link.get_attribute("data-from"))
    assert visible["to"] > int(link.get_attribute("data-to"))


def test_a_log_grows_in_place(watched, site_root):
    path = site_root / "logs" / f"{RUN_ID}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"message": "first"}) + "\n")
    watched.goto(f"{RUN}logs/")
    expect(watched.get_by_role("log")).to_contain_text("first")
    with path.open("a") as log:
        log.write(json.dumps({"level": "error", "message": "second"}) + "\n")
    # As of a run under way, whose page it is.
    watched.locator("log-tail").evaluate(
        """(tail, run) => {
          tail.setAttribute("known", 1);
          tail.setAttribute("src", `${run}logs/lines?level=info`);
          tail.parentElement.append(tail);
        }""",
        RUN,
    )
    expect(watched.get_by_role("log").locator("[data-level=error]")).to_contain_text("second")
    expect(watched.locator("log-tail[src]")).to_have_count(0)  # the run is over: nothing comes
    expect(watched.get_by_role("log").locator("span")).to_have_count(2)
    path.unlink()
