"""What a strategy's function said, in plain values: columns, or how it failed."""

import dataclasses
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

FailureKind = Literal[
    "load",  # the module does not load: type, message, line, code
    "raised",  # run_strategy raised: likewise
    "no_function",
    "no_class",  # of an event strategy: there is none, or more than one: found
    "no_frame",  # it returned something else: type
    "twice",  # a column is there twice: column
    "rows",  # another length than the frame's: rows
    "index",  # another index: row, found, expected
    "unfit",  # what the sandbox's form does not hold: message, column
]
FAILURES: tuple[FailureKind, ...] = get_args(FailureKind)


class StrategyFailure(Exception):  # noqa: N818 (the author's error, not ours)
    """What the author's code did wrong, with plain details by FailureKind."""

    def __init__(self, kind: FailureKind, **details: str | int | None) -> None:
        super().__init__(kind, details)
        self.kind, self.details = kind, details


@dataclasses.dataclass(frozen=True)
class Numbers:
    """Float64, NaN where a value is missing."""

    values: npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Flags:
    """True and false; what was missing is false."""

    values: npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Texts:
    """A place in ``texts`` for each row, -1 where a text is missing."""

    codes: npt.NDArray[np.int32]
    texts: list[str]


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """A column that holds something else: its dtype, and the first such value with its row."""

    dtype: str
    row: int | None
    value: str


@dataclasses.dataclass(frozen=True)
class Same:
    """A column of the frame that came back unchanged."""


type Column = Numbers | Flags | Texts | Unreadable | Same


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading:
    """How columns are read: which hold flags, and which texts; all others hold numbers."""

    flags: tuple[str, ...]
    texts: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Declaration:
    """What a module says of itself; PARAMS and OPTIONS as plain JSON values, PARAMS None without.

    The two have the names that they have in a module, so that the same code reads both.
    """

    PARAMS: Any
    OPTIONS: Any
    docstring: str
    has_function: bool
