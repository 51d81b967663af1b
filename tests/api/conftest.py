"""People and the programs that carry their tokens."""

import pytest

from hewston import access
from hewston.rates import Rates
from tests.api.program import Program
from tests.scenes import catalogue, stage

__all__ = ["catalogue", "stage"]


@pytest.fixture
def ada(catalogue):
    return Program(catalogue.ada, "run", "ingest")


@pytest.fixture
def mallory(catalogue):
    return Program(catalogue.stranger, "run", "ingest")


@pytest.fixture(autouse=True)
def many_writes(monkeypatch):
    """Tests of rates ask for less."""
    for name in ("_rates", "_guesses"):
        monkeypatch.setattr(access, name, Rates(per_second=1e6, burst=1e6))
