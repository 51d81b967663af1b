"""From table files to a dataset's draft, and again from its manifest."""

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from hewston.pipeline import store
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest import dataset_manifest, rederive, write_dataset
from hewston.pipeline.ingest.request import derive
from hewston.pipeline.ingest.tables import preview_table, read_table
from tests.pipeline.tables.reading import rows, table, write

ANSWERS = {"tz": "UTC", "stamp": "open", "symbol": "AAA"}


def derive_files(folder: Path, *paths: Path, **options: object):
    staging = folder / "staging"
    staging.mkdir(exist_ok=True)
    return derive(
        list(paths),
        staging=staging,
        options={"table": ANSWERS, **options},
        progress=lambda _state: None,
    )


def test_a_table_becomes_a_draft(tmp_path):
    derivation = derive_files(tmp_path, write(tmp_path, table(rows(200))))
    (draft,) = derivation.drafts
    assert (draft.symbol, draft.interval, draft.rows) == ("AAA", "15m", 200)
    assert (draft.provider, draft.venue_code, draft.products) == ("table", "TABLE", ("OHLCV",))
    assert draft.instrument.tick_size == 0.01
    assert pl.read_parquet(draft.bars)["volume"].sum() == sum(1000 + n for n in range(200))
    assert draft.raw_files[0].suffix == ".csv"
    assert derivation.left_out == ()


def test_bad_rows_are_left_out_by_line(tmp_path):
    lines = rows(200)
    lines[7] = "2025-10-31 01:45,x,1,1,1,1"
    derivation = derive_files(tmp_path, write(tmp_path, table(lines)))
    assert [(one.file, one.reason) for one in derivation.left_out] == [
        ("bars.csv, line 9", "open 'x' is no number")
    ]
    finding = next(
        one for one in derivation.drafts[0].quality["findings"] if one["key"] == "unreadable_rows"
    )
    assert (finding["count"], finding["severity"]) == (1, "error")


def test_what_a_person_edits_is_kept(tmp_path):
    path = write(tmp_path, table(rows(200)))
    (draft,) = derive_files(
        tmp_path,
        path,
        overrides={"asset_class": "future", "multiplier": 50.0, "tick_size": 0.25},
        calendar="24/7",
        venue="CME",
    ).drafts
    assert (draft.instrument.asset_class, draft.instrument.multiplier) == ("future", 50.0)
    assert (draft.instrument.tick_size, draft.venue_code) == (0.25, "CME")


def test_files_of_one_history_become_one_dataset(tmp_path):
    lines = rows(100)
    first = write(tmp_path, table(lines[:60]), name="january.csv")
    second = write(tmp_path, table(lines[50:]), name="february.csv")
    (draft,) = derive_files(tmp_path, second, first).drafts
    assert draft.rows == 100
    assert [raw.name for raw in draft.raw_files] == ["february.csv", "january.csv"]


def test_files_that_contradict_each_other_are_refused_by_name_and_line(tmp_path):
    lines = rows(100)
    first = write(tmp_path, table(lines[:60]), name="january.csv")
    second = write(
        tmp_path, table([lines[50].replace(",1050", ",1"), *lines[51:]]), name="february.csv"
    )
    with pytest.raises(InputError, match=r"Line 52 of january\.csv and line 2 of february\.csv"):
        derive_files(tmp_path, first, second)


def test_the_same_file_twice_is_left_out(tmp_path):
    first = write(tmp_path, table(rows(50)), name="one.csv")
    second = write(tmp_path, table(rows(50)), name="two.csv")
    derivation = derive_files(tmp_path, first, second)
    assert derivation.left_out[0].reason == "it is the same file as one.csv"


