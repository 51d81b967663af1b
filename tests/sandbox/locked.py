"""A zygote for tests: it runs sources that attack (working.py)."""

import dataclasses
import json
from typing import Any

from hewston.pipeline.engine.kind import EVENT
from hewston.pipeline.sandbox.client import Client
from hewston.pipeline.sandbox.kinds import BARE, FRAME
from hewston.pipeline.sandbox.limits import Answer, Limits

WORKS = {"attack": "tests.sandbox.working:perform"}
PLAIN = dataclasses.replace(BARE, works=WORKS, own=("hewston", "tests"), preload=("ctypes",))
WITH_PANDAS = dataclasses.replace(FRAME, works=WORKS, own=("hewston", "tests"))
WITH_ENGINE = dataclasses.replace(EVENT, works=WORKS, own=("hewston", "tests"))
SHORT = Limits(wall_s=20, cpu_s=5, memory_bytes=256 << 20)


def attack(client: Client, source: str, limits: Limits = SHORT, **request: Any) -> dict[str, Any]:
    """Run a source and tell what it won or what stopped it. Raises SandboxError."""
    return dict(json.loads(run(client, source, limits, **request).output))


def run(client: Client, source: str, limits: Limits = SHORT, **request: Any) -> Answer:
    """Run a source, or an expression, beside a frame of a few bytes. Raises SandboxError."""
    code = source if "def attack" in source else f"def attack():\n    return ({source})\n"
    files = [b"frame of this job", code.encode()]
    return client.run({**request, "work": "attack"}, files, limits)
