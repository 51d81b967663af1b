"""The documents say what the code does."""

import re
from pathlib import Path

import pytest

from hewston.pipeline.spec import COST_FIELDS, RUN_FIELDS

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")])
USING = (PROJECT / "docs" / "using.md").read_text()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_link_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())
    local = [link for link in links if not link.startswith("https://")]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_the_glossary_is_in_order_and_says_each_noun_once() -> None:
    text = (PROJECT / "GLOSSARY.md").read_text()
    nouns = [noun.lower() for noun in re.findall(r"^- \*\*([^*]+)\*\*:", text, re.MULTILINE)]
    assert len(nouns) > 40
    assert nouns == sorted(set(nouns))


def test_every_setting_is_documented() -> None:
    settings = (PROJECT / "hewston" / "settings.py").read_text()
    variable = r"\b(?:HEWSTON|DATABENTO|OLLAMA)_[A-Z_]+\b"
    assert set(re.findall(variable, USING)) == set(re.findall(variable, settings))


def test_no_module_but_the_settings_reads_the_environment() -> None:
    modules = [*(PROJECT / "hewston").rglob("*.py"), *(PROJECT / "apps").rglob("*.py")]
    reading = re.compile(r"os\.(?:environ\[|environ\.get|getenv)")
    readers = [module.name for module in modules if reading.search(module.read_text())]
    assert readers == ["settings.py"]


def test_every_option_of_a_run_is_documented_with_its_default() -> None:
    for name, rule in (RUN_FIELDS | COST_FIELDS).items():
        option = f"`--{name.replace('_', '-')}`"
        (row,) = [line for line in USING.splitlines() if line.startswith("| ") and option in line]
        shown = {None: "all", 100_000.0: "100000"}.get(rule["default"], str(rule["default"]))
        shown = "the dataset's" if name == "interval" else shown
        assert shown.removesuffix(".0") in row.split("|")[2], row
