"""Makes lists of 100,000 runs fast: indexes that answer alone, and one of the words in them."""

import re
from typing import ClassVar

from django.conf import settings
from django.db import migrations, models

_LISTED = ["archived_at", "created_at", "id", "status", "strategy_id", "dataset"]

# Triggers keep the words, so that no way of writing a run can forget them. A later migration that
# makes the table of runs or of their tags anew drops its triggers: it must run these again.
_MAKE = """
CREATE VIRTUAL TABLE runs_run_words USING fts5(run_id, name, note, tags, tokenize='trigram');

INSERT INTO runs_run_words (run_id, name, note, tags)
SELECT id, name, note,
    COALESCE((SELECT group_concat(t.name, ' ') FROM runs_runtag t WHERE t.run_id = r.id), '')
FROM runs_run r ORDER BY created_at;

CREATE TRIGGER runs_run_words_insert AFTER INSERT ON runs_run BEGIN
    INSERT INTO runs_run_words (run_id, name, note, tags)
    VALUES (new.id, new.name, new.note, '');
END;

CREATE TRIGGER runs_run_words_update AFTER UPDATE OF name, note ON runs_run
WHEN old.name <> new.name OR old.note <> new.note BEGIN
    UPDATE runs_run_words SET name = new.name, note = new.note
    WHERE rowid = (SELECT rowid FROM runs_run_words
        WHERE runs_run_words MATCH 'run_id:"' || new.id || '"' AND run_id = new.id);
END;

CREATE TRIGGER runs_run_words_delete AFTER DELETE ON runs_run BEGIN
    DELETE FROM runs_run_words
    WHERE rowid = (SELECT rowid FROM runs_run_words
        WHERE runs_run_words MATCH 'run_id:"' || old.id || '"' AND run_id = old.id);
END;

CREATE TRIGGER runs_run_words_tag AFTER INSERT ON runs_runtag BEGIN
    UPDATE runs_run_words SET tags = (SELECT group_concat(t.name, ' ') FROM runs_runtag t
        WHERE t.run_id = new.run_id)
    WHERE rowid = (SELECT rowid FROM runs_run_words
        WHERE runs_run_words MATCH 'run_id:"' || new.run_id || '"' AND run_id = new.run_id);
END;

CREATE TRIGGER runs_run_words_untag AFTER DELETE ON runs_runtag BEGIN
    UPDATE runs_run_words SET tags = COALESCE((SELECT group_concat(t.name, ' ')
        FROM runs_runtag t WHERE t.run_id = old.run_id), '')
    WHERE rowid = (SELECT rowid FROM runs_run_words
        WHERE runs_run_words MATCH 'run_id:"' || old.run_id || '"' AND run_id = old.run_id);
END;
"""
_DROP = (
    "".join(
        f"DROP TRIGGER runs_run_words_{name};"
        for name in ("insert", "update", "delete", "tag", "untag")
    )
    + "DROP TABLE runs_run_words;"
)


def _split(script: str) -> tuple[str, ...]:
    """Part a script into statements; those inside a trigger stay together."""
    statements: list[str] = []
    parts: list[str] = []
    for part in script.split(";"):
        parts.append(part)
        text = ";".join(parts).strip()
        if "CREATE TRIGGER" not in text or part.strip() == "END":
            statements += [text] if text else []
            parts = []
    return tuple(statements)


# Those that the table of runs itself drops when it is made anew.
TRIGGERS_OF_RUNS = tuple(one for one in _split(_MAKE) if re.search(r" ON runs_run\s", one))


class Migration(migrations.Migration):
    """Two indexes for one, and the words."""

    dependencies: ClassVar = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("datasets", "0008_tables"),
        ("runs", "0006_metrics"),
    ]
    operations: ClassVar = [
        migrations.RemoveIndex(model_name="run", name="runs_run_list"),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["owner", *_LISTED], name="runs_run_of_owner"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=_LISTED, name="runs_run_of_all"),
        ),
        migrations.RunSQL(_split(_MAKE), _split(_DROP)),
    ]
