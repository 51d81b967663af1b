"""What the page of a comparison that is done shows, and which part of its tables."""

import datetime as dt
import functools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.http import QueryDict

from apps.parity.forms.parts import Part
from apps.parity.forms.places import Places
from apps.parity.models import Comparison
from hewston.pipeline.comparison.drawing import draw_waterfall
from hewston.pipeline.parity.reading import Reader

AROUND = 20  # bars of the table on either side of the one that is looked at
_ROWS = 25  # of a page of differences or trades
_SERIES = 100  # likewise of series
_DRAWN = 3  # series that the chart opens with
_PRICES = ("open", "high", "low", "close")
_NO_CANDLES = {name: [None] * (2 * AROUND + 1) for name in _PRICES}
_ONLY = {"only_a": "Trades only in Pine", "only_b": "Trades only in Python"}
_MATCHED = "matched"
_KINDS = {"": "different", "all": None}  # what a Reader calls them
_TIERS = ("bit-exact", "last bits", "band", "loose", "diverges")
_DIFFER = ("loose", "diverges", "missing")  # tiers of values that are not the same


class ComparisonPage:
    """A comparison's report, one window of its bars, and a page of each of its tables."""

    def __init__(
        self,
        comparison: Comparison,
        *,
        report: Mapping[str, Any],
        tables: Reader,
        asked: QueryDict,
    ) -> None:
        self.comparison, self.report = comparison, report
        self._tables, self._asked = tables, asked

    def read(self) -> None:
        """Read what the page shows of tables, so that what is damaged is known before it is."""
        for name in ("bars", "difference_rows", "trades"):
            getattr(self, name)

    # Where the page looks.

    @functools.cached_property
    def differences(self) -> int:
        """How many values differ, of one series where the page shows that alone."""
        chosen = [one for one in self._all_series if self.only_title in {None, one["title"]}]
        return sum(one["counts"][tier] for one in chosen for tier in _DIFFER)

    @functools.cached_property
    def places(self) -> Places:
        """Differences by their numbers: values, then trades."""
        return Places(
            self._tables,
            title=self.only_title,
            values=self.differences,
            trades=self.trades_differ if self.only_title is None and self.rows else 0,
            asked=self._number("at"),
        )

    @property
    def at(self) -> int | None:
        """The number of the difference that is looked at, from 0."""
        return self.places.at

    @property
    def difference(self) -> Mapping[str, Any] | None:
        """The difference that is looked at, where one is."""
        return self.places.difference

    @functools.cached_property
    def row(self) -> int:
        """The bar that is looked at: what is asked for, else where both part first.

        Where they do not part and only trades are compared, it is that of the first trade.
        """
        first = self.report["first"] or {}
        found = self._number("row")
        if found is None and self.difference is not None:
            found = self.difference["row"]
        if found is None:
            found = first.get("row")
        if found is None and not self.report["bars"]["compared"]:
            trades = self._tables.matches(limit=1)["items"]
            found = trades[0]["row"] if trades else 0
        return max(min(int(found or 0), self.rows - 1), 0)

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether another bar is looked at than where both part first."""
        first = (self.report["first"] or {}).get("row")
        return first is not None and self.row != first

    @property
    def interval(self) -> str:
        """The interval of the bars, for how their times are told."""
        run = self.comparison.run
        return (run.spec["interval"] if run else self.comparison.artifact.interval) or "1m"

    @property
    def rows(self) -> int:
        """How many bars either side has."""
        return int(self.report["bars"]["rows"])

    @property
    def earlier(self) -> int | None:
        """The number of the last difference before that looked at, at another bar."""
        return self.places.find_earlier(self.row)

    @property
    def later(self) -> int | None:
        """The number of the first difference after that looked at, at another bar."""
        return self.places.find_later(self.row)

    # Series.

    @functools.cached_property
    def titles(self) -> list[str]:
        """Pine's titles of the series that were compared."""
        return [one["title"] for one in self.report["series"]]

    @functools.cached_property
    def only_title(self) -> str | None:
        """The series whose differences alone are shown."""
        asked = self._asked.get("of", "")
        return asked if asked in self.titles else None

    @functools.cached_property
    def subject(self) -> str | None:
        """The series whose values stand beside the bars."""
        asked = [self._asked.get("series"), self.only_title]
        if self.difference is not None:
            asked.append(self.difference.get("subject"))
        asked.append((self.report["first"] or {}).get("subject"))
        asked += [one["title"] for one in self.report["series"] if one["class"]]
        return next((one for one in [*asked, *self.titles] if one in self.titles), None)

    @functools.cached_property
    def drawn(self) -> list[str]:
        """Titles that the chart opens with: the subject, then those that diverge."""
        differ = [one["title"] for one in self.report["series"] if one["class"]]
        chosen = [self.subject, *differ] if self.subject else differ
        return list(dict.fromkeys(chosen))[:_DRAWN]

    @property
    def shows_all_series(self) -> bool:
        """Tell whether series that agree are shown too."""
        return self._asked.get("show") != "differences"

    @property
    def series_marked(self) -> int:
        """How many have a class: those that do not agree to the band."""
        return sum(one["class"] is not None for one in self._all_series)

    @functools.cached_property
    def series_part(self) -> Part:
        """Which of the series are shown."""
        return self._part("series_page", len(self._chosen_series), _SERIES)

    @property
    def series(self) -> list[Mapping[str, Any]]:
        """Rows of the table of series, candles first."""
        part = self.series_part
        return self._chosen_series[part.offset : part.last]

    @property
    def series_count(self) -> int:
        """How many pairs of series and prices there are."""
        return len(self._all_series)

    @functools.cached_property
    def _all_series(self) -> list[Mapping[str, Any]]:
        return [
            {**one, "is_price": kind == "candles", "tiers": [one["counts"][t] for t in _TIERS]}
            for kind in ("candles", "series")
            for one in self.report[kind]
        ]

    @functools.cached_property
    def _chosen_series(self) -> list[Mapping[str, Any]]:
        return [one for one in self._all_series if self.shows_all_series or one["class"]]

    # Bars around.

    @functools.cached_property
    def bars(self) -> list[dict[str, Any]]:
        """The bars around the one looked at: prices, the subject's values and trades of both."""
        titles = [] if self.subject is None else [self.subject]
        window = self._tables.window(self.row, before=AROUND, after=AROUND, titles=titles)
        first, series = window["first"], next(iter(window["series"]), None)
        pine, python = window["pine"], window["python"]
        candles = [pine or python or _NO_CANDLES, python or pine or _NO_CANDLES]
        rows: list[dict[str, Any]] = [
            {
                "row": first + at,
                "ts": dt.datetime.fromtimestamp(seconds, dt.UTC),
                "is_focus": first + at == self.row,
                "prices": [tuple(side[name][at] for side in candles) for name in _PRICES],
                "values": None if series is None else (series["pine"][at], series["python"][at]),
                "tier": None if series is None else series["tiers"][at],
                "trades": [],
            }
            for at, seconds in enumerate(window["ts"])
        ]
        for side, events in window["trades"].items():
            for event in events:
                if 0 <= event["row"] - first < len(rows):
                    rows[event["row"] - first]["trades"].append({**event, "of": side})
        return rows

    # Differences.

    @functools.cached_property
    def differences_part(self) -> Part:
        """Which of the differences are shown: those around the one looked at, or what is asked."""
        is_value = self.at is not None and self.at < self.differences
        looked_at = (self.at or 0) // _ROWS + 1 if is_value else 1
        return self._part("differences_page", self.differences, _ROWS, number=looked_at)

    @functools.cached_property
    def difference_rows(self) -> list[Mapping[str, Any]]:
        """Rows of the table of differences, each with its number."""
        part = self.differences_part
        found = self.places.list(max(part.first - 1, 0), part.last)
        return [{**one, "number": n} for n, one in found.items()]

    # Trades.

    @functools.cached_property
    def kinds(self) -> list[Mapping[str, Any]]:
        """Kinds of matches with their counts and money."""
        trades = self.report["trades"]
        return [] if trades is None else [one for one in trades["kinds"] if one["trades"]]

    @property
    def kind(self) -> str:
        """Which kind of trades is shown: blank for all but matched ones, ``all``, or one kind."""
        asked = self._asked.get("kind", "")
        return asked if asked == "all" or asked in {one["kind"] for one in self.kinds} else ""

    @property
    def trades_count(self) -> int:
        """How many matches there are, of every kind."""
        return sum(one["trades"] for one in self.kinds)

    @property
    def trades_differ(self) -> int:
        """How many matches are not matched in all."""
        return sum(one["trades"] for one in self.kinds if one["kind"] != _MATCHED)

    @functools.cached_property
    def trades_part(self) -> Part:
        """Which of the matches are shown."""
        counts = {one["kind"]: one["trades"] for one in self.kinds}
        total = {"": self.trades_differ, "all": self.trades_count, **counts}[self.kind]
        return self._part("trades_page", total, _ROWS)

    @functools.cached_property
    def trades(self) -> list[Mapping[str, Any]]:
        """Rows of the table of trades."""
        part = self.trades_part
        found: list[Mapping[str, Any]] = self._tables.matches(
            _KINDS.get(self.kind, self.kind), offset=part.offset, limit=part.size
        )["items"]
        if self.kind or self.only_title or not self.rows:
            return found
        start = self.differences + part.offset
        return [{**one, "number": n} for n, one in enumerate(found, start)]

    @functools.cached_property
    def steps(self) -> list[dict[str, object]]:
        """The waterfall from Pine's net profit to Python's, as it is drawn."""
        fall = (self.report["trades"] or {}).get("waterfall")
        if fall is None:
            return []
        return draw_waterfall(
            _money(fall["start"]),
            [
                (
                    one["key"],
                    _ONLY.get(one["key"], one["label"]),
                    _money(one["amount"]),
                    one["trades"],
                )
                for one in fall["steps"]
            ],
            _money(fall["end"]),
            labels=("Net profit of Pine", "Net profit of Python"),
        )

    @property
    def focus_time(self) -> str | None:
        """When the bar that is looked at begins, as playback takes it."""
        found = (bar["ts"] for bar in self.bars if bar["is_focus"])
        at = next(found, None)
        return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def playback_bar(self) -> int | None:
        """The bar of the run at which both part first, for playback."""
        first = self.report["first"] or {}
        bar: int | None = first.get("bar")
        return bar

    def _part(self, name: str, total: int, size: int, *, number: int = 1) -> Part:
        most = max(-(-total // size), 1)
        number = max(min(self._number(name) or number, most), 1)
        return Part(name=name, total=total, size=size, number=number)

    def _number(self, name: str) -> int | None:
        text = self._asked.get(name, "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004 (digits of a count)


def _money(amount: float) -> Decimal:
    return Decimal(str(amount))
