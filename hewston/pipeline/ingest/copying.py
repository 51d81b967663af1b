"""A source file copied by content, since it may change while it is read."""

import errno
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.files import Given

_BLOCK_BYTES = 1 << 18
_BLOCKS_A_REPORT = 32  # 8 MB: many times a second
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


def copy(given: Given, target: Path, *, told: Callable[[int], object]) -> str:
    """Copy a file and give the SHA-256 of exactly the bytes that were copied.

    ``told`` gets how many bytes were copied, a few times a second and at the end. Raises InputError
    for a file that cannot be read.
    """
    digest, copied = hashlib.sha256(), 0
    try:
        with target.open("wb") as writer:
            for number, block in enumerate(_blocks(given.path)):
                digest.update(block)
                writer.write(block)
                copied += len(block)
                if number % _BLOCKS_A_REPORT == 0:
                    told(copied)
    except OSError as problem:
        if problem.errno in _DISK_FULL:  # nothing that another file would mend
            raise
        raise InputError(
            f"{given.name} cannot be copied: {problem.strerror or problem}.", file=given.name
        ) from problem
    told(copied)
    return digest.hexdigest()


def _blocks(path: Path) -> Iterator[memoryview]:
    """Read a file in blocks that share one buffer, which stays in the processor's cache."""
    block = memoryview(bytearray(_BLOCK_BYTES))
    with path.open("rb", buffering=0) as reader:
        while size := reader.readinto(block):
            yield block[:size]
