"""How many lots a target means."""

import math

from hewston.pipeline.engine.book import QUOTE_SIZE
from hewston.pipeline.errors import InputError
from hewston.pipeline.spec import RunSpec

_PERCENT = 100


class Sizing:
    """The run's ``size`` and ``sizing``: units, percent of equity, or money for a target of 1."""

    def __init__(self, spec: RunSpec) -> None:
        self._sizing, self._size = spec.sizing, spec.size
        self._lot, self._multiplier = spec.instrument.lot, spec.instrument.multiplier

    def count_lots(self, target: float, *, price: float, equity: float) -> int:
        """Count the lots of a target at a close's price and the equity there; toward zero.

        A share of equity or money buys nothing at a price of 0 or below.
        """
        if self._sizing == "fixed":
            return self.count_fixed(target)
        if target == 0 or price <= 0:
            return 0
        money = (
            equity * self._size / _PERCENT if self._sizing == "percent_of_equity" else self._size
        )
        return _whole_lots(target * money / (price * self._multiplier * self._lot))

    def count_fixed(self, target: float) -> int:
        """Count the lots of a target of units; 0 where the size is no number of units."""
        if self._sizing != "fixed":
            return 0
        return _whole_lots(target * self._size / self._lot)

    def check(self, lots: int) -> None:
        """Refuse a position of which the engine could fill no reversal."""
        units = abs(lots) * self._lot
        if 2 * units >= QUOTE_SIZE:
            raise InputError(
                f"The strategy asks for a position of {units:g} units; at most "
                f"{QUOTE_SIZE // 2:g} can be filled.",
                field="size",
            )


def _whole_lots(lots: float) -> int:
    """Round toward zero, but take 2.9999999999999996 for the 3 that was meant."""
    nearest = round(lots)
    return nearest if math.isclose(lots, nearest, rel_tol=1e-9, abs_tol=1e-9) else math.trunc(lots)
