"""What would become of a table, before anything is stored."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.ingest.tables.market import (
    choose_market,
    describe_instrument,
    note_sessions,
)
from hewston.pipeline.ingest.tables.reading import with_sessions
from hewston.pipeline.intervals import INTERVALS
from hewston.pipeline.sources.tables.cells import Cells
from hewston.pipeline.sources.tables.plan import Answers, Finding
from hewston.pipeline.sources.tables.rows import check_bad_rows, read_rows
from hewston.pipeline.sources.tables.sample import Row
from hewston.pipeline.sources.tables.source import Source, open_source
from hewston.pipeline.sources.tables.study import Study, study
from hewston.pipeline.sources.tables.table_bars import TableBars, to_bars

_SHOWN = 5  # rows of the start and of the end
_MOST_COLUMNS = 40
_SAMPLES = 3  # cells of a column
_WHOLE_BYTES = 96 << 20  # of text: a million rows and more are read in about half a second
_WHOLE_TYPED_BYTES = 2 << 20  # Excel takes ten times as long
_MOST_ROWS = 200_000  # of a larger file
_LABELS = {
    "member": "File in the archive",
    "sheet": "Sheet",
    "encoding": "Encoding",
    "delimiter": "Delimiter",
    "header": "Header line",
    "decimal": "Decimal mark",
    "time_form": "Times",
    "date_order": "Day and month",
    "tz": "Zone of the times",
    "stamp": "A time is a bar's",
    "interval": "Interval",
    "symbol": "Symbol",
    "prices": "Prices",
}


def preview_table(
    path: Path,
    *,
    name: str,
    scratch: Path,
    answers: Mapping[str, object],
    overrides: Mapping[str, object] | None = None,
    calendar: str | None = None,
    progress: object = None,
    log: object = None,
) -> dict[str, Any]:
    """Say how a table is read, what must be asked, and what its bars would be; plain JSON values.

    Large files are read in part: ``rows.is_whole`` tells. What would refuse the import stands in
    ``refusals``, and ``is_ready`` is true where nothing is left to ask or to mend. Raises
    InputError for what is no table of bars.
    """
    del progress, log  # it is over in a second
    said = Answers.read(answers)
    source = open_source(path, name=name, scratch=scratch, answers=said)
    found = study(source, said, file_name=name)
    is_whole = _is_small(source)
    blocks = source.blocks(first_line=found.plan.first_line, width=found.plan.width)
    reading = read_rows(blocks if is_whole else _first_rows(blocks), found.plan)
    made = to_bars(reading, found.plan, name=source.name, symbols=found.symbols)
    settings = {**found.findings, "interval": made.interval}
    refusals = [problem.as_json() for problem in made.refusals]
    with _collecting(refusals):
        check_bad_rows(reading, name=source.name, most=said.max_bad_rows)
    market: dict[str, object] = {}
    bars = made.frame
    if not bars.is_empty() and made.interval.value in INTERVALS:
        with _collecting(refusals):
            market, bars = _describe_market(made, dict(overrides or {}), calendar, found.layout)
    elif bars.is_empty() and not refusals:
        refusals.append(
            InputError(f"{source.name} has no rows of bars.", file=source.name).as_json()
        )
    questions = [key for key, finding in settings.items() if finding.is_open]
    return {
        "file": source.name,
        "kind": source.opened.kind,
        "layout": found.layout,
        "symbols": list(found.symbols[:100]),
        "settings": [
            {"key": key, "label": _LABELS[key], "is_open": finding.is_open, **finding.as_json()}
            for key, finding in _ordered(settings)
        ],
        "questions": questions,
        "columns": _describe_columns(found),
        "raw": _describe_raw(source, found),
        "bars": _describe_bars(bars),
        "rows": {
            "read": reading.rows.height + reading.bad_count,
            "bars": made.frame.height,
            "bad": reading.bad_count,
            "not_data": reading.not_data,
            "is_whole": is_whole,
        },
        "market": market,
        "findings": made.findings,
        "refusals": refusals,
        "is_ready": not questions and not refusals,
    }


@contextlib.contextmanager
def _collecting(refusals: list[dict[str, object]]) -> Iterator[None]:
    try:
        yield
    except HewstonError as problem:
        refusals.append(problem.as_json())


def _ordered(settings: Mapping[str, Finding]) -> list[tuple[str, Finding]]:
    return [(key, settings[key]) for key in _LABELS if key in settings]


def _is_small(source: Source) -> bool:
    size = source.opened.path.stat().st_size
    return size <= (_WHOLE_BYTES if source.opened.kind != "excel" else _WHOLE_TYPED_BYTES)


def _first_rows(blocks: Iterator[Cells]) -> Iterator[Cells]:
    rows = 0
    for block in blocks:
        yield block
        rows += block.height
        if rows >= _MOST_ROWS:
            return


def _describe_market(
    made: TableBars, overrides: dict[str, object], calendar: str | None, layout: str | None
) -> tuple[dict[str, object], pl.DataFrame]:
    asset_class = overrides.get("asset_class")
    market = choose_market(
        made.frame["ts_open"],
        interval=str(made.interval.value),
        tz=made.tz,
        asset_class=None if asset_class is None else str(asset_class),
        calendar=calendar,
        layout=layout,
    )
    bars = with_sessions(made.frame, str(made.interval.value), market)
    made.findings += note_sessions(bars, market)
    instrument = describe_instrument(bars, market, {**overrides, "asset_class": market.asset_class})
    described: dict[str, object] = {
        "asset_class": market.asset_class,
        "reason": market.reason,
        "calendar": market.calendar,
        "tz": market.tz,
        "instrument": instrument.as_json(),
        "sessions": dict(sorted(bars["session"].cast(pl.String).value_counts().iter_rows())),
    }
    return described, bars


def _describe_columns(found: Study) -> list[dict[str, object]]:
    rows = found.source.head[-_SAMPLES:] if len(found.source.head) > _SAMPLES else found.source.head
    return [
        {
            "number": column.index + 1,
            "name": column.name,
            "role": column.role,
            "confidence": column.confidence,
            "reason": column.reason,
            "samples": [row.text(column.index)[:40] for row in rows],
        }
        for column in found.columns[:_MOST_COLUMNS]
    ]


def _describe_raw(source: Source, found: Study) -> dict[str, object]:
    first = next((i for i, row in enumerate(source.head) if row.line >= found.plan.first_line), 0)
    last: Sequence[Row] = source.rest[-1] if source.rest else source.head
    return {
        "above": [_describe_row(row) for row in source.head[max(0, first - 3) : first]],
        "head": [_describe_row(row) for row in source.head[first : first + _SHOWN]],
        "tail": [_describe_row(row) for row in last[-_SHOWN:]],
    }


def _describe_row(row: Row) -> dict[str, object]:
    return {"line": row.line or None, "cells": [text[:40] for text in row.texts[:_MOST_COLUMNS]]}


def _describe_bars(bars: pl.DataFrame) -> dict[str, object]:
    names = ["ts_open", "open", "high", "low", "close", "volume"]
    names += ["session"] if "session" in bars.columns else []
    shown = bars.select(names)
    if "session" in names:
        shown = shown.with_columns(pl.col("session").cast(pl.String))

    def rows(part: pl.DataFrame) -> list[dict[str, object]]:
        return [
            {**row, "ts_open": row["ts_open"].strftime("%Y-%m-%dT%H:%M:%SZ")}
            for row in part.iter_rows(named=True)
        ]

    return {"head": rows(shown.head(_SHOWN)), "tail": rows(shown.tail(_SHOWN))}
