"""Cost ladders: a finished run again, at multiples of its costs and at both fill clocks."""

import contextlib
import dataclasses
import functools
from collections.abc import Mapping, Sequence

from django.db import transaction

from apps.runs.actions.asking import request_run
from apps.runs.actions.changing import NAME_LENGTH, cancel_run
from apps.runs.actions.strategies import ChosenStrategy, strategy_of
from apps.runs.models import Run, Rung
from hewston.pipeline import ladder
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.fields import read_fields
from hewston.pipeline.spec import COST_FIELDS, FillClock, RunSpec
from hewston.taskqueue import LIVE, Status

_FIGURES = ("net_profit", "trades", "fees_paid", "slippage_paid", "rejected_orders")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ladder:
    """The rungs that there are of a run, with their runs and metrics."""

    base: Run
    rungs: Sequence[Rung]

    @property
    def wanted(self) -> int:
        """Count the rungs of a whole ladder."""
        return len(ladder.FACTORS) * len(ladder.CLOCKS)

    @functools.cached_property
    def done(self) -> list[Rung]:
        """List the rungs that have a result."""
        return [rung for rung in self.rungs if rung.run.status == Status.DONE]

    @property
    def is_live(self) -> bool:
        """Tell whether a rung waits or runs."""
        return any(rung.run.status in LIVE for rung in self.rungs)

    @property
    def is_whole(self) -> bool:
        """Tell whether every rung has a result."""
        return len(self.done) == self.wanted

    @property
    def share(self) -> float:
        """Give how much of the ladder is done, 0 to 1."""
        shares = (
            1.0 if rung.run.is_over else float(rung.run.progress.get("share") or 0)
            for rung in self.rungs
        )
        return sum(shares) / self.wanted

    @property
    def is_of_other_code(self) -> bool:
        """Tell whether another version of the pipeline made the base run, or some of the rungs."""
        return any(rung.run.code_hash != self.base.code_hash for rung in self.rungs)

    @functools.cached_property
    def steps(self) -> Mapping[str, list[ladder.Step]]:
        """Give what each rung earns, by fill clock."""
        return {
            clock: [
                ladder.Step(cost_factor=rung.cost_factor, net_profit=rung.run.metrics.net_profit)
                for rung in self.done
                if rung.fill_clock == clock and rung.run.metrics.net_profit is not None
            ]
            for clock in ladder.CLOCKS
        }

    @property
    def even_factors(self) -> Mapping[str, float | None]:
        """Give the multiple at which the profit is gone, by clock; None where it is not known."""
        return {
            clock: ladder.find_even_factor(steps) if len(steps) == len(ladder.FACTORS) else None
            for clock, steps in self.steps.items()
        }

    @property
    def conclusion(self) -> str:
        """Say in a sentence what it shows."""
        return ladder.conclude(self.steps)

    def as_json(self) -> dict[str, object]:
        """Give plain JSON values: status NONE, RUNNING, DONE or INCOMPLETE, and every rung."""
        status = "NONE" if not self.rungs else "DONE" if self.is_whole else "INCOMPLETE"
        return {
            "run_id": self.base.pk,
            "status": "RUNNING" if self.is_live else status,
            "conclusion": self.conclusion if self.rungs else None,
            "break_even": dict(self.even_factors),
            "rungs": [_describe_rung(rung) for rung in self.rungs],
        }


def _describe_rung(rung: Rung) -> dict[str, object]:
    run = rung.run
    figures = getattr(run, "metrics", None)
    return {
        "run_id": run.pk,
        "status": run.status,
        "cost_factor": rung.cost_factor,
        "fill_clock": rung.fill_clock,
        "slippage_fees": run.spec["slippage_fees"],
        "error": run.error,
        **{name: getattr(figures, name, None) for name in _FIGURES},
    }


def read_ladder(*, run: Run) -> Ladder:
    """Read the ladder of a run; no artifact is opened."""
    return Ladder(base=run, rungs=list(run.rungs.select_related("run__metrics")))


