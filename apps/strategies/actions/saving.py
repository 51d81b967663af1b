"""Sources that become versions, and strategies that begin with one."""

import re
from collections.abc import Iterable

from django.db import IntegrityError, transaction

from apps.datasets.actions import read_tags
from apps.permissions.models import User
from apps.strategies.actions.changing import check_words, set_tags
from apps.strategies.actions.checking import require_good
from apps.strategies.actions.contract import Contract
from apps.strategies.actions.judging import request_first_check
from apps.strategies.models import SLUG, Strategy, StrategyVersion
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.spec import sha256_text
from hewston.pipeline.strategies.catalogue import BUILT_IN

NOTE_LENGTH = 10_000  # characters
MOST_VERSIONS = 10_000  # of one strategy
_TRIES = 5  # at a number that others take at the same moment
_SLUG_SAYS = "2 to 63 small letters, digits and hyphens, the first no hyphen, like opening-range-2"


def check_slug(slug: str) -> str:
    """Give a slug that a strategy may have. Raises InputError that says what it is made of."""
    if not re.search(SLUG, slug):
        raise InputError(
            f"The short name “{slug[:80]}” cannot be used: it has {_SLUG_SAYS}.",
            field="slug",
            allowed=_SLUG_SAYS,
        )
    if slug in BUILT_IN:
        raise InputError(f"{slug} is a built-in strategy. Choose another short name.", field="slug")
    return slug


def create_strategy(
    *,
    owner: User,
    slug: str,
    source: bytes | str,
    name: str = "",
    description: str = "",
    tags: str | Iterable[str] = (),
    note: str = "",
    parent: StrategyVersion | None = None,
) -> Strategy:
    """Keep a source as version 1 of a new strategy; without a name it is called as its slug.

    Raises InputError with the field and what was found in the source, HewstonError (CONFLICT)
    where the owner has the slug already.
    """
    slug = check_slug(slug.strip())
    words = check_words(name=name.strip() or slug, description=description)
    _check_free(owner, slug)
    names, note = read_tags(tags), _check_note(note)
    check, contract = require_good(source=source)  # last: it takes longest
    try:
        with transaction.atomic():
            strategy = Strategy.objects.create(owner=owner, slug=slug, **words)
            set_tags(strategy=strategy, tags=names)
            _add(strategy, owner, check.source, contract, note, parent)
    except IntegrityError:
        _check_free(owner, slug)
        raise
    return strategy


def save_version(
    *,
    strategy: Strategy,
    author: User,
    source: bytes | str,
    note: str = "",
    parent: StrategyVersion | None = None,
) -> tuple[StrategyVersion, bool]:
    """Keep a source as the next version; returns it, and whether it is new.

    The source of the newest version is that version. Raises InputError with the field and what was
    found in the source, HewstonError when the strategy was deleted.
    """
    note = _check_note(note)
    check, contract = require_good(source=source)
    for _ in range(_TRIES):
        try:
            with transaction.atomic():
                return _find_or_add(strategy, author, check.source, contract, note, parent)
        except IntegrityError:
            _check_there(strategy)  # else somebody took the number at the same moment
    raise HewstonError("Many save versions of this at once. Try again.", code="BUSY")


def _find_or_add(  # noqa: PLR0917 (what a version is made of)
    strategy: Strategy,
    author: User,
    source: str,
    contract: Contract,
    note: str,
    parent: StrategyVersion | None,
) -> tuple[StrategyVersion, bool]:
    _check_there(strategy)
    newest = strategy.versions.order_by("-number").first()
    if newest is not None and newest.sha256 == sha256_text(source):
        return newest, False
    if newest is not None and newest.number >= MOST_VERSIONS:
        raise InputError(
            f"{strategy.slug} has {MOST_VERSIONS:,} versions, and no more are kept. Duplicate it "
            "and go on there.",
            field="source",
        )
    return _add(strategy, author, source, contract, note, parent or newest), True


def _add(  # noqa: PLR0917 (as above)
    strategy: Strategy,
    author: User,
    source: str,
    contract: Contract,
    note: str,
    parent: StrategyVersion | None,
) -> StrategyVersion:
    newest = strategy.versions.order_by("-number").first()
    version = StrategyVersion(
        strategy=strategy,
        number=1 if newest is None else newest.number + 1,
        source=source,
        sha256=sha256_text(source),
        params=contract.params,
        options=contract.options,
        docstring=contract.docstring,
        note=note,
        author=author,
        parent=parent,
    )
    version.save(force_insert=True)
    request_first_check(version=version)
    return version


def duplicate_version(*, version: StrategyVersion, owner: User, slug: str) -> Strategy:
    """Begin a strategy with another one's version; what was found in its source is known.

    Raises InputError for a slug that cannot be, HewstonError (CONFLICT) where the owner has it.
    """
    slug = check_slug(slug.strip())
    before = version.strategy
    contract = Contract(params=version.params, options=version.options, docstring=version.docstring)
    note = f"Copied from {version.strategy_version_id}."
    try:
        with transaction.atomic():
            copied = Strategy.objects.create(
                owner=owner, slug=slug, name=before.name, description=before.description
            )
            set_tags(strategy=copied, tags=before.tag_names)
            _add(copied, owner, version.source, contract, note, version)
    except IntegrityError:
        _check_free(owner, slug)
        raise
    return copied


def suggest_slug(*, owner: User, slug: str) -> str:
    """Give a slug near another one that the owner has not used."""
    used = set(Strategy.objects.filter(owner=owner).values_list("slug", flat=True))
    stem = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-")[:55] or "strategy"
    tried = [stem, f"{stem}-copy", *(f"{stem}-copy-{number}" for number in range(2, len(used) + 3))]
    return next(
        one for one in tried if one not in used and one not in BUILT_IN and re.search(SLUG, one)
    )


def import_source(
    *, owner: User, data: bytes, slug: str, name: str = "", note: str = ""
) -> tuple[StrategyVersion, bool]:
    """Keep a file's source: as the next version where the owner has the slug, else as a strategy.

    Returns the version, and whether it is new. Raises as ``create_strategy`` and ``save_version``.
    """
    known = Strategy.objects.filter(owner=owner, slug=slug.strip()).first()
    if known is not None:
        return save_version(strategy=known, author=owner, source=data, note=note)
    made = create_strategy(owner=owner, slug=slug, source=data, name=name, note=note)
    return made.latest, True


def _check_free(owner: User, slug: str) -> None:
    if Strategy.objects.filter(owner=owner, slug=slug).exists():
        raise HewstonError(
            f"There is a strategy {slug} already. Choose another short name, or save a new version "
            "of it.",
            code="CONFLICT",
            field="slug",
        )


def _check_there(strategy: Strategy) -> None:
    if not Strategy.objects.filter(pk=strategy.pk).exists():
        raise HewstonError(
            f"The strategy {strategy.slug} was deleted meanwhile.", code="STRATEGY_NOT_FOUND"
        )


def _check_note(note: str) -> str:
    note = note.replace("\r\n", "\n").strip()
    if len(note) > NOTE_LENGTH or "\0" in note:
        raise InputError(
            f"note has {len(note):,} characters, but at most {NOTE_LENGTH:,} are kept.",
            field="note",
            allowed=f"at most {NOTE_LENGTH:,} characters",
        )
    return note
