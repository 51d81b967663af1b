"""`manage.py parity batch`, as a person types it."""

import contextlib
import datetime as dt
import json
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.commands import run_command, start_command, succeed

PORTS = Path(__file__).parents[1] / "pipeline" / "parity" / "ports"
HEADER = (
    "Trade number,Type,Date and time,Signal,Price USD,Size (qty),Size (value),Net PnL USD,"
    "Net PnL %,Favorable excursion USD,Favorable excursion %,Adverse excursion USD,"
    "Adverse excursion %,"
    "Cumulative PnL USD,Cumulative PnL %"
)
# Long at every fourth close, flat two bars later; fills at the opens after those.
EVERY_FOURTH = """\
import numpy as np


def run_strategy(frame):
    return frame[[]].assign(position=(np.arange(len(frame)) % 4 < 2) * 1.0)
"""
START = dt.datetime(2025, 3, 31, tzinfo=dt.UTC)
COUNT = 96


def price(bar: int) -> float:
    """Opens of bars that never repeat within a day, so that only one zone fits."""
    return 100 + bar + (bar * 7 % 5) / 10


def write_bars(path: Path) -> Path:
    lines = ["time,open,high,low,close,volume"]
    for bar in range(COUNT):
        at = START + dt.timedelta(minutes=15 * bar)
        opened, closed = price(bar), price(bar + 1)
        low, high = min(opened, closed), max(opened, closed)
        lines.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{opened},{high},{low},{closed},10")
    path.write_text("\n".join(lines) + "\n")
    return path


def write_list(path: Path, *, first: int = 4, last: int = 60, off: float = 0.0) -> int:
    """List what the strategy trades, entered from one bar to another, in Taipei's time."""
    rows, number = [HEADER], 0
    for entry in range(1, COUNT - 2, 4):
        if first <= entry <= last:
            number += 1
            for word, bar in (("Exit", entry + 2), ("Entry", entry)):
                at = START + dt.timedelta(minutes=15 * bar, hours=8)
                fill = price(bar) + (off if number == 3 else 0.0)
                rows.append(
                    f"{number},{word} long,{at:%Y-%m-%d %H:%M},x,{fill:.2f},1,{fill:.2f},"
                    "0,0,0,0,0,0,0,0"
                )
    path.write_text("\n".join(rows) + "\n")
    return number


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def dataset_id(root: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    table = write_bars(tmp_path_factory.mktemp("bars") / "ETH.csv")
    options = ("--stamp", "open", "--calendar", "24/7", "--tick", "0.01", "--symbol", "ETH")
    return str(succeed(root, "ingest", "--csv", table, *options)["dataset_id"])


def play(root: Path, dataset_id: str, folder: Path, *options: str) -> dict[str, Any]:
    return succeed(root, "parity", "batch", "--dataset", dataset_id, "--folder", folder, *options)


def test_a_board_says_of_each_pair_what_matched(root, dataset_id, tmp_path) -> None:
    trades = write_list(tmp_path / "same.csv")
    write_list(tmp_path / "dearer.csv", off=0.01)
    for name in ("same", "dearer", "alone"):
        (tmp_path / f"{name}.py").write_text(EVERY_FOURTH)
    for name, source in (
        ("broken", "def run_strategy(frame) return 1\n"),
        ("short", "def run_strategy(frame):\n    return frame.head(3).assign(position=1.0)\n"),
        ("gone", "import os\n\nos._exit(3)\n"),
    ):
        (tmp_path / f"{name}.py").write_text(source)
        write_list(tmp_path / f"{name}.csv")
    write_list(tmp_path / "lonely.csv")
    (tmp_path / "page.py").write_text(EVERY_FOURTH)
    (tmp_path / "page.csv").write_text("<!doctype html><html><body>Sign in</body></html>")
    (tmp_path / "README.md").write_text("not of a pair")

    board = play(root, dataset_id, tmp_path, "--zone", "Asia/Taipei")

    pairs = {one["name"]: one for one in board["pairs"]}
    assert list(pairs) == sorted(pairs)
    assert board["ignored"] == ["README.md"]
    wanted = {"trades": trades, "matched": trades, "extra": 0, "pct": 100.0, "verdict": "aligned"}
    assert wanted.items() <= pairs["same"].items()
    assert (pairs["dearer"]["matched"], pairs["dearer"]["extra"]) == (trades - 1, 1)
    assert pairs["dearer"]["verdict"] == "diverged"
    said = {name: one["problem"] for name, one in pairs.items() if one["problem"]}
    assert set(said) == {"alone", "broken", "gone", "lonely", "page", "short"}
    assert said["alone"] == "alone.py has no list of trades beside it: alone.csv or alone.xlsx."
    assert said["lonely"] == "lonely.csv has no strategy beside it: lonely.py."
    assert said["broken"].startswith("The strategy does not load in line 1: SyntaxError")
    assert said["gone"] == "The strategy ended itself before it gave an answer."
    assert "3 rows" in said["short"]
    assert "page.csv" in said["page"]
    for name in said:
        assert (pairs[name]["matched"], pairs[name]["verdict"]) == (0, "not_comparable")
    assert (pairs["broken"]["trades"], pairs["alone"]["trades"]) == (trades, 0)
    assert board["matched"] == 2 * trades - 1
    assert board["trades"] == 6 * trades


def test_a_zone_that_nobody_said_is_found_where_one_does_best(root, dataset_id, tmp_path) -> None:
    write_list(tmp_path / "a.csv")
    (tmp_path / "a.py").write_text(EVERY_FOURTH)
    (pair,) = play(root, dataset_id, tmp_path)["pairs"]
    assert (pair["pct"], pair["problem"]) == (100.0, None)


def test_the_options_of_a_run_are_those_of_every_pair(root, dataset_id, tmp_path) -> None:
    write_list(tmp_path / "a.csv")
    (tmp_path / "a.py").write_text(EVERY_FOURTH)
    options = ("--zone", "Asia/Taipei", "--slippage-ticks", "1")
    board = play(root, dataset_id, tmp_path, *options)
    assert board["matched"] == 0


def test_a_board_says_what_got_worse_since_the_one_before(root, dataset_id, tmp_path) -> None:
    options = ("--zone", "Asia/Taipei", "--seed", "7")  # of which the other boards know nothing
    trades = write_list(tmp_path / "a.csv")
    (tmp_path / "a.py").write_text(EVERY_FOURTH)
    first = play(root, dataset_id, tmp_path, *options)
    (tmp_path / "a.py").write_text(EVERY_FOURTH.replace("% 4 < 2", "% 4 < 1"))
    second = play(root, dataset_id, tmp_path, *options)
    assert second["earlier"] == first["board_id"]
    (change,) = second["changes"]
    assert (change["kind"], change["name"]) == ("worse", "a")
    assert (change["before"]["matched"], change["after"]["matched"]) == (trades, 0)
    assert (change["is_other_source"], change["is_other_list"]) == (True, False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--zone", "Mars"), "zone is Mars"),
        (("--size", "0"), "size"),
        (("--folder", "nothing-here"), "There is no folder"),
    ],
)
def test_what_cannot_be_played_is_a_sentence(root, dataset_id, tmp_path, options, words) -> None:
    write_list(tmp_path / "a.csv")
    (tmp_path / "a.py").write_text(EVERY_FOURTH)
    asked = ("parity", "batch", "--dataset", dataset_id, "--folder", tmp_path)
    assert words in run_command(root, *asked, *options).error["message"]


