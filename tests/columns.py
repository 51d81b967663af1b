"""The format of bulk columns, read as a browser reads it."""

import json
import struct

import numpy as np


def parse_columns(content):
    """Give the header and the columns by name."""
    assert content[:4] == b"HWC1"
    (length,) = struct.unpack_from("<I", content, 4)
    header = json.loads(content[8 : 8 + length])
    columns = {}
    for column in header["columns"]:
        start = 8 + length + column["offset"]
        assert start % 8 == 0
        columns[column["name"]] = np.frombuffer(
            content, "<f8", count=column["length"], offset=start
        )
    return header, columns
