"""From files and folders to datasets: what is used, what is left out, what is an error."""

import datetime as dt
import itertools
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from backports import zstd

from hewston.pipeline import store
from hewston.pipeline.errors import CancelledError, InputError
from hewston.pipeline.ingest import (
    DatasetDraft,
    Derivation,
    derive_dbn,
    rederive,
    verify_dataset,
    write_dataset,
)
from tests.pipeline.dbnfiles import DAY, NS, Meta, Print, header_of, midnight, rows_of, write_dbn

PRINTS = [Print(at=n * 10, price=100 + n / 100, sequence=n) for n in range(30)]
NEXT = DAY + dt.timedelta(days=1)
BOTH_DAYS = Meta(end=NEXT + dt.timedelta(days=1))
DAY_S = 86_400
numbers = itertools.count()


def derive(tmp_path: Path, *paths: Path, **options: Any) -> Derivation:
    return derive_dbn(list(paths), staging=tmp_path / f"staging{next(numbers)}", **options)


def draft_of(tmp_path: Path, *paths: Path, **options: Any) -> DatasetDraft:
    (draft,) = derive(tmp_path, *paths, **options).drafts
    return draft


def left_out_of(derivation: Derivation) -> dict[str, str]:
    return {left.file: left.reason for left in derivation.left_out}


def refusal_of(tmp_path: Path, *paths: Path, **options: Any) -> InputError:
    with pytest.raises(InputError) as raised:
        derive(tmp_path, *paths, **options)
    return raised.value


def counts_of(draft: DatasetDraft) -> dict[str, int]:
    return {one["key"]: one["count"] for one in draft.quality["findings"] if one["count"]}


def shifted(seconds: float) -> list[Print]:
    return [Print(at=one.at + seconds, price=one.price, sequence=one.sequence) for one in PRINTS]


def test_a_folder_is_searched_at_all_levels_and_says_what_it_leaves_out(tmp_path):
    folder = tmp_path / "given"
    (folder / "deep").mkdir(parents=True)
    write_dbn(folder / "deep" / "a.dbn", PRINTS)
    write_dbn(folder / "empty.dbn.zst", [])
    (folder / "notes.txt").write_text("notes")
    (folder / "book.dbn").write_bytes(header_of(Meta(schema="mbp-10")))
    derivation = derive(tmp_path, folder)
    assert [raw.name for raw in derivation.drafts[0].raw_files] == ["deep/a.dbn"]
    assert left_out_of(derivation) == {
        "book.dbn": "its schema is MBP-10, not TRADES, TBBO or DEFINITION",
        "empty.dbn.zst": "it holds no records",
        "notes.txt": "its name does not end in .dbn or .dbn.zst",
    }


