"""Files that people take for tables, told by their first bytes, and what to do instead."""

import codecs
import re
from pathlib import Path

from hewston.pipeline.errors import InputError

HEAD_BYTES = 4096
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_HEADER_BYTES = 512
_OLE_SECTOR_BYTES = 1 << 12
_TO_CSV = "Export it as CSV, Excel (.xlsx) or Parquet."

# Each with what it is and what to do.
_IMAGE = ("an image", "A picture of a table cannot be read; export the table as CSV.")
_STARTS = (
    (b"%PDF-", "a PDF document", _TO_CSV),
    (b"SQLite format 3\0", "an SQLite database", "Export its table as CSV."),
    (b"\x89HDF\r\n", "an HDF5 file", "Convert it to Parquet."),
    (b"\x93NUMPY", "a numpy array", "Convert it to Parquet."),
    (b"\x80\x04\x95", "a Python pickle", "Convert it to Parquet; pickles are never opened."),
    (b"\x80\x05\x95", "a Python pickle", "Convert it to Parquet; pickles are never opened."),
    (b"\x89PNG", *_IMAGE),
    (b"\xff\xd8\xff", *_IMAGE),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it, or pack it as zip."),
    (b"]\0\0", "LZMA data, such as Dukascopy's .bi5 ticks", "Export it as CSV."),
    (b"{\\rtf", "an RTF document", _TO_CSV),
    (b"\x7fELF", "a program", _TO_CSV),
    (b"MIME-Version:", "a saved web page", "Download the table itself as CSV."),
)
# Letters with which a table may begin too, as one of ORCL does: what follows must be no text.
_LETTERS = (
    (b"DBN", "Databento's binary encoding (DBN)", "Give it with --dbn, or where DBN files go."),
    (b"ARROW1", "an Arrow or Feather file", "Convert it to Parquet."),
    (b"FEA1", "a Feather file", "Convert it to Parquet."),
    (b"PARE", "an encrypted Parquet file", "Write it without encryption."),
    (b"ORC", "an ORC file", "Convert it to Parquet."),
    (b"Obj", "an Avro file", "Convert it to Parquet."),
    (b"GIF8", *_IMAGE),
    (b"RIFF", "an image, a sound or a film", _TO_CSV),
    (b"Rar!", "a RAR archive", "Unpack it, or pack it as zip."),
)
_NO_TEXT = re.compile(rb"[\0-\x08\x0e-\x1f]")
_PAGE = "a web page (HTML), perhaps an error page that was saved in the table's place"
_FROM_PAGE = "Download the table itself as CSV, or open the file in Excel and save it as .xlsx."
_MARKUP = (
    (b"<?xml", "XML", "Open it in Excel and save it as .xlsx or CSV."),
    *((start, _PAGE, _FROM_PAGE) for start in (
        b"<!doctype", b"<html", b"<head>", b"<body", b"<meta ", b"<table", b"<!--",
    )),
)  # fmt: skip
_JSON = re.compile(rb'\{\s*["}]|\[\s*([\[{"\]]|-?\d+(\.\d+)?\s*,)')
_METATRADER_HISTORY = b"Copyright"


def check_kind(head: bytes, *, name: str, path: Path | None = None) -> None:
    """Refuse what is no table by its first ``HEAD_BYTES`` bytes, and say what it is.

    ``path``: the file, where it is at hand already.
    """
    if not head:
        raise InputError(f"{name} is empty: it has 0 bytes. Download it again.", file=name)
    if head.startswith(OLE):
        raise _ole(head, name, path)
    starts = _STARTS + _LETTERS if _NO_TEXT.search(head) else _STARTS
    for start, what, remedy in starts:
        if head.startswith(start):
            raise _refusal(name, what, remedy)
    if head[:2] in {b"\x90\x01", b"\x91\x01"} and _METATRADER_HISTORY in head[:128]:
        raise _refusal(name, "MetaTrader's history file (.hst)", "Export it as CSV in MetaTrader.")
    plain = _ascii(head)
    for start, what, remedy in _MARKUP:
        if plain.lower().startswith(start):
            raise _refusal(name, what, remedy)
    if _JSON.match(plain):
        raise _refusal(name, "JSON, which is not read here", "Convert it to CSV.")


def _refusal(name: str, what: str, remedy: str) -> InputError:
    return InputError(f"{name} is {what}. {remedy}", file=name)


def _ole(head: bytes, name: str, path: Path | None) -> InputError:
    """Tell old Excel files from locked new ones by the names in the file's directory."""
    if path is None or len(head) < _OLE_HEADER_BYTES:
        return _refusal(
            name, "an old or locked Office file", "Save it as .xlsx without a password."
        )
    sector_bytes = 1 << min(12, max(9, head[30]))
    first = (int.from_bytes(head[48:52], "little") + 1) * sector_bytes
    with path.open("rb") as source:
        source.seek(first)
        directory = source.read(_OLE_SECTOR_BYTES)
    if "EncryptedPackage".encode("utf-16-le") in directory:
        return _refusal(
            name, "an Excel file locked by a password", "Save it without a password and try again."
        )
    return _refusal(name, "an old Office file (.xls)", "Save it as .xlsx or CSV.")


def _ascii(head: bytes) -> bytes:
    """Give the first characters without a byte order mark and blanks, one byte each."""
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        head = head.removeprefix(mark)
    return head.replace(b"\0", b"").lstrip()
