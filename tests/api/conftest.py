"""People and the programs that carry their tokens."""

import json

import pytest
from django.test import Client

from apps.permissions.actions import create_token
from hewston import access
from hewston.rates import Rates
from tests.scenes import catalogue, stage

__all__ = ["catalogue", "stage"]


class Program:
    """Speaks JSON with a token, as a script does."""

    def __init__(self, user, *scopes):
        _, secret = create_token(owner=user, name="-".join(scopes), scopes=scopes)
        self._client = Client(
            enforce_csrf_checks=True, headers={"Authorization": f"Bearer {secret}"}
        )
        self.secret = secret

    def get(self, path, **query):
        return self._client.get(path, query)

    def post(self, path, body=None, **headers):
        return self.send("POST", path, json.dumps({} if body is None else body), **headers)

    def send(self, method, path, text="", content_type="application/json", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.generic(method, path, text, content_type, headers=named)


@pytest.fixture
def ada(catalogue):
    return Program(catalogue.ada, "run", "ingest")


@pytest.fixture
def mallory(catalogue):
    return Program(catalogue.stranger, "run", "ingest")


@pytest.fixture(autouse=True)
def many_writes(monkeypatch):
    """Tests of rates ask for less."""
    monkeypatch.setattr(access, "_rates", Rates(per_second=1e6, burst=1e6))
