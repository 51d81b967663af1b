import django.utils.timezone
import hewston.taskqueue
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Dataset",
            fields=[
                ("dataset_id", models.CharField(max_length=120, primary_key=True, serialize=False)),
                ("symbol", models.CharField(db_index=True, max_length=71)),
                ("instrument", models.JSONField()),
                ("interval", models.CharField(max_length=4)),
                ("from_date", models.DateField()),
                ("to_date", models.DateField()),
                ("products", models.JSONField()),
                ("provider", models.CharField(max_length=20)),
                ("venue_code", models.CharField(max_length=40)),
                ("adjustment", models.CharField(default="raw", max_length=10)),
                ("calendar", models.CharField(max_length=20)),
                ("tz", models.CharField(max_length=40)),
                (
                    "status",
                    models.CharField(
                        choices=[("BUILDING", "building"), ("READY", "ready"), ("ERROR", "failed")],
                        default="READY",
                        max_length=8,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_index=True, default=django.utils.timezone.now),
                ),
            ],
            options={
                "ordering": ["-created_at", "dataset_id"],
            },
        ),
        migrations.CreateModel(
            name="Ingest",
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
                ("sources", models.JSONField()),
                ("options", models.JSONField(default=dict)),
                ("left_out", models.JSONField(default=list)),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Revision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("bars_sha256", models.CharField(db_index=True, max_length=64)),
                ("manifest_sha256", models.CharField(blank=True, max_length=64)),
                ("rows", models.PositiveBigIntegerField()),
                ("size_bytes", models.PositiveBigIntegerField()),
                ("first_ts", models.DateTimeField()),
                ("last_ts", models.DateTimeField()),
                ("calendar_version", models.CharField(max_length=20)),
                ("raw_files", models.JSONField()),
                ("warnings", models.PositiveIntegerField(default=0)),
                ("generated_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["dataset", "-number"],
            },
        ),
    ]
