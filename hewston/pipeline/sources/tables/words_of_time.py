"""Times as people write them, put into one spelling: English months, AM and PM, offsets."""

import re
import zoneinfo

import polars as pl

from hewston.pipeline.sources.tables.zones import read_offset

_MONTHS = {
    "Jan": """
        january januar januari janvier janv enero ene gennaio gen janeiro stycznia styczeń sty
        января январь янв ocak oca jänner jän tammikuu tammi ledna leden led
    """,
    "Feb": """
        february februar februari février févr fevr febrero febbraio fevereiro fev lutego luty
        lut февраля февраль фев şubat şub helmikuu helmi února únor úno
    """,
    "Mar": """
        march märz mär mrz maart mrt mars marzo março marca marzec марта март мар mart maaliskuu
        maalis března březen bře
    """,
    "Apr": """
        april avril avr abril abr aprile aprilis kwietnia kwiecień kwi апреля апрель апр nisan
        nis huhtikuu huhti dubna duben dub
    """,
    "May": """
        mai mei mayo maggio mag maio maj maja мая май mayıs toukokuu touko května květen kvě
    """,
    "Jun": """
        june juni juin junio giugno giu junho czerwca czerwiec cze июня июнь июн haziran haz
        kesäkuu kesä června červen čvn
    """,
    "Jul": """
        july juli juillet juil julio luglio lug julho lipca lipiec lip июля июль июл temmuz tem
        heinäkuu heinä července červenec čvc
    """,
    "Aug": """
        august augusti augustus août aout agosto ago sierpnia sierpień sie августа август авг
        ağustos ağu elokuu elo srpna srpen srp
    """,
    "Sep": """
        september sept septembre septiembre settembre set setembro września wrzesień wrz
        сентября сентябрь сен сент eylül eyl syyskuu syys září zář
    """,
    "Oct": """
        october oktober okt octobre octubre ottobre ott outubro out października październik paź
        октября октябрь окт ekim eki lokakuu loka října říjen říj
    """,
    "Nov": """
        november novembre noviembre novembro listopada listopad lis ноября ноябрь ноя нояб kasım
        kas marraskuu marras
    """,
    "Dec": """
        december dezember dez décembre déc diciembre dic dicembre dezembro grudnia grudzień gru
        декабря декабрь дек aralık ara joulukuu joulu prosince prosinec pro
    """,
}
MONTHS = tuple(_MONTHS)
_MONTH_OF = {word: month for month, words in _MONTHS.items() for word in words.split()}
_DAYS = """
    monday mon tuesday tue tues wednesday wed thursday thu thur thurs friday fri saturday sat
    sunday sun montag mo dienstag di mittwoch mi donnerstag do freitag fr samstag sa sonntag so
    lundi lun mardi mercredi mer jeudi jeu vendredi ven samedi sam dimanche dim lunes martes
    miércoles mié jueves jue viernes vie sábado sáb domingo dom пн вт ср чт пт сб вс pazartesi
    salı çarşamba perşembe cuma cumartesi pazar
"""
_WEEKDAYS = set(_DAYS.split())
# Signs stand between digits, with one blank at most, and years are those of most calendars.
_PLAIN = re.compile(
    r"(?!1\d{2}[-./]\d{1,2}[-./])(?!.*(?:^|[-./ ])2[45]\d{2}(?:[-./ ]|$))"
    r"(?:[+-]?\d(?:[\d:./+\-T]*\d)?Z?(?: (?!$)|$))*"
)
_ODD_YEARS = r"^[RHS民令平昭]|^1\d{2}[-./年]|^2[45]\d{2}[-./]|[-./ ]2[45]\d{2}(?:$|\D)"
# Years that count from elsewhere: what stands before, the year, what follows; and what to add.
_REST = r"([-./年]\d{1,2}[-./月]\d{1,2}(?:\D.*)?)$"
_YEARS = (
    (r"^(?:民國|民国)?\s*()(1\d{2})" + _REST, 1911),  # the Republic of China
    (r"^()(2[45]\d{2})" + _REST, -543),  # Thailand
    (r"^(\d{1,2}(?:[-./ ]\d{1,2}[-./ ]| \S+ ))(2[45]\d{2})(\b.*)$", -543),
    (r"^(?:R|令和)\s?()(\d{1,2})" + _REST, 2018),  # Japan
    (r"^(?:H|平成)\s?()(\d{1,2})" + _REST, 1988),
    (r"^(?:S|昭和)\s?()(\d{1,2})" + _REST, 1925),
)
_MONTH_ALONE = rf"^({'|'.join(MONTHS)})[- ](\d{{4}})$"
_ENGLISH = {*MONTHS, "AM", "PM"}

