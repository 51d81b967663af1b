"""What somebody says of every table of a kind, kept under a name."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from apps.datasets.models import TablePreset
from apps.permissions.models import User
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.ingest.tables.options import share_options

_LONGEST_NAME = 80
_MOST_PRESETS = 200  # of one person


def find_preset(*, owner: User, name: object) -> TablePreset:
    """Find somebody's preset by its name; raises InputError with the nearest name."""
    mine = TablePreset.objects.visible_to(owner).filter(owner=owner)
    found = mine.filter(name=name).first() if isinstance(name, str) else None
    if found is None:
        known = list(mine.values_list("name", flat=True))
        shown = str(name)[:_LONGEST_NAME]
        raise InputError(
            f"There is no preset {shown}. {suggest(shown, known)}", field="preset", allowed=known
        )
    return found


def save_preset(*, owner: User, name: str, options: Mapping[str, Any]) -> TablePreset:
    """Keep what was said of a table, but for what is of that file alone: symbol and the like.

    Raises InputError for a name that cannot be, and where nothing was said; HewstonError
    (CONFLICT) where the name is taken.
    """
    name = _check_name(name)
    shared = share_options(options)
    if not any(shared.values()):
        raise InputError(
            "Nothing was said that another file could share. Change a setting first.", field="name"
        )
    if TablePreset.objects.filter(owner=owner).count() >= _MOST_PRESETS:
        raise InputError(f"Keep at most {_MOST_PRESETS} presets: delete one first.", field="name")
    preset = TablePreset(owner=owner, name=name, options=shared)
    with _once(name):
        preset.save(force_insert=True)
    return preset


def rename_preset(*, preset: TablePreset, name: str) -> None:
    """Give a preset another name; raises as ``save_preset``, and when it was deleted meanwhile."""
    before, preset.name = preset.name, _check_name(name)
    with _once(preset.name):
        changed = TablePreset.objects.filter(pk=preset.pk).update(name=preset.name)
    if not changed:
        raise HewstonError(f"The preset {before} was deleted meanwhile.", code="NOT_FOUND")


def delete_preset(*, preset: TablePreset) -> None:
    """Forget a preset; what was brought in with it stays as it is."""
    preset.delete()


def _check_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InputError(
            f"A preset's name has 1 to {_LONGEST_NAME} characters that can be shown.",
            field="name",
            allowed=f"1 to {_LONGEST_NAME} characters",
        )
    return name


@contextlib.contextmanager
def _once(name: str) -> Iterator[None]:
    """Refuse a name that another preset of the same person has."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise HewstonError(
            f"There is a preset named {name} already. Choose another name.",
            code="CONFLICT",
            field="name",
        ) from None
