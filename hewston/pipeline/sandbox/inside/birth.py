"""How a zygote is made: it imports, moves into its own root, gives up what it had, and serves."""

import dataclasses
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from hewston.pipeline.sandbox.inside import (
    canary,
    job,
    landlock,
    namespaces,
    preloading,
    privileges,
    root,
    wire,
    zygote,
)
from hewston.pipeline.sandbox.inside.jail import Jail
from hewston.pipeline.sandbox.inside.plan import Plan, give_up


@dataclasses.dataclass(frozen=True)
class Ends:
    """Whom a zygote talks to.

    ``owner`` hears how it went; sockets of jobs come over ``control``; ``alive`` ends with the
    parent, which says over it that the user namespace is mapped; ``tell`` asks for that.
    """

    owner: socket.socket
    control: socket.socket
    alive: int
    tell: int


def serve(plan: Plan, ends: Ends, gate: preloading.Gate, *, was_root: bool) -> NoReturn:
    """Be a zygote from its imports, which the gate watches, to its end."""
    parent = 0 if plan.is_namespaced else os.getppid()
    try:
        privileges.end_with(parent)
        jail, works = _make(plan, ends, gate, was_root=was_root)
        privileges.end_with(parent)
        privileges.hide_memory()
        zygote.try_canary(jail, works)
        wire.send(ends.owner, {"ready": True})
    except BaseException as problem:
        give_up(ends.owner, problem)
    code = 1
    try:
        zygote.serve(
            zygote.Ends(ends.owner, ends.control, ends.alive),
            jail,
            works,
            cores=plan.cores,
            most_jobs=plan.most_jobs,
            most_s=plan.most_s,
        )
        code = 0
    finally:
        os._exit(code)


def _make(
    plan: Plan, ends: Ends, gate: preloading.Gate, *, was_root: bool
) -> tuple[Jail, Mapping[str, job.Work]]:
    works = {canary.NAME: canary.perform, **preloading.find_works(plan.works)}
    preloading.load(plan.preload, plan.compiled, plan.warm_up)
    preloading.leave(gate, plan.source)
    _check_threads()
    base_bytes = _address_space_bytes()
    probe = plan.probe
    if plan.is_namespaced:
        namespaces.leave_files()
        root.change(plan.shown, hidden=plan.hidden)
        probe = root.PROBE
        if was_root:
            namespaces.leave_users()
            os.write(ends.tell, b"u")
            if os.read(ends.alive, 1) != b"m":
                raise OSError(0, "nobody maps the user namespace")
            namespaces.become_inner_root()
        namespaces.check()
        root.check(plan.shown)
    os.close(ends.tell)
    rules = None
    if plan.has_landlock:
        readable = list(_readable(plan.shown, plan.hidden))
        rules = landlock.make(readable=readable, listable=plan.shown)
    privileges.drop_capabilities()
    return Jail(plan.tier, rules, probe, base_bytes), works


def _readable(shown: list[str], hidden: list[str]) -> Iterator[str]:
    """Name what is shown without what is hidden below it: rules can only give."""
    for path in shown:
        below = [part for part in hidden if part.startswith(f"{path}/")]
        if below:
            inner = [f"{path}/{name}" for name in sorted(entry.name for entry in os.scandir(path))]
            yield from _readable([name for name in inner if name not in below], below)
        else:
            yield path


def _check_threads() -> None:
    threads = list(os.scandir("/proc/self/task"))
    if len(threads) != 1:
        raise RuntimeError(f"the zygote has {len(threads)} threads; it must have one to fork")


def _address_space_bytes() -> int:
    pages = Path("/proc/self/statm").read_text().split()[0]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
