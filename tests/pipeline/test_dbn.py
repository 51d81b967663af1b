"""DBN files as they come: versions, compression, symbols, and everything that is damaged."""

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import databento_dbn
import polars as pl
import pytest
from backports import zstd
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest import DatasetDraft, derive_dbn
from tests.pipeline.dbnfiles import DAY, Meta, Print, header_of, rows_of, write_dbn

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "dbn"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="there is no ../shared/data/dbn")

PRINTS = [Print(at=n * 10, price=100 + n / 100, sequence=n) for n in range(30)]
NEXT = DAY + dt.timedelta(days=1)


def derive(tmp_path: Path, *paths: Path, **options: Any) -> Sequence[DatasetDraft]:
    staging = tmp_path / f"staging{len(list(tmp_path.iterdir()))}"
    return derive_dbn(list(paths), staging=staging, **options).drafts


def bars_of(tmp_path: Path, *paths: Path, **options: Any) -> pl.DataFrame:
    (draft,) = derive(tmp_path, *paths, **options)
    return pl.read_parquet(draft.bars)


def refusal_of(tmp_path: Path, *paths: Path, **options: Any) -> InputError:
    with pytest.raises(InputError) as raised:
        derive(tmp_path, *paths, **options)
    assert not list(tmp_path.glob("staging*/drafts/*/bars.parquet"))
    return raised.value


def written(tmp_path: Path, content: bytes, name: str = "file.dbn") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def content_of(schema: str = "trades") -> bytes:
    meta = Meta(schema=schema)
    return header_of(meta) + rows_of(PRINTS, schema).tobytes()


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("schema", ["trades", "tbbo"])
def test_every_version_and_compression_gives_the_same_bars(tmp_path, schema, version, plain):
    path = write_dbn(tmp_path / "a.dbn", PRINTS, Meta(schema=schema, version=version), plain=plain)
    found = bars_of(tmp_path, path)
    assert found["close"].to_list() == [100.05, 100.11, 100.17, 100.23, 100.29]
    assert found["volume"].sum() == 3000
    assert (found["bid_mean"].null_count() == 0) == (schema == "tbbo")


def test_concatenated_and_skippable_zstd_frames_are_one_stream(tmp_path):
    content = content_of()
    frames = [content[:100], content[100:500], content[500:]]
    joined = b"".join(zstd.compress(part) for part in frames)
    skippable = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"skip"
    for stored in (joined, skippable + joined, joined + skippable):
        assert bars_of(tmp_path, written(tmp_path, stored))["trade_count"].sum() == 30


def test_the_content_tells_the_compression_and_not_the_name(tmp_path):
    (draft,) = derive(tmp_path, written(tmp_path, content_of(), "plain.dbn.zst"))
    assert [raw.suffix for raw in draft.raw_files] == [".dbn"]


def test_a_live_capture_with_sending_times_is_read(tmp_path):
    rows = rows_of(PRINTS)
    rows["length"] = 14
    sent = b"".join(row.tobytes() + b"\x01" * 8 for row in rows)
    path = written(tmp_path, header_of(Meta(ts_out=True)) + sent)
    assert bars_of(tmp_path, path)["trade_count"].sum() == 30


def test_an_empty_file_is_refused(tmp_path):
    assert refusal_of(tmp_path, written(tmp_path, b"")).message == (
        "file.dbn is empty: it has 0 bytes. Download it again."
    )


@pytest.mark.parametrize("content", [b"hello, world", b"DB", zstd.compress(b"hello" * 100)])
def test_what_is_not_dbn_is_refused(tmp_path, content):
    assert "is not a DBN file" in refusal_of(tmp_path, written(tmp_path, content)).message


@pytest.mark.parametrize("version", [0, 4, 255])
def test_another_dbn_version_is_refused_by_its_number(tmp_path, version):
    content = bytearray(content_of())
    content[3] = version
    problem = refusal_of(tmp_path, written(tmp_path, bytes(content)))
    assert problem.message.startswith(f"file.dbn is DBN version {version}; versions 1, 2 and 3")


@pytest.mark.parametrize("size", [5, 8, 100])
def test_a_cut_header_is_refused(tmp_path, size):
    problem = refusal_of(tmp_path, written(tmp_path, content_of()[:size]))
    assert "ends inside its header" in problem.message


