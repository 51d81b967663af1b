"""Excel sheets (.xlsx, .xlsm) as blocks of cells. Formulas and macros are never run.

Read by a streaming XML parser: openpyxl reads entities, keeps every row it has passed, makes
cells for whatever a sheet says of its size, and gives up on styles that Excel itself forgives.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.archives import open_archive
from hewston.pipeline.sources.tables.cells import Cells
from hewston.pipeline.sources.tables.sheetcells import SheetCells
from hewston.pipeline.sources.tables.workbook import SheetPart, Workbook
from hewston.pipeline.sources.tables.xmlparts import FEED_BYTES, Part, Stopped, feed_part

_MOST_SHEET_BYTES = 4 << 30
_MOST_LOOK_BYTES = 16 << 20  # of a sheet that has formats but no values


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A worksheet, as its tab shows it."""

    name: str
    hidden: bool
    empty: bool


def list_sheets(path: Path, *, name: str) -> list[Sheet]:
    """List the worksheets in the order of their tabs, without chart and macro sheets.

    Raises InputError for a damaged or hostile file and for one without a worksheet.
    """
    with open_archive(path, name=name) as archive:
        return [
            Sheet(name=part.name, hidden=part.hidden, empty=_is_empty(archive, part, name))
            for part in _sheets(Workbook(archive, name=name), name)
        ]


def read_sheet(
    path: Path, *, name: str, sheet: str, most_rows: int | None = None
) -> Iterator[Cells]:
    """Read a sheet's rows that have any cell, front to back; ``most_rows``: after how many to end.

    A block is as wide as the rows so far; later ones may be wider. Numbers are in ``numbers``,
    dates and times in ``times`` (a time without a date on 1899-12-30), all else in ``text``: also
    booleans (TRUE, FALSE) and errors (#N/A). A formula counts by the value stored with it; where
    there is none its cell is null and the row is listed in ``malformed``.

    Raises InputError for a sheet that is not there, a damaged or hostile file, and content behind
    column 1,024.
    """
    with open_archive(path, name=name) as archive:
        workbook = Workbook(archive, name=name)
        parts = _sheets(workbook, name)
        found = next((part for part in parts if part.name == sheet), None)
        if found is None:
            raise InputError(
                f"{name} has no sheet {sheet!r}. Choose one of "
                f"{', '.join(part.name for part in parts)}.",
                file=name,
                field="sheet",
                allowed=[part.name for part in parts],
            )
        cells = SheetCells(
            name=name,
            sheet=sheet,
            strings=workbook.shared_strings(),
            date_styles=workbook.date_styles(),
            counts_from_1904=workbook.counts_from_1904,
            most_rows=most_rows,
        )
        part = Part(archive=archive, entry=found.entry, name=name, most_bytes=_MOST_SHEET_BYTES)
        for _ in feed_part(part, start=cells.start, end=cells.end, data=cells.data):
            if cells.is_full:
                yield cells.take()
        if cells.height:
            yield cells.take()


def _sheets(workbook: Workbook, name: str) -> list[SheetPart]:
    if not workbook.sheets:
        raise InputError(f"{name} has no worksheet. Save the table as .xlsx or CSV.", file=name)
    return workbook.sheets


def _is_empty(archive: ZipFile, sheet: SheetPart, name: str) -> bool:
    """Look for the first cell with a value."""
    found = False

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal found
        if tag in {"v", "t", "f"}:
            found = True
            raise Stopped

    part = Part(archive=archive, entry=sheet.entry, name=name, most_bytes=_MOST_SHEET_BYTES)
    for fed, _ in enumerate(feed_part(part, start=start)):
        if fed * FEED_BYTES > _MOST_LOOK_BYTES:
            break
    return not found
