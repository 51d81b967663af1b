"""A text file or a sheet as a header and blocks of cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers.vocabulary import count_known, name_roles
from hewston.pipeline.sources.tables import excel, lines
from hewston.pipeline.sources.tables.cells import MOST_COLUMNS, Cells
from hewston.pipeline.sources.tables.encodings import to_utf8
from hewston.pipeline.sources.tables.texttable import TextTable

_DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 20  # lines, for the header and the delimiter
_LEAST_NAMED = 5  # columns of a list that a header below other rows names
_MOST_CELLS = 60_000_000


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of one header line. ``file`` is what messages call it."""

    file: str
    sheet: str | None
    titles: tuple[str, ...]
    header_line: int
    path: Path
    delimiter: str = ","

    def blocks(self) -> Iterator[Cells]:
        """Give the rows below the header, front to back.

        Raises InputError for rows that cannot be split, and for formulas in a sheet.
        """
        cells = 0
        for block in self._blocks():
            kept = from_line(block, self.header_line + 1)
            self.check(kept)
            cells += kept.height * kept.width
            if cells > _MOST_CELLS:
                raise self.refuse(
                    f"it has more than {_MOST_CELLS:,} cells. Export a shorter range."
                )
            if kept.height:
                yield kept

    def check(self, block: Cells) -> None:
        """Refuse rows that cannot be split, and formulas."""
        if block.malformed:
            line, problem = next(iter(sorted(block.malformed.items())))
            raise self.refuse(f"row {line:,} cannot be read: {problem}.", line=line)
        if block.formulas:
            line, cell = next(iter(sorted(block.formulas.items())))
            raise self.refuse(
                f"cell {cell} is a formula. An export holds values alone; give the file as "
                "TradingView made it, or paste its cells as values.",
                line=line,
                cell=cell,
            )

    def refuse(self, problem: str, **details: object) -> InputError:
        """Say what is wrong with the table."""
        where = f" (sheet {self.sheet})" if self.sheet else ""
        given = {"file": self.file, "sheet": self.sheet, **details}
        return InputError(f"{self.file}{where}: {problem}", code=None, **given)

    def _blocks(self) -> Iterator[Cells]:
        if self.sheet is not None:
            return excel.read_sheet(self.path, name=self.file, sheet=self.sheet)
        table = TextTable(
            self.path,
            name=self.file,
            delimiter=self.delimiter,
            quoted=True,
            first_line=self.header_line + 1,
            width=len(self.titles),
        )
        return table.blocks()


def from_line(block: Cells, line: int) -> Cells:
    """Leave out the rows above a line."""
    kept = block.lines >= line
    if kept.all():
        return block
    return Cells(
        lines=block.lines.filter(kept),
        text=block.text.filter(kept),
        numbers={index: column.filter(kept) for index, column in block.numbers.items()},
        times={index: column.filter(kept) for index, column in block.times.items()},
        malformed={at: reason for at, reason in block.malformed.items() if at >= line},
        formulas={at: cell for at, cell in block.formulas.items() if at >= line},
    )


def open_text(path: Path, *, name: str, scratch: Path) -> Table:
    """Open a text file: its encoding, its delimiter and its header are found.

    Raises InputError for what is no text, and for one without a second line.
    """
    text = to_utf8(path, name=name, scratch=scratch, known=count_known)
    head = lines.head(text.path, lines=_LOOKED_AT)
    announced = lines.separator_line(head[0].text) if head else None
    body = [line for line in (head[1:] if announced else head) if line.text.strip(" \t,;")]
    if not body:
        raise InputError(f"{name} has no rows.", file=name)
    body = body[
        _find_header([[_split(line.text, sign) for sign in _DELIMITERS] for line in body]) :
    ]
    delimiter = announced or _find_delimiter([line.text for line in body])
    titles = _split(body[0].text, delimiter)
    while len(titles) > 1 and not titles[-1]:
        titles.pop()
    if len(titles) > MOST_COLUMNS:
        raise InputError(
            f"{name} has {len(titles):,} columns; at most {MOST_COLUMNS:,} are read.",
            file=name,
            allowed=MOST_COLUMNS,
        )
    return Table(
        file=name,
        sheet=None,
        titles=tuple(titles),
        header_line=body[0].number or 1,
        path=text.path,
        delimiter=delimiter,
    )


def _find_header(rows: Sequence[Sequence[Sequence[str]]]) -> int:
    """Find the row that names the columns of a list of trades, parted in one way of several.

    It is the first where that names some, and where none does.
    """
    named = [max(len(name_roles(cells)) for cells in ways) for ways in rows]
    below = (at for at, count in enumerate(named) if count >= _LEAST_NAMED)
    return 0 if named[0] else next(below, 0)


def _find_delimiter(body: list[str]) -> str:
    """Choose the sign that parts the header and the rows below into as many cells, the most."""

    def score(sign: str) -> tuple[bool, int]:
        header = len(_split(body[0], sign))
        rows = [len(_split(text, sign)) for text in body[1:]]
        fits = sum(row == header for row in rows) >= 0.5 * len(rows)
        return header > 1 and fits, header

    return max(_DELIMITERS, key=score)


def _split(text: str, delimiter: str) -> list[str]:
    try:
        return lines.split(text, delimiter=delimiter, quoted=True)
    except ValueError:
        return [text]


def open_sheets(path: Path, *, name: str) -> list[Table]:
    """Open every sheet that has cells.

    Its first row is taken for the header, or one further down that names the columns of a list.
    """
    tables = []
    for sheet in excel.list_sheets(path, name=name):
        first = next(
            excel.read_sheet(path, name=name, sheet=sheet.name, most_rows=_LOOKED_AT), None
        )
        if first is None or not first.height:
            continue
        rows = cells_as_text(first)
        at = _find_header([[cells] for cells in rows])
        tables.append(
            Table(
                file=name,
                sheet=sheet.name,
                titles=tuple(rows[at]),
                header_line=int(first.lines[at]),
                path=path,
            )
        )
    return tables


def cells_as_text(block: Cells) -> list[list[str]]:
    """Give each row's cells as texts: empty where there is none, numbers in their shortest way."""
    columns = [typed_text(block, index).fill_null("").to_list() for index in range(block.width)]
    return [list(row) for row in zip(*columns, strict=True)]


def typed_text(block: Cells, index: int) -> pl.Series:
    """Give a column as text, with its numbers and times written out; null where there is none."""
    text = block.text.to_series(index)
    if (numbers := block.numbers.get(index)) is not None:
        written = [None if value is None else _plain(value) for value in numbers.to_list()]
        text = text.zip_with(text.is_not_null(), pl.Series(written, dtype=pl.String))
    if (times := block.times.get(index)) is not None:
        text = text.zip_with(text.is_not_null(), times.dt.strftime("%Y-%m-%d %H:%M:%S"))
    return text


def _plain(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004