def test_a_header_of_an_impossible_size_is_refused(tmp_path):
    content = bytearray(content_of())
    content[4:8] = b"\xff\xff\xff\xff"
    problem = refusal_of(tmp_path, written(tmp_path, bytes(content)))
    assert "its header claims 4,294,967,295 bytes" in problem.message


def test_a_damaged_header_is_refused(tmp_path):
    content = b"DBN\x03" + (200).to_bytes(4, "little") + b"\xff" * 200
    assert "header cannot be read" in refusal_of(tmp_path, written(tmp_path, content)).message


def test_a_header_without_records_is_refused(tmp_path):
    problem = refusal_of(tmp_path, write_dbn(tmp_path / "a.dbn", []))
    assert "a header and no records" in problem.message


@pytest.mark.parametrize("cut", [1, 47])
@pytest.mark.parametrize("pack", [bytes, zstd.compress])
def test_a_cut_last_record_is_refused_with_its_number(tmp_path, pack, cut):
    problem = refusal_of(tmp_path, written(tmp_path, pack(content_of()[:-cut])))
    assert problem.message.startswith(f"file.dbn is cut: record 29 has {48 - cut} of 48 bytes")
    assert problem.details["record"] == 29


def test_a_truncated_zstd_frame_is_refused_with_its_byte(tmp_path):
    stored = zstd.compress(content_of())[:-20]
    problem = refusal_of(tmp_path, written(tmp_path, stored))
    assert "ends in the middle of a frame" in problem.message
    assert problem.details["byte"] == len(stored)


def test_bytes_after_the_last_zstd_frame_are_refused(tmp_path):
    problem = refusal_of(tmp_path, written(tmp_path, zstd.compress(content_of()) + b"more"))
    assert "its zstd data is damaged" in problem.message


@pytest.mark.parametrize(("field", "value"), [("rtype", 33), ("length", 20)])
def test_a_record_of_another_kind_is_refused_with_its_number(tmp_path, field, value):
    rows = rows_of(PRINTS)
    rows[field][17] = value
    problem = refusal_of(tmp_path, write_dbn(tmp_path / "a.dbn", rows))
    assert problem.message.startswith("a.dbn: record 17 is no TRADES record")
    assert problem.details["record"] == 17


def test_a_record_without_a_receive_time_is_refused_with_its_number(tmp_path):
    rows = rows_of(PRINTS)
    rows["ts_recv"][3] = 2**64 - 1
    problem = refusal_of(tmp_path, write_dbn(tmp_path / "a.dbn", rows))
    assert "record 3 has no usable receive time" in problem.message


@pytest.mark.parametrize("schema", ["mbp-1", "ohlcv-1m", "mbo"])
def test_another_schema_is_refused_by_name(tmp_path, schema):
    path = written(tmp_path, header_of(Meta(schema=schema)))
    problem = refusal_of(tmp_path, path)
    assert problem.message.startswith(f"file.dbn has the schema {schema.upper()}")


def test_a_file_of_mixed_schemas_is_refused(tmp_path):
    content = bytearray(content_of())
    content[24:26] = b"\xff\xff"
    problem = refusal_of(tmp_path, written(tmp_path, bytes(content)))
    assert "names no schema, as live captures do" in problem.message


def test_an_instrument_that_no_symbol_is_mapped_to_is_refused_with_its_record(tmp_path):
    prints = [*PRINTS, Print(at=300, instrument_id=8)]
    problem = refusal_of(tmp_path, write_dbn(tmp_path / "a.dbn", prints))
    assert "record 30 is of instrument id 8 on 2023-01-03" in problem.message


def test_a_symbol_whose_id_changes_is_one_dataset(tmp_path):
    change = Meta(
        end=NEXT + dt.timedelta(days=1),
        intervals=[
            ("AAA", DAY, NEXT, "7"),
            ("BBB", DAY, NEXT, "8"),
            ("AAA", NEXT, NEXT + dt.timedelta(days=1), "8"),
        ],
    )
    prints = [Print(), Print(instrument_id=8, price=5), Print(at=86_400, instrument_id=8)]
    one, other = derive(tmp_path, write_dbn(tmp_path / "a.dbn", prints, change))
    assert (one.symbol, one.rows, one.from_date, one.to_date) == ("AAA", 2, DAY, NEXT)
    assert (other.symbol, other.rows) == ("BBB", 1)


