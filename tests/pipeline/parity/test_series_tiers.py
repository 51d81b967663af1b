"""Tiers and figures of a pair of series: what is fast is what the plain formulas say."""

import json
import math
import statistics
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hewston.pipeline.parity.series import ComparedSeries, compare_series
from hewston.pipeline.parity.tolerances import (
    BAND,
    DIVERGES,
    EXACT,
    LAST_BITS,
    LOOSE,
    MISSING,
    SKIPPED,
    TIERS,
    Floats,
    Ruler,
    Tolerance,
    grade,
    usual,
)

NAN, INF = math.nan, math.inf
STEP_NS = 15 * 60 * 10**9

EDGES = [
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    2.3e-308,
    1e-12,
    1.0,
    -1.0,
    100.0,
    1e300,
    -1e300,
    INF,
    -INF,
    NAN,
]
NUMBERS = st.one_of(st.sampled_from(EDGES), st.floats(width=64), st.floats(-1e3, 1e3))


@st.composite
def partners(draw: st.DrawFn, a: float) -> float:
    """Give a value at, or one unit beside, a boundary of a tier of another value."""
    if not math.isfinite(a):
        return draw(NUMBERS)
    share = draw(st.sampled_from([0.0, 1e-9, 1e-6, 1e-3]))
    by = share * abs(a) or draw(st.sampled_from([0.0, 1e-12, 0.005, 64 * math.ulp(a)]))
    b = a + draw(st.sampled_from([1, -1])) * by
    for _ in range(draw(st.integers(0, 2))):
        b = math.nextafter(b, draw(st.sampled_from([INF, -INF])))
    return b


@st.composite
def pairs(draw: st.DrawFn) -> tuple[float, float]:
    a = draw(NUMBERS)
    return a, draw(st.one_of(NUMBERS, partners(a)))


def grade_plainly(
    a: float, b: float, *, tolerance: Tolerance, decimals: int | None, scale: float
) -> int:
    if math.isnan(a) or math.isnan(b):
        return SKIPPED if math.isnan(a) and math.isnan(b) else MISSING
    if a == b or math.isinf(a) or math.isinf(b):
        return EXACT if a == b else DIVERGES
    apart, largest = abs(a - b), max(abs(a), abs(b))
    rounding = 0.5 * 10.0**-decimals if decimals else 0.0
    bounds = (
        (EXACT, rounding + math.ulp(abs(a) + rounding) if rounding else 0.0),
        (LAST_BITS, 64 * math.ulp(largest)),
        (BAND, 1e-9 * max(largest, scale)),
        (LOOSE, max(tolerance.absolute, tolerance.relative * largest)),
    )
    return next((tier for tier, bound in bounds if apart <= bound), DIVERGES)


def scale_plainly(values: list[float]) -> float:
    sizes = [abs(one) for one in values if math.isfinite(one)]
    median = statistics.median(sizes) if sizes else 0.0
    return median if math.isfinite(median) else 2 * statistics.median([one / 2 for one in sizes])


@given(
    given=st.lists(pairs(), min_size=1, max_size=40),
    decimals=st.sampled_from([None, 0, 2, 8]),
    relative=st.sampled_from([0.0, 1e-6, 1e-3]),
    absolute=st.sampled_from([0.0, 1e-12, 0.5]),
)
@example(given=[(1e300, -1e300), (1e308, -1e308)], decimals=None, relative=1e-6, absolute=0.0)
@example(given=[(0.0, -0.0), (NAN, NAN), (NAN, 1.0)], decimals=2, relative=1e-6, absolute=0.0)
@settings(max_examples=300, deadline=None)
def test_each_pair_is_in_the_tier_that_the_plain_formula_gives(
    given: list[tuple[float, float]], decimals: int | None, relative: float, absolute: float
) -> None:
    tolerance = Tolerance(absolute=absolute, relative=relative)
    a, b = (np.array([pair[side] for pair in given]) for side in (0, 1))
    scale = max(scale_plainly(a.tolist()), scale_plainly(b.tolist()))
    expected = [
        grade_plainly(*pair, tolerance=tolerance, decimals=decimals, scale=scale) for pair in given
    ]
    found = _compare(a, b, tolerance=tolerance, decimals=decimals)
    assert found.tiers.tolist() == expected
    assert grade(a, b, tolerance, decimals).tolist() == expected
    assert found.counts == {name: expected.count(at) for at, name in enumerate(TIERS)}
    agreed = Ruler.of(a, b, tolerance, decimals).agrees(a, b).tolist()
    assert agreed == [tier not in {DIVERGES, MISSING} for tier in expected]


