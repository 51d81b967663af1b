"""Strategies (the names) and their versions (the sources, which nothing changes)."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Lower, Trim
from django.utils import timezone

from apps.datasets.models import Revision
from apps.permissions.models import User, VisibleQuerySet
from hewston.pipeline.checks.result import VERDICTS
from hewston.pipeline.engine.kind import EVENT, find_kind
from hewston.taskqueue import Job, Status

SLUG = r"^[a-z0-9][a-z0-9-]{1,62}\Z"  # $ would let a line feed follow


class StrategyQuerySet(VisibleQuerySet["Strategy"]):
    """Strategies as lists find, narrow and sort them."""

    def search(self, text: str) -> Self:
        """Keep those with a text in their slug, name, description, owner's name or tags."""
        names = ("slug", "name", "description", "owner__username")
        tagged = StrategyTag.objects.filter(strategy=OuterRef("pk"), name__icontains=text)
        found = Q(*((f"{name}__icontains", text) for name in names), _connector=Q.OR)
        return self.filter(found | Exists(tagged))

    def tagged(self, name: str) -> Self:
        """Keep those with a tag."""
        return self.filter(Exists(StrategyTag.objects.filter(strategy=OuterRef("pk"), name=name)))

    def archived(self, *, only: bool) -> Self:
        """Keep those that are archived, or those that are not."""
        return self.filter(archived_at__isnull=not only)

    def with_figures(self) -> Self:
        """Add what lists show: how many versions, the newest one's number, when it was saved, uses.

        ``used_by`` counts every run of any version, whoever asked for it.
        """
        versions = StrategyVersion.objects.filter(strategy=OuterRef("pk"))
        counted = versions.order_by().values("strategy")
        return self.annotate(
            version_count=Coalesce(Subquery(counted.values(total=Count("pk"))), 0),
            newest=Subquery(counted.values(total=Max("number"))),
            used_by=Coalesce(Subquery(counted.values(total=Count("runs"))), 0),
            saved_at=Subquery(counted.values(total=Max("created_at"))),
        )


class Strategy(models.Model):
    """What versions of one idea have in common: whose it is and what it is called."""

    class Language(models.TextChoices):
        """What its sources are written in."""

        PYTHON = "python", "Python"
        PINE = "pine", "Pine"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="strategies"
    )
    slug = models.CharField(max_length=63)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    language = models.CharField(max_length=6, choices=Language, default=Language.PYTHON)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    archived_at = models.DateTimeField(null=True, db_index=True)  # lists leave it out since

    objects = StrategyQuerySet.as_manager()

    class Meta:
        """A person uses a slug once."""

        ordering: ClassVar = ["slug", "pk"]
        verbose_name_plural = "strategies"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "slug"], name="strategies_strategy_slug_once"),
            models.CheckConstraint(condition=Q(slug__regex=SLUG), name="strategies_strategy_slug"),
            models.CheckConstraint(
                condition=Q(language__in=["python", "pine"]), name="strategies_strategy_language"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="strategies_strategy_name"),
        ]

    def __str__(self) -> str:
        """Name it by its slug."""
        return self.slug

    @property
    def path(self) -> str:
        """Name it among those of everybody."""
        return f"{self.owner.get_username()}/{self.slug}"

    @property
    def is_archived(self) -> bool:
        """Tell whether lists leave it out."""
        return self.archived_at is not None

    @property
    def tag_names(self) -> list[str]:
        """Its tags by name."""
        return [tag.name for tag in self.tags.all()]

    @property
    def latest(self) -> "StrategyVersion":
        """The newest version. Prefetched ``versions`` come newest first."""
        return self.versions.all()[0]


