"""What tests of strategies share: the catalogue of the pages, and somebody who signed in."""

import pytest

from tests.scenes import catalogue, stage

__all__ = ["catalogue", "stage"]


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client
