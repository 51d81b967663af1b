"""A run computed again from its manifest and its bars alone, and how the results compare."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs

from hewston.pipeline import artifacts, store
from hewston.pipeline.backtest import describe_changes, reproduce_run
from hewston.pipeline.sandbox.strategy import Client

_CLOSE = 1e-9  # relative: what another order of sums, or another processor, leaves


def reproduce(
    *,
    original: Path,
    bars_file: Path,
    folder: Path,
    sandbox: Client | None = None,
    progress: Callable[[float], None] = lambda _share: None,
    log: Callable[..., None] = lambda _line: None,
) -> dict[str, Any]:
    """Run again from the folder ``original`` alone, into ``folder``, and compare every hash.

    A version's source is in that folder, and runs in the ``sandbox``.

    Returns ``expected`` and ``actual`` hashes by artifact; ``differences``, a sentence for each
    artifact whose bytes differ that says how its values do; and ``changes``, what decides a result
    and is not as it was. Raises InputError as a run does.
    """
    manifest = store.read_json(original / artifacts.MANIFEST_FILE)
    changes = describe_changes(manifest)
    for change in changes:
        log(change, level="warning")
    actual = reproduce_run(
        manifest,
        bars_file=bars_file,
        folder=folder,
        source=artifacts.read_source(original),
        sandbox=sandbox,
        progress=progress,
    )
    expected: dict[str, str] = dict(manifest["output_hashes"])
    differing = sorted(
        name for name in {*expected, *actual} if expected.get(name) != actual.get(name)
    )
    return {
        "expected": expected,
        "actual": actual,
        "differences": {name: _compare(name, original, folder) for name in differing},
        "changes": changes,
    }


def _compare(name: str, original: Path, again: Path) -> str:
    if name == artifacts.METRICS_FILE:
        before, after = (store.read_json(folder / name)["values"] for folder in (original, again))
        return _compare_figures(before, after)
    if name not in artifacts.FRAMES:
        return "It is not computed any more."
    return compare_frames(*(artifacts.read_frame(folder, name) for folder in (original, again)))


def _compare_figures(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    if not names:
        return "Its values are equal; what is said beside them differs."
    far = [name for name in names if not _is_close(before.get(name), after.get(name))]
    if not far:
        return f"{', '.join(names)} differ by no more than 1e-9 of their value."
    told = [f"{name} was {_say(before, name)} and is {_say(after, name)}" for name in far[:5]]
    return f"{len(far)} of its values differ: {', '.join(told)}."


def _say(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return "absent" if value is None else str(value)


def _is_close(before: object, after: object) -> bool:
    are_numbers = isinstance(before, int | float) and isinstance(after, int | float)
    return are_numbers and math.isclose(before, after, rel_tol=_CLOSE)  # type: ignore[arg-type]


def compare_frames(before: pl.DataFrame, after: pl.DataFrame) -> str:
    """Say how two tables of one artifact differ, in tiers: equal, to 1e-9 of a value, further."""
    if before.columns != after.columns:
        return f"Its columns were {', '.join(before.columns)} and are {', '.join(after.columns)}."
    if before.height != after.height:
        return f"It had {before.height:,} rows and has {after.height:,}."
    unequal, far, first = 0, 0, ""
    for name in before.columns:
        pair = pl.DataFrame({"before": before[name], "after": after[name]}, strict=False)
        pair = pair.with_row_index("row").filter(pl.col("before").ne_missing(pl.col("after")))
        unequal += pair.height
        if pair.select(cs.float()).width == 2:  # noqa: PLR2004 (both sides)
            near = (pl.col("before") - pl.col("after")).abs() <= _CLOSE * pl.max_horizontal(
                pl.col("before").abs(), pl.col("after").abs()
            )
            pair = pair.filter(~near.fill_null(value=False))
        far += pair.height
        if pair.height and not first:
            row, was, now = pair.row(0)
            first = f"the first in {name}, row {row:,}: it was {was} and is {now}"
    if not unequal:
        return "Every value is equal: only the bytes that hold them differ."
    values = f"{unequal:,} of {before.height * before.width:,} values differ"
    return f"{values}, {far:,} by more than 1e-9 of it" + (f", {first}." if first else ".")
