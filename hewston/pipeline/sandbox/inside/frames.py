"""The frame of bars that a strategy is given."""

import json
import mmap
import os
import zoneinfo
from collections.abc import Buffer, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hewston.pipeline.sandbox.inside.form import START, Array, Group, padding

INDEX = "ts_open"


def build_frame(groups: Sequence[Group], order: Sequence[str]) -> pd.DataFrame:
    """Build a frame over these arrays, which it may share, indexed by ``ts_open`` (UTC, ns)."""
    index = pd.DatetimeIndex([])
    main: Group = ((), np.empty((0, 0)))
    others: dict[str, Array] = {}
    for names, values in groups:
        columns = dict(zip(names, values, strict=True))
        if INDEX in columns:
            index = pd.DatetimeIndex(columns.pop(INDEX)).tz_localize(zoneinfo.ZoneInfo("UTC"))
        elif len(names) > len(main[0]):
            others.update(zip(*main, strict=True))
            main = names, values
        else:
            others.update(columns)
    frame = pd.DataFrame(main[1].T, columns=list(main[0]), index=index.rename(INDEX), copy=False)
    for place, name in enumerate(name for name in order if name != INDEX):
        if name in others:
            frame.insert(place, name, others[name])
    return frame


def read_groups(data: Buffer) -> tuple[list[Group], list[str]]:
    """Read what ``encode_frame`` wrote, which is trusted: groups over the same bytes, and order."""
    _, length = START.unpack_from(data)
    place = START.size + length
    header: Mapping[str, Any] = json.loads(bytes(memoryview(data)[START.size : place]))
    rows = header["rows"]
    groups: list[Group] = []
    for kind, names in header["groups"]:
        values = np.frombuffer(data, np.dtype(kind), count=rows * len(names), offset=place)
        groups.append((names, values.reshape(len(names), rows)))
        place += values.nbytes + padding(values.nbytes)
    return groups, header["order"]


def map_file(file: int) -> Buffer:
    """Give a file's bytes as they are in memory, without a copy."""
    size = os.fstat(file).st_size
    return mmap.mmap(file, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
