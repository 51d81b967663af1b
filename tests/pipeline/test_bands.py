"""Bands of chance: by a slow bootstrap, at their edges, and against what is known of them."""

import dataclasses
import itertools
import math
import random
import statistics
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline.metrics import bands
from hewston.pipeline.metrics.bands import Band
from tests.pipeline.accounts import equity_of, levels_after, report_of


def bands_of(changes: list[float], calendar: str = "XNYS") -> dict[str, Band]:
    return report_of(equity_of(levels_after(changes)), calendar=calendar).bands


def noise(seed: int, days: int, drift: float = 0.0005, spread: float = 0.01) -> list[float]:
    source = random.Random(seed)
    return [source.gauss(drift, spread) for _ in range(days)]


def ends(band: Band) -> tuple[float, float]:
    assert band.low is not None
    assert band.high is not None
    return band.low, band.high


def slow_bands(returns: list[float]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Resample day by day in plain Python, from a source of its own."""
    source, n = random.Random(5), len(returns)
    growths, sharpes = [], []
    for _ in range(2000):
        day, drawn = source.randrange(n), []
        for _ in range(n):
            drawn.append(returns[day])
            starts = source.random() < n ** (-1 / 3)
            day = source.randrange(n) if starts else (day + 1) % n
        growths.append(math.prod(1 + change for change in drawn) - 1)
        sharpes.append(statistics.mean(drawn) / statistics.stdev(drawn) * math.sqrt(252))
    cuts = [statistics.quantiles(found, n=40, method="inclusive") for found in (growths, sharpes)]
    return (cuts[0][0], cuts[0][-1]), (cuts[1][0], cuts[1][-1])


def test_bands_are_those_of_a_slow_bootstrap_but_for_chance() -> None:
    returns = noise(1, 120)
    for found, slow in zip(bands_of(returns).values(), slow_bands(returns), strict=True):
        width = slow[1] - slow[0]
        assert ends(found) == pytest.approx(slow, abs=0.08 * width)


def test_blocks_keep_what_one_day_has_to_do_with_the_next() -> None:
    """A mean return spreads further where gains follow gains: by as much as theory says."""
    source, runs = random.Random(3), [0.0]
    for _ in range(1999):
        runs.append(0.5 * runs[-1] + source.gauss(0.0, 0.01))
    shuffled = random.Random(4).sample(runs, len(runs))
    widths = [ends(bands_of(changes)["sharpe"]) for changes in (runs, shuffled)]
    ratio = (widths[0][1] - widths[0][0]) / (widths[1][1] - widths[1][0])
    assert 1.4 < ratio < math.sqrt(3) * 1.1  # (1 + 0.5) / (1 - 0.5), from below


def test_a_band_holds_the_truth_about_as_often_as_it_says() -> None:
    drift, spread = 0.001, 0.01
    truth = drift / spread * math.sqrt(252)
    held = 0
    for seed in range(100):
        low, high = ends(bands_of(noise(seed, 100, drift, spread))["sharpe"])
        held += low <= truth <= high
    assert 86 <= held <= 100


def test_a_band_is_around_the_figure_and_orders_its_ends() -> None:
    report = report_of(equity_of(levels_after(noise(2, 252))))
    for key, band in report.bands.items():
        low, high = ends(band)
        assert low < (report.values[key] or 0) < high
        assert (band.level, band.reason) == (0.95, None)


def test_a_year_of_24_7_has_a_wider_sharpe_by_its_root() -> None:
    usual, always = (bands_of(noise(2, 90), calendar)["sharpe"] for calendar in ("XNYS", "24/7"))
    scale = math.sqrt(365 / 252)
    assert ends(always) == pytest.approx([end * scale for end in ends(usual)], rel=1e-12)
    assert bands_of(noise(2, 90))["total_return"] == bands_of(noise(2, 90), "24/7")["total_return"]


def test_fifty_nine_daily_returns_are_too_few() -> None:
    for band in bands_of(noise(1, 59)).values():
        assert band == Band(reason="needs at least 60 daily returns, has 59")
    assert all(band.reason is None for band in bands_of(noise(1, 60)).values())


@pytest.mark.parametrize("change", [0.0, 0.001])
def test_returns_that_do_not_vary_have_one_total_return_and_no_sharpe(change: float) -> None:
    found = bands_of([change] * 100)
    assert found["sharpe"].reason == "daily returns do not vary"
    assert ends(found["total_return"]) == pytest.approx([(1 + change) ** 100 - 1] * 2, abs=1e-9)


def test_a_single_day_with_a_trade_is_too_few_for_a_sharpe() -> None:
    found = bands_of([0.0] * 50 + [0.01] + [0.0] * 50)
    assert found["sharpe"].reason == ("equity changed on too few days: some resamples do not vary")
    assert found["sharpe"].low is found["sharpe"].high is None
    assert ends(found["total_return"])[0] == 0.0


def test_a_ruined_account_has_no_band() -> None:
    for levels in ([100.0] * 80 + [-5.0], [100.0] * 80 + [0.0, 10.0]):
        for band in report_of(equity_of(levels)).bands.values():
            assert band.reason == "equity fell to 0 or below"


def test_growth_beyond_any_number_has_no_band() -> None:
    levels = [100.0, *itertools.accumulate([1e6] * 45, lambda a, b: a * b, initial=1.0)]
    levels += [levels[-1]] * 20
    assert report_of(equity_of(levels)).bands["total_return"].reason == "too large to be stated"


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(-0.9, 3.0), min_size=60, max_size=70))
def test_a_band_is_two_numbers_or_a_reason(changes: list[float]) -> None:
    for band in bands_of(changes).values():
        if band.reason is None:
            low, high = ends(band)
            assert math.isfinite(low)
            assert low <= high < math.inf
        else:
            assert band.low is band.high is None


def test_the_formula_names_what_is_done() -> None:
    assert f"{bands.RESAMPLES:,} stationary bootstrap resamples" in bands.FORMULA
    assert f"at least {bands.LEAST_DAILY_RETURNS} daily returns" in bands.FORMULA


def test_another_process_gives_the_same_bytes() -> None:
    code = "from tests.pipeline.test_bands import bands_of, noise; print(bands_of(noise(2, 252)))"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == str(bands_of(noise(2, 252)))
    np.random.seed(1)  # what others do with the shared source changes nothing
    assert shown.stdout.strip() == str(bands_of(noise(2, 252)))


def test_a_band_of_the_report_is_plain_json() -> None:
    report = report_of(equity_of(levels_after(noise(2, 70))))
    assert report.as_json()["bands"] == {
        key: dataclasses.asdict(band) for key, band in report.bands.items()
    }
    assert set(report.bands) == set(bands.BANDS)
