"""A first look at a comparison, of exports that are made up."""

from django.conf import settings

from apps.parity.actions.artifacts import keep_file
from apps.parity.actions.comparisons import request_comparison
from apps.parity.models import Comparison
from apps.permissions.models import User
from hewston.pipeline import store
from hewston.pipeline.parity.example import write_example
from hewston.taskqueue import new_id


def first_look(*, owner: User) -> tuple[Comparison, bool]:
    """Keep the example's exports and ask for their comparison; asking twice does nothing twice.

    Gives the comparison, and whether it is new. What belongs to it can be deleted as anything else.
    """
    with store.Store(settings.DATA_ROOT).staging(f"example-{new_id()}") as folder:
        example = write_example(folder)
        chart, trades, port = (
            keep_file(owner=owner, path=path, filename=path.name, zone=zone, name=title)[0]
            for path, zone, title in (
                (example.chart, "", "Example: chart data"),
                (example.trades, "UTC", "Example: list of trades"),
                (example.port, "", "Example: its port to Python"),
            )
        )
    return request_comparison(
        owner=owner,
        artifact_id=chart.pk,
        second_artifact_id=trades.pk,
        python_artifact_id=port.pk,
    )
