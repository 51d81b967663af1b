"""Whether the site lives, and whether it can do its work: a line for each thing it needs."""

import dataclasses
import functools
import importlib.util
import os
import shutil
import time

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from hewston.http import problem
from hewston.pipeline.sandbox.kinds import BARE
from hewston.pipeline.sandbox.status import Status, look
from hewston.taskqueue import has_workers

_SANDBOX_S = 60  # the sandbox is tried again after so long


@dataclasses.dataclass(frozen=True, kw_only=True)
class Check:
    """One thing, whether it is as it should be, and a sentence about it."""

    name: str
    ok: bool
    message: str


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Say that this process answers. Needs no sign-in and touches nothing."""
    del request
    return JsonResponse({"status": "ok"})


@login_not_required  # a program gets 401 in JSON, not the sign-in page
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether everything is there that pages and jobs need; 503 when something is not."""
    try:
        is_known = request.user.is_authenticated
    except DatabaseError:  # who asks is in the database too
        return problem(503, "DEPENDENCY_UNAVAILABLE", "The database does not answer.")
    if not is_known:
        return problem(401, "UNAUTHENTICATED", "Sign in first.")
    checks = check_readiness()
    ready = all(check.ok for check in checks)
    body = {
        "status": "ok" if ready else "failing",
        "checks": {check.name: {"ok": check.ok, "message": check.message} for check in checks},
    }
    return JsonResponse(body, status=200 if ready else 503)


def check_readiness() -> list[Check]:
    """Look at everything that a page or a job needs; raises nothing."""
    return [_database(), _data_root(), _disk(), _engine(), _sandbox(), _workers()]


def _database() -> Check:
    try:
        pending = _pending_migrations()
    except DatabaseError as failure:
        return Check(name="database", ok=False, message=f"The database does not answer: {failure}")
    if pending:
        message = f"{pending} migrations are not applied: run `manage.py migrate`."
        return Check(name="database", ok=False, message=message)
    return Check(name="database", ok=True, message="The database answers; all migrations applied.")


@functools.cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """Name every migration of the code; reading them takes too long for every request."""
    return frozenset(MigrationLoader(None).disk_migrations)


def _pending_migrations() -> int:
    return len(_known_migrations() - set(MigrationRecorder(connection).applied_migrations()))


def _data_root() -> Check:
    root = settings.DATA_ROOT
    ok = os.access(root, os.R_OK | os.W_OK | os.X_OK)
    message = (
        "The data root can be written."
        if ok
        else "The data root cannot be written: see HEWSTON_DATA_ROOT."
    )
    return Check(name="data_root", ok=ok, message=message)


def _disk() -> Check:
    try:
        free = shutil.disk_usage(settings.DATA_ROOT).free
    except OSError as failure:
        return Check(name="disk", ok=False, message=f"The disk does not answer: {failure}")
    floor = settings.MIN_FREE_BYTES
    figures = f"{free / 1e9:.1f} GB free; jobs need {floor / 1e9:g} GB"
    if free < floor:
        return Check(name="disk", ok=False, message=f"{figures}: free some space.")
    return Check(name="disk", ok=True, message=f"{figures}.")


def _workers() -> Check:
    idle = [queue for queue in settings.QUEUES if not has_workers(queue)]
    if idle:
        message = f"Nobody works on {' and '.join(idle)}: start `manage.py worker`."
        return Check(name="workers", ok=False, message=message)
    return Check(name="workers", ok=True, message="Workers wait for ingests and backtests.")


def _engine() -> Check:
    # Only looked up: importing it would cost this process a second and 100 MB.
    found = importlib.util.find_spec("nautilus_trader") is not None
    message = "The engine is installed." if found else "nautilus_trader is not installed."
    return Check(name="engine", ok=found, message=message)


def _sandbox() -> Check:
    status = _try_sandbox(int(time.monotonic() // _SANDBOX_S))
    return Check(name="sandbox", ok=status.tier is not None, message=status.sentence)


@functools.lru_cache(maxsize=1)
def _try_sandbox(_period: int) -> Status:
    """Try it with a process of its own, which is too much for every request."""
    return look(BARE)
