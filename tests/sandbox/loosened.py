"""Takes layers of the lock away, in the processes of a test alone.

Nothing in the product can do this: a zygote of tests begins with another program, which replaces
the functions that make a layer before anything calls them.
"""

import socket
from collections.abc import Iterable

from hewston.pipeline.sandbox import places
from hewston.pipeline.sandbox.inside import (
    birth,
    jail,
    landlock,
    preloading,
    privileges,
    root,
)
from hewston.pipeline.sandbox.inside.plan import Plan
from hewston.pipeline.sandbox.kinds import Kind
from hewston.pipeline.sandbox.zygotes import Zygote

_BEGIN = """\
import sys
sys.path.append({source!r})
from tests.sandbox import loosened
loosened.take_away({layers!r})
from hewston.pipeline.sandbox.inside import boot
boot.main({control}, {owner})
"""


class LooseZygote(Zygote):
    """A zygote without some layers."""

    def __init__(self, kind: Kind, layers: Iterable[str]) -> None:
        super().__init__(kind, tiers=(1,))
        self._layers = sorted(layers)

    def _begin(self, control: int, owner: int) -> str:
        return _BEGIN.format(
            source=places.SOURCE, control=control, owner=owner, layers=self._layers
        )


def take_away(layers: Iterable[str]) -> None:
    """Replace what makes these layers, and what looks whether they are there."""
    jail.prove = _nothing
    for layer in layers:
        _TAKE_AWAY[layer]()


def _nothing(*_arguments: object, **_named: object) -> None:
    """Do nothing."""


def _tell_nothing(channel: socket.socket) -> None:
    channel.sendmsg([b"-"])


def _open_files() -> None:
    root.change = _nothing
    root.check = _nothing
    root.PROBE = "/"
    birth._readable = lambda *_folders: iter(())
    landlock.make = lambda **_rules: None  # type: ignore[assignment]
    preloading.Gate.find_spec = _nothing  # type: ignore[method-assign]


def _stay_in_namespaces() -> None:
    Plan.is_namespaced = property(lambda _plan: False)  # type: ignore[assignment]


def _keep_privileges() -> None:
    for name in ("drop_capabilities", "become_nobody", "hide_memory"):
        setattr(privileges, name, _nothing)


def _keep_resources() -> None:
    privileges.limit_resources = _nothing
    privileges.limit_files = _nothing


def _call_anything() -> None:
    jail.enter_seccomp = _tell_nothing


_TAKE_AWAY = {
    "files": _open_files,
    "namespaces": _stay_in_namespaces,
    "privileges": _keep_privileges,
    "resources": _keep_resources,
    "seccomp": _call_anything,
}
