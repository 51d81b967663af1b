"""A board against an earlier one of the same dataset: what got better, and what got worse."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

from hewston.pipeline.parity.board.row import Row

type Kind = Literal["worse", "better", "changed", "new", "gone"]
KINDS: tuple[Kind, ...] = ("worse", "better", "changed", "new", "gone")  # as they are shown


@dataclasses.dataclass(frozen=True, kw_only=True)
class Change:
    """A pair that is not as it was.

    One whose share of matched trades and of extra ones is the same is ``changed`` where its number
    of trades, verdict, class or cause is another.
    """

    kind: Kind
    name: str
    before: Row | None
    after: Row | None
    is_other_source: bool = False
    is_other_list: bool = False

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "kind": self.kind,
            "name": self.name,
            "before": None if self.before is None else self.before.as_json(),
            "after": None if self.after is None else self.after.as_json(),
            "is_other_source": self.is_other_source,
            "is_other_list": self.is_other_list,
        }


def find_changes(before: Sequence[Row], after: Sequence[Row]) -> list[Change]:
    """List what differs, the worst first; pairs are the same by their name."""
    old, new = ({row.name: row for row in rows} for rows in (before, after))
    changes = [
        change
        for name in sorted({*old, *new})
        if (change := _compare(name, old.get(name), new.get(name))) is not None
    ]
    return sorted(changes, key=lambda change: (KINDS.index(change.kind), change.name))


def _compare(name: str, before: Row | None, after: Row | None) -> Change | None:
    if before is None or after is None:
        kind: Kind = "new" if before is None else "gone"
        return Change(kind=kind, name=name, before=before, after=after)
    was, now = _rank(before), _rank(after)
    said = [(row.verdict, row.class_, row.cause, row.trades) for row in (before, after)]
    if was == now and said[0] == said[1]:
        return None
    kind = "changed" if was == now else "better" if now > was else "worse"
    return Change(
        kind=kind,
        name=name,
        before=before,
        after=after,
        is_other_source=before.source_sha256 != after.source_sha256,
        is_other_list=before.list_sha256 != after.list_sha256,
    )


def _rank(row: Row) -> tuple[bool, float, float]:
    """Put a row in order: anything before nothing, then by share matched, then by fewest extra."""
    share = row.matched / row.trades if row.trades else 0.0
    return row.problem is None, share, -row.extra / max(row.trades, 1)
