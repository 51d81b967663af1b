"""What a fill costs, as the engine asks for it."""

from decimal import Decimal
from typing import Any

from nautilus_trader.core import nautilus_pyo3 as nautilus

from hewston.pipeline.engine.failures import kept
from hewston.pipeline.engine.instruments import MONEY_PRECISION
from hewston.pipeline.spec import RunSpec


class Fees(nautilus.FeeModel):  # type: ignore[misc]  # the engine is untyped
    """``fees_bps`` of the notional and ``fee_per_unit``, on each side.

    In decimals, half to even at the account's last digit, as the engine rounds its own fees.
    """

    def prepare(self, currency: object, spec: RunSpec, failures: list[BaseException]) -> None:
        """Take what a fee is made of; ``failures`` are those of the strategy."""
        self.failures = failures
        self.currency = currency
        self.rate = (
            _decimal(spec.slippage_fees.fees_bps) / 10_000 * _decimal(spec.instrument.multiplier)
        )
        self.per_unit = _decimal(spec.slippage_fees.fee_per_unit)

    @kept
    def get_commission_with_context(
        self,
        _order: object,
        qty: Any,  # noqa: ANN401 (the engine is untyped)
        price: Any,  # noqa: ANN401
        _instrument: object,
        _context: object,
    ) -> Any:  # noqa: ANN401
        """Give the fee of one fill."""
        fee = qty.as_decimal() * (abs(price.as_decimal()) * self.rate + self.per_unit)
        return nautilus.Money(float(round(fee, MONEY_PRECISION)), self.currency)


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))
