"""Files that are sent to a site whose parts are killed, or whose disk fills up."""

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.commands import run_command, succeed
from tests.jobs.program import JSON, UPLOAD, choose, multipart, wait, working

pytestmark = pytest.mark.slow

DISK_BYTES = 60_000_000


def list_files(root: Path) -> set[str]:
    """What is kept: without what only running processes hold, logs and the catalogue."""
    folders = ("raw", "datasets", "runs", "uploads", "tmp", "deleted")
    paths = [path for name in folders for path in (root / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(root)) for path in paths if not path.name.startswith("worker-")}


def list_waiting(root: Path) -> set[str]:
    return {name for name in list_files(root) if name.startswith(("uploads/", "tmp/"))}


def holds_a_body(web: psutil.Process, root: Path) -> bool:
    """Tell whether a file without a name, which holds what comes in, is open in the data root."""
    for link in Path(f"/proc/{web.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed meanwhile
            if str(link.readlink()).startswith(f"{root}/tmp/"):
                return True
    return False


def test_an_upload_whose_web_server_is_killed_leaves_nothing(
    sample_year: Path, tmp_path: Path
) -> None:
    body = multipart(*choose(sample_year, "01")[1:])  # trades alone
    with working(tmp_path) as program:
        serving = program.serving
        before = list_waiting(tmp_path)
        head = (
            f"POST /api/datasets HTTP/1.1\r\nHost: 127.0.0.1:{serving.port}\r\n"
            f"Authorization: Bearer {program.token}\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: {UPLOAD['Content-Type']}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", serving.port), 30) as client:
            client.sendall(head.encode() + body[: len(body) // 2])
            web = serving.part("webserver")
            wait(lambda: holds_a_body(web, tmp_path), "no body came in")
            web.kill()
            web.wait(10)
        status, started = program.ask("/api/datasets", body)  # waits for the next web server
        assert status == 202
        assert program.follow(f"/api/ingests/{started['ingest_id']}")["status"] == "DONE"
        wait(lambda: list_waiting(tmp_path) == before, "something is left")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    size = f"size={DISK_BYTES}"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", place],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"A small disk cannot be mounted here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path, *, but: int) -> Path:
    """Leave so many bytes free."""
    pad = disk / "pad"
    with pad.open("wb", buffering=0) as output, contextlib.suppress(OSError):
        while (room := shutil.disk_usage(disk).free - but) > 0:
            output.write(bytes(min(room, 1 << 20)))
    return pad


def test_a_full_disk_refuses_or_fails_with_its_reason_until_there_is_space(
    sample_year: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEWSTON_MIN_FREE_GB", "0")
    root = small_disk / "root"
    dataset_id = succeed(root, "ingest", "--dbn", *choose(sample_year, "01"))["dataset_id"]
    more = multipart(*choose(sample_year, "02"))
    much = multipart(*(path for month in ("02", "03", "04") for path in choose(sample_year, month)))
    with working(root) as program:
        wait(lambda: program.ask("/readyz")[0] == 200, "nobody works")
        before = list_files(root)

        pad = fill(small_disk, but=300_000)  # requests have room, results have not
        run = program.follow(f"/backtests/{program.request_run(dataset_id, 1)[1]['run_id']}")
        assert (run["status"], run["error"]["code"]) == ("ERROR", "BUSY")
        assert "disk is full" in run["error"]["message"]
        sample = program.ask("/api/datasets", b'{"sample_year": 2024}', JSON)[1]
        made = program.follow(f"/api/ingests/{sample['ingest_id']}")
        assert (made["status"], made["error"]["code"]) == ("ERROR", "BUSY")

        fill(small_disk, but=0)
        for status, said in (
            program.ask("/api/datasets", much),
            program.ask("/api/datasets", b'{"sample_year": 2024}', JSON),
            program.request_run(dataset_id, 2),
        ):
            assert (status, said["error"]["code"]) == (503, "BUSY")
        assert list_files(root) == before
        for path in ("/healthz", "/backtests", f"/api/datasets/{dataset_id}/bars?limit=1"):
            assert program.ask(path)[0] == 200

        pad.unlink()
        run = program.follow(f"/backtests/{program.request_run(dataset_id, 2)[1]['run_id']}")
        assert run["status"] == "DONE"
        status, started = program.ask("/api/datasets", more)
        assert program.follow(f"/api/ingests/{started['ingest_id']}")["status"] == "DONE"
    assert run_command(root, "verify", "--all").code == 0
