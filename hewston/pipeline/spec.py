"""What decides a dataset and a run: frozen values, and the digests that name them."""

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Literal, Self

AssetClass = Literal["equity", "future", "fx", "crypto", "index"]
FillClock = Literal["close", "next_open"]
SessionFilter = Literal["regular", "extended", "all"]


def canonical_json(value: object) -> str:
    """Render JSON one way only: sorted keys, no spaces, UTF-8, no NaN or infinity."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def sha256_text(text: str) -> str:
    """Hash a text's UTF-8 bytes; 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Instrument:
    """What is traded. Prices are in ``currency``; quantities are multiples of ``lot``."""

    asset_class: AssetClass = "equity"
    currency: str = "USD"
    multiplier: float = 1.0
    tick_size: float = 0.01
    lot: float = 1.0
    price_precision: int = 6  # decimals: holds every price exactly and four digits more

    def as_json(self) -> dict[str, object]:
        """Give plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """Read back what ``as_json`` gave."""
        return cls(**data)  # type: ignore[arg-type]  # the manifest was written by as_json


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpreadFallback:
    """The full spread to assume where a dataset has no quotes: in ticks or in basis points."""

    ticks: float | None = None
    bps: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SlippageFees:
    """What a fill costs. Every field is at least 0."""

    k_spread: float = 0.5  # share of the mean spread paid on each side
    slippage_ticks: float = 0.0  # ticks paid on each side
    fees_bps: float = 1.0  # basis points of notional on each side
    fee_per_unit: float = 0.0  # money for each unit on each side
    spread_fallback: SpreadFallback | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunSpec:
    """All that decides a run's result. ``from_date`` and ``to_date`` are inclusive exchange dates."""

    bars_sha256: str
    instrument: Instrument
    interval: str = "1m"
    calendar: str
    tz: str
    symbol: str
    strategy_id: str
    strategy_sha256: str
    params: Mapping[str, object]
    seed: int = 0
    from_date: dt.date | None = None
    to_date: dt.date | None = None
    session: SessionFilter = "regular"
    fill_clock: FillClock = "next_open"
    size: float = 1.0
    starting_cash: float = 100_000.0
    sizing: Literal["fixed"] = "fixed"
    slippage_fees: SlippageFees = SlippageFees()
    max_leverage: float = 1.0
    limit_gap: Literal["open", "limit"] = "open"

    def as_json(self) -> dict[str, object]:
        """Give plain JSON values by the names that the API, the manifest and the user see."""
        data = dataclasses.asdict(self)
        for key in ("from_date", "to_date"):
            day = data.pop(key)
            data[key.removesuffix("_date")] = None if day is None else day.isoformat()
        data["strategy"] = {"id": data.pop("strategy_id"), "sha256": data.pop("strategy_sha256")}
        data["params"] = dict(sorted(self.params.items()))
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """Read back what ``as_json`` gave."""
        given = dict(data)
        strategy = given.pop("strategy")
        costs = dict(given.pop("slippage_fees"))  # type: ignore[call-overload]  # written by as_json
        fallback = costs.pop("spread_fallback")
        for key in ("from", "to"):
            day = given.pop(key)
            given[f"{key}_date"] = None if day is None else dt.date.fromisoformat(str(day))
        return cls(
            **given
            | {  # type: ignore[arg-type]  # written by as_json
                "instrument": Instrument.from_json(given["instrument"]),  # type: ignore[arg-type]
                "strategy_id": strategy["id"],  # type: ignore[index]
                "strategy_sha256": strategy["sha256"],  # type: ignore[index]
                "slippage_fees": SlippageFees(
                    **costs, spread_fallback=SpreadFallback(**fallback) if fallback else None
                ),
            }
        )

    def input_hash(self, code_hash: str) -> str:
        """Name the run: SHA-256 over the canonical JSON of this spec and the pipeline's code."""
        return sha256_text(canonical_json({"spec": self.as_json(), "code_hash": code_hash}))
