"""A dataset proved against tables of bars."""

import csv
import dataclasses
import datetime as dt
import io
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from hewston.pipeline.equality import REPORT_FILE
from hewston.pipeline.ingest.request import derive as derive_files
from hewston.pipeline.ingest.ticks import silent
from hewston.pipeline.store import read_json
from tests.pipeline.dbnfiles import Meta, Print, write_dbn
from tests.pipeline.tables.reading import rows, table
from tests.pipeline.tables.reading import write as write_table
from tests.pipeline.test_proof import (
    PRINTS,
    derive,
    merge_by_hand,
    prove_against,
    refusal_of,
    report_of,
    subject_of,
)
from tests.pipeline.vendorfiles import write_vendor

NEW_YORK = ZoneInfo("America/New_York")
STAMPED = {"tz": "UTC", "stamp": "open"}
FIGURES = ("open", "high", "low", "close", "volume")


@pytest.fixture
def draft(tmp_path):
    return derive(tmp_path, write_dbn(tmp_path / "trades.dbn.zst", PRINTS))


@pytest.fixture
def subject(draft):
    return subject_of(draft)


@pytest.fixture
def bars(draft):
    return pl.read_parquet(draft.bars)


def write_csv(path, bars, *, form="%Y-%m-%d %H:%M", name="time"):
    table = bars.select(pl.col("ts_open").dt.strftime(form).alias(name), *FIGURES)
    table.write_csv(path)
    return path


def test_a_table_of_the_same_bars_is_equal(tmp_path, subject, bars):
    path = write_csv(tmp_path / "AAA.csv", bars)
    report = report_of(subject, tmp_path, path, table=STAMPED)
    assert (report["verdict"], report["bars"]["equal"]) == ("EQUAL", len(bars))
    assert report["notes"] == []
    assert report["sessions"][0]["both"] == len(bars)


@pytest.mark.parametrize("step", ["1m", "15m", "1d", "1w"])
def test_a_dataset_of_a_table_is_equal_to_that_table(tmp_path, step):
    path = write_table(tmp_path, table(rows(80, step=step, first="2025-03-03 00:00")))
    staging = tmp_path / "staging"
    staging.mkdir()
    options = {"table": {**STAMPED, "symbol": "AAA"}}
    (draft,) = derive_files([path], staging=staging, options=options, progress=silent).drafts
    report = report_of(subject_of(draft, raw=(path,)), tmp_path, path, table=STAMPED)
    assert (report["verdict"], report["bars"]["equal"]) == ("EQUAL", 80)


@pytest.mark.parametrize("column", FIGURES)
def test_a_planted_difference_in_a_table_is_found(tmp_path, subject, bars, column):
    change = {"high": 0.5, "low": -0.5, "volume": 1.0}.get(column, 0.0)
    at = next(
        row
        for row, bar in enumerate(bars.iter_rows(named=True))
        if bar["low"] + 0.02 < bar["close"] < bar["high"] - 0.02
        and bar["low"] + 0.02 < bar["open"] < bar["high"] - 0.02
    )
    values = bars[column].to_list()
    values[at] = round(values[at] + (change or 0.01), 2)
    path = write_csv(tmp_path / "AAA.csv", bars.with_columns(pl.Series(column, values)))
    report = report_of(subject, tmp_path, path, table=STAMPED)
    wrong = {one["column"]: one["differing"] for one in report["columns"] if one["differing"]}
    assert (report["verdict"], wrong) == ("DIFFERENT", {column: 1})
    assert f"{bars['ts_open'][at]:%Y-%m-%dT%H:%M:%SZ}" in report["sentence"]


def test_what_a_table_does_not_say_is_asked(tmp_path, subject, bars):
    problem = refusal_of(subject, tmp_path, write_csv(tmp_path / "AAA.csv", bars))
    asked = problem.details["questions"]
    assert isinstance(asked, list)
    assert [one["option"] for one in asked] == ["tz", "stamp"]
    assert not list(tmp_path.glob("proof*/report"))


