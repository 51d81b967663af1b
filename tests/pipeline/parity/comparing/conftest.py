"""A run of minutes, one of hours, and exports of the first."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from hewston.pipeline import artifacts, backtest
from hewston.pipeline.parity.sources import ArtifactSource, RunSource
from tests.pipeline.frames import make_spec, random_bars
from tests.pipeline.parity.comparing.ground import BARS, Exported
from tests.pipeline.parity.exports import Change, export_chart, export_list, keep, same, write_bars


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
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
