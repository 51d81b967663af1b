"""A line of the benchmarks' answer."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One target beside what was measured, and a peer of the same run where there is one."""

    name: str
    target: str
    measured: str
    peer: str | None = None
    met: bool
