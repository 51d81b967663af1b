"""Bars of several symbols side by side: each price has a column for each symbol."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hewston.pipeline.sources.tables.numbers import is_number
from hewston.pipeline.sources.tables.sample import Row
from hewston.pipeline.sources.tables.vocabulary import PRICES, is_unit, look_up, without_units

_NO_SYMBOLS = {"px", "val", "level", "rate", "kline", "ohlc", "avg", "spot", "index"}
_SIDES = {"bid", "mid", "ask", "last", "b", "m", "a"}  # of a price, and no symbols


@dataclass(frozen=True, kw_only=True)
class Wide:
    """The columns of each symbol; those of no symbol, such as the time, are in none."""

    columns: Mapping[str, frozenset[int]]

    def others(self, symbol: str) -> frozenset[int]:
        """Give the columns of all other symbols."""
        own = self.columns[symbol]
        return frozenset().union(*self.columns.values()) - own


def find_wide(header: Row | None, near: Sequence[Row]) -> Wide | None:
    """Find the symbols that the columns are of, in a row beside the header or in the header.

    None where columns name no symbol. ``near`` are rows above and below the header.
    """
    if header is None:
        return None
    said = [look_up(text) if text.strip() else None for text in header.texts]
    prices: dict[str, list[int]] = {}
    for role in PRICES:
        strongest = max((one[1] for one in said if one and one[0] == role), default=0)
        prices[role] = [i for i, one in enumerate(said) if one == (role, strongest)]
    if not all(prices.values()):
        return None
    for row in near:
        labels = {index: row.text(index).strip() for index in range(len(header.cells))}
        if found_wide := _group(prices, labels):
            return found_wide
    labels = {index: _aside(text) for index, text in enumerate(header.texts)}
    return _group(prices, labels)


def _group(prices: Mapping[str, Sequence[int]], labels: Mapping[int, str]) -> Wide | None:
    """Take labels for symbols where each price has one column of each of them."""
    named = [{labels[index] for index in where} for where in prices.values()]
    symbols = named[0]
    is_whole = all(some == symbols for some in named) and all(
        len(where) == len(symbols) for where in prices.values()
    )
    if not is_whole or not all(map(_can_be_symbol, symbols)):
        return None
    if {label.casefold() for label in symbols} <= _SIDES:
        return None
    places = sorted(index for where in prices.values() for index in where)
    ordered = dict.fromkeys(labels[index] for index in places)
    return Wide(
        columns={
            symbol: frozenset(index for index, label in labels.items() if label == symbol)
            for symbol in ordered
        }
    )


def _can_be_symbol(label: str) -> bool:
    is_word = not label or is_number(label) or look_up(label) is not None
    return not is_word and label.casefold() not in _NO_SYMBOLS and not is_unit(label)


def _aside(header: str) -> str:
    """Give what stands in a header beside the word for a price or a volume: AAPL of AAPL.Open."""
    header = re.sub(r"^\((.*)\)$", r"\1", header.strip())
    header = without_units(header)
    words = [word for word in re.split(r"[\s._/|:,'\"-]+", header) if word]
    for at, word in enumerate(words):
        found = look_up(word)
        if len(words) > 1 and found and found[0] in {*PRICES, "volume", "vwap", "trade_count"}:
            return "-".join(words[:at] + words[at + 1 :])
    return ""


def names_twice(header: Row | None) -> bool:
    """Tell whether a header names each price more than once, exactly alike."""
    if header is None:
        return False
    names = [text.strip().casefold() for text in header.texts]
    found = {(look_up(name) or ("",))[0] for name in names if name and names.count(name) > 1}
    return set(PRICES) <= found