@given(st.lists(st.one_of(NUMBERS, st.sampled_from([0.0, 1.0])), max_size=300))
@settings(max_examples=200, deadline=None)
def test_the_usual_size_is_the_median(values: list[float]) -> None:
    assert usual(np.array(values)) == scale_plainly(values)


def test_the_usual_size_of_long_series_is_the_median() -> None:
    rng = np.random.default_rng(1)
    various: list[Floats] = [
        rng.normal(0, 1, 10_001),
        rng.normal(0, 1, 10_000),
        (rng.random(10_000) < 0.5).astype(np.float64),
        np.repeat([1.0, 2.0], 5_000),
        np.repeat([2.0, 1.0], [5_001, 5_000]),
        np.where(rng.random(10_000) < 0.7, NAN, 3.0),
    ]
    for values in various:
        assert usual(values) == np.median(np.abs(values[~np.isnan(values)]))


@given(st.lists(pairs(), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_errors_are_those_of_bars_with_a_number_on_both_sides(
    given: list[tuple[float, float]],
) -> None:
    a, b = (np.array([pair[side] for pair in given]) for side in (0, 1))
    both = [(x, y) for x, y in given if math.isfinite(x) and math.isfinite(y)]
    found = _compare(a, b)
    if not both:
        assert found.max_absolute is found.rmse is found.correlation is None
        return
    largest = max(abs(x - y) for x, y in both)
    assert found.max_absolute == (largest if math.isfinite(largest) else None)
    shares = [abs(x - y) / max(abs(x), abs(y)) if x or y else 0.0 for x, y in both]
    assert found.max_relative == pytest.approx(max(shares)) or math.isinf(max(shares))
    missing = [(math.isnan(x), math.isnan(y)) for x, y in given]
    assert found.only_pine_values == missing.count((False, True))
    assert found.only_python_values == missing.count((True, False))


@pytest.mark.parametrize(
    "field", ["only_pine_values", "only_python_values", "offset_bars", "coarser_interval"]
)
def test_what_was_seen_is_in_the_json(field: str) -> None:
    data = _compare(np.arange(9.0), np.arange(9.0)).as_json()
    assert data[field] == getattr(_compare(np.arange(9.0), np.arange(9.0)), field)
    assert "tiers" not in data
    assert data["class"] is None


def _compare(a: np.ndarray, b: np.ndarray, **said: Any) -> ComparedSeries:
    given = {"tolerance": Tolerance(), "decimals": None, "warmup": None} | said
    return compare_series("RSI", "rsi", times=STEP_NS * np.arange(len(a)), a=a, b=b, **given)


@st.composite
def wild(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give bars at odd times, and two series that are one another moved, held, cut or spoilt."""
    count = draw(st.integers(0, 400))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    steps = draw(st.sampled_from([[1], [60], [900], [900, 63_000], [1, 7, 3_600], [86_400]]))
    seconds = (
        draw(st.sampled_from([0, 1_700_000_000, -9_000_000_000]))
        + rng.choice(steps, count).cumsum()
    )
    values = draw(
        st.sampled_from(
            [rng.normal(0, 1, count), (rng.random(count) < 0.3) * 1.0, rng.normal(0, 1e307, count)]
        )
    )
    pair = []
    for _ in range(2):
        own = np.repeat(values[:: draw(st.sampled_from([1, 4]))], 4)[: len(values)]
        own = np.roll(own, draw(st.integers(-3, 3))).astype(np.float64)
        own[rng.random(len(own)) < draw(st.sampled_from([0.0, 0.0, 0.5, 0.99]))] = NAN
        for at in draw(st.lists(st.integers(0, 399), max_size=4)):
            own[at:][:1] = draw(NUMBERS)
        pair.append(own)
    shortest = min(len(pair[0]), len(pair[1]))
    return seconds[:shortest] * 10**9, pair[0][:shortest], pair[1][:shortest]


@given(
    given=wild(),
    decimals=st.sampled_from([None, 2]),
    warmup=st.sampled_from([None, 0, 50]),
)
@settings(max_examples=150, deadline=None)
def test_any_two_series_end_in_a_class_and_in_plain_json(
    given: tuple[np.ndarray, np.ndarray, np.ndarray], decimals: int | None, warmup: int | None
) -> None:
    times, a, b = given
    found = compare_series(
        "a", "b", times=times, a=a, b=b, tolerance=Tolerance(), decimals=decimals, warmup=warmup
    )
    json.dumps(found.as_json(), allow_nan=False)
    apart = sum(found.counts[name] for name in ("loose", "diverges", "missing"))
    assert (found.class_name is None) == (apart == 0) == (found.first is None)
    assert sum(found.counts.values()) == found.compared
    assert (found.cause == "offset") <= (found.offset_bars != 0)
    assert (found.class_name == "timeframe_aggregation") <= (found.coarser_interval is not None)
