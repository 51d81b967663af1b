"""Times that are moved, of another zone, or of other bars, and what is offered."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hewston.pipeline import artifacts, backtest
from hewston.pipeline.parity.options import MOST_MOVED_S
from hewston.pipeline.parity.sources import RunSource
from tests.pipeline.frames import make_spec, random_bars
from tests.pipeline.parity.comparing.ground import BARS, MINUTE, Exported, compare
from tests.pipeline.parity.exports import export_chart, export_list, keep, write_bars

INSIDE = pl.col("ts_open").dt.hour().is_between(15, 17)


def test_other_sessions_are_offered_to_be_left_out(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    kept = pine(chart=lambda frame: frame.filter(INSIDE), listed=None)
    report, _ = compare(kept, run, tmp_path / "c")
    assert (report["class"], report["bars"]["only_python"]) == ("data_alignment", BARS - 180)
    again, _ = compare(kept, run, tmp_path / "again", **report["hints"][0]["options"])
    assert again["verdict"] == "aligned"
    assert again["bars"]["skipped"]


def test_clocks_that_were_set_are_a_zone_and_its_name_is_found(tmp_path: Path) -> None:
    step_ns, first_ns = 1_800_000_000_000, 1_738_368_000_000_000_000  # from 2025-02-01 on
    starts = (first_ns + step_ns * pl.int_range(4_000)).cast(pl.Datetime("ns", "UTC"))
    bars = random_bars(4_000, seed=3).with_columns(ts_open=starts)
    spec = make_spec(session="all", interval="30m", calendar="24/7", tz="UTC",
                     params={"fast": 5, "slow": 12}, starting_cash=1e6)  # fmt: skip
    folder = tmp_path / "run"
    folder.mkdir()
    frames, figures = backtest.trade(bars, spec)
    record = artifacts.RunRecord(
        spec=spec, dataset_id="TEST", code_hash="", git_commit=None, created_at="",
        dataset_interval="30m",
    )  # fmt: skip
    artifacts.write_run(folder, record=record, frames=frames, metrics=figures)
    run = write_bars(folder, bars, tmp_path / "bars.parquet")
    path = export_list(run, tmp_path / "list.csv", zone="America/New_York")
    kept = (keep(path, tmp_path / "list", zone="UTC"),)
    report, _ = compare(kept, run, tmp_path / "c")
    assert (report["class"], report["cause"]) == ("data_alignment", "zone")
    (hint,) = report["hints"]
    assert hint["options"] == {"zone": "America/New_York", "moved_s": 0}
    again, _ = compare(kept, run, tmp_path / "again", **hint["options"])
    assert again["verdict"] == "aligned", again["sentence"]


def test_longer_bars_are_offered_to_the_run(run: RunSource, tmp_path: Path) -> None:
    def merge(bars: pl.DataFrame) -> pl.DataFrame:
        every = bars.group_by_dynamic("ts_open", every="5m")
        return every.agg(
            pl.col("open").first(), pl.col("high").max(), pl.col("low").min(),
            pl.col("close", "fast", "slow").last(), pl.col("Volume").sum(),
        )  # fmt: skip

    path = export_chart(run, tmp_path / "chart.csv", change=merge)
    report, _ = compare((keep(path, tmp_path / "chart"),), run, tmp_path / "c")
    assert report["class"] == "data_alignment"
    assert "Bars of Pine are of 5m, and those of Python of 1m." in report["sentence"]
    assert [one["run"] for one in report["hints"]] == [{"interval": "5m"}]


def test_a_list_whose_times_are_moved_offers_to_move_them(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    """Not where the chart's bars are right: they would be moved as well."""
    for minutes, cause in ((1, "stamp"), (3, "offset")):

        def move(trades: pl.DataFrame, by: pl.Expr = minutes * MINUTE) -> pl.DataFrame:
            return trades.with_columns(pl.col("entry_ts", "exit_ts") + by)

        path = export_list(run, tmp_path / "moved.csv", change=move)
        kept = keep(path, tmp_path / cause, zone="UTC")
        report, _ = compare((kept,), run, tmp_path / "c")
        assert (report["class"], report["cause"]) == ("data_alignment", cause)
        assert [one["options"] for one in report["hints"]] == [{"moved_s": -60 * minutes}]
        again, _ = compare((kept,), run, tmp_path / "again", moved_s=-60 * minutes)
        assert again["verdict"] == "aligned"
        if cause == "stamp":
            both, _ = compare((*pine(listed=None), kept), run, tmp_path / "both")
            assert (both["cause"], both["hints"]) == (cause, [])


