"""Plays attacks in a zygote, and judges how they end.

python -m tests.sandbox.arena [--engine] [TIER…]
"""

import contextlib
import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hewston.pipeline.sandbox import places
from hewston.pipeline.sandbox.client import Client
from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.sandbox.inside import privileges
from hewston.pipeline.sandbox.kinds import Kind
from hewston.pipeline.sandbox.limits import Limits
from hewston.pipeline.sandbox.zygotes import TIERS, Zygote
from tests.commands import PROJECT
from tests.sandbox.as_nobody import CANNOT
from tests.sandbox.attacks import ATTACKS
from tests.sandbox.attacks.attack import Attack
from tests.sandbox.locked import PLAIN, WITH_ENGINE

USUAL = Limits(wall_s=60, cpu_s=2, memory_bytes=192 << 20, output_bytes=8 << 20, log_bytes=4 << 20)
SOONER = {
    "limit wall": dataclasses.replace(USUAL, wall_s=0.2),
    "limit cpu": dataclasses.replace(USUAL, cpu_s=0.1),
}
_HARMLESS = "__import__('math').pi > 3.1 and len(os.environ) and os.pread(files[0], 9, 0)"


@contextlib.contextmanager
def world() -> Iterator[dict[str, Any]]:
    """Make what attacks look for: files that everybody may change, and listening sockets."""
    folder = Path(tempfile.mkdtemp(prefix="hewston-arena-"))
    try:
        folder.chmod(0o777)  # so that only the sandbox is in the way
        for name in ("secret", "victim", "planted.py"):
            (folder / name).write_text("'a secret'")
            (folder / name).chmod(0o666)
        with (
            socket.create_server(("127.0.0.1", 0)) as listening,
            socket.socket(socket.AF_UNIX) as abstract,
            socket.socket(socket.AF_UNIX) as local,
        ):
            abstract.bind(f"\0{folder.name}")
            local.bind(str(folder / "socket"))
            (folder / "socket").chmod(0o777)
            for server in (abstract, local):
                server.listen()
            yield {
                "abstract": folder.name,
                "folder": str(folder),
                "needle": folder.name,
                "owner": os.getpid(),
                "packages": str(Path(contextlib.__file__).parent / "site-packages"),
                "port": listening.getsockname()[1],
                "project": places.SOURCE,
                "secret": str(folder / "secret"),
                "victim": str(folder / "victim"),
            }
    finally:
        shutil.rmtree(folder)


def play(client: Client, attack: Attack, there: dict[str, Any]) -> str:
    """Run an attack and say how it ended: as ``Attack.end`` does, or ``won …``."""
    limits = SOONER.get(attack.end, USUAL)
    try:
        answer = client.run(
            {**there, "work": "attack"}, [b"the job's own frame", attack.code.encode()], limits
        )
    except SandboxError as problem:
        if problem.kind == "limit":
            return f"limit {problem.details['limit']}"
        if problem.kind == "attempt":
            return f"killed {problem.details.get('call', '')}".strip()
        return problem.kind
    try:
        said = json.loads(answer.output)
    except ValueError:
        return "answered"
    return f"won {said['won']}" if "won" in said else f"stopped {said['stopped']}"


def is_as_expected(attack: Attack, ended: str) -> bool:
    """Tell whether an attack ended as it says."""
    if attack.end == "kept":
        return ended.startswith("won ")
    if attack.end == "answered":
        return ended == "answered" or ended.startswith("stopped SystemExit")
    if attack.end == "stopped":
        return ended.startswith("stopped ")
    return ended == attack.end


def play_all(client: Client, attacks: list[Attack]) -> dict[str, str]:
    """Play attacks one after the other; returns those that ended unexpectedly, and how."""
    surprises = {}
    with world() as there:
        for attack in attacks:
            ended = play(client, attack, there)
            if not is_as_expected(attack, ended):
                surprises[attack.name] = ended
        changed = sorted(path.name for path in Path(there["folder"]).iterdir())
        if changed != ["planted.py", "secret", "socket", "victim"]:
            surprises["files"] = str(changed)
        after = play(client, Attack("harmless", _HARMLESS, "kept", ()), there)
        if not after.startswith("won "):
            surprises["the job after"] = after
    return surprises


def find_attacks(kind: Kind, tier: int) -> dict[str, list[Attack]]:
    """Give what a kind of zygote must stop in a tier: where the engine is, it may be imported.

    Without Landlock the folders on the way to packages can be listed, with nothing else in them.
    """
    known = {"imports the engine"} if "nautilus_trader" in kind.packages else set()
    known |= {"lists the project"} if kind.packages and "Landlock" not in TIERS[tier] else set()
    return {
        name: [one for one in attacks if one.name not in known] for name, attacks in ATTACKS.items()
    }


def play_as_nobody(*words: str) -> dict[str, dict[str, str]]:
    """Play in a process of a plain user as ``main`` does; checks that nothing was a surprise."""
    played = subprocess.run(
        [sys.executable, "-m", "tests.sandbox.as_nobody", "tests.sandbox.arena", *words],
        cwd=PROJECT,
        check=False,
        capture_output=True,
        text=True,
    )
    if played.returncode == CANNOT:
        pytest.skip(played.stderr)
    assert played.returncode == 0, played.stderr
    said = json.loads(played.stdout)
    assert said["user"] == privileges.NOBODY
    surprises: dict[str, dict[str, str]] = said["surprises"]
    assert {kind: found for kind, found in surprises.items() if found} == {}
    return surprises


def main() -> None:
    """Play everything in the tiers that were named, and print the surprises as JSON."""
    surprises: dict[str, dict[str, str]] = {}
    words = sys.argv[1:]
    kind = WITH_ENGINE if "--engine" in words else PLAIN
    for tier in [int(word) for word in words if word.isdecimal()] or TIERS:
        with Zygote(kind, tiers=(tier,)) as zygote:
            for name, attacks in find_attacks(kind, tier).items():
                surprises |= {f"{tier} {name}": play_all(zygote.client(), attacks)}
    sys.stdout.write(json.dumps({"user": os.getuid(), "surprises": surprises}))


if __name__ == "__main__":
    main()
