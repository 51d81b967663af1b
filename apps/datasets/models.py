"""Datasets (the identities), revisions (the bytes), and the jobs that make and prove them."""

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Lower, Trim
from django.utils import timezone

from apps.permissions.models import VisibleQuerySet
from hewston.pipeline.equality import VERDICTS
from hewston.pipeline.ingest.tables.options import flatten_options
from hewston.pipeline.playback import StoredBars
from hewston.pipeline.spec import Instrument
from hewston.pipeline.store import Store
from hewston.taskqueue import Job, Status, new_id

_ROW = re.compile(r"(?P<file>.*), line (?P<line>[\d,]+)")  # of a table, as ingests leave it out


class DatasetQuerySet(VisibleQuerySet["Dataset"]):
    """Datasets as lists find, narrow and sort them."""

    def search(self, text: str) -> Self:
        """Keep those with a text in their id, symbol, source, notes or tags."""
        names = ("dataset_id", "symbol", "venue_code", "provider", "notes")
        tagged = Tag.objects.filter(dataset=OuterRef("pk"), name__icontains=text)
        found = Q(*((f"{name}__icontains", text) for name in names), _connector=Q.OR)
        return self.filter(found | Exists(tagged))

    def tagged(self, name: str) -> Self:
        """Keep those with a tag."""
        return self.filter(Exists(Tag.objects.filter(dataset=OuterRef("pk"), name=name)))

    def of_class(self, asset_class: str) -> Self:
        """Keep those of an asset class."""
        return self.filter(instrument__asset_class=asset_class)

    def covering(self, *days: dt.date) -> Self:
        """Keep those whose range has each of some exchange dates."""
        wanted = Q()
        for day in days:
            wanted &= Q(from_date__lte=day, to_date__gte=day)
        return self.filter(wanted)

    def archived(self, *, only: bool) -> Self:
        """Keep those that are archived, or those that are not."""
        return self.filter(archived_at__isnull=not only)

    def with_figures(self) -> Self:
        """Add what lists show: bars and findings of the newest revision, sizes and uses.

        ``rows`` and ``warnings`` are null without a revision; ``size_bytes`` is of all revisions;
        ``used_by`` counts every run, whoever asked for it.
        """
        newest = Revision.objects.filter(dataset=OuterRef("pk")).order_by("-number")
        sizes = Revision.objects.filter(dataset=OuterRef("pk")).order_by().values("dataset")
        runs = Dataset.objects.filter(pk=OuterRef("pk")).order_by().values("pk")
        return self.annotate(
            asset_class=KT("instrument__asset_class"),
            rows=Subquery(newest.values("rows")[:1]),
            warnings=Subquery(newest.values("warnings")[:1]),
            size_bytes=Coalesce(Subquery(sizes.values(total=models.Sum("size_bytes"))), 0),
            revision_count=Coalesce(Subquery(sizes.values(total=Count("pk"))), 0),
            used_by=Coalesce(Subquery(runs.values(total=Count("runs__dataset"))), 0),  # in an index
        )

    def of_quality(self, *, is_clean: bool) -> Self:
        """Of ``with_figures``: keep those whose newest revision has no findings, or has some."""
        return self.filter(warnings=0) if is_clean else self.filter(warnings__gt=0)


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
    notes = models.TextField(blank=True)
    archived_at = models.DateTimeField(null=True, db_index=True)  # lists leave it out since

    objects = DatasetQuerySet.as_manager()

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
    def is_archived(self) -> bool:
        """Tell whether lists leave it out."""
        return self.archived_at is not None

    @property
    def tag_names(self) -> list[str]:
        """Its tags by name."""
        return [tag.name for tag in self.tags.all()]

    @property
    def has_quotes(self) -> bool:
        """Tell whether its bars know a spread."""
        return "TBBO" in self.products

    @property
    def is_made_up(self) -> bool:
        """Tell whether no market made its bars, wherever they were ingested."""
        return self.provider.rpartition("/")[2] == "sample"

    @property
    def instrument_spec(self) -> Instrument:
        """What is traded, as the pipeline wants it."""
        return Instrument.from_json(self.instrument)