def test_a_folder_of_files_without_records_is_refused(tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    write_dbn(folder / "empty.dbn.zst", [])
    problem = refusal_of(tmp_path, folder)
    assert "no TRADES or TBBO file to read (empty.dbn.zst: it holds no records)" in problem.message


def test_a_damaged_file_in_a_folder_is_an_error(tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    write_dbn(folder / "a.dbn", PRINTS)
    (folder / "b.dbn").write_bytes(b"damaged")
    assert refusal_of(tmp_path, folder).details["file"] == "b.dbn"


def test_nothing_to_read_is_refused(tmp_path):
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "notes.txt").write_text("notes")
    problem = refusal_of(tmp_path, tmp_path / "given")
    assert problem.message.startswith("There is no TRADES or TBBO file to read (notes.txt: ")
    assert "does not exist" in refusal_of(tmp_path, tmp_path / "absent").message


def test_what_is_no_regular_file_is_never_opened(tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    (tmp_path / "other").mkdir()
    write_dbn(folder / "a.dbn", PRINTS)
    os.mkfifo(folder / "pipe.dbn")
    (folder / "lost.dbn").symlink_to("nowhere")
    (folder / "loop.dbn").symlink_to("loop.dbn")
    (folder / "other.dbn").symlink_to(tmp_path / "other")
    problem = refusal_of(tmp_path, folder / "pipe.dbn")
    assert problem.message.startswith("pipe.dbn is no regular file but a pipe")
    nowhere = "it is no regular file, or a link to one that is not there"
    assert left_out_of(derive(tmp_path, folder)) == {
        "lost.dbn": nowhere,
        "loop.dbn": nowhere,
        "pipe.dbn": nowhere,
        "other.dbn": "it is a link to a folder; give that folder by its own path",
    }


def test_a_path_too_long_to_exist_is_refused(tmp_path):
    assert "cannot be opened" in refusal_of(tmp_path, tmp_path / ("a" * 300)).message


def test_names_that_no_page_could_show_are_written_out(tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    for name in (b"new\nline.dbn", b"not-utf8-\xff.dbn", "\u202eleft.dbn".encode()):
        (folder / os.fsdecode(name)).write_bytes(b"")
    write_dbn(folder / os.fsdecode(b"\xffa.dbn"), PRINTS)
    for path in folder.glob("*.dbn"):
        if not path.stat().st_size:
            path.rename(path.with_suffix(".txt"))
    derivation = derive(tmp_path, folder)
    assert sorted(left_out_of(derivation)) == [
        "\\u202eleft.txt",
        "new\\nline.txt",
        "not-utf8-\\udcff.txt",
    ]
    assert derivation.drafts[0].raw_files[0].name == "\\udcffa.dbn"


def test_records_without_any_print_are_refused(tmp_path):
    problem = refusal_of(tmp_path, write_dbn(tmp_path / "a.dbn", [Print(size=0)]), symbol="AAA")
    assert problem.message.startswith("The files hold no trade with a price and a size of AAA")


def test_sources_are_copied_by_content(tmp_path):
    path = write_dbn(tmp_path / "a.dbn", PRINTS)
    staging = tmp_path / "staging"
    (draft,) = derive_dbn([path], staging=staging).drafts
    (raw,) = draft.raw_files
    assert raw.sha256 == store.sha256_file(path)
    assert raw.size_bytes == path.stat().st_size
    copy = staging / "raw" / f"{raw.sha256}.dbn.zst"
    assert copy.read_bytes() == path.read_bytes()


def test_the_same_file_twice_is_left_out_once(tmp_path):
    one = write_dbn(tmp_path / "a.dbn", PRINTS)
    other = write_dbn(tmp_path / "b.dbn", PRINTS)
    derivation = derive(tmp_path, one, other, one)
    assert left_out_of(derivation) == {"b.dbn": "it is the same file as a.dbn"}
    assert derivation.drafts[0].quality["records"] == {"TRADES": 30}


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
    one = write_dbn(tmp_path / "x" / "a.dbn", PRINTS)
    other = write_dbn(tmp_path / "y" / "a.dbn", PRINTS, Meta(schema="tbbo"))
    draft = draft_of(tmp_path, one, other)
    assert [raw.name for raw in draft.raw_files] == ["x/a.dbn", "y/a.dbn"]


def test_the_order_of_the_files_does_not_matter(tmp_path):
    days = Meta(start=DAY, end=NEXT), Meta(start=NEXT, end=NEXT + dt.timedelta(days=1))
    files = [
        write_dbn(tmp_path / "a.dbn", PRINTS, days[0]),
        write_dbn(tmp_path / "b.dbn", shifted(DAY_S), days[1]),
        write_dbn(tmp_path / "c.dbn", PRINTS, Meta(schema="tbbo")),
    ]
    hashes = {draft_of(tmp_path, *order).bars_sha256 for order in itertools.permutations(files)}
    assert len(hashes) == 1


def test_equal_records_of_a_day_in_two_files_count_once(tmp_path):
    one = write_dbn(tmp_path / "a.dbn", PRINTS)
    other = write_dbn(tmp_path / "b.dbn", PRINTS, Meta(version=1))
    derivation = derive(tmp_path, one, other)
    (draft,) = derivation.drafts
    assert draft.quality["records"] == {"TRADES": 30}
    (reason,) = left_out_of(derivation).values()
    assert reason in {"same records as a.dbn", "same records as b.dbn"}
    assert len(draft.raw_files) == 1


def test_only_the_repeated_days_of_a_file_are_left_out(tmp_path):
    one = write_dbn(tmp_path / "a.dbn", PRINTS)
    other = write_dbn(tmp_path / "b.dbn", [*PRINTS, *shifted(DAY_S)], BOTH_DAYS)
    derivation = derive(tmp_path, one, other)
    (draft,) = derivation.drafts
    assert draft.quality["records"] == {"TRADES": 60}
    (reason,) = left_out_of(derivation).values()
    assert "same records as" in reason


@pytest.mark.parametrize(
    ("changed", "first"),
    [
        (Print(at=100, price=1, sequence=10), ("record 10 of a.dbn", "record 10 of b.dbn")),
        (None, ("record 29 of a.dbn", "the end of b.dbn")),
    ],
)
def test_different_records_of_a_day_in_two_files_are_refused(tmp_path, changed, first):
    prints = PRINTS[:-1] if changed is None else [*PRINTS[:10], changed, *PRINTS[11:]]
    one = write_dbn(tmp_path / "a.dbn", PRINTS)
    other = write_dbn(tmp_path / "b.dbn", prints)
    problem = refusal_of(tmp_path, one, other)
    for part in ("both hold TRADES of AAA on 2023-01-03 (UTC)", *first):
        assert part in problem.message
    assert {problem.details["file"], problem.details["other_file"]} == {"a.dbn", "b.dbn"}


def test_files_requested_for_different_hours_of_a_day_are_both_used(tmp_path):
    paths = []
    for name, part, hours in (("a", PRINTS[:18], (0, 18)), ("b", PRINTS[18:], (18, 24))):
        content = bytearray(header_of(Meta()))
        for place, hour in zip((26, 34), hours, strict=True):
            value = midnight(DAY) + hour * 3600 * NS
            assert int.from_bytes(content[place : place + 8], "little") in {
                midnight(DAY),
                midnight(NEXT),
            }
            content[place : place + 8] = value.to_bytes(8, "little")
        path = tmp_path / f"{name}.dbn"
        path.write_bytes(bytes(content) + rows_of(part).tobytes())
        paths.append(path)
    whole = write_dbn(tmp_path / "whole.dbn", PRINTS)
    assert draft_of(tmp_path, *paths).bars_sha256 == draft_of(tmp_path, whole).bars_sha256


def test_two_vendor_datasets_for_a_symbol_ask_for_one(tmp_path):
    one = write_dbn(tmp_path / "a.dbn", PRINTS)
    other = write_dbn(tmp_path / "b.dbn", PRINTS, Meta(dataset="XNYS.PILLAR"))
    problem = refusal_of(tmp_path, one, other)
    assert "Choose one with --dataset" in problem.message
    assert problem.details["allowed"] == ["XNAS.ITCH", "XNYS.PILLAR"]
    derivation = derive(tmp_path, one, other, vendor_dataset="XNYS.PILLAR")
    assert [draft.venue_code for draft in derivation.drafts] == ["XNYS.PILLAR"]
    assert left_out_of(derivation) == {"a.dbn": "it is of XNAS.ITCH, and XNYS.PILLAR was asked for"}


def test_an_absent_vendor_dataset_is_refused(tmp_path):
    path = write_dbn(tmp_path / "a.dbn", PRINTS)
    problem = refusal_of(tmp_path, path, vendor_dataset="XNYS.PILLAR")
    assert problem.details["allowed"] == ["XNAS.ITCH"]


def test_several_symbols_of_a_file_are_several_datasets(tmp_path):
    meta = Meta(symbols={"AAA": 7, "BBB": 8, "CCC": 9})
    prints = [Print(price=1), Print(price=2, instrument_id=8), Print(price=3)]
    path = write_dbn(tmp_path / "a.dbn", prints, meta)
    drafts = derive(tmp_path, path).drafts
    closes = {draft.symbol: pl.read_parquet(draft.bars)["close"].to_list() for draft in drafts}
    assert closes == {"AAA": [3], "BBB": [2]}
    chosen = draft_of(tmp_path, path, symbol="BBB")
    assert chosen.bars_sha256 == drafts[1].bars_sha256


def test_files_without_the_symbol_are_left_out(tmp_path):
    one = write_dbn(tmp_path / "a.dbn", PRINTS)
    other = write_dbn(tmp_path / "b.dbn", PRINTS, Meta(symbols={"BBB": 7}))
    derivation = derive(tmp_path, one, other, symbol="AAA")
    assert left_out_of(derivation) == {"b.dbn": "it does not hold AAA"}


def test_prints_come_from_trades_and_on_days_without_them_from_tbbo(tmp_path):
    quotes = Meta(schema="tbbo", end=NEXT + dt.timedelta(days=1))
    paths = (
        write_dbn(tmp_path / "a.dbn", [Print(price=1), Print(at=60, price=2)]),
        write_dbn(tmp_path / "b.dbn", [Print(price=1), Print(at=DAY_S, price=3)], quotes),
    )
    draft = draft_of(tmp_path, *paths)
    found = pl.read_parquet(draft.bars)
    assert found["close"].to_list() == [1, 2, 3]
    assert found["bid_open"].to_list() == [99.99, None, 99.99]
    assert draft.products == ("TRADES", "TBBO")
    assert counts_of(draft)["prints_from_tbbo"] == 1
    assert counts_of(draft)["products_differ"] == 1


def test_several_publishers_make_bars_together_and_that_is_said(tmp_path):
    rows = rows_of([Print(price=3), Print(price=1), Print(price=2)])
    rows["publisher_id"] = [40, 39, 40]
    path = write_dbn(tmp_path / "a.dbn", rows, Meta(dataset="DBEQ.BASIC"))
    draft = draft_of(tmp_path, path)
    assert pl.read_parquet(draft.bars).select("open", "low", "close").row(0) == (3, 1, 2)
    assert counts_of(draft)["several_publishers"] == 2
    (sentence,) = [
        one["sentence"] for one in draft.quality["findings"] if one["key"] == "several_publishers"
    ]
    assert sentence.startswith("Records of 2 publishers (39, 40)")


def test_the_vendors_condition_of_each_day_is_kept(tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    write_dbn(folder / "a.dbn", [*PRINTS, *shifted(DAY_S)], BOTH_DAYS)
    days = {"2023-01-02": "missing", "2023-01-03": "degraded", "2023-01-04": "available"}
    (folder / "condition.json").write_text(
        json.dumps([{"date": date, "condition": word} for date, word in days.items()])
    )
    draft = draft_of(tmp_path, folder)
    assert draft.quality["vendor_condition"] == {
        "2023-01-03": "degraded",
        "2023-01-04": "available",
    }
    assert counts_of(draft)["vendor_condition"] == 1
    stored = tmp_path / "dataset"
    manifest = write_dataset(stored, draft, dataset_id="AAA", created_at="2026-01-01T00:00:00Z")
    raw = tmp_path / "raw"
    raw.mkdir()
    (file,) = draft.raw_files
    (raw / f"{file.sha256}{file.suffix}").write_bytes((folder / "a.dbn").read_bytes())
    assert rederive(manifest, raw, staging=tmp_path / "again").quality == draft.quality


@pytest.mark.parametrize("content", ["", "7", "[1]", '[{"date": "x", "condition": "missing"}]'])
def test_a_condition_file_of_somebody_else_is_only_left_out(tmp_path, content):
    folder = tmp_path / "given"
    folder.mkdir()
    write_dbn(folder / "a.dbn", PRINTS)
    (folder / "condition.json").write_text(content)
    derivation = derive(tmp_path, folder)
    assert derivation.drafts[0].quality["vendor_condition"] is None
    assert list(left_out_of(derivation)) == ["condition.json"]


def test_progress_is_told_and_may_cancel(tmp_path):
    path = write_dbn(tmp_path / "a.dbn", PRINTS)
    told: list[Any] = []
    derive(tmp_path, path, progress=told.append)
    assert told[0]["file"] == "a.dbn"
    days = [day for day, _ in itertools.groupby(state["day"] for state in told)]
    assert days == [None, "2023-01-03", None]  # copy, read, derive
    shares = [state["share"] for state in told]
    assert shares == sorted(shares)
    assert 0 < shares[0] <= shares[-1] <= 1

    def cancel(_state):
        raise CancelledError("Stop.")

    with pytest.raises(CancelledError):
        derive(tmp_path, path, progress=cancel)


YEAR = (dt.date(2023, 1, 1), dt.date(2024, 1, 1))


@pytest.mark.parametrize(
    ("ranges", "whole"),
    [
        ([YEAR], True),
        ([(YEAR[0], dt.date(2023, 7, 1)), (dt.date(2023, 7, 1), YEAR[1])], True),
        ([(YEAR[0], dt.date(2023, 6, 30)), (dt.date(2023, 7, 1), YEAR[1])], False),
        ([(YEAR[0], dt.date(2023, 12, 31))], False),
        ([(dt.date(2022, 12, 31), YEAR[1])], False),
    ],
)
def test_a_year_is_whole_when_exactly_it_was_requested(tmp_path, ranges, whole):
    paths = []
    for number, (start, end) in enumerate(ranges):
        seconds = ((dt.date(2023, 7, 5) - DAY).days if number else 0) * DAY_S
        meta = Meta(start=start, end=end)
        paths.append(write_dbn(tmp_path / f"{number}.dbn", shifted(seconds), meta))
    draft = draft_of(tmp_path, *paths)
    assert draft.whole_year is whole
    expected = (dt.date(2023, 1, 1), dt.date(2023, 12, 31)) if whole else (DAY, None)
    assert draft.from_date == expected[0]
    if whole:
        assert draft.to_date == expected[1]
        assert draft.quality["sessions_expected"] == 250


def test_an_equity_without_definitions_has_the_defaults_of_its_class(tmp_path):
    draft = draft_of(tmp_path, write_dbn(tmp_path / "a.dbn", [Print(price=1.0025)]))
    instrument = draft.instrument
    assert (instrument.asset_class, instrument.tick_size, instrument.lot) == ("equity", 0.01, 1)
    assert instrument.price_precision == 8
    assert (draft.calendar, draft.tz) == ("XNYS", "America/New_York")
    assert counts_of(draft)["sub_cent"] == 1


def test_a_future_without_definitions_says_what_it_assumes(tmp_path):
    path = write_dbn(tmp_path / "a.dbn", [Print(price=1.125)], Meta(dataset="GLBX.MDP3"))
    draft = draft_of(tmp_path, path)
    assert (draft.instrument.asset_class, draft.instrument.tick_size) == ("future", 0.001)
    assert (draft.calendar, draft.tz) == ("CME", "America/Chicago")
    assert counts_of(draft)["no_definition"] == 1


def test_edits_of_the_instrument_win(tmp_path):
    path = write_dbn(tmp_path / "a.dbn", PRINTS)
    edits = {"asset_class": "crypto", "tick_size": 0.0001, "multiplier": 2}
    draft = draft_of(tmp_path, path, overrides=edits)
    assert (draft.instrument.tick_size, draft.instrument.multiplier) == (0.0001, 2)
    assert draft.instrument.price_precision == 8
    assert draft.calendar == "24/7"
    assert draft_of(tmp_path, path, calendar="24/7").tz == "UTC"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tick", 1),
        ("asset_class", "stock"),
        ("tick_size", 0),
        ("lot", float("nan")),
        ("multiplier", True),
        ("price_precision", 1),
        ("price_precision", 17),
        ("currency", " "),
    ],
)
def test_an_edit_that_is_not_allowed_is_refused_by_its_field(tmp_path, name, value):
    path = write_dbn(tmp_path / "a.dbn", PRINTS)
    assert refusal_of(tmp_path, path, overrides={name: value}).details["field"] == name


@pytest.fixture
def stored(tmp_path):
    """A dataset's folder and the staging folder with its raw files."""
    path = write_dbn(tmp_path / "a.dbn", PRINTS)
    quotes = write_dbn(tmp_path / "q.dbn", PRINTS, Meta(schema="tbbo"))
    staging = tmp_path / "staging"
    (draft,) = derive_dbn([path, quotes], staging=staging, overrides={"lot": 10.0}).drafts
    folder = tmp_path / "dataset"
    write_dataset(folder, draft, dataset_id="AAA-1m", created_at="2026-01-01T00:00:00Z")
    return folder, staging


def test_the_manifest_says_what_the_dataset_was_made_of_and_how(stored):
    folder, _ = stored
    manifest = store.read_json(folder / "manifest.json")
    assert manifest["dataset_id"] == "AAA-1m"
    assert (manifest["from"], manifest["to"]) == ("2023-01-03", "2023-01-03")
    assert manifest["rebar_params"]["bucket_field"] == "ts_recv"
    assert manifest["rebar_params"]["session_handling"] == "explicit-DST"
    assert sorted(manifest["input_hashes"]) == ["a.dbn", "q.dbn"]
    hashes = manifest["output_hashes"]
    assert hashes["bars_parquet_sha256"] == store.sha256_file(folder / "bars.parquet")
    assert hashes["quality_json_sha256"] == store.sha256_file(folder / "quality.json")
    assert manifest["corp_actions_source_version"] is None
    assert json.loads((folder / "quality.json").read_text())["rows"] == manifest["rows"] == 5


def test_a_dataset_as_it_was_written_verifies(stored):
    assert verify_dataset(stored[0]) == []


@pytest.mark.parametrize("name", ["bars.parquet", "quality.json", "manifest.json"])
def test_a_missing_or_changed_file_does_not_verify(stored, name):
    folder, _ = stored
    path = folder / name
    if name != "manifest.json":
        path.write_bytes(path.read_bytes() + b" ")
        assert [name in problem for problem in verify_dataset(folder)] == [True]
    path.unlink()
    assert [name in problem for problem in verify_dataset(folder)] == [True]


def test_a_file_that_does_not_belong_does_not_verify(stored):
    (stored[0] / "more.txt").write_text("more")
    assert verify_dataset(stored[0]) == ["more.txt does not belong to the dataset."]


def test_a_dataset_is_derived_again_from_its_manifest_alone(stored, tmp_path):
    folder, staging = stored
    manifest = store.read_json(folder / "manifest.json")
    again = rederive(manifest, staging / "raw", staging=tmp_path / "again")
    assert again.bars_sha256 == manifest["output_hashes"]["bars_parquet_sha256"]
    assert again.quality == store.read_json(folder / "quality.json")
    assert again.instrument.as_json() == manifest["instrument"]
    assert [raw.name for raw in again.raw_files] == ["a.dbn", "q.dbn"]


def test_a_source_that_is_gone_or_changed_is_named(stored, tmp_path):
    folder, staging = stored
    manifest = store.read_json(folder / "manifest.json")
    raw = staging / "raw" / f"{manifest['input_hashes']['a.dbn']}.dbn.zst"
    raw.write_bytes(zstd.compress(b"other"))
    with pytest.raises(InputError, match=r"a\.dbn has changed"):
        rederive(manifest, staging / "raw", staging=tmp_path / "again")
    raw.unlink()
    with pytest.raises(InputError, match=r"a\.dbn is no longer in the store"):
        rederive(manifest, staging / "raw", staging=tmp_path / "again")
    with pytest.raises(InputError, match="does not say"):
        rederive({}, staging / "raw", staging=tmp_path / "again")
