"""Prints as JSON which lock holds here, and how some attacks end in it."""

import json
import os
import sys

from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.sandbox.zygotes import Zygote
from tests.sandbox.arena import play_all
from tests.sandbox.attacks import ATTACKS
from tests.sandbox.locked import PLAIN

_KINDS = ("files", "network")


def main() -> None:
    """Look, attack, print."""
    said: dict[str, object] = {"user": os.getuid(), "tier": None}
    try:
        with Zygote(PLAIN) as zygote:
            said["tier"] = zygote.tier
            said["surprises"] = [play_all(zygote.client(), ATTACKS[kind]) for kind in _KINDS]
    except SandboxError as problem:
        said |= {"code": problem.code, "sentence": problem.message}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
