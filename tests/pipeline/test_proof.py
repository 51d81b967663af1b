"""A dataset proved against a vendor's own bars in DBN files."""

import datetime as dt
import itertools
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hewston.pipeline import store
from hewston.pipeline.equality import DIFFERENCES_FILE, REPORT_FILE, Proof, Subject, prove
from hewston.pipeline.errors import CancelledError, InputError
from hewston.pipeline.ingest import DatasetDraft, derive_dbn
from hewston.pipeline.ingest.ticks import silent
from tests.pipeline.dbnfiles import DAY, NS, OPEN, Meta, Print, write_dbn
from tests.pipeline.frames import make_bars
from tests.pipeline.vendorfiles import SCHEMAS, record_of, write_vendor

NEXT = DAY + dt.timedelta(days=1)
VENDOR = Meta(schema="ohlcv-1m")
chance = random.Random(1)
PRINTS = [
    Print(
        at=at + chance.random(),
        price=100 + chance.randint(-300, 300) / 100,
        size=chance.randint(1, 500),
        sequence=at,
    )
    for at in range(0, 3 * 3600, 7)
    if not 4000 < at < 4900  # minutes without a trade
]
numbers = itertools.count()


def derive(folder: Path, *paths: Path, symbol: str = "AAA") -> DatasetDraft:
    staging = folder / f"staging{next(numbers)}"
    (draft,) = derive_dbn(list(paths), staging=staging, symbol=symbol).drafts
    return draft


def subject_of(draft: DatasetDraft, **changes: object) -> Subject:
    raw = draft.bars.parent.parent.parent / "raw"
    values: dict[str, object] = {
        "dataset_id": "AAA-1m",
        "revision": 1,
        "bars_sha256": draft.bars_sha256,
        "symbol": draft.symbol,
        "interval": draft.interval,
        "calendar": draft.calendar,
        "tz": draft.tz,
        "tick_size": draft.instrument.tick_size,
        "venue_code": draft.venue_code,
        "bars": draft.bars,
        "raw": tuple(raw / f"{one.sha256}{one.suffix}" for one in draft.raw_files),
    }
    return Subject(**(values | changes))  # type: ignore[arg-type]  # literal values of tests


def prove_against(subject: Subject, folder: Path, *paths: Path, **options: object) -> Proof:
    staging = folder / f"proof{next(numbers)}"
    staging.mkdir()
    return prove(subject, against=list(paths), options=options, staging=staging, progress=silent)


def report_of(subject: Subject, folder: Path, *paths: Path, **options: object) -> dict[str, Any]:
    return store.read_json(prove_against(subject, folder, *paths, **options).folder / REPORT_FILE)


def refusal_of(subject: Subject, folder: Path, *paths: Path, **options: object) -> InputError:
    with pytest.raises(InputError) as raised:
        prove_against(subject, folder, *paths, **options)
    return raised.value


@pytest.fixture
def draft(tmp_path):
    return derive(tmp_path, write_dbn(tmp_path / "trades.dbn.zst", PRINTS))


@pytest.fixture
def subject(draft):
    return subject_of(draft)


@pytest.fixture
def bars(draft):
    return pl.read_parquet(draft.bars)


def price_of(one: Print) -> float:
    assert one.price is not None
    return one.price


