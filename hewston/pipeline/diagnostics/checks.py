"""Every check by its key, in the order in which pages list what was looked for."""

import dataclasses
from collections.abc import Callable
from typing import Any

from hewston.pipeline.diagnostics import account, activity, concentration, costs, hours
from hewston.pipeline.diagnostics.finding import Finding, UncheckedError
from hewston.pipeline.diagnostics.result import RunResult

_GRAVITY = ("error", "warning", "info")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Check:
    """A question that every run is asked; ``find`` raises UncheckedError where it cannot be."""

    key: str
    label: str
    find: Callable[[RunResult], Finding | None] = dataclasses.field(repr=False)


CHECKS = {
    check.key: check
    for check in (
        Check(key="ruined", label="Ruined", find=account.find_ruin),
        Check(key="no_trades", label="No trades", find=activity.find_no_trades),
        Check(key="few_trades", label="Too few trades", find=activity.find_few_trades),
        Check(key="rejected", label="Orders refused", find=account.find_rejected),
        Check(key="costs_off", label="Costs off", find=costs.find_costs_off),
        Check(key="costs_eat_edge", label="Costs eat the edge", find=costs.find_costly_edge),
        Check(key="bounce", label="Bid-ask bounce", find=costs.find_bounce),
        Check(key="one_trade", label="One trade", find=concentration.find_one_trade),
        Check(key="one_day", label="One day", find=concentration.find_one_day),
        Check(key="outside_session", label="Outside session", find=hours.find_outside_session),
        Check(key="gaps", label="Gaps under trades", find=hours.find_gaps),
        Check(key="flat_equity", label="Flat equity", find=activity.find_flat_equity),
        Check(key="param_edge", label="Parameter at its edge", find=account.find_edge),
        Check(key="open_position", label="Position open", find=activity.find_open_position),
    )
}


def diagnose(result: RunResult) -> dict[str, list[dict[str, Any]]]:
    """Make every check: ``findings``, gravest first, and ``unchecked`` with the reason of each.

    A finding is plain JSON: key, severity, message, evidence (label, value, unit), advice, bar
    and ts_open of that bar (ISO, UTC), both null where it is nowhere in particular.
    """
    found: list[Finding] = []
    unchecked: list[dict[str, Any]] = []
    for check in CHECKS.values():
        try:
            finding = check.find(result)
        except UncheckedError as problem:
            unchecked.append({"key": check.key, "reason": str(problem)})
        else:
            found += [finding] if finding else []
    found.sort(key=lambda finding: _GRAVITY.index(finding.severity))
    return {"findings": [_as_json(finding, result) for finding in found], "unchecked": unchecked}


def _as_json(finding: Finding, result: RunResult) -> dict[str, Any]:
    data = dataclasses.asdict(finding)
    data["evidence"] = list(data["evidence"])
    bar = finding.bar
    data["ts_open"] = None if bar is None else result.bars["ts_open"][bar].isoformat()
    return data
