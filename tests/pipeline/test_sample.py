"""The sample year: real DBN files, every promised oddity, the same bytes each time."""

import datetime as dt
import hashlib
import itertools
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import databento_dbn
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from backports import zstd

from hewston.pipeline import calendar
from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.sample import write_sample

UNDEF_PRICE = 2**63 - 1
MINUTE_NS = 60_000_000_000
RENAMED = dt.date(2023, 6, 16)
SESSIONS = calendar.schedule("XNYS", dt.date(2023, 1, 1), dt.date(2023, 12, 31))

# Records of all files in order of their names, decompressed: the same on every machine.
CONTENT_SHA256 = "8efc0fd91146f38823f3b0cbbf35ef28ca390f14fcb9cac932372c04b83a793a"


def decode(path: Path) -> tuple[databento_dbn.Metadata, npt.NDArray[np.void]]:
    """Give a file's metadata and records, by the vendor's own metadata reader and layouts."""
    content = zstd.decompress(path.read_bytes())
    metadata = databento_dbn.Metadata.decode(content)
    layout = databento_dbn.TradeMsg if metadata.schema == "trades" else databento_dbn.MBP1Msg
    start = 8 + int.from_bytes(content[4:8], "little")
    return metadata, np.frombuffer(content, np.dtype(layout._dtypes), offset=start)


def read_year(folder: Path, schema: str) -> pl.DataFrame:
    parts = [
        pl.DataFrame({name: records[name].copy() for name in records.dtype.names or ()})
        for _, records in (decode(path) for path in sorted(folder.glob(f"*.{schema}.dbn.zst")))
    ]
    return pl.concat(parts, rechunk=True)


