"""A DBN file's bytes, plain or zstd, in bounded memory and refused when they end too early."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from backports.zstd import ZstdDecompressor, ZstdError

from hewston.pipeline.errors import InputError

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE_FIRST = bytes(range(0x50, 0x60))
_SKIPPABLE_REST = b"\x2a\x4d\x18"
_READ_BYTES = 1 << 18
_PIECE_BYTES = 1 << 20  # most that one call of the decompressor may give


def is_zstd(first_bytes: bytes) -> bool:
    """Tell a zstd stream by its first four bytes; the file's name does not matter."""
    skippable = first_bytes[1:4] == _SKIPPABLE_REST and first_bytes[0] in _SKIPPABLE_FIRST
    return first_bytes[:4] == ZSTD_MAGIC or skippable


class ByteStream:
    """The decompressed bytes of one file, front to back.

    ``name`` is what messages call the file. Every failure of the bytes is an InputError that
    names the file and the byte offset in it.
    """

    def __init__(self, source: BinaryIO, *, name: str) -> None:
        self.name = name
        self._source = source
        self._taken = 0  # bytes read from the file so far
        self._held = self._refill()
        self.zstd = is_zstd(self._held)
        self._decompressor = ZstdDecompressor() if self.zstd else None
        self._piece = memoryview(b"")
        if not self._held:
            raise InputError(
                f"{name} is empty: it has 0 bytes. Download it again.", file=name, byte=0
            )

    @property
    def suffix(self) -> str:
        """The ending that tells what the bytes are."""
        return ".dbn.zst" if self.zstd else ".dbn"

    @property
    def consumed(self) -> int:
        """Bytes read from the file so far: the measure of progress."""
        return self._taken

    def read_into(self, buffer: memoryview) -> int:
        """Fill the buffer; fewer bytes than it holds mean that the stream has ended well."""
        filled = 0
        while filled < len(buffer):
            if not self._piece:
                self._piece = memoryview(self._next_piece())
                if not self._piece:
                    break
            size = min(len(self._piece), len(buffer) - filled)
            buffer[filled : filled + size] = self._piece[:size]
            self._piece = self._piece[size:]
            filled += size
        return filled

    def read(self, size: int) -> bytes:
        """Read up to ``size`` bytes; fewer mean that the stream has ended well."""
        parts = []
        while size > 0:
            # Grows with what is there, not with what a damaged header asks for.
            buffer = bytearray(min(size, _PIECE_BYTES))
            filled = self.read_into(memoryview(buffer))
            parts.append(bytes(buffer[:filled]))
            size -= filled
            if filled < len(buffer):
                break
        return b"".join(parts)

    def _next_piece(self) -> bytes:
        if self._decompressor is None:
            piece, self._held = self._held, self._refill()
            return piece
        while True:
            if self._decompressor.eof and not self._next_frame():
                return b""
            if self._decompressor.needs_input and not self._held:
                self._held = self._refill()
                if not self._held:
                    raise self._cut()
            piece = self._decompress(self._decompressor)
            if piece:
                return piece

    def _next_frame(self) -> bool:
        """Start the next concatenated frame; False at the end of the file."""
        rest = self._decompressor.unused_data if self._decompressor else b""
        self._held = rest or self._refill()
        if not self._held:
            return False
        self._decompressor = ZstdDecompressor()
        return True

    def _decompress(self, decompressor: ZstdDecompressor) -> bytes:
        given, self._held = self._held, b""
        try:
            return decompressor.decompress(given, _PIECE_BYTES)
        except ZstdError as problem:
            at = self._taken - len(given)
            raise InputError(
                f"{self.name} cannot be decompressed: its zstd data is damaged at or after byte "
                f"{at:,}. Download it again.",
                file=self.name,
                byte=at,
            ) from problem
        except MemoryError as problem:
            raise InputError(
                f"{self.name} asks for more memory than zstd files may use here. "
                "Compress it again at a usual level.",
                file=self.name,
            ) from problem

    def _cut(self) -> InputError:
        return InputError(
            f"{self.name} is cut: its zstd data ends in the middle of a frame at byte "
            f"{self._taken:,}. Download it again.",
            file=self.name,
            byte=self._taken,
        )

    def _refill(self) -> bytes:
        try:
            block = self._source.read(_READ_BYTES)
        except OSError as problem:
            raise InputError(
                f"{self.name} cannot be read at byte {self._taken:,}: "
                f"{problem.strerror or problem}.",
                file=self.name,
                byte=self._taken,
            ) from problem
        self._taken += len(block)
        return block


@contextmanager
def open_bytes(path: Path, *, name: str) -> Iterator[ByteStream]:
    """Open a file for reading front to back.

    Raises InputError when the file cannot be opened or is empty.
    """
    try:
        source = path.open("rb")
    except OSError as problem:
        raise InputError(
            f"{name} cannot be opened: {problem.strerror or problem}.", file=name
        ) from problem
    with source:
        yield ByteStream(source, name=name)
