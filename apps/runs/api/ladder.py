"""Cost ladders as JSON."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Router, Schema

from apps.runs.actions import climb_ladder, leave_ladder, read_ladder
from apps.runs.api.finding import find_run
from apps.runs.api.router import GET
from hewston.access import READ, RUN
from hewston.body import read_query
from hewston.openapi import refusals
from hewston.pipeline import ladder
from hewston.taskqueue import Status

router = Router(tags=["Runs"])


class RungOut(Schema):
    """One run of a ladder. Money is in the account's currency; null until it is done."""

    run_id: str
    status: str = Field(examples=["DONE"], description=", ".join(Status.values))
    cost_factor: float = Field(description="what every cost of the base run is multiplied by")
    fill_clock: str = Field(description=", ".join(ladder.CLOCKS))
    slippage_fees: dict[str, Any]
    error: dict[str, Any] | None
    net_profit: float | None
    trades: int | None
    fees_paid: float | None
    slippage_paid: float | None
    rejected_orders: int | None


class EvenOut(Schema):
    """Where the profit is gone, at each fill clock."""

    close: float | None
    next_open: float | None


class LadderOut(Schema):
    """A run at multiples of its costs and at both fill clocks."""

    run_id: str = Field(description="the base run")
    status: str = Field(
        description="NONE before it is asked for, RUNNING, DONE with all rungs, INCOMPLETE when "
        "some failed, were cancelled or deleted: POST asks for those again"
    )
    conclusion: str | None = Field(description="in a sentence; null before it is asked for")
    break_even: EvenOut = Field(
        description="the multiple of the costs at which net profit is 0, on a straight line "
        "between two rungs; 0 where there is none without costs; null where it is never gone, or "
        "not known"
    )
    rungs: list[RungOut]


@router.api_operation(
    GET,
    "/backtests/{run_id}/ladder",
    auth=READ,
    summary="A run's cost ladder",
    response={200: LadderOut, **refusals(404)},
    url_name="run-ladder",
)
def show_ladder(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show how far it is, what each rung earns and where the profit is gone."""
    read_query(request, {})
    return JsonResponse(read_ladder(run=find_run(request, run_id)).as_json())


@router.post(
    "/backtests/{run_id}/ladder",
    auth=RUN,
    summary="Ask for a cost ladder",
    response={202: LadderOut, 200: LadderOut, **refusals(404, 409, 422, 429, 503)},
)
def ask_for_ladder(request: HttpRequest, run_id: str) -> HttpResponse:
    """Run it at 0, 0.5, 1 and 2 times its costs, at both fill clocks.

    202 when runs are new; 200 where all eight were there. Runs with the same inputs are used again.
    """
    found, new = climb_ladder(run=find_run(request, run_id))
    return JsonResponse(found.as_json(), status=202 if new else 200)


@router.post(
    "/backtests/{run_id}/ladder/cancel",
    auth=RUN,
    summary="Cancel a cost ladder",
    response={200: LadderOut, **refusals(404, 409, 429)},
    url_name="run-ladder-cancel",
)
def stop_ladder(request: HttpRequest, run_id: str) -> HttpResponse:
    """Cancel the rungs that are not over; those that are done stay."""
    run = find_run(request, run_id)
    leave_ladder(run=run)
    return JsonResponse(read_ladder(run=run).as_json())
