"""Whose bars a table holds."""

from collections.abc import Sequence

from hewston.pipeline.sources.tables.layouts import Layout
from hewston.pipeline.sources.tables.numbers import is_number
from hewston.pipeline.sources.tables.plan import Finding
from hewston.pipeline.sources.tables.study.seen import SAID, Places, Seen
from hewston.pipeline.sources.tables.symbols import guess_symbol, plain_symbol


def find_symbols(
    seen: Seen, places: Places, *, layout: Layout | None, beside: Sequence[str], file_name: str
) -> tuple[Finding, tuple[str, ...]]:
    """Find whose bars they are, and all symbols that the table names.

    ``beside`` are those whose columns stand side by side.
    """
    found: dict[str, None] = dict.fromkeys(beside)
    if "symbol" in places.where:
        parts = [seen.sample, *seen.source.rest]
        for part in parts:
            for row in part:
                text = row.text(places.where["symbol"][0]).strip()
                # Parts of the file may hold the header again, or a footer.
                if text and is_number(row.text(places.where["open"][0])):
                    found.setdefault(text)
    symbols = tuple(found)[:1000]
    said = seen.answers.symbol
    if said is not None:
        value, confidence, reason = said, "said", SAID
    elif len(symbols) == 1:
        value, confidence, reason = plain_symbol(symbols[0]), "certain", "the table names it"
    elif symbols:
        value, confidence = symbols[0], "unknown"
        reason = f"the table has {len(symbols)} symbols; a dataset has one"
    else:
        confidence = "likely"
        value, reason = guess_symbol(seen.source, layout, file_name)
    finding = Finding(
        value=value,
        confidence=confidence,
        reason=reason,
        choices=symbols if len(symbols) > 1 else (),
    )
    return finding, symbols
