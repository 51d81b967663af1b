"""Lets a run name the version of a strategy that it is of."""

import importlib
from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

# The column is added where the table is. Going back makes the table of runs anew, which drops its
# triggers; the words that they keep stay, so only the triggers are made again.
_TRIGGERS = importlib.import_module("apps.runs.migrations.0007_lists").TRIGGERS_OF_RUNS


class Migration(migrations.Migration):
    """One column."""

    dependencies: ClassVar = [("runs", "0009_known"), ("strategies", "0002_immutable")]
    operations: ClassVar = [
        migrations.RunSQL(migrations.RunSQL.noop, _TRIGGERS),
        migrations.AddField(
            model_name="run",
            name="version",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="strategies.strategyversion",
            ),
        ),
    ]
