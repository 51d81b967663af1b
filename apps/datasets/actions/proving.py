"""Comparing datasets with what somebody else made of the same market."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from django.db import transaction

from apps.datasets.actions.bringing import check_sources
from apps.datasets.models import Equality, Revision
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule, read_fields, suggest
from hewston.pipeline.sources.tables.plan import Answers
from hewston.taskqueue import Watch, find_dead, revive
from hewston.uploads import Upload

_LONGEST_SYMBOL = 71  # as in DBN, version 3
_SYMBOL: dict[str, Rule] = {"symbol": {"type": "str", "default": None}}
TABLE_FIELDS = tuple(
    one.name for one in dataclasses.fields(Answers) if one.name != "symbol"
)  # what a person may have to say of a table
EQUALITY_FIELDS = ("symbol", *TABLE_FIELDS)


def read_equality_fields(given: Mapping[str, object]) -> dict[str, object]:
    """Read what a person may say of a comparison: the options of ``request_equality``.

    Keys are those of EQUALITY_FIELDS; what is None or blank was not said. Raises InputError with
    the field and what it may be.
    """
    said = {
        name: value.strip() if isinstance(value, str) else value for name, value in given.items()
    }
    said = {name: value for name, value in said.items() if value not in (None, "", {})}
    for name in said:
        if name not in EQUALITY_FIELDS:
            raise InputError(
                f"{name} is not an option of a comparison. {suggest(name, [*EQUALITY_FIELDS])}",
                field=name,
                allowed=sorted(EQUALITY_FIELDS),
            )
    symbol = read_fields(_SYMBOL, {k: said[k] for k in _SYMBOL if k in said}, of="option")["symbol"]
    if symbol is not None and len(symbol) > _LONGEST_SYMBOL:
        raise InputError(
            f"symbol has {len(symbol):,} characters; none has more than {_LONGEST_SYMBOL}.",
            field="symbol",
            allowed=f"at most {_LONGEST_SYMBOL} characters",
        )
    table = Answers.read({name: said[name] for name in TABLE_FIELDS if name in said}).as_json()
    options = {"symbol": symbol, "table": table}
    return {name: value for name, value in options.items() if value}


@transaction.atomic
def request_equality(
    *, owner: User, revision: Revision, sources: Sequence[Path], options: Mapping[str, object]
) -> Equality:
    """Ask for a revision to be compared with files and folders.

    Raises InputError as ``request_ingest`` does.
    """
    check_sources(sources)
    equality = Equality.objects.create(
        owner=owner,
        revision=revision,
        sources=[str(path) for path in sources],
        options=dict(options),
    )
    equality.enqueue()
    return equality


@transaction.atomic
def request_equality_of_upload(
    *, owner: User, revision: Revision, upload: Upload, options: Mapping[str, object]
) -> Equality:
    """Ask for a revision to be compared with the files of a request; they are kept until then."""
    equality = Equality.objects.create(
        owner=owner,
        revision=revision,
        sources=upload.names,
        upload=upload.id,
        options=dict(options),
    )
    equality.enqueue()
    transaction.on_commit(upload.keep)
    return equality


def cancel_equality(*, equality: Equality) -> None:
    """Stop a comparison; nothing of it is kept but its log. Raises HewstonError when it is over."""
    if not equality.cancel():
        raise HewstonError(
            f"Comparison {equality.pk} is over already: {equality.get_status_display()}.",
            code="CONFLICT",
        )


def recover_equalities(watch: Watch | None = None) -> list[Equality]:
    """Sweep what dead processes left half-made, and give their comparisons to others."""
    dead = find_dead(Equality.objects.all(), watch)
    for equality in dead:
        revive(equality)
    return dead
