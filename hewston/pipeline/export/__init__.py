"""Bars and trades as files for other programs: chosen and written as CSV, Parquet or Excel."""

from hewston.pipeline.export.files import KINDS, export_bars
from hewston.pipeline.export.selection import Selection, read_bars
from hewston.pipeline.export.trades import export_trades

__all__ = [
    "KINDS",
    "Selection",
    "export_bars",
    "export_trades",
    "read_bars",
]
