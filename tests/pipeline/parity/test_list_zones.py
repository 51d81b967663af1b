"""The zone of a list is that under which its fills lie inside their bars."""

import datetime as dt

import polars as pl
import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers import find_zones, place, read_upload
from hewston.pipeline.schemas import CANDLES
from tests.pipeline.parity.uploads import (
    SHARED,
    SPRING,
    TRADES,
    listed,
    read,
    rows_of,
)


def bars(step_minutes: int = 15) -> pl.DataFrame:
    """Bars of a price that is another at every hour, so that one zone alone fits."""
    start = dt.datetime(2025, 3, 30, tzinfo=dt.UTC)
    times = [start + dt.timedelta(minutes=step_minutes * at) for at in range(4 * 24 * 20)]
    middle = [1000.0 + 3 * at for at in range(len(times))]
    return pl.DataFrame(
        {
            "ts_open": times,
            "open": middle,
            "high": [m + 1 for m in middle],
            "low": [m - 1 for m in middle],
            "close": middle,
            "volume": middle,
        },
        schema=CANDLES,
    )


def test_the_zone_is_that_under_which_fills_lie_in_their_bars(tmp_path):
    candles = bars()
    trades = []
    for number, at in enumerate((40, 300, 800), start=1):
        begin, end = (candles["ts_open"][row] + dt.timedelta(hours=8) for row in (at, at + 9))
        trades.append(
            (
                number,
                0,
                f"{begin:%Y-%m-%d %H:%M}",
                f"{end:%Y-%m-%d %H:%M}",
                1000.0 + 3 * at,
                1000.0 + 3 * (at + 9),
                "a",
                "b",
                27.0,
                27.0,
                0.0,
                27.0 * number,
            )
        )
    upload = read(tmp_path, listed(SPRING, rows_of(SPRING, trades=trades)))
    offers = find_zones(upload, candles)
    best = [one.zone for one in offers if one.inside == one.of]
    assert "Asia/Taipei" in best
    assert "UTC" not in best
    assert offers[0].of == 6
    with pytest.raises(InputError) as problem:
        place(upload)
    assert problem.value.details["field"] == "zone"
    for zone in ("Asia/Taipei", "+08:00"):
        bridge = place(upload, zone)
        assert bridge.trades is not None
        assert bridge.trades["entry_ts"].to_list() == [
            candles["ts_open"][at] for at in (40, 300, 800)
        ]


def test_a_zone_without_the_time_is_refused(tmp_path):
    trades = [(1, 0, "2025-03-09 02:30", "2025-03-09 04:00", *TRADES[0][4:])]
    upload = read(tmp_path, listed(SPRING, rows_of(SPRING, trades=trades)))
    with pytest.raises(InputError, match="clocks went forward"):
        place(upload, "America/New_York")
    with pytest.raises(InputError, match="no zone that is known"):
        place(upload, "Mars/Phobos")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the probes of TradingView are not here")
def test_all_fills_of_the_probes_lie_in_their_bars_in_taipei():
    candles = pl.read_csv(SHARED / "ohlcv_ETH-USDT-USDT_15m_warmup6m.csv").with_columns(
        ts_open=pl.from_epoch("timestamp", time_unit="ms").cast(CANDLES["ts_open"])
    )
    for path in sorted(SHARED.glob("probes/*/tv_trades.csv")):
        offers = find_zones(read_upload(path, filename=path.name), candles)
        full = [one.zone for one in offers if one.inside == one.of]
        assert "Asia/Taipei" in full
        assert set(full) == {offers[0].zone, *offers[0].same}