@pytest.fixture(scope="module")
def tape(sample_year: Path) -> pl.DataFrame:
    """All TBBO records with the minute of their arrival, its session and exchange date."""
    records = read_year(sample_year, "tbbo")
    arrival = (records["ts_recv"] // MINUTE_NS * MINUTE_NS).cast(pl.Int64)
    minute = arrival.cast(pl.Datetime("ns", "UTC"))
    return records.with_columns(
        minute=minute,
        date=calendar.exchange_date(minute, "XNYS"),
        session=calendar.label(minute, SESSIONS),
    )


def test_there_are_a_trades_and_a_tbbo_file_a_month_and_definitions(sample_year: Path) -> None:
    names = sorted(path.name for path in sample_year.iterdir())
    assert len(names) == 25
    assert names[0] == "sample-xnas-itch-20230101-20230131.tbbo.dbn.zst"
    assert names[-1] == "sample-xnas-itch-20231201-20231231.trades.dbn.zst"
    assert "sample-xnas-itch-20230101-20231231.definition.dbn.zst" in names


@pytest.mark.parametrize("schema", ["trades", "tbbo"])
def test_the_files_cover_the_year_without_a_gap(sample_year: Path, schema: str) -> None:
    ranges = []
    for path in sorted(sample_year.glob(f"*.{schema}.dbn.zst")):
        metadata, records = decode(path)
        assert (metadata.version, metadata.dataset) == (3, "XNAS.ITCH")
        assert (str(metadata.schema), metadata.symbols) == (schema, ["DEMO"])
        assert metadata.start <= records["ts_recv"][0]
        assert records["ts_recv"][-1] < metadata.end
        assert (np.diff(records["ts_recv"].astype(np.int64)) >= 0).all()
        ranges.append((metadata.start, metadata.end))
    new_year = [int(dt.datetime(y, 1, 1, tzinfo=dt.UTC).timestamp()) * 10**9 for y in (2023, 2024)]
    assert [ranges[0][0], ranges[-1][1]] == new_year
    assert all(before[1] == after[0] for before, after in itertools.pairwise(ranges))


def test_each_tbbo_record_is_a_trade_of_the_trades_files(sample_year: Path) -> None:
    quotes, trades = read_year(sample_year, "tbbo"), read_year(sample_year, "trades")
    assert trades["rtype"].unique().to_list() == [0]
    assert quotes["rtype"].unique().to_list() == [1]
    assert (trades["length"][0] * 4, quotes["length"][0] * 4) == (48, 80)
    same = [name for name in trades.columns if name not in {"rtype", "length"}]
    assert quotes.select(same).equals(trades.select(same))
    assert trades.height >= 1_000_000


def test_the_instrument_has_one_id_and_then_another(sample_year: Path, tape: pl.DataFrame) -> None:
    days = tape.with_columns(day=pl.from_epoch("ts_recv", "ns").dt.date())
    ids = days.group_by(pl.col("day") >= RENAMED).agg(pl.col("instrument_id").unique())
    assert dict(ids.iter_rows()) == {False: [7001], True: [7113]}
    (june,) = sample_year.glob("*-20230601-*.trades.dbn.zst")
    assert decode(june)[0].mappings == {
        "DEMO": [
            {"start_date": dt.date(2023, 6, 1), "end_date": RENAMED, "symbol": "7001"},
            {"start_date": RENAMED, "end_date": dt.date(2023, 7, 1), "symbol": "7113"},
        ]
    }


def test_the_definitions_say_what_the_instrument_is(sample_year: Path) -> None:
    (path,) = sample_year.glob("*.definition.dbn.zst")
    decoder = databento_dbn.DBNDecoder()
    decoder.write(zstd.decompress(path.read_bytes()))
    definitions = [d for d in decoder.decode() if isinstance(d, databento_dbn.InstrumentDefMsg)]
    assert len(definitions) == SESSIONS.height
    assert {d.instrument_id for d in definitions} == {7001, 7113}
    for definition in definitions:
        assert (definition.raw_symbol, definition.currency) == ("DEMO", "USD")
        assert (definition.min_price_increment, definition.instrument_class) == (10_000_000, "K")


def test_every_session_has_pre_regular_and_post_prints_and_no_other_time_has_any(
    tape: pl.DataFrame,
) -> None:
    by_date = tape.group_by("date", "session").len().pivot("session", index="date", values="len")
    assert sorted(by_date["date"]) == SESSIONS["date"].to_list()
    assert set(by_date.columns) == {"date", "pre", "regular", "post"}
    assert by_date.null_count().sum_horizontal().item() == 0
    assert (by_date["regular"] > 1_500).all()


@pytest.mark.parametrize(
    ("date", "first", "last"),
    [
        (dt.date(2023, 7, 3), "13:30", "16:59"),  # half days, in summer and in winter
        (dt.date(2023, 11, 24), "14:30", "17:59"),
        (dt.date(2023, 3, 10), "14:30", "20:59"),  # before and after the clocks change
        (dt.date(2023, 3, 13), "13:30", "19:59"),
        (dt.date(2023, 11, 3), "13:30", "19:59"),
        (dt.date(2023, 11, 6), "14:30", "20:59"),
    ],
)
def test_regular_prints_fill_the_exchanges_hours(
    tape: pl.DataFrame, date: dt.date, first: str, last: str
) -> None:
    regular = tape.filter(pl.col("date") == date, pl.col("session") == "regular")["minute"]
    times = regular.dt.strftime("%H:%M").to_list()
    assert (times[0], times[-1]) == (first, last)


def test_one_hour_is_halted_and_some_other_regular_minutes_are_empty(tape: pl.DataFrame) -> None:
    present = set(tape["minute"])
    empty = [
        minute
        for opens, close in SESSIONS["open", "close"].rows()
        for minute in pl.datetime_range(opens, close, "1m", closed="left", eager=True)
        if minute not in present
    ]
    halt = dt.datetime(2023, 5, 3, 15, 30, tzinfo=dt.UTC)
    halted = [minute for minute in empty if halt <= minute < halt + dt.timedelta(hours=1)]
    assert len(halted) == 60
    assert 500 <= len(empty) - len(halted) <= 1_000


def test_the_closing_auction_prints_just_after_the_close(tape: pl.DataFrame) -> None:
    largest = (
        tape.filter(pl.col("session") == "post")
        .group_by("date")
        .agg(pl.all().sort_by("size").last())
    )
    closes = largest.join(SESSIONS, on="date")
    after = closes["ts_event"].cast(pl.Int64) - closes["close"].cast(pl.Int64)
    assert closes.height == SESSIONS.height
    assert after.is_between(0, 10**9).all()
    assert (closes["size"] >= 20_000).all()


def test_crossed_locked_one_sided_quotes_and_parts_of_a_cent_occur(tape: pl.DataFrame) -> None:
    bid, ask = pl.col("bid_px_00"), pl.col("ask_px_00")
    no_bid, no_ask = bid == UNDEF_PRICE, ask == UNDEF_PRICE
    two_sided = ~no_bid & ~no_ask
    counts = tape.select(
        crossed=(two_sided & (bid > ask)).sum(),
        locked=(two_sided & (bid == ask)).sum(),
        no_bid=no_bid.sum(),
        no_ask=no_ask.sum(),
        sub_cent=(pl.col("price") % 10_000_000 != 0).sum(),
        at_one_time=(pl.col("ts_event").diff() == 0).sum(),
        received_a_minute_later=(
            pl.col("ts_event") // MINUTE_NS != pl.col("ts_recv") // MINUTE_NS
        ).sum(),
    ).row(0, named=True)
    least = {
        "crossed": 2_500,
        "locked": 3_000,
        "no_bid": 900,
        "no_ask": 900,
        "sub_cent": 30_000,
        "at_one_time": 100_000,
        "received_a_minute_later": 2_000,
    }
    assert {name for name, count in least.items() if counts[name] < count} == set(), counts


def test_most_quotes_are_sound_and_prices_plausible(tape: pl.DataFrame) -> None:
    spread = (tape["ask_px_00"] - tape["bid_px_00"]) / 10_000_000
    assert spread.is_between(0.5, 4.5).sum() > 0.9 * spread.len()
    dollars = tape["price"] / 10**9
    assert dollars.is_between(75, 250).all()
    assert {*tape["side"].unique()} == {b"A", b"B", b"N"}


def test_clocks_and_sequence_numbers_go_forward(tape: pl.DataFrame) -> None:
    delay = tape["ts_recv"] - tape["ts_event"]
    assert delay.is_between(1, 10**6).all()
    assert (tape["ts_in_delta"] > 0).all()
    step = pl.col("sequence").cast(pl.Int64).diff().over("date")
    assert tape.select(step.drop_nulls().min()).item() >= 1


def test_the_content_is_the_one_it_has_always_been(sample_year: Path) -> None:
    digest = hashlib.sha256()
    for path in sorted(sample_year.iterdir()):
        digest.update(zstd.decompress(path.read_bytes()))
    assert digest.hexdigest() == CONTENT_SHA256


def test_another_process_writes_the_same_bytes(sample_year: Path, tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from hewston.pipeline.sources.sample import write_sample
write_sample(Path(sys.argv[1]))
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    again = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert again == {path.name: path.read_bytes() for path in sample_year.iterdir()}


@pytest.mark.parametrize("year", [2000, 2001, 2030])
def test_any_year_has_its_million_and_its_empty_minutes(tmp_path: Path, year: int) -> None:
    seen: list[Mapping[str, object]] = []
    paths = write_sample(tmp_path / "made", year=year, progress=seen.append)
    assert sorted(paths) == sorted((tmp_path / "made").iterdir())
    assert [report["file"] for report in seen] == [path.name for path in paths[2::2]]
    arrivals = pl.concat(
        pl.Series(decode(path)[1]["ts_recv"].astype(np.int64)) for path in paths[2::2]
    )
    sessions = calendar.schedule("XNYS", dt.date(year, 1, 1), dt.date(year, 12, 31))
    minutes = (arrivals // MINUTE_NS * MINUTE_NS).unique().cast(pl.Datetime("ns", "UTC"))
    regular = (calendar.label(minutes, sessions) == "regular").sum()
    possible = sessions.select((pl.col("close") - pl.col("open")).dt.total_minutes().sum()).item()
    assert arrivals.len() >= 1_000_000
    assert seen[-1] == {
        "file": paths[-1].name,
        "day": f"{year}-12-31",
        "records": 2 * arrivals.len(),
        "share": 1.0,
    }
    assert 560 <= possible - regular <= 1_100
    assert calendar.exchange_date(minutes, "XNYS").n_unique() == sessions.height


def test_a_year_that_has_no_sample_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1989.*1990 to 2100"):
        write_sample(tmp_path / "made", year=1989)
    assert not (tmp_path / "made").exists()


def test_what_progress_raises_ends_the_writing(tmp_path: Path) -> None:
    def stop(_: Mapping[str, object]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sample(tmp_path, progress=stop)
    assert len(list(tmp_path.iterdir())) == 3
