"""Requests that come at the same moment, to the real web server on a real database file."""

import contextlib
import functools
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.commands import succeed
from tests.scenes import DATASET_ID

pytestmark = pytest.mark.slow
AT_ONCE = 20
BODY = {"dataset_id": DATASET_ID, "strategy_id": "sma_crossover", "params": {"slow": 100}}


class Site:
    """A served site, and the token of a person on it."""

    def __init__(self, port, token):
        self.port, self.token = port, token

    def post(self, body, key=None, *, method="POST", path="/backtests"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            **({"Idempotency-Key": key} if key else {}),
        }
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        status, said = answer.status, json.loads(answer.read() or "null")
        connection.close()
        return status, said

    def post_at_once(self, requests):
        return self.do_at_once([functools.partial(self.post, *request) for request in requests])

    def do_at_once(self, acts):
        together = threading.Barrier(len(acts))

        def act(one):
            together.wait()
            return one()

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(act, acts))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("site")) as site:
        yield site


@contextlib.contextmanager
def serve(root):
    """Serve a filled catalogue on a data root."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = root / "site.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.site", str(root), str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 240
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
        scopes = ("--scope", "run", "--scope", "ingest")
        made = succeed(root, "token", "race", *scopes, "--user", "ada")
        yield Site(port, made["token"])
    finally:
        process.terminate()
        process.wait(10)


def test_the_same_inputs_at_once_make_one_run(site):
    answers = site.post_at_once([(BODY | {"seed": 1},)] * AT_ONCE)
    assert sorted(status for status, _ in answers) == [200] * (AT_ONCE - 1) + [202]
    assert len({said["run_id"] for _, said in answers}) == 1


def test_the_same_key_at_once_makes_one_run(site):
    answers = site.post_at_once([(BODY | {"seed": 2}, "once")] * AT_ONCE)
    assert sorted(status for status, _ in answers) == [200] * (AT_ONCE - 1) + [202]
    assert len({said["run_id"] for _, said in answers}) == 1


def test_one_key_with_two_bodies_at_once_is_the_run_of_one_of_them(site):
    requests = [(BODY | {"seed": 3 + number % 2}, "two") for number in range(AT_ONCE)]
    answers = site.post_at_once(requests)
    assert sorted(status for status, _ in answers) == [200] * 9 + [202] + [409] * 10
    codes = {said["error"]["code"] for status, said in answers if status == 409}
    assert codes == {"IDEMPOTENCY_CONFLICT"}
    won = {
        body["seed"]
        for (body, _), (status, _) in zip(requests, answers, strict=True)
        if status < 300
    }
    assert len(won) == 1


def test_other_inputs_at_once_are_runs_of_their_own(site):
    answers = site.post_at_once([(BODY | {"seed": 100 + n}, f"k{n}") for n in range(AT_ONCE)])
    assert [status for status, _ in answers] == [202] * AT_ONCE
    assert len({said["run_id"] for _, said in answers}) == AT_ONCE


def test_no_run_is_asked_for_on_a_dataset_that_is_deleted_at_the_same_moment(tmp_path):
    with serve(tmp_path) as site:
        for run in site.post(None, method="GET", path="/backtests")[1]["items"]:
            address = f"/backtests/{run['run_id']}"
            assert site.post({}, method="DELETE", path=address) == (204, None)
        act = functools.partial
        address = f"/api/datasets/{DATASET_ID}"
        ask = [act(site.post, BODY | {"seed": seed}) for seed in range(AT_ONCE // 2)]
        delete = [act(site.post, {}, method="DELETE", path=address)] * (AT_ONCE // 2)
        statuses = [status for status, _ in site.do_at_once([*delete, *ask])]
        left, _ = site.post(None, method="GET", path=address)
        runs = site.post(None, method="GET", path="/backtests")[1]["total"]
        folders = list((tmp_path / "datasets" / DATASET_ID).rglob("bars.parquet"))
    asked, deleted = statuses[AT_ONCE // 2 :], statuses[: AT_ONCE // 2]
    if left == 404:
        assert (sorted(deleted), {*asked}, runs, folders) == ([204] + [404] * 9, {404}, 0, [])
    else:
        assert ({*deleted}, {*asked}, runs, len(folders)) == ({409}, {202}, 10, 1)
