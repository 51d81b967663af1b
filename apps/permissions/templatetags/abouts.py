"""The (i) beside a figure: what it is, and what it rests on."""

from collections.abc import Mapping
from typing import Any

from django import template

from hewston.pipeline.metrics import METRICS, explain

register = template.Library()


@register.inclusion_tag("about_metric.html")
def about_metric(
    key: str, report: Mapping[str, Any] | None, currency: str = "USD", place: str = "figure"
) -> dict[str, object]:
    """Write the button that explains a metric of the registry, and what it opens.

        <dt>{{ item.metric.label }} {% about_metric item.metric.key report currency "kpi" %}</dt>

    ``report`` is the run's metrics.json as a mapping; with None the metric is explained for any
    run. ``place`` names the part of the page, so that a metric shown twice has two ids. It needs
    no script: the browser opens and closes a popover by click, Enter and Escape.
    """
    metric = METRICS[key]
    return {
        "metric": metric,
        "explained": explain(metric, report, currency=currency),
        "id": f"about-{place}-{key}",
    }
