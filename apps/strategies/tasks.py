"""The work of a check of a version: claim the row, call the pipeline, record one outcome."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from apps.datasets.models import Revision
from apps.strategies.models import StrategyCheck
from hewston import children
from hewston.pipeline.errors import CancelledError, HewstonError
from hewston.pipeline.fields import read_fields
from hewston.pipeline.spec import RunSpec, read_run_fields
from hewston.pipeline.strategies.catalogue import find_strategy, source_sha256
from hewston.sandboxes import client_for
from hewston.taskqueue import Claim, perform
from hewston.taskqueue.work import TICK_S

CHECK = "hewston.pipeline.checks.work:check_version"


def perform_check(
    check: StrategyCheck, *, report: Callable[[float], None] = lambda _share: None
) -> None:
    """Check a version. ``report`` gets the share done.

    Raises HewstonError when it could not be checked: only its row and log then remain.
    """
    perform(check, lambda claim: _check(check, claim, report))


def work_on_check(check_id: str) -> None:
    """Do what the queue delivered; a second delivery does nothing."""
    found = StrategyCheck.objects.select_related("version__strategy", "revision__dataset")
    if (check := found.filter(pk=check_id).first()) is not None:
        with contextlib.suppress(HewstonError, CancelledError):  # the row has said it
            perform_check(check)


def check_built_in(
    *, name: str, revision: Revision, progress: Callable[[float], None]
) -> dict[str, Any]:
    """Check a built-in strategy with its defaults, in a child; nothing of it is kept."""
    module = find_strategy(name)
    params = read_fields(module.PARAMS, {}, of="parameter", prefix="params.")
    spec = _build_spec(revision, name, source_sha256(module), params)

    def tick(share: object) -> None:
        if isinstance(share, float):
            progress(share)

    result: dict[str, Any] = children.call(
        CHECK,
        tick=tick,
        tick_s=TICK_S,
        log=lambda *_line, **_details: None,
        bars_file=revision.folder / "bars.parquet",
        spec=spec,
    )
    return result


def _check(check: StrategyCheck, claim: Claim, report: Callable[[float], None]) -> None:
    version = check.version
    result = claim.call(
        CHECK,
        report=report,
        bars_file=check.revision.folder / "bars.parquet",
        spec=_build_spec(check.revision, version.strategy_version_id, version.sha256, check.params),
        source=version.source.encode(),
        sandbox=client_for(version.source.encode()),
    )
    claim.log.write(result["sentence"], verdict=result["verdict"])
    is_ours = check.complete(
        verdict=result["verdict"],
        sentence=result["sentence"],
        result=result,
        progress={"share": 1.0},
    )
    if not is_ours:
        raise CancelledError("The check was cancelled.")


def _build_spec(
    revision: Revision, strategy_id: str, sha256: str, params: Mapping[str, Any]
) -> RunSpec:
    """Give what decides a run of a strategy on those bars, with nothing else said."""
    dataset = revision.dataset
    given = {"from": dataset.from_date, "to": dataset.to_date, "interval": dataset.interval}
    return RunSpec(
        bars_sha256=revision.bars_sha256,
        instrument=dataset.instrument_spec,
        calendar=dataset.calendar,
        tz=dataset.tz,
        symbol=dataset.symbol,
        strategy_id=strategy_id,
        strategy_sha256=sha256,
        params=dict(params),
        **read_run_fields(given),
    )
