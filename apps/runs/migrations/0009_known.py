"""Indexes that answer alone for runs that are known, and for those of a dataset or a revision."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two new indexes, and one that knows what is archived."""

    dependencies: ClassVar = [("runs", "0008_reproduction")]
    operations: ClassVar = [
        migrations.RemoveIndex(model_name="run", name="runs_run_range"),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=[
                    *("dataset", "archived_at", "last_date", "first_date"),
                    *("owner", "created_at", "id"),
                ],
                name="runs_run_range",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=[
                    *("id", "archived_at", "created_at", "owner"),
                    *("status", "strategy_id", "dataset"),
                ],
                name="runs_run_known",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["revision", "created_at", "id"], name="runs_run_of_revision"
            ),
        ),
    ]
