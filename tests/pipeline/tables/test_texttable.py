"""Rows of text files: exact cells and exact numbers of lines."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hewston.pipeline.sources.tables import texttable
from hewston.pipeline.sources.tables.lines import (
    head,
    middle,
    separator_line,
    split,
    tail,
)
from hewston.pipeline.sources.tables.texttable import TextTable

type Row = tuple[int, tuple[str | None, ...]]


def rows_of(
    path: Path, *, delimiter: str = ",", quoted: bool = True, first_line: int = 1, width: int = 2
) -> tuple[list[Row], dict[int, str]]:
    table = TextTable(
        path, name="t", delimiter=delimiter, quoted=quoted, first_line=first_line, width=width
    )
    rows: list[Row] = []
    malformed: dict[int, str] = {}
    for block in table.blocks():
        assert block.width == width
        rows += zip(block.lines.to_list(), block.text.rows(), strict=True)
        malformed |= block.malformed
    return rows, malformed


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"a,b\nc,d", [(1, ("a", "b")), (2, ("c", "d"))]),
        (b"a,b\r\n\r\nc,d\r\n", [(1, ("a", "b")), (3, ("c", "d"))]),
        (b"\n \t\n,\n,,,\nx\n", [(5, ("x", None))]),
        (b" a ,\tb \n", [(1, ("a", "b"))]),
        (b'"a,1","b"\n"c""d", e\n', [(1, ("a,1", "b")), (2, ('c"d', "e"))]),
        (b'"a", "b"\n"",""\n', [(1, ("a", "b"))]),
        (b'" a ","\tb"\n", ","b"\n', [(1, ("a", "b")), (2, (",", "b"))]),
        (b"a,b,\nc,d,\n", [(1, ("a", "b")), (2, ("c", "d"))]),
        (b"a,b, ,\n", [(1, ("a", "b"))]),
        (b"#a,b\n", [(1, ("#a", "b"))]),
        (b"1\xc2\xa0000,b\n", [(1, ("1\u00a0000", "b"))]),
        (b"a\n", [(1, ("a", None))]),
        (b"", []),
    ],
)
def test_cells_and_numbers_of_lines_are_exact(written, content, rows):
    assert rows_of(written(content)) == (rows, {})


@pytest.mark.parametrize(
    ("delimiter", "content"),
    [
        (";", "a;b\n"),
        ("\t", "a\tb\n"),
        ("|", "a | b\n"),
        (" ", "  a   \t b  \r\n"),
        ("~", "a~b\n"),
        ("¦", "a¦b\n"),
    ],
)
def test_any_one_character_may_be_the_delimiter(written, delimiter, content):
    assert rows_of(written(content.encode()), delimiter=delimiter)[0] == [(1, ("a", "b"))]


def test_rows_that_cannot_be_read_are_listed_and_swallow_nothing(written):
    rows, malformed = rows_of(written(b'a,b\n"c,d\n1,2,3\ne,f\n1,,,4\n'))
    none = (None, None)
    assert rows == [(1, ("a", "b")), (2, none), (3, none), (4, ("e", "f")), (5, none)]
    assert malformed == {
        2: "its quotes do not pair",
        3: "it has 3 cells where the table has 2 columns",
        5: "it has 4 cells where the table has 2 columns",
    }


def test_quotes_may_be_letters_like_any_other(written):
    assert rows_of(written(b'"a,b"\n'), quoted=False)[0] == [(1, ('"a', 'b"'))]


def test_reading_begins_at_any_line(written):
    path = written(b"title\n\ntime,open\n1,2\n")
    assert rows_of(path, first_line=4)[0] == [(4, ("1", "2"))]
    assert rows_of(path, first_line=9) == ([], {})


@pytest.mark.parametrize("block_bytes", [1, 7, 64])
def test_blocks_change_nothing(written, monkeypatch, block_bytes):
    path = written(b"".join(b'%d,"x,%d"\n\n' % (n, n) for n in range(40)) + b"last")
    whole = rows_of(path)
    assert [line for line, _ in whole[0]] == [*range(1, 81, 2), 81]
    monkeypatch.setattr(texttable, "_BLOCK_BYTES", block_bytes)
    assert rows_of(path) == whole


CELLS = st.text(st.sampled_from('ab" ,;\t\r1é'), max_size=4)


@settings(max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(CELLS, max_size=4).map(",".join), max_size=8),
    st.sampled_from([",", ";", "\t", " "]),
    st.booleans(),
)
def test_a_table_is_its_lines_split_one_by_one(tmp_path, lines, delimiter, quoted):
    lines = [line.replace("\r", "") for line in lines]
    path = tmp_path / "t"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
    expected: list[Row] = []
    bad = set()
    for number, line in enumerate(lines, start=1):
        try:
            cells = split(line, delimiter=delimiter, quoted=quoted)
        except ValueError:
            bad.add(number)
            expected.append((number, (None,) * 3))
            continue
        if any(cells[3:]):
            bad.add(number)
            expected.append((number, (None,) * 3))
        elif any(cells):
            expected.append((number, tuple(c or None for c in (cells + [""] * 3)[:3])))
    rows, malformed = rows_of(path, delimiter=delimiter, quoted=quoted, width=3)
    assert rows == expected
    assert set(malformed) == bad


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "\0", "0", "é"])
def test_what_cannot_be_a_delimiter_is_refused(written, refusal, delimiter):
    path = written(b"a")
    options = {"quoted": True, "first_line": 1, "width": 1}
    assert "separate" in refusal(TextTable, path, name="t", delimiter=delimiter, **options).message


def test_sixteen_thousand_columns_are_refused(written, refusal):
    path = written(b"," * 15_999)
    options = {"delimiter": ",", "quoted": True, "first_line": 1, "width": 16_000}
    problem = refusal(TextTable, path, name="wide.csv", **options)
    assert problem.message.startswith("wide.csv has 16,000 columns; at most 1,024 are read.")


def test_head_middle_and_tail_give_lines_with_their_numbers(written):
    path = written(b"".join(b"line %d\r\n" % n for n in range(1, 1001)) + b"end")
    assert [(line.number, line.text) for line in head(path, lines=2)] == [
        (1, "line 1"),
        (2, "line 2"),
    ]
    assert [(line.number, line.text) for line in tail(path, lines=2, total=1001)] == [
        (1000, "line 1000"),
        (1001, "end"),
    ]
    assert [line.number for line in tail(path, lines=1)] == [None]
    (line,) = middle(path, share=0.5, lines=1)
    assert line.number is None
    assert 490 < int(line.text.removeprefix("line ")) < 510
    assert [line.text for line in head(path, lines=9999)][-1] == "end"
    assert len(tail(path, lines=9999)) == 1001


@pytest.mark.parametrize(
    ("text", "delimiter"), [("sep=;", ";"), ('"sep=,"', ","), ("SEP=\t", "\t")]
)
def test_the_line_by_which_excel_names_the_delimiter_is_understood(text, delimiter):
    assert separator_line(text) == delimiter
    assert separator_line("separator;x") is None
