"""Strategies and versions by name, among those that somebody may see."""

from django.db.models import OuterRef, Subquery

from apps.permissions.models import User
from apps.strategies.models import Strategy, StrategyVersion
from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest


def find_strategy(*, user: User, name: str) -> Strategy:
    """Find a strategy by its slug, or by OWNER/SLUG.

    A slug alone is first that of the user's own, then of anybody's whose they may see. Raises
    InputError with the nearest name.
    """
    owner, _, slug = name.rpartition("/")
    visible = Strategy.objects.visible_to(user).select_related("owner")
    found = list(visible.filter(slug=slug, **({"owner__username": owner} if owner else {}))[:100])
    mine = [one for one in found if one.owner_id == user.pk]
    if len(mine or found) == 1:
        return (mine or found)[0]
    if found:
        paths = [one.path for one in found]
        raise InputError(
            f"Several people have a strategy {slug}. Name one of them: {', '.join(paths)}.",
            field="strategy",
            allowed=paths,
        )
    known = [one.slug for one in visible[:1000]]
    raise InputError(
        f"There is no strategy {name[:200]}. {suggest(name[:200], known)}",
        code="STRATEGY_NOT_FOUND",
        field="strategy",
    )


def find_version(*, user: User, name: str) -> StrategyVersion:
    """Find a version by SLUG@NUMBER or OWNER/SLUG@NUMBER; without a number, the newest.

    Raises InputError with what there is.
    """
    before, sign, after = name.rpartition("@")
    strategy = find_strategy(user=user, name=before if sign else name)
    if not sign:
        return strategy.latest
    number = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0  # noqa: PLR2004 (digits)
    found = strategy.versions.filter(number=number).first()
    if found is None:
        raise _no_version(strategy, after)
    return found


def list_newest(*, user: User) -> list[StrategyVersion]:
    """Give the newest version of each strategy that the user may see and that is not archived."""
    strategies = Strategy.objects.visible_to(user).archived(only=False)
    newest = StrategyVersion.objects.filter(strategy=OuterRef("strategy")).order_by("-number")
    found = StrategyVersion.objects.filter(
        strategy__in=strategies, number=Subquery(newest.values("number")[:1])
    )
    whole = found.select_related("strategy__owner").defer("source", "docstring", "note")
    return list(whole.order_by("strategy__slug", "strategy__pk"))


def name_version(version: StrategyVersion, user: User) -> str:
    """Name a version as ``find_version`` finds it for a user: with another owner, if it has."""
    strategy = version.strategy
    name = strategy.slug if strategy.owner_id == user.pk else strategy.path
    return f"{name}@{version.number}"


def _no_version(strategy: Strategy, said: str) -> InputError:
    newest = strategy.latest.number
    return InputError(
        f"{strategy.slug} has no version {said[:20]}. It has 1 to {newest}.",
        code="STRATEGY_NOT_FOUND",
        field="strategy",
        allowed=f"1 to {newest}",
    )
