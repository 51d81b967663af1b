"""Sources are read, linted, and refused with the line; nothing of them runs here."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.strategies.actions import SOURCE_BYTES, SOURCE_LINES, check_source, lint_source
from apps.strategies.actions.reading import read_source
from hewston.pipeline.errors import HewstonError, InputError
from tests.sources import TREND


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (b"", "is empty"),
        (" \n\t\n", "is empty"),
        (b"x = 1\ny = '\xff'\n", "Line 2 is not UTF-8"),
        ("x = 1\n\ny = '\ud800'\n", "Line 3 is not UTF-8"),
        ("x = 1\ny = '\0'\n", "Line 2 has a character that no source may have: NUL"),
        ("x" * (SOURCE_BYTES + 1), "262,145 bytes"),
        ("é" * (SOURCE_BYTES // 2 + 1), "262,146 bytes"),
        ("\n" * SOURCE_LINES + "x\n", "10,001 lines"),
    ],
    ids=range(8),
)
def test_what_is_no_source_is_refused_with_a_sentence(given, sentence):
    with pytest.raises(InputError, match=sentence):
        read_source(given)


@pytest.mark.parametrize("text", ["a\r\nb\r\n", "a\rb", "\ufeffa\nb\n\n\n", "a\nb"])
def test_line_ends_of_every_system_are_one(text):
    assert read_source(text) == read_source(text.encode()) == "a\nb\n"


@given(st.text(min_size=1, max_size=200) | st.binary(min_size=1, max_size=200))
def test_what_was_read_once_is_read_as_the_same(given):
    try:
        once = read_source(given)
    except InputError:
        return
    assert read_source(once) == once == read_source(once.encode())


def found(source):
    return [(one.line, one.column, one.code, one.severity) for one in lint_source(source)]


def test_a_good_source_has_no_findings():
    assert lint_source(TREND) == ()


def test_warnings_have_a_line_a_column_and_a_sentence():
    assert found("import os\n\n\ndef run_strategy(frame):\n    return framed\n") == [
        (1, 8, "F401", "warning"),
        (5, 12, "F821", "warning"),
    ]
    assert lint_source("x = y\n")[0].sentence == "Undefined name `y`."


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("def f(:\n    pass\n", (1, 7)),
        ("print 'x'\n", (1, 7)),
        ("x = 1\n  y = 2\n", (2, 1)),
        ("return 1\n", (1, 1)),
        ("(" * 1000 + "\n", (2, 1)),
    ],
    ids=range(5),
)
def test_what_does_not_parse_is_an_error_with_its_place(source, place):
    first = lint_source(source)[0]
    assert (first.line, first.column, first.code, first.severity) == (*place, "syntax", "error")
    check = check_source(source=source)
    assert check.contract is None
    assert check.problem is not None
    assert check.problem.message.startswith(f"Line {place[0]}, column {place[1]}: ")
    assert check.problem.details["line"] == place[0]


def test_settings_and_comments_of_others_change_nothing(tmp_path, monkeypatch):
    (tmp_path / "ruff.toml").write_text("[lint]\nignore = ['F']\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUFF_NO_CACHE", "false")
    assert found("import os  # a comment\n") == [(1, 8, "F401", "warning")]


def test_a_source_that_is_wrong_everywhere_is_told_of_in_time():
    start = time.process_time()
    assert len(lint_source("a;" * 130_000 + "\n")) == 200
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "nested", ["(" * 60_000, "[" * 100_000 + "]" * 100_000, "-" * 200_000 + "1"]
)
def test_a_source_that_is_nested_deeply_breaks_nothing(nested):
    with contextlib.suppress(HewstonError):
        lint_source(f"x = {nested}\n")
    assert found("x = 1\n") == []


def test_text_that_shows_otherwise_than_it_reads_is_told():
    assert "PLE2502" in {code for _, _, code, _ in found("x = '\u202e'  # \u202e\n")}