def merge_by_hand(prints: Sequence[Print], seconds: int) -> pl.DataFrame:
    """Make bars out of prints in plain Python, cut at multiples of ``seconds`` in UTC."""
    found: dict[int, list[Print]] = {}
    for one in prints:
        start = (OPEN + round(one.at * NS)) // NS // seconds * seconds
        found.setdefault(start, []).append(one)
    return pl.DataFrame(
        [
            {
                "ts_open": dt.datetime.fromtimestamp(start, dt.UTC),
                "open": group[0].price,
                "high": max(map(price_of, group)),
                "low": min(map(price_of, group)),
                "close": group[-1].price,
                "volume": sum(one.size for one in group),
            }
            for start, group in sorted(found.items())
        ]
    )


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("plain", [False, True])
def test_the_bars_we_derive_are_equal_to_the_same_bars_of_a_vendor(
    tmp_path, subject, bars, version, plain
):
    meta = Meta(schema="ohlcv-1m", version=version)
    path = write_vendor(tmp_path / "vendor.dbn", bars, meta, plain=plain)
    report = report_of(subject, tmp_path, path)
    assert report["verdict"] == "EQUAL"
    assert report["bars"]["equal"] == len(bars) > 100
    assert [column["column"] for column in report["columns"]] == [
        *("open", "high", "low", "close", "volume")
    ]
    assert report["files"] == [
        {"name": "vendor.dbn", "sha256": store.sha256_file(path), "size_bytes": path.stat().st_size}
    ]
    assert report["notes"] == []
    assert report["sessions"] == [
        {"session": "regular", "both": 166, "differing": 0, "only_ours": 0, "only_theirs": 0}
    ]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_bars_of_any_length_are_those_of_the_prints(tmp_path, subject, schema):
    seconds = SCHEMAS[schema][1]
    path = write_vendor(
        tmp_path / "vendor.dbn", merge_by_hand(PRINTS, seconds), Meta(schema=schema)
    )
    report = report_of(subject, tmp_path, path)
    assert report["verdict"] == "EQUAL"
    assert report["bars"]["both"] == {1: 166, 60: 166, 3600: 4, 86_400: 1}[seconds]
    assert len(report["notes"]) == (schema != "ohlcv-1m")
    assert (report["sessions"] == []) == (seconds > 60)


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume"])
def test_a_single_planted_difference_is_found_and_named(tmp_path, subject, schema, column):
    theirs = merge_by_hand(PRINTS, SCHEMAS[schema][1])
    row = len(theirs) - 1
    step = {"high": 3.17, "low": -3.17}.get(column, 1.0)  # of a second: beyond its minute's others
    values = [float(value) for value in theirs[column]]
    values[row] += 10 * step
    theirs = theirs.with_columns(pl.Series(column, values))
    path = write_vendor(tmp_path / "vendor.dbn", theirs, Meta(schema=schema))
    report = report_of(subject, tmp_path, path)
    merged = max(SCHEMAS[schema][1], 60)
    last = (OPEN + round(PRINTS[-1].at * NS)) // NS // merged * merged
    if schema == "ohlcv-1s" and column == "open":
        assert report["verdict"] == "EQUAL"  # it is not the first second of its minute
        return
    assert report["verdict"] == "DIFFERENT"
    wrong = [one for one in report["columns"] if one["differing"]]
    assert [(one["column"], one["differing"]) for one in wrong] == [(column, 1)]
    assert wrong[0]["first"]["ts_open"] == f"{dt.datetime.fromtimestamp(last, dt.UTC):%FT%TZ}"
    assert column in report["sentence"]


def test_a_bar_that_the_vendor_has_not_is_missing_and_one_that_we_have_not_too(
    tmp_path, subject, bars
):
    gone = bars["ts_open"][5]
    other = dt.datetime(2023, 1, 3, 15, 40, tzinfo=dt.UTC)  # a minute without a trade
    extra = bars.tail(1).with_columns(ts_open=pl.lit(other).cast(bars.schema["ts_open"]))
    theirs = pl.concat([bars.filter(pl.col("ts_open") != gone), extra]).sort("ts_open")
    proof = prove_against(subject, tmp_path, write_vendor(tmp_path / "vendor.dbn", theirs))
    report = store.read_json(proof.folder / REPORT_FILE)
    assert report["verdict"] == "EQUAL WHERE BOTH HAVE BARS"
    assert report["only_ours"]["list"] == [f"{gone:%FT%TZ}"]
    assert report["only_theirs"]["list"] == ["2023-01-03T15:40:00Z"]
    found = pl.read_parquet(proof.folder / DIFFERENCES_FILE)
    assert found.select("ts_open", "kind").rows() == [
        (gone, "only ours"),
        (other, "only theirs"),
    ]


def test_the_symbol_is_taken_out_of_many_by_its_id_of_the_day(tmp_path, subject, bars):
    others = bars.with_columns(pl.col("open", "high", "low", "close") * 2)
    records = [
        record
        for row, other in zip(bars.iter_rows(named=True), others.iter_rows(named=True), strict=True)
        for record in (record_of(other, instrument_id=8), record_of(row, instrument_id=7))
    ]
    meta = Meta(
        schema="ohlcv-1m",
        end=NEXT + dt.timedelta(days=1),
        intervals=[
            ("AAA", DAY, NEXT, "7"),
            ("AAA", NEXT, NEXT + dt.timedelta(days=1), "8"),  # the id is another's before
            ("BBB", DAY, NEXT, "8"),
        ],
    )
    path = write_vendor(tmp_path / "vendor.dbn", records, meta)
    report = report_of(subject, tmp_path, path)
    assert (report["verdict"], report["bars"]["both"]) == ("EQUAL", len(bars))
    other = report_of(subject, tmp_path, path, symbol="BBB")
    assert (other["verdict"], other["bars"]["differing"]) == ("DIFFERENT", len(bars))


