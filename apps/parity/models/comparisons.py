"""Comparisons of what Pine said with what Python does, and the certificates of their outcomes."""

from pathlib import Path
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.parity.models.artifacts import BridgeArtifact
from apps.permissions.models import VisibleQuerySet
from apps.runs.models import Run
from apps.strategies.models import StrategyVersion
from hewston.pipeline.parity.sources import ArtifactSource, RunSource, Source
from hewston.pipeline.spec import canonical_json
from hewston.pipeline.store import Store
from hewston.taskqueue import Job, Status, new_id

VERDICTS = (
    ("aligned", "aligned"),
    ("aligned_within_tolerance", "aligned within tolerance"),
    ("diverged", "diverged"),
    ("not_comparable", "not comparable"),
)
_VERDICT_NAMES = [name for name, _ in VERDICTS]
_COUNTS = ("bars", "series", "series_differ")
_TRADE_COUNTS = ("pine_trades", "python_trades", "trades_matched")


class ComparisonQuerySet(VisibleQuerySet["Comparison"]):
    """Comparisons, and which of them."""

    def with_sides(self) -> Self:
        """Read both sides with them."""
        artifacts = ("artifact", "second_artifact", "python_artifact")
        return self.select_related("owner", *artifacts, "run__revision__dataset", "run__version")

    def of_artifact(self, artifact_id: str) -> Self:
        """Keep those that a bridge artifact is part of, on either side."""
        return self.filter(
            Q(artifact=artifact_id)
            | Q(second_artifact=artifact_id)
            | Q(python_artifact=artifact_id)
        )


