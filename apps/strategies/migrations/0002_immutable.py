"""Lets nothing change a version once it is saved, whoever asks the database."""

from typing import ClassVar

from django.db import migrations

# Only the parent may go, with the strategy that it belongs to. A later migration that makes the
# table of versions anew drops its trigger: it must run this again.
_MAKE = """
CREATE TRIGGER strategies_version_never_changes BEFORE UPDATE ON strategies_strategyversion
WHEN new.id <> old.id OR new.strategy_id <> old.strategy_id OR new.number <> old.number
    OR new.source <> old.source OR new.sha256 <> old.sha256 OR new.params <> old.params
    OR new.options <> old.options OR new.docstring <> old.docstring OR new.note <> old.note
    OR new.author_id <> old.author_id OR new.created_at <> old.created_at
    OR new.parent_id IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a version of a strategy is never changed');
END
"""


class Migration(migrations.Migration):
    """One trigger."""

    dependencies: ClassVar = [("strategies", "0001_initial")]
    operations: ClassVar = [
        migrations.RunSQL(_MAKE, "DROP TRIGGER strategies_version_never_changes")
    ]
