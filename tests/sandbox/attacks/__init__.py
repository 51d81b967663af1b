"""Attacks on the sandbox, class by class; each says how it ends and what stops it."""

from tests.sandbox.attacks import bombs, files, kernel, memory, network, objects, processes, time
from tests.sandbox.attacks.attack import Attack

ATTACKS: dict[str, list[Attack]] = {
    "files": files.ATTACKS,
    "network": network.ATTACKS,
    "processes": processes.ATTACKS,
    "bombs": bombs.ATTACKS,
    "kernel": kernel.ATTACKS,
    "memory": memory.ATTACKS,
    "objects": objects.ATTACKS,
    "time": time.ATTACKS,
}
