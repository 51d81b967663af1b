"""Trades of two lists put together, and the waterfall from one profit to the other."""

import itertools
import math
import random
import time
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline import matching
from hewston.pipeline.matching import KINDS, build_waterfall
from hewston.pipeline.schemas import MATCHES
from tests.pipeline.trades import a_trade, make_trades, match, place


def kinds_of(matches):
    return [
        (row["kind"], row["a_trade_id"], row["b_trade_id"]) for row in matches.iter_rows(named=True)
    ]


def waterfall_of(matches, a, b):
    return build_waterfall(
        matches,
        net_profit_a=math.fsum(a["net_pnl"]),
        net_profit_b=math.fsum(b["net_pnl"]),
    )


def amounts_of(waterfall):
    return {step.key: step.amount for step in waterfall.steps if step.amount}


def test_the_same_trades_are_all_matched_and_nothing_differs():
    trades = make_trades(a_trade(1, 3), a_trade(3, 5, side="SHORT"), a_trade(6, None))
    matches = match(trades, trades)
    assert matches.schema == pl.Schema(MATCHES)
    assert kinds_of(matches) == [("matched", 1, 1), ("matched", 2, 2), ("matched", 3, 3)]
    waterfall = waterfall_of(matches, trades, trades)
    assert waterfall.difference == 0
    assert amounts_of(waterfall) == {}
    assert {step.trades for step in waterfall.steps} == {0, 1, None}  # one lot is open


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        (a_trade(10, 20), "matched"),
        (a_trade(10, 20, fees=3), "matched"),
        (a_trade(11, 20), "moved"),
        (a_trade(10, 19), "moved"),
        (a_trade(9, 21, qty=5), "moved"),
        (a_trade(10, 20, price=100.5), "other price"),
        (a_trade(10, 20, out=99, qty=5), "other price"),
        (a_trade(10, 20, qty=5), "other quantity"),
    ],
)
def test_the_first_kind_that_applies_is_a_pairs(other, kind):
    matches = match(make_trades(a_trade(10, 20)), make_trades(other))
    assert kinds_of(matches) == [(kind, 1, 1)]
    assert matches["difference"][0] == other["net_pnl"] - 10


@pytest.mark.parametrize(
    "other",
    [
        a_trade(12, 20),
        a_trade(10, 22),
        a_trade(10, 20, side="SHORT"),
        a_trade(10, None),
    ],
)
def test_a_trade_too_far_away_of_another_side_or_still_open_is_another_one(other):
    matches = match(make_trades(a_trade(10, 20)), make_trades(other))
    assert sorted(kinds_of(matches)) == [("only in A", 1, None), ("only in B", None, 1)]


def test_an_open_lot_is_paired_with_an_open_one_by_its_entry():
    matches = match(make_trades(a_trade(10, None)), make_trades(a_trade(11, None, out=105)))
    assert kinds_of(matches) == [("moved", 1, 1)]
    assert matches.select("is_open", "entry_moved", "exit_moved").row(0) == (True, 1, None)
    # What an open lot stands at is no price of a fill.
    marked = match(make_trades(a_trade(10, None)), make_trades(a_trade(10, None, out=105)))
    assert kinds_of(marked) == [("matched", 1, 1)]


def test_exact_trades_come_first_then_the_nearest():
    a = make_trades(a_trade(10, 20), a_trade(11, 21))
    b = make_trades(a_trade(9, 19), a_trade(10, 20))
    assert sorted(kinds_of(match(a, b)), key=str) == [
        ("matched", 1, 2),
        ("only in A", 2, None),
        ("only in B", None, 1),
    ]
    a = make_trades(a_trade(10, 20), a_trade(12, 22))
    b = make_trades(a_trade(11, 21), a_trade(13, 23))
    assert kinds_of(match(a, b)) == [("moved", 1, 1), ("moved", 2, 2)]
    near = match(make_trades(a_trade(10, 20)), make_trades(a_trade(7, 20), a_trade(12, 20)), 3)
    assert ("moved", 1, 2) in kinds_of(near)


def test_of_trades_at_the_same_time_those_of_equal_quantity_belong_together():
    a = make_trades(a_trade(1, 5, qty=3), a_trade(1, 5, qty=7))
    b = make_trades(a_trade(1, 5, qty=7, price=99), a_trade(1, 5, qty=3))
    assert sorted(kinds_of(match(a, b))) == [("matched", 1, 2), ("other price", 2, 1)]


