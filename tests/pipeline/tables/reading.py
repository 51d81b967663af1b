"""Reading tables that a test writes."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from hewston.pipeline.ingest.tables.preview import preview_table
from hewston.pipeline.ingest.tables.reading import Table, read_table

UTC = dt.UTC
SAID = {"tz": "UTC", "stamp": "open", "symbol": "AAA"}
NAMES = ("open", "high", "low", "close", "volume")


def write(folder: Path, text: str, *, name: str = "bars.csv", encoding: str = "utf-8") -> Path:
    """Write a table and give its path."""
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def read(folder: Path, text: str, *, name: str = "bars.csv", **answers: object) -> Table:
    """Read a table with the answers that most tests give, and others."""
    given: Mapping[str, object] = {**SAID, **answers}
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    path = write(folder, text, name=name)
    return read_table(
        path,
        name=name,
        answers={key: value for key, value in given.items() if value is not None},
        scratch=scratch,
    )


def preview(
    folder: Path, text: str, *, name: str = "bars.csv", **answers: object
) -> dict[str, Any]:
    """Preview a table with these answers alone."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    return preview_table(
        write(folder, text, name=name), name=name, scratch=scratch, answers=answers
    )


def starts(table: Table) -> list[str]:
    """Give the starts of bars as text."""
    return table.bars["ts_open"].dt.to_string("%Y-%m-%d %H:%M").to_list()


def rows(
    count: int,
    *,
    first: str = "2025-10-31 00:00",
    step: str = "15m",
    time: str = "%Y-%m-%d %H:%M",
    line: str = "{time},{open},{high},{low},{close},{volume}",
) -> list[str]:
    """Write rows of bars whose prices go up and down."""
    begin = dt.datetime.strptime(first, "%Y-%m-%d %H:%M")  # noqa: DTZ007  # clock time
    times = pl.datetime_range(begin, begin + dt.timedelta(days=4000), step, eager=True).head(count)
    made = []
    before = 100.0
    for number, moment in enumerate(times):
        close = round(100 + (number * 7 % 11) / 4, 2)
        made.append(
            line.format(
                time=moment.strftime(time),
                open=before,
                high=max(before, close) + 0.5,
                low=min(before, close) - 0.5,
                close=close,
                volume=1000 + number,
            )
        )
        before = close
    return made


def table(lines: list[str], header: str = "Date,Open,High,Low,Close,Volume") -> str:
    """Put a header above rows."""
    return "\n".join(([header] if header else []) + lines) + "\n"
