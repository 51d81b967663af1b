"""Runs, and the metrics that lists filter and sort by."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KT
from django.db.models.functions import Lower, Trim
from django.utils import timezone

from apps.datasets.models import Dataset, Revision
from apps.permissions.models import User, VisibleQuerySet
from apps.strategies.models import StrategyVersion
from hewston.pipeline.breakdown import StoredRun
from hewston.pipeline.spec import RunSpec
from hewston.pipeline.store import Store
from hewston.taskqueue import Job, Status

_LISTED = ["archived_at", "created_at", "id", "status", "strategy_id", "dataset"]
MOST_FOUND = 2_000  # runs that a search by words gives
_TRIGRAM = 3  # characters of the shortest word that the index of words knows
# The table and what keeps it are in migration 0007_lists.
_FIND = """
    SELECT run_id FROM runs_run_words
    CROSS JOIN runs_run INDEXED BY runs_run_known ON runs_run.id = run_id
    WHERE runs_run_words MATCH %s AND (%s OR owner_id = %s)
    ORDER BY runs_run_words.rowid DESC LIMIT %s OFFSET %s
"""


class RunQuerySet(VisibleQuerySet["Run"]):
    """Runs as lists find and narrow them."""

    def search(self, text: str, *, user: User) -> Self:
        """Keep those with every word of a text in their id, name, note or a tag.

        A word of one or two characters is the beginning of an id, or a tag. Where more than
        MOST_FOUND that the user may see have the longer words, the latest of them are kept.
        """
        found, words = self, dict.fromkeys(text.split())
        for word in (word.lower() for word in words if len(word) < _TRIGRAM):
            found = found.filter(Q(id__startswith=word) | Q(pk__in=_tagged(word)))
        ids = _find_words(text, user=user, count=MOST_FOUND)
        return found if ids is None else found.known(ids)

    def known(self, ids: Sequence[str]) -> Self:
        """Keep those with one of some ids. The database takes them as one text, however many."""
        listed = RawSQL("SELECT value FROM json_each(%s)", [json.dumps(ids)])
        return self.filter(pk__in=listed)

    def tagged(self, name: str) -> Self:
        """Keep those with a tag."""
        return self.filter(pk__in=_tagged(name))

    def archived(self, *, only: bool) -> Self:
        """Keep those that are archived, or those that are not."""
        return self.filter(archived_at__isnull=not only)


def has_too_many(text: str, *, user: User) -> bool:
    """Tell whether more of the runs that a user may see have a text's words than are found."""
    return bool(_find_words(text, user=user, count=1, after=MOST_FOUND))


def _find_words(text: str, *, user: User, count: int, after: int = 0) -> list[str] | None:
    """Give the latest runs that have every longer word of a text; None where it has none.

    They are cut after the user's were chosen: how many others there are is not to be learnt.
    """
    words = [word.replace('"', '""') for word in dict.fromkeys(text.split())]
    quoted = " ".join(f'"{word}"' for word in words if len(word) >= _TRIGRAM)
    if not quoted:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [quoted, user.is_superuser, user.pk, count, after])
        return [run_id for (run_id,) in cursor.fetchall()]


def _tagged(name: str) -> "models.QuerySet[RunTag, Any]":
    return RunTag.objects.filter(name=name).values("run")


