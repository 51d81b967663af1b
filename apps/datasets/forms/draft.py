"""The form that shows a table before it is brought in."""

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from typing import Any, get_args

from django.http import QueryDict

from apps.datasets.actions import (
    change_draft,
    find_preset,
    find_tables,
    import_draft,
    preview_table,
    save_preset,
)
from apps.datasets.forms.setting import (
    ASKED,
    COLUMN_ROLES,
    ROLE_WORDS,
    Setting,
    describe_setting,
    write_said,
)
from apps.datasets.models import Ingest, TableDraft, TablePreset
from apps.permissions.models import User
from hewston.pipeline.calendar import CALENDARS
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.ingest.tables.options import (
    HELP,
    INSTRUMENT,
    OPTIONS,
    flatten_options,
    merge_options,
    read_options,
    share_options,
)
from hewston.pipeline.spec import AssetClass

_TYPED = tuple(name for name in OPTIONS if name != "columns")
_LABELS = {
    "asset_class": "Asset class",
    "calendar": "Calendar",
    "tick": "Tick",
    "lot": "Lot",
    "multiplier": "Multiplier",
    "currency": "Currency",
    "venue": "Venue",
    "max_bad_rows": "Most bad rows",
}
_LISTED_ROWS = 100
_SEVERITIES = ("error", "warning", "info")


