"""What somebody says of times: their zone, and the order of day and month."""

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers import read_date_order
from hewston.pipeline.sources.tables.zones import read_zone


def read_zone_name(given: str) -> str:
    """Give the IANA name of a zone; blank for blank. Raises InputError (field ``zone``)."""
    if not given.strip():
        return ""
    try:
        return read_zone(given).iana
    except InputError as problem:
        message = problem.message.replace("tz is", "zone is", 1)
        allowed = problem.details.get("allowed")
        raise InputError(message, field="zone", allowed=allowed) from None


def read_order_name(given: str) -> str:
    """Give dmy, mdy or ymd; blank for blank. Raises InputError (field ``date_order``)."""
    return read_date_order(given) or ""
