"""Where a zygote begins: a process that leaves the machine and starts the zygote outside of it.

The first process stays behind to look after the second: it ends when its owner does, and the
second with it. Whatever goes wrong is told to the owner as a sentence, and nothing serves.
"""

import contextlib
import os
import pkgutil
import select
import signal
import socket
import warnings
from collections.abc import Iterable
from pathlib import Path

from hewston.pipeline.sandbox.inside import (
    birth,
    kernel,
    landlock,
    namespaces,
    preloading,
    privileges,
    wire,
)
from hewston.pipeline.sandbox.inside.plan import Plan, give_up

_FIRST_TO_GO = "1000"  # when memory is short


def main(control_fd: int, owner_fd: int) -> None:
    """Begin, look after the zygote, and end this process with it.

    Over ``owner_fd``, a socket, the owner says its plan and hears of the outcome. The owner is the
    parent of this process.
    """
    owner, control = socket.socket(fileno=owner_fd), socket.socket(fileno=control_fd)
    try:
        with kernel.explaining("processes cannot be followed"):
            owner_process = os.pidfd_open(os.getppid())
        message, _ = wire.receive(owner)
        plan = Plan(**message)
        _prepare(plan)
        gate = preloading.enter(plan.packages, plan.own)
        if plan.begin is not None:
            owner_process = _begin(plan.begin, owner_process, (owner, control))
        user = os.geteuid()
        (alive, hold), (told, tell) = os.pipe(), os.pipe()
        _leave(plan, user)
        child = os.fork()
        if child == 0:
            for fd in (owner_process, hold, told):
                os.close(fd)
            birth.serve(plan, birth.Ends(owner, control, alive, tell), gate, was_root=user == 0)
        for fd in (owner.detach(), control.detach(), alive, tell):
            os.close(fd)
    except (OSError, ValueError, TypeError, EOFError) as problem:
        give_up(owner, problem)
    if plan.is_namespaced and user == 0:
        _map_to_nobody(child, told=told, hold=hold)
    privileges.drop_capabilities()
    _stay(child, owner_process)


def _prepare(plan: Plan) -> None:
    """Do what only a process with its own /proc and its first user can."""
    if not kernel.is_known():
        raise OSError(0, "the sandbox knows only Linux on x86_64")
    if plan.has_landlock:
        with kernel.explaining("Landlock is not there"):
            landlock.version()
    with contextlib.suppress(OSError):  # a container may forbid it; limits hold all the same
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)


def _begin(function: str, owner_process: int, sockets: Iterable[socket.socket]) -> int:
    """Call what starts threads, and go on in a fork of this process, which has none of them.

    This process stays behind and ends with its owner; returns what the fork ends with.
    """
    pkgutil.resolve_name(function)()
    parent = os.getpid()
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        child = os.fork()  # the threads wait for work, and hold nothing that the fork will want
    if child == 0:
        os.close(owner_process)
        parent_process = os.pidfd_open(parent)
        if os.getppid() != parent:  # it went before
            os._exit(1)
        return parent_process
    for one in sockets:
        one.close()
    privileges.drop_capabilities()
    child_process = os.pidfd_open(child)
    poll = select.poll()
    poll.register(owner_process, select.POLLIN)
    poll.register(child_process, select.POLLIN)
    poll.poll()
    os._exit(1)  # the fork sees it and ends the zygote


def _leave(plan: Plan, user: int) -> None:
    """Leave the machine's namespaces; who has to stay in them is nobody from now on."""
    if plan.is_namespaced:
        namespaces.leave()
        return
    if user == 0 and all(map(_is_for_all, (*plan.shown, plan.probe, plan.source))):
        privileges.become_nobody()
    privileges.drop_capabilities()


def _is_for_all(path: str) -> bool:
    """Tell whether nobody may read a file."""
    places = [Path(path), *Path(path).parents]
    return all(place.stat().st_mode & (4 if place == places[0] else 1) for place in places)


def _map_to_nobody(child: int, *, told: int, hold: int) -> None:
    """Make root of the child's user namespace nobody outside of it, and become nobody too.

    So this process may still end the child when it ends.
    """
    if os.read(told, 1):  # it is in it; nothing if it died before
        namespaces.write_maps(f"/proc/{child}", privileges.NOBODY, privileges.NOBODY)
        os.write(hold, b"m")
    privileges.become_nobody()


def _stay(child: int, owner_process: int) -> None:
    """Wait for the zygote or the end of its owner, whichever is first."""
    zygote_process = os.pidfd_open(child)
    poll = select.poll()
    poll.register(owner_process, select.POLLIN)
    poll.register(zygote_process, select.POLLIN)
    if zygote_process not in {fd for fd, _ in poll.poll()}:
        signal.pidfd_send_signal(zygote_process, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os._exit(0 if status == 0 else 1)
