"""A row of a board: what became of one pair, as plain values."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

type Verdict = Literal["aligned", "aligned_within_tolerance", "diverged", "not_comparable"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One pair of a board.

    ``trades`` are those of the list, ``matched`` those that the run made too, ``extra`` those that
    it made besides, within the list's span. ``problem`` says why nothing was compared; then the
    verdict is not_comparable. ``source_sha256`` and ``list_sha256`` name what was played.
    """

    name: str
    trades: int = 0
    matched: int = 0
    extra: int = 0
    verdict: Verdict = "not_comparable"
    class_: str | None = None
    cause: str | None = None
    first_divergence: Mapping[str, Any] | None = None
    problem: str | None = None
    zone: str | None = None
    notes: tuple[str, ...] = ()
    source_sha256: str | None = None
    list_sha256: str | None = None

    @property
    def pct(self) -> float | None:
        """Percent of the list's trades that match, 0 to 100; None of no trades."""
        return 100 * self.matched / self.trades if self.trades else None

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        values = dataclasses.asdict(self)
        return {
            **{name.rstrip("_"): value for name, value in values.items()},
            "notes": list(self.notes),
            "pct": self.pct,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_json`` gave."""
        fields = {field.name for field in dataclasses.fields(cls)} - {"class_", "notes"}
        given = {name: data[name] for name in fields}
        return cls(**given, class_=data["class"], notes=tuple(data["notes"]))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Totals:
    """All rows of a board together."""

    pairs: int
    trades: int
    matched: int
    extra: int
    aligned: int  # pairs, within tolerance or not
    not_comparable: int  # pairs of which nothing was compared

    @property
    def pct(self) -> float | None:
        """Percent of all listed trades that match, 0 to 100; None of no trades."""
        return 100 * self.matched / self.trades if self.trades else None

    def as_counts(self) -> dict[str, int]:
        """Give the counts by name."""
        return dataclasses.asdict(self)


def add_up(rows: Sequence[Row]) -> Totals:
    """Add up the rows of a board."""
    return Totals(
        pairs=len(rows),
        trades=sum(row.trades for row in rows),
        matched=sum(row.matched for row in rows),
        extra=sum(row.extra for row in rows),
        aligned=sum(row.verdict.startswith("aligned") for row in rows),
        not_comparable=sum(row.problem is not None for row in rows),
    )
