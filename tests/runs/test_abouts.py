"""The (i) of a figure says what it is and what it rests on, without a script."""

import re
from html import unescape
from typing import Any

from django.template import Context, Template
from django.template.loader import render_to_string

from apps.permissions.templatetags.figures import decimal
from hewston.pipeline.metrics import METRICS
from tests.pipeline.accounts import equity_of, levels_after, report_of


def about(key: str, report: dict[str, Any] | None, **more: str) -> str:
    page = Template("{% about_metric key report currency place %}")
    return page.render(Context({"key": key, "report": report} | {"currency": "USD"} | more))


def text_of(page: str) -> list[str]:
    lines = re.findall(r"<p><span>(.*?)</span> (.*?)</p>", page)
    return [unescape(f"{term}: {text}") for term, text in lines]


def stored(days: int) -> dict[str, Any]:
    """Give the metrics.json of an account that gains 2 % and loses 1 % in turn."""
    changes = [0.02, -0.01] * days
    return report_of(equity_of(levels_after(changes[:days]))).as_json()


def test_a_button_opens_what_it_names() -> None:
    page = about("sharpe", stored(70), place="kpi")
    assert re.search(
        r'<button type="button"[^>]* popovertarget="about-kpi-sharpe" aria-label="About Sharpe">',
        page,
    )
    assert '<div popover class="about" id="about-kpi-sharpe">' in page


def test_a_figure_is_explained_with_the_sample_of_its_run() -> None:
    assert text_of(about("sharpe", stored(70)))[:5] == [
        f"Formula: {METRICS['sharpe'].formula}",
        "Sample: daily returns, at least 20; this run has n = 70",
        "Annualised: times the square root of daily returns a year: 252",
        "Unit: a ratio",
        "Better: higher",
    ]


def test_a_figure_without_a_value_or_a_band_says_why() -> None:
    lines = text_of(about("sharpe", stored(19)))
    assert "No value: needs at least 20 daily returns, has 19" in lines
    assert "No band: needs at least 60 daily returns, has 19" in lines
    assert not any(line.startswith("No ") for line in text_of(about("sharpe", stored(70))))


def test_money_is_in_the_currency_of_the_instrument() -> None:
    assert "Unit: money, in EUR" in text_of(about("net_profit", stored(1), currency="EUR"))


def test_a_run_of_before_the_registry_grew_is_explained_too() -> None:
    old = {"values": {"sharpe": 1.5, "cagr": None}, "reasons": {"cagr": "too short"}}
    assert "Sample: daily returns, at least 20" in text_of(about("sharpe", old))
    assert "No value: too short" in text_of(about("cagr", old))
    assert "No value: this figure was not computed yet when the run was made" in text_of(
        about("omega", old)
    )


def test_every_metric_is_explained_for_any_run() -> None:
    for key in METRICS:
        lines = text_of(about(key, None))
        assert lines[0] == f"Formula: {METRICS[key].formula}"
        assert not any(line.startswith("No ") for line in lines)
    assert "Annualised: times daily returns a year: 252, or 365 on a 24/7 calendar" in text_of(
        about("alpha", None)
    )


def test_the_strip_shows_a_band_below_its_figure() -> None:
    report = stored(70)
    low, high = (report["bands"]["sharpe"][end] for end in ("low", "high"))
    items = [
        {"metric": METRICS["sharpe"], "value": 1.5, "band": report["bands"]["sharpe"]},
        {"metric": METRICS["omega"], "value": 2.0, "band": None},
    ]
    page = render_to_string(
        "runs/key_figures.html", {"key_figures": items, "report": report, "currency": "USD"}
    )
    beside = re.findall(r'<dd class="beside">(.*?)</dd>', page)
    assert beside == [f"95%: {decimal(low)} to {decimal(high)}"]
