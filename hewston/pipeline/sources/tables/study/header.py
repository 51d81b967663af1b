"""Where a table begins, and whose columns stand in it."""

from dataclasses import replace

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.extent import Extent, find_extent
from hewston.pipeline.sources.tables.plan import Answers, Finding
from hewston.pipeline.sources.tables.sample import Row
from hewston.pipeline.sources.tables.source import Source
from hewston.pipeline.sources.tables.study.seen import SAID
from hewston.pipeline.sources.tables.vocabulary import PRICES
from hewston.pipeline.sources.tables.wide import Wide, find_wide, names_twice


def find_header(source: Source, answers: Answers) -> tuple[Extent, Finding]:
    """Find where the rows begin, and the header; raises InputError where there are none."""
    head = source.head
    found = find_extent(head)
    if found is None:
        raise InputError(
            f"No rows of bars were found in {source.name}: a row needs a time and the "
            "prices open, high, low and close.",
            file=source.name,
        )
    if source.names:  # a Parquet file names its columns itself
        header = Row(line=0, cells=source.names)
        found = Extent(header=header, first=0, width=len(source.names))
    said = answers.header
    if said is not None:
        found = _header_as_said(source, found, said)
    finding = Finding(
        value=found.header.line if found.header else 0,
        confidence="certain" if said is None else "said",
        reason=SAID
        if said is not None
        else "it names the columns"
        if found.header
        else "the first row with numbers has no names above it",
    )
    return found, finding


def _header_as_said(source: Source, found: Extent, said: int) -> Extent:
    head = source.head
    if said == 0:
        return replace(found, header=None)
    index = next((i for i, row in enumerate(head) if row.line == said), None)
    if index is None or index + 1 >= len(head):
        raise InputError(
            f"There is no line {said:,} with rows below it among the first of {source.name}.",
            field="header",
            file=source.name,
        )
    first = max(index + 1, found.first)
    return Extent(header=head[index], first=first, width=max(found.width, len(head[index].cells)))


def find_symbols_beside(source: Source, answers: Answers, extent: Extent) -> Wide | None:
    """Find the symbols that stand side by side; the columns of one of them are read."""
    head = source.head
    at = next((i for i, row in enumerate(head) if row is extent.header), extent.first)
    near = [*head[at + 1 : extent.first], *head[max(0, at - 1) : at]]
    found = find_wide(extent.header, near)
    is_said = set(PRICES) <= set(answers.columns)
    if found is None and not is_said and names_twice(extent.header):
        raise InputError(
            f"{source.name} names each price more than once. Say which columns are meant "
            "by their numbers, as in columns=time=1,open=2,high=3,low=4,close=5.",
            field="columns",
            file=source.name,
            allowed=list(extent.header.texts) if extent.header else [],
        )
    return found


def list_others(source: Source, answers: Answers, wide: Wide | None) -> frozenset[int]:
    """Give the columns of the symbols that are not read."""
    if wide is None or len(wide.columns) == 1:
        return frozenset()
    said = answers.symbol
    symbols = list(wide.columns)
    chosen = next(
        (one for one in symbols if said and one.casefold() == said.casefold()), symbols[0]
    )
    if said is not None and chosen.casefold() != said.casefold():
        raise InputError(
            f"{source.name} has no columns of {said}. It has {', '.join(symbols[:20])}.",
            field="symbol",
            file=source.name,
            allowed=symbols[:100],
        )
    return wide.others(chosen)
