"""Planted defects: their class and cause, and that without it both sides are aligned."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hewston.pipeline.parity.sources import RunSource
from tests.pipeline.parity.comparing.ground import BARS, MINUTE, Exported, compare
from tests.pipeline.parity.exports import export_list, keep

SHIFT = 12


CAUSES: dict[str, tuple[dict[str, Any], tuple[str, str, str], dict[str, Any]]] = {
    "times that are closes": (
        {"chart": lambda frame: frame.with_columns(pl.col("ts_open") + MINUTE), "listed": None},
        ("candles", "data_alignment", "stamp"),
        {"moved_s": -60},
    ),
    "another zone": (
        {
            "chart": lambda frame: frame.with_columns(pl.col("ts_open") + pl.duration(hours=8)),
            "listed": None,
        },
        ("candles", "data_alignment", "zone"),
        {"moved_s": -8 * 3600},
    ),
    "a list of another zone": (
        {"chart": None, "zone": "Asia/Taipei"},
        ("candles", "data_alignment", "zone"),
        {"zone": "Asia/Shanghai", "moved_s": 0},
    ),
    "half of the bars": (
        {"chart": lambda frame: frame.head(BARS // 2), "listed": None},
        ("candles", "data_alignment", "feed"),
        {"span": "common"},
    ),
    "a series some bars late": (
        {
            "chart": lambda frame: frame.with_columns(pl.col("slow").shift(-3)),
            "listed": None,
        },
        ("indicators", "python_implementation", "offset"),
        {"offsets": {"slow": 3}},
    ),
    "a series that settles": (
        {
            "chart": lambda frame: frame.with_columns(
                slow=pl.when(pl.int_range(pl.len()) < SHIFT + 20)
                .then(pl.col("slow") + 2.0 ** -pl.int_range(pl.len()).cast(pl.Float64))
                .otherwise("slow")
            ),
            "listed": None,
        },
        ("indicators", "warmup_window", "unknown"),
        {},
    ),
}


@pytest.mark.parametrize("name", CAUSES)
def test_what_one_cause_explains_is_aligned_without_it(
    pine: Exported, run: RunSource, tmp_path: Path, name: str
) -> None:
    given, named, change = CAUSES[name]
    kept = pine(**given)
    report, _ = compare(kept, run, tmp_path / "c")
    assert report["verdict"] == "diverged"
    first = report["first"]
    assert (first["layer"], first["class"], first["cause"]) == named
    hint = report["hints"][0]
    if change:
        assert hint["options"] == change
    again, _ = compare(kept, run, tmp_path / "again", **hint["options"])
    assert again["verdict"].startswith("aligned"), again["sentence"]


def test_fills_at_the_close_offer_the_other_clock(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    early = pl.col("entry_ts", "exit_ts") - MINUTE
    bars = pl.read_parquet(run.bars_file)
    closes = dict(zip(bars["ts_open"].to_list(), bars["close"].to_list(), strict=True))

    def fill_at_close(trades: pl.DataFrame) -> pl.DataFrame:
        moved = trades.with_columns(early)
        return moved.with_columns(
            entry_price=moved["entry_ts"].replace_strict(closes, return_dtype=pl.Float64),
            exit_price=moved["exit_ts"].replace_strict(
                closes, return_dtype=pl.Float64, default=None
            ),
        )

    report, _ = compare(pine(chart=None, listed=fill_at_close), run, tmp_path / "c")
    assert (report["class"], report["cause"]) == ("python_implementation", "fill_clock")
    assert [one["run"] for one in report["hints"]] == [{"fill_clock": "close"}]


def test_fees_of_a_rate_are_named_and_offered(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    fee = 5e-4 * (pl.col("entry_price") + pl.col("exit_price")) * pl.col("qty")

    def charge(trades: pl.DataFrame) -> pl.DataFrame:
        return trades.with_columns(fees=fee, net_pnl=pl.col("net_pnl") - fee)

    report, reader = compare(pine(chart=None, listed=charge), run, tmp_path / "c")
    assert (report["first"]["layer"], report["class"], report["cause"]) == (
        "fees", "python_implementation", "fees",
    )  # fmt: skip
    status = {one["name"]: one["status"] for one in report["layers"]}
    assert (status["signals"], status["fills"], status["size"]) == ("agrees",) * 3
    assert status["fees"] == "differs"
    assert report["hints"][0]["run"] == {"fees_bps": 5.0, "fee_per_unit": 0.0}
    steps = {one["key"]: one["amount"] for one in report["trades"]["waterfall"]["steps"]}
    assert steps["fees"] > 0
    assert abs(steps["residual"]) < 0.02
    assert reader.matches("matched")["total"] == report["trades"]["pine"]
    assert reader.matches("different") == {"total": 0, "items": []}


def test_a_series_of_a_longer_interval_is_offered_once_an_interval(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    ten = pl.col("ts_open").dt.truncate("10m")
    last = pl.col("slow").last().over(ten)
    kept = pine(chart=lambda frame: frame.with_columns(slow=last), listed=None)
    report, _ = compare(kept, run, tmp_path / "c")
    assert (report["class"], report["cause"]) == ("timeframe_aggregation", "repaint")
    assert report["hints"][0]["options"] == {"resampled": ["slow"]}
    again, _ = compare(kept, run, tmp_path / "again", **report["hints"][0]["options"])
    assert again["verdict"] == "aligned", again["sentence"]


def test_what_one_trade_paid_is_no_rate_of_fees(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    fee = pl.when(pl.col("trade_id") == 40).then(1.0).otherwise(0.0)

    def charge(trades: pl.DataFrame) -> pl.DataFrame:
        return trades.with_columns(fees=fee, net_pnl=pl.col("net_pnl") - fee)

    report, _ = compare(pine(chart=None, listed=charge), run, tmp_path / "c")
    assert (report["cause"], report["hints"]) == ("fees", [])


def test_slippage_beyond_the_bars_is_no_other_feed(hours: RunSource, tmp_path: Path) -> None:
    cost = pl.when(pl.col("side").cast(pl.String) == "LONG").then(0.05).otherwise(-0.05)
    path = export_list(
        hours, tmp_path / "list.csv",
        change=lambda trades: trades.with_columns(
            pl.col("entry_price") + cost, pl.col("exit_price") - cost
        ),
    )  # fmt: skip
    report, _ = compare((keep(path, tmp_path / "list", zone="UTC"),), hours, tmp_path / "c")
    assert (report["first"]["layer"], report["class"], report["cause"]) == (
        "fills", "python_implementation", "unknown",
    )  # fmt: skip
    assert "slippage" in report["sentence"]