def test_bars_of_an_hour_are_cut_where_the_table_cuts_them(tmp_path, subject):
    prints = [(one.at, one) for one in PRINTS]
    half_past = merge_by_hand([one for _, one in prints], 1800)
    rows = (
        half_past.with_row_index("row")
        .group_by(pl.col("row") // 2, maintain_order=True)
        .agg(
            pl.col("ts_open", "open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
    )
    path = write_csv(tmp_path / "AAA.csv", rows)
    report = report_of(subject, tmp_path, path, table={**STAMPED, "interval": "1h"})
    assert report["verdict"] == "EQUAL"
    assert report["bars"]["both"] == 3
    assert "by the clock" in report["notes"][0]
    even = write_csv(tmp_path / "AAA-even.csv", merge_by_hand(PRINTS, 3600))
    report = report_of(subject, tmp_path, even, table=STAMPED)
    assert (report["verdict"], report["bars"]["both"]) == ("EQUAL", 4)


def test_bars_of_days_are_those_of_regular_sessions(tmp_path):
    prints = [
        *(Print(at=at, price=100 + at / 1000, sequence=at) for at in range(0, 3000, 10)),
        Print(at=-3600, price=50, sequence=1),  # before the open
        *(Print(at=86_400 + at, price=90 + at / 1000, sequence=at) for at in range(0, 3000, 10)),
    ]
    prints.sort(key=lambda one: one.at)
    two_days = Meta(end=dt.date(2023, 1, 5))
    draft = derive(tmp_path, write_dbn(tmp_path / "trades.dbn", prints, two_days))
    path = tmp_path / "AAA.csv"
    path.write_text(
        "Date,Open,High,Low,Close,Volume\n"
        "2023-01-03,100,102.99,100,102.99,30000\n2023-01-04,90,92.99,90,92.99,30000\n"
        "2023-01-05,90,92,89,91,30000\n"
    )
    report = report_of(subject_of(draft), tmp_path, path)
    assert report["verdict"] == "EQUAL"
    assert report["bars"]["both"] == 2
    assert report["outside"]["theirs"] == 1
    assert report["dates"] | {"only_ours": 0} == {
        "both": 2,
        "only_ours": 0,
        "only_theirs": 0,
        "first": "2023-01-03",
        "last": "2023-01-04",
    }


def test_tables_that_overlap_are_one_and_contradictions_are_refused(tmp_path, subject, bars):
    one = write_csv(tmp_path / "AAA-1.csv", bars.head(60))
    other = write_csv(tmp_path / "AAA-2.csv", bars.tail(-50))
    report = report_of(subject, tmp_path, one, other, table=STAMPED)
    assert (report["verdict"], report["bars"]["equal"]) == ("EQUAL", len(bars))
    write_csv(other, bars.tail(-50).with_columns(volume=pl.lit(1.0)))
    problem = refusal_of(subject, tmp_path, one, other, table=STAMPED)
    assert "Two of the files have different bars" in problem.message


def test_tables_and_dbn_files_are_not_mixed(tmp_path, subject, bars):
    one = write_csv(tmp_path / "AAA.csv", bars)
    other = write_vendor(tmp_path / "vendor.dbn", bars)
    problem = refusal_of(subject, tmp_path, one, other, table=STAMPED)
    assert problem.message.startswith("AAA.csv is no DBN file, and others are.")


def vendor_minutes(folder: Path, symbol: str, day: dt.date) -> list[dict[str, object]]:
    """Read the vendor's own minutes: ms since midnight in New York, prices x 10,000."""
    with zipfile.ZipFile(folder / f"{symbol.lower()}_{day:%Y%m%d}_trade.zip") as archive:
        (name,) = archive.namelist()
        text = archive.read(name).decode()
    midnight = dt.datetime.combine(day, dt.time(), NEW_YORK)
    return [
        {
            "time": (midnight + dt.timedelta(milliseconds=int(row[0]))).astimezone(dt.UTC),
            **{key: int(value) / 10_000 for key, value in zip(FIGURES, row[1:5], strict=False)},
            "volume": int(row[5]),
        }
        for row in csv.reader(io.StringIO(text))
    ]


@pytest.mark.parametrize("symbol", ["AIG", "BAC"])
def test_a_vendor_with_other_rules_differs_in_few_bars(tmp_path, real_data, symbol):
    days = [dt.date(2013, 10, 7), dt.date(2013, 10, 8)]
    folder = real_data / "dbn" / "us-equity-2013"
    draft = derive(tmp_path, *sorted(folder.glob(f"*.{symbol}.trades.dbn.zst")), symbol=symbol)
    rows = [
        row for day in days for row in vendor_minutes(real_data / "us-equity-minute", symbol, day)
    ]
    path = tmp_path / f"{symbol}.csv"
    pl.DataFrame(rows).with_columns(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).write_csv(
        path
    )
    proof = prove_against(subject_of(draft), tmp_path, path, table={"stamp": "open"})
    report = read_json(proof.folder / REPORT_FILE)
    assert report["verdict"] == "DIFFERENT"
    share = {one["column"]: one["exact"] / one["compared"] for one in report["columns"]}
    assert 0.98 < share["volume"] < 1
    assert all(0.7 < share[name] < 1 for name in FIGURES[:4])


def derive_table(folder: Path, lines: str, *, name: str, calendar: str, **answers: object):
    staging = folder / f"staging-{name}"
    staging.mkdir()
    path = folder / f"{name}.csv"
    path.write_text(lines)
    options = {"calendar": calendar, "table": {"symbol": "AAA", **answers}}
    return derive_files([path], staging=staging, options=options, progress=silent).drafts[0]


def test_days_stamped_with_the_evening_before_are_those_of_a_table_of_dates(tmp_path):
    days = [dt.date(2024, 3, 4) + dt.timedelta(days=n) for n in range(5)]
    began = [dt.datetime.combine(day, dt.time(17), NEW_YORK) - dt.timedelta(days=1) for day in days]
    figures = [f"{1.1 + n / 100:.2f},1.5,1.0,{1.2 + n / 100:.2f},{n + 5}" for n in range(5)]
    times = "time,open,high,low,close,Volume\n" + "".join(
        f"{int(at.timestamp())},{row}\n" for at, row in zip(began, figures, strict=True)
    )
    dates = "Date,Open,High,Low,Close,Volume\n" + "".join(
        f"{day},{row}\n" for day, row in zip(days, figures, strict=True)
    )
    draft = derive_table(tmp_path, times, name="evenings", calendar="FX", stamp="open")
    path = tmp_path / "dates.csv"
    path.write_text(dates)
    report = report_of(subject_of(draft, raw=()), tmp_path, path)
    assert (report["verdict"], report["bars"]["equal"]) == ("EQUAL", 5)
    assert (report["dates"]["first"], report["dates"]["last"]) == ("2024-03-04", "2024-03-08")


def test_volume_that_is_unknown_is_not_compared_when_bars_are_merged(tmp_path, subject, bars):
    unknown = bars.with_columns(volume=pl.lit(None, pl.Float64))
    unknown.write_parquet(tmp_path / "bars.parquet")
    changed = dataclasses.replace(subject, bars=tmp_path / "bars.parquet")
    path = write_csv(tmp_path / "AAA.csv", merge_by_hand(PRINTS, 3600))
    report = report_of(changed, tmp_path, path, table=STAMPED)
    assert report["verdict"] == "EQUAL"
    assert "volume" in report["not_compared"]


def test_days_of_a_zone_are_those_of_a_vendor_with_the_same_dates(tmp_path):
    lines = "Date,Open,High,Low,Close,Volume\n" + "".join(
        f"2023-01-0{day},{100 + day},{110 + day},{90 + day},{101 + day},{day}\n"
        for day in range(3, 7)
    )
    draft = derive_table(tmp_path, lines, name="days", calendar="XFRA", tz="Europe/Berlin")
    midnights = [dt.datetime(2023, 1, day, tzinfo=dt.UTC) for day in range(3, 7)]
    bars = pl.read_parquet(draft.bars).with_columns(
        ts_open=pl.Series(midnights).cast(pl.Datetime("ns", "UTC"))
    )
    meta = Meta(schema="ohlcv-1d", end=dt.date(2023, 1, 7))
    path = write_vendor(tmp_path / "days.dbn", bars, meta)
    report = report_of(subject_of(draft, raw=()), tmp_path, path)
    assert (report["verdict"], report["bars"]["equal"]) == ("EQUAL", 4)
    assert (report["dates"]["first"], report["dates"]["last"]) == ("2023-01-03", "2023-01-06")


def test_another_tick_size_is_another_comparison(tmp_path, subject, bars):
    path = write_csv(tmp_path / "AAA.csv", bars)
    coarse = dataclasses.replace(subject, tick_size=1.0)
    digests = {
        prove_against(one, tmp_path, path, table=STAMPED).digest for one in (subject, coarse)
    }
    assert len(digests) == 2
