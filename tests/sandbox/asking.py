"""What a child of the fork server does in tests: ask a zygote that its parent owns."""

from collections.abc import Callable
from typing import Any

from hewston.pipeline.sandbox.client import Client
from tests.sandbox.locked import attack


def ask(client: Client, progress: Callable[[object], None], log: Callable[..., None]) -> Any:
    """Ask, and say what came of it."""
    del progress, log
    return attack(client, "'from a child'")["won"]