class Comparison(Job):
    """A request to set what Pine said beside a run, or beside another program's JSON.

    ``inputs_sha256`` names all that decides what comes of it: the same inputs are the same
    comparison. What came of it is in its folder; the columns are what lists show.
    """

    queue = "runs"
    task = "apps.parity.tasks.work_on_comparison"
    missing = "COMPARISON_NOT_FOUND"

    artifact = models.ForeignKey(
        BridgeArtifact, on_delete=models.PROTECT, related_name="comparisons"
    )
    # Pine's list of trades, where the artifact is its chart data.
    second_artifact = models.ForeignKey(
        BridgeArtifact, null=True, on_delete=models.PROTECT, related_name="comparisons_as_second"
    )
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="comparisons")
    python_artifact = models.ForeignKey(
        BridgeArtifact, null=True, on_delete=models.PROTECT, related_name="comparisons_as_python"
    )
    options = models.JSONField()  # of pipeline.parity.options.Options, all of them
    # Bars until the run's version settles, as a check measured it before: {bars, series} or {}.
    warmup = models.JSONField(default=dict)
    code_hash = models.CharField(max_length=64)  # of the pipeline that compares
    inputs_sha256 = models.CharField(max_length=64, db_index=True)
    verdict = models.CharField(max_length=24, blank=True, choices=VERDICTS)  # blank until done
    class_name = models.CharField(max_length=32, blank=True)  # of the first finding
    cause = models.CharField(max_length=32, blank=True)  # likewise
    sentence = models.TextField(blank=True)
    first_at = models.DateTimeField(null=True)  # where both part, as far as a bar says it
    bars = models.PositiveIntegerField(null=True)  # compared; null, as all that follow, until done
    series = models.PositiveIntegerField(null=True)  # compared
    series_differ = models.PositiveIntegerField(null=True)  # beyond the tolerance
    # Null too where one side has no trades.
    pine_trades = models.PositiveIntegerField(null=True)
    python_trades = models.PositiveIntegerField(null=True)
    trades_matched = models.PositiveIntegerField(null=True)
    report_sha256 = models.CharField(max_length=64, blank=True)  # of comparison.json

    objects = ComparisonQuerySet.as_manager()

    class Meta(Job.Meta):
        """As every job; one that is done has its figures, and the same inputs are the same one."""

        constraints: ClassVar = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                condition=Q(run__isnull=False, python_artifact__isnull=True)
                | Q(run__isnull=True, python_artifact__isnull=False),
                name="parity_comparison_one_python_side",
            ),
            models.CheckConstraint(
                condition=Q(
                    status=Status.DONE,
                    verdict__in=_VERDICT_NAMES,
                    report_sha256__regex=r"^[0-9a-f]{64}\Z",
                    **{f"{name}__isnull": False for name in _COUNTS},
                )
                | (
                    ~Q(status=Status.DONE)
                    & Q(
                        verdict="",
                        report_sha256="",
                        **{f"{name}__isnull": True for name in (*_COUNTS, *_TRADE_COUNTS)},
                    )
                ),
                name="parity_comparison_figures",
            ),
            models.UniqueConstraint(
                fields=["owner", "inputs_sha256"],
                condition=Q(status__in=[Status.QUEUED, Status.RUNNING, Status.DONE]),
                name="parity_comparison_same_inputs",
            ),
        ]

    @property
    def folder(self) -> Path:
        """Where its report and tables are."""
        return Store(settings.DATA_ROOT).comparison_folder(self.pk)

    @property
    def pine_artifacts(self) -> list[BridgeArtifact]:
        """What Pine said: one artifact, or two."""
        return [one for one in (self.artifact, self.second_artifact) if one is not None]

    @property
    def side_ids(self) -> dict[str, Any]:
        """Name both sides, as a request of the same ones does."""
        return {
            "artifact_id": self.artifact.pk,
            "second_artifact_id": self.second_artifact and self.second_artifact.pk,
            "run_id": self.run and self.run.pk,
            "python_artifact_id": self.python_artifact and self.python_artifact.pk,
        }

    @property
    def python_name(self) -> str:
        """Name Python's side for people."""
        if self.run is not None:
            return self.run.name or f"{self.run.strategy_id} on {self.run.dataset_id}"
        return "" if self.python_artifact is None else self.python_artifact.name

    def sources(self) -> tuple[tuple[Source, ...], tuple[Source, ...]]:
        """Give Pine's and Python's sources, as the pipeline reads them."""
        pine = tuple(ArtifactSource(folder=one.folder) for one in self.pine_artifacts)
        if self.python_artifact is not None:
            return pine, (ArtifactSource(folder=self.python_artifact.folder),)
        run = self._the_run
        python = RunSource(
            folder=run.folder,
            bars_file=run.revision.folder / "bars.parquet",
            run_id=run.pk,
            warmup=self.warmup.get("bars"),
            measured_warmup=self.warmup.get("series") or {},
        )
        return pine, (python,)

    @property
    def _the_run(self) -> Run:
        if self.run is None:  # a constraint of the database
            raise ValueError(f"Comparison {self.pk} is of no run.")
        return self.run

    def figures(self) -> dict[str, Any]:
        """Give its counts by name."""
        return {name: getattr(self, name) for name in (*_COUNTS, *_TRADE_COUNTS)}


class Certificate(models.Model):
    """What a comparison found of a strategy's version; it outlives the comparison."""

    id = models.CharField(primary_key=True, max_length=12, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    version = models.ForeignKey(
        StrategyVersion, on_delete=models.CASCADE, related_name="certificates"
    )
    comparison = models.ForeignKey(
        Comparison, null=True, on_delete=models.SET_NULL, related_name="certificates"
    )
    verdict = models.CharField(max_length=24, choices=VERDICTS)
    sentence = models.TextField(blank=True)
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)  # of the content as canonical JSON, in UTF-8
    created_at = models.DateTimeField(default=timezone.now)

    objects = VisibleQuerySet["Certificate"].as_manager()

    class Meta:
        """The newest first; the same content is the same certificate."""

        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(verdict__in=_VERDICT_NAMES), name="parity_certificate_verdict"
            ),
            models.UniqueConstraint(
                fields=["owner", "version", "sha256"], name="parity_certificate_content"
            ),
        ]

    def __str__(self) -> str:
        """Name the certificate by its id."""
        return self.id

    @property
    def text(self) -> str:
        """Give its content as the canonical JSON that its hash is of."""
        return canonical_json(self.content)
