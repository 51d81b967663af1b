"""Shows each attack win without its layers: `python -m tests.sandbox.unlocked`.

Only on a machine of no value: it runs attacks with nothing in their way but the rights of nobody,
or of root where those are a layer.
"""

import sys
from collections.abc import Iterator

from tests.sandbox.arena import is_as_expected, play, world
from tests.sandbox.attacks import ATTACKS
from tests.sandbox.attacks.attack import Attack
from tests.sandbox.locked import PLAIN
from tests.sandbox.loosened import LooseZygote


def grouped() -> dict[tuple[str, ...], list[Attack]]:
    """Group the attacks by the layers that stop them; limits are no layers that can be missed."""
    groups: dict[tuple[str, ...], list[Attack]] = {}
    for attacks in ATTACKS.values():
        for attack in attacks:
            if attack.layers and "supervisor" not in attack.layers:
                groups.setdefault(tuple(sorted(attack.layers)), []).append(attack)
    return groups


def show(layers: tuple[str, ...], attacks: list[Attack]) -> Iterator[tuple[Attack, str]]:
    """Play attacks that the same layers stop, without those."""
    with LooseZygote(PLAIN, layers) as zygote:
        for attack in attacks:
            with world() as there:
                yield attack, play(zygote.client(), attack, there)


def wins(attack: Attack, ended: str) -> bool:
    """Tell whether an attack went further than the lock lets it.

    One that the filter kills has reached the kernel, which may then say no itself; one of another
    table of calls likewise.
    """
    if attack.end.startswith("killed"):
        return not ended.startswith("killed")
    return ended.startswith(("won ", "died")) and not is_as_expected(attack, ended)


def main() -> None:
    """Print a line for each attack: what stops it, and how it ends without that."""
    failed = 0
    for layers, attacks in grouped().items():
        for attack, ended in show(layers, attacks):
            won = wins(attack, ended)
            failed += not won
            mark = "    " if won else "NOT "
            sys.stdout.write(f"{mark}{attack.name} | {' and '.join(layers)} | {ended[:60]}\n")
            sys.stdout.flush()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
