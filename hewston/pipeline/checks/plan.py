"""How much a check does."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """Numbers of runs, under a name. Results depend on them, so they are chosen and never measured.

    ``spread`` cuts at equal distances and as many at every time of the day; ``each`` cuts of every
    kind of bar; ``events`` cuts at signals; ``probes`` runs with changed bars, of which up to
    ``proofs`` are looked into; ``explained`` series whose kind of look-ahead is looked for;
    ``starts`` of the warm-up.
    """

    name: str = "full"
    spread: int
    each: int
    events: int
    probes: int
    proofs: int
    explained: int
    starts: int


FULL = Plan(spread=24, each=3, events=200, probes=32, proofs=24, explained=3, starts=16)
# For strategies of which one run takes long.
LIGHT = Plan(name="light", spread=20, each=1, events=40, probes=12, proofs=6, explained=1, starts=8)
