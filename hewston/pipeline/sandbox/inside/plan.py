"""What the owner of a zygote wants of it, and how an end of the line is told."""

import dataclasses
import os
import socket
from typing import NoReturn

from hewston.pipeline.sandbox.inside import wire


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """A zygote in plain values.

    ``tier`` is 1 (namespaces, Landlock, seccomp), 2 (no Landlock) or 3 (no namespaces). ``source``
    is the folder that our own package is in. ``shown`` are the files and folders that can be read,
    ``hidden`` folders below them that cannot. ``packages`` maps what can be imported to its path,
    and ``own`` are packages of the source; ``begin`` is called before the zygote is forked;
    ``compiled`` are those of which every shared object is loaded. ``works`` maps what can be asked
    for to ``module:function``. ``probe`` is a file that can be read and is not shown.
    """

    tier: int
    source: str
    shown: list[str]
    hidden: list[str]
    packages: dict[str, str]
    own: list[str]
    begin: str | None
    preload: list[str]
    compiled: list[str]
    warm_up: str | None
    works: dict[str, str]
    probe: str
    cores: int
    most_jobs: int
    most_s: float

    @property
    def is_namespaced(self) -> bool:
        """Tell whether the zygote leaves the machine's namespaces."""
        return self.tier in {1, 2}

    @property
    def has_landlock(self) -> bool:
        """Tell whether jobs are under Landlock."""
        return self.tier in {1, 3}


def give_up(owner: socket.socket, problem: BaseException) -> NoReturn:
    """Tell the owner why there is no zygote, and end."""
    reason = problem.strerror if isinstance(problem, OSError) else None
    wire.send(owner, {"failed": reason or str(problem) or type(problem).__name__})
    os._exit(1)
