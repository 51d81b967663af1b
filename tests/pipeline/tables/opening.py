"""Everything that can be read of a file, as an import would; also in a process of its own."""

import re
import sys
from pathlib import Path

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.containers import Opened, unwrap
from hewston.pipeline.sources.tables.encodings import to_utf8
from hewston.pipeline.sources.tables.excel import list_sheets, read_sheet
from hewston.pipeline.sources.tables.lines import head, split
from hewston.pipeline.sources.tables.parquet import open_parquet
from hewston.pipeline.sources.tables.texttable import TextTable


def rows_of(path: Path, scratch: Path) -> int:
    """Read a file of any kind to its end; how many rows it has."""
    opened = unwrap(path, name="given", scratch=scratch)
    if opened.kind == "text":
        return _rows_of_text(opened, scratch)
    if opened.kind == "excel":
        sheets = list_sheets(opened.path, name="given")
        return sum(
            block.height
            for sheet in sheets
            for block in read_sheet(opened.path, name="given", sheet=sheet.name)
        )
    return sum(block.height for block in open_parquet(opened.path, name="given").blocks())


def _rows_of_text(opened: Opened, scratch: Path) -> int:
    text = to_utf8(opened.path, name="given", scratch=scratch)
    width = 1
    for line in head(text.path, lines=100):
        try:
            width = max(width, len(split(line.text, delimiter=",", quoted=True)))
        except ValueError:
            continue
    table = TextTable(
        text.path, name="given", delimiter=",", quoted=True, first_line=1, width=width
    )
    return sum(block.height for block in table.blocks())


def _peak_mb() -> int:
    """The most memory that this process had; getrusage would count what it was forked from."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s*(\d+) kB", status)[0]) // 1024


if __name__ == "__main__":
    try:
        said = f"{rows_of(Path(sys.argv[1]), Path(sys.argv[2]))} rows"
    except InputError as problem:
        said = problem.message
    print(_peak_mb(), said)  # noqa: T201
