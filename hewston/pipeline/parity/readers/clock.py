"""The column of times: moments of UTC, what a clock showed, or dates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers.table import Table
from hewston.pipeline.parity.readers.upload import Clock
from hewston.pipeline.schemas import UTC_NS
from hewston.pipeline.sources.tables.times import (
    NAIVE,
    ORDER_NAMES,
    ORDERS,
    Order,
    TimeForm,
    as_dates,
    classify,
    find_order,
    read_times,
    study_text,
)

_SAMPLE = 2000


@dataclass(frozen=True, kw_only=True)
class Times:
    """Times of rows: UTC_NS where ``clock`` is ``utc``, else Datetime(ns) without a zone.

    ``order`` is that of day and month, None where that is no question.
    """

    values: pl.Series
    clock: Clock
    order: Order | None = None


def read_date_order(given: str | None) -> Order | None:
    """Read the order of day and month that somebody says: dmy, mdy, ymd, or day_first and so on.

    None for nothing. Raises InputError (field ``date_order``) for what is none.
    """
    said = (given or "").strip().lower()
    if not said:
        return None
    for order in ORDERS:
        if said in {order, ORDER_NAMES[order].replace(" ", "_")}:
            return order
    raise InputError(
        f"date_order is {said[:40]}, but must be {_name(ORDERS)}.",
        field="date_order",
        allowed=list(ORDERS),
    )


def read_clock(
    table: Table,
    text: pl.Series,
    *,
    lines: pl.Series,
    typed: pl.Series | None = None,
    order: str | None = None,
    in_order: Sequence[str] | None = None,
) -> Times:
    """Read a column of times; null where its cell is empty.

    ``typed`` are the cells that are dates already, as those of a sheet are; ``in_order`` some
    cells whose times go on, by which the order of day and month is told if nothing else does.
    Raises InputError with the row for what is no time, and with the field ``date_order`` where
    day and month cannot be told apart.
    """
    filled = text.drop_nulls()
    if typed is not None and typed.null_count() < len(typed) and filled.is_empty():
        is_date = bool((typed.dt.truncate("1d") == typed).fill_null(value=True).all())
        return Times(values=typed.cast(NAIVE), clock="date" if is_date else "clock")
    cells = filled.gather_every(max(1, len(filled) // _SAMPLE)).to_list()
    form = _find_form(table, cells, order, in_order or cells)
    values = read_times(text, form)
    if typed is not None:
        values = values.cast(NAIVE).zip_with(text.is_not_null(), typed.cast(NAIVE))
    bad = values.is_null() & text.is_not_null()
    if bad.any():
        at = int(bad.arg_max() or 0)
        line = int(lines[at])
        raise table.refuse(f"row {line:,}: {str(text[at])[:40]!r} is no time.", line=line)
    order = form.order if form.needs_order else None
    if form.is_aware:
        return Times(values=values.cast(UTC_NS), clock="utc", order=order)
    return Times(values=values, clock="clock" if form.has_clock else "date", order=order)


def _find_form(
    table: Table, cells: list[str], order: str | None, in_order: Sequence[str]
) -> TimeForm:
    kind = classify(cells) if cells else None
    if kind == "lost":
        raise table.refuse(
            "its times have lost digits (such as 1.67E+09), as they do in Excel. Give the file as "
            "it was exported."
        )
    if kind in {"epoch", "serial"}:
        return TimeForm(kind="epoch" if kind == "epoch" else "serial")
    form = study_text(cells) if kind == "text" else None
    if form is None:
        shown = f" such as {cells[0][:40]!r}" if cells else ""
        raise table.refuse(f"its times{shown} cannot be read.")
    if not form.needs_order:
        return as_dates(cells, form) or form
    return replace(form, order=_find_order(table, form, order, in_order))


def _find_order(table: Table, form: TimeForm, order: str | None, in_order: Sequence[str]) -> Order:
    if (chosen := read_date_order(order)) is not None:
        return chosen
    found = find_order(list(in_order)[:_SAMPLE], form)
    if len(found.fits) > 1:
        raise table.refuse(
            f"which number of a date such as {in_order[0][:20]!r} is the day cannot be told: "
            f"{found.reason}. Say {_name(found.fits)}, or export it with dates like 2025-03-31.",
            field="date_order",
            allowed=list(found.fits),
        )
    return found.fits[0]


def _name(orders: Sequence[Order]) -> str:
    *some, last = [f"{order} ({ORDER_NAMES[order]})" for order in orders]
    return f"{', '.join(some)} or {last}"
