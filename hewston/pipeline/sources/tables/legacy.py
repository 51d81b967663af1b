"""Which of the encodings from before Unicode a text is in: a guess, explained."""

import codecs
import itertools
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

# The more common first: of encodings by which a text reads the same, the first is named.
LEGACY = (
    "cp1252", "cp1250", "cp1251", "cp1254", "cp932", "gb18030", "big5", "cp949", "euc-jp",
    "iso-8859-15", "cp1253", "cp1257", "cp1255", "cp1256", "koi8-r", "cp866", "mac-roman",
    "cp850", "cp437",
)  # fmt: skip
_LABELS = {
    "cp1252": "Western European, Windows",
    "cp1250": "Central European, Windows",
    "cp1251": "Cyrillic, Windows",
    "cp1254": "Turkish, Windows",
    "cp932": "Japanese, Shift-JIS",
    "gb18030": "Chinese, simplified",
    "big5": "Chinese, traditional",
    "cp949": "Korean",
    "euc-jp": "Japanese, EUC",
    "iso-8859-15": "Western European, ISO",
    "cp1253": "Greek, Windows",
    "cp1257": "Baltic, Windows",
    "cp1255": "Hebrew, Windows",
    "cp1256": "Arabic, Windows",
    "koi8-r": "Cyrillic, KOI8",
    "cp866": "Cyrillic, DOS",
    "mac-roman": "Western European, old Macs",
    "cp850": "Western European, DOS",
    "cp437": "American, DOS",
}
_MOST_CHARACTERS = 4000  # what is looked at to tell letters from gibberish
_USUAL_SIGNS = frozenset("\u00a0\u202f€£¥₩₽₴₺¢§°№«»…±·、。")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An encoding with the reason; see ``encodings.Text``."""

    encoding: str
    confidence: str
    reason: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Reading:
    encoding: str
    text: str
    known: int
    likeness: float


def choose(sample: bytes, *, known: Callable[[str], int], name: str) -> list[Choice]:
    """Order the encodings that can read ``sample``, the best first, one for each reading.

    ``known`` counts words known from headers of tables; where it does not decide, the letters do,
    and then charset-normalizer.
    """
    readings: dict[str, _Reading] = {}
    for encoding in LEGACY:
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text not in readings:
            readings[text] = _Reading(
                encoding=encoding, text=text, known=known(text), likeness=_likeness(text)
            )
    if not readings:
        return []
    favourite = _favourite(sample)
    ordered = sorted(
        readings.values(),
        key=lambda r: (-r.known, -round(r.likeness, 1), r.encoding != favourite),
    )
    return [_choice(reading, ordered, name) for reading in ordered]


def label(encoding: str) -> str:
    """Name an encoding as people do: ``cp1252 (Western European, Windows)``."""
    return f"{encoding} ({_LABELS[encoding]})" if encoding in _LABELS else encoding.upper()


def _choice(reading: _Reading, ordered: list[_Reading], name: str) -> Choice:
    others = [other for other in ordered if other is not reading]
    best_other = max((other.known for other in others), default=0)
    shown = label(reading.encoding)
    if reading.known > best_other:
        confidence = "likely"
        reason = f"{name} is not UTF-8; read as {shown} its header has words that are known."
    elif not others:
        confidence = "likely"
        reason = f"{name} is not UTF-8, and of the usual encodings only {shown} can read it."
    else:
        confidence = "guess"
        reason = (
            f"{name} is not UTF-8; {shown} gives the most likely letters, but "
            f"{label(others[0].encoding)} can read it too."
        )
    return Choice(
        encoding=reading.encoding,
        confidence=confidence,
        reason=reason,
        alternatives=tuple(other.encoding for other in others),
    )


def _favourite(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes  # noqa: PLC0415  # loaded for such files alone

    isolated = [codecs.lookup(encoding).name.replace("-", "_") for encoding in LEGACY]
    best = from_bytes(sample[:8192], cp_isolation=isolated).best()
    if best is None:
        return None
    found = codecs.lookup(best.encoding).name
    return next((known for known in LEGACY if codecs.lookup(known).name == found), None)


def _likeness(text: str) -> float:
    """Tell how much the characters beyond ASCII look like words: from -1 to 1.

    In words of Latin letters most are ASCII; words of other scripts are of that script alone;
    no capital stands behind a small letter; drawing characters are rare in tables.
    """
    points, count = 0.0, 0
    words = _words(text[: _MOST_CHARACTERS * 4])
    for number, word in enumerate(words):
        beyond = [letter for letter in word if not letter.isascii()]
        if not beyond:
            continue
        count += len(beyond)
        if len(word) == 1 and word.isalpha() and _is_before_digit(words[number + 1 : number + 3]):
            continue  # where a sign of a currency stands, no letter does
        points += len(beyond) * (_likeness_of_word(word, beyond) if word[0].isalpha() else 0)
        if not word[0].isalpha():
            points += 0.5 if word in _USUAL_SIGNS else -1
        if count > _MOST_CHARACTERS:
            break
    return points / count if count else 0.0


def _is_before_digit(following: list[str]) -> bool:
    rest = "".join(following).lstrip(" \u00a0")
    return rest[:1].isdigit()


def _words(text: str) -> list[str]:
    """Cut into runs of letters and single other characters."""
    words: list[str] = []
    in_word = False
    for character in text:
        is_letter = character.isalpha() or unicodedata.category(character) in {"Mn", "Mc"}
        if is_letter and in_word:
            words[-1] += character
        else:
            words.append(character)
        in_word = is_letter
    return words


def _likeness_of_word(word: str, beyond: list[str]) -> float:
    scripts = {_script(letter) for letter in word}
    if len(scripts) > 1 and scripts != {"CJK", "HIRAGANA", "KATAKANA"} & scripts:
        return -1
    if any(before.islower() and after.isupper() for before, after in itertools.pairwise(word)):
        return -1
    if scripts == {"LATIN"}:
        return 1 if len(beyond) * 2 <= len(word) else -0.5
    if scripts == {"HALFWIDTH"}:
        return -0.5
    return 1


def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split(" ", 1)[0]
