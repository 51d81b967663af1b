"""Why a layer is broken."""

import dataclasses

from hewston.pipeline.parity.series import ComparedSeries
from hewston.pipeline.parity.trades import TradeFinding


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """Why a layer is broken, at its first bar (ns; None where no bar says it)."""

    layer: str  # one of layers.LAYERS
    class_name: str
    cause: str
    subject: str  # a title, "candles" or "trades"
    at: int | None
    sentence: str
    moved_ns: int = 0  # by which candles agree when Pine's times are moved
    series: ComparedSeries | None = None  # that it is of
    trades: TradeFinding | None = None  # likewise

    @property
    def explains_all(self) -> bool:
        """Tell whether bars themselves are others, which explains all that follows."""
        return self.subject == "candles" and self.class_name == "data_alignment"
