"""Which entries of a zip are tables, and which zips are documents of an office."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from zipfile import ZipFile, ZipInfo

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.archives import shown

_TABLE_SUFFIXES = (".csv", ".tsv", ".parquet", ".xlsx", ".xlsm", ".gz", ".zst")
_JUNK_NAMES = ("thumbs.db", "desktop.ini")
_COMPANIONS = (
    "readme", "read_me", "license", "licence", "copying", "changelog", "checksum",
    "md5sum", "sha256sum", "sha512sum",
)  # fmt: skip
_COMPANION_SUFFIXES = (
    ".md", ".md5", ".sha1", ".sha256", ".sha512", ".checksum", ".sfv", ".sig", ".pdf", ".html",
    ".htm", ".url", ".json", ".xml", ".png", ".jpg", ".jpeg", ".rtf", ".docx", ".nfo", ".log",
)  # fmt: skip
_MOST_NAMED = 5
_TO_XLSX = "Open it and save it as .xlsx or CSV."
_DOCUMENTS = (
    ("xl/workbook.bin", "a binary Excel file (.xlsb)"),
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a presentation"),
    ("content.xml", "an OpenDocument file (.ods)"),
    ("index/document.iwa", "a Numbers file"),
    ("index.zip", "a Numbers file"),
)


def is_excel(archive: ZipFile, *, name: str) -> bool:
    """Tell a workbook (.xlsx, .xlsm); raises InputError for other documents that are zips."""
    names = {entry.replace("\\", "/").lower() for entry in archive.namelist()}
    for part, what in _DOCUMENTS:
        if part in names:
            raise InputError(f"{name} is {what}. {_TO_XLSX}", file=name)
    return "[content_types].xml" in names and any(part.startswith("xl/") for part in names)


def data_files(entries: Sequence[ZipInfo], *, name: str) -> dict[str, ZipInfo]:
    """Give the files that may be tables, by the name they are shown by, in the zip's order.

    Folders, empty files, what file managers leave behind and readme, licence and checksum files
    are none, nor is a report (.txt) beside the table of the same name.

    Raises InputError when there is none and when two have the same name.
    """
    files = [e for e in entries if not e.is_dir() and e.file_size and not _is_junk(e.filename)]
    tables = [e for e in files if not _is_companion(e.filename)]
    stems = {_stem(e.filename) for e in tables if e.filename.lower().endswith(_TABLE_SUFFIXES)}
    tables = [
        e
        for e in tables
        if not (e.filename.lower().endswith(".txt") and _stem(e.filename) in stems)
    ]
    found = {shown(e.filename): e for e in tables}
    if not found:
        raise _without_tables(files, name)
    if len(found) < len(tables):
        raise InputError(
            f"{name} holds several files of the same name. Unpack it and give one of them.",
            file=name,
        )
    return found


def _stem(path: str) -> str:
    return path.rsplit(".", 1)[0].lower()


def _is_junk(path: str) -> bool:
    *folders, last = PurePosixPath(path.replace("\\", "/")).parts or ("",)
    return "__MACOSX" in folders or last.startswith((".", "~$")) or last.lower() in _JUNK_NAMES


def _is_companion(path: str) -> bool:
    last = PurePosixPath(path.replace("\\", "/")).name.lower()
    return last.startswith(_COMPANIONS) or last.endswith(_COMPANION_SUFFIXES)


def _without_tables(files: Sequence[ZipInfo], name: str) -> InputError:
    inside = ", ".join(shown(e.filename) for e in files[:_MOST_NAMED])
    found = f" It holds {inside}." if inside else ""
    return InputError(
        f"{name} holds no table.{found} Pack one CSV, Excel or Parquet file.", file=name
    )
