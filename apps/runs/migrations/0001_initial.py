import django.db.models.deletion
import django.utils.timezone
import hewston.taskqueue
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("datasets", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=hewston.taskqueue.new_id,
                        editable=False,
                        max_length=12,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("QUEUED", "queued"),
                            ("RUNNING", "running"),
                            ("DONE", "done"),
                            ("ERROR", "failed"),
                            ("CANCELLED", "cancelled"),
                        ],
                        default="QUEUED",
                        max_length=9,
                    ),
                ),
                ("progress", models.JSONField(default=dict)),
                ("error", models.JSONField(null=True)),
                ("attempt", models.PositiveSmallIntegerField(default=0)),
                ("heartbeat_at", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_index=True, default=django.utils.timezone.now),
                ),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("spec", models.JSONField()),
                ("strategy_id", models.CharField(db_index=True, max_length=80)),
                ("code_hash", models.CharField(max_length=64)),
                ("input_hash", models.CharField(db_index=True, max_length=64)),
                ("manifest_sha256", models.CharField(blank=True, max_length=64)),
                ("name", models.CharField(blank=True, max_length=120)),
                ("note", models.TextField(blank=True)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="datasets.dataset",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="datasets.revision",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RunMetrics",
            fields=[
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="metrics",
                        serialize=False,
                        to="runs.run",
                    ),
                ),
                ("net_profit", models.FloatField(db_index=True, null=True)),
                ("final_equity", models.FloatField(db_index=True, null=True)),
                ("total_return", models.FloatField(db_index=True, null=True)),
                ("cagr", models.FloatField(db_index=True, null=True)),
                ("buy_and_hold_return", models.FloatField(db_index=True, null=True)),
                ("alpha", models.FloatField(db_index=True, null=True)),
                ("beta", models.FloatField(db_index=True, null=True)),
                ("max_drawdown", models.FloatField(db_index=True, null=True)),
                ("volatility", models.FloatField(db_index=True, null=True)),
                ("sharpe", models.FloatField(db_index=True, null=True)),
                ("sortino", models.FloatField(db_index=True, null=True)),
                ("calmar", models.FloatField(db_index=True, null=True)),
                ("skew", models.FloatField(db_index=True, null=True)),
                ("var_95", models.FloatField(db_index=True, null=True)),
                ("cvar_95", models.FloatField(db_index=True, null=True)),
                ("exposure", models.FloatField(db_index=True, null=True)),
                ("trades", models.IntegerField(db_index=True, null=True)),
                ("long_trades", models.IntegerField(db_index=True, null=True)),
                ("short_trades", models.IntegerField(db_index=True, null=True)),
                ("hit_rate", models.FloatField(db_index=True, null=True)),
                ("avg_win", models.FloatField(db_index=True, null=True)),
                ("avg_loss", models.FloatField(db_index=True, null=True)),
                ("payoff", models.FloatField(db_index=True, null=True)),
                ("profit_factor", models.FloatField(db_index=True, null=True)),
                ("expectancy", models.FloatField(db_index=True, null=True)),
                ("best_trade", models.FloatField(db_index=True, null=True)),
                ("worst_trade", models.FloatField(db_index=True, null=True)),
                ("win_streak", models.IntegerField(db_index=True, null=True)),
                ("loss_streak", models.IntegerField(db_index=True, null=True)),
                ("bars_held_mean", models.FloatField(db_index=True, null=True)),
                ("bars_held_median", models.FloatField(db_index=True, null=True)),
                ("turnover", models.FloatField(db_index=True, null=True)),
                ("fees_paid", models.FloatField(db_index=True, null=True)),
                ("slippage_paid", models.FloatField(db_index=True, null=True)),
                ("slippage_share", models.FloatField(db_index=True, null=True)),
                ("rejected_orders", models.IntegerField(db_index=True, null=True)),
            ],
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["status", "strategy_id", "dataset", "owner", "created_at"],
                name="runs_run_list",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["QUEUED", "RUNNING", "DONE", "ERROR", "CANCELLED"])
                ),
                name="runs_run_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["QUEUED", "RUNNING", "DONE"])),
                fields=("owner", "input_hash"),
                name="runs_run_same_inputs",
            ),
        ),
    ]
