"""What is done with strategies that are there; their versions stay as they are."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.datasets.actions import read_tags
from apps.strategies.models import Strategy, StrategyTag
from hewston.pipeline.errors import HewstonError, InputError

_NAMED = 5  # versions in a refusal
NAME_LENGTH, DESCRIPTION_LENGTH = 120, 10_000  # characters


def check_words(*, name: str | None = None, description: str | None = None) -> dict[str, str]:
    """Give a name and a description as they are kept; what is None was not said.

    Raises InputError when one is too long or cannot be shown.
    """
    words = {}
    if name is not None:
        words["name"] = name.strip()
        if not 1 <= len(words["name"]) <= NAME_LENGTH or not words["name"].isprintable():
            raise InputError(
                f"A strategy's name has 1 to {NAME_LENGTH} characters that can be shown.",
                field="name",
                allowed=f"1 to {NAME_LENGTH} characters",
            )
    if description is not None:
        words["description"] = description.replace("\r\n", "\n").strip()
        if len(words["description"]) > DESCRIPTION_LENGTH or "\0" in description:
            raise InputError(
                f"description has {len(description):,} characters, but at most "
                f"{DESCRIPTION_LENGTH:,} are kept.",
                field="description",
                allowed=f"at most {DESCRIPTION_LENGTH:,} characters",
            )
    return words


@transaction.atomic
def describe_strategy(
    *,
    strategy: Strategy,
    name: str | None = None,
    description: str | None = None,
    tags: str | Iterable[str] | None = None,
) -> None:
    """Give a strategy another name, description and tags, each in place of those before.

    None leaves what is there; the slug stays, since runs name it. Raises InputError with the
    field, HewstonError when the strategy was deleted.
    """
    _update(strategy, **check_words(name=name, description=description))
    if tags is not None:
        set_tags(strategy=strategy, tags=tags)


def set_tags(*, strategy: Strategy, tags: str | Iterable[str]) -> None:
    """Put tags on a strategy in place of those before. Raises InputError as ``read_tags``."""
    names = read_tags(tags)
    strategy.tags.exclude(name__in=names).delete()
    StrategyTag.objects.bulk_create(
        [StrategyTag(strategy=strategy, name=name) for name in names], ignore_conflicts=True
    )


def archive_strategy(*, strategy: Strategy) -> None:
    """Leave a strategy out of lists and forms; its versions and their runs stay.

    Raises HewstonError when the strategy was deleted.
    """
    if not strategy.is_archived:
        _update(strategy, archived_at=timezone.now())


def restore_strategy(*, strategy: Strategy) -> None:
    """Bring an archived strategy back. Raises HewstonError when it was deleted."""
    _update(strategy, archived_at=None)


@transaction.atomic
def delete_strategy(*, strategy: Strategy) -> None:
    """Remove a strategy with every version.

    Raises HewstonError while a run uses any of them, and when it was deleted already.
    """
    _check_unused(strategy)
    gone, _ = Strategy.objects.filter(pk=strategy.pk).delete()
    if not gone:
        raise _was_deleted(strategy)


def _check_unused(strategy: Strategy) -> None:
    used = strategy.versions.filter(runs__isnull=False).order_by("number")
    count = used.count()
    if count:
        named = list(dict.fromkeys(one.number for one in used[:_NAMED]))
        more = "" if count <= _NAMED else " and others"
        kind = "run uses" if count == 1 else "runs use"
        them = "it" if count == 1 else "them"
        raise HewstonError(
            f"{count:,} {kind} version {', '.join(map(str, named))}{more} of {strategy.slug}. "
            f"Delete {them} first, or archive the strategy instead.",
            code="CONFLICT",
            used_by=count,
        )


def _update(strategy: Strategy, **values: Any) -> None:  # noqa: ANN401 (of any field)
    for name, value in values.items():
        setattr(strategy, name, value)
    mine = Strategy.objects.filter(pk=strategy.pk)
    if not (mine.update(**values) if values else mine.exists()):
        raise _was_deleted(strategy)


def _was_deleted(strategy: Strategy) -> HewstonError:
    return HewstonError(
        f"The strategy {strategy.slug} was deleted meanwhile.", code="STRATEGY_NOT_FOUND"
    )
