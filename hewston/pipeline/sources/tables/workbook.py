"""What an Excel file says of itself: its sheets, which styles are dates, its shared strings."""

import re
from array import array
from dataclasses import dataclass
from posixpath import basename, dirname, join, normpath
from zipfile import ZipFile, ZipInfo

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.archives import shown
from hewston.pipeline.sources.tables.xmlparts import Part, read_part

_MOST_PART_BYTES = 16 << 20  # of the parts that describe; usual ones have 10 KB
_MOST_STRINGS_BYTES = 512 << 20
_MOST_STRINGS = 16_000_000
_MOST_SHEETS = 256
LONGEST_CELL = 1 << 17  # characters; Excel itself stops at 32,767
_BUILT_IN_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_NOT_OF_DATES = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_OF_DATES = re.compile("[dmyhs]", re.IGNORECASE)
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True, kw_only=True)
class SheetPart:
    """A worksheet and where its cells are."""

    name: str
    hidden: bool
    entry: ZipInfo


class Workbook:
    """An Excel file's worksheets in their order; chart and macro sheets are none.

    Raises InputError for damaged parts and for more of them than are read.
    """

    def __init__(self, archive: ZipFile, *, name: str) -> None:
        self._archive = archive
        self._name = name
        self._entries = {_key(entry.filename): entry for entry in archive.infolist()}
        relations = self._relations("")
        main = next((path for kind, path in relations.values() if kind == "officeDocument"), "")
        self._main = main if main in self._entries else "xl/workbook.xml"
        self._parts = self._relations(self._main)
        self.counts_from_1904 = False
        self.sheets: list[SheetPart] = []
        self._read_sheets()

    def date_styles(self) -> list[bool]:
        """Tell for each style of cells whether it shows numbers as dates or times."""
        formats: dict[str, bool] = {}
        styles: list[bool] = []
        inside = [""]  # the elements around

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "numFmt":
                formats[attributes.get("numFmtId", "")] = _shows_dates(
                    attributes.get("formatCode", "")
                )
            elif tag == "xf" and inside[-1] == "cellXfs":
                number = attributes.get("numFmtId", "0")
                built_in = number.isdecimal() and int(number[:9]) in _BUILT_IN_DATES
                styles.append(formats.get(number, built_in))
            inside.append(tag)

        part = self._part_of_kind("styles", _MOST_PART_BYTES)
        if part:
            read_part(part, start=start, end=lambda _: inside.__delitem__(-1))
        return styles

    def shared_strings(self) -> "SharedStrings":
        """Read the texts that cells name by number."""
        strings = SharedStrings(self._name)
        part = self._part_of_kind("sharedStrings", _MOST_STRINGS_BYTES)
        if part:
            read_part(part, start=strings.start, end=strings.end, data=strings.data)
        return strings

    def _read_sheets(self) -> None:
        entry = self._entries.get(self._main)
        if entry is None:
            raise InputError(
                f"{self._name} is no whole Excel file: it has no workbook in it. Open it in Excel "
                "and save it again.",
                file=self._name,
            )

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "workbookPr":
                self.counts_from_1904 = attributes.get("date1904", "0") in {"1", "true", "on"}
            elif tag == "sheet":
                self._add_sheet(attributes)

        read_part(self._part(entry, _MOST_PART_BYTES), start=start)

    def _add_sheet(self, attributes: dict[str, str]) -> None:
        relation = next((v for k, v in attributes.items() if k.endswith(":id") or k == "id"), "")
        kind, path = self._parts.get(relation, ("", ""))
        if kind != "worksheet" or path not in self._entries:
            return
        if len(self.sheets) == _MOST_SHEETS:
            raise InputError(
                f"{self._name} has more than {_MOST_SHEETS} sheets. Keep the one with the bars.",
                file=self._name,
                allowed=_MOST_SHEETS,
            )
        self.sheets.append(
            SheetPart(
                name=shown(attributes.get("name", "")),
                hidden=attributes.get("state", "visible") != "visible",
                entry=self._entries[path],
            )
        )

    def _relations(self, path: str) -> dict[str, tuple[str, str]]:
        """Read what a part names: kind and path by the id it uses."""
        entry = self._entries.get(_key(join(dirname(path), "_rels", f"{basename(path)}.rels")))
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "").replace("\\", "/")
                kind = attributes.get("Type", "").rsplit("/", 1)[-1]
                found[attributes.get("Id", "")] = (kind, _key(join(dirname(path), target)))

        if entry is not None:
            read_part(self._part(entry, _MOST_PART_BYTES), start=start)
        return found

    def _part_of_kind(self, wanted: str, most_bytes: int) -> Part | None:
        usual = join(dirname(self._main), f"{wanted}.xml".lower())  # some files do not name it
        path = next((path for kind, path in self._parts.values() if kind == wanted), usual)
        entry = self._entries.get(path)
        return None if entry is None else self._part(entry, most_bytes)

    def _part(self, entry: ZipInfo, most_bytes: int) -> Part:
        return Part(archive=self._archive, entry=entry, name=self._name, most_bytes=most_bytes)


class SharedStrings:
    """A workbook's table of texts, packed: millions of texts take little more than their bytes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._bytes = bytearray()
        self._ends = array("Q", [0])
        self._pieces: list[str] = []
        self._is_text = False
        self._in_reading = False  # how Japanese is read aloud, beside the text itself

    def __getitem__(self, number: int) -> str:
        """Give a text; IndexError for a number that the table does not have."""
        if number < 0:
            raise IndexError(number)
        start, end = self._ends[number], self._ends[number + 1]
        return self._bytes[start:end].decode()

    def start(self, tag: str, _: dict[str, str]) -> None:
        """Take the start of an element."""
        if tag == "rPh":
            self._in_reading = True
        self._is_text = tag == "t" and not self._in_reading

    def data(self, text: str) -> None:
        """Take characters."""
        if self._is_text:
            self._pieces.append(text)

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        self._is_text = False
        if tag == "rPh":
            self._in_reading = False
        elif tag == "si":
            if len(self._ends) > _MOST_STRINGS:
                raise InputError(
                    f"{self._name} holds more than {_MOST_STRINGS:,} texts. Save the sheet as CSV.",
                    file=self._name,
                )
            self._bytes += unescaped("".join(self._pieces)).encode()
            self._ends.append(len(self._bytes))
            self._pieces.clear()


def unescaped(text: str) -> str:
    """Undo Excel's way to write characters that XML cannot hold: ``_x000D_``."""
    if "_x" not in text:
        return text
    whole = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return whole.encode(errors="replace").decode()  # halves of characters are none


def _shows_dates(format_code: str) -> bool:
    """Tell a format of dates or times by its letters outside of quotes and colours."""
    first = format_code.split(";", 1)[0]
    return bool(_OF_DATES.search(_NOT_OF_DATES.sub("", first)))


def _key(path: str) -> str:
    return normpath(path.replace("\\", "/")).lstrip("/").lower()
