"""A run compared with what Pine exported of it: planted defects, their hints, and what is kept."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hewston.pipeline import artifacts, backtest
from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.bridges import keep_upload
from hewston.pipeline.parity.comparing import compare_to_folder
from hewston.pipeline.parity.options import MOST_MOVED_S, Options
from hewston.pipeline.parity.reading import Reader
from hewston.pipeline.parity.report import certify
from hewston.pipeline.parity.sources import ArtifactSource, RunSource, read_side
from tests.pipeline.frames import make_spec, random_bars
from tests.pipeline.parity.exports import Change, export_chart, export_list, keep, same, write_bars

BARS = 900
MINUTE = pl.duration(minutes=1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunSource:
    """A run of moving averages on 900 one-minute bars, filled at the next open."""
    folder = tmp_path_factory.mktemp("run")
    bars = random_bars(BARS, seed=7)
    spec = make_spec(session="all", params={"fast": 5, "slow": 12}, starting_cash=1e6)
    frames, figures = backtest.trade(bars, spec)
    record = artifacts.RunRecord(
        spec=spec, dataset_id="TEST", code_hash="", git_commit=None, created_at=""
    )
    artifacts.write_run(folder, record=record, frames=frames, metrics=figures)
    return write_bars(folder, bars, tmp_path_factory.mktemp("bars") / "bars.parquet")


type Exported = Callable[..., tuple[ArtifactSource, ...]]


@pytest.fixture
def pine(run: RunSource, tmp_path: Path) -> Exported:
    """Exports of the run, changed as said."""

    def export(
        chart: Change | None = same, listed: Change | None = same, zone: str = "UTC"
    ) -> tuple[ArtifactSource, ...]:
        kept = []
        if chart is not None:
            path = export_chart(run, tmp_path / "chart.csv", change=chart)
            kept.append(keep(path, tmp_path / "chart"))
        if listed is not None:
            path = export_list(run, tmp_path / "list.csv", change=listed, zone=zone)
            kept.append(keep(path, tmp_path / "list", zone="UTC"))
        return tuple(kept)

    return export


def compare(
    pine: tuple[ArtifactSource, ...], run: RunSource, folder: Path, **said: object
) -> tuple[dict[str, Any], Reader]:
    folder.mkdir(exist_ok=True)
    options = Options().changed(said)
    report = compare_to_folder(pine=pine, python=(run,), options=options, folder=folder)
    return report, Reader(folder=folder, pine=pine, python=(run,), options=options)


def test_a_run_is_aligned_with_its_own_exports_in_every_layer(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    report, reader = compare(pine(), run, tmp_path / "c")
    assert report["verdict"] == "aligned"
    assert {one["status"] for one in report["layers"]} == {"agrees"}
    assert report["bars"] | {"skipped": []} == {
        "pine": BARS, "python": BARS, "both": BARS, "only_pine": 0, "only_python": 0,
        "compared": BARS, "rows": BARS, "skipped": [],
    }  # fmt: skip
    trades = report["trades"]
    assert trades["pine"] == trades["python"] > 50
    assert trades["kinds"][0] == {"kind": "matched", "trades": trades["pine"], "difference": 0.0}
    assert trades["waterfall"]["start"] == trades["waterfall"]["end"]
    assert (report["first"], report["hints"], report["findings"]) == (None, [], [])
    assert reader.differences()["total"] == 0


def test_the_same_comparison_makes_the_same_bytes(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    kept = pine(chart=lambda frame: frame.with_columns(slow=pl.col("slow") + 1))
    hashes = []
    for name in ("one", "two"):
        compare(kept, run, tmp_path / name)
        files = sorted((tmp_path / name).iterdir())
        hashes.append([(one.name, hashlib.sha256(one.read_bytes()).hexdigest()) for one in files])
    assert hashes[0] == hashes[1]
    assert [name for name, _ in hashes[0]] == [
        "comparison.json",
        "matches.parquet",
        "tiers.parquet",
    ]


def test_one_other_value_is_the_first_divergence_and_is_shown_with_its_bars(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    row = 400
    at = pl.int_range(pl.len()) == row
    change = pl.when(at).then(pl.col("slow") - 0.5).otherwise(pl.col("slow"))
    report, reader = compare(
        pine(lambda frame: frame.with_columns(slow=change)), run, tmp_path / "c"
    )
    first = report["first"]
    assert (report["verdict"], first["layer"], first["class"], first["subject"]) == (
        "diverged", "indicators", "python_implementation", "slow",
    )  # fmt: skip
    assert (first["row"], first["bar"]) == (row, row)
    assert first["delta"] == pytest.approx(0.5)
    shown = reader.window(row, before=20, after=20, titles=["slow"])
    assert (shown["first"], len(shown["ts"])) == (row - 20, 41)
    (series,) = shown["series"]
    assert series["tiers"][20] == "diverges"
    assert series["tiers"].count("bit-exact") == 40
    assert series["python"][20] - series["pine"][20] == pytest.approx(0.5)
    assert shown["pine"] == shown["python"]
    ends = [[one | {"reason": ""} for one in shown["trades"][side]] for side in ("pine", "python")]
    assert ends[0] == ends[1] != []
    found = reader.differences()
    assert found["total"] == 1
    assert (found["items"][0]["row"], found["items"][0]["tier"]) == (row, "diverges")
    errors = reader.errors("slow", points=100)
    assert max(one or 0 for one in errors["absolute"]) == pytest.approx(0.5)
    assert errors["rows"][len(errors["rows"]) // 2] <= BARS


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


def test_a_certificate_names_both_sides_the_profile_and_the_verdict(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    report, _ = compare(pine(), run, tmp_path / "c")
    found = certify(report, code_hash="c" * 64, report_sha256="d" * 64)
    assert found["verdict"] == "aligned"
    assert [one["upload_sha256"] for one in found["pine"]["artifacts"]]
    assert found["python"]["input_hash"]
    assert found["options"]["tolerances"]["default"] == {"absolute": 1e-12, "relative": 1e-6}


def test_a_trade_that_pine_did_not_make_is_only_in_python(run: RunSource, tmp_path: Path) -> None:
    report, _ = compare(pine_without(run, tmp_path, 20), run, tmp_path / "c")
    kinds = {one["kind"]: one["trades"] for one in report["trades"]["kinds"]}
    assert kinds["only in Python"] == 1
    assert report["first"]["layer"] == "signals"
    assert report["verdict"] == "diverged"


def pine_without(run: RunSource, tmp_path: Path, trade: int) -> tuple[ArtifactSource, ...]:
    def leave_out(trades: pl.DataFrame) -> pl.DataFrame:
        kept = trades.filter(pl.col("trade_id") != trade)
        return kept.with_columns(trade_id=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32))

    path = export_list(run, tmp_path / "shorter.csv", change=leave_out)
    return (keep(path, tmp_path / "shorter", zone="UTC"),)


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


def test_a_series_of_a_longer_interval_is_offered_once_an_interval(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    ten = pl.col("ts_open").dt.truncate("10m")
    last = pl.col("slow").last().over(ten)
    kept = pine(chart=lambda frame: frame.with_columns(slow=last), listed=None)
    report, _ = compare(kept, run, tmp_path / "c")
    assert (report["class"], report["cause"]) == ("timeframe_aggregation", "repaint")
    assert report["hints"][0]["options"] == {"resampled": {"slow": "10m"}}
    again, _ = compare(kept, run, tmp_path / "again", **report["hints"][0]["options"])
    assert again["verdict"] == "aligned", again["sentence"]


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
        ({"resampled": {"other": "1h"}}, "resampled.other"),
    ],
)
def test_options_of_no_series_and_moves_beyond_its_end_are_refused(
    pine: Exported, run: RunSource, tmp_path: Path, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(InputError) as refused:
        compare(pine(listed=None), run, tmp_path / "c", **said)
    assert refused.value.details["field"] == field


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


def test_what_one_trade_paid_is_no_rate_of_fees(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    fee = pl.when(pl.col("trade_id") == 40).then(1.0).otherwise(0.0)

    def charge(trades: pl.DataFrame) -> pl.DataFrame:
        return trades.with_columns(fees=fee, net_pnl=pl.col("net_pnl") - fee)

    report, _ = compare(pine(chart=None, listed=charge), run, tmp_path / "c")
    assert (report["cause"], report["hints"]) == ("fees", [])


def test_one_series_of_python_is_read_for_two_of_pine(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    report, reader = compare(
        pine(listed=None), run, tmp_path / "c", mapping={"slow": "fast", "fast": "fast"}
    )
    assert [one["other"] for one in report["series"]] == ["fast", "fast"]
    shown = reader.window(100, titles=["fast", "slow"])["series"]
    assert shown[0]["python"] == shown[1]["python"]
    for row in (-500, -21, BARS + 40, 10**9):
        assert len(reader.window(row, titles=["fast"])["ts"]) <= 20


def test_a_list_whose_order_of_dates_was_said_is_read_again_in_that_order(
    run: RunSource, tmp_path: Path
) -> None:
    text = export_list(run, tmp_path / "list.csv", change=lambda trades: trades.head(40))
    path = tmp_path / "dates.csv"
    path.write_text(
        text.read_text().replace("2023-01-03", "03/01/2023").replace("2023-01-04", "04/01/2023")
    )
    folder = tmp_path / "list"
    folder.mkdir()
    keep_upload(path=path, name="dates.csv", folder=folder, kept="upload.csv", zone="Asia/Tokyo",
                date_order="dmy")  # fmt: skip
    kept = (ArtifactSource(folder=folder),)
    report, _ = compare(kept, run, tmp_path / "c")
    assert report["verdict"] == "diverged"
    again, _ = compare(kept, run, tmp_path / "again", zone="UTC")
    assert again["verdict"] == "aligned", again["sentence"]


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> RunSource:
    """A run on bars of an hour, seven of a session: a bar is now an hour and now a night."""
    days = pl.datetime_range(dt.datetime(2024, 1, 1), dt.datetime(2024, 4, 30), eager=True)
    days = days.filter(days.dt.weekday() <= 5)
    starts = [day + dt.timedelta(hours=9 + hour) for day in days for hour in range(7)]
    times = pl.Series(starts).cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    bars = random_bars(len(times), seed=5).with_columns(ts_open=times)
    spec = make_spec(session="all", interval="1h", calendar="24/7", tz="UTC",
                     params={"fast": 5, "slow": 12}, starting_cash=1e6)  # fmt: skip
    folder = tmp_path_factory.mktemp("run")
    frames, figures = backtest.trade(bars, spec)
    record = artifacts.RunRecord(
        spec=spec, dataset_id="TEST", code_hash="", git_commit=None, created_at="",
        dataset_interval="1h",
    )  # fmt: skip
    artifacts.write_run(folder, record=record, frames=frames, metrics=figures)
    return write_bars(folder, bars, tmp_path_factory.mktemp("bars") / "bars.parquet")


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


def test_profits_of_another_point_value_are_told(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    kept = pine(chart=None, listed=lambda trades: trades.with_columns(pl.col("net_pnl") * 50))
    report, _ = compare(kept, run, tmp_path / "c")
    (warning,) = report["warnings"]
    assert "Pine's profits are 50 times" in warning
