"""Where a table of bars begins in its file, and which row names its columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hewston.pipeline.sources.tables.numbers import is_missing, is_number
from hewston.pipeline.sources.tables.sample import Row, width_of
from hewston.pipeline.sources.tables.times import times_among
from hewston.pipeline.sources.tables.vocabulary import PRICES, look_up

_LEAST_NUMBERS = 4  # of a row of bars
_ROWS_ABOVE = 15  # of the first bar, in which the header may be
_LOOKED_AT = 200  # rows at once, until the first bar is found
_YEAR_MONTH_DAY = re.compile(
    r"(?:^| )(?:(?:19|20)\d{2} (?:0?[1-9]|1[0-2]) [0-3]?\d|[0-3]?\d [0-3]?\d (?:19|20)\d{2})(?: |$)"
)


@dataclass(frozen=True, kw_only=True)
class Extent:
    """Where a table begins: its header, when there is one, and its first row of data."""

    header: Row | None
    first: int  # index of the first row of data in the sample
    width: int


def find_extent(rows: Sequence[Row]) -> Extent | None:
    """Find where the rows of bars begin, and the header above them; None where there are none."""
    first = None
    for start in range(0, len(rows), _LOOKED_AT):
        some = rows[start : start + _LOOKED_AT]
        marks = look_like_bars(some)
        first = next(
            (start + at for at, is_bar in enumerate(marks) if is_bar and _goes_on(marks, at)), None
        )
        if first is not None:
            break
    if first is None:
        return None
    above = [row for row in rows[max(0, first - _ROWS_ABOVE) : first] if not row.is_blank]
    below = rows[first : first + 50]
    return Extent(header=_beside(_find_header(above), below), first=first, width=width_of(below))


def _beside(header: Row | None, below: Sequence[Row]) -> Row | None:
    """Put a header over its columns where R left out the name of the first, the rows' names."""
    if header is None or not header.cells:
        return header
    is_short = all(len(row.cells) == len(header.cells) + 1 and row.texts[-1] for row in below)
    said = look_up(header.text(0))
    if not is_short or not times_among({row.text(0).strip() for row in below}):
        return header
    return header if said and said[0] == "time" else replace(header, cells=(None, *header.cells))


def _goes_on(marks: Sequence[bool], at: int) -> bool:
    """Tell whether rows of bars follow; one alone may be a title with some numbers."""
    return at + 1 == len(marks) or any(marks[at + 1 : at + 4])


def look_like_bars(rows: Sequence[Row]) -> list[bool]:
    """Tell which rows can be bars: those with a time and at least four numbers."""
    numbers = [
        sum(isinstance(cell, float) or is_number(text) for cell, text in _pairs(row))
        for row in rows
    ]
    maybe = [row for row, count in zip(rows, numbers, strict=True) if count >= _LEAST_NUMBERS]
    times = times_among({text.strip() for row in maybe for text in row.texts if text.strip()})
    return [
        count >= _LEAST_NUMBERS
        and (
            _has_typed_time(row)
            or any(text.strip() in times for text in row.texts)
            or _YEAR_MONTH_DAY.search(" ".join(row.texts[:8])) is not None
        )
        for row, count in zip(rows, numbers, strict=True)
    ]


def _has_typed_time(row: Row) -> bool:
    return any(cell is not None and not isinstance(cell, str | float) for cell in row.cells)


def _pairs(row: Row) -> list[tuple[object, str]]:
    return list(zip(row.cells, row.texts, strict=True))


def _find_header(above: Sequence[Row]) -> Row | None:
    """Choose the row that names the most columns; the nearest where nobody names any."""
    named = [(len(_price_words(row)), number) for number, row in enumerate(above)]
    most, number = max(named, default=(0, 0))
    if most >= 2:  # noqa: PLR2004  # one word alone may stand in a title
        return above[number]
    if not above:
        return None
    last = above[-1]
    filled = [text for text in last.texts if text.strip()]
    words = [text for text in filled if not is_number(text) and not is_missing(text)]
    is_header = len(filled) >= _LEAST_NUMBERS and len(words) > 0.6 * len(filled)
    return last if is_header and not look_like_bars([last])[0] else None


def _price_words(row: Row) -> set[str]:
    found = (look_up(text) for text in row.texts if text.strip())
    return {role[0] for role in found if role and role[0] in PRICES}
