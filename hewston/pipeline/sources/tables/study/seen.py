"""What is looked at to find out what a table is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hewston.pipeline.sources.tables.columns import Column
from hewston.pipeline.sources.tables.extent import Extent
from hewston.pipeline.sources.tables.plan import Answers
from hewston.pipeline.sources.tables.sample import Row
from hewston.pipeline.sources.tables.source import Source
from hewston.pipeline.sources.tables.times import join_times

SAID = "you said so"  # the reason of every answer


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An opened table, what its owner said of it, and where its rows begin.

    ``sample`` are the first rows of data; ``language`` is that of the header.
    """

    source: Source
    answers: Answers
    extent: Extent
    sample: Sequence[Row]
    language: str | None


@dataclass(frozen=True, kw_only=True)
class Places:
    """Which column is what: ``where`` by role, from 0; ``time`` may have two and more.

    ``is_end``: the only time is called one of a bar's end.
    """

    columns: Sequence[Column]
    where: Mapping[str, tuple[int, ...]]
    is_end: bool

    def read_times(self, rows: Sequence[Row]) -> list[str]:
        """Give the time of each row as text, its parts together."""
        parts = [
            pl.Series([row.text(index) for row in rows], dtype=pl.String)
            for index in self.where["time"]
        ]
        return [text or "" for text in join_times(parts).to_list()]
