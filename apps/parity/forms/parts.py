"""Pages of several tables on one page, each with its own key in the address."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """A page of a table: from which row on, of how many; ``name`` is its key in the address."""

    name: str
    total: int
    size: int
    number: int  # from 1

    @property
    def offset(self) -> int:
        """How many rows come before it."""
        return (self.number - 1) * self.size

    @property
    def first(self) -> int:
        """Its first row, from 1; 0 where there is none."""
        return min(self.offset + 1, self.total)

    @property
    def last(self) -> int:
        """Its last row."""
        return min(self.offset + self.size, self.total)

    @property
    def pages(self) -> int:
        """How many there are."""
        return max(-(-self.total // self.size), 1)
