"""One setting of how a table is read, as the page shows it: found, said, or to be asked."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from hewston.pipeline.intervals import INTERVALS
from hewston.pipeline.sources.tables.plan import DELIMITER_NAMES, STAMPS
from hewston.pipeline.sources.tables.times import ORDER_NAMES
from hewston.pipeline.sources.tables.vocabulary import ROLES

Choices = Sequence[tuple[str, str]]

CONFIDENCES = {
    "said": "you said so",
    "certain": "certain",
    "likely": "likely",
    "guess": "a guess",
    "unknown": "must be said",
}
ASKED = {  # what a file may leave open, for the sentence that asks it
    "tz": "the zone of the times",
    "stamp": "whether a time is a bar's start or its end",
    "date_order": "whether the day or the month comes first",
    "decimal": "the decimal mark",
    "interval": "the interval of the bars",
    "symbol": "the symbol",
    "member": "which file of the archive",
    "sheet": "which sheet",
}
TONES = {"certain": "good", "likely": "warn", "guess": "warn", "unknown": "bad", "said": "live"}
_ENCODINGS = ("utf-8", "utf-16", "cp1252", "cp1250", "cp1251", "shift_jis", "gb18030", "big5")
_STAMPS = {"open": "start (open)", "close": "end (close)"}
_SELECTS: dict[str, Choices] = {
    "delimiter": [(name, name) for name in DELIMITER_NAMES.values()],
    "decimal": [("point", "point"), ("comma", "comma")],
    "date_order": list(ORDER_NAMES.items()),
    "stamp": [(name, _STAMPS[name]) for name in STAMPS],
    "interval": [(name, name) for name in INTERVALS],
}
_READ_ONLY = ("time_form", "prices")
ROLE_WORDS = {
    "close_time": "end of the bar",
    "clock": "time of day, beside a date",
    "quote_volume": "volume in money",
    "trade_count": "number of trades",
    "buy_volume": "volume bought",
    "other": "not used",
}
COLUMN_ROLES: Choices = [
    (role, ROLE_WORDS.get(role, role))
    for role in (*ROLES[:1], "clock", *ROLES[1:])
    if role != "period"
]


@dataclasses.dataclass(kw_only=True)
class Setting:
    """A setting: ``found`` is what is taken where nothing is said, ``value`` what was said."""

    key: str
    label: str
    value: str = ""
    found: str = ""
    guess: str = ""  # of what must be asked, as it is said
    confidence: str = ""
    reason: str = ""
    choices: Choices = ()
    suggestions: Sequence[str] = ()
    zones: bool = False
    is_open: bool = False
    error: str = ""

    @property
    def kind(self) -> str:
        """Say how it is shown: a select, a text, or to be read alone."""
        if self.key in _READ_ONLY:
            return "shown"
        return "select" if self.choices else "text"

    @property
    def is_asked(self) -> bool:
        """Tell whether it must be said, or was."""
        return self.is_open or (self.confidence == "said" and self.key in ASKED)

    @property
    def confidence_words(self) -> str:
        """Say how sure it is."""
        return CONFIDENCES.get(self.confidence, self.confidence)

    @property
    def tone(self) -> str:
        """Give the tone of how sure it is."""
        return TONES.get(self.confidence, "plain")

    @property
    def sentence(self) -> str:
        """Give the reason as a sentence."""
        text = self.reason[:1].upper() + self.reason[1:]
        return text if not text or text.endswith((".", "?", "…")) else f"{text}."


def describe_setting(one: Mapping[str, Any], said: Mapping[str, Any]) -> Setting:
    """Show a finding of a preview, and what was said of it."""
    key, value = str(one["key"]), one["value"]
    own = [str(choice) for choice in one["choices"]]
    choices = _SELECTS.get(key) or (
        [(choice, choice) for choice in own] if key in {"member", "sheet", "symbol"} else []
    )
    return Setting(
        key=key,
        label=one["label"],
        value=write_said(key, said.get(key)),
        found=_show(key, value, choices),
        guess=write_said(key, value) if one["is_open"] else "",
        confidence=one["confidence"],
        reason=one["reason"],
        choices=choices,
        suggestions=[*own, *_ENCODINGS] if key == "encoding" else [],
        zones=key == "tz",
        is_open=one["is_open"],
    )


def write_said(key: str, value: Any) -> str:  # noqa: ANN401 (whatever an option holds)
    """Write what was said as it is typed."""
    if value is None:
        return ""
    if key == "columns":
        return ",".join(f"{role}={column}" for role, column in value.items())
    if key == "header" and value == 0:
        return "none"
    if key == "delimiter":
        return DELIMITER_NAMES.get(str(value), str(value))
    if key == "decimal":
        return {",": "comma", ".": "point"}.get(str(value), str(value))
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _show(key: str, value: Any, choices: Choices) -> str:  # noqa: ANN401 (whatever was found)
    if key == "tz" and value is None:
        return "none: dates alone"
    return dict(choices).get(str(value), "") or write_said(key, value) or "none"
