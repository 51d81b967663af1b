"""`manage.py check_sandbox`: can strangers' strategies run here, and how are they locked?"""

from collections.abc import Mapping
from typing import Any

from hewston.command import HewstonCommand
from hewston.pipeline.sandbox.kinds import FRAME
from hewston.pipeline.sandbox.status import look


class Command(HewstonCommand):
    """Tries every lock from the strongest on with a real job, and says which one holds."""

    help = "Say whether strangers' strategies can run here, and how they are locked."

    def answer(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Try, and answer with the tier; failed where nothing holds."""
        status = look(FRAME)
        return {
            "tier": status.tier,
            "layers": list(status.layers),
            "reason": status.sentence,
            "weaker_because": {str(tier): reason for tier, reason in status.reasons.items()},
            "failed": status.tier is None,
        }

    def describe(self, answer: Mapping[str, Any]) -> str:
        """Say the tier, and why it is not a stronger one."""
        if answer["failed"]:
            return str(answer["reason"])
        why = [f"Tier {tier}: {reason}." for tier, reason in answer["weaker_because"].items()]
        return "\n".join((answer["reason"], *why))
