"""Which time both sides cover, and bars cut at UTC hours and days, as a vendor cuts its own."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from hewston.pipeline.resampling import merge_at
from hewston.pipeline.schemas import UTC_NS
from hewston.pipeline.sources.dbn.header import Header

_FAR = 9_214_646_400_000_000_000  # 2261-12-31: what is requested without an end ends later


@dataclass(frozen=True, kw_only=True)
class Span:
    """From ``start``, inclusive, to ``end``, exclusive; UTC ns."""

    start: int
    end: int

    @property
    def is_empty(self) -> bool:
        """Tell whether there is no time in it."""
        return self.end <= self.start

    def shared(self, other: "Span") -> "Span":
        """Give the time that both cover; its end is before its start where there is none."""
        return Span(start=max(self.start, other.start), end=min(self.end, other.end))

    def within(self, bars: pl.DataFrame, length: int) -> pl.DataFrame:
        """Keep the bars, ``length`` ns long, that lie in it from start to end."""
        opened = pl.col("ts_open").to_physical()
        return bars.filter((opened >= self.start) & (opened + length <= self.end))


def requested(headers: Iterable[Header]) -> Span:
    """Give the time that was asked for, from the first file's start to the last one's end."""
    known = list(headers)
    return Span(
        start=min(0 if header.start > _FAR else header.start for header in known),
        end=max(_FAR if header.end is None else header.end for header in known),
    )


def covered(bars: pl.DataFrame, length: int) -> Span:
    """Give the time from the start of the first bar to the end of the last."""
    opened = bars["ts_open"].to_physical()
    return Span(start=int(opened[0]), end=int(opened[-1]) + length)


def cut_at_utc(bars: pl.DataFrame, length: int) -> pl.DataFrame:
    """Merge bars by UTC hours or days, ``length`` ns long, whatever the sessions."""
    return merge_at(bars, (bars["ts_open"].to_physical() // length * length).cast(UTC_NS))