def test_a_folder_of_tables_is_read_and_the_rest_left_out(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    write(folder, table(rows(50)))
    (folder / "picture.png").write_bytes(b"\x89PNG")
    derivation = derive_files(tmp_path, folder)
    assert derivation.drafts[0].rows == 50
    assert [one.file for one in derivation.left_out] == ["picture.png"]


def stored(tmp_path: Path, *paths: Path, **options: object) -> Path:
    """Store what files become as an ingest does, raw copies too; give the dataset's folder."""
    (draft,) = derive_files(tmp_path, *paths, **options).drafts
    folder = tmp_path / "dataset"
    write_dataset(folder, draft, dataset_id="AAA", created_at="2026-01-01T00:00:00+00:00")
    return folder


def test_a_manifest_and_the_raw_files_give_the_same_bytes_again(tmp_path):
    line = "{time};{open};{high};{low};{close};{volume}"
    made = rows(150, line=line, time="%d/%m/%Y %H:%M")
    lines = [one.replace(".", ",") for one in made]
    text = table(lines, header="Datum;Eröffnung;Hoch;Tief;Schluss;Volumen")
    path = tmp_path / "bars.csv.gz"
    path.write_bytes(gzip.compress(text.encode("cp1252")))
    folder = stored(tmp_path, path)
    manifest = store.read_json(folder / "manifest.json")
    assert manifest["options"]["reading"][0]["decimal"] == ","
    again = tmp_path / "again"
    again.mkdir()
    draft = rederive(manifest, tmp_path / "staging" / "raw", staging=again)
    assert draft.bars_sha256 == manifest["output_hashes"]["bars_parquet_sha256"]
    assert (
        dataset_manifest(draft, dataset_id="AAA", created_at="")["options"] == manifest["options"]
    )


def test_two_processes_make_the_same_bytes(tmp_path):
    path = write(tmp_path, table(rows(5000, step="1m")))
    program = (
        "import sys, json, pathlib\n"
        "from hewston.pipeline.ingest.request import derive\n"
        "staging = pathlib.Path(sys.argv[2]); staging.mkdir()\n"
        "made = derive([pathlib.Path(sys.argv[1])], staging=staging,\n"
        "    options={'table': json.loads(sys.argv[3])})\n"
        "print(made.drafts[0].bars_sha256)\n"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", program, str(path), str(tmp_path / seed), json.dumps(ANSWERS)],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "POLARS_MAX_THREADS": seed},
            cwd=Path(__file__).parents[3],
        ).stdout
        for seed in ("1", "2")
    }
    assert len(hashes) == 1


def canonical(path: Path) -> pl.DataFrame:
    """Read the truth of a messy file."""
    frame = pl.read_csv(path)
    if "date" in frame.columns:
        start = pl.col("date").str.to_date().cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    else:
        start = (pl.col("timestamp") * 1_000_000).cast(pl.Datetime("ns", "UTC"))
    return frame.select(
        ts_open=start, open="open", high="high", low="low", close="close", volume="volume"
    )


def test_every_messy_file_reads_to_its_truth(real_data, tmp_path):
    folder = real_data / "bars" / "messy"
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    for name, truth in expected.items():
        scratch = tmp_path / name
        scratch.mkdir()
        answers = {"tz": truth.get("tz", "UTC"), "stamp": truth.get("stamp", "open")}
        found = read_table(folder / name, name=name, answers=answers, scratch=scratch)
        wanted = canonical(folder / truth["canonical"]).sort("ts_open")
        assert found.bars["ts_open"].to_list() == wanted["ts_open"].to_list(), name
        is_rounded = "rounded" in truth.get("volume", "")
        for price in ("open", "high", "low", "close"):
            apart = (found.bars[price] - wanted[price]).abs()
            assert (apart <= (0.0051 if is_rounded else 0)).all(), (name, price)
        volume = wanted["volume"]
        if truth.get("volume") == "0":
            volume = volume * 0
        elif "int" in truth.get("volume", ""):
            volume = volume.cast(pl.Int64).cast(pl.Float64)
        apart = (found.bars["volume"] - volume).abs()
        assert apart.null_count() == 0, name
        assert (apart <= (5001 if is_rounded else 0)).all(), name
        assert found.reading.bad_count == truth.get("bad_rows", 0), name


def test_every_real_file_is_recognised(real_data, tmp_path):
    wanted = {
        "Coinbase_BTCUSD_1h.csv": ("CryptoDataDownload", "1h"),
        "WIKI-ORCL-2000-quandl.csv": ("Quandl", "1d"),
        "XAUUSDh4.csv": (None, "4h"),
        "nt-spy-minute-2011-03.csv": ("NinjaTrader", "1m"),
        "orcl-2010-googlefinance-malformed.csv": ("Google Finance", "1d"),
        "spy-2011-yahoofinance.csv": ("Yahoo Finance", "1d"),
    }
    for name, (layout, interval) in wanted.items():
        scratch = tmp_path / name
        scratch.mkdir()
        found = preview_table(
            real_data / "bars" / "real" / name, name=name, scratch=scratch, answers={}
        )
        settings = {one["key"]: one["value"] for one in found["settings"]}
        assert (found["layout"], settings["interval"]) == (layout, interval), name
        assert not found["refusals"], name


def test_a_sheet_and_a_file_in_an_archive_name_their_symbols(tmp_path):
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    for sheet, name in ((first, "KO"), (book.create_sheet(), "PEP")):
        sheet.title = name
        for row in table(rows(30)).splitlines():
            sheet.append(row.split(","))
    book.save(tmp_path / "two_sheets.xlsx")
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("ETHUSDT-15m-2025-11.csv", table(rows(30)))
    for name, answers, symbol in (
        ("two_sheets.xlsx", {"sheet": "PEP"}, "PEP"),
        ("some.zip", {}, "ETHUSDT"),
    ):
        scratch = tmp_path / name.replace(".", "-")
        scratch.mkdir()
        said = {"tz": "UTC", "stamp": "open", **answers}
        found = read_table(tmp_path / name, name=name, answers=said, scratch=scratch)
        assert found.plan.symbol == symbol
