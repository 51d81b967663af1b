"""Imports everything that a job may want: under the lock no shared object can be loaded.

Nothing outside of the list can be imported, before the lock or after it, on any machine: what a
strategy finds does not depend on what else is installed.
"""

import contextlib
import gc
import importlib
import importlib.machinery
import os
import pkgutil
import random
import sys
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

# Of the standard library's shared objects: what draws, dials, stores or tests.
_LEFT_OUT = frozenset({
    "_curses", "_curses_panel", "_crypt", "_dbm", "_gdbm", "_sqlite3", "_ssl", "_tkinter",
    "audioop", "nis", "ossaudiodev", "readline", "spwd", "syslog",
})  # fmt: skip
_FOR_TESTS = ("_test", "_xx", "xx", "_ctypes_test")


class Gate:
    """Refuses the import of every package that is not on the list (a finder of sys.meta_path)."""

    def __init__(self, packages: Iterable[str], own: Iterable[str]) -> None:
        self._known = frozenset(packages) | sys.stdlib_module_names
        self._own = frozenset(own)

    def close(self) -> None:
        """Refuse our own modules too, but those that are there already."""
        self._own = frozenset()

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Leave a module to the other finders, or raise ModuleNotFoundError."""
        del path, target
        top = name.partition(".")[0]
        if top in self._known or top in self._own:
            return None
        raise ModuleNotFoundError(f"No module named {name!r} in the sandbox", name=name)


def enter(packages: Mapping[str, str], own: Iterable[str]) -> Gate:
    """Have only the standard library and these packages be found, of which each has its path."""
    gate = Gate(packages, own)
    sys.meta_path.insert(0, gate)
    for folder in sorted({str(Path(path).parent) for path in packages.values()}):
        sys.path.append(folder)
    return gate


def load(modules: Iterable[str], compiled: Iterable[str], warm_up: str | None) -> None:
    """Import modules, every shared object of the standard library and of the ``compiled`` packages.

    Then use them once (``warm_up`` is ``module:function``), so that what they import late is there.
    """
    for name in modules:
        importlib.import_module(name)
    for name in sorted({*_standard_objects(), *_objects_of(compiled)}):
        with contextlib.suppress(ImportError):  # one whose own library this machine lacks
            importlib.import_module(name)
    zoneinfo.reset_tzpath(to=())  # only the package tzdata: the same zones on every machine
    if warm_up is not None:
        pkgutil.resolve_name(warm_up)()


def _standard_objects() -> Iterator[str]:
    for folder in sys.path:
        if folder.endswith("lib-dynload") and Path(folder).is_dir():
            for entry in os.scandir(folder):
                name = entry.name.partition(".")[0]
                if name not in _LEFT_OUT and not name.startswith(_FOR_TESTS):
                    yield name


def _objects_of(packages: Iterable[str]) -> Iterator[str]:
    for package in packages:
        (root,) = importlib.import_module(package).__path__
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if name not in {"tests", "__pycache__"}]
            inner = Path(folder).relative_to(root).parts
            for file in files:
                if file.endswith(".so"):
                    yield ".".join((package, *inner, file.partition(".")[0]))


def find_works(works: Mapping[str, str]) -> dict[str, Callable[..., None]]:
    """Find the functions that a job may ask for by name; each is ``module:function``."""
    return {name: pkgutil.resolve_name(place) for name, place in works.items()}


def leave(gate: Gate, source: str) -> None:
    """Forget where our own modules are, and keep all that is loaded out of collections."""
    gate.close()
    sys.path[:] = [folder for folder in sys.path if folder != source]
    sys.path_importer_cache.pop(source, None)
    sys.argv[:] = ["strategy"]
    gc.collect()
    gc.freeze()


def reseed() -> None:
    """Start the generators that share one state at the same place in every job."""
    random.seed(0)
    if (generators := sys.modules.get("numpy.random")) is not None:
        generators.seed(0)
