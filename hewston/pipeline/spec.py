"""What decides a dataset and a run: frozen values, and the digests that name them."""

import dataclasses
import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import Rule, describe_rule, read_fields
from hewston.pipeline.intervals import INTERVALS

AssetClass = Literal["equity", "future", "fx", "crypto", "index"]
FillClock = Literal["close", "next_open"]
SessionFilter = Literal["regular", "extended", "all"]
Sizing = Literal["fixed", "percent_of_equity", "cash"]
LimitGap = Literal["open", "limit"]

_VERSION = re.compile(r"[a-z0-9][a-z0-9-]{1,62}@[1-9][0-9]{0,8}")


def is_version(strategy_id: str) -> bool:
    """Tell a version of somebody's strategy, like ``my-breakout@3``, from a built-in one."""
    return _VERSION.fullmatch(strategy_id) is not None


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
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_json`` gave."""
        return cls(**data)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpreadFallback:
    """The full spread to assume where a dataset has no quotes: in ticks or in basis points."""

    ticks: float | None = None
    bps: float | None = None

    @classmethod
    def parse(cls, value: object) -> Self | None:
        """Read ``ticks=2``, ``bps=1.5`` or a mapping with one of the two keys."""
        if value is None:
            return None
        if isinstance(value, str) and value.count("=") == 1:
            key, _, amount = value.partition("=")
            value = {key: amount}
        if not isinstance(value, Mapping) or len(value) != 1:
            raise InputError(
                f"spread_fallback is {value}, but must be ticks or bps, like ticks=2 or bps=1.5.",
                field="spread_fallback",
                allowed="ticks=N or bps=N, at least 0",
            )
        rules = {key: {"type": "float", "default": None, "min": 0} for key in ("ticks", "bps")}
        return cls(**read_fields(rules, value, of="unit of a spread", prefix="spread_fallback."))


def missing_spread() -> InputError:
    """Say that a share of a spread is to be paid, and nothing says how wide it is."""
    return InputError(
        "The data has no quotes, so k_spread > 0 needs spread_fallback (ticks or bps); "
        "or set k_spread to 0.",
        field="spread_fallback",
        allowed="ticks ≥ 0 or bps ≥ 0",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SlippageFees:
    """What a fill costs. Every field is at least 0."""

    k_spread: float = 0.5  # share of the mean spread paid on each side
    slippage_ticks: float = 0.0  # ticks paid on each side
    fees_bps: float = 1.0  # basis points of notional on each side
    fee_per_unit: float = 0.0  # money for each unit on each side
    spread_fallback: SpreadFallback | None = None


COST_FIELDS: dict[str, Rule] = {
    "k_spread": {"type": "float", "default": 0.5, "min": 0, "max": 100},
    "slippage_ticks": {"type": "float", "default": 0.0, "min": 0, "max": 1_000_000},
    "fees_bps": {"type": "float", "default": 1.0, "min": 0, "max": 10_000},
    "fee_per_unit": {"type": "float", "default": 0.0, "min": 0, "max": 1_000_000},
}
RUN_FIELDS: dict[str, Rule] = {
    "seed": {"type": "int", "default": 0, "min": 0, "max": 2**63 - 1},
    "from": {"type": "date", "default": None},
    "to": {"type": "date", "default": None},
    "interval": {
        "type": "str",
        "default": None,
        "choices": tuple(INTERVALS),
        "help": "that of the dataset's bars, or a longer one; else that of the dataset",
    },
    "session": {
        "type": "str",
        "default": "regular",
        "choices": ("regular", "extended", "all"),
    },
    "fill_clock": {"type": "str", "default": "next_open", "choices": ("close", "next_open")},
    "sizing": {
        "type": "str",
        "default": "fixed",
        "choices": ("fixed", "percent_of_equity", "cash"),
        "help": "what size counts: units, percent of equity, or money",
    },
    "size": {"type": "float", "default": 1.0, "above": 0, "max": 1e11},
    "starting_cash": {"type": "float", "default": 100_000.0, "above": 0, "max": 1e12},
    "max_leverage": {"type": "float", "default": 1.0, "above": 0, "max": 1_000},
    "limit_gap": {
        "type": "str",
        "default": "open",
        "choices": ("open", "limit"),
        "help": "where a limit fills that the bar opens beyond: at that open, or at its own price",
    },
}


def read_run_fields(given: Mapping[str, object]) -> dict[str, Any]:
    """Read what a person may say of a run besides its data and strategy, as RunSpec's fields.

    Keys are those of RUN_FIELDS, COST_FIELDS and ``spread_fallback``; a value of None is the
    default. Raises InputError with the field and what it may be.
    """
    said = {name: value for name, value in given.items() if value is not None}
    fallback = SpreadFallback.parse(said.pop("spread_fallback", None))
    values = read_fields(RUN_FIELDS | COST_FIELDS, said, of="option of a run")
    if values["from"] and values["to"] and values["from"] > values["to"]:
        raise InputError(
            f"from ({values['from']}) is after to ({values['to']}).",
            field="from",
            allowed=f"at most {values['to']}",
        )
    if values["sizing"] != "fixed" and "size" not in said:
        counted = "percent of equity" if values["sizing"] == "percent_of_equity" else "money"
        raise InputError(
            f"sizing is {values['sizing']}, so size must say how much {counted} a target holds.",
            field="size",
            allowed=describe_rule(RUN_FIELDS["size"]),
        )
    costs = {name: values.pop(name) for name in COST_FIELDS}
    return {
        **{{"from": "from_date", "to": "to_date"}.get(k, k): v for k, v in values.items()},
        "slippage_fees": SlippageFees(**costs, spread_fallback=fallback),
    }


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunSpec:
    """All that decides a run's result. Both dates are exchange dates, inclusive."""

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
    size: float = 1.0  # for a target of 1: units, percent of equity, or money
    starting_cash: float = 100_000.0
    sizing: Sizing = "fixed"
    slippage_fees: SlippageFees = SlippageFees()
    max_leverage: float = 1.0
    limit_gap: LimitGap = "open"

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
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_json`` gave."""
        given = dict(data)
        strategy, costs = given.pop("strategy"), dict(given.pop("slippage_fees"))
        fallback = costs.pop("spread_fallback")
        for key in ("from", "to"):
            day = given.pop(key)
            given[f"{key}_date"] = None if day is None else dt.date.fromisoformat(day)
        given["instrument"] = Instrument.from_json(given["instrument"])
        given["slippage_fees"] = SlippageFees(
            **costs, spread_fallback=SpreadFallback(**fallback) if fallback else None
        )
        return cls(strategy_id=strategy["id"], strategy_sha256=strategy["sha256"], **given)

    def input_hash(self, code_hash: str) -> str:
        """Name the run: SHA-256 over the canonical JSON of this spec and the pipeline's code."""
        return sha256_text(canonical_json({"spec": self.as_json(), "code_hash": code_hash}))