def test_no_trades_are_no_matches():
    nothing = make_trades()
    assert match(nothing, nothing).is_empty()
    assert kinds_of(match(nothing, make_trades(a_trade(1, 2)))) == [("only in B", None, 1)]
    waterfall = build_waterfall(match(nothing, nothing), net_profit_a=0.0, net_profit_b=0.0)
    assert waterfall.start == waterfall.end == waterfall.difference == 0


def test_the_waterfall_parts_a_pair_into_price_slippage_fees_and_quantity():
    a = make_trades(a_trade(1, 2, qty=10, price=100, out=102, slippage=1, fees=2))  # 20 - 3 = 17
    b = make_trades(a_trade(1, 2, qty=20, price=100, out=103, slippage=4, fees=2))  # 60 - 6 = 54
    waterfall = waterfall_of(match(a, b), a, b)
    # Per unit 2 -> 3, 0.1 -> 0.2 and 0.2 -> 0.1 at 15 units, and 10 units at (1.7 + 2.7) / 2.
    assert amounts_of(waterfall) == {
        "price": Decimal(15),
        "slippage": Decimal("-1.5"),
        "fees": Decimal("1.5"),
        "quantity": Decimal(22),
    }
    assert [step.after for step in waterfall.steps][:2] == [Decimal(32), Decimal("30.5")]


def test_the_waterfall_has_a_bar_for_every_other_cause():
    a = make_trades(a_trade(1, 2), a_trade(5, 6, out=90), a_trade(50, None, out=150))
    b = make_trades(a_trade(2, 3, out=103), a_trade(8, 9, out=104))
    waterfall = build_waterfall(match(a, b), net_profit_a=410.0, net_profit_b=71.25)
    assert amounts_of(waterfall) == {
        "moved": Decimal(20),
        "only_a": Decimal(100),
        "only_b": Decimal(40),
        "open": Decimal(-500),
        "residual": Decimal("1.25"),
    }
    assert waterfall.start + sum(step.amount for step in waterfall.steps) == waterfall.end


def make_random_trades(draw_side, count, rng):
    """Trades of one account: one side at a time, ends in order, prices in cents."""
    rows, at = [], 0
    for _ in range(count):
        entry = at + rng.randint(0, 3)
        at = entry + rng.randint(0, 4)
        rows.append(
            a_trade(
                entry,
                at,
                side=draw_side(),
                qty=rng.randint(1, 4) * 0.5,
                price=100 + rng.randint(-300, 300) / 100,
                out=100 + rng.randint(-300, 300) / 100,
                slippage=rng.randint(0, 50) / 1000,
                fees=rng.random(),
            )
        )
    if rows and rng.random() < 0.3:
        rows[-1] |= {"exit_bar": None, "exit_ts": None}
    return rows