def test_time_that_one_side_alone_covers_is_outside_and_not_missing(tmp_path, subject, bars):
    day = pl.duration(days=1, time_unit="ns")
    theirs = pl.concat([bars, bars.with_columns(pl.col("ts_open") + day)])
    meta = Meta(schema="ohlcv-1m", end=NEXT + dt.timedelta(days=1))
    report = report_of(subject, tmp_path, write_vendor(tmp_path / "vendor.dbn", theirs, meta))
    assert report["verdict"] == "EQUAL"
    assert report["outside"] == {"ours": 0, "theirs": len(bars)}
    assert report["covers"] == {
        "ours": {"from": "2023-01-03T00:00:00Z", "to": "2023-01-04T00:00:00Z"},
        "theirs": {"from": "2023-01-03T00:00:00Z", "to": "2023-01-05T00:00:00Z"},
        "both": {"from": "2023-01-03T00:00:00Z", "to": "2023-01-04T00:00:00Z"},
    }


def test_without_source_files_a_dataset_covers_its_bars(tmp_path, draft, bars):
    subject = subject_of(draft, raw=())
    earlier = bars.head(1).with_columns(pl.col("ts_open") - pl.duration(hours=1, time_unit="ns"))
    path = write_vendor(tmp_path / "vendor.dbn", pl.concat([earlier, bars]))
    report = report_of(subject, tmp_path, path)
    assert (report["verdict"], report["outside"]["theirs"]) == ("EQUAL", 1)
    assert report["covers"]["ours"]["from"] == "2023-01-03T14:30:00Z"


def test_several_files_are_one_and_what_they_repeat_counts_once(tmp_path, subject, bars):
    folder = tmp_path / "given"
    (folder / "deep").mkdir(parents=True)
    write_vendor(folder / "a.dbn.zst", bars.head(60))
    write_vendor(folder / "deep" / "b.dbn.zst", bars.tail(-50))
    (folder / "c.dbn.zst").write_bytes((folder / "a.dbn.zst").read_bytes())
    write_dbn(folder / "ticks.dbn.zst", PRINTS[:5])
    report = report_of(subject, tmp_path, folder)
    assert report["verdict"] == "EQUAL"
    assert [file["name"] for file in report["files"]] == ["a.dbn.zst", "deep/b.dbn.zst"]
    assert report["left_out"] == [
        {"file": "c.dbn.zst", "reason": "it is the same file as a.dbn.zst"},
        {"file": "ticks.dbn.zst", "reason": "its schema is TRADES, not OHLCV"},
    ]


def test_two_different_bars_of_one_time_are_refused_with_both_files(tmp_path, subject, bars):
    one = write_vendor(tmp_path / "a.dbn", bars.head(60))
    other = write_vendor(tmp_path / "b.dbn", bars.tail(-59).with_columns(volume=pl.lit(1.0)))
    write_vendor(
        tmp_path / "b.dbn", pl.concat([bars[59:60].with_columns(volume=pl.lit(1.0)), bars[60:]])
    )
    problem = refusal_of(subject, tmp_path, one, other)
    assert problem.message == (
        "Record 59 of a.dbn and record 0 of b.dbn are different bars of the same time "
        f"({bars['ts_open'][59]:%Y-%m-%d %H:%M:%S} UTC). Give only the file that is right."
    )
    assert problem.details == {"file": "b.dbn", "other_file": "a.dbn", "record": 0}


def test_bars_of_several_publishers_are_compared_in_what_is_known_of_all(tmp_path, subject, bars):
    rows = list(bars.iter_rows(named=True))
    shared = rows[3]
    parts = [
        {**shared, "high": shared["high"], "volume": 1.0},
        {
            **shared,
            "high": shared["low"],
            "open": 1.0,
            "close": 1.0,
            "volume": shared["volume"] - 1,
        },
    ]
    records = [record_of(row) for row in rows if row is not shared]
    records += [record_of(part, publisher=number + 2) for number, part in enumerate(parts)]
    report = report_of(subject, tmp_path, write_vendor(tmp_path / "vendor.dbn", records))
    assert report["verdict"] == "EQUAL"
    compared = {column["column"]: column["compared"] for column in report["columns"]}
    assert (compared["open"], compared["close"]) == (len(rows) - 1, len(rows) - 1)
    assert (compared["high"], compared["low"], compared["volume"]) == (len(rows),) * 3
    assert "2 publishers" in report["notes"][0]


