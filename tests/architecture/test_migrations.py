"""The migrations are what the models say, and go back."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

PROJECT_APPS = ("permissions", "datasets", "strategies", "runs")


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run")


@pytest.mark.django_db(transaction=True)
def test_every_migration_goes_back_and_forth() -> None:
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        for app in reversed(PROJECT_APPS):
            call_command("migrate", app, "zero", verbosity=0)
        assert not [t for t in connection.introspection.table_names() if t.startswith(PROJECT_APPS)]
    finally:
        MigrationExecutor(connection).migrate(newest)
