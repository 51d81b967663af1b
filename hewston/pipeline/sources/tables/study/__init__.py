"""What a table is: each question about it answered by what stands in it, or asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from hewston.pipeline.sources.tables.columns import Column
from hewston.pipeline.sources.tables.contents import (
    Content,
    blank_content,
    read_values,
    study_columns,
)
from hewston.pipeline.sources.tables.layouts import Look, recognise
from hewston.pipeline.sources.tables.numbers import Style
from hewston.pipeline.sources.tables.plan import Answers, Finding, Plan
from hewston.pipeline.sources.tables.source import Source
from hewston.pipeline.sources.tables.study.clock import find_stamp, find_zone_of
from hewston.pipeline.sources.tables.study.decimals import find_decimal
from hewston.pipeline.sources.tables.study.forms import find_date_order, find_form
from hewston.pipeline.sources.tables.study.header import (
    find_header,
    find_symbols_beside,
    list_others,
)
from hewston.pipeline.sources.tables.study.roles import check_prices, place_columns
from hewston.pipeline.sources.tables.study.seen import Places, Seen
from hewston.pipeline.sources.tables.study.whose import find_symbols
from hewston.pipeline.sources.tables.times import TimeForm, read_times
from hewston.pipeline.sources.tables.units import find_unit
from hewston.pipeline.sources.tables.vocabulary import language_of

_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, kw_only=True)
class Study:
    """What was found: the plan by the best guesses, and the finding of each question."""

    source: Source
    plan: Plan
    columns: tuple[Column, ...]
    findings: Mapping[str, Finding]
    layout: str | None
    venue_code: str
    symbols: tuple[str, ...]


def study(source: Source, answers: Answers, *, file_name: str) -> Study:
    """Find out how a table is read; ``file_name`` is what its owner calls it.

    Raises InputError where no bars are found, and for an answer that does not fit the table.
    """
    findings = dict(source.findings)
    extent, findings["header"] = find_header(source, answers)
    beside = find_symbols_beside(source, answers, extent)
    seen = Seen(
        source=source,
        answers=answers,
        extent=extent,
        sample=source.head[extent.first :],
        language=language_of(extent.header.texts if extent.header else ()),
    )
    contents = study_columns(seen.sample, extent.width)
    for index in list_others(source, answers, beside):
        contents[index : index + 1] = [blank_content(len(seen.sample))]
    findings["decimal"] = find_decimal(seen, contents)
    decimal = Style(decimal="," if findings["decimal"].value == "comma" else ".")
    read_values(contents, decimal)
    places = place_columns(seen, contents)
    if (doubt := check_prices(places, contents)) is not None:
        findings["prices"] = doubt
    form, times = _find_times(seen, places, findings)
    layout = recognise(_look(seen, places, contents))
    is_daily = _is_daily(times, form)
    findings["tz"] = find_zone_of(seen, places, form, times, layout=layout, is_daily=is_daily)
    findings["stamp"] = find_stamp(seen, places, times, layout=layout, is_daily=is_daily)
    findings["symbol"], symbols = find_symbols(
        seen,
        places,
        layout=layout,
        beside=tuple(beside.columns) if beside else (),
        file_name=file_name,
    )
    plan = Plan(
        kind=source.opened.kind,
        member=source.opened.member,
        sheet=source.sheet,
        encoding=source.text.encoding if source.text else None,
        delimiter=source.delimiter if source.text else None,
        header_line=extent.header.line if extent.header else None,
        # What stands below the header is data, even where it cannot be read.
        first_line=extent.header.line + 1 if extent.header else seen.sample[0].line,
        width=extent.width,
        names=tuple(column.name for column in places.columns),
        decimal=decimal.decimal,
        columns=places.where,
        time_form=form,
        tz=None if form.is_aware else findings["tz"].value,
        stamp=findings["stamp"].value,
        interval=answers.interval,
        symbol=findings["symbol"].value,
        layout=layout.name if layout else None,
        volume_unit=_find_volume_unit(places, contents),
    )
    return Study(
        source=source,
        plan=plan,
        columns=tuple(places.columns),
        findings=findings,
        layout=layout.name if layout else None,
        venue_code=layout.code if layout else "TABLE",
        symbols=symbols,
    )


def _find_times(
    seen: Seen, places: Places, findings: dict[str, Finding]
) -> tuple[TimeForm, pl.Series]:
    """Find how times are written, note what was found, and read those of the sample."""
    parts = [places.read_times(rows) for rows in (seen.sample, *seen.source.rest)]
    said = [[text for text in texts if text.strip()] for texts in parts]
    form = find_form(seen, parts[0], [text for texts in said[1:] for text in texts])
    if form.needs_order:
        has_points = findings["decimal"].value == "point"
        findings["date_order"] = find_date_order(seen, form, said, has_points=has_points)
        form = replace(form, order=findings["date_order"].value)
    findings["time_form"] = Finding(
        value=form.describe(), confidence="certain", reason=f"as in {said[0][0]}"
    )
    return form, read_times(pl.Series(parts[0], dtype=pl.String), form)


def _find_volume_unit(places: Places, contents: Sequence[Content]) -> float:
    if "volume" not in places.where:
        return 1.0
    index = places.where["volume"][0]
    return find_unit(places.columns[index].name, contents[index].texts[:500])


def _look(seen: Seen, places: Places, contents: Sequence[Content]) -> Look:
    extent, where, rows = seen.extent, places.where, seen.sample
    before = seen.source.head[: extent.first]
    header_line = extent.header.line if extent.header else 0
    preamble = "\n".join(" ".join(row.texts) for row in before if row.line != header_line)
    last = seen.source.rest[-1][-3:] if seen.source.rest and seen.source.rest[-1] else []
    volumes = contents[where["volume"][0]].values if "volume" in where else np.empty(0)
    return Look(
        header=tuple(text.strip() for text in extent.header.texts) if extent.header else (),
        preamble=preamble,
        footer="\n".join(" ".join(row.texts) for row in last),
        first=tuple(rows[0].texts),
        width=extent.width,
        volumes_are_zero=len(volumes) > 0 and not np.nan_to_num(volumes).any(),
    )


def _is_daily(times: pl.Series, form: TimeForm) -> bool:
    """Tell whether rows are whole days: dates without a time of day, or all of them at midnight."""
    if form.is_aware:
        return False
    known = times.drop_nulls()
    if not form.has_clock:
        return True
    return len(known) > 1 and bool(((known.cast(pl.Int64) % _DAY_NS) == 0).all())