@st.composite
def lists_of_trades(draw):
    """Two lists that share some of their trades, and change others a little."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    rows = make_random_trades(lambda: rng.choice(("LONG", "SHORT")), draw(st.integers(0, 12)), rng)
    other = make_random_trades(lambda: rng.choice(("LONG", "SHORT")), draw(st.integers(0, 4)), rng)
    for row in rows:
        if rng.random() < 0.7:
            fees = 0.01 if rng.random() < 0.3 else row["fees"]
            net = row["gross_pnl"] - row["slippage"] - fees
            other.append(row | {"fees": fees, "net_pnl": net})
    return make_trades(*rows), make_trades(*other)


@settings(max_examples=60)
@given(lists_of_trades(), st.integers(0, 4))
def test_every_trade_is_there_once_and_the_bars_sum_to_the_cent(lists, tolerance):
    a, b = lists
    matches = match(a, b, tolerance)
    for side, trades in (("a", a), ("b", b)):
        ids = matches[f"{side}_trade_id"].drop_nulls()
        assert sorted(ids) == trades["trade_id"].to_list()
    waterfall = waterfall_of(matches, a, b)
    assert waterfall.start + sum(step.amount for step in waterfall.steps) == waterfall.end
    cent = Decimal("0.01")
    assert abs(waterfall.start - Decimal(math.fsum(a["net_pnl"]))) <= cent / 2
    # Trades explain all of it here; at most the rounding of a level is left.
    assert abs(waterfall.steps[-1].amount) <= cent
    assert all(step.amount == round(step.amount, 2) for step in waterfall.steps)


@settings(max_examples=60)
@given(lists_of_trades())
def test_the_waterfall_turned_round_has_the_same_bars_with_the_other_sign(lists):
    a, b = lists
    there, back = (
        {step.key: step.amount for step in waterfall_of(match(*pair), *pair).steps}
        for pair in ((a, b), (b, a))
    )
    turned = {"only_a": "only_b", "only_b": "only_a"}
    for key, amount in there.items():  # levels are rounded, and they are other ones
        assert abs(amount + back[turned.get(key, key)]) <= Decimal("0.02"), key


@settings(max_examples=60)
@given(lists_of_trades(), st.integers(0, 4))
def test_both_ways_round_the_same_trades_belong_together(lists, tolerance):
    a, b = lists
    there, back = kinds_of(match(a, b, tolerance)), kinds_of(match(b, a, tolerance))
    turned = {"only in A": "only in B", "only in B": "only in A"}
    assert sorted(there, key=str) == sorted(
        ((turned.get(kind, kind), one, other) for kind, other, one in back), key=str
    )


@settings(max_examples=60)
@given(lists_of_trades(), st.integers(0, 4), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_decides_nothing(lists, tolerance, rng):
    shuffled = []
    for trades in lists:
        rows = list(range(trades.height))
        rng.shuffle(rows)
        shuffled.append(trades[rows])
    assert match(shuffled[0], shuffled[1], tolerance).equals(match(lists[0], lists[1], tolerance))


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=5),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=5),
    st.integers(0, 3),
)
def test_no_other_way_pairs_more_of_the_rest_or_nearer(ends_a, ends_b, tolerance):
    """Against all ways there are, of ends in order as an account has them."""
    lists = [
        make_trades(*(a_trade(one, other + one) for one, other in in_order(ends)))
        for ends in (ends_a, ends_b)
    ]
    matches = match(lists[0], lists[1], tolerance)
    moved = matches.filter(pl.col("kind") == "moved")
    exact = matches.filter(pl.col("kind") == "matched")
    rest = [
        trades.filter(~pl.col("trade_id").is_in(exact[f"{name}_trade_id"].implode()))
        for name, trades in (("a", lists[0]), ("b", lists[1]))
    ]
    distance = int((moved["entry_moved"].abs() + moved["exit_moved"].abs()).sum())
    assert (moved.height, distance) == best_of_all(rest[0], rest[1], tolerance)


def in_order(ends):
    """Entries and exits that both never fall, as first in, first out makes them."""
    entries = sorted(entry for entry, _ in ends)
    exits = sorted(entry + length for entry, length in ends)
    return [(one, other - one) for one, other in zip(entries, exits, strict=True)]


def best_of_all(a, b, tolerance):
    """Try every way to pair: the most pairs, then the least distance."""
    if a.height > b.height:
        a, b = b, a
    ends = [list(zip(side["entry_bar"], side["exit_bar"], strict=True)) for side in (a, b)]
    best = (0, 0)
    for chosen in itertools.permutations([*range(b.height), *[None] * a.height], a.height):
        apart = [
            [abs(x - y) for x, y in zip(ends[0][i], ends[1][j], strict=True)]
            for i, j in enumerate(chosen)
            if j is not None
        ]
        if all(max(one) <= tolerance for one in apart):
            best = min(best, (-len(apart), sum(map(sum, apart))))
    return (-best[0], best[1])


@pytest.mark.parametrize(("shift", "tolerance"), [(0, 1), (1, 1), (3, 50)])
def test_ten_thousand_trades_are_matched_within_a_second(shift, tolerance):
    rng = np.random.default_rng(7)
    entry = np.cumsum(rng.integers(4, 9, 10_000))
    held = rng.integers(1, 4, 10_000)
    rows = [
        a_trade(int(one), int(one + length), side="LONG" if row % 2 else "SHORT")
        for row, (one, length) in enumerate(zip(entry, held, strict=True))
    ]
    a = make_trades(*rows)
    b = a.with_columns(pl.col("entry_bar", "exit_bar") + shift)
    placed = place(a), place(b)
    start = time.process_time()
    matches = matching.match_trades(
        a, b, placed_a=placed[0], placed_b=placed[1], tolerance=tolerance
    )
    assert matches["kind"].value_counts().rows() == [("moved" if shift else "matched", 10_000)]
    assert time.process_time() - start < 1
    assert set(KINDS) >= set(matches["kind"].unique())
