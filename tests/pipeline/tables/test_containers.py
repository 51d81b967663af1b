"""From the file that is given to the table in it, whatever its name and packing."""

import bz2
import gzip
import io
import lzma
import os
import zipfile
from collections.abc import Callable

import openpyxl
import polars as pl
import pytest
from backports import zstd

from hewston.pipeline.sources.tables.containers import unwrap

TABLE = b"time,open\n2020-01-01,1.5\n"


def zip_of(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def workbook() -> bytes:
    target = io.BytesIO()
    openpyxl.Workbook().save(target)
    return target.getvalue()


def parquet() -> bytes:
    target = io.BytesIO()
    pl.DataFrame({"a": [1]}).write_parquet(target)
    return target.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": zstd.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}
PACKED = {
    **{packing: pack(TABLE) for packing, pack in PACKERS.items()},
    "zip": zip_of({"a.csv": TABLE}),
}


@pytest.mark.parametrize("packing", sorted(PACKED))
def test_a_packed_table_is_unpacked_whatever_its_name(written, scratch, packing):
    opened = unwrap(written(PACKED[packing]), name="a.csv", scratch=scratch)
    assert (opened.kind, opened.compressed) == ("text", packing)
    assert opened.path.read_bytes() == TABLE
    assert opened.path.parent == scratch


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_streams_behind_each_other_are_one_file(written, scratch, pack):
    opened = unwrap(written(pack(TABLE[:9]) + pack(TABLE[9:])), name="a.gz", scratch=scratch)
    assert opened.path.read_bytes() == TABLE


@pytest.mark.parametrize(
    ("content", "kind"), [(TABLE, "text"), (workbook(), "excel"), (parquet(), "parquet")]
)
def test_what_is_not_packed_is_given_as_it_is(written, scratch, content, kind):
    path = written(content)
    opened = unwrap(path, name="given", scratch=scratch)
    assert (opened.path, opened.kind, opened.compressed) == (path, kind, None)
    assert not scratch.exists()


@pytest.mark.parametrize(
    ("content", "kind"), [(TABLE, "text"), (workbook(), "excel"), (parquet(), "parquet")]
)
def test_a_zip_may_hold_any_table_once_more_packed(written, scratch, content, kind):
    path = written(zip_of({"in/a.gz": gzip.compress(content)}))
    opened = unwrap(path, name="two.zip", scratch=scratch)
    assert (opened.kind, opened.compressed) == (kind, "zip")
    assert opened.name == "two.zip \u203a in/a.gz"
    assert opened.path.read_bytes() == content
    assert list(scratch.iterdir()) == [opened.path]


def test_a_table_that_is_packed_three_times_is_refused(written, scratch, refusal):
    path = written(zip_of({"a.gz": gzip.compress(gzip.compress(TABLE))}))
    assert "more than 2 times over" in refusal(unwrap, path, name="z", scratch=scratch).message


def test_junk_beside_the_table_is_no_table(written, scratch):
    junk = {
        "__MACOSX/._a.csv": b"junk",
        ".DS_Store": b"junk",
        "folder/": b"",
        "folder/Thumbs.db": b"junk",
        "desktop.ini": b"junk",
        "empty.csv": b"",
        "README.txt": b"read me",
        "LICENSE": b"mine",
        "a.csv.sha256": b"00",
        "a.txt": b"Gap of 60s found between two bars",
    }
    path = written(zip_of({**junk, "a.csv": TABLE}))
    opened = unwrap(path, name="z.zip", scratch=scratch)
    assert (opened.member, opened.members) == ("a.csv", ())


def test_of_several_tables_one_is_to_be_chosen(written, scratch, refusal):
    path = written(zip_of({"a.csv": TABLE, "b.csv": TABLE * 9, "readme.md": b"x" * 999}))
    best = unwrap(path, name="z.zip", scratch=scratch)
    assert (best.member, best.members) == ("b.csv", ("a.csv", "b.csv"))
    chosen = unwrap(path, name="z.zip", scratch=scratch, member="a.csv")
    assert (chosen.member, chosen.path.read_bytes()) == ("a.csv", TABLE)
    chosen.path.unlink()
    problem = refusal(unwrap, path, name="z.zip", scratch=scratch, member="c.csv")
    assert problem.details["allowed"] == ["a.csv", "b.csv"]


def test_no_file_can_be_chosen_where_there_is_no_zip(written, scratch, refusal):
    path = written(gzip.compress(TABLE))
    problem = refusal(unwrap, path, name="a.gz", scratch=scratch, member="a.csv")
    assert problem.details["field"] == "member"


@pytest.mark.parametrize("members", [{}, {"readme.txt": b"x"}, {"__MACOSX/a.csv": b"x"}])
def test_a_zip_without_a_table_is_refused(written, scratch, refusal, members):
    problem = refusal(unwrap, written(zip_of(members)), name="z.zip", scratch=scratch)
    assert "z.zip holds no table." in problem.message


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(22) + b"\x09\x00" + bytes(16) + bytes(464)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"DBN\x01", "--dbn"),
        (zstd.compress(b"DBN\x01" + bytes(99)), "--dbn"),
        (OLE + bytes(512), ".xls"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "locked by a password"),
        (zip_of({"xl/workbook.bin": b"x"}), ".xlsb"),
        (zip_of({"mimetype": b"x", "content.xml": b"x"}), ".ods"),
        (zip_of({"Index/Document.iwa": b"x"}), "Numbers"),
        (zip_of({"word/document.xml": b"x"}), "Word"),
        (b"%PDF-1.7", "PDF"),
        (b"\n <!DOCTYPE html><html>", "web page"),
        (b"\xef\xbb\xbf<HTML>", "web page"),
        ("\ufeff<html>".encode("utf-16-le"), "web page"),
        (b"<?xml version='1.0'?>", "XML"),
        (b'{"a": 1}', "JSON"),
        (b"[[1761868800000, 1.5]]", "JSON"),
        (b"\x89PNG\r\n", "image"),
        (b"\xff\xd8\xff\xe0", "image"),
        (b"ARROW1\0\0", "Arrow"),
        (b"FEA1\0\0\0\0", "Feather"),
        (b"ORC\n\x03\0", "ORC"),
        (b"GIF89a\x01\0", "image"),
        (b"SQLite format 3\0", "SQLite"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"Rar!\x1a", "RAR"),
        (b"\x91\x01\0\0(C)opyright 2003 Copyright", "history"),
    ],
)
def test_what_is_no_table_is_refused_by_what_it_is(written, scratch, refusal, content, words):
    assert words in refusal(unwrap, written(content), name="a.csv", scratch=scratch).message


@pytest.mark.parametrize(
    "content",
    [
        b"<TICKER>,<PER>\nA,1\n",
        b"<DATE>\t<OPEN>",
        b"[EURUSD]\n1,2\n",
        b"[2020-01-01 00:00],1\n",
        b"ORCL,2020-01-01,1\n",
        b"DBN,2020-01-01,1\n",
        b"PAR1,2020-01-01,1\n",
        b"BZh9,2020-01-01,1\n",
        b"PK,2020-01-01,1\n",
    ],
)
def test_what_looks_like_it_only_at_first_is_a_table(written, scratch, content):
    assert unwrap(written(content), name="a.csv", scratch=scratch).kind == "text"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_and_not_opened(tmp_path, scratch, refusal, make):
    make(tmp_path / "odd")
    assert "not a file" in refusal(unwrap, tmp_path / "odd", name="odd", scratch=scratch).message
