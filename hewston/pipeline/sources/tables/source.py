"""One table file, opened: its sample of rows, and all of its cells."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.sources.tables import excel, lines, parquet
from hewston.pipeline.sources.tables.cells import MOST_COLUMNS, Cells
from hewston.pipeline.sources.tables.containers import Opened, unwrap
from hewston.pipeline.sources.tables.encodings import Text, to_utf8
from hewston.pipeline.sources.tables.extent import look_like_bars
from hewston.pipeline.sources.tables.plan import DELIMITER_NAMES, Answers, Finding
from hewston.pipeline.sources.tables.sample import Row, rows_of
from hewston.pipeline.sources.tables.texttable import TextTable
from hewston.pipeline.sources.tables.vocabulary import count_known

HEAD_ROWS = 2000
_SOME_ROWS = 300  # of the middle and the end
_PLACES = (0.25, 0.5, 0.75)
_TRIED = (",", ";", "\t", "|", " ")
_TRIED_ROWS = 120
_LEAST_CELLS = 5  # a time and four prices


@dataclass(frozen=True, kw_only=True)
class Source:
    """An opened table. ``head`` are its first rows, ``rest`` some of the middle and the end.

    Rows of ``rest`` may have no line number: then it is 0.
    """

    opened: Opened
    findings: dict[str, Finding]
    head: Sequence[Row]
    rest: Sequence[Sequence[Row]]
    text: Text | None = None
    delimiter: str = ","
    sheet: str | None = None
    names: tuple[str, ...] = ()  # of a Parquet file's columns

    @property
    def name(self) -> str:
        """Give the name that messages call it."""
        return self.opened.name

    def blocks(self, *, first_line: int, width: int) -> Iterator[Cells]:
        """Read its cells from a line on."""
        if self.text is not None:
            table = TextTable(
                self.text.path,
                name=self.name,
                delimiter=self.delimiter,
                quoted=True,  # a quote may come first where no sample looked
                first_line=first_line,
                width=width,
            )
            yield from table.blocks()
            return
        for block in self._typed_blocks():
            kept = block.lines >= first_line
            yield block if kept.all() else _from_line(block, first_line)

    def _typed_blocks(self) -> Iterator[Cells]:
        if self.opened.kind == "parquet":
            return parquet.open_parquet(self.opened.path, name=self.name).blocks()
        return excel.read_sheet(self.opened.path, name=self.name, sheet=self.sheet or "")


def _from_line(block: Cells, line: int) -> Cells:
    kept = block.lines >= line
    return Cells(
        lines=block.lines.filter(kept),
        text=block.text.filter(kept),
        numbers={index: column.filter(kept) for index, column in block.numbers.items()},
        times={index: column.filter(kept) for index, column in block.times.items()},
        malformed={at: reason for at, reason in block.malformed.items() if at >= line},
    )


def open_source(path: Path, *, name: str, scratch: Path, answers: Answers) -> Source:
    """Open a file as the answers say, and find what they leave open.

    Raises InputError for what is no table that can be read.
    """
    opened = unwrap(path, name=name, scratch=scratch, member=answers.member)
    findings: dict[str, Finding] = {}
    if opened.members:
        findings["member"] = _find_member(opened, answers)
    if opened.kind == "text":
        return _open_text(opened, scratch, answers, findings)
    if opened.kind == "excel":
        return _open_excel(opened, answers, findings)
    return _open_parquet(opened, findings)


def _find_member(opened: Opened, answers: Answers) -> Finding:
    if answers.member is not None:
        return Finding(
            value=opened.member, confidence="said", reason="you said so", choices=opened.members
        )
    return Finding(
        value=opened.member,
        confidence="unknown",
        reason=f"there are {len(opened.members)} files in it, and one is read; this is the largest",
        choices=opened.members,
    )


def _open_text(
    opened: Opened, scratch: Path, answers: Answers, findings: dict[str, Finding]
) -> Source:
    text = to_utf8(
        opened.path, name=opened.name, scratch=scratch, encoding=answers.encoding, known=count_known
    )
    findings["encoding"] = Finding(
        value=text.encoding,
        confidence="said"
        if answers.encoding
        else {"guess": "likely"}.get(text.confidence, text.confidence),
        reason="you said so" if answers.encoding else text.reason,
        choices=text.alternatives,
    )
    first = lines.head(text.path, lines=HEAD_ROWS)
    announced = lines.separator_line(first[0].text) if first else None
    body = first[1:] if announced else first
    delimiter, finding = _find_delimiter(
        [line.text for line in body], announced, answers, opened.name
    )
    findings["delimiter"] = finding
    parts = [lines.middle(text.path, share=share, lines=_SOME_ROWS) for share in _PLACES]
    parts.append(lines.tail(text.path, lines=_SOME_ROWS, total=text.lines))
    return Source(
        opened=opened,
        findings=findings,
        text=text,
        delimiter=delimiter,
        head=_split(body, delimiter),
        rest=[_split(part, delimiter) for part in parts],
    )


def _split(some: Sequence[lines.Line], delimiter: str) -> list[Row]:
    rows = []
    for line in some:
        try:
            cells = lines.split(line.text, delimiter=delimiter, quoted=True)
        except ValueError:
            continue  # a row that cannot be read tells nothing of the others
        row = Row(line=line.number or 0, cells=tuple(cells[: MOST_COLUMNS + 1]))
        if not row.is_blank:
            rows.append(row)
    return rows


def _find_delimiter(
    body: Sequence[str], announced: str | None, answers: Answers, name: str
) -> tuple[str, Finding]:
    if answers.delimiter is not None:
        return answers.delimiter, _delimiter(answers.delimiter, "said", "you said so")
    if announced is not None:
        return announced, _delimiter(announced, "certain", "the first line says so (sep=)")
    tried = {sign: _try(body, sign) for sign in _TRIED}
    best = max(_TRIED, key=lambda sign: tried[sign])
    if tried[best] == 0:
        raise InputError(
            f"No rows of bars were found in {name}: a row needs a time and the prices open, "
            f"high, low and "
            "close. Give a table of bars, or say its delimiter and header.",
            file=name,
        )
    return best, _delimiter(best, "certain", "with it the rows have a time and prices")


def _delimiter(sign: str, confidence: str, reason: str) -> Finding:
    return Finding(
        value=DELIMITER_NAMES.get(sign, sign),
        confidence=confidence,
        reason=reason,
        choices=tuple(DELIMITER_NAMES.values()),
    )


def _try(body: Sequence[str], delimiter: str) -> float:
    """Score a delimiter: how many of the first rows are bars with it, all of one width."""
    some = [text for text in body if text.strip()][:_TRIED_ROWS]
    rows = []
    for text in some:
        try:
            cells = lines.split(text, delimiter=delimiter, quoted=True)
        except ValueError:
            continue
        if len(cells) >= _LEAST_CELLS:
            rows.append(Row(line=0, cells=tuple(cells[:60])))
    widths = Counter(
        len(row.cells) for row, is_bar in zip(rows, look_like_bars(rows), strict=True) if is_bar
    )
    # Of two that do alike the one is right that leaves less inside the cells.
    return max(widths.values(), default=0) - 0.001 * _TRIED.index(delimiter)


def _open_excel(opened: Opened, answers: Answers, findings: dict[str, Finding]) -> Source:
    sheets = excel.list_sheets(opened.path, name=opened.name)
    names = tuple(sheet.name for sheet in sheets)
    heads: dict[str, list[Row]] = {}
    if answers.sheet is not None:
        if answers.sheet not in names:
            raise InputError(
                f"{opened.name} has no sheet {answers.sheet!r}. "
                f"{suggest(answers.sheet, list(names))}",
                field="sheet",
                allowed=list(names),
            )
        chosen, reason, confidence = answers.sheet, "you said so", "said"
        heads[chosen] = _head_of_sheet(opened, chosen)
    else:
        heads = {
            sheet.name: _head_of_sheet(opened, sheet.name) for sheet in sheets if not sheet.empty
        }
        counts = {sheet: sum(look_like_bars(rows[:_TRIED_ROWS])) for sheet, rows in heads.items()}
        with_bars = [sheet for sheet, count in counts.items() if count]
        if not with_bars:
            raise InputError(
                f"No sheet of {opened.name} has rows with a time and the prices open, high, "
                f"low and close.",
                file=opened.name,
                allowed=list(names),
            )
        hidden = {sheet.name for sheet in sheets if sheet.hidden}
        shown = [sheet for sheet in with_bars if sheet not in hidden] or with_bars
        chosen = max(shown, key=lambda sheet: counts[sheet])
        if len(with_bars) == 1:
            confidence, reason = "certain", "it is the only sheet with bars"
        elif len(shown) == 1:
            confidence, reason = "likely", "the other sheets with bars are hidden"
        else:
            confidence, reason = "unknown", f"{len(shown)} sheets have bars: {', '.join(shown)}"
        names = tuple(with_bars)
    findings["sheet"] = Finding(value=chosen, confidence=confidence, reason=reason, choices=names)
    return Source(opened=opened, findings=findings, head=heads[chosen], rest=[], sheet=chosen)


def _head_of_sheet(opened: Opened, sheet: str) -> list[Row]:
    blocks = excel.read_sheet(opened.path, name=opened.name, sheet=sheet, most_rows=HEAD_ROWS)
    return _take(blocks)


def _take(blocks: Iterator[Cells]) -> list[Row]:
    rows: list[Row] = []
    for block in blocks:
        rows += [row for row in rows_of(block) if not row.is_blank]
        if len(rows) >= HEAD_ROWS:
            break
    return rows[:HEAD_ROWS]


def _open_parquet(opened: Opened, findings: dict[str, Finding]) -> Source:
    table = parquet.open_parquet(opened.path, name=opened.name)
    return Source(
        opened=opened, findings=findings, head=_take(table.blocks()), rest=[], names=table.names
    )
