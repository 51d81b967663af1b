"""What comes out of an event strategy's sandbox is believed only as far as the bars allow it."""

import dataclasses
import random
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from hewston.pipeline import backtest
from hewston.pipeline.engine.events import EventStrategy
from hewston.pipeline.engine.inside.form import FILLS, HEADER, ORDERS
from hewston.pipeline.engine.kind import EVENT
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.sandbox.client import Client, File
from hewston.pipeline.sandbox.format import ForgedAnswerError
from hewston.pipeline.sandbox.format.header import read_header
from hewston.pipeline.sandbox.limits import Answer, Limits
from hewston.sandboxes import open_client
from tests.events.sources import BRACKETS
from tests.pipeline.frames import make_spec, random_bars
from tests.sandbox.test_format import mutate

BARS = random_bars(400)


class Forger:
    """Asks the sandbox once, and answers with what a stranger made of the bytes."""

    def __init__(self, client: Client | None, answer: Answer | None = None) -> None:
        self.client, self.answer = client, answer

    def run(self, request: Mapping[str, Any], files: Sequence[File], limits: Limits) -> Answer:
        if self.client is not None:
            self.answer = self.client.run(request, files, limits)
        assert self.answer is not None
        return self.answer


def trade(forger: Forger) -> dict[str, pl.DataFrame]:
    spec = make_spec(params={}, max_leverage=100.0)
    frames, _ = backtest.trade(BARS, spec, strategy=EventStrategy(BRACKETS.encode(), forger))
    return frames


@pytest.fixture(scope="module")
def sound() -> Answer:
    """A sound answer, as the sandbox wrote it."""
    forger = Forger(open_client(EVENT))
    assert trade(forger)["fills"].height > 10
    assert forger.answer is not None
    return forger.answer


def forge(sound: Answer, table: str, column: str, row: int, value: float) -> Forger:
    """Write another value into a column of a sound answer."""
    header, place = read_header(sound.output, *HEADER)
    rows = dict(zip(("orders", "fills"), header["rows"], strict=True))
    data = bytearray(sound.output)
    for name, kinds in (("orders", ORDERS), ("fills", FILLS)):
        for one, kind in kinds.items():
            if (name, one) == (table, column):
                code = "<q" if kind == "<i8" else "<d"
                struct.pack_into(code, data, place + 8 * (row % rows[name]), value)
            place += 8 * rows[name]
    return Forger(None, dataclasses.replace(sound, output=bytes(data)))


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("fills", "price", 0), 1.0, "a price at which nothing was offered"),
        (("fills", "price", 0), float("nan"), "a fill has no price"),
        (("fills", "reference", 0), 1.0, "a print that its bar does not have"),
        (("fills", "fee", 0), -1.0, "another fee than the run's"),
        (("fills", "qty", 0), 100.0, "an order filled in part"),
        (("fills", "bar", 0), 3, "a print that its bar does not have|before its order|follow"),
        (("fills", "bar", 0), 400, "the bar of an order or a fill is none"),
        (("fills", "order", 0), 10**6, "the order of an order or a fill is none"),
        (("fills", "order", 1), 0, "filled more than once"),
        (("fills", "moment", 0), 7, "the moment of an order or a fill is none"),
        (("orders", "side", 0), 0, "an order is on no side"),
        (("orders", "bar", 0), 399, "comes before its order"),
        (("orders", "status", 0), 3, "filled more than once, or not at all"),
        (("orders", "type", 0), -1, "the type of an order or a fill is none"),
    ],
)
def test_a_forged_number_is_refused(
    sound: Answer, place: tuple[str, str, int], value: float, said: str
) -> None:
    with pytest.raises(ForgedAnswerError, match=said):
        trade(forge(sound, *place, value))


def test_a_balance_that_the_fills_do_not_come_to_ends_the_run(sound: Answer) -> None:
    header, _ = read_header(sound.output, *HEADER)
    number = str(header["account"][0]).encode()
    changed = sound.output.replace(number, b"9" * len(number), 1)
    with pytest.raises(HewstonError):
        trade(Forger(None, dataclasses.replace(sound, output=changed)))


def test_mutated_answers_raise_nothing_but_errors_of_ours(sound: Answer) -> None:
    dice = random.Random(20230103)
    refused = 0
    for _ in range(3_000):
        data = mutate(sound.output, sound.output, dice)
        try:
            trade(Forger(None, dataclasses.replace(sound, output=data)))
        except HewstonError:
            refused += 1
    assert 1_500 < refused < 3_000
