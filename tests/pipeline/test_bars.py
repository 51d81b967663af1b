"""Records to minutes to bars, by literal records and by properties."""

from fractions import Fraction

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hewston.pipeline import bars
from hewston.pipeline.schemas import BARS
from hewston.pipeline.sources.dbn.records import Rows
from tests.pipeline.dbnfiles import Print, rows_of

KEYS = ("instrument_id", "minute")


def bars_of(
    trades: list[Print], quotes: list[Print] | None = None, chunk: int = 1000
) -> pl.DataFrame:
    """Derive in chunks; the quotes are TBBO."""
    prints = [bars.aggregate_prints(part) for part in prints_of(rows_of(trades), chunk)]
    tbbo = rows_of(quotes or [], "tbbo")
    sides = [pl.DataFrame(schema=bars.QUOTES)]
    sides += [bars.aggregate_quotes(part) for part in prints_of(tbbo, chunk)]
    result, _ = bars.to_bars(bars.merge(prints, KEYS), bars.merge(sides, KEYS), calendar="XNYS")
    return result


def prints_of(rows: Rows, chunk: int = 1000) -> list[Rows]:
    """Give the prints of each chunk, put together by instrument."""
    parts = [bars.by_instrument(rows[i : i + chunk]) for i in range(0, len(rows), chunk)]
    return [bars.select(part, bars.is_print(part)) for part in parts]


def test_a_minute_is_first_highest_lowest_and_last_print():
    found = bars_of(
        [
            Print(at=0, price=100.5, size=200, side="B"),
            Print(at=1, price=101, size=100, side="A"),
            Print(at=2, price=99.5, size=300, side="N"),
            Print(at=59.999999999, price=100, size=400, side="B"),
            Print(at=60, price=98, size=1),
        ]
    )
    assert dict(found.schema) == BARS
    first = found.row(0, named=True)
    assert [first[k] for k in ("open", "high", "low", "close")] == [100.5, 101, 99.5, 100]
    assert [first[k] for k in ("volume", "trade_count")] == [1000, 4]
    assert [first[k] for k in ("buy_volume", "sell_volume")] == [600, 100]
    assert first["vwap"] == float(Fraction(100.5 * 200 + 101 * 100 + 99.5 * 300 + 100 * 400) / 1000)
    assert first["session"] == "regular"
    assert found["ts_open"].dt.strftime("%H:%M:%S").to_list() == ["14:30:00", "14:31:00"]


def test_a_minute_without_a_print_has_no_bar_and_without_quotes_no_quote():
    found = bars_of([Print(at=0), Print(at=600)], [Print(at=600, bid=99, ask=100)])
    assert found["ts_open"].dt.minute().to_list() == [30, 40]
    assert found["bid_mean"].to_list() == [None, 99]
    assert found["spread_mean"].to_list() == [None, 1]


def test_open_and_close_follow_the_file_when_records_are_out_of_order():
    found = bars_of([Print(at=30, price=1), Print(at=70, price=5), Print(at=10, price=2)])
    assert found["open"].to_list() == [1, 5]
    assert found["close"].to_list() == [2, 5]


def test_records_without_a_price_of_size_0_or_that_are_no_trade_are_left_out():
    odd = [Print(price=None), Print(size=0), Print(action="C"), Print(at=120, price=None)]
    found = bars_of([*odd, Print(price=-0.25, size=3)], odd)
    assert found.height == 1
    assert found["close"].to_list() == [-0.25]
    assert found["trade_count"].to_list() == [1]
    assert found["bid_open"].to_list() == [None]


def test_crossed_and_one_sided_quotes_are_left_out_and_locked_ones_stay():
    found = bars_of(
        [Print()],
        [
            Print(bid=101, ask=100),
            Print(bid=99, ask=100),
            Print(bid=None, ask=100),
            Print(bid=98, ask=None),
            Print(bid=98, ask=98),
        ],
    )
    names = (
        "bid_open",
        "ask_open",
        "bid_close",
        "ask_close",
        "bid_mean",
        "ask_mean",
        "spread_mean",
    )
    assert found.select(names).row(0) == (99, 100, 98, 98, 98.5, 99, 0.5)


