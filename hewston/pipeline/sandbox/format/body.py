"""What follows the header of an answer: columns, whose lengths nobody believes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from hewston.pipeline.sandbox.format.forged import ForgedAnswerError
from hewston.pipeline.sandbox.format.header import read_count, read_object
from hewston.pipeline.sandbox.inside.answer import Texts
from hewston.pipeline.sandbox.inside.form import MOST_TEXT_BYTES, padding


class Body:
    """The bytes behind the header, taken one column after the other."""

    def __init__(self, data: memoryview, rows: int) -> None:
        self._data, self._place, self.rows = data, 0, rows

    def take(self, length: int) -> memoryview:
        """Take the next bytes and those that fill them up."""
        end = self._place + length
        filled = end + padding(end)
        if filled > len(self._data) or any(self._data[end:filled]):
            raise ForgedAnswerError("its columns are shorter than it says")
        taken = self._data[self._place : end]
        self._place = filled
        return taken

    def take_numbers(self, kind: str, count: int) -> npt.NDArray[Any]:
        """Take numbers of a kind."""
        dtype = np.dtype(kind)
        return np.frombuffer(self.take(count * dtype.itemsize), dtype)

    def end(self) -> None:
        """Check that all was taken."""
        if self._place != len(self._data):
            raise ForgedAnswerError("its columns are longer than it says")


def read_texts(entry: dict[str, Any], body: Body) -> Texts:
    """Take a text a row; raises ForgedAnswerError."""
    read_object(entry, "texts", "bytes")
    count = read_count(entry["texts"], body.rows)
    length = read_count(entry["bytes"], MOST_TEXT_BYTES)
    codes = body.take_numbers("<i4", body.rows)
    lengths = body.take_numbers("<u4", count).astype(np.int64)
    blob = bytes(body.take(length))
    if codes.size and not -1 <= codes.min() <= codes.max() < count:
        raise ForgedAnswerError("a row names a text that is not there")
    if lengths.sum() != length or lengths[codes[codes >= 0]].sum() > MOST_TEXT_BYTES:
        raise ForgedAnswerError("its texts are of another length than it says")
    ends = np.cumsum(lengths).tolist()
    try:
        texts = [
            blob[end - size : end].decode()
            for end, size in zip(ends, lengths.tolist(), strict=True)
        ]
    except UnicodeDecodeError as problem:
        raise ForgedAnswerError("a text is no Unicode") from problem
    return Texts(codes, texts)
