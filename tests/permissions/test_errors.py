"""Errors leave the site in its own layout, or in the uniform shape, and tell nothing inside."""

import logging

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import Client, RequestFactory

from apps.permissions.models import User
from hewston import http

pytestmark = pytest.mark.django_db


def test_a_page_that_does_not_exist_says_so(client):
    missing = client.get("/nothing/")
    assert missing.status_code == 404
    assert b"There is nothing at this address" in missing.content
    assert b"<h1>404</h1>" in missing.content


def test_a_program_gets_errors_in_the_uniform_shape(client):
    missing = client.get("/nothing/", HTTP_ACCEPT="application/json")
    assert missing.json()["error"]["code"] == "NOT_FOUND"
    unknown = client.get("/runs/", HTTP_ACCEPT="application/json")
    assert unknown.status_code == 401
    sentence = "Sign in, or send a token: Authorization: Bearer TOKEN."
    assert unknown.json() == {"error": {"code": "UNAUTHENTICATED", "message": sentence}}


def test_a_failure_shows_an_id_and_no_traceback(monkeypatch, caplog):
    user = User.objects.create_superuser("owner")
    client = Client(raise_request_exception=False)
    client.force_login(user)
    monkeypatch.setattr("apps.runs.views.lists.check_readiness", lambda: 1 / 0)
    with caplog.at_level(logging.ERROR):
        page = client.get("/")
    assert page.status_code == 500
    assert b"ZeroDivisionError" not in page.content
    shown = page.content.decode().split(", id ")[1][:8]
    assert shown in caplog.text


def test_a_failure_is_json_for_a_program():
    request = RequestFactory().get("/", headers={"accept": "application/json"})
    body = http.failed(request)
    assert body.status_code == 500
    assert b"INTERNAL" in body.content


@pytest.mark.parametrize(
    ("answer", "cause", "status"),
    [
        (http.bad_request, SuspiciousOperation("inside"), 400),
        (http.forbidden, PermissionDenied("inside"), 403),
    ],
)
def test_other_refusals_keep_their_cause_to_themselves(answer, cause, status):
    page = answer(RequestFactory().get("/"), cause)
    assert page.status_code == status
    assert b"inside" not in page.content
    assert b"Hewston" in page.content


def test_every_page_carries_the_security_headers(client):
    page = client.get("/sign-in/")
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert page["X-Frame-Options"] == "DENY"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/healthz", "/nothing/", "/static/app.css", "/sign-in/link/x/"])
def test_every_answer_carries_a_policy_and_is_not_sniffed(client, path):
    answer, refused = client.get(path), client.post(path)
    for headers in (answer.headers, refused.headers):
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    answer.close()  # a static file is open until it was sent
    assert refused.status_code in {404, 405}
    assert refused.content


@pytest.mark.parametrize(
    "wanted", ["abc", "runs", "0", "dashboard", "//evil.example", "/\\evil.example", "\0//x"]
)
def test_a_redirect_goes_to_an_address_of_this_site(client, wanted):
    client.force_login(User.objects.create_user("ada"))
    assert client.get("/sign-in/", {"next": wanted})["Location"] == "/"
