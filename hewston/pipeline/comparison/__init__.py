"""Finished runs beside each other: what decided them, what they amount to, trade by trade."""

from hewston.pipeline.comparison.curves import Curves, draw_curves
from hewston.pipeline.comparison.decisions import Decision, list_decisions
from hewston.pipeline.comparison.figures import FigureRow, compare_figures
from hewston.pipeline.comparison.report import describe_comparison, list_matches
from hewston.pipeline.comparison.run import ComparedRun, read_run
from hewston.pipeline.comparison.sources import SourceDifference, compare_sources
from hewston.pipeline.comparison.trades import TradeComparison, compare_trades

__all__ = [
    "ComparedRun",
    "Curves",
    "Decision",
    "FigureRow",
    "SourceDifference",
    "TradeComparison",
    "compare_figures",
    "compare_sources",
    "compare_trades",
    "describe_comparison",
    "draw_curves",
    "list_decisions",
    "list_matches",
    "read_run",
]
