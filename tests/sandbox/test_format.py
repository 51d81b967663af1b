"""What crosses the wall comes out as it went in, and forged bytes raise the one error."""

import json
import pickle
import random
import re
import resource
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hewston.pipeline.errors import InputError
from hewston.pipeline.sandbox.format import (
    ForgedAnswerError,
    Said,
    encode_frame,
    read_answer,
)
from hewston.pipeline.sandbox.inside.answer import (
    Column,
    Declaration,
    Flags,
    Numbers,
    Reading,
    Same,
    StrategyFailure,
    Texts,
    Unreadable,
)
from hewston.pipeline.sandbox.inside.form import MAGIC, MOST_COLUMNS, START, write_header
from hewston.pipeline.sandbox.inside.frames import read_groups
from hewston.pipeline.sandbox.inside.writing import write_answer

READING = Reading(flags=("long_condition", "exit_long"), texts=("reason",))
FRAME = ("open", "close")
DECLARED = Declaration(
    PARAMS={"fast": {"type": "int", "default": 3}}, OPTIONS={}, docstring="", has_function=True
)
ROWS = 7


def write(columns: dict[str, Column] | None, **said: Any) -> bytes:
    parts = write_answer(columns, declaration=said.pop("declaration", DECLARED), **said)
    return b"".join(bytes(memoryview(part).cast("B")) for part in parts)


def read(data: bytes, rows: int = ROWS) -> Said:
    return read_answer(data, rows=rows, frame=FRAME, reading=READING)


def answer(rows: int = ROWS) -> bytes:
    columns: dict[str, Column] = {
        "position": Numbers(np.linspace(-1, 1, rows)),
        "long_condition": Flags(np.arange(rows) % 2 == 0),
        "reason": Texts(np.arange(rows, dtype=np.int32) % 3 - 1, ["über", "unter"]),
        "close": Same(),
        "odd": Unreadable("object", 3, "'x'"),
        "EMA (20) %": Numbers(np.full(rows, np.nan)),
    }
    return write(columns, params={"fast": 3})


names = st.text(
    st.characters(categories=("L", "N", "P", "S", "Zs"), include_characters=" "), max_size=64
).filter(lambda name: len(name) > 0 and name.isprintable())


@st.composite
def answers(draw: st.DrawFn) -> tuple[int, dict[str, Column]]:
    rows = draw(st.integers(0, 20))
    numbers = arrays.arrays(np.float64, rows).map(Numbers)
    flags = arrays.arrays(np.bool_, rows).map(Flags)
    words = draw(st.lists(st.text(st.characters(codec="utf-8")), max_size=rows))
    codes = st.integers(-1, len(words) - 1)
    columns: dict[str, Column] = draw(
        st.dictionaries(names.filter(lambda n: n not in READING.flags + READING.texts), numbers)
    )
    for name in READING.flags:
        if draw(st.booleans()):
            columns[name] = draw(flags)
    columns["reason"] = Texts(
        np.array(draw(st.lists(codes, min_size=rows, max_size=rows)), np.int32), words
    )
    return rows, columns


@given(answers())
@settings(max_examples=200, deadline=None)
def test_an_answer_comes_out_as_it_went_in(given_: tuple[int, dict[str, Column]]) -> None:
    rows, columns = given_
    said = read(write(columns, params={}), rows)
    assert said.declaration == DECLARED
    assert list(said.columns or {}) == list(columns)
    for name, column in (said.columns or {}).items():
        before = columns[name]
        assert type(column) is type(before)
        if isinstance(column, Texts) and isinstance(before, Texts):
            assert column.texts == before.texts
            assert column.codes.tolist() == before.codes.tolist()
        elif not isinstance(column, Unreadable | Same | Texts):
            assert column.values.tobytes() == before.values.tobytes()  # type: ignore[union-attr]