def test_a_request_by_instrument_id_is_named_by_its_symbol(tmp_path):
    meta = Meta(
        stype_in="instrument_id", stype_out="raw_symbol", intervals=[("7", DAY, NEXT, "AAA")]
    )
    (draft,) = derive(tmp_path, write_dbn(tmp_path / "a.dbn", PRINTS, meta))
    assert draft.symbol == "AAA"


def test_a_symbol_that_stands_for_several_instruments_at_once_is_refused(tmp_path):
    meta = Meta(
        stype_in="parent", intervals=[("ES.FUT", DAY, NEXT, "7"), ("ES.FUT", DAY, NEXT, "8")]
    )
    problem = refusal_of(tmp_path, write_dbn(tmp_path / "a.dbn", PRINTS, meta))
    assert "ES.FUT stands for several instruments on 2023-01-03" in problem.message


def test_symbols_mapped_to_no_instrument_id_are_refused(tmp_path):
    meta = Meta(stype_out="raw_symbol", intervals=[("AAA", DAY, NEXT, "BBB")])
    problem = refusal_of(tmp_path, write_dbn(tmp_path / "a.dbn", PRINTS, meta))
    assert "mapped from raw_symbol to raw_symbol" in problem.message


def test_an_unknown_symbol_is_answered_with_the_nearest_ones(tmp_path):
    meta = Meta(symbols={"MSFT": 7, "AAPL": 8})
    problem = refusal_of(tmp_path, write_dbn(tmp_path / "a.dbn", PRINTS, meta), symbol="aapl")
    assert problem.message == (
        "No file given holds the symbol 'aapl'. Did you mean AAPL? They hold AAPL, MSFT."
    )
    assert problem.details["field"] == "symbol"


def definition(instrument_id=7, raw_symbol="AAA", **fields) -> bytes:
    """Encode a definition of version 3."""
    given: dict[str, Any] = {
        "publisher_id": 2,
        "ts_event": 0,
        "ts_recv": 1,
        "min_price_increment": 250_000_000,
        "display_factor": 10**9,
        "min_lot_size_round_lot": 1,
        "group": "",
        "exchange": "XNAS",
        "security_type": "",
        "instrument_class": databento_dbn.InstrumentClass.FUTURE,
        "match_algorithm": databento_dbn.MatchAlgorithm.UNDEFINED,
        "security_update_action": databento_dbn.SecurityUpdateAction.ADD,
        "currency": "EUR",
        "asset": "",
    }
    return bytes(
        databento_dbn.InstrumentDefMsg(
            instrument_id=instrument_id, raw_symbol=raw_symbol, **given | fields
        )
    )


def test_definitions_describe_the_instrument_and_are_kept_with_it(tmp_path):
    ticks = write_dbn(tmp_path / "a.dbn", PRINTS)
    records = definition(ts_recv=5, min_price_increment_amount=12_500_000_000) + definition(
        ts_recv=4, min_price_increment=10_000_000
    )
    defined = written(tmp_path, header_of(Meta(schema="definition")) + records, "d.dbn")
    (draft,) = derive(tmp_path, defined, ticks)
    assert draft.instrument.asset_class == "future"
    assert draft.instrument.currency == "EUR"
    assert draft.instrument.tick_size == 0.25
    assert draft.instrument.multiplier == 50
    assert [raw.name for raw in draft.raw_files] == ["a.dbn", "d.dbn"]
    assert draft.calendar == "CME"


@pytest.mark.parametrize(
    ("fields", "multiplier"),
    [({"contract_multiplier": 5}, 5), ({"unit_of_measure_qty": 20 * 10**9}, 20), ({}, 1)],
)
def test_the_multiplier_is_what_the_definition_gives(tmp_path, fields, multiplier):
    ticks = write_dbn(tmp_path / "a.dbn", PRINTS)
    content = header_of(Meta(schema="definition")) + definition(**fields)
    (draft,) = derive(tmp_path, ticks, written(tmp_path, content, "d.dbn"))
    assert draft.instrument.multiplier == multiplier


def test_definitions_alone_are_refused(tmp_path):
    content = header_of(Meta(schema="definition")) + definition()
    problem = refusal_of(tmp_path, written(tmp_path, content))
    assert "holds only definitions" in problem.message


