"""Work in a child: it answers, tells, is killed at any moment, and is gone with its parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from hewston import children
from hewston.pipeline.errors import HewstonError, InputError
from tests.commands import PROJECT

WAIT_S = 20.0


class StopError(Exception):
    """What a tick raises to end the child."""


def call(
    name: str, *, tick: Callable[[object], None] = lambda _progress: None, **arguments: object
) -> Any:
    told: list[tuple[str, dict[str, object]]] = []
    answer = children.call(
        f"tests.jobs.works:{name}",
        tick=tick,
        tick_s=0.02,
        log=lambda message, **details: told.append((message, details)),
        **arguments,
    )
    return answer, told


def wait_for(path: Path) -> int:
    deadline = time.monotonic() + WAIT_S
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return int(path.read_text())


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + WAIT_S
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_the_answer_the_progress_and_the_log_come_back() -> None:
    seen: list[object] = []
    answer, told = call("add", tick=seen.append, left=2, right=3)
    assert answer == 5
    assert told == [("Added.", {"left": 2})]
    assert seen[0] is None
    assert {0.25, 0.5} <= set(seen)


def test_a_refusal_comes_back_whole() -> None:
    with pytest.raises(InputError) as caught:
        call("refuse")
    assert caught.value.as_json() == {
        "code": "VALIDATION",
        "message": "The row is bad.",
        "details": {"field": "row", "record": 3},
    }


def test_what_nobody_foresaw_comes_back_with_its_traceback() -> None:
    with pytest.raises(children.UnforeseenError) as caught:
        call("fail")
    assert caught.value.kind == "ZeroDivisionError"
    assert "by nothing" in "".join(caught.value.lines)


@pytest.mark.parametrize("work", ["fill_the_disk", "fill_the_disk_in_polars"])
def test_a_full_disk_is_told_apart(work: str) -> None:
    with pytest.raises(children.UnforeseenError) as caught:
        call(work)
    assert caught.value.errno == 28


@pytest.mark.parametrize("work", ["fill_the_disk", "fill_the_disk_in_polars"])
def test_who_waits_is_told_of_a_full_disk(work: str) -> None:
    with pytest.raises(HewstonError) as caught:
        children.ask(f"tests.jobs.works:{work}", within_s=WAIT_S)
    assert caught.value.as_json() == {
        "code": "BUSY",
        "message": "The disk is full. Free some space and try again.",
    }


def test_a_file_that_is_gone_is_named_without_a_traceback() -> None:
    with pytest.raises(children.UnforeseenError) as caught:
        children.ask("tests.jobs.works:read_what_is_gone", within_s=WAIT_S)
    assert caught.value.errno == 2
    assert "/nowhere/bars.parquet" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_a_child_that_is_killed_is_told_apart() -> None:
    with pytest.raises(children.ChildDiedError):
        call("kill_yourself")


def test_a_child_holds_no_django() -> None:
    answer, _ = call("load_django")
    assert "django" not in answer


@pytest.mark.parametrize("work", ["name_yourself_and_sleep", "hold_the_interpreter"])
def test_a_tick_that_raises_ends_the_child_whatever_it_does(tmp_path: Path, work: str) -> None:
    path = tmp_path / "pid"

    def tick(_progress: object) -> None:
        if path.exists() and path.read_text():
            raise StopError

    with pytest.raises(StopError):
        call(work, tick=tick, path=path)
    assert is_gone(int(path.read_text()))


@pytest.mark.slow
@pytest.mark.parametrize("work", ["name_yourself_and_sleep", "hold_the_interpreter"])
def test_a_child_is_gone_with_its_parent_whatever_it_does(tmp_path: Path, work: str) -> None:
    path = tmp_path / "pid"
    code = (
        "import sys; from pathlib import Path; from hewston import children; "
        "children.call('tests.jobs.works:' + sys.argv[1], tick=print, tick_s=1, log=print, "
        "path=Path(sys.argv[2]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, work, str(path)], cwd=PROJECT, stdout=subprocess.DEVNULL
    ) as parent:
        child = wait_for(path)
        os.kill(parent.pid, signal.SIGKILL)
    assert is_gone(child)


def test_threads_may_call_at_the_same_time() -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda left: call("add", left=left, right=1)[0], range(24))
        assert list(answers) == list(range(1, 25))


def test_who_waits_for_an_answer_does_not_wait_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    assert children.ask("tests.jobs.works:add", within_s=WAIT_S, left=2, right=3) == 5
    with pytest.raises(HewstonError, match="longer than 1 s"):
        children.ask("tests.jobs.works:name_yourself_and_sleep", within_s=1, path=path)
    assert is_gone(int(path.read_text()))
    with pytest.raises(HewstonError, match="ended before it was done"):
        children.ask("tests.jobs.works:kill_yourself", within_s=WAIT_S)


def test_a_fork_server_that_was_killed_is_replaced() -> None:
    call("add", left=1, right=1)
    for process in psutil.Process().children():
        if "forkserver" in " ".join(process.cmdline()):
            process.kill()
            assert is_gone(process.pid)
    deadline = time.monotonic() + WAIT_S
    while (answer := _call_unless_dying()) is None:  # its threads end a moment after it
        assert time.monotonic() < deadline
    assert answer == 3


def _call_unless_dying() -> Any:
    try:
        return call("add", left=1, right=2)[0]
    except children.ChildDiedError:
        return None
