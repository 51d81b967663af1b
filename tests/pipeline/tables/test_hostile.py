"""Files made to break what opens them: a sentence, nothing left behind, memory that stays flat."""

import functools
import gzip
import io
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.containers import unwrap
from tests.pipeline.tables.opening import rows_of

ROOT = Path(__file__).resolve().parents[3]
TABLE = b"time,open\n2020-01-01,1.5\n"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
MOST_MB = 600  # what an import may take; polars and pyarrow have 200 MB by themselves


def reads(path: Path, scratch: Path) -> tuple[int, str]:
    """Read in a process of its own; its peak memory in MB, and what it says."""
    command = [sys.executable, "-m", "tests.pipeline.tables.opening", str(path), str(scratch)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    megabytes, _, said = done.stdout.partition(" ")
    return int(megabytes), said


def refused(path: Path, scratch: Path) -> str:
    """Read in a process of its own what must be refused; the sentence."""
    megabytes, said = reads(path, scratch)
    assert megabytes < MOST_MB
    assert said.endswith((".\n", "?\n"))
    assert " rows\n" not in said
    assert not scratch.exists() or not list(scratch.iterdir())
    return said


def zip_with(path: Path, change: Callable[[zipfile.ZipFile], None]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", TABLE)
        change(archive)
    return path


def excel_with(path: Path, **parts: str | bytes) -> Path:
    """Save a sound Excel file with some of its parts replaced; by the ends of their names."""
    source = io.BytesIO()
    book = openpyxl.Workbook()
    book["Sheet"].append(["a", 1])
    book.save(source)
    with zipfile.ZipFile(source) as given, zipfile.ZipFile(path, "w", 8) as target:
        for entry in given.infolist():
            stem = Path(entry.filename).stem.replace(".", "_")
            target.writestr(entry.filename, parts.get(stem) or given.read(entry))
        if strings := parts.get("sharedStrings"):
            target.writestr("xl/sharedStrings.xml", strings)
    return path


def sheet_of(rows: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


# Zip files.


def test_a_zip_that_unpacks_to_a_thousand_times_its_size_is_stopped(tmp_path, scratch):
    def fill(archive: zipfile.ZipFile) -> None:
        with archive.open("bomb.csv", "w") as member:
            for _ in range(300):
                member.write(b"0,0\n" * (1 << 18))

    path = zip_with(tmp_path / "bomb.zip", fill)
    assert "unpacks to more than 200 times its size" in refused(path, scratch)


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress], ids=["gz", "zst"])
def test_so_is_a_stream(tmp_path, scratch, compress):
    path = tmp_path / "bomb"
    path.write_bytes(compress(bytes(1 << 20).replace(b"\0", b"0")) * 300)
    assert "unpacks to more than 200 times its size" in refused(path, scratch)


def test_zips_in_zips_in_zips_are_not_opened(tmp_path, scratch):
    content = TABLE
    for layer in range(6):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{layer}.zip", content)
        content = target.getvalue()
    path = tmp_path / "nested.zip"
    path.write_bytes(content)
    assert "packed more than 2 times over" in refused(path, scratch)


def overlap(archive: zipfile.ZipFile) -> None:
    for number in range(1000):
        twin = zipfile.ZipInfo(f"{number}.csv")
        first = archive.filelist[0]
        twin.header_offset, twin.CRC = first.header_offset, first.CRC
        twin.compress_size, twin.file_size = first.compress_size, first.file_size
        twin.compress_type = first.compress_type
        archive.filelist.append(twin)


def declare(archive: zipfile.ZipFile, **fields: int) -> None:
    for field, value in fields.items():
        setattr(archive.filelist[0], field, value)


def many(archive: zipfile.ZipFile) -> None:
    for number in range(10_001):
        archive.writestr(f"{number}.csv", b"x")


def long_names(archive: zipfile.ZipFile) -> None:
    for number in range(100):
        archive.writestr(f"{number}" * 30_000, b"x")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (overlap, "share bytes"),
        (many, "more than 10,000 entries"),
        (long_names, "more than 10,000 entries"),
    ],
)
def test_a_zip_with_a_hostile_list_is_refused(tmp_path, scratch, refusal, change, words):
    path = zip_with(tmp_path / "z.zip", change)
    assert words in refusal(unwrap, path, name="z.zip", scratch=scratch).message


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        ({"file_size": 10 << 30}, "damaged"),
        ({"file_size": 5}, "damaged"),
        ({"compress_size": 10 << 30}, "lie outside"),
        ({"header_offset": 1 << 40}, "lie outside"),
        ({"CRC": 1}, "damaged"),
        ({"flag_bits": 1}, "locked by a password"),
        ({"compress_type": 99}, "method (number 99)"),
        ({"compress_type": zipfile.ZIP_LZMA}, "method (number 14)"),
        ({"external_attr": (stat.S_IFLNK | 0o777) << 16}, "link"),
        ({"external_attr": (stat.S_IFIFO | 0o777) << 16}, "device"),
    ],
)
def test_a_zip_that_lies_about_an_entry_is_refused(tmp_path, scratch, refusal, lie, words):
    path = zip_with(tmp_path / "z.zip", functools.partial(declare, **lie))
    assert words in refusal(unwrap, path, name="z.zip", scratch=scratch).message


