"""Clock times of a zone to UTC, and the best guess of a zone that nobody named."""

import re
import zoneinfo
from collections import Counter
from dataclasses import dataclass

import polars as pl

from hewston.pipeline.errors import InputError

UTC_NS = pl.Datetime("ns", "UTC")
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)
_MOST_HOURS = 14
# Whole zones without summer time for offsets that Etc has none for.
_HALF_HOURS = {
    "+05:30": "Asia/Kolkata",
    "+05:45": "Asia/Kathmandu",
    "+06:30": "Asia/Yangon",
    "+04:30": "Asia/Kabul",
    "+09:30": "Australia/Darwin",
    "-09:30": "Pacific/Marquesas",
}


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A zone by the name that was given and the IANA name that stands for it."""

    name: str
    iana: str


def read_zone(text: str) -> Zone:
    """Read an IANA name, UTC, or a fixed offset such as +02:00; raises InputError."""
    given = re.sub(r"\s+fixed$", "", text.strip(), flags=re.IGNORECASE)
    if given.casefold() in {"utc", "gmt", "z", "utc+0", "etc/utc"}:
        return Zone(name="UTC", iana="UTC")
    if (found := read_offset(given)) is not None:
        return found
    known = {name.casefold(): name for name in zoneinfo.available_timezones()}
    name = known.get(given.replace(" ", "_").casefold())
    if name is None:
        raise InputError(
            f"tz is {text}, but must be a zone such as America/New_York, UTC, or a fixed "
            "offset of whole hours such as +02:00.",
            field="tz",
            allowed="an IANA zone, UTC, or ±hh:mm",
        )
    return Zone(name=name, iana=name)


def read_offset(text: str) -> Zone | None:
    """Read a fixed offset such as +02:00; None where no zone without summer time has it."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    hours, minutes = int(match[2]), int(match[3] or 0)
    name = f"{match[1]}{hours:02}:{minutes:02}"
    if hours + minutes == 0:
        return Zone(name="UTC", iana="UTC")
    if minutes:
        return Zone(name=name, iana=_HALF_HOURS[name]) if name in _HALF_HOURS else None
    if hours > _MOST_HOURS or (match[1] == "-" and hours > 12):  # noqa: PLR2004
        return None
    # Etc names count westwards: +02:00 is Etc/GMT-2.
    return Zone(name=name, iana=f"Etc/GMT{'-' if match[1] == '+' else '+'}{hours}")


@dataclass(frozen=True, kw_only=True)
class Localized:
    """Times in UTC, null where the zone's clock never showed them.

    ``folded`` marks the rows in an hour that the clock showed twice; ``is_told_apart``: on each
    such day both are there, so that their order in the file tells which is which.
    """

    utc: pl.Series
    skipped: pl.Series
    folded: pl.Series
    is_told_apart: bool


def localize(naive: pl.Series, zone: Zone) -> Localized:
    """Read clock times, which go forward in the file but for a clock that is set back, as UTC.

    An hour that comes twice is told apart where the file steps back in it: what comes first is the
    first one. Where only one of the two is there nobody can tell, and it is taken for the first.
    """
    first = naive.dt.replace_time_zone(zone.iana, ambiguous="earliest", non_existent="null")
    skipped = first.is_null() & naive.is_not_null()
    last = naive.dt.replace_time_zone(zone.iana, ambiguous="latest", non_existent="null")
    folded = (first != last).fill_null(value=False)
    is_told_apart = True
    if folded.any():
        is_second = _find_second(naive, folded)
        first = last.zip_with(is_second, first)
        days = pl.DataFrame({"day": naive.dt.date(), "second": is_second}).filter(folded)
        both = pl.col("second").any() & ~pl.col("second").all()
        is_told_apart = bool(days.group_by("day").agg(both)["second"].all())
    return Localized(
        utc=first.dt.convert_time_zone("UTC").cast(UTC_NS),
        skipped=skipped,
        folded=folded,
        is_told_apart=is_told_apart,
    )


