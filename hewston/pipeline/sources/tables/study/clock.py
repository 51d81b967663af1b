"""The zone of a table's times, and whether they are starts or ends."""

import re

import polars as pl

from hewston.pipeline.sources.tables.layouts import Layout
from hewston.pipeline.sources.tables.plan import STAMPS, Finding
from hewston.pipeline.sources.tables.spacing import name_last_days
from hewston.pipeline.sources.tables.study.seen import SAID, Places, Seen
from hewston.pipeline.sources.tables.times import TimeForm
from hewston.pipeline.sources.tables.words_of_time import (
    find_zone,
    find_zone_word,
    is_told_by_season,
)
from hewston.pipeline.sources.tables.zones import guess_zone

# A time of its own above the table, such as when the file was made, may be in another zone.
_CLOCK = re.compile(r"(?<![\d+-])\d{1,2}:\d{2}")


def find_zone_of(
    seen: Seen,
    places: Places,
    form: TimeForm,
    times: pl.Series,
    *,
    layout: Layout | None,
    is_daily: bool,
) -> Finding:
    """Find the zone of the times; its value is None where each time says its own, or is a date.

    Times that say their own are UTC.
    """
    said = seen.answers.tz
    if form.is_aware:
        reason = (
            "seconds since 1970 are UTC"
            if form.kind == "epoch"
            else "each time says its own offset"
        )
        if said is not None and said != "UTC":
            reason += f", so {said} is not needed"
        return Finding(value="UTC", confidence="certain", reason=reason)
    if said is not None:
        return Finding(value=said, confidence="said", reason=SAID)
    named, is_sure, where_named = _named_zone(seen, places)
    if is_sure:
        return Finding(value=named, confidence="certain", reason=where_named)
    if layout and layout.tz:
        reason = f"{layout.name} writes {layout.tz}"
        return Finding(value=layout.tz, confidence="certain", reason=reason)
    if is_daily:
        return Finding(
            value=None,
            confidence="certain",
            reason="there are only dates, which are those of the exchange",
        )
    guess, why = (named, where_named) if named else guess_zone(times)
    if not named and layout and layout.tz_guess:
        guess, why = layout.tz_guess
    return Finding(
        value=guess,
        confidence="unknown",
        reason=f"the times do not say their zone; best guess {guess}: {why}",
    )


def _named_zone(seen: Seen, places: Places) -> tuple[str | None, bool, str]:
    """Look for a zone in the header of the time, above the table, and in the cells.

    Gives it, whether it is sure, and why: a zone's initials may be meant all year round.
    """
    extent = seen.extent
    cells = [
        row.text(places.where["time"][-1])
        for part in (seen.sample, *seen.source.rest)
        for row in part
    ]
    above = [row for row in seen.source.head[: extent.first] if row is not extent.header]
    names = [places.columns[index].name for index in places.where["time"]] if extent.header else []
    said = [(name, f"the column is called {name}") for name in names]
    said += [(name.replace("_", " "), why) for name, why in said]
    said += [(cell, "the cells name it") for cell in cells[:1]]
    stamped: list[tuple[str, str]] = []
    for row in above:
        text = " ".join(row.texts)
        one = (text, f"line {row.line} says: {text.strip()[:80]}")
        (stamped if _CLOCK.search(text) else said).append(one)
    for text, why in said:
        if zone := find_zone(text):
            return zone, True, why
    words = set(re.findall(r"[a-z]+", " ".join(cells).casefold()))
    for text, why in said:
        if zone := find_zone_word(text):
            is_sure = is_told_by_season(words)
            return zone, is_sure, why if is_sure else f"{why}, but not whether in summer too"
    for text, why in stamped:
        if zone := find_zone(text) or find_zone_word(text):
            return zone, False, why
    return None, False, ""


def find_stamp(
    seen: Seen, places: Places, times: pl.Series, *, layout: Layout | None, is_daily: bool
) -> Finding:
    """Find whether a time is its bar's start (``open``) or end (``close``)."""
    if seen.answers.stamp is not None:
        return Finding(value=seen.answers.stamp, confidence="said", reason=SAID, choices=STAMPS)
    name = places.columns[places.where["time"][0]].name
    value, confidence, reason = "open", "unknown", ""
    if is_daily and (ends := name_last_days(times)) is not None:
        value, reason = "close", f"{ends}, so it may be their last day"
    elif is_daily:
        confidence, reason = "certain", "a date names the whole day"
    elif places.is_end:
        value, confidence, reason = "close", "certain", f"the column is called {name}"
    elif "close_time" in places.where:
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
        reason = f"nothing says whether a time is a bar's start or end; best guess {value}: {why}"
    else:
        reason = "nothing says whether a time is a bar's start or end; most exports write the start"
    return Finding(value=value, confidence=confidence, reason=reason, choices=STAMPS)
