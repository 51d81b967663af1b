"""The pages of administrators: who gets in, and what can be done there."""

import re

import pytest
from django.urls import URLPattern, URLResolver

from hewston.admin import site

RUNS = "/admin/runs/run/"
TOKENS = "/admin/permissions/token/"
INGESTS = "/admin/datasets/ingest/"
WAITING, FAILED = "bbbbbbbbbbbb", "cccccccccccc"


@pytest.fixture
def owner(client, catalogue):
    client.force_login(catalogue.owner)
    return client


def addresses():
    """Each address of the admin, with ids that are there or not."""

    def walk(patterns, prefix):
        for pattern in patterns:
            here = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, here)
            else:
                assert isinstance(pattern, URLPattern)
                yield here

    for route in walk(site.urls[0], "/admin/"):
        path = re.sub(r"\(\?P<app_label>[^)]*\)", "runs", route)
        path = re.sub(r"\(\?P<url>[^)]*\)", "nothing/", path)
        yield re.sub(r"<path:\w+>|<id>", "1", path).replace("^", "").replace("$", "")


ADDRESSES = sorted(set(addresses()))


def test_the_addresses_are_those_of_every_model():
    for model in ("runs/run", "datasets/dataset", "datasets/revision", "datasets/ingest"):
        assert f"/admin/{model}/" in ADDRESSES
        assert f"/admin/{model}/1/change/" in ADDRESSES
    assert len(ADDRESSES) > 30


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "PUT"])
@pytest.mark.parametrize("path", ADDRESSES)
def test_nobody_gets_in_without_signing_in_as_everywhere(client, catalogue, path, method):
    answer = client.generic(method, path, HTTP_ACCEPT="text/html")
    if path.endswith("/login/"):
        assert answer["Location"] == "/sign-in/?next=/admin/"
    else:
        assert answer.status_code == 302
        assert answer["Location"].startswith(
            ("/sign-in/?next=/admin/", "/admin/login/?next=/admin/")
        )


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", [path for path in ADDRESSES if not path.endswith("/login/")])
def test_who_is_no_staff_is_refused(client, catalogue, path, method):
    client.force_login(catalogue.ada)
    assert client.generic(method, path).status_code == 403
