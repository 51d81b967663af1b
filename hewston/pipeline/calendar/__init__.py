"""Exchange sessions: when they open and close, which one a time belongs to, and on which date.

Calendars by code: "24/7", the week of foreign exchange, futures with a daily halt, United States
equities with extended hours, and other exchanges with their regular hours. Codes, zones, dates
and labels need nothing but polars; listing the sessions of an exchange loads exchange_calendars.
"""

from hewston.pipeline.calendar.codes import (
    ALWAYS_OPEN,
    CALENDARS,
    CME,
    FX,
    ICE,
    OTHER_EXCHANGES,
    US_EQUITIES,
    calendar_version,
    zone,
)
from hewston.pipeline.calendar.dates import (
    date_of,
    dates_of_bars,
    evening_of,
    exchange_date,
    start_of_date,
)
from hewston.pipeline.calendar.labels import EDGES, label
from hewston.pipeline.calendar.sessions import SCHEDULE, schedule

__all__ = [
    "ALWAYS_OPEN",
    "CALENDARS",
    "CME",
    "EDGES",
    "FX",
    "ICE",
    "OTHER_EXCHANGES",
    "SCHEDULE",
    "US_EQUITIES",
    "calendar_version",
    "date_of",
    "dates_of_bars",
    "evening_of",
    "exchange_date",
    "label",
    "schedule",
    "start_of_date",
    "zone",
]