class StrategyTag(models.Model):
    """A word that somebody put on a strategy."""

    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)

    class Meta:
        """By name; a word once, in small letters, so that it is found however it is typed."""

        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["strategy", "name"], name="strategies_tag_once"),
            models.CheckConstraint(
                condition=~Q(name="") & Q(name=Lower(Trim(F("name")))), name="strategies_tag_name"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["name", "strategy"], name="strategies_tag_name_of")
        ]

    def __str__(self) -> str:
        """Give the word."""
        return self.name


class VersionQuerySet(models.QuerySet["StrategyVersion"]):
    """Versions as somebody may see them."""

    def visible_to(self, user: object) -> Self:
        """Keep those of strategies that the user may see."""
        if not isinstance(user, User):
            return self.none()
        return self.filter(strategy__in=Strategy.objects.visible_to(user))

    def with_runs(self) -> Self:
        """Keep those that any run is of, with their strategies and without their sources."""
        runs = StrategyVersion.objects.filter(pk=OuterRef("pk"), runs__isnull=False)
        return self.filter(Exists(runs)).select_related("strategy").defer("source", "docstring")


class StrategyVersion(models.Model):
    """A source as it was saved, and what the sandbox found in it. Never edited.

    A trigger of the database (migration 0002) refuses every change, whoever asks for it.
    """

    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()  # 1, 2, 3 …
    source = models.TextField()
    sha256 = models.CharField(max_length=64, db_index=True)  # of the source in UTF-8
    params = models.JSONField(default=dict)  # rules by name, as pipeline.fields reads them
    options = models.JSONField(default=dict)
    docstring = models.TextField(blank=True)
    note = models.TextField(blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="strategy_versions"
    )
    # What it was made from; that may be deleted, with the strategy that it belongs to.
    parent = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="children"
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = VersionQuerySet.as_manager()

    class Meta:
        """Newest first; numbers begin at 1 and each is used once."""

        ordering: ClassVar = ["strategy", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["strategy", "number"], name="strategies_version_once"),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="strategies_version_counts_from_1"
            ),
            models.CheckConstraint(condition=~Q(source=""), name="strategies_version_source"),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}\Z"), name="strategies_version_sha256"
            ),
        ]

    def __str__(self) -> str:
        """Name it as runs do."""
        return self.strategy_version_id

    @property
    def strategy_version_id(self) -> str:
        """Name it as runs do: ``slug@number``."""
        return f"{self.strategy.slug}@{self.number}"

    @property
    def rules(self) -> dict[str, Any]:
        """The rules of its parameters by name."""
        rules: dict[str, Any] = self.params
        return rules

    @property
    def is_event(self) -> bool:
        """Tell whether it is a class for the engine, which runs whole in the sandbox."""
        return find_kind(self.source.encode()) is EVENT

    @property
    def line_count(self) -> int:
        """How many lines the source has."""
        return self.source.count("\n")


class StrategyCheck(Job):
    """A request to see whether a version looks ahead, and how long it warms up; what came of it."""

    queue = "runs"
    task = "apps.strategies.tasks.work_on_check"
    missing = "CHECK_NOT_FOUND"

    version = models.ForeignKey(StrategyVersion, on_delete=models.CASCADE, related_name="checks")
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="checks")
    params = models.JSONField(default=dict)  # by name, defaults filled in
    verdict = models.CharField(max_length=20, blank=True)  # of a check that is done
    sentence = models.TextField(blank=True)
    result = models.JSONField(default=dict)  # as pipeline.checks gives it

    objects = VisibleQuerySet["StrategyCheck"].as_manager()

    class Meta(Job.Meta):
        """As every job; one that is done has a verdict."""

        constraints: ClassVar = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                condition=Q(verdict__in=VERDICTS, status=Status.DONE)
                | (Q(verdict="") & ~Q(status=Status.DONE)),
                name="strategies_check_verdict",
            ),
        ]

    @property
    def place(self) -> list[str | int]:
        """The parts of its address: owner, slug, number and id."""
        strategy = self.version.strategy
        return [strategy.owner.get_username(), strategy.slug, self.version.number, self.pk]
