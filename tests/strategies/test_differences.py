"""Two sources beside each other."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hewston.pipeline.errors import InputError
from hewston.pipeline.strategies.differences import compare_lines, unify, write_unified

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "  d"]), min_size=1, max_size=30)


def text(lines):
    return "\n".join(lines) + "\n"


def test_lines_that_replace_each_other_stand_side_by_side():
    (hunk,) = compare_lines("a\nb\nc\n", "a\nx\ny\nc\n")
    assert [(one.kind, one.before, one.after) for one in hunk.lines] == [
        ("same", "a", "a"),
        ("changed", "b", "x"),
        ("added", "", "y"),
        ("same", "c", "c"),
    ]
    assert [(one.before_number, one.after_number) for one in hunk.lines] == [
        (1, 1),
        (2, 2),
        (None, 3),
        (3, 4),
    ]
    assert [sign + line for sign, _, _, line in unify(hunk)] == [" a", "-b", "+x", "+y", " c"]


def test_the_same_source_has_no_hunk():
    assert compare_lines("a\n", "a\n") == []
    assert write_unified([], before="a", after="b") == []


@given(LINES, LINES)
def test_a_diff_leads_from_either_source_to_the_other(before, after):
    signed = [
        (sign, line)
        for hunk in compare_lines(text(before), text(after), context=100)
        for sign, _, _, line in unify(hunk)
    ]
    if not signed:
        assert text(before).rstrip("\n") == text(after).rstrip("\n")
        return
    assert [line for sign, line in signed if sign != "+"] == text(before).rstrip("\n").split("\n")
    assert [line for sign, line in signed if sign != "-"] == text(after).rstrip("\n").split("\n")


def test_the_unified_diff_is_that_of_the_standard_library():
    before, after = [[*"abcdefghij"], [*"abcdXfghij"]]
    written = write_unified(compare_lines(text(before), text(after)), before="a", after="b")
    assert written == list(difflib.unified_diff(before, after, "a", "b", lineterm=""))


def test_sources_that_are_too_long_are_refused():
    with pytest.raises(InputError, match="5,000 lines"):
        compare_lines("a\n" * 5_001, "b\n")
