"""Bridge artifacts: what TradingView, or another program, said of a strategy or an indicator."""

import datetime as dt
from pathlib import Path
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.permissions.models import VisibleQuerySet
from hewston.pipeline.store import Store, read_json
from hewston.taskqueue import new_id

KINDS = (("chart_data", "chart data"), ("trade_list", "list of trades"), ("json", "JSON"))
_KIND_NAMES = [name for name, _ in KINDS]
_SUFFIXES = {".csv", ".tsv", ".txt", ".xlsx", ".json", ".zip", ".gz"}
FACTS_FILE = "artifact.json"


def upload_suffix(filename: str) -> str:
    """Give the end of an upload's name that its copy keeps: no other part is the sender's."""
    suffix = Path(filename).suffix.lower()
    return suffix if suffix in _SUFFIXES else ""


class BridgeQuerySet(VisibleQuerySet["BridgeArtifact"]):
    """Bridge artifacts, and which of them."""

    def search(self, text: str) -> Self:
        """Keep those with each word in their id, name, symbol or file's name."""
        found = self
        for word in text.split():
            found = found.filter(
                Q(pk__istartswith=word)
                | Q(name__icontains=word)
                | Q(symbol__icontains=word)
                | Q(filename__icontains=word)
            )
        return found


class BridgeArtifact(models.Model):
    """An export as it was uploaded, and what was read of it; nothing of it changes."""

    id = models.CharField(primary_key=True, max_length=12, editable=False)  # by its content
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bridge_artifacts"
    )
    name = models.CharField(max_length=200)
    filename = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=KINDS)
    symbol = models.CharField(max_length=64, blank=True)
    interval = models.CharField(max_length=16, blank=True)  # of its bars, where it is said
    zone = models.CharField(max_length=64, blank=True)  # of its times, where they had none
    date_order = models.CharField(max_length=3, blank=True)  # dmy …, where that is a question
    candles = models.PositiveIntegerField()
    series = models.PositiveIntegerField()
    trades = models.PositiveIntegerField()
    open_trades = models.PositiveIntegerField()
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    upload_sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    objects = BridgeQuerySet.as_manager()

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=_KIND_NAMES), name="parity_bridgeartifact_kind"
            ),
            models.UniqueConstraint(
                fields=["owner", "upload_sha256", "zone", "date_order", "name", "symbol"],
                name="parity_bridgeartifact_content",
            ),
        ]

    def __str__(self) -> str:
        """Name the artifact by its id."""
        return self.id

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return Store(settings.DATA_ROOT).bridge_folder(self.pk)

    def read_facts(self) -> dict[str, Any]:
        """Read what is known of it beside the row. Raises InputError where that is damaged."""
        return read_json(self.folder / FACTS_FILE)

    @property
    def file(self) -> Path:
        """Its upload, as it came."""
        return self.folder / f"upload{upload_suffix(self.filename)}"


class BridgeDraft(models.Model):
    """An upload that somebody looks at before it is kept, and what was said of it.

    It ends when it is kept or cancelled, or a day after it was last changed.
    """

    id = models.CharField(primary_key=True, max_length=12, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    filename = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)  # else as the file says
    symbol = models.CharField(max_length=64, blank=True)  # likewise
    zone = models.CharField(max_length=64, blank=True)
    date_order = models.CharField(max_length=3, blank=True)
    dataset_id = models.CharField(max_length=200, blank=True)  # with which its zone is looked for
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = VisibleQuerySet["BridgeDraft"].as_manager()

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-changed_at", "-id"]

    def __str__(self) -> str:
        """Name the draft by its id."""
        return self.id

    @property
    def folder(self) -> Path:
        """Where its file is."""
        return Store(settings.DATA_ROOT).bridge_drafts / self.pk

    @property
    def file(self) -> Path:
        """Its file."""
        return self.folder / self.filename

    @staticmethod
    def too_old(now: dt.datetime) -> Q:
        """Tell which drafts have ended because nobody changed them for a day."""
        return Q(changed_at__lt=now - dt.timedelta(days=1))
