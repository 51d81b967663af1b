"""What an attack is."""

import dataclasses
import textwrap
from typing import Literal

Layer = Literal["files", "namespaces", "privileges", "resources", "seccomp", "supervisor"]


@dataclasses.dataclass(frozen=True)
class Attack:
    """A source, how it ends, and the layers of which each stops it.

    ``source`` defines ``attack()`` or is an expression; what it returns is what it won. ``end`` is
    ``stopped`` (it wins nothing and the job goes on), ``killed NAME`` (at a system call, or at none
    that has a name), ``limit NAME``, ``died``, or ``kept`` (what it won is its own process, and
    the next job does not notice). Without all of ``layers`` it wins; where there are none, only a
    process of its own keeps it apart.
    """

    name: str
    source: str
    end: str
    layers: tuple[Layer, ...]

    @property
    def code(self) -> str:
        """Give the whole source."""
        text = textwrap.dedent(self.source).strip("\n")
        return text if "def attack" in text else f"def attack():\n    return ({text})\n"


def stopped(name: str, source: str, *layers: Layer) -> Attack:
    """Give an attack that wins nothing while its job goes on."""
    return Attack(name, source, "stopped", layers)


def killed(name: str, call: str, source: str, *layers: Layer) -> Attack:
    """Give an attack that is killed at a system call."""
    return Attack(name, source, f"killed {call}".strip(), ("seccomp", *layers))


def limited(name: str, limit: str, source: str) -> Attack:
    """Give an attack that ends at a limit."""
    return Attack(name, source, f"limit {limit}", ("supervisor", "resources"))


def kept(name: str, source: str, end: str = "kept") -> Attack:
    """Give an attack on its own process, which is all that it ever reaches."""
    return Attack(name, source, end, ())