# What a zone's clock is called: a best guess of the zone and no answer, since many a vendor writes
# EST all year round.
ZONE_WORDS = {
    **dict.fromkeys(
        ("est", "edt", "et", "new york", "eastern", "eastern time", "ny"), "America/New_York"
    ),
    **dict.fromkeys(("cst", "cdt", "ct", "chicago", "central"), "America/Chicago"),
    **dict.fromkeys(("pst", "pdt", "pt"), "America/Los_Angeles"),
    **dict.fromkeys(("cet", "cest", "mez", "mesz", "berlin", "frankfurt"), "Europe/Berlin"),
    **dict.fromkeys(("bst", "london"), "Europe/London"),
    **dict.fromkeys(("eet", "eest"), "Europe/Helsinki"),
    **dict.fromkeys(("msk", "moscow", "мск"), "Europe/Moscow"),
    **dict.fromkeys(("jst", "tokyo"), "Asia/Tokyo"),
    **dict.fromkeys(("kst", "seoul"), "Asia/Seoul"),
    **dict.fromkeys(("hkt", "hong kong"), "Asia/Hong_Kong"),
    **dict.fromkeys(("ist", "kolkata"), "Asia/Kolkata"),
    **dict.fromkeys(("aest", "aedt", "sydney"), "Australia/Sydney"),
    "sgt": "Asia/Singapore",
}
_SEASONS = tuple(
    set(pair.split())
    for pair in (
        *("est edt", "cst cdt", "pst pdt", "cet cest", "mez mesz", "gmt bst", "eet eest"),
        "aest aedt",
    )
)


def is_plain(cells: list[str]) -> bool:
    """Tell whether cells are digits and signs alone, which need no other spelling."""
    return all(_PLAIN.fullmatch(cell) for cell in cells)


def respell(text: pl.Series) -> pl.Series:
    """Put times into one spelling: ``31 Oct 2025 09:30:00 AM +0100`` and the like.

    Words that are not of a time stay, so that what holds them cannot be read.
    """
    column = _Column(_count_from_christ(text.str.strip_chars(" \t\"'\u00a0")))
    for pattern, plain in _SIGN_STEPS:
        column.replace(pattern, plain)
    words = column.words()
    if not words <= _ENGLISH:
        _respell_words(column, {word.strip(".") for word in words})
    column.replace(_MONTH_ALONE, "01 ${1} ${2}")
    column.replace(r"\s+", " ")
    return column.text.str.strip_chars()


class _Column:
    """Cells, and what they look like with every digit a 1, of which there are few.

    A whole column passes here, so it is only looked through where some cell would change.
    """

    def __init__(self, text: pl.Series) -> None:
        self.text = text
        self._looks = text.str.replace_all(r"\d", "1").unique()

    def replace(self, pattern: str, plain: str) -> None:
        """Replace a pattern that treats all digits alike."""
        changed = self._looks.str.replace_all(pattern, plain)
        if not changed.equals(self._looks):
            self._looks = changed.unique()
            self.text = self.text.str.replace_all(pattern, plain)

    def words(self) -> set[str]:
        """Give the words in all cells."""
        skeletons = self._looks.str.replace_all(r"[^\p{L}.]+", " ").unique().drop_nulls()
        return {word for skeleton in skeletons for word in skeleton.split()}


def _count_from_christ(text: pl.Series) -> pl.Series:
    """Write years that count from another event as most people count them."""
    if not text.str.contains(_ODD_YEARS).any():
        return text
    for pattern, years in _YEARS:
        found = text.str.contains(pattern).fill_null(value=False)
        if not found.any():
            continue
        before, year, after = (text.filter(found).str.extract(pattern, part) for part in (1, 2, 3))
        written = before + (year.cast(pl.Int64) + years).cast(pl.String) + after
        text = text.scatter(found.arg_true(), written)
    return text