@pytest.mark.parametrize(
    "name",
    [
        "../../../../tmp/escaped.csv",
        "/etc/escaped.csv",
        "C:\\escaped.csv",
        "..\\..\\escaped.csv",
        "a/../../escaped.csv",
        "\x1b[31mred.csv",
        "right\u202eto left.csv",
        "new\nline.csv",
        "x" * 5000 + ".csv",
    ],
)
def test_names_in_a_zip_are_shown_and_never_paths(tmp_path, scratch, name):
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, TABLE)
    opened = unwrap(path, name="z.zip", scratch=scratch)
    assert opened.path.parent == scratch
    assert sorted(tmp_path.rglob("*")) == sorted([path, scratch, opened.path])
    assert opened.name.isprintable()
    assert len(opened.name) < 200


# Excel files.

LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
QUADRATIC = f'<!DOCTYPE x [<!ENTITY i "{"x" * 100_000}">]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">]>'
REMOTE = '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'


@pytest.mark.parametrize("part", ["sheet1", "sharedStrings", "styles", "workbook", "workbook_xml"])
@pytest.mark.parametrize("bomb", [LAUGHS, QUADRATIC, EXTERNAL, REMOTE])
def test_entities_are_refused_in_any_part(tmp_path, scratch, refusal, part, bomb):
    body = f"<x>{'&i;' * 1000}</x>" if "i" in bomb else "<x/>"
    for encoding in ("utf-8", "utf-16"):
        path = excel_with(tmp_path / "b.xlsx", **{part: (bomb + body).encode(encoding)})
        assert "declares a document type" in refusal(rows_of, path, scratch).message


def test_a_sheet_that_unpacks_to_a_thousand_times_its_size_is_stopped(tmp_path, scratch):
    rows = "<row><c><v>1</v></c></row>" + " " * 80_000_000
    path = excel_with(tmp_path / "b.xlsx", sheet1=sheet_of(rows))
    assert "unpacks to more than 200 times its size" in refused(path, scratch)


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        (sheet_of('<row><c r="XFD1"><v>1</v></c></row>'), "cell XFD1 has content"),
        (sheet_of('<row r="1048577"><c><v>1</v></c></row>'), "not in order"),
        (sheet_of('<row r="2"/><row r="1"/>'), "not in order"),
        (sheet_of('<row r="0"/>'), "not in order"),
        (sheet_of('<row r="1e5"/>'), "not in order"),
        (sheet_of('<row><c r="1A"><v>1</v></c></row>'), "is no cell"),
        (sheet_of('<row><c r=""><v>1</v></c></row>'), "is no cell"),
        (sheet_of('<row><c t="s"><v>999</v></c></row>'), "a text that the file does not hold"),
        (sheet_of('<row><c t="s"><v>-1</v></c></row>'), "a text that the file does not hold"),
        (sheet_of("<row>" + "<c><v>1</v></c>" * 16_000 + "</row>"), "1,024 columns are read"),
        (sheet_of(f'<row><c t="str"><v>{"x" * 200_000}</v></c></row>'), "131,072 characters"),
        (sheet_of(f'<row x="{"x" * 2_000_000}"/>'), "larger than is read"),
        (sheet_of("<a>" * 100_000), "not well-formed"),
        ("<worksheet>", "not well-formed"),
        ("\0", "not well-formed"),
    ],
)
def test_a_damaged_or_hostile_sheet_is_refused_with_its_place(
    tmp_path, scratch, refusal, sheet, words
):
    path = excel_with(tmp_path / "b.xlsx", sheet1=sheet)
    assert words in refusal(rows_of, path, scratch).message


