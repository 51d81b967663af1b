"""What came out of the sandbox of an event strategy, read as strictly as what a stranger wrote."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import polars as pl

from hewston.pipeline.engine.inside.form import FILLS, HEADER, MOMENTS, ORDERS, STATUSES, TYPES
from hewston.pipeline.sandbox.format import ForgedAnswerError, Said
from hewston.pipeline.sandbox.format.answers import read_declaration, read_failure, read_params
from hewston.pipeline.sandbox.format.body import Body, read_texts
from hewston.pipeline.sandbox.format.header import read_count, read_header
from hewston.pipeline.sandbox.inside.answer import Texts

_MOST_ROWS = 1 << 24


@dataclasses.dataclass(frozen=True, kw_only=True)
class Deeds:
    """What an event strategy did on its bars, or how it failed.

    ``orders`` has the columns of the form's ORDERS and ``reason``, ``fills`` those of FILLS; their
    ``bar`` is a row of the bars it was shown. ``position`` is (signed quantity, average price).
    """

    said: Said
    orders: pl.DataFrame
    fills: pl.DataFrame
    balance: float
    position: tuple[float, float]
    ruined_bar: int | None


def read_deeds(data: bytes, *, rows: int) -> Deeds:
    """Read the answer to a market of ``rows`` bars; raises ForgedAnswerError.

    No number is believed that names a row or a word; whether fills can be is told by check_fills.
    """
    header, place = read_header(data, *HEADER)
    said = Said(
        declaration=read_declaration(header["declaration"]),
        columns=None,
        failure=read_failure(header["failure"]),
        params=read_params(header["params"]),
    )
    counts = header["rows"]
    if (counts is None) != (said.failure is not None):
        raise ForgedAnswerError("it is neither fills nor an error, or both")
    if counts is None:
        counts = [0, 0]
    if not isinstance(counts, list) or len(counts) != len(("orders", "fills")):
        raise ForgedAnswerError("its header holds other things than an answer's")
    count_orders, count_fills = (read_count(count, _MOST_ROWS) for count in counts)
    body = Body(memoryview(data)[place:], count_orders)
    orders = _read_table(body, ORDERS, count_orders)
    fills = _read_table(body, FILLS, count_fills)
    texts = Texts(np.empty(0, np.int32), [])
    if header["reasons"] is not None:
        texts = read_texts(dict(_take_texts(header["reasons"])), body)
    body.end()
    if len(texts.codes) != count_orders:
        raise ForgedAnswerError("it has other reasons than orders")
    balance, position, ruined_bar = _read_account(header["account"], rows)
    _check_range(orders, bar=rows, type=len(TYPES), status=len(STATUSES), immediate=2)
    _check_range(fills, order=count_orders, bar=rows, moment=len(MOMENTS))
    if not np.isin(orders["side"].to_numpy(), (1, -1)).all():
        raise ForgedAnswerError("an order is on no side")
    reasons = [None if code < 0 else texts.texts[code] for code in texts.codes.tolist()]
    return Deeds(
        said=said,
        orders=orders.with_columns(pl.Series("reason", reasons, dtype=pl.String)),
        fills=fills,
        balance=balance,
        position=position,
        ruined_bar=ruined_bar,
    )


def _take_texts(entry: object) -> Mapping[str, object]:
    if not isinstance(entry, dict) or entry.pop("kind", None) != "texts":
        raise ForgedAnswerError("its header holds other things than an answer's")
    return entry


def _read_table(body: Body, kinds: Mapping[str, str], count: int) -> pl.DataFrame:
    return pl.DataFrame({name: body.take_numbers(kind, count) for name, kind in kinds.items()})


def _read_account(value: object, rows: int) -> tuple[float, tuple[float, float], int | None]:
    if value is None:
        return 0.0, (0.0, 0.0), None
    if not isinstance(value, list) or len(value) != len(("balance", "held", "price", "ruined")):
        raise ForgedAnswerError("its account is none")
    *numbers, ruined = value
    if not all(isinstance(number, float | int) for number in numbers):
        raise ForgedAnswerError("its account is none")
    balance, held, price = (float(number) for number in numbers)
    return balance, (held, price), None if ruined is None else read_count(ruined, rows - 1)


def _check_range(table: pl.DataFrame, **ends: int) -> None:
    for name, end in ends.items():
        column = table[name]
        if column.len() and not (column.min() >= 0 and column.max() < end):  # type: ignore[operator]  # whole numbers
            raise ForgedAnswerError(f"the {name} of an order or a fill is none")