kinds = {
    pl.Float64: st.floats(allow_nan=False),
    pl.UInt32: st.integers(0, 2**32 - 1),
    pl.Int64: st.integers(-(2**63), 2**63 - 1),
    pl.Boolean: st.booleans(),
}


@given(st.data(), st.lists(st.sampled_from(list(kinds)), min_size=1), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_bars_go_in_as_numpy_has_them(data: st.DataObject, types: list[Any], rows: int) -> None:
    frame = pl.DataFrame(
        {
            f"column {place}": pl.Series(
                data.draw(st.lists(kinds[kind], min_size=rows, max_size=rows)), dtype=kind
            )
            for place, kind in enumerate(types)
        }
    )
    groups, order = read_groups(b"".join(encode_frame(frame)))
    assert order == frame.columns
    arrays_ = {
        name: array for names, values in groups for name, array in zip(names, values, strict=True)
    }
    assert set(arrays_) == set(order)
    for name, array in arrays_.items():
        expected = frame[name].to_numpy()
        assert array.dtype == expected.dtype
        assert array.tobytes() == expected.tobytes()


def test_a_failure_comes_out_with_its_details() -> None:
    failure = StrategyFailure(
        "raised", type="KeyError", message="'a'\n\x1b[31m<b>", line=4, code=None
    )
    said = read(write(None, failure=failure))
    assert said.columns is None
    assert said.failure is not None
    assert said.failure.kind == "raised"
    assert said.failure.details == {
        "type": "KeyError",
        "message": "'a'\n?[31m<b>",
        "line": 4,
        "code": None,
    }


def test_what_the_form_does_not_hold_is_the_authors_error() -> None:
    numbers = Numbers(np.zeros(ROWS))
    for columns, sentence in (
        ({f"c{n}": numbers for n in range(MOST_COLUMNS + 1)}, "65 columns"),
        ({"x" * 65: numbers}, "1 to 64 characters"),
        ({"": numbers}, "1 to 64 characters"),
        ({"a\nb": numbers}, "a?b"),
        ({"reason": Texts(np.zeros(ROWS, np.int32), ["\ud800"])}, "no Unicode"),
        ({"reason": Texts(np.zeros(ROWS, np.int32), ["x" * 10_000_000])}, "more than"),
    ):
        with pytest.raises(StrategyFailure) as failure:
            write(columns)  # type: ignore[arg-type]
        assert failure.value.kind == "unfit"
        assert sentence in str(failure.value.details["message"])
    long = Declaration(PARAMS={"a": "x" * 70_000}, OPTIONS={}, docstring="", has_function=True)
    with pytest.raises(StrategyFailure, match="too long"):
        write(None, declaration=long)


def head_of(data: bytes) -> tuple[dict[str, Any], bytes]:
    _, length = START.unpack_from(data)
    end = START.size + length
    return json.loads(data[START.size : end]), data[end:]


def forge(change: Callable[[dict[str, Any]], object], more: bytes = b"") -> bytes:
    """An answer whose header was changed."""
    header, body = head_of(answer())
    change(header)
    return write_header(header) + body + more


def rewrite(old: bytes, new: bytes) -> bytes:
    """An answer whose header says something else, and is as long as it says."""
    data = answer()
    _, length = START.unpack_from(data)
    header, body = data[START.size : START.size + length], data[START.size + length :]
    assert old in header
    header = header.replace(old, new).rstrip()
    header += b" " * (-(START.size + len(header)) % 8)
    return START.pack(MAGIC, len(header)) + header + body


def set_column(place: int, **values: object) -> Callable[[dict[str, Any]], None]:
    return lambda header: header["columns"][place].update(values)


FORGED = {
    "nothing": b"",
    "a byte": b"H",
    "text": b"I am an answer, believe me.",
    "a pickle": b"\x80\x04\x95",
    "a huge header": START.pack(MAGIC, 2**32 - 8),
    "an odd header": START.pack(MAGIC, 3) + b"{}  ",
    "an empty header": write_header({}),
    "deep params": rewrite(b'{"fast":3}', b'{"fast":' + b"[" * 8 + b"]" * 8 + b"}"),
    "long params": rewrite(b'{"fast":3}', b'{"fast":"' + b"x" * 4001 + b'"}'),
    "a list": START.pack(MAGIC, 8) + b"[]      ",
    "deep": START.pack(MAGIC, 65528) + b"[" * 65528,
    "a huge number": rewrite(b'{"fast":3}', b'{"fast":' + b"9" * 30 + b"}"),
    "no number": rewrite(b'{"fast":3}', b'{"fast":NaN}'),
    "no end of a number": rewrite(b'"default":3', b'"default":-Infinity'),
    "too large a float": rewrite(b'"default":3', b'"default":1e999'),
    "a header that names a thing twice": rewrite(b'"params":', b'"params":{},"params":'),
    "a header that is no Unicode": rewrite(b"fast", b"f\xffst"),
    "cut": answer()[:-8],
    "longer": answer() + bytes(8),
    "a column twice": forge(set_column(5, name="position")),
    "no name": forge(set_column(0, name="")),
    "a name of two lines": forge(set_column(0, name="a\nb")),
    "a name that turns around": forge(set_column(0, name="a\u202eb")),
    "a long name": forge(set_column(0, name="x" * 65)),
    "a name that is none": forge(set_column(0, name=7)),
    "another kind": forge(set_column(0, kind="flags")),
    "a kind that is none": forge(set_column(0, kind=["numbers"])),
    "an unknown kind": forge(set_column(0, kind="object")),
    "an offset": forge(set_column(0, offset=-8)),
    "flags as numbers": forge(set_column(0, name="exit_long")),
    "texts for nothing": forge(set_column(2, name="position2")),
    "too many texts": forge(set_column(2, texts=2**62)),
    "less than no texts": forge(set_column(2, texts=-1)),
    "half a text": forge(set_column(2, texts=1.5)),
    "true texts": forge(set_column(2, texts=True)),
    "other bytes of texts": forge(set_column(2, bytes=8)),
    "a row that is not there": forge(set_column(4, row=ROWS)),
    "same as nothing": forge(set_column(3, name="volume")),
    "no declaration": forge(lambda header: header.update(declaration=None)),
    "another declaration": forge(lambda header: header.update(declaration={"PARAMS": None})),
    "columns and a failure": forge(
        lambda header: header.update(failure={"kind": "raised", "details": {}})
    ),
    "no columns": forge(lambda header: header.update(columns=None)),
    "columns by name": forge(lambda header: header.update(columns={})),
    "columns that are none": forge(lambda header: header.update(columns=[7])),
    "params that are none": forge(lambda header: header.update(params=[1])),
    "too many columns": write_header(
        {
            "columns": [{"name": f"c{n}", "kind": "numbers"} for n in range(65)],
            "declaration": head_of(answer())[0]["declaration"],
            "failure": None,
            "params": {},
        }
    )
    + bytes(65 * ROWS * 8),
}


@pytest.mark.parametrize("data", FORGED.values(), ids=FORGED.keys())
def test_a_forged_answer_raises_the_one_error(data: bytes) -> None:
    with pytest.raises(ForgedAnswerError, match="gave no answer that can be read"):
        read(data)


def failing(kind: object, details: object) -> bytes:
    header, _ = head_of(write(None, failure=StrategyFailure("raised")))
    header["failure"] = {"kind": kind, "details": details}
    return write_header(header)


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("odd", {}),
        (["raised"], {}),
        ("raised", []),
        ("raised", {"more": 1}),
        ("raised", {"line": "4"}),
        ("raised", {"line": -4}),
        ("raised", {"type": 4}),
        ("raised", {"message": "x" * 4001}),
    ],
)
def test_a_forged_failure_raises_the_one_error(kind: object, details: object) -> None:
    with pytest.raises(ForgedAnswerError):
        read(failing(kind, details))


