"""The zone of a list's times, where nobody said it."""

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.readers import Upload, find_zones

_SHOWN = 6


def choose_zone(upload: Upload, candles: pl.DataFrame, *, name: str) -> str:
    """Choose the zone under which the most fills lie inside their bars, if only one does best.

    ``candles`` is CANDLES; zones that give all times alike count as one. Raises InputError that
    names the best where there are some.
    """
    offers = find_zones(upload, candles)
    best: list[str] = []
    known: set[str] = set()
    for offer in offers:
        if offer.inside == offers[0].inside and offer.zone not in known:
            best.append(offer.zone)
            known |= {offer.zone, *offer.same}
    if len(best) == 1:
        return best[0]
    why = (
        f"its fills lie inside their bars as well under {', '.join(best[:_SHOWN])}. Say which zone "
        "it is."
        if best
        else "under none do its fills lie inside their bars. Is it of these bars?"
    )
    raise InputError(
        f"The times of {name} name no zone, and {why}",
        file=name,
        field="zone",
        allowed=best or None,
    )
