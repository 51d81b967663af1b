"""The zone of a list's times, where nobody said it."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.board.zones import choose_zone
from hewston.pipeline.parity.readers import Upload, read_upload
from hewston.pipeline.schemas import CANDLES

HEADER = (
    "Trade number,Type,Date and time,Signal,Price USD,Size (qty),Size (value),Net PnL USD,"
    "Net PnL %,Favorable excursion USD,Favorable excursion %,Adverse excursion USD,"
    "Adverse excursion %,Cumulative PnL USD,Cumulative PnL %"
)
MIDNIGHT = dt.datetime(2025, 3, 31, tzinfo=dt.UTC)


def candles(count: int, hours: int) -> pl.DataFrame:
    """Bars that rise by a point each, from so many hours after a midnight of UTC."""
    starts = [MIDNIGHT + dt.timedelta(hours=hours, minutes=15 * bar) for bar in range(count)]
    low = pl.Series([float(bar) for bar in range(count)])
    return pl.DataFrame(
        {"ts_open": starts, "open": low, "high": low + 1, "low": low, "close": low, "volume": 1.0},
        schema=CANDLES,
    )


def listed_at(folder: Path, *bars: int) -> Upload:
    """Trades of two bars that begin at these bars after a midnight of the chart."""
    rows = [HEADER]
    for number, bar in enumerate(bars, start=1):
        for word, at in (("Exit", bar + 2), ("Entry", bar)):
            when = MIDNIGHT + dt.timedelta(minutes=15 * at)
            rows.append(f"{number},{word} long,{when:%Y-%m-%d %H:%M},x,{at + 0.5},1{',0' * 9}")
    path = folder / "a.csv"
    path.write_text("\n".join(rows) + "\n")
    return read_upload(path, filename="a.csv")


@pytest.mark.parametrize(
    ("hours", "zone"), [(-8, "Asia/Shanghai"), (0, "UTC"), (4, "America/New_York")]
)
def test_the_zone_is_the_one_under_which_fills_lie_inside_their_bars(
    tmp_path: Path, hours: int, zone: str
) -> None:
    upload = listed_at(tmp_path, 40, 50, 61)
    assert choose_zone(upload, candles(96, hours), name="a.csv") == zone


def test_where_no_zone_or_more_than_one_does_best_that_is_said(tmp_path: Path) -> None:
    upload = listed_at(tmp_path, 40)
    flat = candles(96, 0).with_columns(low=pl.lit(0.0), high=pl.lit(100.0))
    with pytest.raises(InputError, match="as well under UTC, America/New_York") as refusal:
        choose_zone(upload, flat, name="a.csv")
    assert refusal.value.message.endswith("Say which zone it is.")
    with pytest.raises(InputError, match="under none do its fills lie"):
        choose_zone(upload, flat.with_columns(high=pl.lit(1.0)), name="a.csv")
