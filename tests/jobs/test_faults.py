"""Whatever process is killed, every job that was accepted comes to a true end by itself."""

import contextlib
import functools
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from tests.commands import PROJECT, run_command, succeed
from tests.serving import Serving, serve

pytestmark = pytest.mark.slow

END_S = 40.0  # an end is promised within 30 s of the restart, on a machine that is not busy
TRIES = 5
SEEDS = itertools.count(1)


@pytest.fixture(scope="module")
def stocked(sample_year: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with one dataset of a quarter, and the folder it came from."""
    base = tmp_path_factory.mktemp("stocked")
    folder = base / "quarter"
    folder.mkdir()
    for path in sample_year.iterdir():
        if any(month in path.name for month in ("-202301", "-202302", "-202303", "definition")):
            (folder / path.name).symlink_to(path)
    succeed(base / "root", "ingest", "--dbn", folder)
    return base


@pytest.fixture
def root(stocked: Path, tmp_path: Path) -> Path:
    shutil.copytree(stocked / "root", tmp_path / "root")
    return tmp_path / "root"


def query(root: Path, statement: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(root / "hewston.sqlite3")) as database:
        return database.execute(statement).fetchall()


def dataset_of(root: Path) -> str:
    return str(query(root, "SELECT dataset_id FROM datasets_dataset LIMIT 1")[0][0])


def ask(root: Path, kind: str, what: str | Path, count: int = 1) -> list[str]:
    first = next(SEEDS) * 1000
    words = ["-m", "tests.jobs.asking", kind, str(what), str(count), str(first)]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=PROJECT,
        env={**os.environ, "HEWSTON_DATA_ROOT": str(root)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()


def states(root: Path, table: str, ids: list[str]) -> list[str]:
    names = ", ".join(f"'{name}'" for name in ids)
    rows = query(root, f"SELECT status FROM {table} WHERE id IN ({names})")
    return sorted(str(state) for (state,) in rows)


def wait(until: Callable[[], object], what: str, seconds: float = END_S) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def wait_for_end(root: Path, table: str, ids: list[str]) -> list[str]:
    wait(
        lambda: not {"QUEUED", "RUNNING"} & set(states(root, table, ids)),
        f"{table}: {states(root, table, ids)}",
    )
    return states(root, table, ids)


def processes(serving: Serving, kind: str) -> list[psutil.Process]:
    """The processes of a kind: see KINDS."""
    if kind == "supervisor":
        return [psutil.Process(serving.process.pid)]
    if kind == "web":
        return [serving.part("webserver")]
    queue, role = kind.split()
    main = serving.part(queue)
    if role == "main":
        return [main]
    sentinels: list[psutil.Process] = main.children()
    if role == "sentinel":
        return sentinels
    parts = [part for sentinel in sentinels for part in sentinel.children()]
    if role == "parts":  # workers, busy or idle, pusher and monitor
        return parts
    servers = [
        child
        for part in parts
        for child in part.children()
        if "forkserver" in " ".join(child.cmdline())
    ]
    return (
        servers
        if role == "forkserver"
        else [one for server in servers for one in server.children()]
    )


def job_of(serving: Serving, queue: str) -> bool:
    """Tell whether a job of a queue is under way, also while its cluster is being replaced."""
    try:
        return bool(processes(serving, f"{queue} job"))
    except (ValueError, psutil.Error):
        return False


def seen_or_over(root: Path, serving: Serving, ids: list[str]) -> bool:
    """Tell whether an ingest is under way, or was so quick that nobody saw it."""
    return job_of(serving, "ingest") or states(root, "datasets_ingest", ids) == ["DONE"]


def cancel_all(root: Path, table: str, ids: list[str]) -> str:
    """Cancel jobs while one of them is under way; gives that one's id, and "" where none is."""
    among = f"id IN ({', '.join(f"'{one}'" for one in ids)})"
    with contextlib.closing(sqlite3.connect(root / "hewston.sqlite3", timeout=30)) as database:
        database.execute("BEGIN IMMEDIATE")
        running = database.execute(
            f"SELECT id FROM {table} WHERE {among} AND status = 'RUNNING'"
        ).fetchone()
        if running is None:
            database.rollback()
            return ""
        database.execute(
            f"UPDATE {table} SET status = 'CANCELLED' "
            f"WHERE {among} AND status IN ('QUEUED', 'RUNNING')"
        )
        database.commit()
        return str(running[0])


def kill(serving: Serving, *kinds: str) -> None:
    victims = [process for kind in kinds for process in processes(serving, kind)]
    assert victims
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()


def check(root: Path) -> None:
    """Nothing is half-made, nothing twice, and all of it verifies."""
    done = {str(name) for (name,) in query(root, "SELECT id FROM runs_run WHERE status = 'DONE'")}
    folders = {path.name for path in (root / "runs").glob("*")}
    assert folders == done
    assert query(root, "SELECT count(*) FROM runs_runmetrics") == [(len(done),)]
    assert run_command(root, "verify", "--all").code == 0
    left = [path.name for path in (root / "tmp").iterdir()]
    assert [name for name in left if not name.startswith("worker-")] == []


@contextlib.contextmanager
def serving_on(root: Path) -> Iterator[Serving]:
    with serve(root) as serving:
        family = serving.family()
        yield serving
        with contextlib.suppress(psutil.NoSuchProcess):
            family = serving.family()
        if serving.process.poll() is None:
            serving.process.send_signal(signal.SIGINT)
            assert serving.process.wait(60) == 0
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


@pytest.fixture(scope="module")
def shared(stocked: Path) -> Iterator[tuple[Path, Serving]]:
    """A site that survives all that these tests do to its parts; checked at the end."""
    root = stocked / "shared"
    shutil.copytree(stocked / "root", root)
    with serving_on(root) as serving:
        yield root, serving
        check(root)


KINDS = [
    ("web",),
    ("runs main",),
    ("runs sentinel",),
    ("runs parts",),
    ("runs forkserver",),
    ("runs job",),
    ("web", "runs main"),
]


@pytest.mark.parametrize("kinds", KINDS, ids=" and ".join)
def test_runs_end_whatever_is_killed_in_the_middle(
    shared: tuple[Path, Serving], kinds: tuple[str, ...]
) -> None:
    root, serving = shared
    ids = ask(root, "runs", dataset_of(root), 8)
    wait(lambda: job_of(serving, "runs"), "no job began")
    kill(serving, *kinds)
    assert wait_for_end(root, "runs_run", ids) == ["DONE"] * 8


@pytest.mark.parametrize(
    "kinds",
    [("ingest main",), ("ingest parts",), ("ingest job",), ("ingest sentinel", "runs sentinel")],
    ids=" and ".join,
)
def test_an_ingest_ends_whatever_is_killed_in_the_middle(
    shared: tuple[Path, Serving], stocked: Path, kinds: tuple[str, ...]
) -> None:
    root, serving = shared
    for _ in range(TRIES):  # one may be over before it is seen
        ids = ask(root, "ingest", stocked / "quarter")
        wait(functools.partial(seen_or_over, root, serving, ids), "no job began")
        if job_of(serving, "ingest"):
            break
    else:
        pytest.fail(f"{TRIES} ingests were over before anything could be killed")
    kill(serving, *kinds)  # at once: on a machine that is not busy the job is soon done
    assert wait_for_end(root, "datasets_ingest", ids) == ["DONE"]
    assert query(root, "SELECT count(*) FROM datasets_revision") == [(1,)]


def test_jobs_go_on_after_the_supervisor_was_killed_and_started_again(
    root: Path, stocked: Path
) -> None:
    with serving_on(root) as serving:
        ingests = ask(root, "ingest", stocked / "quarter")
        runs = ask(root, "runs", dataset_of(root), 12)
        wait(lambda: job_of(serving, "runs"), "no job began")
        family = serving.family()
        serving.process.kill()
        _, alive = psutil.wait_procs(family, timeout=10)
        assert alive == []
    with serving_on(root):
        assert wait_for_end(root, "runs_run", runs) == ["DONE"] * 12
        assert wait_for_end(root, "datasets_ingest", ingests) == ["DONE"]
        check(root)


def test_an_idle_worker_that_is_killed_does_not_stop_the_queue(root: Path) -> None:
    with serving_on(root) as serving:
        wait(lambda: processes(serving, "runs forkserver"), "no worker began")
        count = len(processes(serving, "runs parts"))
        for index in range(count):
            before = serving.part("runs").pid
            processes(serving, "runs parts")[index].kill()
            wait(functools.partial(_is_replaced, serving, before, count), "nothing was replaced")
        ids = ask(root, "runs", dataset_of(root), 2)
        assert wait_for_end(root, "runs_run", ids) == ["DONE"] * 2


def _is_replaced(serving: Serving, before: int, parts: int) -> bool:
    try:
        return (
            serving.part("runs").pid != before
            and len(processes(serving, "runs parts")) == parts
            and len(processes(serving, "runs forkserver")) > 0
        )
    except (ValueError, psutil.Error):  # it is gone, and not started again yet
        return False


def test_a_job_whose_process_always_dies_fails_after_three_attempts(root: Path) -> None:
    with serving_on(root) as serving:
        wait(
            lambda: len(processes(serving, "runs forkserver")) == settings.WORKERS,
            "no worker began",
        )
        servers = processes(serving, "runs forkserver")  # looked up once: a job is soon done
        (name,) = ask(root, "runs", dataset_of(root))
        while states(root, "runs_run", [name]) in (["QUEUED"], ["RUNNING"]):
            for job in [job for server in servers for job in server.children()]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    job.kill()
        state, attempt, error = query(
            root, f"SELECT status, attempt, error FROM runs_run WHERE id = '{name}'"
        )[0]
        assert (state, attempt) == ("ERROR", 3)
        assert '"INTERRUPTED"' in str(error)
        check(root)


@pytest.mark.parametrize("kind", ["runs", "ingest"])
def test_a_cancelled_job_stops_and_keeps_only_its_log(root: Path, stocked: Path, kind: str) -> None:
    table = "runs_run" if kind == "runs" else "datasets_ingest"
    with serving_on(root) as serving:
        what = (dataset_of(root), 8) if kind == "runs" else (stocked / "quarter", 1)
        ids = ask(root, kind, *what)  # one run alone may be done before anybody looks
        name = ""

        def cancel() -> bool:
            nonlocal name
            name = cancel_all(root, table, ids)
            return bool(name)

        wait(cancel, "no job began")
        wait(lambda: not processes(serving, f"{kind} job"), "the job goes on", seconds=10)
        wait(lambda: '"Cancelled."' in (root / "logs" / f"{name}.jsonl").read_text(), "no log")
        assert states(root, table, [name]) == ["CANCELLED"]
        check(root)


def test_a_catalogue_that_is_locked_for_ten_seconds_loses_nothing(root: Path) -> None:
    with serving_on(root) as serving:
        ids = ask(root, "runs", dataset_of(root), 8)
        wait(lambda: job_of(serving, "runs"), "no job began")
        with contextlib.closing(sqlite3.connect(root / "hewston.sqlite3", timeout=30)) as database:
            database.execute("BEGIN IMMEDIATE")
            time.sleep(10)
            database.rollback()
        assert wait_for_end(root, "runs_run", ids) == ["DONE"] * 8
        attempts = query(root, f"SELECT max(attempt) FROM runs_run WHERE id IN {(*ids,)}")
        assert attempts == [(1,)]


def test_ctrl_c_lets_a_job_end_or_leaves_it_for_the_next_start(root: Path) -> None:
    with serving_on(root) as serving:
        ids = ask(root, "runs", dataset_of(root), 6)
        wait(lambda: job_of(serving, "runs"), "no job began")
        serving.process.send_signal(signal.SIGINT)
        assert serving.process.wait(30) == 0
    with serving_on(root):
        assert wait_for_end(root, "runs_run", ids) == ["DONE"] * 6
        check(root)
