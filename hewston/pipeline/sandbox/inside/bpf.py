"""Writes programs for the kernel's packet filter, of which seccomp uses a part."""

import ctypes
import dataclasses
import struct
from collections.abc import Sequence

# linux/bpf_common.h: class, size, mode and operation in one number.
_LOAD_WORD, _AND, _RETURN = 0x20, 0x54, 0x06
_IF_EQUAL, _IF_AT_LEAST = 0x15, 0x35
_OFFSET_NUMBER, _OFFSET_ARCH, _OFFSET_ARGUMENTS = 0, 4, 16  # struct seccomp_data
_LOW = 0xFFFF_FFFF

Instruction = tuple[int, int, int, int]  # code, steps if true, steps if false, operand


@dataclasses.dataclass(frozen=True)
class Condition:
    """``argument & mask == value``; only the low half where the kernel reads an int."""

    argument: int
    mask: int
    value: int


class Fprog(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def load_number() -> Instruction:
    """Load the call's number."""
    return _LOAD_WORD, 0, 0, _OFFSET_NUMBER


def load_architecture() -> Instruction:
    """Load the architecture that the call was made for."""
    return _LOAD_WORD, 0, 0, _OFFSET_ARCH


def give(action: int) -> Instruction:
    """End with an action."""
    return _RETURN, 0, 0, action


def unless_equal(value: int, action: int) -> list[Instruction]:
    """End with an action unless the loaded word is a value."""
    return [(_IF_EQUAL, 1, 0, value), give(action)]


def if_equal(value: int, action: int) -> list[Instruction]:
    """End with an action if the loaded word is a value."""
    return [(_IF_EQUAL, 0, 1, value), give(action)]


def if_at_least(value: int, action: int) -> list[Instruction]:
    """End with an action if the loaded word is a value or more."""
    return [(_IF_AT_LEAST, 0, 1, value), give(action)]


def decide(
    number: int, alternatives: Sequence[Sequence[Condition]], *, allow: int, refuse: int
) -> list[Instruction]:
    """End a call of this number with ``allow`` if all conditions of one alternative hold.

    Else with ``refuse``. Calls of other numbers go on, with their number loaded.
    """
    body: list[Instruction] = []
    for conditions in alternatives:
        tests = [test for condition in conditions for test in _tests(condition)]
        left = sum(len(test) for test in tests) + 1  # with the return at the end
        for test in tests:
            left -= len(test)
            body.extend(test[:-1])
            code, _, _, operand = test[-1]
            body.append((code, 0, left, operand))
        body.append(give(allow))
    body.append(give(refuse))
    return [(_IF_EQUAL, 0, len(body), number), *body]


def _tests(condition: Condition) -> list[list[Instruction]]:
    """Give the instructions of each half of the argument; the last of each is the comparison."""
    place = _OFFSET_ARGUMENTS + 8 * condition.argument
    halves = (
        (place, condition.mask & _LOW, condition.value & _LOW),
        (place + 4, condition.mask >> 32, condition.value >> 32),
    )
    return [
        [
            (_LOAD_WORD, 0, 0, offset),
            *([] if mask == _LOW else [(_AND, 0, 0, mask)]),
            (_IF_EQUAL, 0, 0, value),
        ]
        for offset, mask, value in halves
        if mask
    ]


def assemble(program: Sequence[Instruction]) -> tuple[Fprog, ctypes.Array[ctypes.c_char]]:
    """Write a program as the kernel reads it; the second value must live as long as the first."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    return Fprog(len(program), ctypes.addressof(buffer)), buffer
