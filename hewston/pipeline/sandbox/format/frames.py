"""Bars as bytes for the sandbox."""

from collections.abc import Buffer

import numpy as np
import polars as pl

from hewston.pipeline.sandbox.inside.form import Array, Group, padding, write_header


def group_columns(bars: pl.DataFrame) -> list[Group]:
    """Give columns of numbers, booleans and times (UTC, ns) by type, as arrays of numpy.

    Missing numbers are NaN, for which whole numbers become Float64.
    """
    return [(names, np.vstack(arrays)) for _, names, arrays in _list_groups(bars)]


def encode_frame(bars: pl.DataFrame) -> list[Buffer]:
    """Write what ``group_columns`` gives, with the order of the columns, in parts.

    The parts share the memory of the bars where they can.
    """
    groups = _list_groups(bars)
    header = {
        "rows": bars.height,
        "groups": [[kind, names] for kind, names, _ in groups],
        "order": bars.columns,
    }
    parts: list[Buffer] = [write_header(header)]
    for _, _, arrays in groups:
        parts.extend(array.view(np.uint8) for array in arrays)
        parts.append(bytes(padding(sum(array.nbytes for array in arrays))))
    return parts


def _list_groups(bars: pl.DataFrame) -> list[tuple[str, list[str], list[Array]]]:
    groups: dict[str, tuple[str, list[str], list[Array]]] = {}
    for column in bars.iter_columns():
        array = np.ascontiguousarray(column.rechunk().to_numpy())
        kind = array.dtype.str
        _, names, arrays = groups.setdefault(kind, (kind, [], []))
        names.append(column.name)
        arrays.append(array)
    return list(groups.values())
