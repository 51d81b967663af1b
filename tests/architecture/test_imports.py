"""The import contracts hold, and each of them breaks when it should."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

BREACHES = [
    ("inside-apps", "apps/permissions/models.py", "import apps.permissions.actions"),
    ("inside-apps", "apps/runs/models.py", "import apps.runs.urls"),
    ("inside-apps", "apps/datasets/actions/finding.py", "import apps.datasets.urls"),
    ("inside-apps", "apps/strategies/models.py", "import apps.strategies.actions"),
    ("between-apps", "apps/permissions/models.py", "import apps.datasets.models"),
    ("between-apps", "apps/datasets/models.py", "import apps.strategies.models"),
    ("between-apps", "apps/strategies/models.py", "import apps.runs.models"),
    ("between-apps", "apps/stray/__init__.py", "import apps.runs.models"),
    ("pipeline", "hewston/pipeline/errors.py", "import hewston.pipeline.spec"),
    ("pipeline", "hewston/pipeline/calendar.py", "import hewston.pipeline.bars"),
    ("pipeline", "hewston/pipeline/market.py", "import hewston.pipeline.artifacts"),
    ("pipeline", "hewston/pipeline/sources/__init__.py", "import hewston.pipeline.strategies"),
    ("pipeline", "hewston/pipeline/stray.py", "import hewston.pipeline.errors"),
    ("pipeline-is-plain", "hewston/pipeline/store.py", "import django.conf"),
    ("pipeline-is-plain", "hewston/pipeline/store.py", "import apps.runs.models"),
    ("pipeline-is-plain", "hewston/pipeline/spec.py", "import hewston.settings"),
    ("one-engine", "hewston/pipeline/market.py", "import nautilus_trader"),
    ("one-engine", "apps/runs/models.py", "def late():\n    from nautilus_trader.model import Bar"),
    ("one-source", "hewston/pipeline/bars.py", "import databento_dbn"),
    ("one-source", "apps/datasets/models.py", "def late():\n    import databento_dbn"),
    ("light-supervisor", "hewston/supervisor.py", "import django"),
    ("light-supervisor", "hewston/lifeline.py", "import hewston.pipeline.store"),
]


@pytest.fixture(scope="module")
def clean_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_tree(PROJECT, tmp_path_factory.mktemp("clean") / "tree")


def copy_tree(source: Path, target: Path) -> Path:
    for part in ("hewston", "apps"):
        leave_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source / part, target / part, ignore=leave_out)
    shutil.copy(PROJECT / "pyproject.toml", target)
    return target


def lint_imports(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--no-logo", *options],
        cwd=tree,
        check=False,
        capture_output=True,
        text=True,
    )


def test_every_contract_holds(clean_tree: Path) -> None:
    result = lint_imports(clean_tree)
    assert result.returncode == 0, result.stdout
    assert " 0 broken." in result.stdout


@pytest.mark.parametrize(("contract", "module", "planted"), BREACHES)
def test_a_planted_import_breaks_its_contract(
    clean_tree: Path, tmp_path: Path, contract: str, module: str, planted: str
) -> None:
    tree = copy_tree(clean_tree, tmp_path / "tree")
    victim = tree / module
    victim.parent.mkdir(exist_ok=True)
    before = victim.read_text() if victim.exists() else ""
    victim.write_text(f"{before}\n{planted}\n")
    result = lint_imports(tree, "--contract", contract)
    assert result.returncode != 0, result.stdout
    assert "BROKEN" in result.stdout, result.stdout