class Tag(models.Model):
    """A word that somebody put on a dataset."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)

    class Meta:
        """By name; a word once, in small letters, so that it is found however it is typed."""

        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dataset", "name"], name="datasets_tag_once"),
            models.CheckConstraint(
                condition=~Q(name="") & Q(name=Lower(Trim(F("name")))), name="datasets_tag_name"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["name", "dataset"], name="datasets_tag_name_of")]

    def __str__(self) -> str:
        """Give the word."""
        return self.name


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

    @property
    def stored(self) -> StoredBars:
        """Its bars, as they are read at any interval."""
        return StoredBars(
            root=settings.DATA_ROOT,
            folder=self.folder,
            bars_sha256=self.bars_sha256,
            interval=self.dataset.interval,
            calendar=self.dataset.calendar,
            tz=self.dataset.tz,
        )

    def equality_folder(self, digest: str) -> Path:
        """Where the report is of its comparison with what has this digest."""
        return Store(settings.DATA_ROOT).equality_folder(self.dataset_id, self.bars_sha256, digest)


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
        return _shorten(self.sources)

    @property
    def is_table(self) -> bool:
        """Tell whether its files are tables, about which something was said."""
        return "table" in self.options

    @property
    def can_look_again(self) -> bool:
        """Tell whether its tables can be previewed again: it failed, and they are still there."""
        is_failed = self.status in {Status.ERROR, Status.CANCELLED}
        return is_failed and self.is_table and all(path.exists() for path in self.paths)

    @property
    def bad_rows(self) -> list[dict[str, object]]:
        """Rows of tables that could not be read and were left out: file, line, reason."""
        found = [(_ROW.fullmatch(one["file"]), one["reason"]) for one in self.left_out]
        return [
            {"file": row["file"], "line": int(row["line"].replace(",", "")), "reason": reason}
            for row, reason in found
            if row
        ]

    @property
    def files_left_out(self) -> list[dict[str, str]]:
        """Whole files that were left out, with the reason."""
        return [one for one in self.left_out if not _ROW.fullmatch(one["file"])]

    @property
    def paths(self) -> list[Path]:
        """What it reads: the folder of what was sent, else the files and folders named."""
        if self.upload and self.is_table:
            return list_sent(self.upload, self.sources)
        return [self.upload_folder] if self.upload else [Path(name) for name in self.sources]


class Equality(Job):
    """A request to compare a revision's bars with those of files, and what came of it."""

    queue = "ingest"
    task = "apps.datasets.tasks.work_on_equality"

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="equalities")
    sources = models.JSONField()  # file names as the user gave them
    upload = models.CharField(max_length=12, blank=True, db_index=True)  # folder of sent files
    options = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)  # of what was compared with
    files = models.JSONField(default=list)  # [{name, sha256, size_bytes}] that were compared with
    verdict = models.CharField(max_length=30, blank=True)  # of a comparison that is done
    sentence = models.TextField(blank=True)
    counts = models.JSONField(default=dict)  # bars: ours, theirs, both, equal, differing, …

    objects = VisibleQuerySet["Equality"].as_manager()

    class Meta(Job.Meta):
        """As every job; one that is done has a verdict."""

        constraints: ClassVar = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                condition=Q(verdict__in=VERDICTS, status=Status.DONE)
                | (Q(verdict="") & ~Q(status=Status.DONE)),
                name="datasets_equality_verdict",
            ),
        ]

    @property
    def upload_folder(self) -> Path:
        """Where the files are that were sent for it, if they were sent."""
        return Store(settings.DATA_ROOT).uploads / self.upload

    @property
    def names(self) -> list[str]:
        """What its sources are called: those of the inbox by their place in it."""
        return _shorten(self.sources)

    @property
    def paths(self) -> list[Path]:
        """What it reads: the folder of what was sent, else the files and folders named."""
        return [self.upload_folder] if self.upload else [Path(name) for name in self.sources]

    @property
    def folder(self) -> Path:
        """Where its report is, once it is done."""
        return self.revision.equality_folder(self.digest)


def _shorten(sources: list[str]) -> list[str]:
    inbox = settings.INBOX
    return [
        str(Path(name).relative_to(inbox)) if Path(name).is_relative_to(inbox) else name
        for name in sources
    ]


def list_sent(upload: str, names: Sequence[str]) -> list[Path]:
    """Give what was sent: one file by itself, which any name may have, else their folder."""
    folder = Store(settings.DATA_ROOT).uploads / upload
    return [folder / names[0]] if len(names) == 1 else [folder]


class TableDraft(models.Model):
    """Tables that somebody looks at before they are brought in, and what was said of them.

    It ends when it is imported or cancelled, or a day after it was last changed.
    """

    id = models.CharField(primary_key=True, max_length=12, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    sources = models.JSONField()  # names of what was sent, or paths in the inbox
    upload = models.CharField(max_length=12, blank=True, db_index=True)  # folder of sent files
    options = models.JSONField(default=dict)  # as of the ingest that it becomes
    leave_out = models.PositiveIntegerField(null=True)  # so many rows that cannot be read
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = VisibleQuerySet["TableDraft"].as_manager()

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-created_at", "-id"]

    def __str__(self) -> str:
        """Name the draft by its id."""
        return self.id

    @property
    def paths(self) -> list[Path]:
        """What it reads, as ``Ingest.paths``."""
        if self.upload:
            return list_sent(self.upload, self.sources)
        return [Path(name) for name in self.sources]


class TablePreset(models.Model):
    """What somebody says of every table of a kind, under a name."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="table_presets"
    )
    name = models.CharField(max_length=80)
    options = models.JSONField()  # as of an ingest, without what is of one file alone
    created_at = models.DateTimeField(default=timezone.now)

    objects = VisibleQuerySet["TablePreset"].as_manager()

    class Meta:
        """Each name once."""

        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "name"], name="datasets_tablepreset_name")
        ]

    def __str__(self) -> str:
        """Call the preset by its name."""
        return self.name

    @property
    def said(self) -> dict[str, Any]:
        """What it says, by the names of what may be said of a table."""
        return flatten_options(self.options)
