"""What a table is: each question about it answered by what stands in it, or asked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.sources.tables.columns import Column, Mapper
from hewston.pipeline.sources.tables.contents import (
    Content,
    blank_content,
    read_values,
    study_columns,
)
from hewston.pipeline.sources.tables.extent import Extent, find_extent
from hewston.pipeline.sources.tables.layouts import Layout, Look, recognise
from hewston.pipeline.sources.tables.numbers import Style, find_group_mark, is_number, weigh
from hewston.pipeline.sources.tables.plan import Answers, Finding, Plan
from hewston.pipeline.sources.tables.sample import Row
from hewston.pipeline.sources.tables.source import Source
from hewston.pipeline.sources.tables.spacing import name_last_days
from hewston.pipeline.sources.tables.symbols import guess_symbol, plain_symbol
from hewston.pipeline.sources.tables.times import (
    ORDER_NAMES,
    Order,
    OrderEvidence,
    TimeForm,
    as_dates,
    classify,
    find_order,
    join_times,
    read_times,
    study_text,
)
from hewston.pipeline.sources.tables.units import find_unit
from hewston.pipeline.sources.tables.values import share_in_order
from hewston.pipeline.sources.tables.vocabulary import PRICES, language_of, part_of_time
from hewston.pipeline.sources.tables.wide import Wide, find_wide, names_twice
from hewston.pipeline.sources.tables.words_of_time import (
    find_zone,
    find_zone_word,
    is_told_by_season,
)
from hewston.pipeline.sources.tables.zones import guess_zone

_SAID = "you said so"
_DAY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class Study:
    """What was found: the plan by the best guesses, and the finding of each question.

    ``questions`` are those that must be answered by a person, in words.
    """

    source: Source
    plan: Plan
    columns: tuple[Column, ...]
    findings: Mapping[str, Finding]
    layout: str | None
    venue_code: str
    symbols: tuple[str, ...]

    @property
    def questions(self) -> list[str]:
        """Name what must be asked."""
        return [name for name, finding in self.findings.items() if finding.is_open]


def study(source: Source, answers: Answers, *, file_name: str) -> Study:
    """Find out how a table is read; ``file_name`` is what its owner calls it.

    Raises InputError where no bars are found, and for an answer that does not fit the table.
    """
    return _Student(source, answers, file_name).study()


class _Student:
    def __init__(self, source: Source, answers: Answers, file_name: str) -> None:
        self._source = source
        self._answers = answers
        self._file_name = file_name
        self._findings: dict[str, Finding] = dict(source.findings)

    def study(self) -> Study:
        extent = self._find_extent()
        rows = list(self._source.head[extent.first :])
        self._sample = rows
        self._wide = self._find_wide(extent)
        self._language = language_of(extent.header.texts if extent.header else ())
        contents = study_columns(rows, extent.width)
        for index in self._left_out():
            contents[index : index + 1] = [blank_content(len(rows))]
        style = self._find_decimal(contents)
        read_values(contents, style)
        columns = self._map(extent, contents)
        where = self._places(columns)
        self._check_columns(where, extent)
        self._note_numbers(where, contents)
        texts = self._time_texts(where["time"], rows)
        form = self._find_form(texts, where)
        times = read_times(pl.Series(texts, dtype=pl.String), form)
        layout = recognise(self._look(extent, rows, where, contents))
        is_daily = _is_daily(times, form)
        tz = self._find_zone(form, times, layout, where, extent, columns=columns, is_daily=is_daily)
        stamp = self._find_stamp(layout, where, columns, times, is_daily=is_daily)
        symbols = self._find_symbols(where, rows, layout)
        plan = Plan(
            kind=self._source.opened.kind,
            member=self._source.opened.member,
            sheet=self._source.sheet,
            encoding=self._source.text.encoding if self._source.text else None,
            delimiter=self._source.delimiter if self._source.text else None,
            header_line=extent.header.line if extent.header else None,
            # What stands below the header is data, even where it cannot be read.
            first_line=extent.header.line + 1 if extent.header else rows[0].line,
            width=extent.width,
            names=tuple(column.name for column in columns),
            decimal=style.decimal,
            columns=where,
            time_form=form,
            tz=tz,
            stamp=stamp,
            interval=self._answers.interval,
            symbol=self._findings["symbol"].value,
            layout=layout.name if layout else None,
            volume_unit=self._find_volume_unit(where, columns, contents),
        )
        return Study(
            source=self._source,
            plan=plan,
            columns=tuple(columns),
            findings=self._findings,
            layout=layout.name if layout else None,
            venue_code=layout.code if layout else "TABLE",
            symbols=symbols,
        )

    def _find_extent(self) -> Extent:
        head = self._source.head
        found = find_extent(head)
        if found is None:
            raise InputError(
                f"No rows of bars were found in {self._source.name}: a row needs a time and "
                f"the prices open, "
                "high, low and close.",
                file=self._source.name,
            )
        if self._source.names:  # a Parquet file names its columns itself
            header = Row(line=0, cells=self._source.names)
            found = Extent(header=header, first=0, width=len(self._source.names))
        said = self._answers.header
        if said is not None:
            found = self._header_as_said(found, said)
        self._findings["header"] = Finding(
            value=found.header.line if found.header else 0,
            confidence="certain" if said is None else "said",
            reason=_SAID
            if said is not None
            else "it names the columns"
            if found.header
            else "the first row with numbers has no names above it",
        )
        return found

    def _header_as_said(self, found: Extent, said: int) -> Extent:
        head = self._source.head
        if said == 0:
            return replace(found, header=None)
        index = next((i for i, row in enumerate(head) if row.line == said), None)
        if index is None or index + 1 >= len(head):
            raise InputError(
                f"There is no line {said:,} with rows below it among the first of "
                f"{self._source.name}.",
                field="header",
                file=self._source.name,
            )
        first = max(index + 1, found.first)
        return Extent(
            header=head[index], first=first, width=max(found.width, len(head[index].cells))
        )

    def _find_wide(self, extent: Extent) -> Wide | None:
        """Find the symbols that stand side by side; the columns of one of them are read."""
        head = self._source.head
        at = next((i for i, row in enumerate(head) if row is extent.header), extent.first)
        near = [*head[at + 1 : extent.first], *head[max(0, at - 1) : at]]
        found = find_wide(extent.header, near)
        is_said = set(PRICES) <= set(self._answers.columns)
        if found is None and not is_said and names_twice(extent.header):
            raise InputError(
                f"{self._source.name} names each price more than once. Say which columns are meant "
                "by their numbers, as in columns=time=1,open=2,high=3,low=4,close=5.",
                field="columns",
                file=self._source.name,
                allowed=list(extent.header.texts) if extent.header else [],
            )
        return found

    def _left_out(self) -> frozenset[int]:
        """Give the columns of the symbols that are not read."""
        if self._wide is None or len(self._wide.columns) == 1:
            return frozenset()
        said = self._answers.symbol
        symbols = list(self._wide.columns)
        chosen = next(
            (one for one in symbols if said and one.casefold() == said.casefold()), symbols[0]
        )
        if said is not None and chosen.casefold() != said.casefold():
            raise InputError(
                f"{self._source.name} has no columns of {said}. It has {', '.join(symbols[:20])}.",
                field="symbol",
                file=self._source.name,
                allowed=symbols[:100],
            )
        return self._wide.others(chosen)

    def _find_decimal(self, contents: Sequence[Content]) -> Style:
        if self._answers.decimal is not None:
            decimal = self._answers.decimal
            self._findings["decimal"] = Finding(
                value=_mark(decimal), confidence="said", reason=_SAID, choices=("point", "comma")
            )
            return Style(decimal="," if decimal == "," else ".")
        # Dates with points and typed cells say nothing of numbers.
        cells = [
            text
            for content in contents
            if content.time_kind not in {"text", "epoch", "serial"} and content.numeric > 0.5  # noqa: PLR2004
            for text in content.texts[:500]
        ]
        found = weigh(cells)
        decimal, confidence, reason = "point", "certain", "the numbers have decimal points or none"
        if found.comma > found.point:
            decimal, reason = "comma", "the numbers have decimal commas"
        elif found.either and not found.point:
            group = find_group_mark([content.texts[:500] for content in contents])
            if group is not None:
                mark = found.example and next(sign for sign in found.example if sign in ".,")
                decimal, confidence = ("comma" if mark == "," else "point"), "certain"
                if group == mark:
                    decimal = "point" if mark == "," else "comma"
                reason = "whole numbers show how thousands are grouped"
            else:
                decimal, confidence, reason = self._weigh_groups(
                    found.either, found.ungrouped, cells
                )
            reason = f"{found.example!r} can be read both ways: {reason}"
        elif found.comma:
            confidence, reason = "likely", "most numbers have decimal points"
        self._findings["decimal"] = Finding(
            value=decimal, confidence=confidence, reason=reason, choices=("point", "comma")
        )
        return Style(decimal="," if decimal == "comma" else ".")

    def _weigh_groups(
        self, either: int, ungrouped: int, cells: Sequence[str]
    ) -> tuple[str, str, str]:
        """Decide between 1,234 as a decimal comma and as thousands, where that can be decided."""
        has_points = sum("." in cell for cell in cells) > sum("," in cell for cell in cells)
        as_decimal, as_group = ("point", "comma") if has_points else ("comma", "point")
        if ungrouped > 0.2 * either:
            return (
                as_decimal,
                "certain",
                "other whole numbers are not grouped, so it is the decimal mark",
            )
        is_ours = self._language != "other"
        if is_ours and self._source.delimiter == "," and not has_points and self._source.text:
            return as_group, "likely", "the comma separates the columns, so these are groups"
        if is_ours and has_points:
            return "point", "likely", "nothing suggests that a point groups thousands here"
        if self._language in {"english", "asian"} and self._source.delimiter != ";":
            return as_group, "likely", "with headers like these commas group thousands"
        return as_decimal, "unknown", "all such numbers have three digits behind the mark"

    def _map(self, extent: Extent, contents: Sequence[Content]) -> list[Column]:
        columns = Mapper(extent.header, contents).map()
        if not self._answers.columns:
            return columns
        by_index = {column.index: column for column in columns}
        for role, said in self._answers.columns.items():
            own = "time" if role in {"date", "clock"} else role
            if role != "clock":
                for index, column in by_index.items():
                    if column.role == own:
                        by_index[index] = replace(
                            column, role="other", reason="another column was chosen"
                        )
            if said.casefold() == "none":
                continue
            for name in said.split("+"):
                index = self._find_column(name.strip(), columns)
                by_index[index] = replace(
                    by_index[index],
                    role=own,  # type: ignore[arg-type]  # read_columns has checked it
                    confidence="said",
                    reason=_SAID,
                )
        return [by_index[index] for index in sorted(by_index)]

    def _find_column(self, said: str, columns: Sequence[Column]) -> int:
        names = [column.name for column in columns]
        if said in names:
            return names.index(said)
        folded = [name.casefold() for name in names]
        if said.casefold() in folded:
            return folded.index(said.casefold())
        if said.isdigit() and 1 <= int(said) <= len(columns):
            return int(said) - 1
        raise InputError(
            f"There is no column {said!r} in {self._source.name}. {suggest(said, names)}",
            field="columns",
            allowed=names,
        )

    def _places(self, columns: Sequence[Column]) -> dict[str, tuple[int, ...]]:
        where: dict[str, tuple[int, ...]] = {}
        for column in columns:
            if column.role not in {"other", "period"}:
                where[column.role] = (*where.get(column.role, ()), column.index)
        times = where.get("time", ())
        if len(times) == 2:  # noqa: PLR2004  # the date first, wherever it stands
            texts = [[row.text(index) for row in self._sample[:50]] for index in times]
            if classify([text for text in texts[0] if text] or [""]) == "clock":
                where["time"] = (times[1], times[0])
        elif len(times) > 2:  # noqa: PLR2004
            parts = {index: part_of_time(columns[index].name) for index in times}
            whole = {index: part for index, part in parts.items() if part is not None}
            where["time"] = tuple(sorted(whole, key=lambda i: whole[i])) or times[:2]
        return where

    def _check_columns(self, where: dict[str, tuple[int, ...]], extent: Extent) -> None:
        if "time" not in where and "close_time" in where:
            where["time"] = where.pop("close_time")
            self._only_close_time = True
        else:
            self._only_close_time = False
        missing = [role for role in ("time", *PRICES) if role not in where]
        if missing:
            names = [text for text in (extent.header.texts if extent.header else []) if text]
            raise InputError(
                f"{self._source.name} has no column of {_join(missing)}. A bar needs a time, "
                f"open, high, low "
                "and close: name the columns with columns, as in time=Date,open=Open"
                + (f". Its columns: {', '.join(names[:30])}." if names else "."),
                field="columns",
                file=self._source.name,
                missing=missing,
                allowed=names,
            )

    def _note_numbers(
        self, where: Mapping[str, tuple[int, ...]], contents: Sequence[Content]
    ) -> None:
        values = {role: contents[where[role][0]].values for role in PRICES}
        if any(len(value) == 0 for value in values.values()):
            return
        share = share_in_order(values)
        if share < 0.9:  # noqa: PLR2004
            self._findings["prices"] = Finding(
                value=None,
                confidence="likely",
                reason=f"only {share:.0%} of the rows have their high on top and their low at "
                f"the bottom: "
                "check which column is which",
            )

    def _time_texts(self, where: Sequence[int], rows: Sequence[Row]) -> list[str]:
        parts = [pl.Series([row.text(index) for row in rows], dtype=pl.String) for index in where]
        return [text or "" for text in join_times(parts).to_list()]

    def _find_volume_unit(
        self,
        where: Mapping[str, tuple[int, ...]],
        columns: Sequence[Column],
        contents: Sequence[Content],
    ) -> float:
        if "volume" not in where:
            return 1.0
        index = where["volume"][0]
        return find_unit(columns[index].name, contents[index].texts[:500])

    def _find_form(self, texts: Sequence[str], where: Mapping[str, tuple[int, ...]]) -> TimeForm:
        some = [text for text in texts if text.strip()]
        # Files that were put together may change how they write their times.
        further = [
            text
            for part in self._source.rest
            for text in self._time_texts(where["time"], part)
            if text.strip()
        ]
        kind = classify(some[:400]) if some else None
        if kind == "lost":
            raise InputError(
                f"The times of {self._source.name} are written like {some[0]}: their last "
                f"digits are lost, as "
                "Excel does to long numbers. Export the file again with whole numbers or dates.",
                file=self._source.name,
                field="columns",
            )
        if kind in {"epoch", "serial"}:
            form = TimeForm(kind="epoch" if kind == "epoch" else "serial")
        else:
            found = study_text([*some, *further], None)
            if found is None:
                shown = some[0] if some else ""
                raise InputError(
                    f"The times of {self._source.name}, like {shown!r}, cannot be read. Name "
                    f"the column of the "
                    "times, or write them as 2025-10-31 14:30.",
                    file=self._source.name,
                    field="columns",
                )
            form = as_dates(some, found) or found
        form = self._find_date_order(form, some, where)
        self._findings["time_form"] = Finding(
            value=form.describe(), confidence="certain", reason=f"as in {some[0]}"
        )
        return form

    def _find_date_order(
        self, form: TimeForm, some: Sequence[str], where: Mapping[str, tuple[int, ...]]
    ) -> TimeForm:
        if not form.needs_order:
            return form
        if self._answers.date_order is not None:
            self._findings["date_order"] = Finding(
                value=self._answers.date_order,
                confidence="said",
                reason=_SAID,
                choices=tuple(ORDER_NAMES),
            )
            return replace(form, order=self._answers.date_order)
        evidence = self._weigh_orders(form, some, where)
        dotted = any("%A." in shape.template for shape in form.shapes)
        order: Order = evidence.fits[0]
        confidence, reason = "certain", evidence.reason
        if len(evidence.fits) > 1:
            order, confidence = self._guess_order(evidence.fits), "unknown"
            if dotted:
                order, confidence = "dmy", "likely"
                reason += "; dates with points put the day first"
            elif self._language == "other" and "dmy" in evidence.fits:
                order = "dmy"
                reason += "; the header's language puts the day first"
            elif self._language == "asian" and "ymd" in evidence.fits:
                order = "ymd"
                reason += "; the header's language puts the year first"
        self._findings["date_order"] = Finding(
            value=order, confidence=confidence, reason=reason, choices=evidence.fits
        )
        return replace(form, order=order)

    def _weigh_orders(
        self, form: TimeForm, some: Sequence[str], where: Mapping[str, tuple[int, ...]]
    ) -> OrderEvidence:
        """Weigh the first rows; where they leave it open, those of the middle and the end too."""
        evidence = find_order(some, form)
        if len(evidence.fits) == 1:
            return evidence
        fits = evidence.fits
        for part in self._source.rest:
            texts = [text for text in self._time_texts(where["time"], part) if text.strip()]
            if not texts:
                continue
            other = find_order(texts, form)
            kept = tuple(order for order in fits if order in other.fits)
            if len(kept) == 1:
                return OrderEvidence(fits=kept, reason=other.reason)
        return evidence

    def _guess_order(self, fits: Sequence[Order]) -> Order:
        return "mdy" if self._findings["decimal"].value == "point" and "mdy" in fits else fits[0]

    def _look(
        self,
        extent: Extent,
        rows: Sequence[Row],
        where: Mapping[str, tuple[int, ...]],
        contents: Sequence[Content],
    ) -> Look:
        before = self._source.head[: extent.first]
        header_line = extent.header.line if extent.header else 0
        preamble = "\n".join(" ".join(row.texts) for row in before if row.line != header_line)
        last = self._source.rest[-1][-3:] if self._source.rest and self._source.rest[-1] else []
        volumes = contents[where["volume"][0]].values if "volume" in where else np.empty(0)
        return Look(
            header=tuple(text.strip() for text in extent.header.texts) if extent.header else (),
            preamble=preamble,
            footer="\n".join(" ".join(row.texts) for row in last),
            first=tuple(rows[0].texts),
            width=extent.width,
            volumes_are_zero=len(volumes) > 0 and not np.nan_to_num(volumes).any(),
        )

    def _find_zone(
        self,
        form: TimeForm,
        times: pl.Series,
        layout: Layout | None,
        where: Mapping[str, tuple[int, ...]],
        extent: Extent,
        *,
        columns: Sequence[Column],
        is_daily: bool,
    ) -> str | None:
        said = self._answers.tz
        if form.is_aware:
            reason = (
                "seconds since 1970 are UTC"
                if form.kind == "epoch"
                else "each time says its own offset"
            )
            if said is not None and said != "UTC":
                reason += f", so {said} is not needed"
            self._findings["tz"] = Finding(value="UTC", confidence="certain", reason=reason)
            return None
        if said is not None:
            self._findings["tz"] = Finding(value=said, confidence="said", reason=_SAID)
            return said
        named, is_sure, where_named = self._named_zone(where, extent, columns)
        if is_sure:
            self._findings["tz"] = Finding(value=named, confidence="certain", reason=where_named)
            return named
        if layout and layout.tz:
            reason = f"{layout.name} writes {layout.tz}"
            self._findings["tz"] = Finding(value=layout.tz, confidence="certain", reason=reason)
            return layout.tz
        if is_daily:
            self._findings["tz"] = Finding(
                value=None,
                confidence="certain",
                reason="there are only dates, which are those of the exchange",
            )
            return None
        guess, why = (named, where_named) if named else guess_zone(times)
        if not named and layout and layout.tz_guess:
            guess, why = layout.tz_guess
        self._findings["tz"] = Finding(
            value=guess,
            confidence="unknown",
            reason=f"the times do not say their zone; best guess {guess}: {why}",
        )
        return guess

    def _named_zone(
        self, where: Mapping[str, tuple[int, ...]], extent: Extent, columns: Sequence[Column]
    ) -> tuple[str | None, bool, str]:
        """Look for a zone in the header of the time, above the table, and in the cells.

        Gives it, whether it is sure, and why: a zone's initials may be meant all year round.
        """
        cells = [
            row.text(where["time"][-1])
            for part in (self._sample, *self._source.rest)
            for row in part
        ]
        above = [row for row in self._source.head[: extent.first] if row is not extent.header]
        names = [columns[index].name for index in where["time"]] if extent.header else []
        said = [(name, f"the column is called {name}") for name in names]
        said += [(name.replace("_", " "), why) for name, why in said]
        for row in above:
            text = " ".join(row.texts)
            said.append((text, f"line {row.line} says: {text.strip()[:80]}"))
        said += [(cell, "the cells name it") for cell in cells[:1]]
        for text, why in said:
            if zone := find_zone(text):
                return zone, True, why
        words = set(re.findall(r"[a-z]+", " ".join(cells).casefold()))
        for text, why in said:
            if zone := find_zone_word(text):
                is_sure = is_told_by_season(words)
                return zone, is_sure, why if is_sure else f"{why}, but not whether in summer too"
        return None, False, ""

    def _find_stamp(
        self,
        layout: Layout | None,
        where: Mapping[str, tuple[int, ...]],
        columns: Sequence[Column],
        times: pl.Series,
        *,
        is_daily: bool,
    ) -> str:
        if self._answers.stamp is not None:
            self._findings["stamp"] = Finding(
                value=self._answers.stamp,
                confidence="said",
                reason=_SAID,
                choices=("open", "close"),
            )
            return self._answers.stamp
        name = columns[where["time"][0]].name
        value, confidence, reason = "open", "unknown", ""
        if is_daily and (ends := name_last_days(times)) is not None:
            value, reason = "close", f"{ends}, so it may be their last day"
        elif is_daily:
            confidence, reason = "certain", "a date names the whole day"
        elif self._only_close_time:
            value, confidence, reason = "close", "certain", f"the column is called {name}"
        elif "close_time" in where:
            confidence, reason = (
                "certain",
                "there is a column of the bars' ends too, so this is their start",
            )
        elif re.search(r"open|start|begin", name.casefold()):
            confidence, reason = "certain", f"the column is called {name}"
        elif re.search(r"close|end\b", name.casefold()):
            value, confidence, reason = "close", "certain", f"the column is called {name}"
        elif layout and layout.stamp:
            value, confidence, reason = (
                layout.stamp,
                "certain",
                f"{layout.name} writes the start of each bar",
            )
        elif layout and layout.stamp_guess:
            value, why = layout.stamp_guess
            reason = (
                f"nothing says whether a time is a bar's start or end; best guess {value}: {why}"
            )
        else:
            reason = (
                "nothing says whether a time is a bar's start or end; most exports write the start"
            )
        self._findings["stamp"] = Finding(
            value=value, confidence=confidence, reason=reason, choices=("open", "close")
        )
        return value

    def _find_symbols(
        self, where: dict[str, tuple[int, ...]], rows: Sequence[Row], layout: Layout | None
    ) -> tuple[str, ...]:
        """Find whose bars they are; a column of symbols is kept only where it names several."""
        found: dict[str, None] = dict.fromkeys(self._wide.columns if self._wide else ())
        if "symbol" in where:
            parts = [rows, *self._source.rest]
            for part in parts:
                for row in part:
                    text = row.text(where["symbol"][0]).strip()
                    # Parts of the file may hold the header again, or a footer.
                    if text and is_number(row.text(where["open"][0])):
                        found.setdefault(text)
        symbols = tuple(found)[:1000]
        said = self._answers.symbol
        if said is not None:
            value, confidence, reason = said, "said", _SAID
        elif len(symbols) == 1:
            value, confidence, reason = plain_symbol(symbols[0]), "certain", "the table names it"
        elif symbols:
            value, confidence = symbols[0], "unknown"
            reason = f"the table has {len(symbols)} symbols; a dataset has one"
        else:
            confidence = "likely"
            value, reason = guess_symbol(self._source, layout, self._file_name)
        self._findings["symbol"] = Finding(
            value=value,
            confidence=confidence,
            reason=reason,
            choices=symbols if len(symbols) > 1 else (),
        )
        return symbols


def _mark(decimal: str) -> str:
    return "comma" if decimal == "," else "point"


def _join(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _is_daily(times: pl.Series, form: TimeForm) -> bool:
    """Tell whether rows are whole days: dates without a time of day, or all of them at midnight."""
    if form.is_aware:
        return False
    known = times.drop_nulls()
    if not form.has_clock:
        return True
    return len(known) > 1 and bool(((known.cast(pl.Int64) % (_DAY_SECONDS * 10**9)) == 0).all())
