"""Whether strangers' code can run on this machine, and how it is locked."""

import dataclasses
from collections.abc import Mapping

from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.sandbox.kinds import Kind
from hewston.pipeline.sandbox.zygotes import TIERS, Zygote


@dataclasses.dataclass(frozen=True, kw_only=True)
class Status:
    """The tier (None: nothing runs), its layers, and a sentence.

    ``reasons`` says of each tier that was tried and does not hold why.
    """

    tier: int | None
    layers: tuple[str, ...]
    sentence: str
    reasons: Mapping[int, str]


def look(kind: Kind) -> Status:
    """Start a zygote of a kind, have it prove its lock, and end it again."""
    zygote = Zygote(kind, cores=1)
    try:
        with zygote:
            tier = zygote.tier
    except SandboxError as problem:
        return Status(tier=None, layers=(), sentence=problem.message, reasons=zygote.reasons)
    layers = TIERS[tier] if tier else ()
    held = " and ".join((", ".join(layers[:-1]), layers[-1]))
    return Status(
        tier=tier,
        layers=layers,
        sentence=f"Strangers' strategies run locked: tier {tier} ({held}).",
        reasons=zygote.reasons,
    )