_SIGN_STEPS = (
    (r"(\d:\d{2}),(\d{3,9})\b", "${1}.${2}"),
    (r"(\d:\d{2}(?:\.\d+)?\s?[+-]\d{2})$", "${1}00"),
    (
        r"[\u00a0\u202f\u2009,_;|]+",
        " ",
    ),
    (r"(\d)[Tt](\d)", "${1} ${2}"),
    (r"(\d)[Zz]$", "${1}Z"),
    # 2025年10月31日 9時30分 and 2025. 10. 31. are 2025-10-31 9:30.
    (r"\s*[年년]\s*", "-"),
    (r"\s*[月월]\s*", "-"),
    (r"\s*[日일号]\s*", " "),
    (r"\s*[時时點点시]\s*", ":"),
    (r"\s*[分분]\s*(\d)", ":${1}"),
    (r"\s*[分秒분초]", ""),
    (r":\s*$", ":00"),
    (r"(\d)\.\s+(\d)", "${1}.${2}"),
    (r"(\d)\.\s+(\d)", "${1}.${2}"),
    (r"(\d)\.\s+(\p{L})", "${1} ${2}"),
    (r"(\d{4})\.(\d{1,2})\.(\d{1,2})\.", "${1}.${2}.${3} "),
    (r"(\d)\.\s*$", "${1}"),
    (r"(\d)\s+-\s+(\d)", "${1} ${2}"),
    (r"(\d)-\s+(\d)", "${1}-${2}"),
    # A month alone is its first day; with a point it would be a number.
    (r"^(\d{4})([-/])(0?[1-9]|1[0-2])$", "${1}${2}${3}${2}01"),
    (r"^(0?[1-9]|1[0-2])([-/])(\d{4})$", "${3}${2}${1}${2}01"),
)
_WORD_STEPS = (
    (r"(?:上午|午前|오전)\s*([0-9:.]+)", "${1} AM"),
    (r"(?:下午|午後|오후)\s*([0-9:.]+)", "${1} PM"),
    (r"(?i)\b([ap])\.?\s?m\b\.?", "${1}M"),
    (r"(?i)(\d)\s*am\b", "${1} AM"),
    (r"(?i)(\d)\s*pm\b", "${1} PM"),
    (r"(?i)\bam\b", "AM"),
    (r"(?i)\bpm\b", "PM"),
    (r"(?i)\s*\b(?:uhr|hrs)\b\.?", ""),
    (r"(?i)(\d)(?:st|nd|rd|th)\b", "${1}"),
    (r"(?i)\s(?:de|of|г)\b\.?", " "),
    (r"\s*\[[A-Za-z_/]+\]$", ""),
    (r"\s+[A-Z][A-Za-z]+/[A-Z][A-Za-z_/]+$", ""),
    # JavaScript writes the zone's name behind its offset.
    (r"([+-]\d{2}:?\d{2})\s*\([^()]*\)$", "${1}"),
    (r"(?i)\s*\(?\b(?:utc|gmt)\s?([+-])(\d{1,2}):?(\d{2})?\b\)?", " ${1}${2}${3}"),
    (r"([+-])(\d)(\d{2})?$", "${1}0${2}${3}"),
    (r"(\s[+-]\d{2})$", "${1}00"),
    (r"(?i)\s*\(?\b(?:utc|gmt|z)\b\)?$", " +0000"),
    (r"(?i)(\d)z$", "${1} +0000"),
)


def _respell_words(column: _Column, words: set[str]) -> None:
    for pattern, plain in _WORD_STEPS:
        column.replace(pattern, plain)
    lowered = {word.casefold() for word in words}
    for month in MONTHS:
        # Longest first, so that June is not Jun and an e.
        found = sorted(
            (word for word in lowered if _MONTH_OF.get(word, word.title()) == month), key=len
        )
        if found:
            either = "|".join(re.escape(word) for word in reversed(found))
            column.replace(rf"(?i)\b(?:{either})\b\.?", month)
    for aside in (_WEEKDAYS, ZONE_WORDS):
        found = sorted((word for word in lowered if word in aside), key=len)
        if found:
            either = "|".join(re.escape(word) for word in reversed(found))
            column.replace(rf"(?i)(?:^|\s)\(?(?:{either})\b\)?\.?(?:\s|$)", " ")


def find_zone(text: str) -> str | None:
    """Find a zone named beyond doubt in a header, a preamble or a cell: UTC, IANA, GMT+8."""
    offset = re.search(r"\b(?:UTC|GMT)\s?([+-])\s?(\d{1,2})(?::?(\d{2}))?\b", text, re.IGNORECASE)
    if offset:
        fixed = read_offset(f"{offset[1]}{offset[2]}:{offset[3] or '00'}")
        if fixed is not None:
            return fixed.name
    named = re.search(r"\b[A-Z][A-Za-z]+/[A-Z][A-Za-z]+(?:[_/][A-Za-z]+)*\b", text)
    if named and named[0] in zoneinfo.available_timezones():
        return named[0]
    return "UTC" if find_zone_word(text) == "UTC" else None


def is_told_by_season(words: set[str]) -> bool:
    """Tell whether cells name summer and winter time, each where it is: EDT, then EST."""
    return any(pair <= words for pair in _SEASONS)


def find_zone_word(text: str) -> str | None:
    """Find a zone named in a header, a preamble or a cell: UTC, or an IANA name as a guess."""
    lowered = text.casefold()
    if re.search(r"\b(utc|gmt)(?!\s*[+-]\s*\d)\b", lowered):
        return "UTC"
    for word, zone in ZONE_WORDS.items():
        if re.search(rf"\b{re.escape(word)}\b", lowered):
            return zone
    return None
