"""Where this machine keeps what a zygote reads: the standard library, packages, the source."""

import functools
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from hewston.pipeline.sandbox.kinds import Kind

SOURCE = str(Path(__file__).resolve().parents[3])
INTERPRETER = os.path.realpath(sys.executable)
_PACKAGES_OF_OTHERS = ("site-packages", "dist-packages")  # below the standard library


def standard_library() -> list[str]:
    """Name the folders of the standard library: as Python calls them, and as they really are."""
    named = {str(Path(os.__file__).parent)}
    named |= {str(Path(path).parent) for path in sys.path if path.endswith("lib-dynload")}
    named |= {os.path.realpath(path) for path in named}
    found = sorted(path for path in named if Path(path).is_dir())
    return [path for path in found if not any(path.startswith(f"{other}/") for other in found)]


def hidden() -> list[str]:
    """Name the folders below it that others' packages are in."""
    return [f"{path}/{name}" for path in standard_library() for name in _PACKAGES_OF_OTHERS]


@functools.cache
def find_packages(names: tuple[str, ...]) -> dict[str, str]:
    """Find the real path of each of these packages that is installed, without importing it."""
    found = {}
    for name in names:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(os.path.realpath(spec.origin))
        found[name] = str(origin.parent if origin.name == "__init__.py" else origin)
    return found


def plan(kind: Kind, *, tier: int, cores: int, most_jobs: int, most_s: float) -> dict[str, Any]:
    """Say to a zygote what it is, in the plain values of inside.plan.Plan."""
    packages = find_packages(kind.packages)
    own = [f"{SOURCE}/{folder}" for folder in kind.shown]
    return {
        "tier": tier,
        "source": SOURCE,
        "shown": [*standard_library(), *packages.values(), *own],
        "hidden": hidden(),
        "packages": packages,
        "own": list(kind.own),
        "begin": kind.begin,
        "preload": list(kind.preload),
        "compiled": [name for name in kind.compiled if name in packages],
        "warm_up": kind.warm_up,
        "works": kind.works,
        "probe": INTERPRETER,
        "cores": cores,
        "most_jobs": most_jobs,
        "most_s": most_s,
    }
