"""What every metric of a run is: the registry, for programs."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Router, Schema

from hewston.access import READ
from hewston.body import read_query
from hewston.openapi import refusals
from hewston.pipeline.metrics import METRICS
from hewston.pipeline.metrics.bands import BANDS, FORMULA

router = Router(tags=["Runs"])


class MetricOut(Schema):
    """A metric: what it is, and what it rests on."""

    key: str = Field(examples=["sharpe"])
    label: str
    group: str
    formula: str
    unit: str = Field(description="fraction (0.05 is 5 %), money, ratio, count, bars or days")
    better: str = Field(description="higher, lower or none")
    sample: str = Field(description="what it is computed from; `samples` of a run counts them")
    least: int = Field(description="how many of them there must be")
    annualised: str
    band: str | None = Field(description="the formula of its band, where it has one")


class MetricList(Schema):
    """Every metric, in the order in which pages show them."""

    items: list[MetricOut]
    total: int


@router.api_operation(
    ["GET", "HEAD"],
    "/api/metrics",
    auth=READ,
    summary="List metrics",
    response={200: MetricList, **refusals(422)},
    url_name="metrics",
)
def show_registry(request: HttpRequest) -> HttpResponse:
    """Say of each metric how it is computed, from what, and when it is absent."""
    read_query(request, {})
    names = [name for name in MetricOut.model_fields if name != "band"]
    items = [
        {name: getattr(metric, name) for name in names}
        | {"band": FORMULA if metric.key in BANDS else None}
        for metric in METRICS.values()
    ]
    return JsonResponse({"items": items, "total": len(items)})