def test_another_vendor_dataset_is_said(tmp_path, subject, bars):
    meta = Meta(schema="ohlcv-1m", dataset="DBEQ.BASIC")
    report = report_of(subject, tmp_path, write_vendor(tmp_path / "vendor.dbn", bars, meta))
    assert report["notes"] == ["The dataset is of XNAS.ITCH, the file of DBEQ.BASIC."]


def test_a_symbol_that_no_file_holds_is_refused(tmp_path, subject, bars):
    path = write_vendor(tmp_path / "vendor.dbn", bars, Meta(schema="ohlcv-1m", symbols={"AAB": 7}))
    problem = refusal_of(subject, tmp_path, path)
    assert "No file given holds the symbol 'AAA'. Did you mean AAB?" in problem.message
    assert report_of(subject, tmp_path, path, symbol="AAB")["verdict"] == "EQUAL"


def test_what_are_no_bars_is_refused_by_the_name_of_its_schema(tmp_path, subject):
    path = write_dbn(tmp_path / "ticks.dbn", PRINTS[:5])
    problem = refusal_of(subject, tmp_path, path)
    assert problem.message.startswith("ticks.dbn has the schema TRADES; bars are compared with")
    (tmp_path / "given").mkdir()
    path.rename(tmp_path / "given" / "ticks.dbn")
    assert "has the schema TRADES" in refusal_of(subject, tmp_path, tmp_path / "given").message


def test_two_schemas_at_once_are_refused(tmp_path, subject, bars):
    one = write_vendor(tmp_path / "a.dbn", bars)
    hours = merge_by_hand(PRINTS, 3600)
    other = write_vendor(tmp_path / "b.dbn", hours, Meta(schema="ohlcv-1h"))
    assert "a.dbn has the schema OHLCV-1M and b.dbn OHLCV-1H" in (
        refusal_of(subject, tmp_path, one, other).message
    )


def test_bars_shorter_than_the_dataset_s_are_refused(tmp_path, draft, bars):
    path = write_vendor(tmp_path / "vendor.dbn", bars)
    problem = refusal_of(subject_of(draft, interval="5m"), tmp_path, path)
    assert "are of 5m and those to compare with of 1m" in problem.message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"DBN", "is cut"),
        (b"DBN\x09\0\0\0\0", "is DBN version 9"),
        (b"\x28\xb5\x2f\xfd", "is cut"),
        (b"\0" * 1000, "is not a DBN file"),
        (b"DBN\x03\xff\xff\xff\xff", "more than any real file has"),
    ],
)
def test_a_damaged_file_is_refused_and_leaves_no_report(tmp_path, subject, content, said):
    path = tmp_path / "vendor.dbn"
    path.write_bytes(content)
    problem = refusal_of(subject, tmp_path, path)
    assert said in problem.message
    assert problem.details["file"] == "vendor.dbn"
    assert not list(tmp_path.glob("proof*/report"))


def test_a_cut_file_names_its_record(tmp_path, subject, bars):
    path = write_vendor(tmp_path / "vendor.dbn", bars, plain=True)
    path.write_bytes(path.read_bytes()[:-1])
    problem = refusal_of(subject, tmp_path, path)
    assert f"record {len(bars) - 1:,} has 55 of 56 bytes" in problem.message


def test_undefined_prices_are_not_compared(tmp_path, subject, bars):
    rows = list(bars.iter_rows(named=True))
    records = [record_of({**row, "open": None} if n == 2 else row) for n, row in enumerate(rows)]
    report = report_of(subject, tmp_path, write_vendor(tmp_path / "vendor.dbn", records))
    assert report["verdict"] == "EQUAL"
    assert report["columns"][0]["compared"] == len(rows) - 1


def test_nothing_to_compare_with_is_refused(tmp_path, subject):
    (tmp_path / "given").mkdir()
    assert "no file to compare with" in refusal_of(subject, tmp_path, tmp_path / "given").message
    assert "does not exist" in refusal_of(subject, tmp_path, tmp_path / "absent").message