class Run(Job):
    """A backtest: what was asked for, and how it ended. Its results are in its folder."""

    queue = "runs"
    task = "apps.runs.tasks.work_on_run"
    missing = "RUN_NOT_FOUND"

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="runs")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="runs")
    spec = models.JSONField()
    # The range of exchange dates, out of the spec, for lists to filter by.
    first_date = models.GeneratedField(
        expression=KT("spec__from"), output_field=models.CharField(max_length=10), db_persist=True
    )
    last_date = models.GeneratedField(
        expression=KT("spec__to"), output_field=models.CharField(max_length=10), db_persist=True
    )
    strategy_id = models.CharField(max_length=80, db_index=True)
    # What it is of; null for a built-in strategy, and for a version that is not here.
    version = models.ForeignKey(
        StrategyVersion, null=True, on_delete=models.PROTECT, related_name="runs"
    )
    code_hash = models.CharField(max_length=64)
    input_hash = models.CharField(max_length=64, db_index=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)  # of a run that is done
    name = models.CharField(max_length=120, blank=True)
    note = models.TextField(blank=True)
    speed = models.FloatField(default=60.0)  # of its playback; decides nothing
    archived_at = models.DateTimeField(null=True, db_index=True)  # lists leave it out since
    # The last proof: when, by which version of Hewston, and a sentence for each problem it found.
    verified_at = models.DateTimeField(null=True)
    verified_by = models.CharField(max_length=40, blank=True)
    verified_problems = models.JSONField(default=list)

    objects = RunQuerySet.as_manager()

    class Meta(Job.Meta):
        """The same inputs are the same run."""

        # Lists filter and count on these alone, without reading the rows and their specs.
        indexes: ClassVar = [
            models.Index(fields=["owner", *_LISTED], name="runs_run_of_owner"),
            models.Index(fields=_LISTED, name="runs_run_of_all"),
            models.Index(
                fields=[
                    *("dataset", "archived_at", "last_date", "first_date"),
                    *("owner", "created_at", "id"),
                ],
                name="runs_run_range",
            ),
            # Of runs that are known already: by a tag, by words, by their figures.
            models.Index(
                fields=[
                    *("id", "archived_at", "created_at", "owner"),
                    *("status", "strategy_id", "dataset"),
                ],
                name="runs_run_known",
            ),
            models.Index(fields=["revision", "created_at", "id"], name="runs_run_of_revision"),
        ]
        constraints: ClassVar = [
            *Job.Meta.constraints,
            models.UniqueConstraint(
                fields=["owner", "input_hash"],
                condition=Q(status__in=[Status.QUEUED, Status.RUNNING, Status.DONE]),
                name="runs_run_same_inputs",
            ),
        ]

    @property
    def is_archived(self) -> bool:
        """Tell whether lists leave it out."""
        return self.archived_at is not None

    @property
    def tag_names(self) -> list[str]:
        """Its tags by name."""
        return [tag.name for tag in self.tags.all()]

    @property
    def folder(self) -> Path:
        """Where its artifacts are."""
        return Store(settings.DATA_ROOT).run_folder(self.id)

    @property
    def results_sha256(self) -> str:
        """Name its results: other ones of the same inputs, as a bundle may bring, have another."""
        return self.manifest_sha256 or self.input_hash

    @property
    def stored(self) -> StoredRun:
        """Its results, as they are broken down."""
        return StoredRun(
            root=settings.DATA_ROOT,
            folder=self.folder,
            dataset=self.revision.folder,
            bars_sha256=self.revision.bars_sha256,
            starting_cash=self.spec["starting_cash"],
            calendar=self.spec["calendar"],
            tz=self.spec["tz"],
        )

    @property
    def last_reproduction(self) -> "Reproduction | None":
        """The newest time that it was computed again to the end, if it was."""
        return self.reproductions.filter(status=Status.DONE).first()

    @property
    def is_imported(self) -> bool:
        """Tell whether it came with a bundle: it is done, and nobody here has worked on it."""
        return self.status == Status.DONE and self.attempt == 0

    @property
    def run_spec(self) -> RunSpec:
        """What decided the run."""
        return RunSpec.from_json(self.spec)


class RunKey(models.Model):
    """An idempotency key: the request that was sent with it, and the run it made or found."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=200)
    body_sha256 = models.CharField(max_length=64)  # of the body in canonical JSON
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="keys")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """A person uses a key once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "key"], name="runs_runkey_once")
        ]

    def __str__(self) -> str:
        """Show the key itself."""
        return self.key


class RunTag(models.Model):
    """A word that somebody put on a run, to find it again."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)

    class Meta:
        """By name; a word once, in small letters, so that it is found however it is typed."""

        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "name"], name="runs_runtag_once"),
            models.CheckConstraint(
                condition=~Q(name="") & Q(name=Lower(Trim(F("name")))), name="runs_runtag_name"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["name", "run"], name="runs_runtag_name_of")]

    def __str__(self) -> str:
        """Give the word."""
        return self.name


class SavedView(models.Model):
    """A list of runs as somebody keeps it: filters, order and columns, as a query string."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    name = models.CharField(max_length=80)
    query = models.TextField()

    objects = VisibleQuerySet["SavedView"].as_manager()

    class Meta:
        """A person uses a name once."""

        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "name"], name="runs_savedview_once")
        ]

    def __str__(self) -> str:
        """Show its name."""
        return self.name


class Rung(models.Model):
    """A run of a cost ladder: another run's inputs at a multiple of its costs, at a fill clock."""

    base = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="rungs")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="rung_of")
    cost_factor = models.FloatField()  # of k_spread, slippage_ticks, fees_bps and fee_per_unit
    fill_clock = models.CharField(max_length=9)

    class Meta:
        """A ladder has a rung once."""

        ordering: ClassVar = ["fill_clock", "cost_factor"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["base", "cost_factor", "fill_clock"], name="runs_rung_once"
            ),
            models.CheckConstraint(
                condition=Q(fill_clock__in=["close", "next_open"]), name="runs_rung_fill_clock"
            ),
        ]

    def __str__(self) -> str:
        """Name the rung by its costs and its clock."""
        return f"{self.cost_factor:g}x, {self.fill_clock}"