@pytest.mark.parametrize(
    "parts",
    [
        {"sheet1": f'<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData>'
         '<row r="1048576"><c r="B1048576"><v>1</v></c><c r="XFD1048576" s="1"/></row>'
         "</sheetData></worksheet>"},
        {"sheet1": sheet_of('<row><c s="99999999999999999999"><v>1</v></c></row>')},
        {"sheet1": sheet_of('<row><c t="s"><v>0</v></c></row>'),
         "sharedStrings": "<sst>" + "<si/>" * 1_000_000 + "<si><t>x</t></si></sst>"},
        {"styles": "<styleSheet>" + '<xf numFmtId="²"/>' * 10 + "</styleSheet>"},
    ],
)  # fmt: skip
def test_a_sparse_or_odd_sheet_is_read_in_little_memory(tmp_path, scratch, parts):
    path = excel_with(tmp_path / "b.xlsx", **parts)
    megabytes, said = reads(path, scratch)
    assert said in {"1 rows\n", "0 rows\n"}
    assert megabytes < MOST_MB


# Text and Parquet files.


def test_a_line_of_100_mb_is_refused_without_reading_it(tmp_path, scratch):
    path = tmp_path / "line.csv"
    with path.open("wb") as target:
        target.write(b"time,open\n")
        for _ in range(100):
            target.write(b"1" * (1 << 20))
    assert "line 2 is longer than 1,048,576 bytes" in refused(path, scratch)


def test_sixteen_thousand_columns_are_refused(tmp_path, scratch, refusal):
    path = tmp_path / "wide.csv"
    path.write_bytes((b"1," * 16_000 + b"\n") * 100)
    assert "has 16,001 columns" in refusal(rows_of, path, scratch).message


def test_the_widest_and_longest_tables_take_little_memory(tmp_path, scratch):
    path = tmp_path / "wide.csv"
    path.write_bytes((b"," * 1023 + b"1\n") * 40_000)
    megabytes, said = reads(path, scratch)
    assert said == "40000 rows\n"
    assert megabytes < MOST_MB
    path.write_bytes(b"2020-01-01 00:00,1.5,2.5,0.5,1.25,1000\n" * 1_500_000)
    megabytes, said = reads(path, scratch)
    assert said == "1500000 rows\n"
    assert megabytes < MOST_MB


def saved(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_a_parquet_page_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path, scratch):
    path = saved(
        tmp_path / "p",
        {"a": np.zeros(10_000_000)},
        use_dictionary=False,
        compression="zstd",
        data_page_size=1 << 30,
        row_group_size=10_000_000,
    )
    assert "unpacks to more than 200 times its size" in refused(path, scratch)


def test_a_parquet_dictionary_does_not_become_gigabytes_of_text(tmp_path, scratch):
    texts = pa.DictionaryArray.from_arrays(np.zeros(100_000, np.int32), ["x" * (1 << 20)])
    path = saved(tmp_path / "p", {"a": texts})
    assert "the texts in its column a are longer" in refused(path, scratch)


