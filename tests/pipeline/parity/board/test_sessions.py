"""Bars of other hours than the regular ones are pointed at where a list has none of them."""

import dataclasses
import datetime as dt

import polars as pl
import pytest

from hewston.pipeline.parity.board.sessions import has_other_hours, hint_at_session
from hewston.pipeline.schemas import LISTED_TRADES
from tests.pipeline.frames import START, make_bars, make_spec

SESSIONS = ["pre"] * 10 + ["regular"] * 40 + ["post"] * 10
BARS = make_bars([1.0] * 60, [1.0] * 60, sessions=SESSIONS)


def listed(*bars: int) -> pl.DataFrame:
    """List trades of two bars that are entered at these."""
    begin = [START + dt.timedelta(minutes=bar) for bar in bars]
    end = [one + dt.timedelta(minutes=2) for one in begin]
    frame = pl.DataFrame({"entry_ts": begin, "exit_ts": end})
    return frame.cast({name: LISTED_TRADES[name] for name in frame.columns})


@pytest.mark.parametrize(
    ("session", "interval", "bars", "words"),
    [
        ("all", "1m", (10, 15, 20, 25, 30), "choose the session regular"),
        ("all", "1m", (5, 15, 20, 25, 30), None),  # one is before the open
        ("all", "1m", (10, 15, 20, 25), None),  # of few trades nothing is said
        ("regular", "1m", (10, 15, 20, 25, 30), None),
        ("extended", "1d", (10,), "Choose the session regular"),
        ("regular", "1d", (10,), None),
    ],
)
def test_other_hours_are_pointed_at(session, interval, bars, words):
    spec = dataclasses.replace(make_spec(), session=session, interval=interval)
    hint = hint_at_session(listed(*bars), BARS, spec)
    assert (hint is None) is (words is None)
    assert (words or "") in (hint or "")
    assert has_other_hours(BARS)
    assert not has_other_hours(BARS[10:50])
