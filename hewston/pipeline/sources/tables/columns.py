"""Which column of a table is what: by its header, and by what stands in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hewston.pipeline.sources.tables.contents import Content
from hewston.pipeline.sources.tables.sample import Row
from hewston.pipeline.sources.tables.times import are_clocks
from hewston.pipeline.sources.tables.values import (
    Numbers,
    can_be_volume,
    find_missing,
    follows,
    is_count,
    is_money,
    order_of,
)
from hewston.pipeline.sources.tables.vocabulary import (
    PRICES,
    Role,
    language_of,
    look_up,
    part_of_time,
)
from hewston.pipeline.sources.tables.words_of_time import find_zone


@dataclass(frozen=True, kw_only=True)
class Column:
    """What a column is taken for, and why."""

    index: int
    name: str  # its header, or its number counted from 1
    role: Role
    confidence: str  # certain, likely or guess
    reason: str


class Mapper:
    """Gives every column its role."""

    def __init__(self, header: Row | None, contents: Sequence[Content]) -> None:
        self.names = [
            (header.text(index).strip() if header else "") or f"column {index + 1}"
            for index in range(len(contents))
        ]
        self._has_header = header is not None
        self._contents = contents
        self._said = [look_up(header.text(i)) if header else None for i in range(len(contents))]
        self._roles: dict[int, tuple[Role, str, str]] = {}

    def map(self) -> list[Column]:
        """Decide; a column that is nothing of a bar is ``other``."""
        self._find_time()
        self._find_prices()
        self._find_volumes()
        self._find_words()
        return [
            Column(
                index=index,
                name=name,
                role=self._roles[index][0] if index in self._roles else "other",
                confidence=self._roles[index][1] if index in self._roles else "likely",
                reason=self._roles[index][2] if index in self._roles else self._why_other(index),
            )
            for index, name in enumerate(self.names)
        ]

    def _why_other(self, index: int) -> str:
        said = self._said[index]
        if said and said[0] == "other":
            return "its header names another series, which is not read"
        if said and said[0] in PRICES:
            return f"another column is the {said[0]}"
        if said:
            return f"another column is the {said[0].replace('_', ' ')}"
        return "nothing of a bar was found in it"

    def _give(self, index: int, role: Role, confidence: str, reason: str) -> None:
        self._roles[index] = (role, confidence, reason)

    def _says(self, index: int, *roles: str) -> bool:
        said = self._said[index]
        return said is not None and said[0] in roles

    def _find_time(self) -> None:
        dated = [
            i
            for i, c in enumerate(self._contents)
            if c.time_kind in {"text", "epoch", "serial", "lost"}
        ]
        # Without a header saying so, a plain number is a time only in front of the prices.
        said = [i for i in dated if self._says(i, "time")]
        openers = said or [i for i in dated if self._can_be_time(i)]
        if not openers:
            openers = [i for i in dated if self._says(i, "close_time")]
        if not openers:
            self._find_parts_of_time()
            return
        best = max(openers, key=self._rank_of_time)
        chosen = self._contents[best]
        if chosen.is_counting and self._said[best] != ("time", 2):
            return  # rows that are counted, and no dates of Excel
        # The first column with a whole time, unless a later one says its zone as well.
        name = self.names[best]
        reason = f"{name} holds times" if said else "its cells are times"
        role: Role = "close_time" if self._says(best, "close_time") else "time"
        self._give(best, role, "certain" if said else "likely", reason)
        if not chosen.has_clock and (clock := self._find_clock(best)) is not None:
            self._give(
                clock, "time", "likely", "its cells are times of day, of the dates beside them"
            )
        for index in dated:
            if index not in self._roles and self._is_close_time(index, best):
                self._give(
                    index, "close_time", "likely", "its times follow those of the bars' starts"
                )

    def _find_parts_of_time(self) -> None:
        """Find a year, a month and a day in columns of their own, and an hour and a minute."""
        parts: dict[int, int] = {}
        for index, name in enumerate(self.names):
            part = part_of_time(name)
            if part is not None and self._contents[index].numeric > 0.9:  # noqa: PLR2004
                parts.setdefault(part, index)
        if not {0, 1, 2} <= set(parts):
            return
        for index in parts.values():
            self._give(index, "time", "certain", f"{self.names[index]} is a part of the time")

    def _can_be_time(self, index: int) -> bool:
        is_number = self._contents[index].numeric >= 0.5  # noqa: PLR2004
        if not is_number:  # dates, whatever the header calls them
            return not self._says(index, "close_time", "other")
        is_named = self._says(index, "close_time", *PRICES, "volume", "quote_volume", "other")
        return not is_named and (index <= 2 or not self._has_header)  # noqa: PLR2004

    def _rank_of_time(self, index: int) -> tuple[bool, bool, bool, bool, int]:
        """Rank times: those of bars are whole minutes; best are those that say their zone."""
        content = self._contents[index]
        is_utc = find_zone(self.names[index].replace("_", " ")) is not None
        is_date = content.time_kind != "serial"  # numbers of days may be of anything
        is_named = content.is_aware or is_utc
        return content.is_whole, is_date, is_named, content.has_clock, -index

    def _is_close_time(self, index: int, opened: int) -> bool:
        if self._says(index, "close_time"):
            return True
        one, other = self._contents[opened], self._contents[index]
        if one.time_kind != "epoch" or other.time_kind != "epoch":
            return False
        if self._has_header and not self._says(index, "time"):
            return False
        pairs = [(a, b) for a, b in zip(one.texts, other.texts, strict=True) if a and b][:50]
        if not all(b.isdecimal() and a.isdecimal() for a, b in pairs):
            return False
        lengths = {int(b) - int(a) for a, b in pairs}
        return min(lengths, default=0) > 0 and (len(lengths) == 1 or not self._has_header)

    def _find_clock(self, date: int) -> int | None:
        """Find the time of day that belongs to a column of dates."""
        for index, content in enumerate(self._contents):
            is_clock = content.time_kind == "clock"
            if index == date or not is_clock:
                continue
            has_colon = any(":" in text for text in content.texts[:5])
            if not has_colon and not are_clocks(content.texts):
                continue
            is_beside = abs(index - date) == 1 and self._said[index] is None
            if is_beside or self._says(index, "time"):
                return index
        return None

    def _find_prices(self) -> None:
        for role in PRICES:
            said = [
                (self._said[i][1], -i)  # type: ignore[index]  # it says the role
                for i, content in enumerate(self._contents)
                if i not in self._roles and self._says(i, role) and content.numeric > 0.5  # noqa: PLR2004
            ]
            if said:
                strength, index = max(said)
                sure = "certain" if strength > 1 else "likely"
                self._give(-index, role, sure, f"its header says {role}")
        missing = [role for role in PRICES if role not in {r[0] for r in self._roles.values()}]
        if len(missing) == len(PRICES):
            self._find_prices_by_value()
        elif missing:
            self._find_missing_prices()

    def _runs_back(self) -> bool:
        return any(
            self._contents[i].runs_back for i, role in self._roles.items() if role[0] == "time"
        )

    def _find_missing_prices(self) -> None:
        """Find the prices whose headers are not known, by where their values lie."""
        known = {
            role[0]: self._contents[i].values
            for i, role in self._roles.items()
            if role[0] in PRICES
        }
        candidates = {
            i: self._contents[i].values
            for i in self._numeric()
            if self._said[i] is None and not self._contents[i].is_constant
        }
        found = find_missing(known, candidates, runs_back=self._runs_back())
        for role, index in found.items():
            self._give(index, role, "likely", f"of what is left, its values fit the {role} best")

    def _numeric(self) -> list[int]:
        return [
            i
            for i, content in enumerate(self._contents)
            if i not in self._roles
            and content.numeric > 0.9  # noqa: PLR2004
            and len(content.values)
            and not is_count(content.values)
            and not self._says(
                i, "other", "symbol", "period", "volume", "quote_volume", "trade_count"
            )
        ]

    def _find_prices_by_value(self) -> None:
        """Find four neighbouring columns of which one is always highest and one always lowest."""
        numeric = self._numeric()
        moving = [i for i in numeric if not self._contents[i].is_constant]
        numeric = moving if len(moving) >= len(PRICES) else numeric
        for start in range(len(numeric) - 3):
            some = numeric[start : start + 4]
            if some[-1] - some[0] > 3 + len(self._roles):
                continue
            found = order_of([self._contents[i].values for i in some], runs_back=self._runs_back())
            if found is None:
                continue
            order, reason = found
            for index, role in zip(some, order, strict=True):
                self._give(index, role, "likely", reason)
            return

    def _find_volumes(self) -> None:
        closes = [i for i, role in self._roles.items() if role[0] == "close"]
        if not closes:
            return
        said = [
            i
            for i, content in enumerate(self._contents)
            if i not in self._roles and self._says(i, "volume") and content.numeric > 0.5  # noqa: PLR2004
        ]
        if said:
            self._choose_volume(said, self._contents[closes[0]].values)
        else:
            self._find_volume_by_value(self._contents[closes[0]].values)
        for role in ("quote_volume", "trade_count", "vwap", "buy_volume", "sell_volume"):
            for i, content in enumerate(self._contents):
                if i not in self._roles and self._says(i, role) and content.numeric > 0.5:  # noqa: PLR2004
                    self._give(i, role, "likely", f"its header says {role.replace('_', ' ')}")
                    break
        self._find_klines()

    def _find_volume_by_value(self, close: Numbers) -> None:
        """Find a volume that no header names; without a header it mostly follows the prices."""
        last = max(i for i, role in self._roles.items() if role[0] in PRICES)
        left = [
            i
            for i in self._numeric()
            if self._said[i] is None
            # Exports without volume write zeros behind the prices.
            and (not self._contents[i].is_constant or (i == last + 1 and not self._has_header))
            and not follows(self._contents[i].values, close)
        ]
        reason = "of what is left, its values can be volumes"
        if not self._has_header:
            behind = [i for i in left if last < i <= last + 2]
            left, reason = behind[:1] or left, "it stands beside the prices"
        else:
            # An English header would have named it; what is left there are indicators.
            is_named = language_of(self.names) == "english"
            left = [
                i
                for i in left
                if not is_named
                and can_be_volume(self._contents[i].values, close, is_last=len(left) == 1)
            ]
        if not left:
            return
        chosen = max(left, key=lambda i: float(np.nanmedian(self._contents[i].values)))
        units = self._find_units(chosen, close)
        if units is not None:
            self._give(chosen, "quote_volume", "likely", "it is the volume in money")
            chosen = units
        self._give(chosen, "volume", "likely", reason)

    def _choose_volume(self, said: list[int], close: Numbers) -> None:
        """Choose the volume in units among several: not the one in money, and not one of zeros."""
        alive = [i for i in said if np.nansum(np.abs(self._contents[i].values)) > 0]
        strongest = max((self._said[i][1] for i in alive), default=0)  # type: ignore[index]
        best = [i for i in alive if self._said[i][1] == strongest] or said  # type: ignore[index]
        chosen, reason = best[0], "its header says volume"
        if len(said) > len(alive):
            reason = "its header says volume, and the other volume is always 0"
        units = self._find_units(chosen, close)
        if units is not None:
            name = self.names[chosen]
            self._give(chosen, "quote_volume", "likely", "it is the volume in money")
            chosen, reason = units, f"{name} is this column times the price, so it is money"
        self._give(chosen, "volume", "certain" if len(said) == 1 else "likely", reason)

    def _find_units(self, volume: int, close: Numbers) -> int | None:
        """Find the column in units of which a volume is the worth."""
        worth = self._contents[volume].values
        others = [
            i
            for i, content in enumerate(self._contents)
            if i != volume
            and i not in self._roles
            and len(content.values)
            and not self._says(i, "symbol", "period", "trade_count", "vwap", "other", *PRICES)
        ]
        others.sort(key=lambda i: not self._says(i, "volume"))
        return next((i for i in others if is_money(worth, self._contents[i].values, close)), None)

    def _find_klines(self) -> None:
        """Name the rest of Binance's twelve columns where there is no header."""
        if self._has_header or len(self._contents) not in {11, 12}:
            return
        if self._roles.get(6, ("",))[0] != "close_time":
            return
        rest: tuple[tuple[int, Role], ...] = (
            (7, "quote_volume"),
            (8, "trade_count"),
            (9, "buy_volume"),
        )
        for index, role in rest:
            self._give(index, role, "likely", "its place among the columns of Binance's klines")

    def _find_words(self) -> None:
        for role in ("symbol", "period"):
            for i, content in enumerate(self._contents):
                if i in self._roles or not any(content.texts):
                    continue
                if self._says(i, role):
                    self._give(i, role, "likely", f"its header says {role}")
                    break
