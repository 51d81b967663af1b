"""`manage.py serve`: one command that starts all of it, and ends all of it."""

import json
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from hewston.supervisor import WEB_MEMORY
from tests.commands import succeed
from tests.serving import LONG_SECONDS, Answer, Serving, serve, start_serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One that all tests share which only ask it something."""
    with serve(tmp_path_factory.mktemp("site")) as serving:
        yield serving


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """One that the test may end."""
    with serve(tmp_path) as serving:
        yield serving


def sessions(answer: Answer) -> list[str]:
    cookies = answer.headers.get_all("Set-Cookie", [])
    return [cookie for cookie in cookies if cookie.startswith("hewston_session=")]


def test_it_prints_a_link_that_signs_in_once(site: Serving) -> None:
    path = urlsplit(site.link).path
    first = site.request(path)
    assert first.status == 302
    assert first.headers["Location"] == "/"
    assert site.request("/").status == 302
    (session,) = sessions(first)
    assert site.request("/", headers={"Cookie": session.split(";")[0]}).status == 200
    again = site.request(path)
    assert again.status == 410
    assert sessions(again) == []


def test_scripts_and_styles_are_served_under_hashed_names(site: Serving) -> None:
    page = site.request("/sign-in/").body.decode()
    (style,) = set(re.findall(r'href="(/static/app\.[0-9a-f]+\.css)"', page))
    answer = site.request(style)
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]


def test_a_sample_and_a_run_of_it_are_made_once_and_the_link_lands_on_the_run(
    tmp_path: Path,
) -> None:
    landings = []
    for _ in range(2):
        with serve(tmp_path, "--sample") as serving:
            landing = serving.request(urlsplit(serving.link).path)
            (session,) = sessions(landing)
            page = landing.headers["Location"]
            assert serving.request(page, headers={"Cookie": session.split(";")[0]}).status == 200
            landings.append(page)
    assert re.fullmatch(r"/runs/[0-9a-z]{12}/", landings[0])
    assert landings[1] == landings[0]
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_the_web_server_is_told_to_keep_little_memory(site: Serving) -> None:
    told = site.part("webserver").environ()
    assert {name: told.get(name) for name in WEB_MEMORY} == WEB_MEMORY


def test_a_link_is_refused_to_a_proxy_and_to_another_host(site: Serving) -> None:
    link = urlsplit(site.link).path
    assert site.request(link, headers={"X-Forwarded-For": "127.0.0.1"}).status == 403
    assert site.request(link, headers={"Host": "evil.example"}).status == 400


def test_what_the_web_server_asks_its_children_goes_on_after_a_sweep(tmp_path: Path) -> None:
    """Each command sweeps what lies under tmp/ without a lock."""
    bars = "\n".join(f"2025-10-{day:02},1,2,0.5,1.5,10" for day in range(1, 30))
    head = 'Content-Disposition: form-data; name="files"; filename="a.csv"'
    file = f"Date,Open,High,Low,Close,Volume\n{bars}"
    body = f"--b\r\n{head}\r\n\r\n{file}\r\n--b--\r\n"
    with serve(tmp_path) as serving:
        token = succeed(tmp_path, "token", "previews", "--scope", "ingest")["token"]
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "multipart/form-data; boundary=b",
        }
        for _ in range(2):
            answer = serving.request("/api/datasets/preview", body=body.encode(), headers=headers)
            assert answer.status == 200, answer.body
            assert json.loads(answer.body)["rows"]["bars"] == 29
            succeed(tmp_path, "verify", "--all")


def test_ctrl_c_ends_all_of_it(serving: Serving) -> None:
    web_server = serving.part("webserver")
    serving.process.send_signal(signal.SIGINT)
    assert serving.process.wait(LONG_SECONDS) == 0
    assert not web_server.is_running()
    assert serving.process.stderr is not None
    assert serving.process.stderr.read() == ""


def test_a_request_to_terminate_ends_all_of_it(serving: Serving) -> None:
    web_server = serving.part("webserver")
    serving.process.terminate()
    assert serving.process.wait(LONG_SECONDS) == 0
    assert not web_server.is_running()


def test_a_killed_supervisor_leaves_nothing_behind(serving: Serving) -> None:
    web_server = serving.part("webserver")
    serving.process.kill()
    _, alive = psutil.wait_procs([web_server], timeout=LONG_SECONDS)
    assert alive == []


def test_a_killed_web_server_starts_again_and_no_browser_is_refused(serving: Serving) -> None:
    before = serving.part("webserver")
    before.kill()
    before.wait(LONG_SECONDS)
    assert serving.request("/healthz").status == 200
    assert serving.part("webserver").pid != before.pid


def test_a_body_over_the_limit_is_refused_before_it_is_read(site: Serving) -> None:
    with socket.create_connection(("127.0.0.1", site.port), LONG_SECONDS) as client:
        client.sendall(b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000000\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_grows_over_the_limit_is_refused(site: Serving) -> None:
    answer = site.request("/healthz", body=(b"x" * 10_000 for _ in range(150)))
    assert answer.status == 413
    assert json.loads(answer.body)["error"]["code"] == "PAYLOAD_TOO_LARGE"


def test_a_body_below_the_limit_reaches_the_site(site: Serving) -> None:
    assert site.request("/healthz", body=b"x" * 1_000_000).status in {403, 405}


def test_a_busy_port_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        process = start_serving(tmp_path, "--bind", f"127.0.0.1:{port}")
        said, complained = process.communicate(timeout=LONG_SECONDS)
    assert process.returncode == 1
    assert said == ""
    assert complained.startswith(f"Error: Port {port} of 127.0.0.1 is in use by another program.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bind", ["8000", "127.0.0.1:", "127.0.0.1:eight", "127.0.0.1:70000"])
def test_an_address_that_is_none_is_wrong_usage(tmp_path: Path, bind: str) -> None:
    process = start_serving(tmp_path, "--bind", bind)
    _, complained = process.communicate(timeout=LONG_SECONDS)
    assert process.returncode == 2
    assert "is not HOST:PORT" in complained
