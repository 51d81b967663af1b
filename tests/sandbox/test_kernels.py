"""On a kernel that lacks something a weaker whole lock holds, or nothing runs: never less."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from hewston.pipeline.sandbox.kinds import BARE
from hewston.pipeline.sandbox.status import look
from tests.commands import PROJECT
from tests.sandbox.as_nobody import CANNOT
from tests.sandbox.without import LACKS

# Where everything else is there.
TIERS = {
    "nothing": 1,
    "notifications": 1,
    "landlock": 2,
    "landlock-rules": 2,
    "landlock-restriction": 2,
    "landlock-that-does-nothing": 2,
    "unshare": 3,
    "unshare-that-does-nothing": 3,
    "user-namespaces": 3,
    "network-namespaces": 3,
    "cgroup-namespaces": 3,
    "mount": 3,
    "unmount": 3,
    "pivot-root": 3,
    "seccomp": None,
    "seccomp-that-does-nothing": None,
    "no-new-privileges": None,
    "process-descriptors": None,
    "namespaces-and-landlock": None,
}
AS_USER = ("nothing", "landlock", "user-namespaces", "mount", "seccomp", "namespaces-and-landlock")


@pytest.fixture(scope="module", autouse=True)
def _needs_the_whole_lock() -> None:
    if look(BARE).tier != 1:
        pytest.skip("this machine lacks something itself")


def look_without(lack: str, *before: str) -> dict[str, Any]:
    words = [*before, "tests.sandbox.without", lack, "tests.sandbox.looking"]
    looked = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=PROJECT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if looked.returncode == CANNOT:
        pytest.skip(looked.stderr)
    assert looked.returncode == 0, looked.stderr
    return dict(json.loads(looked.stdout))


def check(lack: str, said: dict[str, Any]) -> None:
    assert said["tier"] == TIERS[lack], said
    if said["tier"] is None:
        assert said["code"] == "SANDBOX_UNAVAILABLE"
        assert "no lock holds (tier 1: " in said["sentence"]
    else:
        # Without notifications the same calls kill, and nobody hears which it was.
        ended = {how for surprises in said["surprises"] for how in surprises.values()}
        assert ended <= ({"killed"} if lack == "notifications" else set()), said


def test_every_lack_has_an_expectation() -> None:
    assert TIERS.keys() == LACKS.keys()


@pytest.mark.parametrize("lack", TIERS)
def test_the_next_whole_lock_holds_or_nothing_runs(lack: str) -> None:
    check(lack, look_without(lack))


@pytest.mark.skipif(os.geteuid() != 0, reason="this is a plain user already")
@pytest.mark.parametrize("lack", AS_USER)
def test_it_is_the_same_for_a_plain_user(lack: str) -> None:
    said = look_without(lack, "tests.sandbox.as_nobody")
    assert said["user"] == 65534
    check(lack, said)