@pytest.mark.parametrize(("change", "match"), [(-1, "is cut"), (None, "is no definition")])
def test_damaged_definitions_are_refused(tmp_path, change, match):
    ticks = write_dbn(tmp_path / "a.dbn", PRINTS)
    records = definition()[:change] if change else rows_of(PRINTS).tobytes()
    content = header_of(Meta(schema="definition")) + records
    problem = refusal_of(tmp_path, ticks, written(tmp_path, content, "d.dbn"))
    assert match in problem.message


@pytest.mark.parametrize("schema", ["trades", "tbbo", "definition"])
@pytest.mark.parametrize("pack", [bytes, zstd.compress])
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(changes=[(30, 255)], cut=0)
@given(
    changes=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 60),
)
def test_damaged_bytes_are_bars_or_a_sentence_and_nothing_else(
    tmp_path, schema, pack, changes, cut
):
    records = definition() if schema == "definition" else rows_of(PRINTS, schema).tobytes()
    damaged = bytearray(pack(header_of(Meta(schema=schema)) + records))
    for place, value in changes:
        damaged[place % len(damaged)] = value
    paths = [written(tmp_path, bytes(damaged[: len(damaged) - cut]))]
    if schema == "definition":
        paths.append(write_dbn(tmp_path / "ticks.dbn", PRINTS))
    try:
        assert all(draft.rows for draft in derive(tmp_path, *paths))
    except InputError as problem:
        refused = problem
    else:
        return
    assert refused.message.endswith(".")


@needs_shared
@pytest.mark.parametrize("name", sorted(p.name for p in SHARED.glob("broken/*.dbn*")))
def test_the_shared_odd_files_get_their_verdicts(tmp_path, name):
    verdict = json.loads((SHARED / "broken" / "expected.json").read_text())[name]["verdict"]
    path = SHARED / "broken" / name
    if verdict.startswith("refused"):
        assert refusal_of(tmp_path, path).message.startswith(name)
        return
    (draft,) = derive(tmp_path, path)
    counts = {finding["key"]: finding["count"] for finding in draft.quality["findings"]}
    odd = ("out_of_order", "without_price", "without_size", "negative_price")
    expected = {
        "out_of_order.dbn.zst": (9, 0, 0, 0),
        "undef_zero_negative.dbn.zst": (0, 1, 1, 1),
        "uncompressed.dbn": (0, 0, 0, 0),
    }
    assert tuple(counts[key] for key in odd) == expected[name]


@needs_shared
def test_the_shared_versions_of_a_file_are_recognized_as_equal(tmp_path):
    derivation = derive_dbn([SHARED / "versions"], staging=tmp_path / "staging")
    (draft,) = derivation.drafts
    assert (draft.symbol, draft.rows, draft.products) == ("ESH1", 1, ("TRADES", "TBBO"))
    reasons = {left.file: left.reason for left in derivation.left_out}
    assert reasons["test_data.mbp-1.v1.dbn.zst"].startswith("its schema is MBP-1")
    assert reasons["test_data.trades.v1.dbn.zst"].startswith("same records as test_data.trades")


@needs_shared
@pytest.mark.parametrize("symbol", ["AIG", "BAC"])
def test_real_ticks_give_the_bars_of_two_independent_derivations(tmp_path, symbol):
    folder = SHARED / "us-equity-2013"
    found = bars_of(tmp_path, folder, symbol=symbol).with_columns(
        pl.col("ts_open").dt.strftime("%Y-%m-%dT%H:%M:%SZ"), pl.col("session").cast(pl.String)
    )
    expected = pl.concat(
        pl.read_csv(path, schema_overrides=found.schema)
        for path in sorted(folder.glob(f"expected_1m_{symbol}_*.csv"))
    )
    exact = [c for c in found.columns if c != "vwap" and not c.endswith("_mean")]
    assert found.select(exact).equals(expected.select(exact))
    means = ("vwap", "bid_mean", "ask_mean", "spread_mean")
    assert found.select(pl.col(means).is_null()).equals(expected.select(pl.col(means).is_null()))
    for name in means:
        assert ((found[name] - expected[name]).abs() <= 1e-12).all()


def test_files_put_behind_one_another_are_refused_with_the_record(tmp_path):
    one = write_dbn(tmp_path / "one.dbn", [Print(), Print(at=1)], plain=True).read_bytes()
    path = tmp_path / "both.dbn"
    path.write_bytes(one + one)
    problem = refusal_of(tmp_path, path)
    assert "another DBN file begins where record 2 belongs" in problem.message
