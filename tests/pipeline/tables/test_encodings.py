"""Text in any encoding becomes UTF-8, and the user is told which it was and why."""

import re

import pytest

from hewston.pipeline.sources.tables import encodings
from hewston.pipeline.sources.tables.encodings import to_utf8

HEADERS = {
    "cp1252": "Datum;Eröffnung;Hoch;Schluss",
    "cp1250": "Data;Otwarcie;Najwyższy;Zamknięcie",
    "cp1251": "Дата;Время;Открытие",
    "koi8-r": "Дата;Время;Открытие",
    "cp866": "Дата;Время;Открытие",
    "cp932": "日付;始値;高値;終値",
    "euc-jp": "日付;始値;高値;終値",
    "gb18030": "日期;开盘;最高;收盘",
    "big5": "日期;開盤;最高;收盤",
    "cp949": "날짜;시가;종가",
    "cp1254": "Tarih;Düşük;Değişim;Şimdi",
    "cp1253": "Ημερομηνία;Άνοιγμα",
    "mac-roman": "Datum;Eröffnung;Clôture",
    "cp850": "Datum;Eröffnung;Clôture",
}
WORDS = {word.lower() for header in HEADERS.values() for word in header.split(";")}
ROWS = "".join(f"2020-01-{day:02d};1;2;3\n" for day in range(1, 29))


def known(text: str) -> int:
    return sum(word in WORDS for word in re.split(r"[;\n]", text.lower()))


@pytest.mark.parametrize("encoding", HEADERS)
def test_a_legacy_encoding_is_told_by_the_words_of_the_header(written, scratch, encoding):
    content = f"{HEADERS[encoding]}\n{ROWS}"
    text = to_utf8(written(content.encode(encoding)), name="t", scratch=scratch, known=known)
    assert (text.encoding, text.confidence) == (encoding, "likely")
    assert encoding in text.reason
    assert encoding not in text.alternatives
    assert text.path.read_text(encoding="utf-8") == content
    assert text.lines == 29


@pytest.mark.parametrize("encoding", ["cp1252", "cp1250", "cp1251", "gb18030", "cp949", "big5"])
def test_without_known_words_it_is_a_guess_by_the_letters(written, scratch, encoding):
    content = f"{HEADERS[encoding]}\n{ROWS}"
    text = to_utf8(written(content.encode(encoding)), name="t", scratch=scratch)
    assert (text.encoding, text.confidence) == (encoding, "guess")
    assert text.alternatives


@pytest.fixture(params=[1, 2, 5, 1 << 18])
def _small_blocks(request, monkeypatch):
    monkeypatch.setattr(encodings, "_BLOCK_BYTES", request.param)  # cuts characters and line ends


@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize(
    ("encoding", "given", "confidence"),
    [
        ("utf-8-sig", "utf-8", "certain"),
        ("utf-16", "utf-16-le", "certain"),
        ("utf-32", "utf-32-le", "certain"),
        ("utf-16-le", "utf-16-le", "likely"),
        ("utf-16-be", "utf-16-be", "likely"),
    ],
)
def test_unicode_is_told_by_its_mark_or_its_zero_bytes(
    written, scratch, encoding, given, confidence
):
    content = f"Datum;Eröffnung\n{ROWS}"
    path = written(content.replace("\n", "\r\n").encode(encoding))
    text = to_utf8(path, name="t", scratch=scratch)
    assert (text.encoding, text.confidence, text.lines) == (given, confidence, 29)
    assert text.path.read_bytes() == content.encode()


@pytest.mark.parametrize("content", [ROWS, f"Eröffnung\n{ROWS}", "a;b\r\n1;2\r\n", "1;2"])
def test_utf8_is_read_where_it_is(written, scratch, content):
    path = written(content.encode())
    text = to_utf8(path, name="t", scratch=scratch)
    assert (text.path, text.encoding, text.confidence) == (path, "utf-8", "certain")
    assert ("ASCII" in text.reason) == content.isascii()
    assert not scratch.exists()


@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize(
    ("content", "plain"),
    [
        (b"a\rb\rc", b"a\nb\nc"),
        (b"a\r\nb\rc\nd\r", b"a\nb\nc\nd\n"),
        (b"a\r\r\nb", b"a\n\nb"),
        (b"a\nb\r\n\x1a", b"a\nb\n"),
    ],
)
def test_lines_are_counted_as_editors_do(written, scratch, content, plain):
    text = to_utf8(written(content), name="t", scratch=scratch)
    assert text.path.read_bytes() == plain
    assert text.lines == len(plain.removesuffix(b"\n").split(b"\n"))


@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a\nb\n\0\n", "line 3 holds a NUL"),
        (b"a\r\nb\r\nc\x01\n", "line 3 holds the control character 0x01"),
        (b"a\rb\r\x7f", "line 3 holds the control character 0x7F"),
        (b"a\n\x1ab\n", "line 2 holds the control character 0x1A"),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(written, scratch, refusal, content, problem):
    assert problem in refusal(to_utf8, written(content), name="t", scratch=scratch).message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_of_megabytes_is_refused_with_its_number(written, scratch, refusal, encoding):
    content = "a\nb\n" + "1," * (1 << 20) + "\nc\n"
    problem = refusal(to_utf8, written(content.encode(encoding)), name="t", scratch=scratch)
    assert problem.message.startswith("t: line 3 is longer than 1,048,576 bytes")


def test_the_user_may_choose(written, scratch, refusal):
    path = written(b"Er\xf6ffnung;1\n")
    assert to_utf8(path, name="t", scratch=scratch, encoding="latin-1").encoding == "cp1252"
    text = to_utf8(path, name="t", scratch=scratch, encoding="CP1251")
    assert (text.encoding, text.confidence) == ("cp1251", "certain")
    assert text.path.read_text(encoding="utf-8") == "Erцffnung;1\n"
    text.path.unlink()
    problem = refusal(to_utf8, path, name="t", scratch=scratch, encoding="utf-8")
    assert problem.details == {"file": "t", "line": 1, "field": "encoding"}
    for encoding in ("rot13", "idna", "no\0", "../x"):
        problem = refusal(to_utf8, path, name="t", scratch=scratch, encoding=encoding)
        assert "Choose one of utf-8," in problem.message


@pytest.mark.parametrize(
    ("content", "encoding"),
    [("a\nb\nç\n".encode()[:-2], "utf-8"), ("a\nb\nc".encode("utf-16")[:-1], None)],
)
def test_text_that_is_cut_inside_a_character_is_refused(
    written, scratch, refusal, content, encoding
):
    problem = refusal(to_utf8, written(content), name="t", scratch=scratch, encoding=encoding)
    assert problem.details["line"] == 3