def test_a_closing_auction_beyond_64_bits_keeps_its_exact_vwap():
    auction = [Print(price=600, size=24_000_000)] * 3 + [Print(price=600.01, size=1)]
    exact = (Fraction(600) * 72_000_000 + Fraction(60001, 100)) / 72_000_001
    assert bars_of(auction)["vwap"].to_list() == [float(exact)]


def test_sums_of_the_dearest_quotes_do_not_wrap():
    dear = Print(bid=9_000_000_000, ask=9_000_000_001)
    found = bars_of([Print()], [dear] * 50)
    assert found.select("bid_mean", "ask_mean", "spread_mean").row(0) == (9e9, 9e9 + 1, 1)


def test_equal_bars_are_equal_bytes(tmp_path):
    found = bars_of([Print(at=60.0 * n, price=100 + n / 100) for n in range(300)])
    in_pieces = pl.concat([found[:100], found[100:]], rechunk=False)
    bars.write_bars(found, tmp_path / "one")
    bars.write_bars(in_pieces, tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


PRINTS = st.lists(
    st.builds(
        Print,
        at=st.integers(0, 400),
        price=st.one_of(st.none(), st.integers(-5, 70_000_000).map(lambda n: n / 100)),
        size=st.sampled_from([0, 1, 100, 4_000_000_000]),
        side=st.sampled_from("ABN"),
        bid=st.sampled_from([None, 99.0, 100.0]),
        ask=st.sampled_from([None, 99.0, 100.0]),
    ),
    max_size=40,
).map(lambda found: [*found, Print()])


@given(prints=PRINTS, chunk=st.integers(1, 50))
def test_any_chunk_size_gives_the_same_bars(prints, chunk):
    assert bars_of(prints, prints, chunk).equals(bars_of(prints, prints))


@given(prints=PRINTS)
def test_bars_hold_what_the_prints_hold(prints):
    found = bars_of(prints, prints)
    counted = [one for one in prints if one.price is not None and one.size]
    assert found["volume"].sum() == sum(one.size for one in counted)
    assert found["trade_count"].sum() == len(counted)
    inside = pl.all_horizontal(
        pl.col("low") <= pl.min_horizontal("open", "close", "vwap"),
        pl.col("high") >= pl.max_horizontal("open", "close", "vwap"),
        pl.col("buy_volume") + pl.col("sell_volume") <= pl.col("volume"),
        pl.col("spread_mean").fill_null(0) >= 0,
    )
    assert found.select(inside.all()).item()
    assert found["ts_open"].is_sorted()
    assert found["ts_open"].is_unique().all()


@given(prints=PRINTS)
def test_vwap_is_the_nearest_float_to_the_exact_ratio(prints):
    exact: dict[int, tuple[int, int]] = {}
    for one in prints:
        if one.price is not None and one.size:
            total, volume = exact.get(int(one.at // 60), (0, 0))
            nanos = round(one.price * 10**9)
            exact[int(one.at // 60)] = (total + nanos * one.size, volume + one.size)
    expected = [float(Fraction(t, v * 10**9)) for _, (t, v) in sorted(exact.items())]
    assert bars_of(prints)["vwap"].to_list() == expected


def test_instruments_of_one_chunk_do_not_mix():
    rows = rows_of([Print(instrument_id=n % 3, price=n + 1) for n in range(9)])
    merged = bars.merge([bars.aggregate_prints(*prints_of(rows))], KEYS).sort("instrument_id")
    assert (merged["open"] // 10**9).to_list() == [1, 2, 3]
    assert (merged["close"] // 10**9).to_list() == [7, 8, 9]
    assert merged["trade_count"].to_list() == [3, 3, 3]


def test_putting_instruments_together_keeps_their_order():
    rows = rows_of([Print(instrument_id=i, sequence=n) for n, i in enumerate([2, 1, 2, 1])])
    assert bars.by_instrument(rows)["sequence"].tolist() == [1, 3, 0, 2]
    assert np.shares_memory(bars.by_instrument(rows[:1]), rows)
