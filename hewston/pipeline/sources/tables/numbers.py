"""How a table writes its numbers, and reading them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from hewston.pipeline.sources.tables.vocabulary import MISSING

Mark = Literal[".", ","]

_SPACES = " \u00a0\u202f\u2009\u2007"
_APOSTROPHES = "'\u2019\u02bc`"
_CURRENCIES = "$€£¥₹₽₩₺₫฿元円원"
_CODES = r"(?:USD|EUR|GBP|JPY|CHF|INR|RUB|PLN|SEK|KRW|CNY|BRL|TRY|Rs\.?|US\$|R\$|kr\.?|zł|TL)"
_PIECES = r"(?:stk\.?|stück|st\.?|pcs\.?|shares|szt\.?|ks|db|lots?|contracts|шт\.?|주|股|手|株)"
# Sorted so that the longest is tried first. Lower case m and k are meant as M and K.
_SUFFIXES: dict[str, float] = {
    **dict.fromkeys(
        ("k", "tsd", "tsd.", "тыс", "тыс.", "천", "bin", "thousand", "tys", "tys."), 1e3
    ),
    **dict.fromkeys(
        (
            "m",
            "mn",
            "mm",
            "mio",
            "mio.",
            "mil",
            "mln",
            "mln.",
            "млн",
            "млн.",
            "million",
            "millions",
            "mill.",
        ),
        1e6,
    ),
    **dict.fromkeys(
        (
            "b",
            "bn",
            "mrd",
            "mrd.",
            "mld",
            "mld.",
            "mlrd",
            "млрд",
            "млрд.",
            "g",
            "billion",
            "billions",
        ),
        1e9,
    ),
    **dict.fromkeys(("t", "tn", "bio", "bio.", "трлн"), 1e12),
    **dict.fromkeys(("万", "萬", "만"), 1e4),
    **dict.fromkeys(("亿", "億", "억"), 1e8),
    **dict.fromkeys(("lac", "lakh", "lacs", "l"), 1e5),
    **dict.fromkeys(("cr", "crore", "crores"), 1e7),
}
_SUFFIX = "|".join(re.escape(suffix) for suffix in sorted(_SUFFIXES, key=len, reverse=True))
_DIGITS = rf"[0-9][0-9.,{_SPACES}{_APOSTROPHES}]*"
_NUMBER = re.compile(
    rf"\s*\(?\s*(?:[{_CURRENCIES}]|{_CODES})?\s*[-+\u2212]?\s*(?:[{_CURRENCIES}]|{_CODES})?\s*"
    rf"({_DIGITS}|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?\s*(?:{_SUFFIX})?\s*%?\s*"
    rf"(?:[{_CURRENCIES}]|{_CODES}|{_PIECES})?\s*\)?\s*",
    re.IGNORECASE,
)
_GROUPED = re.compile(rf"[0-9]{{1,3}}([{_SPACES}{_APOSTROPHES}])[0-9]{{3}}(?![0-9])")
_LARGEST = 1e99  # TradingView writes what is absent as 1e+100


@dataclass(frozen=True, kw_only=True)
class Style:
    """The decimal mark of a table; every other sign between digits groups thousands."""

    decimal: Mark = "."


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """How many numbers can only be read with a decimal point, only with a comma, or either way.

    ``ungrouped`` counts whole numbers of four digits and more without a sign between them: a table
    that has them groups no thousands.
    """

    point: int
    comma: int
    either: int
    ungrouped: int
    example: str | None  # of a number that can be read either way


def is_number(text: str) -> bool:
    """Tell whether a cell can be a number, however it is written."""
    return _NUMBER.fullmatch(text) is not None


def is_missing(text: str) -> bool:
    """Tell whether a cell says that there is nothing."""
    return text.strip().casefold() in MISSING


def weigh(cells: Iterable[str]) -> Evidence:
    """Look which decimal mark the numbers have."""
    votes: Counter[str] = Counter()
    example = None
    for cell in cells:
        match = _NUMBER.fullmatch(cell)
        if match is None:
            continue
        vote = _vote(match[1].strip(_SPACES))
        votes[vote] += 1
        if vote == "either" and example is None:
            example = cell.strip()
    return Evidence(
        point=votes["."],
        comma=votes[","],
        either=votes["either"],
        ungrouped=votes["ungrouped"],
        example=example,
    )


def _vote(digits: str) -> str:
    marks = re.sub(r"[0-9]", "", digits)
    points, commas = digits.count("."), digits.count(",")
    if not points and not commas:
        whole = re.sub(r"[^0-9]", "", digits)
        return "ungrouped" if not marks and len(whole) > 3 else "none"  # noqa: PLR2004
    if points and commas:
        return "." if digits.rfind(".") > digits.rfind(",") else ","
    mark, other = (".", ",") if points else (",", ".")
    before, _, after = digits.rpartition(mark)
    if points + commas > 1:  # one number has one decimal mark
        return other
    is_group = len(after) == 3 and re.fullmatch(r"[1-9][0-9]{0,2}", before)  # noqa: PLR2004
    if is_group and len(marks) == 1:
        return "either"
    return mark


def find_group_mark(columns: Iterable[Sequence[str]]) -> str | None:
    """Find the sign that groups thousands: in some column of whole numbers the small ones lack it.

    A blank or an apostrophe between groups is one too. None where no column tells, or two differ.
    """
    found: set[str] = set()
    for cells in columns:
        numbers = [match[1].strip(_SPACES) for cell in cells if (match := _NUMBER.fullmatch(cell))]
        votes = Counter(map(_vote, numbers))
        found.update(match[1] for number in numbers[:50] if (match := _GROUPED.match(number)))
        marks = {sign for number in numbers for sign in number if sign in ".,"}
        if votes["either"] and votes["none"] and len(marks) == 1 and len(votes) == 2:  # noqa: PLR2004
            found |= marks
    return found.pop() if len(found) == 1 else None


def read_numbers(text: pl.Series, style: Style) -> pl.Series:
    """Read cells as Float64; null where there is none or where it cannot be read.

    Thousands must stand in groups: 1,23 is no number where the decimal mark is a point. What is
    beyond 1e99 is absent, as TradingView writes it.
    """
    plain = text if style.decimal == "." else _swap_mark(text)
    values = plain.str.strip_chars().cast(pl.Float64, strict=False)
    for read in (_read_grouped, _read_slowly):
        rest = values.is_null() & text.is_not_null()
        if rest.any():
            values = values.scatter(rest.arg_true(), read(text.filter(rest), style))
    known = values.is_finite() & (values.abs() < _LARGEST)
    return values.set(~known.fill_null(value=True), None)


def _swap_mark(text: pl.Series) -> pl.Series:
    """Write the decimal comma as a point, in cells that hold one comma and no point."""
    is_simple = ~text.str.contains_any([".", *_SPACES[1:], *_APOSTROPHES]).fill_null(value=True)
    return text.to_frame("text").select(
        pl.when(is_simple).then(pl.col("text").str.replace(",", ".", literal=True))
    )["text"]


def _read_grouped(text: pl.Series, style: Style) -> pl.Series:
    """Read numbers whose thousands are grouped by three, which whole files are full of."""
    other = "," if style.decimal == "." else "."
    signs = f"[{other}{_SPACES}{_APOSTROPHES}]"
    is_grouped = text.str.contains(
        rf"^[-+]?[0-9]{{1,3}}(?:{signs}[0-9]{{3}})+(?:[{style.decimal}][0-9]*)?$"
    )
    digits = text.set(~is_grouped.fill_null(value=False), None).str.replace_all(signs, "")
    return digits.str.replace(style.decimal, ".", literal=True).cast(pl.Float64, strict=False)


def _read_slowly(text: pl.Series, style: Style) -> pl.Series:
    """Read numbers with signs of currency, groups, suffixes and brackets, one value at a time."""
    distinct = text.unique()
    values = [_read(cell, style) for cell in distinct]
    found = pl.DataFrame({"text": distinct, "value": pl.Series(values, dtype=pl.Float64)})
    return text.to_frame("text").join(found, on="text", how="left", maintain_order="left")["value"]


_SIGNED = re.compile(r"[-\u2212]\s*(?:[^0-9(]*)(?=[0-9.,])")
_MANTISSA = re.compile(
    rf"({_DIGITS}|[.,][0-9]+)([eE][-+]?[0-9]+)?\s*({_SUFFIX})?\s*(%)?", re.IGNORECASE
)


def _read(cell: str, style: Style) -> float | None:
    if cell.strip().casefold() in MISSING or not _NUMBER.fullmatch(cell):
        return None
    match = _MANTISSA.search(cell)
    if match is None:
        return None
    digits = match[1].strip(_SPACES)
    number = _ungroup(digits, style.decimal)
    if number is None:
        return None
    value = float(number + (match[2] or ""))
    if match[3]:
        # Through decimals: 76.5 * 1e6 in floats may be off in the last bit.
        exponent = round(_log10(_SUFFIXES[match[3].lower()]))
        value = float(f"{number}{'' if match[2] else f'e{exponent}'}")
    if match[4]:
        value /= 100
    is_negative = bool(_SIGNED.search(cell[: match.end(1)])) or (
        cell.strip().startswith("(") and cell.strip().endswith(")")
    )
    return -value if is_negative else value


def _log10(power: float) -> int:
    return len(f"{power:.0f}") - 1


def _ungroup(digits: str, decimal: Mark) -> str | None:
    """Take the groups out of a number; None where they are no groups."""
    whole, mark, fraction = digits.partition(decimal)
    if mark and not fraction.isdigit() and fraction:
        return None
    groups = re.split(rf"[.,{_SPACES}{_APOSTROPHES}]", whole)
    # Groups of two are Indian: 1,23,456. Groups of four are Chinese or Japanese.
    is_grouped = (
        len(groups) == 1
        or (
            1 <= len(groups[0]) <= 4  # noqa: PLR2004
            and (
                all(len(group) == 3 for group in groups[1:])  # noqa: PLR2004
                or (len(groups[-1]) == 3 and all(len(group) == 2 for group in groups[1:-1]))  # noqa: PLR2004
                or all(len(group) == 4 for group in groups[1:])  # noqa: PLR2004
            )
        )
    )
    if not is_grouped or not all(group.isdigit() or group == "" for group in groups):
        return None
    return f"{''.join(groups) or '0'}.{fraction or '0'}"