class DraftForm:
    """How a table is read, and what it would become; ``given`` is what was typed of it.

    What was typed and can be is kept with the draft, whether the table can be read so or not.
    """

    def __init__(self, draft: TableDraft, *, user: User, given: QueryDict | None = None) -> None:
        self.draft, self._user = draft, user
        self.errors: dict[str, str] = {}
        self.problem: HewstonError | None = None
        self.preset_problem: HewstonError | None = None
        self._typed: dict[str, str] = {}
        self._flat = flatten_options(draft.options)
        if given is not None:
            self._take(given)
        self._preview = self._look()
        if given is not None:
            options = read_options(self._flat)
            change_draft(draft=draft, options=options, leave_out=self._confirm(given))

    def _take(self, given: QueryDict) -> None:
        for name in _TYPED:
            if name in given:
                text = given.get(name, "")
                self._say(name, text if name == "delimiter" else text.strip())
        key, _, guess = given.get("guess", "").partition("=")
        if key in _TYPED:
            self._say(key, guess)
        if "columns" in given:
            self._say("columns", given.get("columns", ""))
        elif given.get("act") == "find-columns":
            self._flat.pop("columns", None)
        else:
            self._take_columns(given)
        if given.get("act") == "use":
            self._use_preset(given.get("preset", ""))
        self._drop_what_cannot_be()

    def _say(self, name: str, text: str) -> None:
        self._typed[name] = text
        if text:
            self._flat[name] = text
        else:
            self._flat.pop(name, None)

    def _take_columns(self, given: QueryDict) -> None:
        """Take the columns whose role is another one than the page had shown."""
        said = dict(self._flat.get("columns") or {})
        shown = [name for name in given if name.startswith("column-")]
        roles = {name: (given.get(f"was-{name}", ""), given.get(name, "")) for name in shown}
        times = [name for name, (_, now) in roles.items() if now in {"time", "clock"}]
        for name, (was, now) in roles.items():
            if was == now or not now:
                continue
            number = name.removeprefix("column-")
            said = {role: where for role, where in said.items() if where != number}
            if was in {"time", "clock"} and now not in {"time", "clock"}:
                said.pop("clock", None)
                said["time"] = "+".join(one.removeprefix("column-") for one in times) or "none"
            elif now == "other":
                said[was] = "none"
            if now != "other":
                said[now] = number
        if said:
            self._flat["columns"] = said
        else:
            self._flat.pop("columns", None)

    def _use_preset(self, name: str) -> None:
        """Say what a preset says, and of this file alone what was said before."""
        try:
            kept = flatten_options(find_preset(owner=self._user, name=name).options)
        except InputError as problem:
            self.preset_problem = problem
            return
        shared = flatten_options(share_options(read_options(self._flat)))
        own = {key: value for key, value in self._flat.items() if key not in shared}
        self._flat, self._typed = merge_options(kept, own), {}

    def _drop_what_cannot_be(self) -> None:
        """Note what is wrong with each value, and go on without it."""
        for _ in OPTIONS:
            try:
                read_options(self._flat)
            except InputError as problem:
                name = str(problem.details.get("field"))
                self.errors[name] = problem.message
                self._flat.pop(name, None)
            else:
                break
        self._flat = flatten_options(read_options(self._flat))

    def _confirm(self, given: QueryDict) -> int | None:
        """Take the rows to leave out, as many as the page has shown."""
        agreed = given.get("leave_out", "")
        return int(agreed) if agreed == str(self.bad_rows) != "0" else None

    def _look(self) -> dict[str, Any] | None:
        """Preview the table; what it cannot be read with is noted, and left out of the preview."""
        flat = dict(self._flat)
        try:
            self.tables = find_tables(self.draft)
        except HewstonError as problem:
            self.tables, self.problem = [], problem
            return None
        while True:
            try:
                return preview_table(self.tables[0], options=read_options(flat))
            except HewstonError as problem:
                name = str(problem.details.get("field"))
                if name not in flat:
                    self.problem = problem
                    return None
                self.errors[name] = problem.message
                del flat[name]

    def submit(self) -> Ingest:
        """Bring the table in. Raises InputError that says what is missing."""
        if self.reasons:
            raise InputError(" ".join(self.reasons))
        is_counted = len(self.tables) == 1 and self.shown["rows"]["is_whole"]
        symbol = next(one["value"] for one in self.shown["settings"] if one["key"] == "symbol")
        return import_draft(
            draft=self.draft,
            symbol=None if len(self.tables) == 1 else symbol,  # their names would say several
            most_bad_rows=self.bad_rows if is_counted else None,
        )

    def keep(self, name: str) -> TablePreset | None:
        """Keep what was said as a preset; what is wrong is ``preset_problem``."""
        try:
            return save_preset(owner=self._user, name=name, options=self.draft.options)
        except HewstonError as problem:
            self.preset_problem = problem
            return None

    @property
    def shown(self) -> dict[str, Any]:
        """Give the preview; empty where there is none."""
        return self._preview or {}

    @property
    def name(self) -> str:
        """Call the table as its file."""
        return self.tables[0].name if self.tables else str(self.draft.sources[0])

    @property
    def more(self) -> list[str]:
        """Name the other tables, which are read in the same way."""
        return [table.name for table in self.tables[1:]]

    @property
    def settings(self) -> list[Setting]:
        """List what was found or said; where nothing could be found, what may be said."""
        if self._preview is None:
            return [self._field(name) for name in self._flat if name in HELP] + [
                self._field(name)
                for name in ("delimiter", "header", "columns", "encoding")
                if name not in self._flat
            ]
        found = [describe_setting(one, self._flat) for one in self._preview["settings"]]
        return [self._as_typed(one) for one in found]

    @property
    def questions(self) -> list[Setting]:
        """List what must be asked; what was answered stays where it was."""
        return [one for one in self.settings if one.is_asked]

    @property
    def found(self) -> list[Setting]:
        """List what need not be asked."""
        return [one for one in self.settings if not one.is_asked]

    @property
    def market(self) -> list[Setting]:
        """List what is said of the market and the instrument."""
        market = self.shown.get("market") or {}
        instrument = market.get("instrument") or {}
        known = {
            **instrument,
            "tick": instrument.get("tick_size"),
            "calendar": market.get("calendar"),
        }
        fields = [self._field(name, known.get(name)) for name in (*INSTRUMENT, "calendar", "venue")]
        fields[0].choices = [(name, name) for name in get_args(AssetClass)]
        fields[-2].suggestions = CALENDARS
        fields[0].reason = str(market.get("reason") or fields[0].reason)
        return [*fields, self._field("max_bad_rows")]

    def _field(self, name: str, found: object = None) -> Setting:
        one = Setting(
            key=name,
            label=_LABELS.get(name, name.replace("_", " ").capitalize()),
            value=write_said(name, self._flat.get(name)),
            found=write_said(name, found),
            reason=HELP[name],
            zones=name == "tz",
        )
        return self._as_typed(one)

    def _as_typed(self, one: Setting) -> Setting:
        """Show a value that cannot be as it was typed, with what is wrong."""
        one.error = self.errors.get(one.key, "")
        if one.error and one.key in self._typed:
            one.value = self._typed[one.key]
        return one

    @property
    def columns(self) -> list[dict[str, Any]]:
        """List the columns, with the roles that were said even where they cannot be so."""
        columns = [dict(one) for one in self.shown.get("columns", [])]
        said = self._flat.get("columns") or {}
        if "columns" in self.errors:
            _overlay(columns, said)
        clock = str(said.get("clock", ""))
        for one in columns:
            if clock in {str(one["number"]), one["name"]} and clock:
                one["role"] = "clock"
            one["tone"] = Setting(key="", label="", confidence=one["confidence"]).tone
            one["words"] = Setting(key="", label="", confidence=one["confidence"]).confidence_words
            known = dict(COLUMN_ROLES)
            one["choices"] = (
                COLUMN_ROLES
                if one["role"] in known
                else [*COLUMN_ROLES, (one["role"], ROLE_WORDS.get(one["role"], one["role"]))]
            )
        return columns

    @property
    def local_zone(self) -> str:
        """Give the zone of the market, where it is not UTC."""
        tz = str((self.shown.get("market") or {}).get("tz") or "")
        return "" if tz == "UTC" else tz

    @property
    def bars(self) -> list[dict[str, Any] | None]:
        """List the first and the last bars, with None between them where some are left out."""
        head, tail = self.shown["bars"]["head"], self.shown["bars"]["tail"]
        times = {row["ts_open"] for row in head}
        tail = [row for row in tail if row["ts_open"] not in times]
        is_cut = self.shown["rows"]["bars"] > len(head) + len(tail)
        rows = [*head, *([None] if is_cut else []), *tail]
        return [None if row is None else self._with_times(row) for row in rows]

    def _with_times(self, row: Mapping[str, Any]) -> dict[str, Any]:
        start = dt.datetime.fromisoformat(row["ts_open"])
        local = start.astimezone(zoneinfo.ZoneInfo(self.local_zone or "UTC"))
        shape = "%Y-%m-%d %H:%M"
        return {**row, "utc": start.strftime(shape), "local": local.strftime(shape)}

    @property
    def issues(self) -> list[dict[str, Any]]:
        """List what was found odd, the worst first, with the first rows of each."""
        found = [dict(one) for one in self.shown.get("findings", []) if one["count"]]
        for one in found:
            one["listed"] = one.get("rows", [])[:_LISTED_ROWS]
        return sorted(found, key=lambda one: _SEVERITIES.index(one["severity"]))

    @property
    def bad_rows(self) -> int:
        """Count the rows that cannot be read."""
        return int(self.shown.get("rows", {}).get("bad", 0))

    @property
    def allows_bad_rows(self) -> bool:
        """Tell whether it was said that so many rows may be left out."""
        most = self._flat.get("max_bad_rows")
        return (
            not self.bad_rows
            or self.draft.leave_out == self.bad_rows
            or (isinstance(most, int) and most >= self.bad_rows)
        )

    @property
    def reasons(self) -> list[str]:
        """Say in sentences why the table cannot be brought in yet."""
        if self.problem is not None:
            return [self.problem.message]
        found = [*self.errors.values()]
        if questions := [ASKED[one.key] for one in self.settings if one.is_open]:
            found.append(f"Say first: {'; '.join(questions)}.")
        found += [str(one["message"]) for one in self.shown["refusals"]]
        if not self.shown["refusals"] and not self.allows_bad_rows:
            rows = f"{self.bad_rows:,} row" + ("s" if self.bad_rows > 1 else "")
            found.append(f"Say that the {rows} that cannot be read may be left out.")
        return found

    @property
    def presets(self) -> list[TablePreset]:
        """List what may be used."""
        return list(TablePreset.objects.visible_to(self._user).filter(owner=self._user))

    @property
    def zones(self) -> list[str]:
        """List the zones that may be typed."""
        return ["UTC", *sorted(name for name in zoneinfo.available_timezones() if "/" in name)]


def _overlay(columns: list[dict[str, Any]], said: Mapping[str, str]) -> None:
    for role, where in said.items():
        own = "time" if role in {"date", "clock"} else role
        for one in columns:
            if one["role"] == own and role != "clock":
                one |= {"role": "other", "reason": "another column was chosen"}
        for part in where.split("+"):
            for one in columns:
                if part.strip() in {str(one["number"]), one["name"]}:
                    one |= {"role": own, "confidence": "said", "reason": "you said so"}
