"""A zygote with pandas for tests whose strategies run behind the lock."""

from collections.abc import Iterator

import pytest

from hewston.pipeline.sandbox.client import Client
from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.sandbox.kinds import FRAME
from hewston.pipeline.sandbox.zygotes import Zygote


@pytest.fixture(scope="session")
def locked() -> Iterator[Client]:
    """A client of the strongest lock that holds here."""
    zygote = Zygote(FRAME)
    try:
        zygote.__enter__()
    except SandboxError as problem:
        pytest.skip(problem.message)
    try:
        yield zygote.client()
    finally:
        zygote.__exit__(None, None, None)
