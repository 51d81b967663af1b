"""Whether versions look ahead: asking for a check, stopping it, finding data for it."""

from collections.abc import Mapping

from django.db import transaction

from apps.datasets.models import Dataset, Revision
from apps.permissions.models import User
from apps.strategies.models import StrategyCheck, StrategyVersion
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.fields import read_fields
from hewston.taskqueue import LIVE, Watch, find_dead, revive


@transaction.atomic
def request_check(
    *,
    owner: User,
    version: StrategyVersion,
    revision: Revision,
    params: Mapping[str, object] | None = None,
) -> StrategyCheck:
    """Ask for a version to be checked on a revision; while the same is under way, gives that one.

    Parameters that are not said have their defaults. Raises InputError with the parameter.
    """
    read = read_fields(version.rules, params or {}, of=f"parameter of {version}", prefix="params.")
    known = version.checks.filter(revision=revision, status__in=LIVE)
    same = next((one for one in known if one.params == read), None)
    if same is not None:
        return same
    check = StrategyCheck.objects.create(
        owner=owner, version=version, revision=revision, params=read
    )
    check.enqueue()
    return check


def request_first_check(*, version: StrategyVersion) -> StrategyCheck | None:
    """Ask for a new version to be checked on its author's newest dataset; None where there is none.

    Data of a market come before the sample.
    """
    datasets = list_datasets(user=version.author)
    chosen = next((one for one in datasets if not one.is_made_up), None) or next(
        iter(datasets), None
    )
    if chosen is None:
        return None
    return request_check(owner=version.author, version=version, revision=chosen.latest)


def list_datasets(*, user: User) -> list[Dataset]:
    """List the datasets on which a user may check, the newest first."""
    known = Dataset.objects.visible_to(user).filter(
        archived_at=None, status=Dataset.State.READY, revisions__isnull=False
    )
    return list(known.distinct().prefetch_related("revisions")[:200])


def cancel_check(*, check: StrategyCheck) -> None:
    """Stop a check; its log is kept. Raises HewstonError when it is over."""
    if not check.cancel():
        raise HewstonError(
            f"Check {check.pk} is over already: {check.get_status_display()}.", code="CONFLICT"
        )


def retry_check(*, check: StrategyCheck) -> StrategyCheck:
    """Ask for the same check again. Raises HewstonError while it is under way."""
    if not check.is_over:
        raise HewstonError(
            f"Check {check.pk} is {check.get_status_display()}: there is nothing to try again.",
            code="CONFLICT",
        )
    return request_check(
        owner=check.owner, version=check.version, revision=check.revision, params=check.params
    )


def recover_checks(watch: Watch | None = None) -> list[StrategyCheck]:
    """Give the checks of dead processes to others."""
    dead = find_dead(StrategyCheck.objects.all(), watch)
    for check in dead:
        revive(check)
    return dead
