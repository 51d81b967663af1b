"""Boards: many strategies beside the lists of trades that Pine made of them."""

from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.datasets.models import Revision
from apps.permissions.models import VisibleQuerySet
from hewston.pipeline.parity.board import Row
from hewston.pipeline.spec import RunSpec
from hewston.pipeline.store import Store
from hewston.taskqueue import Job, Status

_TOTALS = ("pairs", "trades", "matched", "extra", "aligned", "not_comparable")


class Board(Job):
    """A request to play pairs of a strategy and its list of trades on a revision.

    Its files are kept as long as it is, so that it can be asked for again.
    """

    queue = "runs"
    task = "apps.parity.tasks.work_on_board"
    missing = "BOARD_NOT_FOUND"

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="boards")
    name = models.CharField(max_length=200)  # of the folder or zip that the pairs came in
    spec = models.JSONField()  # of the run of each pair, whose strategy is nobody's
    zone = models.CharField(max_length=64, blank=True)  # of every list's times; else found out
    date_order = models.CharField(max_length=3, blank=True)  # where a list does not tell
    code_hash = models.CharField(max_length=64)  # of the pipeline that played it
    ignored = models.JSONField(default=list)  # names of files that are part of no pair
    rows = models.JSONField(default=list)  # of board.Row as JSON, by name
    pairs = models.PositiveIntegerField(null=True)  # null, as all that follow, until it is done
    trades = models.PositiveIntegerField(null=True)  # in all lists
    matched = models.PositiveIntegerField(null=True)
    extra = models.PositiveIntegerField(null=True)
    aligned = models.PositiveIntegerField(null=True)  # pairs
    not_comparable = models.PositiveIntegerField(null=True)  # pairs

    objects = VisibleQuerySet["Board"].as_manager()

    class Meta(Job.Meta):
        """As every job; one that is done has its figures."""

        constraints: ClassVar = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                condition=Q(status=Status.DONE, **{f"{name}__isnull": False for name in _TOTALS})
                | (~Q(status=Status.DONE) & Q(**{f"{name}__isnull": True for name in _TOTALS})),
                name="parity_board_figures",
            ),
        ]

    @property
    def folder(self) -> Path:
        """Where its pairs are."""
        return Store(settings.DATA_ROOT).board_folder(self.pk)

    @property
    def run_spec(self) -> RunSpec:
        """What decides the run of each pair, but for its strategy."""
        return RunSpec.from_json(self.spec)

    @property
    def pct(self) -> float | None:
        """Percent of all listed trades that match, 0 to 100."""
        return 100 * (self.matched or 0) / self.trades if self.trades else None

    def read_rows(self) -> list[Row]:
        """Read its rows, by name."""
        return [Row.from_json(row) for row in self.rows]

    def figures(self) -> dict[str, Any]:
        """Give its totals by name."""
        return {**{name: getattr(self, name) for name in _TOTALS}, "pct": self.pct}
