"""`manage.py parity compare|comparisons|comparison`, as a person types it."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.core.management import call_command

from tests.bridges import ARTIFACT_ID, add_artifact
from tests.commands import run_command, succeed
from tests.comparisons import COMPARISON_ID, add_comparison
from tests.parity.test_board_commands import START, price, write_bars

BARS = 96


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def run_id(root: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    table = write_bars(tmp_path_factory.mktemp("bars") / "ETH.csv")
    options = ("--stamp", "open", "--calendar", "24/7", "--tick", "0.01", "--symbol", "ETH")
    dataset_id = str(succeed(root, "ingest", "--csv", table, *options)["dataset_id"])
    made = succeed(
        root,
        *("backtest", dataset_id, "--strategy", "sma_crossover", "--session", "all"),
        *("--param", "fast=3", "--param", "slow=8", "--k-spread", "0"),
    )
    return str(made["run_id"])


def write_chart(path: Path, *, wrong_from: int = BARS) -> Path:
    """Export the same bars with their mean of eight, which is another one from a bar on."""
    closes = [price(bar + 1) for bar in range(BARS)]
    means = pl.Series(closes).rolling_mean(8).to_list()
    lines = ["time,open,high,low,close,Mean 8,Volume"]
    for bar in range(BARS):
        opened, closed, mean = price(bar), closes[bar], means[bar]
        at = int(START.timestamp()) + 900 * bar
        shown = "NaN" if mean is None else f"{mean + (bar >= wrong_from):.6f}"
        high, low = max(opened, closed), min(opened, closed)
        lines.append(f"{at},{opened},{high},{low},{closed},{shown},10")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def artifact_id(root: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    chart = write_chart(tmp_path_factory.mktemp("charts") / "ETH chart.csv", wrong_from=60)
    return str(succeed(root, "parity", "import", chart)["artifact_id"])


def compare(root: Path, artifact_id: str, run_id: str, *options: str) -> dict[str, Any]:
    sides = ("--artifact", artifact_id, "--run", run_id)
    return succeed(root, "parity", "compare", *sides, *options)


def test_a_comparison_is_made_listed_shown_and_deleted(root, artifact_id, run_id) -> None:
    made = compare(root, artifact_id, run_id, "--map", "Mean 8=slow")
    assert (made["created"], made["verdict"]) == (True, "diverged")
    assert made["report"]["first"]["row"] == 60
    assert made["report"]["first"]["delta"] == pytest.approx(-1.0, abs=1e-5)
    assert Path(made["folder"], "comparison.json").is_file()
    again = compare(root, artifact_id, run_id, "--map", "Mean 8=slow")
    assert (again["created"], again["comparison_id"]) == (False, made["comparison_id"])
    loose = ("--map", "Mean 8=slow", "--tolerance-absolute", "1.5", "--tolerance-relative", "0")
    within = compare(root, artifact_id, run_id, *loose)
    assert within["verdict"] == "aligned_within_tolerance"
    listed = succeed(root, "parity", "comparisons", "--verdict", "diverged", "--run", run_id)
    assert [one["comparison_id"] for one in listed["comparisons"]] == [made["comparison_id"]]
    shown = succeed(root, "parity", "comparison", made["comparison_id"])
    assert shown["report"] == made["report"]
    gone = succeed(root, "parity", "comparison", made["comparison_id"], "--delete")
    assert gone == {"deleted": made["comparison_id"]}
    refused = run_command(root, "parity", "comparison", made["comparison_id"])
    assert refused.error["code"] == "COMPARISON_NOT_FOUND"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--map", "nothing"), "--map nothing is not TITLE=VALUE."),
        (("--map", "a=b", "--map", "a=c"), "--map says a twice."),
        (("--offset", "a=many"), "--offset a=many is not a whole number of bars."),
        (("--bars", "-1"), "bars is -1"),
        (("--zone", "Mars"), "zone is Mars"),
        (("--python-artifact", "x"), "Say what Python's side is"),
        (("--list", "x"), "There is no bridge artifact x."),
        (("--tolerance-absolute", "-1"), "The absolute tolerance is -1.0"),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(
    catalogue, capsys, options: tuple[str, ...], words: str
) -> None:
    add_artifact(catalogue)
    sides = ("--artifact", ARTIFACT_ID, "--run", catalogue.run.pk)
    with pytest.raises(SystemExit):
        call_command("parity", "compare", *sides, *options, "--json", "--user", "ada")
    assert words in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_person_reads_where_both_part(catalogue, capsys) -> None:
    made = add_comparison(catalogue)
    call_command("parity", "comparison", COMPARISON_ID, "--user", "ada")
    said = capsys.readouterr().out
    assert made.sentence in said
    assert "0 series on 60 bars; 0 of 2 trades match." in said
    for layer in ("candles", "indicators", "orders"):
        assert f"  {layer}" in said
    call_command("parity", "comparisons", "--artifact", "none", "--user", "ada")
    assert capsys.readouterr().out.strip() == "There is no such comparison."
    with pytest.raises(SystemExit):
        call_command("parity", "comparison", COMPARISON_ID, "--cancel", "--json", "--user", "ada")
    assert "is over already: done" in capsys.readouterr().out