SLOW = f"import time\n\ntime.sleep(20)\n\n\n{EVERY_FOURTH}"


def wait_for_child(command: subprocess.Popen[str]) -> psutil.Process:
    """Wait until a child plays pairs: a fork of the command's fork server that waits for a job."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for one in psutil.Process(command.pid).children():
            if "forkserver" in " ".join(one.cmdline()) and (children := one.children()):
                return children[0]
        time.sleep(0.05)
    pytest.fail("No child began.")


def test_a_pair_whose_process_is_killed_takes_no_other_with_it(root, dataset_id, tmp_path) -> None:
    for name, source in (("a", EVERY_FOURTH), ("b", SLOW), ("c", EVERY_FOURTH)):
        (tmp_path / f"{name}.py").write_text(source)
        write_list(tmp_path / f"{name}.csv")
    asked = ("parity", "batch", "--dataset", dataset_id, "--folder", tmp_path)
    with start_command(root, *asked, "--zone", "Asia/Taipei") as command:
        wait_for_child(command)
        time.sleep(5)  # the others are over by then
        wait_for_child(command).kill()
        answer, _ = command.communicate(timeout=120)
    pairs = {one["name"]: one for one in json.loads(answer)["pairs"]}
    assert [pairs[name]["pct"] for name in ("a", "c")] == [100.0, 100.0]
    assert pairs["b"]["problem"].startswith("Its process ended before it was done")


def test_ctrl_c_cancels_a_board_and_keeps_its_files(root, dataset_id, tmp_path) -> None:
    (tmp_path / "a.py").write_text(SLOW)
    write_list(tmp_path / "a.csv")
    asked = ("parity", "batch", "--dataset", dataset_id, "--folder", tmp_path)
    with start_command(root, *asked, "--zone", "Asia/Taipei") as command:
        child = wait_for_child(command)
        command.send_signal(signal.SIGINT)
        command.communicate(timeout=60)
    assert command.returncode == 130
    assert not child.is_running()
    with contextlib.closing(sqlite3.connect(root / "hewston.sqlite3")) as database:
        newest = "SELECT id, status FROM parity_board ORDER BY created_at DESC LIMIT 1"
        board_id, status = database.execute(newest).fetchone()
    assert status == "CANCELLED"
    assert (root / "parity" / "boards" / board_id / "a.py").is_file()


def test_all_that_tradingview_traded_is_traded_here(real_data, tmp_path) -> None:
    """Every entry and exit of seven strategies: the same time, side and price."""
    source = real_data / "tradingview"
    folder, root = tmp_path / "pairs", tmp_path / "data"
    folder.mkdir()
    for listed in sorted((source / "probes").glob("*/tv_trades.csv")):
        name = listed.parent.name
        (folder / f"{name}.csv").write_bytes(listed.read_bytes())
        shutil.copyfile(PORTS / f"{name.replace('-', '_')}.py", folder / f"{name}.py")
    table = source / "ohlcv_ETH-USDT-USDT_15m_warmup6m.csv"
    dataset = succeed(root, "ingest", "--csv", table, "--stamp", "open")
    board = play(root, str(dataset["dataset_id"]), folder, "--zone", "Asia/Taipei")
    assert {one["name"]: (one["matched"], one["extra"]) for one in board["pairs"]} == {
        "bracket-exit-tp-sl-fixed-01": (366, 0),
        "ta-bb-rsi-mean-reversion-01": (495, 0),
        "ta-donchian-channel-breakout-01": (1002, 0),
        "ta-macd-12-26-9-line-signal-cross-01": (3022, 0),
        "ta-rsi14-cross-50-01": (4690, 0),
        "ta-sma-dual-cross-01": (2150, 0),
        "ta-supertrend-direction-flip-01": (819, 0),
    }
    assert board["matched"] == board["trades"] == 12_544
    assert all(one["verdict"] == "aligned" for one in board["pairs"])
