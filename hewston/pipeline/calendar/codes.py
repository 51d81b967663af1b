"""The calendars that there are, by code, and the zone of each."""

import functools
import importlib.metadata

from hewston.pipeline.errors import InputError

ALWAYS_OPEN = "24/7"
FX = "FX"
CME = "CME"
ICE = "ICE"
US_EQUITIES = ("ARCX", "BATS", "IEXG", "OOTC", "XASE", "XNAS", "XNYS")

NEW_YORK, CHICAGO = "America/New_York", "America/Chicago"

# By their market identifier code. ASEX, XBEL, XBSE, XCYS and XTAE are left out: exchange_calendars
# 4.13 cannot make them with the pandas that we have.
_BY_ZONE = {
    "Africa/Johannesburg": "XJSE",
    "America/Argentina/Buenos_Aires": "XBUE",
    "America/Chicago": "XCBF",
    "America/Lima": "XLIM",
    "America/Mexico_City": "XMEX",
    "America/New_York": "XBOG",
    "America/Santiago": "XSGO",
    "America/Sao_Paulo": "BVMF",
    "America/Toronto": "XTSE",
    "Asia/Almaty": "AIXK",
    "Asia/Bangkok": "XBKK",
    "Asia/Hong_Kong": "XHKG",
    "Asia/Jakarta": "XIDX",
    "Asia/Karachi": "XKAR",
    "Asia/Kolkata": "XBOM",
    "Asia/Kuala_Lumpur": "XKLS",
    "Asia/Manila": "XPHS",
    "Asia/Riyadh": "XSAU",
    "Asia/Seoul": "XKRX",
    "Asia/Shanghai": "XSHG",
    "Asia/Singapore": "XSES",
    "Asia/Taipei": "XTAI",
    "Asia/Tokyo": "XTKS",
    "Atlantic/Bermuda": "XBDA",
    "Atlantic/Reykjavik": "XICE",
    "Australia/Sydney": "XASX",
    "Europe/Amsterdam": "XAMS",
    "Europe/Berlin": "XEEE XETR XEUR XFRA XSTU",
    "Europe/Bratislava": "XBRA",
    "Europe/Brussels": "XBRU XDUS XHAM",
    "Europe/Budapest": "XBUD",
    "Europe/Copenhagen": "XCSE",
    "Europe/Dublin": "XDUB",
    "Europe/Helsinki": "XHEL",
    "Europe/Istanbul": "XIST",
    "Europe/Lisbon": "XLIS",
    "Europe/Ljubljana": "XLJU",
    "Europe/London": "XLON",
    "Europe/Luxembourg": "XLUX",
    "Europe/Madrid": "XMAD",
    "Europe/Moscow": "XMOS",
    "Europe/Oslo": "XOSL",
    "Europe/Paris": "XPAR",
    "Europe/Prague": "XPRA",
    "Europe/Riga": "XRIS",
    "Europe/Rome": "XMIL",
    "Europe/Stockholm": "XSTO",
    "Europe/Tallinn": "XTAL",
    "Europe/Vienna": "XWBO",
    "Europe/Vilnius": "XLIT",
    "Europe/Warsaw": "XWAR",
    "Europe/Zagreb": "XZAG",
    "Europe/Zurich": "XSWX",
    "Pacific/Auckland": "XNZE",
}
_ZONES = {
    ALWAYS_OPEN: "UTC",
    FX: NEW_YORK,
    CME: CHICAGO,
    ICE: NEW_YORK,
    **dict.fromkeys(US_EQUITIES, NEW_YORK),
    **{code: tz for tz, codes in _BY_ZONE.items() for code in codes.split()},
}
OTHER_EXCHANGES = tuple(sorted(code for codes in _BY_ZONE.values() for code in codes.split()))
CALENDARS = (ALWAYS_OPEN, FX, CME, ICE, *US_EQUITIES, *OTHER_EXCHANGES)

# The hour of the evening, in the calendar's zone, at which the next exchange date begins.
EVENINGS = {FX: 17, CME: 17, ICE: 18}


def zone(calendar: str) -> str:
    """Give the calendar's zone by its IANA name.

    Raises InputError for an unknown calendar.
    """
    if calendar not in _ZONES:
        raise InputError(
            f"There is no calendar {calendar!r}. Use {ALWAYS_OPEN}, {FX}, {CME}, {ICE}, or an "
            "exchange by its market identifier code, such as XNYS, XNAS, XLON, XETR or XTKS.",
            field="calendar",
            allowed=list(CALENDARS),
        )
    return _ZONES[calendar]


@functools.cache
def calendar_version() -> str:
    """Name the source of the sessions and its release."""
    return f"exchange_calendars {importlib.metadata.version('exchange_calendars')}"
