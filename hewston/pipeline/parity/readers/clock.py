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
_STRAYS = 0.02  # share of steps the other way that tell nothing


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

    ``typed`` are the cells that are dates already, as those of a sheet are. The order of day and
    month is told by days above 12; else by ``in_order``, cells whose times go one way if they are
    read rightly. Without these the cells are bars of a chart, which go on evenly. Raises InputError
    with the row for what is no time, and with the field ``date_order`` where day and month cannot
    be told apart.
    """
    filled = text.drop_nulls()
    if typed is not None and typed.null_count() < len(typed) and filled.is_empty():
        is_date = bool((typed.dt.truncate("1d") == typed).fill_null(value=True).all())
        return Times(values=typed.cast(NAIVE), clock="date" if is_date else "clock")
    cells = filled.gather_every(max(1, len(filled) // _SAMPLE)).to_list()
    form = _find_form(table, cells)
    if form.needs_order:
        if typed is not None and typed.null_count() < len(typed):
            raise table.refuse(
                f"some of its times are dates and others are texts such as {cells[0][:20]!r}: a "
                "spreadsheet has read what it could, perhaps with day and month changed. Give the "
                "file as it was exported."
            )
        form = replace(form, order=_find_order(table, form, order, filled, in_order))
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


def _find_form(table: Table, cells: list[str]) -> TimeForm:
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
    return form if form.needs_order else as_dates(cells, form) or form


def _find_order(
    table: Table,
    form: TimeForm,
    order: str | None,
    cells: pl.Series,
    in_order: Sequence[str] | None,
) -> Order:
    if (chosen := read_date_order(order)) is not None:
        return chosen
    fits = _fit_values(form, cells.unique(maintain_order=True))
    if len(fits) > 1:
        given = cells if in_order is None else pl.Series(in_order, dtype=pl.String)
        if in_order is None:
            fits = find_order(given[:_SAMPLE].to_list(), form).fits
        else:
            fits = _fit_direction(form, given, fits)
    if len(fits) > 1:
        raise table.refuse(
            f"which number of a date such as {cells[0][:20]!r} is the day cannot be told: no "
            f"day is above 12. Say {_name(fits)}, or export it with dates like 2025-03-31.",
            field="date_order",
            allowed=list(fits),
        )
    return fits[0]


def _fit_values(form: TimeForm, cells: pl.Series) -> tuple[Order, ...]:
    """Give the orders in which the most cells are dates."""
    is_short = any("%y" in shape.template for shape in form.shapes if shape.needs_order)
    tried: tuple[Order, ...] = ORDERS if is_short else ("dmy", "mdy")
    unread = {one: read_times(cells, replace(form, order=one)).null_count() for one in tried}
    return tuple(one for one in tried if unread[one] == min(unread.values()))


def _fit_direction(form: TimeForm, cells: pl.Series, orders: Sequence[Order]) -> tuple[Order, ...]:
    """Give those of the orders in which times go one way, where another has them go to and fro."""
    share: dict[Order, float] = {}
    for order in orders:
        steps = read_times(cells, replace(form, order=order)).cast(pl.Int64).diff().drop_nulls()
        forward, back = int((steps > 0).sum()), int((steps < 0).sum())
        share[order] = max(forward, back) / max(forward + back, 1)
    return tuple(order for order in orders if share[order] >= max(share.values()) - _STRAYS)


def _name(orders: Sequence[Order]) -> str:
    *some, last = [f"{order} ({ORDER_NAMES[order]})" for order in orders]
    return f"{', '.join(some)} or {last}"
