"""Any part of a long list of runs, found without reading the whole list."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence

from django.db.models import Exists, F, Lookup, OuterRef, QuerySet
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from apps.runs.models import Run, RunMetrics, RunQuerySet
from hewston.taskqueue import Status

FEW = 2_000  # runs that are found first, then sorted; in ranges no more are counted
_OF_FIGURES = "metrics__"
_ENDS = {"gte": GreaterThanOrEqual, "lte": LessThanOrEqual}


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunListing:
    """Runs, narrowed by what they are and by ranges of their figures, in an order.

    ``ranges`` are lookups of RunMetrics. ``column`` is a column of Run, or of its ``metrics__``;
    runs without the figure are last. It is sliced into ids, from whichever end is nearer.

    Few runs are found first, then sorted. Of many, the database walks the index of what they are
    sorted by until there are enough, and asks of each whether it is wanted: the cost is that of a
    page.
    """

    runs: RunQuerySet
    ranges: Mapping[str, float] = dataclasses.field(default_factory=dict)
    column: str = "created_at"
    falls: bool = True
    counts_all: bool = False

    def query(self) -> RunQuerySet:
        """Give every run of the list, sorted."""
        return _sort(
            self.runs.filter(*self._list_ranges(_OF_FIGURES)), self.column, falls=self.falls
        )

    @property
    def is_capped(self) -> bool:
        """Tell whether more match than ``count`` says: counting them all would take long."""
        return bool(self.ranges) and not self.counts_all and self._total > FEW

    def count(self) -> int:
        """Count them; FEW where that is capped."""
        return FEW if self.is_capped else self._total

    def __getitem__(self, part: slice) -> list[str]:
        """Give ids of a part of the list."""
        start, end = part.start or 0, min(part.stop, self._total)
        if (few := self._few()) is not None:
            found = _sort(few, self.column, falls=self.falls)
            return list(found.values_list("pk", flat=True)[start:end])
        segments = self._list_segments()
        if self.is_capped or start <= self._total / 2:
            return _cut(segments, start, end - start)
        backwards = [segment.reverse() for segment in reversed(segments)]
        return _cut(backwards, self._total - end, end - start)[::-1]

    def _few(self) -> RunQuerySet | None:
        """Give the runs of the whole list by their ids, unsorted, where they are few."""
        if self.ranges:
            return None if self._ids is None else Run.objects.known(self._ids)
        if self._total > FEW:
            return None
        return Run.objects.filter(pk__in=self.runs.order_by().values("pk"))

    @functools.cached_property
    def _ids(self) -> list[str] | None:
        """Give the ids of the runs in the ranges, where they are few."""
        is_of_few = self.runs.order_by()[: FEW + 1].count() <= FEW
        found = self.query().order_by() if is_of_few else self._figures
        ids = list(found.values_list("pk", flat=True)[: FEW + 1])
        return ids if len(ids) <= FEW else None

    @functools.cached_property
    def _total(self) -> int:
        if not self.ranges:
            return self.runs.order_by().count()
        if self._ids is not None:
            return len(self._ids)
        return self._figures.count() if self.counts_all else FEW + 1

    @property
    def _figures(self) -> QuerySet[RunMetrics]:
        """The figures of the runs, which are asked for one by one."""
        wanted = Exists(self.runs.order_by().filter(pk=OuterRef("run_id")))
        return RunMetrics.objects.filter(*self._list_ranges(narrow=self._narrow)).filter(wanted)

    @functools.cached_property
    def _narrow(self) -> str | None:
        """Name a figure whose range few runs meet, whosoever they are."""
        for name in dict.fromkeys(key.partition("__")[0] for key in self.ranges):
            asked = {key: self.ranges[key] for key in self.ranges if key.startswith(f"{name}__")}
            # Of the figure alone: its index answers.
            if RunMetrics.objects.filter(**asked).values(name)[: FEW + 1].count() <= FEW:
                return name
        return None

    def _list_ranges(self, prefix: str = "", *, narrow: str | None = None) -> list["Lookup[bool]"]:
        """Give the conditions on figures, in a form that no index answers, but for a narrow one.

        SQLite cannot know how many figures are in a range: an index that it chose by chance would
        lead through most of the table by the longest way. Reading all of it is always short.
        """
        return [
            _ENDS[end](F(name) if name == narrow else F(prefix + name) + 0.0, value)
            for key, value in self.ranges.items()
            for name, _, end in [key.partition("__")]
        ]

    def _list_segments(self) -> Sequence["QuerySet[Run, str] | QuerySet[RunMetrics, str]"]:
        """Give the list in segments, each of them walked along an index."""
        sign = "-" if self.falls else ""
        if not self.column.startswith(_OF_FIGURES):
            runs: RunQuerySet = self.runs
            if self.ranges:
                runs = runs.filter(
                    Exists(RunMetrics.objects.filter(*self._list_ranges(), run=OuterRef("pk")))
                )
            return [runs.order_by(f"{sign}{self.column}", f"{sign}id").values_list("pk", flat=True)]
        name = self.column.removeprefix(_OF_FIGURES)
        ids = self._figures.order_by(f"{sign}{name}", f"{sign}run_id").values_list(
            "run_id", flat=True
        )
        segments = [ids.exclude(**{name: None}), ids.filter(**{name: None})]
        if self.ranges:
            return segments
        without = self.runs.exclude(status=Status.DONE).order_by(f"{sign}id")
        return [*segments, without.values_list("pk", flat=True)]


def _cut(
    segments: Sequence["QuerySet[Run, str] | QuerySet[RunMetrics, str]"], start: int, size: int
) -> list[str]:
    """Give ``size`` ids from ``start`` on of segments, one after the other."""
    ids: list[str] = []
    for segment in segments:
        found = list(segment[start : start + size - len(ids)])
        ids += found
        if len(ids) == size:
            break
        start = 0 if found else max(start - segment.count(), 0)
    return ids


def _sort(runs: RunQuerySet, column: str, *, falls: bool) -> RunQuerySet:
    """Sort as the segments are: runs without any figures after those without this one."""
    names = [column, "metrics__run"] if column.startswith(_OF_FIGURES) else [column]
    keys = [
        F(name).desc(nulls_last=True) if falls else F(name).asc(nulls_last=True) for name in names
    ]
    return runs.order_by(*keys, "-id" if falls else "id")
