"""Bars as files for other programs: chosen, merged and written as CSV, Parquet or Excel."""

from hewston.pipeline.export.files import KINDS, export_bars
from hewston.pipeline.export.selection import Selection, read_bars

__all__ = ["KINDS", "Selection", "export_bars", "read_bars"]
