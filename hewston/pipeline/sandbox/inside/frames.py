"""The frame of bars that a strategy is given."""

import json
import zoneinfo
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hewston.pipeline.sandbox.inside.form import START, padding

INDEX = "ts_open"

type Arrays = Mapping[str, npt.NDArray[Any]]


def build_frame(columns: Arrays) -> pd.DataFrame:
    """Build a frame of copies, indexed by ``ts_open`` (datetime64[ns], UTC)."""
    index = pd.DatetimeIndex(columns[INDEX]).tz_localize(zoneinfo.ZoneInfo("UTC")).rename(INDEX)
    return pd.DataFrame(
        {name: values for name, values in columns.items() if name != INDEX}, index=index
    )


def read_arrays(data: bytes) -> dict[str, npt.NDArray[Any]]:
    """Read what ``encode_frame`` wrote, which is trusted: arrays over the same bytes."""
    _, length = START.unpack_from(data)
    header = json.loads(data[START.size : START.size + length])
    rows, place = header["rows"], START.size + length
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, kind in header["columns"]:
        array = np.frombuffer(data, np.dtype(kind), count=rows, offset=place)
        arrays[name] = array
        place += array.nbytes + padding(array.nbytes)
    return arrays
