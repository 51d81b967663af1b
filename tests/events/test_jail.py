"""The sandbox that has the engine holds what the other one holds."""

import os
import signal
import threading
import time

import psutil
import pytest

from hewston.pipeline.engine.events import EventStrategy
from hewston.pipeline.engine.kind import EVENT
from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.sandbox.zygotes import TIERS, Zygote
from hewston.sandboxes import open_client
from tests.events.sources import HEAD
from tests.sandbox.arena import find_attacks, play_all, play_as_nobody
from tests.sandbox.attacks import ATTACKS
from tests.sandbox.locked import WITH_ENGINE

SLEEPS = HEAD + "import time\ntime.sleep(60)\n"
GONE_S = 3.0  # where processors are short; benchmarks measure what it takes else


@pytest.mark.parametrize("tier", TIERS)
def test_each_attack_ends_as_it_says_beside_the_engine(tier: int) -> None:
    with Zygote(WITH_ENGINE, tiers=(tier,)) as zygote:
        for attacks in find_attacks(WITH_ENGINE, tier).values():
            assert play_all(zygote.client(), attacks) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="this is a plain user already")
def test_they_end_so_for_a_plain_user() -> None:
    said = play_as_nobody("--engine", "1")
    assert len(said) == len(ATTACKS)


@pytest.mark.parametrize("place", range(5))
def test_killing_any_of_its_processes_ends_all_and_the_caller_hears_of_it(place: int) -> None:
    """One stays behind with the engine's threads, one with the machine; zygote, supervisor, job."""
    caught: list[SandboxError] = []
    with Zygote(EVENT) as zygote:

        def ask() -> None:
            try:
                EventStrategy(SLEEPS.encode(), zygote.client()).describe()
            except SandboxError as problem:
                caught.append(problem)

        asking = threading.Thread(target=ask)
        asking.start()
        chain = wait_for_chain(zygote.pid)
        assert [len(one.threads()) for one in chain[1:]] == [1, 1, 1, 1]
        os.kill(chain[place].pid, signal.SIGKILL)
        start = time.monotonic()
        while runs(chain[-1]):
            assert time.monotonic() - start < GONE_S
            time.sleep(0.001)
        asking.join(60)
        assert [problem.code for problem in caught] == ["SANDBOX_DIED"]
        source = (HEAD + "class A(Strategy): pass\n").encode()
        said, _ = EventStrategy(source, zygote.client()).describe()
        assert said.failure is None


def wait_for_chain(first: int) -> list[psutil.Process]:
    """Wait for the one job that runs: every process from the first to it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        chain = [psutil.Process(first), *psutil.Process(first).children(recursive=True)]
        if len(chain) == 5:
            time.sleep(0.2)  # it sleeps by then
            return chain
        time.sleep(0.01)
    raise AssertionError("there is no job")


def runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    "expression",
    [
        "nautilus_pyo3.HttpClient()",
        "nautilus_pyo3.ParquetDataCatalog('/').instruments()",
        "nautilus_pyo3.DataBackendSession().add_file('x', 'x', '/etc/passwd')",
        "nautilus_pyo3.PostgresCacheDatabase.connect()",
        "nautilus_pyo3.load_tardis_trades('/etc/passwd')",
    ],
)
def test_what_the_engine_has_for_files_and_networks_reaches_nothing(expression: str) -> None:
    source = "from nautilus_trader.core import nautilus_pyo3\n\n" + HEAD
    source += f"print('reached', {expression})\n\n\nclass A(Strategy): pass\n"
    strategy = EventStrategy(source.encode(), open_client(EVENT))
    ends = None
    try:
        said, log = strategy.describe()
    except SandboxError as problem:  # its threads are refused, and the engine ends the process
        ends, printed = problem.code, str(problem.log)
    else:
        assert said.failure is not None
        printed = str(log)
    assert ends in {None, "SANDBOX_DIED"}
    assert "reached" not in printed
