"""Whether two files hold the same records for an instrument and a day."""

import hashlib
from collections.abc import Callable, Iterator
from itertools import zip_longest

from hewston.pipeline.sources.dbn.records import Chunk

Key = tuple[int, int]  # instrument id and UTC day
Reader = Callable[[set[Key]], Iterator[tuple[Key, Chunk]]]


def digests(read: Reader, keys: set[Key]) -> dict[Key, bytes]:
    """Hash the records of each key in file order."""
    hashes = {key: hashlib.sha256() for key in keys}
    for key, part in read(keys):
        hashes[key].update(part.rows.tobytes())
    return {key: value.digest() for key, value in hashes.items()}


def first_difference(one: Reader, other: Reader, key: Key) -> tuple[int | None, int | None]:
    """Number the first records of a key that differ; None where a file has no more records."""
    for mine, theirs in zip_longest(_single(one, key), _single(other, key)):
        if mine is None or theirs is None or mine[1] != theirs[1]:
            return (mine[0] if mine else None, theirs[0] if theirs else None)
    return (None, None)


def _single(read: Reader, key: Key) -> Iterator[tuple[int, bytes]]:
    for _, part in read({key}):
        for number, row in zip(part.numbers.tolist(), part.rows, strict=True):
            yield number, row.tobytes()
