"""Which listed trades a run made too."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hewston.pipeline.parity.board.divergence import find_first_divergence
from hewston.pipeline.parity.board.exact import match_exactly
from hewston.pipeline.schemas import TRADE_SIDE, TRADES_RT, UTC_NS, Schema

START = dt.datetime(2025, 3, 31, tzinfo=dt.UTC)
type Trade = tuple[str, int, float, int | None, float | None]  # side, entry, price, exit, price

LISTED: Schema = {
    "trade_id": pl.UInt32,
    "side": TRADE_SIDE,
    "entry_ts": UTC_NS,
    "entry_price": pl.Float64,
    "exit_ts": UTC_NS,
    "exit_price": pl.Float64,
    "qty": pl.Float64,
}


def frame(trades: list[Trade], schema=None, *, qty: float = 1.0) -> pl.DataFrame:
    rows = [
        {
            "trade_id": number,
            "side": side,
            "entry_ts": at(entry),
            "entry_price": price,
            "exit_ts": None if end is None else at(end),
            "exit_price": end_price,
            "qty": qty,
        }
        for number, (side, entry, price, end, end_price) in enumerate(trades, start=1)
    ]
    found = pl.DataFrame(rows, schema=LISTED)
    missing = [pl.lit(None, kind).alias(name) for name, kind in (schema or {}).items()]
    return found.with_columns(one for one in missing if one.meta.output_name() not in LISTED)


def at(bar: int) -> dt.datetime:
    return START + dt.timedelta(minutes=15 * bar)


def match(listed: list[Trade], made: list[Trade]):
    return match_exactly(frame(listed), frame(made, TRADES_RT))


LONG: Trade = ("LONG", 1, 100.0, 5, 104.5)
SHORT: Trade = ("SHORT", 5, 104.5, 9, 101.0)


def test_the_same_trades_all_match() -> None:
    found = match([LONG, SHORT], [SHORT, LONG])
    assert (found.trades, found.matched, found.extra, found.pct) == (2, 2, 0, 100.0)
    assert found.is_whole


def test_a_side_a_time_and_a_price_must_each_be_the_same() -> None:
    others: list[Trade] = [
        ("SHORT", 1, 100.0, 5, 104.5),
        ("LONG", 2, 100.0, 5, 104.5),
        ("LONG", 1, 100.01, 5, 104.5),
        ("LONG", 1, 100.0, 6, 104.5),
        ("LONG", 1, 100.0, 5, 104.51),
    ]
    for other in others:
        found = match([LONG, SHORT], [other, SHORT])
        assert (found.matched, found.extra, found.pct) == (1, 1, 50.0), other
        assert found.missing["trade_id"].to_list() == [1]


def test_a_price_may_differ_by_a_billionth_of_itself() -> None:
    near: Trade = ("LONG", 1, 100.0 * (1 + 5e-10), 5, 104.5)
    far: Trade = ("LONG", 1, 100.0 * (1 + 5e-9), 5, 104.5)
    assert match([LONG], [near]).matched == 1
    assert match([LONG], [far]).matched == 0


def test_quantities_do_not_matter() -> None:
    assert match_exactly(frame([LONG]), frame([LONG], TRADES_RT, qty=0.5)).matched == 1


def test_what_came_before_the_list_or_after_it_does_not_count() -> None:
    before: Trade = ("SHORT", 0, 99.0, 1, 100.0)
    after: Trade = ("LONG", 10, 100.0, 12, 101.0)
    inside: Trade = ("LONG", 9, 101.0, 12, 101.0)
    found = match([LONG, SHORT], [before, LONG, SHORT, inside, after])
    assert (found.matched, found.extra) == (2, 1)
    assert found.surplus["entry_ts"].to_list() == [at(9)]


def test_an_open_trade_of_the_list_is_matched_by_its_entry_whatever_became_of_it() -> None:
    still_open: Trade = ("LONG", 9, 101.0, None, None)
    for end, price in ((None, None), (9, 101.0), (20, 110.0)):
        made: Trade = ("LONG", 9, 101.0, end, price)
        found = match([LONG, still_open], [LONG, made])
        assert (found.matched, found.extra) == (2, 0)
    other: Trade = ("LONG", 9, 101.5, None, None)
    assert match([LONG, still_open], [LONG, other]).matched == 1


def test_what_the_list_closed_and_the_run_holds_does_not_match() -> None:
    held: Trade = ("LONG", 1, 100.0, None, None)
    found = match([LONG, SHORT], [held, SHORT])
    assert (found.matched, found.extra) == (1, 1)


def test_trades_alike_match_as_often_as_both_have_them() -> None:
    found = match([LONG, LONG, LONG], [LONG, LONG])
    assert (found.matched, found.missing.height, found.extra) == (2, 1, 0)
    found = match([LONG, LONG], [LONG, LONG, LONG])
    assert (found.matched, found.missing.height, found.extra) == (2, 0, 1)


def test_a_run_without_trades_matches_none() -> None:
    found = match([LONG, SHORT], [])
    assert (found.matched, found.extra, found.pct) == (0, 0, 0.0)
    assert not found.is_whole


LATER: Trade = ("LONG", 12, 99.0, 14, 98.0)


@pytest.mark.parametrize(
    ("made", "bar", "words"),
    [
        ([SHORT, LATER], 1, "00:15 UTC: the list goes long at 100.0, the run does not."),
        (
            [LONG, ("SHORT", 2, 99.5, 4, 99.0), SHORT, LATER],
            2,
            "00:30 UTC: the run goes short at 99.5, the list does not.",
        ),
        (
            [LONG, ("SHORT", 5, 104.6, 9, 101.0), LATER],
            5,
            "01:15 UTC: the list goes short at 104.5, the run at 104.6.",
        ),
        (
            [("LONG", 1, 100.0, 6, 103.0), SHORT, LATER],
            5,
            (
                "The long of 2025-03-31 00:15 UTC: the list leaves at 2025-03-31 01:15 UTC at "
                "104.5, the run leaves at 2025-03-31 01:30 UTC at 103.0."
            ),
        ),
        (
            [LONG, SHORT, ("LONG", 12, 99.0, None, None)],
            14,
            "the list leaves at 2025-03-31 03:30 UTC at 98.0, the run holds it.",
        ),
        (
            [("LONG", 1, 100.0, 9, 103.0), ("SHORT", 3, 100.0, 4, 100.0), SHORT, LATER],
            3,
            "00:45 UTC: the run goes short at 100.0, the list does not.",
        ),
    ],
)
def test_the_first_divergence_is_told_with_both_sides(made, bar, words) -> None:
    first = find_first_divergence(match([LONG, SHORT, LATER], made))
    assert first is not None
    assert first["ts"] == at(bar).isoformat()
    assert first["sentence"].endswith(words)


def test_what_is_the_same_does_not_diverge() -> None:
    assert find_first_divergence(match([LONG, SHORT], [LONG, SHORT])) is None


TRADE = st.tuples(
    st.sampled_from(["LONG", "SHORT"]),
    st.integers(0, 20),
    st.sampled_from([100.0, 100.5, 101.0]),
    st.integers(20, 40),
    st.sampled_from([100.0, 100.5, 101.0]),
)


@given(st.lists(TRADE, min_size=1, max_size=30), st.data())
def test_every_trade_is_counted_once(trades, data) -> None:
    kept = data.draw(st.lists(st.sampled_from(trades), max_size=30))
    found = match(trades, kept)
    assert found.matched + found.missing.height == len(trades)
    inside = [one for one in kept if one[1] >= min(t[1] for t in trades)]
    assert found.matched + found.extra == len(inside)
    most = sum(min(trades.count(one), kept.count(one)) for one in set(trades))
    assert found.matched == most
