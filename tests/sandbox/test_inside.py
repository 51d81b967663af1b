"""What runs inside needs nothing that is not there."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from hewston.pipeline.sandbox import inside

MODULES = sorted(Path(inside.__path__[0]).glob("*.py"))
PACKAGE = inside.__name__


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(str(node.module))
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_it_imports_the_standard_library_numpy_pandas_and_itself(module: Path) -> None:
    allowed = {*sys.stdlib_module_names, "numpy", "pandas"}
    strange = {
        name
        for name in imported(module)
        if name.partition(".")[0] not in allowed and not f"{name}.".startswith(f"{PACKAGE}.")
    }
    assert strange == set()


def test_it_loads_no_other_module_of_ours_where_it_is_alone(tmp_path: Path) -> None:
    place = tmp_path / "hewston" / "pipeline" / "sandbox" / "inside"
    place.mkdir(parents=True)
    for module in MODULES:
        (place / module.name).write_bytes(module.read_bytes())
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {PACKAGE}.answering"
    code += "; print([name for name in sys.modules if name.startswith('polars')])"
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
