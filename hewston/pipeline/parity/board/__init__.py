"""A board: many strategies, each beside the list of trades that Pine made of it.

What plays the pairs loads the engine and is not named here: ``parity.board.playing``.
"""

from hewston.pipeline.parity.board.pairs import LISTS, MOST_PAIRS, SOURCE, Found, Pair, find_pairs
from hewston.pipeline.parity.board.regression import Change, find_changes
from hewston.pipeline.parity.board.row import Row, Totals, add_up

__all__ = [
    "LISTS",
    "MOST_PAIRS",
    "SOURCE",
    "Change",
    "Found",
    "Pair",
    "Row",
    "Totals",
    "add_up",
    "find_changes",
    "find_pairs",
]