def _find_second(naive: pl.Series, folded: pl.Series) -> pl.Series:
    """Mark the rows of a doubled hour that come after the file stepped back in it."""
    frame = pl.DataFrame({"t": naive, "folded": folded}).with_columns(
        day=pl.col("t").dt.date(),
        # Rows that cannot be read stand between others and tell nothing.
        back=(pl.col("t") <= pl.col("t").forward_fill().shift()).fill_null(value=False),
    )
    return frame.with_columns(
        second=pl.col("folded")
        & ((pl.col("back") & pl.col("folded")).cast(pl.Int32).cum_sum().over("day") > 0)
    )["second"]


_MIDNIGHTS = (
    *("UTC", "America/New_York", "Europe/Berlin", "Europe/London", "Asia/Tokyo", "Asia/Hong_Kong"),
    *("Asia/Kolkata", "Australia/Sydney", "America/Chicago", "Europe/Moscow", "Europe/Athens"),
    *("America/Sao_Paulo", "America/Toronto", "Asia/Dubai", "Asia/Jakarta", "Pacific/Auckland"),
)


def find_midnights(utc: pl.Series) -> str | None:
    """Find the zone in which times are all midnights, and so name its dates; else None."""
    for zone in _MIDNIGHTS:
        local = utc.dt.convert_time_zone(zone)
        if ((local.dt.hour() == 0) & (local.dt.minute() == 0)).all():
            return zone
    return None


def guess_zone(naive: pl.Series) -> tuple[str, str]:
    """Guess the zone of intraday clock times by when the market is closed; with the reason."""
    times = naive.drop_nulls()
    if times.is_empty():
        return "UTC", "nothing tells the zone"
    days = Counter(times.dt.weekday().to_list())
    if days[6] > 0.05 * len(times):
        return (
            "UTC",
            "trading never stops, so nothing tells the zone; most exports of it are in UTC",
        )
    minutes = (times.dt.hour().cast(pl.Int32) * 60 + times.dt.minute()).to_list()
    counts = Counter(minute // 30 for minute in minutes)
    busy = sorted(slot for slot, count in counts.items() if count > 0.25 * max(counts.values()))
    if len(busy) > 40:  # noqa: PLR2004  # of 48 half hours: a market of 24 hours and five days
        return _guess_by_weekend(times)
    return _guess_by_hours(busy)


def _guess_by_weekend(times: pl.Series) -> tuple[str, str]:
    fridays = times.filter(times.dt.weekday() == 5)  # noqa: PLR2004
    if fridays.is_empty():
        return "UTC", "nothing tells the zone"
    last = int(fridays.dt.hour().max() or 0)  # type: ignore[arg-type]  # an hour is a number
    if last <= 17:  # noqa: PLR2004
        return "America/New_York", "the week ends on Friday at 17:00, as it does in New York"
    if last >= 23:  # noqa: PLR2004
        return "Europe/Helsinki", (
            "the week ends on Friday at midnight, as brokers' servers have it (UTC+2, in "
            "summer UTC+3)"
        )
    return "UTC", "the week ends on Friday between 21:00 and 22:00, as it does in UTC"


_OPENINGS = {  # the half hour of the day in which a market opens by its own clock
    19: ("America/New_York", "trading starts at 9:30, as it does in New York"),
    28: ("UTC", "trading starts at 14:30, as New York's does in UTC"),
    27: ("UTC", "trading starts at 13:30, as New York's does in UTC in summer"),
    31: ("Europe/Berlin", "trading starts at 15:30, as New York's does in Berlin"),
    17: ("America/Chicago", "trading starts at 8:30, as it does in Chicago"),
    18: ("Europe/Berlin", "trading starts at 9:00, as it does in Frankfurt"),
    16: ("Europe/London", "trading starts at 8:00, as it does in London"),
    8: ("America/New_York", "trading starts at 4:00, as extended hours do in New York"),
}


def _guess_by_hours(busy: list[int]) -> tuple[str, str]:
    if not busy:
        return "UTC", "nothing tells the zone"
    return _OPENINGS.get(busy[0], ("UTC", "nothing tells the zone"))
