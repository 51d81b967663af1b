"""What decided each run: first what differs, then what is the same."""

import dataclasses
from collections.abc import Mapping, Sequence

from hewston.pipeline.comparison.run import ComparedRun

_GROUPS = {  # of a dotted name, by how it begins; the first that fits, in the order they are told
    "spec.params.": "parameters",
    "spec.strategy.": "strategy",
    "spec.seed": "parameters",
    "dataset": "data",
    "revision": "data",
    "spec.bars_sha256": "data",
    "spec.symbol": "data",
    "spec.interval": "data",
    "spec.instrument.": "data",
    "spec.slippage_fees.": "costs",
    "spec.fill_clock": "clock",
    "spec.limit_gap": "clock",
    "spec.session": "session",
    "spec.calendar": "session",
    "spec.tz": "session",
    "spec.siz": "sizing",
    "spec.starting_cash": "sizing",
    "spec.max_leverage": "sizing",
    "spec.from": "dates",
    "spec.to": "dates",
    "spec.": "parameters",
    "code_hash": "code",
    "git_commit": "code",
    "env_lock.": "environment",
}
GROUPS = tuple(dict.fromkeys(_GROUPS.values()))
_LABELS = {
    "dataset_id": "dataset",
    "dataset_interval": "interval of the dataset",
    "spec.bars_sha256": "bars, SHA-256",
    "spec.strategy.id": "strategy",
    "spec.strategy.sha256": "source, SHA-256",
    "spec.from": "from, exchange date",
    "spec.to": "to, exchange date",
    "spec.slippage_fees.k_spread": "spread paid, times the spread",
    "spec.slippage_fees.slippage_ticks": "slippage, ticks a side",
    "spec.slippage_fees.fees_bps": "fees, bps a side",
    "spec.slippage_fees.fee_per_unit": "fee a unit, a side",
    "code_hash": "pipeline's code, SHA-256",
    "git_commit": "commit, not hashed",
    "env_lock.uv_lock_sha256": "locked packages, SHA-256",
}
# Outside what decides a run, or said by other rows.
_LEFT_OUT = ("created_at", "input_hash", "output_hashes", "kind", "calendar", "tz")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decision:
    """One thing that decides a run, with each run's value.

    ``is_said`` tells which runs' manifests say it: an older one may not know what came later, and
    another strategy has other parameters.
    """

    name: str  # dotted, as in the manifest
    label: str
    group: str  # one of GROUPS
    values: tuple[object, ...]
    is_said: tuple[bool, ...]

    @property
    def differs(self) -> bool:
        """Whether any run says something else, or one says nothing."""
        said = [
            (is_said, isinstance(value, bool), value)
            for is_said, value in zip(self.is_said, self.values, strict=True)
        ]
        return any(one != said[0] for one in said)


def list_decisions(runs: Sequence[ComparedRun]) -> list[Decision]:
    """List all that decided the runs, group by group in the order of GROUPS."""
    flat = [_flatten(run) for run in runs]
    names = dict.fromkeys(name for one in flat for name in one)
    found = [
        Decision(
            name=name,
            label=_name(name),
            group=_group(name),
            values=tuple(one.get(name) for one in flat),
            is_said=tuple(name in one for one in flat),
        )
        for name in names
    ]
    return sorted(found, key=lambda decision: GROUPS.index(decision.group))


def _flatten(run: ComparedRun) -> dict[str, object]:
    said = {key: value for key, value in run.manifest.items() if key not in _LEFT_OUT}
    return {"revision": run.revision, **_leaves(said)}


def _leaves(value: Mapping[str, object], within: str = "") -> dict[str, object]:
    """Give nested values by dotted names; a list is one value."""
    found: dict[str, object] = {}
    for key, inner in value.items():
        name = f"{within}{key}"
        found |= _leaves(inner, f"{name}.") if isinstance(inner, dict) else {name: inner}
    return found


def _group(name: str) -> str:
    return next((group for start, group in _GROUPS.items() if name.startswith(start)), "code")


def _name(name: str) -> str:
    """Say a name as people do: without where it is in the manifest."""
    if name in _LABELS:
        return _LABELS[name]
    for start in ("spec.params.", "spec.instrument.", "spec.slippage_fees.", "env_lock.packages."):
        if name.startswith(start):
            return (
                name.removeprefix(start).replace("_", " ")
                if "spec" in start
                else name[len(start) :]
            )
    return name.removeprefix("spec.").removeprefix("env_lock.").replace("_", " ").replace(".", ", ")
