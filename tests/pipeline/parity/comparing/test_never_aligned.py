"""Nothing compared, and trades that one side alone has, are never aligned."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.comparing import compare_to_folder
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.sources import RunSource, read_side
from tests.pipeline.parity.comparing.ground import BARS, Exported, compare, pine_without
from tests.pipeline.parity.exports import Change, export_chart, export_list, keep


def test_trades_against_none_are_never_aligned(run: RunSource, tmp_path: Path) -> None:
    """One side has five trades and the other none, either way round."""
    path = export_list(run, tmp_path / "list.csv", change=lambda trades: trades.head(5))
    listed = keep(path, tmp_path / "list", zone="UTC")
    chart = keep(export_chart(run, tmp_path / "chart.csv"), tmp_path / "chart")
    for number, sides in enumerate((((listed,), (chart,)), ((chart,), (listed,)))):
        folder = tmp_path / str(number)
        folder.mkdir()
        report = compare_to_folder(pine=sides[0], python=sides[1], options=Options(), folder=folder)
        assert report["verdict"] in {"diverged", "not_comparable"}
        assert report["sentence"]


PLANTED: dict[str, tuple[Change, tuple[str, str, str]]] = {
    "no trade after the third": (
        lambda trades: trades.head(3),
        ("signals", "python_implementation", "unknown"),
    ),
    "no last trade": (
        lambda trades: trades.head(trades.height - 1),
        ("signals", "python_implementation", "unknown"),
    ),
    "no trade at first": (
        lambda trades: trades.slice(20).with_columns(
            trade_id=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32)
        ),
        ("signals", "warmup_window", "unknown"),
    ),
    "a tick more for each fill": (
        lambda trades: trades.with_columns(pl.col("entry_price", "exit_price") + 0.01),
        ("fills", "python_implementation", "unknown"),
    ),
    "a trade held to the end": (
        lambda trades: trades.head(60).with_columns(
            pl.when(pl.col("trade_id") == 60).then(None).otherwise(pl.col(name)).alias(name)
            for name in ("exit_ts", "exit_price")
        ),
        ("signals", "python_implementation", "unknown"),
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_bars_of_pine_say_where_its_list_has_no_trade_and_that_no_feed_is_another(
    pine: Exported, run: RunSource, tmp_path: Path, name: str
) -> None:
    change, named = PLANTED[name]
    report, _ = compare(pine(listed=change), run, tmp_path / "c")
    first = report["first"]
    assert report["verdict"] == "diverged"
    assert (first["layer"], first["class"], first["cause"]) == named
    assert report["trades"]["outside"] == 0
    assert {one["name"]: one["status"] for one in report["layers"]}["candles"] == "agrees"


NOTHING: dict[str, dict[str, Any]] = {
    "more bars left out than there are": {"skip_bars": 10_000},
    "only common bars, and none is": {"span": "both", "moved_s": 30 * 86_400},
    "the common time, and there is none": {"span": "common", "moved_s": 30 * 86_400},
}


@pytest.mark.parametrize("name", NOTHING)
@pytest.mark.parametrize("what", [{}, {"listed": None}])
def test_options_that_leave_nothing_are_never_aligned(
    pine: Exported, run: RunSource, tmp_path: Path, name: str, what: dict[str, Any]
) -> None:
    report, reader = compare(pine(**what), run, tmp_path / "c", **NOTHING[name])
    assert report["verdict"] == "not_comparable"
    assert report["sentence"].startswith("Nothing could be compared.")
    assert reader.window(0)["ts"] == []
    assert reader.differences()["total"] == 0


def test_first_bars_of_a_run_are_left_out_of_a_list_alone(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    report, _ = compare(pine(chart=None), run, tmp_path / "c", skip_bars=800)
    assert report["verdict"] == "aligned"
    assert 5 < report["trades"]["pine"] < 20
    report, _ = compare(pine_without(run, tmp_path, 1), run, tmp_path / "none", skip_bars=BARS)
    assert report["verdict"] == "not_comparable"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"offsets": {"slow": BARS}}, "offsets.slow"),
        ({"offsets": {"other": 3}}, "offsets.other"),
        ({"resampled": ["other"]}, "resampled.other"),
    ],
)
def test_options_of_no_series_and_moves_beyond_its_end_are_refused(
    pine: Exported, run: RunSource, tmp_path: Path, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(InputError) as refused:
        compare(pine(listed=None), run, tmp_path / "c", **said)
    assert refused.value.details["field"] == field


def test_no_trade_of_pine_and_many_of_python_are_never_aligned(
    run: RunSource, tmp_path: Path
) -> None:
    """An empty list says that none was made; an artifact without one says nothing of it."""
    side = read_side((run,), name="Python")
    assert side.series is not None
    rows = side.series.select(timestamp=pl.col("ts_open").dt.epoch("s"), value="slow").to_dicts()
    said: dict[str, Any] = {
        "name": "slow", "symbol": "TEST", "timeframe": "1m",
        "indicator_series": [{"name": "slow", "values": rows}],
    }  # fmt: skip
    for name, verdict in (("none", "diverged"), ("", "aligned")):
        given: dict[str, Any] = {"trade_events": []} if name else {}
        path = tmp_path / f"a{name}.json"
        path.write_text(json.dumps(said | given))
        report, _ = compare((keep(path, tmp_path / f"k{name}"),), run, tmp_path / f"c{name}")
        assert report["verdict"] == verdict
    assert report["trades"] is None
