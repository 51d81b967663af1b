"""A run written as TradingView would export it, with or without a defect; and kept as artifacts."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl

from hewston.pipeline import artifacts
from hewston.pipeline.parity.bridges import keep_upload
from hewston.pipeline.parity.sources import ArtifactSource, RunSource, read_side
from tests.pipeline.parity.uploads import NOW

type Change = Callable[[pl.DataFrame], pl.DataFrame]


def same(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


def export_chart(run: RunSource, path: Path, *, change: Change = same) -> Path:
    """Chart data of a run: its bars and the series of its strategy, epoch seconds."""
    side = read_side((run,), name="Python")
    assert side.candles is not None
    assert side.series is not None
    bars = side.candles.join(side.series, on="ts_open").rename({"volume": "Volume"})
    bars = change(bars).with_columns(time=pl.col("ts_open").dt.epoch("s")).drop("ts_open")
    titles = [one for one in bars.columns if one not in {"time", "Volume"}]
    bars.select("time", *titles, "Volume").write_csv(path, null_value="NaN")
    return path


def export_list(run: RunSource, path: Path, *, change: Change = same, zone: str = "UTC") -> Path:
    """The list of a run's trades, as TradingView's newest layout has it."""
    side = read_side((run,), name="Python")
    assert side.trades is not None
    lines = [NOW]
    for row in change(side.trades).iter_rows(named=True):
        is_open = row["exit_ts"] is None
        side_word = str(row["side"]).lower()
        pnl = 0.0 if is_open else row["net_pnl"]
        ends = (
            ("Exit", row["exit_ts"] or row["entry_ts"], row["exit_price"] or row["entry_price"]),
            ("Entry", row["entry_ts"], row["entry_price"]),
        )
        for word, when, price in ends:
            shown: dt.datetime = when.astimezone(dt.UTC) if zone == "UTC" else _read(when, zone)
            signal = "Open" if is_open and word == "Exit" else "x"
            lines.append(
                f"{row['trade_id']},{word} {side_word},{shown:%Y-%m-%d %H:%M},{signal},{price!r},"
                f"{row['qty']:g},{row['qty'] * row['entry_price']:.4f},{pnl:.6f},0,"
                f"{row['fees'] or 0:.6f},0,0,0,0,0,0,1"
            )
    path.write_text("\n".join(lines) + "\n")
    return path


def _read(when: dt.datetime, zone: str) -> dt.datetime:
    series = pl.Series([when]).dt.convert_time_zone(zone).dt.replace_time_zone(None)
    shown: dt.datetime = series[0]
    return shown


def keep(path: Path, folder: Path, *, zone: str | None = None) -> ArtifactSource:
    """Keep an export as a bridge artifact in a folder of its own."""
    folder.mkdir(parents=True)
    keep_upload(path=path, name=path.name, folder=folder, kept="upload.csv", zone=zone)
    return ArtifactSource(folder=folder)


def write_bars(run: Path, bars: pl.DataFrame, path: Path) -> RunSource:
    """Write the bars that a run was of, and give it as a source."""
    bars.write_parquet(path)
    assert (run / artifacts.MANIFEST_FILE).is_file()
    return RunSource(folder=run, bars_file=path, run_id="0123456789ab")
