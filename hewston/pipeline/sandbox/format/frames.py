"""Bars as bytes for the sandbox."""

import numpy as np
import polars as pl

from hewston.pipeline.sandbox.inside.form import fill_columns, write_header


def encode_frame(bars: pl.DataFrame) -> bytes:
    """Write columns of numbers, booleans and times (UTC, ns) as numpy has them.

    Missing numbers are NaN, for which whole numbers become Float64.
    """
    arrays = {
        column.name: np.ascontiguousarray(column.rechunk().to_numpy())
        for column in bars.iter_columns()
    }
    header = {
        "rows": bars.height,
        "columns": [[name, array.dtype.str] for name, array in arrays.items()],
    }
    parts = [array.view(np.uint8) for array in arrays.values()]
    return b"".join([write_header(header), *fill_columns(parts)])