def test_the_report_is_the_same_bytes_whatever_the_files_are_called(tmp_path, subject, bars):
    one, other = tmp_path / "a.dbn", tmp_path / "b.dbn"
    write_vendor(one, bars.with_columns(volume=pl.lit(7.0)))
    proofs = [prove_against(subject, tmp_path, one) for _ in range(2)]
    for name in (REPORT_FILE, DIFFERENCES_FILE):
        first, second = (proof.folder / name for proof in proofs)
        assert first.read_bytes() == second.read_bytes()
    other.write_bytes(one.read_bytes())
    assert prove_against(subject, tmp_path, other).digest == proofs[0].digest
    assert prove_against(subject, tmp_path, one, symbol="AAA").digest != proofs[0].digest


def test_progress_is_told_and_may_cancel(tmp_path, subject, bars):
    path = write_vendor(tmp_path / "vendor.dbn", bars)
    told: list[Any] = []
    prove(subject, against=[path], options={}, staging=tmp_path, progress=told.append)
    shares = [state["share"] for state in told]
    assert shares == sorted(shares)
    assert {state["file"] for state in told} == {"vendor.dbn"}

    def cancel(_state):
        raise CancelledError("Stop.")

    (tmp_path / "other").mkdir()
    with pytest.raises(CancelledError):
        prove(subject, against=[path], options={}, staging=tmp_path / "other", progress=cancel)


def test_bars_of_another_day_have_nothing_in_common(tmp_path, subject):
    day = make_bars([10, 11], [11, 12], minutes=[1440, 1441])
    meta = Meta(schema="ohlcv-1m", start=NEXT, end=NEXT + dt.timedelta(days=1))
    report = report_of(subject, tmp_path, write_vendor(tmp_path / "vendor.dbn", day, meta))
    assert report["verdict"] == "NOTHING IN COMMON"
    assert report["outside"] == {"ours": 166, "theirs": 2}
    assert report["sentence"] == (
        "No time is in both: the dataset covers 2023-01-03T00:00:00Z to 2023-01-04T00:00:00Z, and "
        "what it was compared with 2023-01-04T00:00:00Z to 2023-01-05T00:00:00Z."
    )


@pytest.mark.parametrize("symbol", ["AIG", "BAC"])
def test_real_trades_give_the_bars_that_two_others_derived(tmp_path, real_data, symbol):
    folder = real_data / "dbn" / "us-equity-2013"
    paths = sorted(folder.glob(f"*.{symbol}.trades.dbn.zst"))
    first, end = dt.date(2013, 10, 7), dt.date(2013, 10, 9)
    expected = pl.concat(
        pl.read_csv(path).with_columns(pl.col("ts_open").str.to_datetime(time_zone="UTC"))
        for path in sorted(folder.glob(f"expected_1m_{symbol}_*.csv"))
    )
    meta = Meta(
        schema="ohlcv-1m", dataset="EQUS.MINI", start=first, end=end, symbols={"X": 1, symbol: 7}
    )
    path = write_vendor(tmp_path / "vendor.dbn", expected, meta)
    report = report_of(subject_of(derive(tmp_path, *paths, symbol=symbol)), tmp_path, path)
    assert report["verdict"] == "EQUAL"
    assert report["bars"]["equal"] == len(expected) > 800


def test_the_vendor_s_own_files_are_read_in_every_version(tmp_path, draft, real_data):
    paths = sorted((real_data / "dbn" / "versions").glob("test_data.ohlcv-1m*"))
    assert len(paths) == 4
    bars = make_bars([372025, 372100], [372100, 372150]).with_columns(
        ts_open=(pl.Series([1609160400, 1609160460]) * NS).cast(pl.Datetime("ns", "UTC")),
        high=pl.Series([372150.0, 372150.0]),
        volume=pl.Series([353.0, 152.0]),
    )
    place = tmp_path / "bars.parquet"
    bars.write_parquet(place)
    own = subject_of(draft, symbol="ESH1", bars=place, raw=(), calendar="24/7")
    for path in paths:
        report = report_of(own, tmp_path, path)
        assert (report["verdict"], report["bars"]["equal"]) == ("EQUAL", 2), path.name
    assert report_of(own, tmp_path, *paths)["bars"]["equal"] == 2
