"""Planted differences of two lists of trades are named by their class and cause."""

import datetime as dt

import polars as pl
import pytest

from hewston.pipeline.parity.trades import explain_trades
from hewston.pipeline.schemas import LISTED_TRADES

BEGIN = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
BAR = dt.timedelta(minutes=15)
BARS = 4_000
CANDLES = pl.DataFrame(
    {
        "ts_open": [BEGIN + BAR * row for row in range(BARS)],
        "open": [100.0 + row % 7 for row in range(BARS)],
        "high": [101.0 + row % 7 for row in range(BARS)],
        "low": [99.0 + row % 7 for row in range(BARS)],
        "close": [100.5 + row % 7 for row in range(BARS)],
        "volume": [1.0] * BARS,
    }
).with_columns(pl.col("ts_open").cast(pl.Datetime("ns", "UTC")))


def trades(count: int = 60, *, gap: int = 61, held: int = 13) -> pl.DataFrame:
    """Trades of both sides that fill at the opens of their bars."""
    rows = [
        {
            "trade_id": number + 1,
            "side": "LONG" if number % 3 else "SHORT",
            "entry_ts": BEGIN + BAR * (number * gap + number % 5),
            "entry_price": 100.0 + (number * gap + number % 5) % 7,
            "exit_ts": BEGIN + BAR * (number * gap + number % 5 + held),
            "exit_price": 100.0 + (number * gap + number % 5 + held) % 7,
            "qty": 1.0,
            "entry_reason": "in",
            "exit_reason": "out",
        }
        for number in range(count)
    ]
    missing = dict.fromkeys(("fees", "net_pnl", "mfe", "mae"))
    return pl.DataFrame([row | missing for row in rows], schema=LISTED_TRADES)


def shifted(by: dt.timedelta) -> pl.DataFrame:
    moved = trades().with_columns(pl.col("entry_ts") + by, pl.col("exit_ts") + by)
    return moved.cast(pl.Schema(LISTED_TRADES))


def changed(rows: list[int], **values: object) -> pl.DataFrame:
    """Trades of which some, by number, have other values."""
    is_one = pl.col("trade_id").is_in(rows)
    return (
        trades()
        .with_columns(
            pl.when(is_one).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
            for name, value in values.items()
        )
        .cast(pl.Schema(LISTED_TRADES))
    )


ALL = trades()
CALLED = changed([31], exit_reason="Margin call", exit_price=100.2)
# Trade 9 is left three bars earlier, at a price that is neither an open nor a close.
INSIDE = changed([9], exit_price=100.77, exit_ts=ALL["exit_ts"][8] - BAR * 3)
OTHER_FEED = ALL.with_columns(pl.col("entry_price") * 1.1, pl.col("exit_price") * 1.1)
LONG_ALONE = ALL.filter(pl.col("side").cast(pl.String) == "LONG")
SLIGHTLY_OTHER = ALL.with_columns(pl.col("exit_price") * (1 + 1e-7))
LATE_SHIFT = pl.concat([ALL[:30], shifted(BAR * 17)[30:]])


@pytest.mark.parametrize(
    ("pine", "python", "class_name", "cause"),
    [
        (ALL, shifted(BAR), "data_alignment", "stamp"),
        (ALL, shifted(-BAR), "data_alignment", "stamp"),
        (ALL, shifted(dt.timedelta(hours=8)), "data_alignment", "zone"),
        (ALL, shifted(-dt.timedelta(hours=5, minutes=30)), "data_alignment", "zone"),
        (ALL, shifted(BAR * 3), "data_alignment", "offset"),
        (OTHER_FEED, ALL, "data_alignment", "feed"),
        (ALL, LONG_ALONE, "pine_only_function_gap", "unknown"),
        (ALL, ALL[:0], "pine_only_function_gap", "unknown"),
        (CALLED, ALL.filter(pl.col("trade_id") != 31), "python_implementation", "margin_call"),
        (ALL, ALL[4:], "warmup_window", "unknown"),
        (ALL, SLIGHTLY_OTHER, "numeric_tolerance", "unknown"),
        (ALL, changed([5, 9], qty=2.0), "python_implementation", "sizing"),
        (changed([5, 9], exit_price=100.77), ALL, "python_implementation", "intrabar"),
        (INSIDE, ALL, "python_implementation", "intrabar"),
        (ALL, INSIDE, "python_implementation", "intrabar"),
        (ALL, ALL.filter(pl.col("trade_id") % 7 != 3), "python_implementation", "unknown"),
        (ALL, LATE_SHIFT, "python_implementation", "unknown"),
    ],
)
def test_a_planted_difference_is_named(
    pine: pl.DataFrame, python: pl.DataFrame, class_name: str, cause: str
) -> None:
    found = explain_trades(pine, python, candles=CANDLES, interval_ms=900_000)
    assert found is not None
    assert (found.class_name, found.cause) == (class_name, cause), found.sentence
    assert found.sentence.endswith(".")


def test_what_is_the_same_needs_no_word() -> None:
    pine = ALL.with_columns(pl.col("entry_price") * (1 + 1e-12))
    assert explain_trades(pine, ALL, candles=CANDLES, interval_ms=900_000) is None
