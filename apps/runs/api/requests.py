"""What a program asks for when it wants a run: the body and the headers of POST /backtests."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from apps.datasets.actions import choose_dataset, find_dataset
from apps.datasets.models import Revision
from apps.permissions.models import User
from apps.runs.actions import (
    NAME_LENGTH,
    NOTE_LENGTH,
    PLAYBACK_FIELDS,
    ChosenStrategy,
    RequestKey,
    choose_strategy,
)
from hewston.body import read_mapping, read_text
from hewston.openapi import describe_body, describe_field
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import Rule, read_fields, suggest
from hewston.pipeline.spec import (
    COST_FIELDS,
    RUN_FIELDS,
    canonical_json,
    read_run_fields,
    sha256_text,
)
from hewston.pipeline.strategies.catalogue import BUILT_IN

LONGEST_KEY = 200
_NAMES = ("dataset_id", "symbol", "strategy_id", "params", "slippage_fees", "name", "note")
_KEYS = (*_NAMES, "spread_fallback", *PLAYBACK_FIELDS, *RUN_FIELDS)
_FALLBACK = {
    "type": ["object", "null"],
    "properties": {
        unit: {"type": "number", "minimum": 0, "description": f"the full spread in {unit}"}
        for unit in ("ticks", "bps")
    },
    "maxProperties": 1,
    "description": "the spread where the data has no quotes; needed there if k_spread > 0",
}
_TEXT = {"type": "string"}
BODY = describe_body(
    {
        "dataset_id": _TEXT | {"description": "the dataset; or give symbol, from and to"},
        "symbol": _TEXT
        | {"description": "with from and to: the newest dataset that covers the range"},
        "strategy_id": _TEXT
        | {
            "description": f"a built-in strategy ({', '.join(sorted(BUILT_IN))}) or a version of "
            "yours: SLUG@NUMBER, or OWNER/SLUG@NUMBER"
        },
        "params": {
            "type": "object",
            "description": "parameters of the strategy, else its defaults",
        },
        "slippage_fees": {
            "type": "object",
            "properties": {name: describe_field(rule) for name, rule in COST_FIELDS.items()}
            | {"spread_fallback": _FALLBACK},
            "additionalProperties": False,
            "description": "what a fill costs",
        },
        **{name: describe_field(rule) for name, rule in (RUN_FIELDS | PLAYBACK_FIELDS).items()},
        "spread_fallback": _FALLBACK,
        "name": _TEXT | {"maxLength": NAME_LENGTH},
        "note": _TEXT | {"maxLength": NOTE_LENGTH},
    },
    required=["strategy_id"],
    example={
        "dataset_id": "DEMO-2023-1m",
        "strategy_id": "sma_crossover",
        "params": {"fast": 20, "slow": 50},
        "seed": 42,
        "slippage_fees": {"k_spread": 0.5, "fees_bps": 1},
        "speed": 60,
    },
    description="Everything but the data and the strategy has a default.",
)
KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    "description": "Makes a retry safe: the same key with the same body answers with the same run, "
    "with another body 409. `X-Idempotency-Key` is the same header.",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunRequest:
    """A run as a program asks for it, with every default filled in."""

    dataset_id: str
    symbol: str
    strategy: ChosenStrategy
    params: Mapping[str, Any]
    options: Mapping[str, Any]
    speed: float
    name: str
    note: str

    @property
    def body_sha256(self) -> str:
        """Name what was asked for: a default that is spelled out changes nothing."""
        asked = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        del asked["strategy"]
        named = {"strategy_id": self.strategy.strategy_id}
        if self.strategy.version is not None:  # two people may use one slug
            named["strategy_sha256"] = self.strategy.sha256
        return sha256_text(canonical_json(_plain(asked | named)))

    def find_revision(self, user: User) -> Revision:
        """Find the data. Raises InputError."""
        if self.dataset_id:
            return find_dataset(user=user, dataset_id=self.dataset_id).latest
        options = self.options
        return choose_dataset(
            user=user, symbol=self.symbol, first=options["from"], last=options["to"]
        ).latest


def read_request(body: Mapping[str, object], *, user: User) -> RunRequest:
    """Read the body. Raises InputError with the field."""
    for name in body:
        if name in COST_FIELDS:
            raise InputError(f"{name} belongs into slippage_fees.", field=name)
        if name not in _KEYS:
            message = f"{name} is not a key of a run. {suggest(name, sorted(_KEYS))}"
            raise InputError(message, field=name, allowed=sorted(_KEYS))
    strategy_id = read_text(body, "strategy_id", longest=250)
    if not strategy_id:
        raise InputError(
            f"strategy_id is missing. {suggest('', sorted(BUILT_IN))}", field="strategy_id"
        )
    strategy = choose_strategy(user=user, name=strategy_id, field="strategy_id")
    request = RunRequest(
        dataset_id=read_text(body, "dataset_id", longest=120),
        symbol=read_text(body, "symbol", longest=71),
        strategy=strategy,
        params=strategy.read_params(read_mapping(body, "params")),
        options=_read_options(body),
        speed=read_fields(PLAYBACK_FIELDS, _keep(body, PLAYBACK_FIELDS), of="key of a run")[
            "speed"
        ],
        name=read_text(body, "name", longest=NAME_LENGTH),
        note=read_text(body, "note", longest=NOTE_LENGTH),
    )
    _check_data(request)
    return request


def _read_options(body: Mapping[str, object]) -> dict[str, Any]:
    """Read what ``build_spec`` takes as options, defaults filled in."""
    costs = read_mapping(body, "slippage_fees")
    known = [*COST_FIELDS, "spread_fallback"]
    for name in costs:
        if name not in known:
            raise InputError(
                f"{name} is not a key of slippage_fees. {suggest(name, known)}",
                field=f"slippage_fees.{name}",
                allowed=known,
            )
    if costs.get("spread_fallback") is not None and body.get("spread_fallback") is not None:
        raise InputError("spread_fallback is given twice.", field="spread_fallback")
    given = _keep(body, RUN_FIELDS) | _keep(body, ["spread_fallback"])
    try:
        values = read_run_fields(given | {k: v for k, v in costs.items() if v is not None})
    except InputError as problem:
        field = str(problem.details.get("field"))
        if field.partition(".")[0] in costs:
            problem.details = {**problem.details, "field": f"slippage_fees.{field}"}
        raise
    fallback = values["slippage_fees"].spread_fallback
    return {
        **{name: values.get(name, values.get(f"{name}_date")) for name in RUN_FIELDS},
        **{name: getattr(values["slippage_fees"], name) for name in COST_FIELDS},
        "spread_fallback": fallback
        and {k: v for k, v in dataclasses.asdict(fallback).items() if v is not None},
    }


def _check_data(request: RunRequest) -> None:
    if request.dataset_id and request.symbol:
        message = "Give dataset_id, or symbol with from and to, but not both."
        raise InputError(message, field="symbol")
    if not request.dataset_id and not request.symbol:
        message = "dataset_id is missing; or give symbol, from and to."
        raise InputError(message, field="dataset_id")
    for name in ("from", "to"):
        if request.symbol and request.options[name] is None:
            message = f"{name} is missing: a symbol is looked up by the range that you want."
            raise InputError(message, field=name)


def read_key(request: HttpRequest, body_sha256: str) -> RequestKey | None:
    """Read the idempotency key, if there is one. Raises InputError for one that cannot be."""
    given = {
        value.strip()
        for name in ("Idempotency-Key", "X-Idempotency-Key")
        if (value := request.headers.get(name)) is not None
    }
    if not given:
        return None
    key = given.pop()
    if given:
        raise InputError(
            "Idempotency-Key and X-Idempotency-Key differ: send one of them.",
            field="Idempotency-Key",
        )
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        allowed = f"1 to {LONGEST_KEY} printable ASCII characters"
        raise InputError(
            f"An idempotency key has {allowed}.", field="Idempotency-Key", allowed=allowed
        )
    return RequestKey(key=key, body_sha256=body_sha256)


def _keep(body: Mapping[str, object], names: Mapping[str, Rule] | list[str]) -> dict[str, object]:
    """Keep what was said of these; null is the default."""
    return {name: body[name] for name in names if body.get(name) is not None}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value.isoformat() if isinstance(value, dt.date) else value