def test_a_flag_that_is_neither_true_nor_false_is_forged() -> None:
    data = answer()
    place = data.index(bytes([1, 0, 1, 0, 1, 0, 1]))
    with pytest.raises(ForgedAnswerError, match="neither"):
        read(data[:place] + b"\x02" + data[place + 1 :])


def test_a_text_that_is_cut_within_a_character_is_forged() -> None:
    data = answer()
    place = data.index("über".encode())
    with pytest.raises(ForgedAnswerError, match="no Unicode"):
        read(data[: place + 1] + b"\xff" + data[place + 2 :])


MUTATIONS = 30_000
NUMBERS = [0, 1, 7, 8, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1]
WORDS = [b"-1", b"1e9", b"999999999999", b"null", b"true", b"[]", b"{}", b'""', b'"texts"', b"0.5"]


def mutate(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """Break an answer in one of the ways in which one may be broken."""
    changed = bytearray(data)
    place = dice.randrange(len(data) + 1)
    match dice.randrange(7):
        case 0:
            for _ in range(dice.randrange(1, 9)):
                changed[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        case 1:
            del changed[place:]
        case 2:
            changed[place:place] = dice.randbytes(dice.choice([1, 4, 8, 64]))
        case 3:
            changed = changed[:place] + other[dice.randrange(len(other)) :]
        case 4:
            width, kind = dice.choice([(1, "<B"), (4, "<I"), (8, "<Q")])
            start = min(place // width * width, len(data) - width)
            number = dice.choice(NUMBERS) % 2 ** (8 * width)
            struct.pack_into(kind, changed, start, number)
        case 5:
            return mutate_header(data, dice)
        case _:
            changed[place : place + 64] = b"\xff\xff\xff\xff\xff\xff\xf8\x7f" * 8
    return bytes(changed)


def mutate_header(data: bytes, dice: random.Random) -> bytes:
    """Replace a value of the header and leave the header well-formed around it."""
    _, length = START.unpack_from(data)
    header, body = data[START.size : START.size + length], data[START.size + length :]
    value = dice.choice(list(re.finditer(rb'"[^"]*"(?!:)|\d+|null|true', header)))
    header = header[: value.start()] + dice.choice(WORDS) + header[value.end() :].rstrip()
    header += b" " * (-(START.size + len(header)) % 8)
    return START.pack(MAGIC, len(header)) + header + body


def test_thirty_thousand_mutated_answers_raise_nothing_but_the_one_error() -> None:
    dice = random.Random(20230103)
    sound = [
        answer(),
        write({"position": Numbers(np.ones(ROWS))}, params={}),
        write(None, failure=StrategyFailure("raised", type="A", message="b", line=3, code="c")),
        write(
            {"reason": Texts(np.arange(ROWS, dtype=np.int32), list("abcdefg"))},
            params={"fast": 1.5},
        ),
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = 0
    for _ in range(MUTATIONS):
        data = mutate(dice.choice(sound), dice.choice(sound), dice)
        try:
            read(data)
        except ForgedAnswerError:
            refused += 1
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert MUTATIONS / 2 < refused < MUTATIONS  # some are sound still: another number is a number
    assert grown_kb < 30_000


def test_the_one_error_is_one_that_the_user_can_mend() -> None:
    assert issubclass(ForgedAnswerError, InputError)
    with pytest.raises(ForgedAnswerError) as refusal:
        read(b"")
    again = pickle.loads(pickle.dumps(refusal.value))  # as it comes out of a job's process
    assert again.as_json() == refusal.value.as_json()
    assert str(again) == str(refusal.value)
    assert refusal.value.as_json() == {
        "code": "VALIDATION",
        "message": "The strategy gave no answer that can be read: it ended without one. Its code "
        "must neither write nor end the answer itself.",
        "details": {"field": "strategy"},
    }
