"""The work of a comparison: both sides read, compared layer by layer, and kept in a folder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from hewston.pipeline import artifacts
from hewston.pipeline.parity.compare import Comparison, compare_sides
from hewston.pipeline.parity.days import place_days
from hewston.pipeline.parity.files import CANDLES_FILE, MATCHES_FILE, REPORT_FILE, TIERS_FILE
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.report import describe
from hewston.pipeline.parity.sources import Source, are_bars_made, read_side
from hewston.pipeline.parity.tolerances import SKIPPED
from hewston.pipeline.schemas import UTC_NS
from hewston.pipeline.store import write_json


def compare_to_folder(
    *,
    pine: Sequence[Source],
    python: Sequence[Source],
    options: Options,
    folder: Path,
    progress: Callable[[float], None] = lambda _share: None,
    log: Callable[[str], None] = lambda _line: None,
) -> dict[str, Any]:
    """Compare two sides and write what was found to a folder; gives the report.

    comparison.json is the report, tiers.parquet the tier of every value by bar, matches.parquet the
    trades (MATCHES), and candles.parquet Python's bars (CANDLES) where these were made of shorter
    ones: who reads later loads no calendar for them. The same sides and options make the same
    bytes. Raises InputError for what cannot be read or compared, and what ``progress`` raises to
    cancel.
    """
    progress(0.0)
    made = read_side(python, name="Python")
    said, warnings = place_days(read_side(pine, name="Pine", zone=options.zone), made)
    progress(0.3)
    found = compare_sides(said, made, options)
    progress(0.8)
    report = {**describe(found, options), "warnings": [*warnings, *_weigh_profits(found)]}
    write_json(folder / REPORT_FILE, report)
    artifacts.write_frame(_list_tiers(found), folder / TIERS_FILE)
    if found.trades is not None:
        artifacts.write_frame(found.trades.matches, folder / MATCHES_FILE)
    if made.candles is not None and any(are_bars_made(one) for one in python):
        artifacts.write_frame(made.candles, folder / CANDLES_FILE)
    log(report["sentence"])
    progress(1.0)
    return report


def _weigh_profits(found: Comparison) -> list[str]:
    factor = None if found.trades is None else found.trades.profit_factor
    if factor is None:
        return []
    said = f"Pine's profits are {factor:.4g} times what its prices and quantities come to here: "
    return [f"{said}a point has another value there, or the list is in another currency."]


def _list_tiers(found: Comparison) -> pl.DataFrame:
    """Give every bar of either side, and the tier of each price and series there."""
    aligned = found.aligned
    columns: dict[str, np.ndarray] = {}
    for kind, pairs in (("candles", found.candles), ("series", found.series)):
        for at, one in enumerate(pairs):
            tiers = np.full(len(aligned.grid), SKIPPED, dtype=np.uint8)
            tiers[aligned.both] = one.tiers
            columns[f"{kind} {at}"] = tiers
    return pl.DataFrame({"ts_open": pl.Series(aligned.grid).cast(UTC_NS), **columns})
