"""Structures in Thrift's compact protocol, of which a few fields are wanted.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from collections.abc import Mapping

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
_INTEGERS = (4, 5, 6)
_MANY = 15  # items of a list, whose number follows
_DEEPEST = 16
_MORE, _MOST_SHIFT = 0x80, 63  # of a number's bytes, seven bits each

type Wanted = Mapping[int, "Wanted"]
"""Which fields to keep, by number; those inside of structures and of lists of them too."""

type Struct = dict[int, "Value"]
type Value = int | bytes | list[Value] | Struct


def read_struct(data: bytes, wanted: Wanted) -> tuple[Struct, int]:
    """Read the structure at the start of ``data``; also how many bytes it has.

    Keeps whole numbers, bytes, structures and lists of these. Raises IndexError where ``data``
    ends too early and ValueError for what is no such structure.
    """
    reader = _Reader(data)
    return reader.struct(wanted, 0), reader.at


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def struct(self, wanted: Wanted, depth: int) -> Struct:
        fields: Struct = {}
        field = 0
        while step_and_kind := self._byte():
            step, kind = step_and_kind >> 4, step_and_kind & 0x0F
            field = field + step if step else self._whole()
            inside = wanted.get(field)
            value = self._value(kind, inside or {}, depth)
            if inside is not None and value is not None:
                fields[field] = value
        return fields

    def _value(self, kind: int, wanted: Wanted, depth: int) -> Value | None:
        if depth > _DEEPEST:
            raise ValueError("structures are too deep")
        if kind in _INTEGERS:
            return self._whole()
        if kind == _BINARY:
            return self._bytes(self._varint())
        if kind == _STRUCT:
            return self.struct(wanted, depth + 1)
        if kind in {_LIST, _SET}:
            return self._list(wanted, depth)
        if kind in {_BYTE, _DOUBLE}:
            self._bytes(1 if kind == _BYTE else 8)
            return None
        if kind in {_TRUE, _FALSE}:
            return None
        raise ValueError(f"{kind} is no kind of value that is read")

    def _list(self, wanted: Wanted, depth: int) -> list[Value]:
        size_and_kind = self._byte()
        size, kind = size_and_kind >> 4, size_and_kind & 0x0F
        items: list[Value] = []
        for _ in range(self._varint() if size == _MANY else size):
            if kind in {_TRUE, _FALSE}:
                self._byte()
                continue
            value = self._value(kind, wanted, depth + 1)
            if value is not None:
                items.append(value)
        return items

    def _whole(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 0x7F) << shift
            if byte < _MORE:
                return number
            shift += 7
            if shift > _MOST_SHIFT:
                raise ValueError("a number is too long")

    def _byte(self) -> int:
        byte = self._data[self.at]
        self.at += 1
        return byte

    def _bytes(self, size: int) -> bytes:
        start, self.at = self.at, self.at + size
        if self.at > len(self._data):
            raise IndexError(self.at)
        return self._data[start : self.at]
