"""Ingests (the jobs), datasets (the identities) and revisions (the bytes)."""

from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.permissions.models import VisibleQuerySet
from hewston.pipeline.spec import Instrument
from hewston.pipeline.store import Store
from hewston.taskqueue import Job


class Dataset(models.Model):
    """Bars of one symbol from one source over one range.

    What came in again under the same identity with other bytes is a new revision of it.
    """

    class State(models.TextChoices):
        """Whether the dataset can be used."""

        BUILDING = "BUILDING", "building"
        READY = "READY", "ready"
        ERROR = "ERROR", "failed"

    dataset_id = models.CharField(primary_key=True, max_length=120)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    symbol = models.CharField(max_length=71, db_index=True)
    instrument = models.JSONField()
    interval = models.CharField(max_length=4)
    from_date = models.DateField()
    to_date = models.DateField()
    products = models.JSONField()
    provider = models.CharField(max_length=20)
    venue_code = models.CharField(max_length=40)
    adjustment = models.CharField(max_length=10, default="raw")
    calendar = models.CharField(max_length=20)
    tz = models.CharField(max_length=40)
    status = models.CharField(max_length=8, choices=State, default=State.READY)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = VisibleQuerySet["Dataset"].as_manager()

    class Meta:
        """One row an identity."""

        ordering: ClassVar = ["-created_at", "dataset_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "owner",
                    "provider",
                    "venue_code",
                    "symbol",
                    "interval",
                    "from_date",
                    "to_date",
                    "products",
                    "adjustment",
                ],
                name="datasets_dataset_identity",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["BUILDING", "READY", "ERROR"]),
                name="datasets_dataset_status",
            ),
            models.CheckConstraint(
                condition=Q(from_date__lte=models.F("to_date")), name="datasets_dataset_range"
            ),
        ]

    def __str__(self) -> str:
        """Name the dataset by its id."""
        return self.dataset_id

    @property
    def latest(self) -> "Revision":
        """The newest revision. Prefetched ``revisions`` come newest first."""
        return self.revisions.all()[0]

    @property
    def has_quotes(self) -> bool:
        """Tell whether its bars know a spread."""
        return "TBBO" in self.products

    @property
    def instrument_spec(self) -> Instrument:
        """What is traded, as the pipeline wants it."""
        return Instrument.from_json(self.instrument)


class Revision(models.Model):
    """Bytes of a dataset, named by the SHA-256 of their bars. Never edited."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    bars_sha256 = models.CharField(max_length=64, db_index=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    rows = models.PositiveBigIntegerField()
    size_bytes = models.PositiveBigIntegerField()
    first_ts = models.DateTimeField()  # start of the first bar, inclusive
    last_ts = models.DateTimeField()  # start of the last bar
    calendar_version = models.CharField(max_length=20)
    raw_files = models.JSONField()  # [{name, sha256, suffix, size_bytes}]
    warnings = models.PositiveIntegerField(default=0)  # findings of quality.json above "info"
    generated_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(
        "Ingest", null=True, on_delete=models.SET_NULL, related_name="made"
    )  # the ingest that brought these bytes first

    class Meta:
        """Newest first; the same bytes once."""

        ordering: ClassVar = ["dataset", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dataset", "number"], name="datasets_revision_number"),
            models.UniqueConstraint(
                fields=["dataset", "bars_sha256"], name="datasets_revision_bytes"
            ),
        ]

    def __str__(self) -> str:
        """Name the revision by its dataset and number."""
        return f"{self.dataset_id} revision {self.number}"

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return Store(settings.DATA_ROOT).dataset_folder(self.dataset_id, self.bars_sha256)


class Ingest(Job):
    """A request to bring market data in."""

    queue = "ingest"
    task = "apps.datasets.tasks.work_on_ingest"

    sources = models.JSONField()  # file names as the user gave them
    upload = models.CharField(max_length=12, blank=True, db_index=True)  # folder of sent files
    options = models.JSONField(default=dict)
    left_out = models.JSONField(default=list)  # [{file, reason}]
    revisions = models.ManyToManyField(Revision, related_name="ingests")

    objects = VisibleQuerySet["Ingest"].as_manager()

    class Meta(Job.Meta):
        """As every job."""

    @property
    def upload_folder(self) -> Path:
        """Where the files are that were sent for it, if they were sent."""
        return Store(settings.DATA_ROOT).uploads / self.upload

    @property
    def names(self) -> list[str]:
        """What its sources are called: those of the inbox by their place in it."""
        inbox = settings.INBOX
        return [
            str(Path(name).relative_to(inbox)) if Path(name).is_relative_to(inbox) else name
            for name in self.sources
        ]

    @property
    def paths(self) -> list[Path]:
        """What it reads: the folder of what was sent, else the files and folders named."""
        return [self.upload_folder] if self.upload else [Path(name) for name in self.sources]
