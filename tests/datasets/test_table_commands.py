"""`manage.py ingest` of tables, as a person runs it."""

import json
import re

import polars as pl
import pytest

from tests.commands import run_command, succeed
from tests.datasets.tables import write_table

pytestmark = pytest.mark.slow
SAID = ("--tz", "America/New_York", "--stamp", "open")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "SPY_minutes.csv"
    path.write_text(write_table(bad=2))
    return path


def test_what_must_be_said_is_named_as_it_is_typed(root, table):
    error = run_command(root, "ingest", "--csv", table).error
    assert "--tz America/New_York (" in error["message"]
    assert "--stamp open (" in error["message"]
    assert "trading starts at 9:30" in error["message"]
    assert [one["option"] for one in error["details"]["questions"]] == ["tz", "stamp"]
    assert not (root / "datasets").exists()


def test_an_option_is_named_so_that_it_can_be_typed_as_it_stands(root, tmp_path):
    table = tmp_path / "DAT_ASCII_EURUSD_M1_2024.csv"
    table.write_text("".join(f"20240108 09{n:02}00;1.1;1.2;1.0;1.1;0\n" for n in range(30)))
    error = run_command(root, "ingest", "--csv", table).error
    (zone,) = re.findall(r"--tz=-05:00", error["message"])
    assert succeed(root, "ingest", "--csv", table, zone, "--stamp", "open")["rows"] == 30


def test_what_may_be_said_is_told_once(root):
    said = run_command(root, "ingest", "--sample", "--year", "1800").stderr
    assert said.count("a whole number from 2000 to 2030") == 1


def test_a_table_is_imported_without_its_bad_rows_which_are_listed(root, table):
    answer = run_command(root, "ingest", "--csv", table, *SAID)
    made = answer.json
    assert (made["rows"], made["created"]) == (28, True)
    assert made["left_out"] == []
    assert [(row["line"], row["reason"]) for row in made["bad_rows"]] == [
        (2, "close 'n/a?' is no number"),
        (3, "close 'n/a?' is no number"),
    ]
    bars = pl.read_parquet(made["bars_path"])
    assert str(bars["ts_open"][0]) == "2024-01-08 14:32:00+00:00"
    again = succeed(root, "ingest", "--csv", table, *SAID)
    assert (again["dataset_id"], again["created"]) == (made["dataset_id"], False)
    few = run_command(root, "ingest", "--csv", table, *SAID, "--max-bad-rows", "1").error
    assert "--max-bad-rows" in few["message"]


def test_a_preview_stores_nothing(root, table):
    shown = succeed(root, "ingest", "--csv", table, "--preview")
    assert shown["questions"] == ["tz", "stamp"]
    assert shown["rows"]["bad"] == 2
    assert not (root / "datasets").exists()
    assert list((root / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "field", "sentence"),
    [
        (("--map", "open=Nope"), "columns", "There is no column 'Nope'"),
        (("--tz", "Mars"), "tz", "tz is Mars"),
        (("--header", "900"), "header", "There is no line 900"),
        (("--preset", "none"), "preset", "There is no preset none."),
        (("--dataset", "X"), "dataset", "--dataset goes with --dbn"),
        (("--tick", "x"), "tick", "must be a number above 0"),
    ],
)
def test_what_cannot_be_is_a_sentence(root, table, words, field, sentence):
    error = run_command(root, "ingest", "--csv", table, *words).error
    assert error["details"]["field"] == field
    assert sentence in error["message"]


def test_options_of_tables_belong_to_tables(root, table):
    error = run_command(root, "ingest", "--dbn", table, "--stamp", "open").error
    assert "--stamp is of tables: it goes with --csv, --excel or --parquet." in error["message"]


def read_expected(real_data, name):
    messy = real_data / "bars" / "messy"
    expected = json.loads((messy / "expected.json").read_text())[name]
    said = [f"--tz={expected.get('tz', 'UTC')}", f"--stamp={expected.get('stamp', 'open')}"]
    return messy / name, said, pl.read_csv(messy / expected["canonical"]), expected


@pytest.mark.parametrize(
    ("flag", "pattern"),
    [
        ("--csv", "01_"),
        ("--csv", "05_"),
        ("--csv", "07_"),
        ("--csv", "09_"),
        ("--csv", "19_"),
        ("--csv", "27_"),
        ("--excel", "31_"),
    ],
)
def test_real_tables_are_read_to_what_they_say(root, real_data, flag, pattern):
    name = next(
        path.name for path in (real_data / "bars/messy").iterdir() if path.name.startswith(pattern)
    )
    path, said, truth, expected = read_expected(real_data, name)
    made = succeed(root, "ingest", flag, path, *said)
    bars = pl.read_parquet(made["bars_path"])
    assert bars.height == made["rows"] == truth.height
    for figure in ("open", "high", "low", "close"):
        assert bars[figure].to_list() == truth[figure].to_list()
    assert len(made["bad_rows"]) == expected.get("bad_rows", 0)


@pytest.mark.parametrize("pattern", ["Coinbase", "nt-spy", "yahoo"])
def test_real_exports_are_recognised(root, real_data, pattern):
    path = next(one for one in (real_data / "bars/real").iterdir() if pattern in one.name)
    shown = succeed(root, "ingest", "--csv", path, "--preview")
    assert shown["layout"]
    assert re.search(r"\d{4}-\d\d-\d\dT", shown["bars"]["head"][0]["ts_open"])
