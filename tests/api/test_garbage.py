"""Whatever is sent, the answer is an error in the uniform shape and never a failure."""

import json
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.program import error_of
from tests.scenes import DATASET_ID, RUN_ID

pytestmark = pytest.mark.django_db
FUZZ = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
GOOD = {
    "dataset_id": DATASET_ID,
    "strategy_id": "sma_crossover",
    "params": {"fast": 7, "slow": 30},
    "slippage_fees": {"k_spread": 0.5},
}
KEYS = [
    *GOOD,
    *("symbol", "from", "to", "seed", "speed", "session", "fill_clock", "size", "starting_cash"),
    *("max_leverage", "spread_fallback", "name", "note", "feed"),
]
INSIDE = ["fast", "slow", "k_spread", "fees_bps", "ticks", "bps", "spread_fallback", "x", ""]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["2023-11-01", "ACME", DATASET_ID, "ticks=2", "1e400", "nan", "-0"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(INSIDE) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)
REFUSED = (404, 409, 422)


def check(answer):
    if answer.status_code >= 400:
        error_of(answer, answer.status_code)
        assert answer.status_code in REFUSED


@FUZZ
@given(change=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_any_change_of_a_good_body_is_a_run_or_an_error(ada, change):
    check(ada.post("/backtests", GOOD | change))


@FUZZ
@given(text=st.text(max_size=60) | st.binary(max_size=60) | VALUES.map(json.dumps))
def test_any_text_as_a_body_is_an_error(ada, text):
    for method, path in (("POST", "/backtests"), ("PATCH", f"/backtests/{RUN_ID}")):
        answer = ada.send(method, path, text.encode() if isinstance(text, str) else text)
        if method == "POST" or answer.status_code != 200:
            error_of(answer, 422)
    error_of(ada.send("POST", "/api/datasets", text), 422)


@FUZZ
@given(
    query=st.dictionaries(
        st.sampled_from(
            ["symbol", "from", "to", "status", "limit", "offset", "order", "format", "q", "session"]
        ),
        st.text(max_size=12) | st.integers().map(str) | st.sampled_from(["-sharpe", "2023-11-01"]),
        max_size=4,
    ),
    path=st.sampled_from(
        [
            "/backtests",
            f"/backtests/{RUN_ID}/trades",
            "/api/datasets",
            f"/api/datasets/{DATASET_ID}/bars",
            "/api/ingests",
        ]
    ),
)
def test_any_query_is_a_list_or_an_error(ada, query, path):
    check(ada.get(path, **query))


@FUZZ
@given(name=st.text(max_size=40), key=st.text(string.printable, max_size=30))
def test_any_name_and_any_key_is_found_or_an_error(ada, name, key):
    for start in ("/backtests/", "/api/datasets/", "/api/ingests/"):
        answer = ada.get(f"{start}{name}".replace("?", "%3F").replace("#", "%23"))
        assert answer.status_code in {200, 404}, answer.content
    check(ada.post("/backtests", GOOD, Idempotency_Key=key))
