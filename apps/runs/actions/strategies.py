"""Which strategy a run is of: a built-in one, or a version of somebody's."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from apps.permissions.models import User
from apps.runs.models import Run
from apps.strategies.actions import find_version
from apps.strategies.models import StrategyVersion
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import Rule, read_fields, suggest
from hewston.pipeline.spec import is_version
from hewston.pipeline.strategies.catalogue import BUILT_IN, find_strategy, source_sha256


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChosenStrategy:
    """A strategy that a run may be of: its id in specs, the hash of its source, its parameters."""

    strategy_id: str
    sha256: str
    rules: Mapping[str, Rule]
    about: str = ""
    version: StrategyVersion | None = None

    def read_params(self, params: Mapping[str, object]) -> dict[str, Any]:
        """Read parameters by its rules, defaults filled in; raises InputError with the field."""
        of = f"parameter of {self.strategy_id}"
        return read_fields(self.rules, params, of=of, prefix="params.")


def choose_strategy(*, user: User, name: str, field: str = "strategy") -> ChosenStrategy:
    """Choose a built-in strategy, or a version by SLUG@NUMBER or OWNER/SLUG@NUMBER.

    A version needs its number: what is asked for again is the same. Raises InputError, of
    ``field``, with the nearest name.
    """
    try:
        if name in BUILT_IN:
            return _of_built_in(name)
        if "@" not in name:
            raise _no_such(user, name)
        return choose_version(find_version(user=user, name=name))
    except InputError as problem:
        problem.details = {**problem.details, "field": field}
        raise


def choose_version(version: StrategyVersion) -> ChosenStrategy:
    """Choose a version that was found."""
    return ChosenStrategy(
        strategy_id=version.strategy_version_id,
        sha256=version.sha256,
        rules=version.rules,
        about=version.docstring.partition("\n")[0],
        version=version,
    )


def strategy_of(run: Run) -> ChosenStrategy:
    """Choose the strategy that a run was of, as it is now: a version is as it was.

    Raises InputError for a version that is not here: the run came with a bundle.
    """
    if run.version is not None:
        return choose_version(run.version)
    if is_version(run.strategy_id):
        raise InputError(
            f"The strategy {run.strategy_id} of run {run.pk} is not among yours: the run came from "
            "elsewhere, with its source. Import that as a strategy, and run it.",
            code="STRATEGY_NOT_FOUND",
            field="strategy",
        )
    return _of_built_in(run.strategy_id)


def find_same_version(*, user: User, strategy_id: str, sha256: str) -> StrategyVersion | None:
    """Find the user's own version that has this id and this source, where there is one."""
    if not is_version(strategy_id):
        return None
    slug, _, number = strategy_id.rpartition("@")
    mine = StrategyVersion.objects.filter(strategy__owner=user, strategy__slug=slug)
    return mine.filter(number=int(number), sha256=sha256).first()


def _of_built_in(name: str) -> ChosenStrategy:
    module = find_strategy(name)
    return ChosenStrategy(
        strategy_id=name,
        sha256=source_sha256(module),
        rules=module.PARAMS,
        about=(module.__doc__ or "").strip().partition("\n")[0],
    )


def _no_such(user: User, name: str) -> InputError:
    """Say what is missing: the number of a version, or the strategy itself."""
    try:
        newest = find_version(user=user, name=name) if name else None
    except InputError as problem:
        if problem.code != "STRATEGY_NOT_FOUND":
            return problem
        newest = None
    if newest is not None:
        return InputError(
            f"Say which version of {name}: the newest is {name}@{newest.number}.",
            allowed=f"{name}@1 to {name}@{newest.number}",
        )
    mine = StrategyVersion.objects.visible_to(user).select_related("strategy").order_by("-pk")
    known = sorted([*BUILT_IN, *{one.strategy_version_id for one in mine.defer("source")[:500]}])
    shown = name[:200]
    return InputError(
        f"There is no strategy {shown}. {suggest(shown, known)}",
        code="STRATEGY_NOT_FOUND",
        allowed=sorted(BUILT_IN),
    )
