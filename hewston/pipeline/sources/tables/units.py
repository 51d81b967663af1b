"""The unit that a header says its numbers are in: Volume (000), Volume in Mio."""

import re
import unicodedata
from collections.abc import Sequence

_UNITS: dict[float, str] = {
    1e3: r"\'?,?000s?|thousands?|k|tsd|tausend|milliers?|miles|migliaia|тыс|tys|千|千株|천|천주",
    1e5: r"lakhs?|lacs?",
    1e6: r"m|mn|mm|mil|mio|mln|millions?|millionen|млн|百万|백만",
    1e7: r"crores?|cr",
    1e9: r"b|bn|bil|billions?|mrd|milliards?|млрд|十億|십억",
    1e4: r"万|萬|万股|万株|만",
    1e8: r"亿|億|억",
}
_WORDS = re.compile(
    r"\(\s*(?:in |en |x )?(?P<bracket>[^()]+?)\.?\s*\)|\bin (?P<after>[^\W\d_]{2,}|k)\.?$"
    r"|\s(?P<zeros>'?,?000s?)$"
)
_SUFFIXED = re.compile(r"\d\s*[^\W\d_]")  # 76.5M says its unit itself


def find_unit(header: str, cells: Sequence[str]) -> float:
    """Find how many units one of a column is; 1 where the header or the cells do not say otherwise.

    Cells with a unit of their own (76.5M) are read by that.
    """
    said = _WORDS.search(unicodedata.normalize("NFKC", header).casefold().strip())
    if said is None or any(_SUFFIXED.search(cell) for cell in cells):
        return 1.0
    word = next(word for word in said.groups() if word is not None).strip()
    return next((unit for unit, words in _UNITS.items() if re.fullmatch(words, word)), 1.0)
