"""How many lots a target means."""

import math

from hewston.pipeline.engine.instruments import QUOTE_SIZE
from hewston.pipeline.errors import InputError
from hewston.pipeline.spec import RunSpec

_PERCENT = 100
_ROUNDING, _LEAST_ROUNDING = 1e-15, 1e-12
_MOST_LOTS = 2**62  # counted in 64 bits, and a reversal trades twice as many


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
        most = min(QUOTE_SIZE / 2, _MOST_LOTS * self._lot)
        if units >= most:
            raise InputError(
                f"The strategy asks for a position of {units:g} units; fewer than {most:g} can be "
                "filled.",
                field="size",
            )


def _whole_lots(lots: float) -> int:
    """Round toward zero, but take 2.9999999999999996 for the 3 that was meant.

    The tolerance is a float's own error and no more: of 10^12 lots, more would round up what the
    money does not buy.
    """
    nearest = round(lots)
    is_meant = math.isclose(lots, nearest, rel_tol=_ROUNDING, abs_tol=_LEAST_ROUNDING)
    return nearest if is_meant else math.trunc(lots)
