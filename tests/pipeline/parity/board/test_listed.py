"""Lists whose dates do not tell which number is the day, on the bars of a board."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.board.listed import Bars, place_list, read_list
from hewston.pipeline.schemas import CANDLES
from tests.pipeline.frames import make_spec
from tests.pipeline.parity.board.test_zones import HEADER

FIRST = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
DAYS = 365


def bars(interval: str, date_order: str | None = None, *, flat: bool = False) -> Bars:
    """Bars of a price that rises by a point a day, or not at all."""
    hours = {"1d": 24, "4h": 4}[interval]
    starts = [FIRST + dt.timedelta(hours=hours * at) for at in range(DAYS * 24 // hours)]
    low = pl.Series([100.0 if flat else float((at - FIRST).days) for at in starts])
    high = low + (300 if flat else 1)
    frame = pl.DataFrame(
        {"ts_open": starts, "open": low, "high": high, "low": low, "close": low, "volume": 1.0},
        schema=CANDLES,
    )
    spec = make_spec(interval=interval, calendar="24/7", tz="UTC")
    return Bars(frame=frame, spec=spec, zone="UTC", date_order=date_order)


def write(folder: Path, form: str, clock: str = "") -> Path:
    """List a trade a month, from the first of May, each of two days; prices are those of bars."""
    rows = [HEADER]
    for number, month in enumerate((5, 6, 7), start=1):
        for word, day in (("Exit", 4), ("Entry", 2)):
            when = dt.datetime(2025, month, day, tzinfo=dt.UTC)
            price = (when - FIRST).days + 0.5
            cells = f"{number},{word} long,{when:{form}}{clock},x,{price},1"
            rows.append(cells + ",0" * 9)
    path = folder / "a.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize(("form", "order"), [("%d/%m/%Y", "dmy"), ("%m/%d/%Y", "mdy")])
@pytest.mark.parametrize(("interval", "clock"), [("1d", ""), ("4h", " 04:00")])
def test_the_order_is_that_under_which_fills_lie_inside_their_bars(
    tmp_path: Path, form: str, order: str, interval: str, clock: str
) -> None:
    ground = bars(interval)
    upload = read_list(write(tmp_path, form, clock), ground)
    placed = place_list(upload, ground)
    assert upload.date_order == order
    assert placed.trades["entry_ts"][0].date() == dt.date(2025, 5, 2)


def test_where_bars_do_not_tell_it_must_be_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [
        f"1,{word} long,0{day}/03/2025,x,150,1" + ",0" * 9
        for word, day in (("Exit", 4), ("Entry", 2))
    ]
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    with pytest.raises(InputError, match="is the day cannot be told") as refusal:
        read_list(path, bars("1d", flat=True))
    assert refusal.value.details["field"] == "date_order"
    said = read_list(path, bars("1d", "mdy", flat=True))
    assert said.date_order == "mdy"
