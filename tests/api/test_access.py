"""Who may use the API, and in what shape it says no."""

import json
import logging

import pytest
from django.db import OperationalError
from django.test import Client

from apps.permissions.models import Token
from hewston import access
from hewston.rates import Rates
from tests.api.program import Program, error_of
from tests.scenes import DATASET_ID, RUN_ID

BODY = {"dataset_id": DATASET_ID, "strategy_id": "buy_and_hold"}
READS = [
    "/backtests",
    f"/backtests/{RUN_ID}",
    f"/backtests/{RUN_ID}/equity",
    "/api/datasets",
    f"/api/datasets/{DATASET_ID}",
    f"/api/datasets/{DATASET_ID}/bars",
    "/api/ingests",
    "/api/tokens",
    "/api/openapi.json",
    "/readyz",
]
WRITES = [
    ("POST", "/backtests", "run"),
    ("POST", f"/backtests/{RUN_ID}/cancel", "run"),
    ("PATCH", f"/backtests/{RUN_ID}", "run"),
    ("DELETE", f"/backtests/{RUN_ID}", "run"),
    ("POST", "/api/datasets", "ingest"),
    ("POST", "/api/ingests/000000000000/cancel", "ingest"),
]


@pytest.mark.parametrize("path", READS)
def test_nobody_reads_without_signing_in(catalogue, path):
    answer = Client().get(path, headers={"Accept": "text/html"} if "readyz" not in path else {})
    assert error_of(answer, 401)["code"] == "UNAUTHENTICATED"
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path", "scope"), WRITES)
def test_nobody_writes_without_signing_in(catalogue, method, path, scope):
    answer = Client().generic(method, path, "{}", "application/json")
    assert error_of(answer, 401)["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("path", READS)
def test_a_token_that_reads_may_read(catalogue, path):
    wanted = {200, 503} if path == "/readyz" else {200}  # no worker runs in this test
    assert Program(catalogue.ada, "read").get(path).status_code in wanted


@pytest.mark.parametrize(("method", "path", "scope"), WRITES)
def test_a_token_without_the_scope_is_told_which_one(catalogue, method, path, scope):
    others = {"read", "run", "ingest"} - {scope}
    error = error_of(Program(catalogue.ada, *others).send(method, path, "{}"), 403)
    assert error["code"] == "FORBIDDEN"
    assert error["details"] == {"scope": scope}
    assert f"scope {scope}" in error["message"]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_no_token_makes_or_ends_tokens(ada, method):
    path = "/api/tokens" if method == "POST" else f"/api/tokens/{Token.objects.get().pk}"
    assert error_of(ada.send(method, path, "{}"), 403)["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer nothing", "bearer nothing", "Bearer a b"]
)
def test_a_token_that_is_not_valid_is_not_helped_by_a_cookie(catalogue, header):
    client = Client(headers={"Authorization": header})
    client.force_login(catalogue.ada)
    assert error_of(client.get("/backtests"), 401)["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("header", ["Basic YTpi", "Digest x", "Token abc"])
def test_another_kind_of_credentials_is_none(catalogue, header):
    client = Client(headers={"Authorization": header})
    assert error_of(client.get("/backtests"), 401)["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("path", ["/", "/runs/", f"/runs/{RUN_ID}/", "/datasets/", "/api/docs"])
def test_a_token_opens_no_page(ada, path):
    answer = ada.send("GET", path, Accept="text/html")
    assert answer["Location"].startswith("/sign-in/")


def test_a_session_reads_and_writes_with_the_csrf_token_only(catalogue):
    client = Client(enforce_csrf_checks=True)
    client.force_login(catalogue.ada)
    assert client.get("/backtests").status_code == 200

    def ask(**headers):
        return client.post("/backtests", BODY, content_type="application/json", headers=headers)

    assert error_of(ask(), 403)["details"]["field"] == "X-CSRFToken"
    client.get("/")  # a page sets the cookie
    value = client.cookies["hewston_csrf"].value
    assert ask(**{"X-CSRFToken": value}).status_code == 202


@pytest.mark.parametrize(("method", "path", "scope"), WRITES)
def test_every_write_of_a_session_takes_the_csrf_token(catalogue, method, path, scope):
    client = Client(enforce_csrf_checks=True)
    client.force_login(catalogue.ada)
    answer = client.generic(method, path, "{}", "application/json")
    assert error_of(answer, 403)["details"]["field"] == "X-CSRFToken"


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/json"])
@pytest.mark.parametrize(
    "path", ["/backtests/", "/api/", "/api", "/api/nothing", f"/backtests/{RUN_ID}/", "/api/docs/"]
)
def test_an_address_that_is_not_there_answers_in_json(ada, path, accept):
    answer = ada.send("GET", path, Accept=accept)
    error = error_of(answer, 404)
    assert error["code"] == "NOT_FOUND"
    if path.endswith("/"):
        assert f"{path.rstrip('/')}." in error["message"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_a_method_that_is_not_there_names_those_that_are(ada, method):
    answer = ada.send(method, "/backtests")
    assert error_of(answer, 405)["code"] == "METHOD_NOT_ALLOWED"
    assert {"GET", "HEAD", "POST"} == set(answer["Allow"].split(", "))


def test_head_answers_where_get_does(ada):
    for path in READS[:-2]:
        answer = ada.send("HEAD", path)
        assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("application/json", ""),
        ("application/json", "[]"),
        ("application/json", "null"),
        ("application/json", "{"),
        ("application/json", '{"seed": 1, "seed": 2}'),
        ("application/json", '{"seed": NaN}'),
        ("application/json", '{"seed": -Infinity}'),
        ("application/json", '{"size": 1e999}'),
        ("application/json", '{"seed": ' + "9" * 5000 + "}"),
        ("application/json", "[" * 100_000),
        ("application/json", '{"a":' * 50_000),
        ("application/json", '{"name": "\\ud800"}'),
        ("application/json", '{"name": "\\u0000"}'),
        ("application/json", b'{"name": "\xff"}'),
        ("application/json", b"\xef\xbb\xbf{}"),
        ("application/x-www-form-urlencoded", json.dumps(BODY)),
        ("text/plain", json.dumps(BODY)),
        ("", json.dumps(BODY)),
        ("multipart/form-data; boundary=x", json.dumps(BODY)),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(ada, content_type, text):
    error = error_of(ada.send("POST", "/backtests", text, content_type), 422)
    assert error["code"] == "VALIDATION"
    assert len(error["message"]) < 300


@pytest.mark.parametrize(
    "change", [{"seed": "9" * 10**5}, {"x" * 10**5: 1}, {"session": "y" * 10**5}]
)
def test_an_error_does_not_repeat_all_that_was_sent(ada, change):
    answer = ada.post("/backtests", BODY | change)
    error_of(answer, 422)
    assert len(answer.content) < 5000


def test_a_body_that_is_too_long_is_refused(ada):
    long = json.dumps({"note": "x" * (1 << 20)})
    assert error_of(ada.send("POST", "/backtests", long), 413)["code"] == "PAYLOAD_TOO_LARGE"
    longer = json.dumps({"note": "x" * (4 << 20)})
    assert error_of(ada.send("POST", "/backtests", longer), 413)["code"] == "PAYLOAD_TOO_LARGE"


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (OperationalError("database is locked"), 503, "BUSY"),
        (OperationalError("database or disk is full"), 503, "BUSY"),
        (OSError(28, "No space left on device"), 503, "BUSY"),
        (ZeroDivisionError("a secret"), 500, "INTERNAL"),
    ],
)
def test_what_fails_inside_tells_nothing_of_the_inside(  # noqa: PLR0917 (fixtures and parameters)
    ada, monkeypatch, caplog, failure, status, code
):
    def fail(*_args, **_named):
        raise failure

    monkeypatch.setattr("apps.runs.api.list_runs", fail)
    ada.let_fail()
    with caplog.at_level(logging.ERROR):
        answer = ada.get("/backtests")
    error = error_of(answer, status)
    assert error["code"] == code
    assert str(failure) not in answer.content.decode()
    if status == 500:
        assert error["details"]["request_id"] in caplog.text
        assert "a secret" in caplog.text
    else:
        assert int(answer["Retry-After"]) > 0


def test_a_burst_of_writes_is_let_through_and_then_slowed_down(ada, catalogue, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(access, "_rates", Rates(per_second=2, burst=4, clock=lambda: now[0]))
    codes = [ada.post("/backtests", BODY).status_code for _ in range(6)]
    assert codes == [202, 200, 200, 200, 429, 429]
    answer = ada.post("/backtests", BODY)
    error = error_of(answer, 429)
    assert error["code"] == "RATE_LIMITED"
    assert answer["Retry-After"] == "1"
    assert ada.get("/backtests").status_code == 200
    assert Program(catalogue.ada, "run").post("/backtests", BODY).status_code == 200
    now[0] = 0.5
    assert ada.post("/backtests", BODY).status_code == 200


def test_an_address_that_tries_tokens_is_slowed_down_and_holds_nobody_up(
    ada, catalogue, monkeypatch
):
    now = [0.0]
    monkeypatch.setattr(access, "_guesses", Rates(per_second=1, burst=3, clock=lambda: now[0]))
    guess = Client(headers={"Authorization": "Bearer hewston_nothing"})
    assert [guess.get("/backtests").status_code for _ in range(4)] == [401, 401, 401, 429]
    answer = guess.get("/backtests")
    assert error_of(answer, 429)["code"] == "RATE_LIMITED"
    assert answer["Retry-After"] == "1"
    assert ada.get("/backtests").status_code == 200
    assert guess.get("/backtests", REMOTE_ADDR="192.0.2.1").status_code == 401
    now[0] = 1.0
    assert guess.get("/backtests").status_code == 401


def test_rates_refill_up_to_the_burst_and_forget_who_is_full():
    now = [0.0]
    rates = Rates(per_second=10, burst=20, clock=lambda: now[0])
    assert [rates.take("a") for _ in range(20)] == [0.0] * 20
    assert rates.take("a") == pytest.approx(0.1)
    now[0] = 100.0
    assert [rates.take("a") for _ in range(20)] == [0.0] * 20
    assert rates.take("a") > 0
    for number in range(10_001):
        rates.take(str(number))
    now[0] = 200.0
    rates.take("b")
    assert len(rates._levels) == 1


def test_the_default_lets_a_script_submit_for_long(settings):
    assert settings.WRITES_PER_SECOND >= 20
    assert settings.WRITES_BURST >= 100
