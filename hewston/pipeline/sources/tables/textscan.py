"""One look at every byte of a text: where its lines end, and what is no text in it."""

import numpy as np
import numpy.typing as npt

from hewston.pipeline.errors import InputError

MOST_LINE_BYTES = 1 << 20  # a line of bars has a hundred bytes; more is no table
_TAB, _NEWLINE, _FORM_FEED, _RETURN, _SPACE, _DELETE = 9, 10, 12, 13, 32, 127

type _Bytes = npt.NDArray[np.uint8]
type _Places = npt.NDArray[np.int64]


class Scan:
    r"""Takes a text block by block, in order, in an encoding that holds ASCII as it is.

    A line ends by ``\r\n``, ``\n`` or a lone ``\r``, as editors count them. A block has at most
    ``MOST_LINE_BYTES``, and ``\r\n`` is never cut in two by blocks.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._ends = 0
        self._open_bytes = 0  # of the line that has not ended yet
        self.has_lone_returns = False

    @property
    def lines(self) -> int:
        """How many lines there were so far; the last needs no end."""
        return self._ends + (self._open_bytes > 0)

    def line_at(self, before: bytes) -> int:
        """Number of the line that goes on behind ``before``, which begins the next block."""
        return self._ends + 1 + int(self._line_ends(np.frombuffer(before, np.uint8)).size)

    def take(self, block: bytes) -> None:
        """Look at the next block.

        Raises InputError with the line for control characters and for a line that is too long.
        """
        data = np.frombuffer(block, np.uint8)
        ends = self._line_ends(data)
        self._check_controls(data, len(ends))
        self._open_bytes += int(ends[0]) if ends.size else len(block)
        if self._open_bytes > MOST_LINE_BYTES:
            line = self._ends + 1
            raise InputError(
                f"{self._name}: line {line:,} is longer than {MOST_LINE_BYTES:,} bytes, which no "
                "row of a table is. Is it a table, with one row a line?",
                file=self._name,
                line=line,
            )
        if ends.size:
            self._ends += len(ends)
            self._open_bytes = len(block) - int(ends[-1]) - 1

    def _check_controls(self, data: _Bytes, ends: int) -> None:
        suspects = np.flatnonzero((data < _SPACE) & (data != _TAB) | (data == _DELETE))
        if len(suspects) == ends:  # the usual file: nothing but ends of lines
            return
        allowed = (_NEWLINE, _RETURN, _FORM_FEED)
        bad = suspects[~np.isin(data[suspects], allowed)]
        if not bad.size:
            return
        at = int(bad[0])
        line = self.line_at(data[:at].tobytes())
        what = "a NUL byte" if data[at] == 0 else f"the control character 0x{int(data[at]):02X}"
        raise InputError(
            f"{self._name} is not a text file, or it is damaged: line {line:,} holds {what}. Give "
            "a table as CSV, Excel or Parquet, or export it again.",
            file=self._name,
            line=line,
        )

    def _line_ends(self, data: _Bytes) -> _Places:
        r"""Give where lines end; for ``\r\n`` that is the ``\n``."""
        newlines = np.flatnonzero(data == _NEWLINE)
        returns = np.flatnonzero(data == _RETURN)
        if not returns.size:
            return newlines
        is_last = returns == len(data) - 1
        lone = returns[is_last | (data[np.minimum(returns + 1, len(data) - 1)] != _NEWLINE)]
        if not lone.size:
            return newlines
        self.has_lone_returns = True
        return np.sort(np.concatenate([newlines, lone]))