def test_moved_times_of_another_zone_offer_that_zone_alone(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    kept = pine(chart=None, zone="Asia/Taipei")
    report, _ = compare(kept, run, tmp_path / "c", moved_s=3600)
    (hint,) = report["hints"]
    assert hint["options"] == {"zone": "Asia/Shanghai", "moved_s": 0}
    again, _ = compare(kept, run, tmp_path / "again", **hint["options"])
    assert again["verdict"] == "aligned"


def test_candles_that_are_moved_offer_no_move_of_series(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    late = pl.exclude("ts_open").shift(1)
    report, _ = compare(
        pine(lambda bars: bars.with_columns(late), listed=None), run, tmp_path / "c"
    )
    assert (report["class"], report["cause"]) == ("data_alignment", "offset")
    assert [one["options"] for one in report["hints"]] == [{"moved_s": -60}]


@pytest.mark.parametrize(("bars", "said"), [(1, "1 bar later"), (-2, "2 bars earlier")])
def test_candles_some_bars_apart_are_an_offset_though_nights_lie_between(
    hours: RunSource, tmp_path: Path, bars: int, said: str
) -> None:
    path = export_chart(
        hours, tmp_path / "chart.csv",
        change=lambda frame: frame.with_columns(pl.exclude("ts_open").shift(bars)),
    )  # fmt: skip
    report, _ = compare((keep(path, tmp_path / "chart"),), hours, tmp_path / "c")
    assert (report["class"], report["cause"], report["hints"]) == ("data_alignment", "offset", [])
    assert said in report["sentence"]


def test_rows_that_are_moved_back_leave_no_other_zone(hours: RunSource, tmp_path: Path) -> None:
    """The bars at which each week begins are then an hour off: few, and no clock of a zone."""
    path = export_chart(
        hours, tmp_path / "chart.csv",
        change=lambda frame: frame.with_columns(
            ts_open=pl.when(pl.int_range(pl.len()) % 35 == 34)
            .then(pl.col("ts_open") + pl.duration(hours=1))
            .otherwise("ts_open")
        ),
    )  # fmt: skip
    report, _ = compare((keep(path, tmp_path / "chart"),), hours, tmp_path / "c")
    assert (report["class"], report["cause"]) == ("data_alignment", "feed")


@pytest.mark.parametrize("cut", [{"span": "common"}, {"span": "both"}, {"skip_bars": 30}])
def test_another_zone_is_seen_also_where_bars_are_left_out(
    pine: Exported, run: RunSource, tmp_path: Path, cut: dict[str, Any]
) -> None:
    hours = pl.col("ts_open") + pl.duration(hours=8)
    kept = pine(lambda bars: bars.with_columns(hours), listed=None)
    report, _ = compare(kept, run, tmp_path / "c", **cut)
    assert (report["class"], report["cause"]) == ("data_alignment", "zone")
    again, _ = compare(kept, run, tmp_path / "again", **cut, **report["hints"][0]["options"])
    assert again["verdict"] == "aligned"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-30, "+30 seconds"), (3 * 86_400, "-3 days"), (500 * 86_400, "-500 days")],
)
def test_times_far_or_little_apart_are_said_in_their_unit_and_offered_where_they_can_be(
    pine: Exported, run: RunSource, tmp_path: Path, seconds: int, said: str
) -> None:
    moved = pl.col("ts_open") + pl.duration(seconds=seconds)
    kept = pine(lambda bars: bars.with_columns(moved), listed=None)
    report, _ = compare(kept, run, tmp_path / "c")
    assert f"moved by {said} the candles" in report["sentence"]
    assert [one["options"]["moved_s"] for one in report["hints"]] == (
        [-seconds] if seconds <= MOST_MOVED_S else []
    )
