"""Two lists of trades put together one to one, and what makes up the difference of their profits.

Whoever asks says what a time counts: bars of one grid, or milliseconds. So two runs, or a run and
another program's list of trades, are matched by the same rules.
"""

from hewston.pipeline.matching.pairs import pair, place_trades
from hewston.pipeline.matching.trades import KINDS, match_trades
from hewston.pipeline.matching.waterfall import Step, Waterfall, build_waterfall

__all__ = ["KINDS", "Step", "Waterfall", "build_waterfall", "match_trades", "pair", "place_trades"]