class Reproduction(Job):
    """A request to compute a run again and compare every hash, and what came of it."""

    queue = "runs"
    task = "apps.runs.tasks.work_on_reproduction"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="reproductions")
    version = models.CharField(max_length=60, blank=True)  # of Hewston, that computed it again
    outcome = models.JSONField(default=dict)  # expected, actual, differences, changes

    objects = VisibleQuerySet["Reproduction"].as_manager()

    class Meta(Job.Meta):
        """As every job."""

    @property
    def is_equal(self) -> bool | None:
        """Tell whether every hash is equal; None until it is done."""
        return None if self.status != Status.DONE else not self.differences

    @property
    def differences(self) -> dict[str, str]:
        """A sentence for each artifact whose bytes differ."""
        found: dict[str, str] = self.outcome.get("differences", {})
        return found


class RunMetrics(models.Model):
    """Figures of a finished run: each metric of the registry, null where it is absent.

    Money is in the account's currency; ratios and returns are fractions.
    """

    run = models.OneToOneField(
        Run, on_delete=models.CASCADE, primary_key=True, related_name="metrics"
    )
    net_profit = models.FloatField(null=True, db_index=True)
    final_equity = models.FloatField(null=True, db_index=True)
    total_return = models.FloatField(null=True, db_index=True)
    cagr = models.FloatField(null=True, db_index=True)
    buy_and_hold_return = models.FloatField(null=True, db_index=True)
    alpha = models.FloatField(null=True, db_index=True)
    beta = models.FloatField(null=True, db_index=True)
    max_drawdown = models.FloatField(null=True, db_index=True)
    max_drawdown_money = models.FloatField(null=True, db_index=True)
    max_drawdown_days = models.FloatField(null=True, db_index=True)
    longest_drawdown_days = models.FloatField(null=True, db_index=True)
    time_under_water = models.FloatField(null=True, db_index=True)
    ulcer_index = models.FloatField(null=True, db_index=True)
    volatility = models.FloatField(null=True, db_index=True)
    sharpe = models.FloatField(null=True, db_index=True)
    sortino = models.FloatField(null=True, db_index=True)
    calmar = models.FloatField(null=True, db_index=True)
    recovery_factor = models.FloatField(null=True, db_index=True)
    omega = models.FloatField(null=True, db_index=True)
    skew = models.FloatField(null=True, db_index=True)
    kurtosis = models.FloatField(null=True, db_index=True)
    best_day = models.FloatField(null=True, db_index=True)
    worst_day = models.FloatField(null=True, db_index=True)
    winning_days = models.FloatField(null=True, db_index=True)
    var_95 = models.FloatField(null=True, db_index=True)
    cvar_95 = models.FloatField(null=True, db_index=True)
    exposure = models.FloatField(null=True, db_index=True)
    trades = models.IntegerField(null=True, db_index=True)
    long_trades = models.IntegerField(null=True, db_index=True)
    short_trades = models.IntegerField(null=True, db_index=True)
    winning_trades = models.IntegerField(null=True, db_index=True)
    losing_trades = models.IntegerField(null=True, db_index=True)
    hit_rate = models.FloatField(null=True, db_index=True)
    avg_win = models.FloatField(null=True, db_index=True)
    avg_loss = models.FloatField(null=True, db_index=True)
    payoff = models.FloatField(null=True, db_index=True)
    profit_factor = models.FloatField(null=True, db_index=True)
    expectancy = models.FloatField(null=True, db_index=True)
    avg_trade_return = models.FloatField(null=True, db_index=True)
    sqn = models.FloatField(null=True, db_index=True)
    best_trade = models.FloatField(null=True, db_index=True)
    worst_trade = models.FloatField(null=True, db_index=True)
    win_streak = models.IntegerField(null=True, db_index=True)
    loss_streak = models.IntegerField(null=True, db_index=True)
    bars_held_mean = models.FloatField(null=True, db_index=True)
    bars_held_median = models.FloatField(null=True, db_index=True)
    turnover = models.FloatField(null=True, db_index=True)
    fees_paid = models.FloatField(null=True, db_index=True)
    slippage_paid = models.FloatField(null=True, db_index=True)
    slippage_share = models.FloatField(null=True, db_index=True)
    rejected_orders = models.IntegerField(null=True, db_index=True)

    def __str__(self) -> str:
        """Name the figures by their run."""
        return f"metrics of {self.run_id}"
