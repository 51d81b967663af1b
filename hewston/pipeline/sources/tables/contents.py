"""What stands in each column of a sample of rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from hewston.pipeline.sources.tables.numbers import Style, is_missing, is_number, read_numbers
from hewston.pipeline.sources.tables.sample import Row
from hewston.pipeline.sources.tables.times import TimeForm, classify, read_times, study_text
from hewston.pipeline.sources.tables.values import Numbers

_CLASSIFIED = 300  # cells a column that are looked at
_WHOLE_MINUTES = 0.95  # share of a column of times
_MINUTE_NS = 60_000_000_000
_DAY_NS = 1_440 * _MINUTE_NS


@dataclass(kw_only=True)
class Content:
    """What stands in a column of the sample."""

    texts: list[str]
    time_kind: str | None
    has_clock: bool
    is_aware: bool
    numeric: float  # share of cells that are numbers, of those that are not blank
    is_constant: bool
    is_whole: bool  # its times are whole minutes, as those of bars are
    runs_back: bool  # its times go from late to early
    is_counting: bool  # its numbers go on by one, as those of rows do, and dates of days seldom
    values: Numbers = field(default_factory=lambda: np.empty(0))


def study_columns(rows: Sequence[Row], width: int) -> list[Content]:
    """Look what stands in each column."""
    return [_study(rows, index) for index in range(width)]


def _study(rows: Sequence[Row], index: int) -> Content:
    texts = [row.text(index).strip() for row in rows]
    filled = [text for text in texts if text and not is_missing(text)]
    step = max(1, len(filled) // _CLASSIFIED)
    some = filled[::step]
    is_typed = any(
        index < len(row.cells) and not isinstance(row.cells[index], str | float | None)
        for row in rows[:200]
    )
    kind = classify(some) if some else None
    if is_typed and kind != "clock":
        kind = "text"
    form = study_text(some) if kind == "text" and some else None
    if kind in {"epoch", "serial"}:
        form = TimeForm(kind=kind)
    moments = _moments(some, form)
    steps = np.diff(moments)
    return Content(
        texts=texts,
        time_kind=kind,
        has_clock=kind == "epoch" or bool(form and form.has_clock and (moments % _DAY_NS).any()),
        is_aware=kind == "epoch" or bool(form and form.is_aware),
        numeric=sum(map(is_number, some)) / len(some) if some else 0.0,
        is_constant=len(set(some)) == 1,
        is_whole=bool(len(moments) and (moments % _MINUTE_NS == 0).mean() >= _WHOLE_MINUTES),
        runs_back=int((steps < 0).sum()) > int((steps > 0).sum()),
        is_counting=kind == "serial" and len(steps) > 0 and bool((abs(steps) == _DAY_NS).all()),
    )


def blank_content(rows: int) -> Content:
    """Give the content of a column in which nothing is looked for."""
    return Content(
        texts=[""] * rows,
        time_kind=None,
        has_clock=False,
        is_aware=False,
        numeric=0.0,
        is_constant=True,
        is_whole=False,
        runs_back=False,
        is_counting=False,
    )


def _moments(cells: Sequence[str], form: TimeForm | None) -> npt.NDArray[np.int64]:
    """Read times as nanoseconds, without those that cannot be read."""
    if form is None:
        return np.empty(0, dtype=np.int64)
    read = read_times(pl.Series(cells, dtype=pl.String), form)
    return read.drop_nulls().cast(pl.Int64).to_numpy()


def read_values(contents: Sequence[Content], style: Style) -> None:
    """Read the numbers of every column that has some; NaN where there is none."""
    for content in contents:
        if content.numeric > 0.5:  # noqa: PLR2004
            read = read_numbers(pl.Series(content.texts, dtype=pl.String), style)
            content.values = read.fill_null(float("nan")).to_numpy()