def test_parquet_texts_that_share_their_beginnings_take_little_memory(tmp_path, scratch):
    texts = [f"{'x' * 100_000}{n}" for n in range(3000)]
    encoding = {"a": "DELTA_BYTE_ARRAY"}
    path = saved(tmp_path / "p", {"a": texts}, use_dictionary=False, column_encoding=encoding)
    megabytes, said = reads(path, scratch)
    assert said == "3000 rows\n"
    assert megabytes < MOST_MB


# Anything at all.

SUFFIXES = ["csv", "txt", "gz", "zip", "zst", "bz2", "xz", "xlsx", "xls", "parquet", "dbn"]
STARTS = [
    b"", b"\x1f\x8b\x08", b"PK\x03\x04", b"PK\x05\x06", b"\x28\xb5\x2f\xfd", b"BZh9", b"\xfd7zXZ\0",
    b"PAR1", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf",
    b"\xff\xfe\0\0", b"time,open\n", b"\x81",
]  # fmt: skip


def read_or_refuse(tmp_path: Path, name: str, content: bytes) -> None:
    path, scratch = tmp_path / name, tmp_path / "scratch"
    path.write_bytes(content)
    said = "."
    try:
        rows_of(path, scratch)
    except InputError as problem:
        said = problem.message
    assert said.isprintable()
    assert said.endswith((".", "?"))
    for left in scratch.glob("*"):
        left.unlink()
    path.unlink()


@settings(max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(SUFFIXES), st.sampled_from(STARTS), st.binary(max_size=300))
@example("csv", b"", b"a\0b")
@example("csv", b"\xff\xfe", b"\0\xd8")
@example("parquet", b"PAR1", b"PAR1\xff\xff\xff\x7fPAR1")
def test_any_bytes_are_read_or_refused(tmp_path, suffix, start, content):
    read_or_refuse(tmp_path, f"any.{suffix}", start + content)


def sound_files() -> list[bytes]:
    def bytes_of(save: Callable[[Any], object]) -> bytes:
        target = io.BytesIO()
        save(target)
        return target.getvalue()

    book = openpyxl.Workbook()
    book["Sheet"].append(["a", 1, True])
    columns = {"t": pa.array([0, 1], pa.timestamp("us")), "x": [1.5, None], "s": ["a", "b"]}
    table = pa.table(columns)

    def zipped(target: io.BytesIO) -> None:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", TABLE * 20)
            archive.writestr("b.csv", TABLE)

    return [
        bytes_of(book.save),
        bytes_of(zipped),
        bytes_of(lambda target: pq.write_table(table, target)),
        bytes_of(lambda target: pq.write_table(table, target, compression="none")),
        bytes_of(
            lambda target: pq.write_table(
                table, target, use_dictionary=False, data_page_version="2.0", compression="zstd"
            )
        ),
        gzip.compress(TABLE),
        zstd.compress(TABLE),
        "Datum;Eröffnung\n1;2\n".encode("utf-16"),
    ]


SOUND = sound_files()
PLACES = st.integers(0, 10**6)


@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(range(len(SOUND))),
    st.lists(st.tuples(PLACES, st.integers(0, 255)), max_size=4),
    st.none() | PLACES,
)
def test_any_damage_to_a_sound_file_is_read_or_refused(tmp_path, which, changes, cut):
    content = bytearray(SOUND[which])
    for place, value in changes:
        content[-1 - place % len(content)] = value  # lists and footers are at the ends
    if cut is not None:
        del content[cut % len(content) :]
    read_or_refuse(tmp_path, "damaged", bytes(content))


@pytest.mark.parametrize("which", range(len(SOUND)))
def test_a_file_that_is_cut_is_refused_or_known_to_be_text(tmp_path, scratch, which):
    path = tmp_path / "cut"
    for share in (0.3, 0.6, 0.9, 0.99):
        path.write_bytes(SOUND[which][: int(len(SOUND[which]) * share)])
        if which == len(SOUND) - 1:
            read_or_refuse(tmp_path, "cut", path.read_bytes())
            continue
        with pytest.raises(InputError):
            rows_of(path, scratch)
        assert not list(scratch.glob("*"))