def explain_no_ladder(*, run: Run) -> str:
    """Say why a run cannot have a cost ladder, and what to do; empty when it can."""
    if run.status != Status.DONE:
        return (
            f"Run {run.pk} is {run.get_status_display()}: a cost ladder compares with its result, "
            "so it is for a run that is done."
        )
    if ladder.is_free(run.run_spec.slippage_fees):
        return (
            f"All costs of run {run.pk} are 0, and so is any multiple: there is nothing to scale. "
            "Run it again with costs, such as k_spread 0.5 and fees_bps 1, and ask that run."
        )
    return ""


@transaction.atomic
def climb_ladder(*, run: Run) -> tuple[Ladder, int]:
    """Ask for every rung of a run's cost ladder, for the one whose it is.

    A rung whose inputs are those of a run that waits, runs or is done is that run: the run itself
    is one, unless the code changed since. Returns the ladder and how many runs are new. Raises
    HewstonError where there can be no ladder, InputError for what may not be asked.
    """
    if problem := explain_no_ladder(run=run):
        code = "RUN_NOT_READY" if run.status != Status.DONE else "CONFLICT"
        raise HewstonError(problem, code=code)
    strategy, new = strategy_of(run), 0
    for clock in ladder.CLOCKS:
        for factor in ladder.FACTORS:
            child, created = request_run(
                owner=run.owner,
                revision=run.revision,
                spec=_scale(run.run_spec, strategy, factor, clock),
                version=strategy.version,
                speed=run.speed,
                name=_name(run, factor, clock),
            )
            Rung.objects.update_or_create(
                base=run, cost_factor=factor, fill_clock=clock, defaults={"run": child}
            )
            new += created
    return read_ladder(run=run), new


def _scale(spec: RunSpec, strategy: ChosenStrategy, factor: float, clock: FillClock) -> RunSpec:
    """Change costs and clock alone; instrument and dates stay as they were, code is what there is.

    Raises InputError for a cost that is more than may be said, or a strategy that changed so that
    it does not take these parameters any more.
    """
    costs = ladder.scale_costs(spec.slippage_fees, factor)
    read_fields(COST_FIELDS, {name: getattr(costs, name) for name in COST_FIELDS}, of="cost")
    return dataclasses.replace(
        spec,
        slippage_fees=costs,
        fill_clock=clock,
        strategy_sha256=strategy.sha256,
        params=strategy.read_params(spec.params),
    )


def leave_ladder(*, run: Run) -> None:
    """Cancel the rungs that wait or run and were asked for by this ladder.

    A rung may be a run that somebody asked for by itself, or another ladder: that goes on. Raises
    HewstonError when there is none to cancel.
    """
    live = [rung for rung in read_ladder(run=run).rungs if rung.run.status in LIVE]
    mine = [rung.run for rung in live if _is_named(rung)]
    if not mine:
        others = ", ".join(rung.run_id for rung in live)
        problem = f"this ladder did not ask for {others}" if others else "none is under way"
        raise HewstonError(f"No rung of run {run.pk} was cancelled: {problem}.", code="RUN_ENDED")
    for rung in mine:
        with contextlib.suppress(HewstonError):  # it ended, or was deleted, at this moment
            cancel_run(run=rung)


def _name(run: Run, factor: float, clock: str) -> str:
    """Name a rung's run so that a list of runs says what it is."""
    name = f"{_begin_name(factor, clock)}{run.name or run.strategy_id}"
    return f"{name[: NAME_LENGTH - len(run.pk) - 3]} ({run.pk})"


def _is_named(rung: Rung) -> bool:
    """Tell whether a rung's run has the name of this rung; its base may have another since."""
    begin = _begin_name(rung.cost_factor, rung.fill_clock)
    return rung.run.name.startswith(begin) and rung.run.name.endswith(f" ({rung.base_id})")


def _begin_name(factor: float, clock: str) -> str:
    return f"{factor:g}x costs at {ladder.CLOCK_WORDS[clock]}: "
