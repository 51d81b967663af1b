"""What may be sent: judged at the header, counted as it comes, kept on the disk, removed."""

import json
import time
from types import MappingProxyType

import pytest

from tests.sockets.conftest import CSRF, wait_until

UPLOAD = "/datasets/new/"
LIMIT = 20_000_000  # of an upload to this site
BOUNDARY = "b" * 16


def refusal(site, path, size, headers=MappingProxyType({})):
    """The error that a declared size meets, although not a byte of the body is sent."""
    head = write_head(site, path, size, headers)
    with site.connect(head) as client, client.makefile("rb") as answer:
        status = int(answer.readline().split()[1])
        length = 0
        while line := answer.readline().strip():
            name, _, value = line.partition(b": ")
            length = int(value) if name == b"Content-Length" else length
        return status, json.loads(answer.read(length))["error"]


def write_head(site, path, size, headers):
    fields = "".join(f"{name}: {value}\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\nHost: {site.host}\nContent-Length: {size}\n{fields}\n"


def multipart(size):
    """A body of one file, of about this size."""
    yield (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.dbn"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    for _ in range(size // 100_000):
        yield bytes(100_000)
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


def upload(site, path, headers, size=3_000_000, *, chunked=False):
    """Send a file; returns status and body."""
    body = b"".join(multipart(size))
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    if chunked:
        return site.request("POST", path, body=multipart(size), headers=headers | kind)
    return site.request("POST", path, body=body, headers=headers | kind)


def browser(site, name="ada"):
    """Headers of a page's form."""
    cookies = f"{site.cookie(name)['Cookie']}; hewston_csrf={CSRF}"
    return {"Cookie": cookies, "X-CSRFToken": CSRF}


@pytest.mark.parametrize("path", [UPLOAD, "/api/datasets", "/healthz", "/nothing"])
def test_ten_gigabytes_of_nobody_are_refused_before_a_byte_is_sent(site, path):
    status, error = refusal(site, path, 10_000_000_000)
    assert status == 413
    assert error["code"] == "PAYLOAD_TOO_LARGE"


def test_the_sentence_says_the_limit_that_applies(site):
    assert "over 1 MB" in refusal(site, "/runs/new/", LIMIT, site.cookie("ada"))[1]["message"]
    assert "signing in" in refusal(site, UPLOAD, LIMIT)[1]["message"]
    over = refusal(site, UPLOAD, LIMIT + 1, site.cookie("ada"))
    assert over[0] == 413
    assert "over 20 MB" in over[1]["message"]


@pytest.mark.parametrize("way", ["nobody", "ended", "read-only"])
def test_only_who_may_ingest_sends_more_than_a_form_has(site, way):
    headers = {
        "nobody": {},
        "ended": {"Cookie": "hewston_session=nobody"},
        "read-only": site.bearer("dora"),
    }[way]
    status, error = refusal(site, "/api/datasets", LIMIT, headers)
    assert (status, error["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_a_form_is_no_upload_whoever_sends_it(site):
    assert refusal(site, "/runs/new/", LIMIT, browser(site))[0] == 413


def test_a_disk_without_room_is_said_at_the_header(strict_site):
    status, error = refusal(strict_site, "/api/datasets", 2_000_000, strict_site.bearer("ada"))
    assert (status, error["code"]) == (503, "BUSY")
    assert "GB of disk are free" in error["message"]


def test_a_disk_without_room_says_when_to_come_again(strict_site):
    head = write_head(strict_site, "/api/datasets", 2_000_000, strict_site.bearer("ada"))
    with strict_site.connect(head) as client, client.makefile("rb") as answer:
        fields = [answer.readline() for _ in range(8)]
    assert fields[0].startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 5\r\n" in fields


def test_a_client_that_waits_to_be_asked_is_told_first(site):
    headers = {"Expect": "100-continue"}
    assert refusal(site, UPLOAD, 10_000_000_000, headers)[0] == 413


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("way", ["browser", "program"])
def test_an_upload_reaches_the_site_whole(site, way, chunked):
    headers = browser(site) if way == "browser" else site.bearer("ada")
    path, done = (UPLOAD, 302) if way == "browser" else ("/api/datasets", 202)
    before = set(kept_files(site))
    status, body = upload(site, path, headers, chunked=chunked)
    assert status == done, body
    (file,) = set(kept_files(site)) - before
    assert file.read_bytes() == bytes(3_000_000)


def kept_files(site):
    return (site.root / "uploads").glob("*/*")


def test_a_body_that_grows_over_its_limit_is_refused(site):
    status, body = upload(site, UPLOAD, {}, chunked=True)
    assert status == 413
    assert json.loads(body)["error"]["code"] == "PAYLOAD_TOO_LARGE"
    status, body = upload(site, UPLOAD, browser(site), LIMIT + 1_000_000, chunked=True)
    assert status == 413
    assert "over 20 MB" in json.loads(body)["error"]["message"]


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_the_site_reads_a_body_in_full_however_it_is_sent(site, chunked):
    body = bytes(900_000)
    status, said = site.request(
        "POST", "/test/size", body=iter([body]) if chunked else body, headers={}
    )
    assert (status, json.loads(said)) == (200, [900_000, 900_000])


def test_an_upload_that_is_broken_off_leaves_no_file(site):
    before = set(site.root.rglob("*"))
    with site.connect(write_head(site, UPLOAD, LIMIT, browser(site))) as client:
        client.sendall(bytes(3_000_000))
        wait_until(lambda: site.ask("/test/temporary"))
    wait_until(lambda: not site.ask("/test/temporary"))
    assert set(site.root.rglob("*")) == before


def test_a_slow_upload_is_not_cut_while_bytes_flow(site):
    body = b"".join(multipart(2_000_000))
    headers = browser(site) | {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    with site.connect(write_head(site, UPLOAD, len(body), headers)) as client:
        for start in range(0, len(body), 500_000):
            client.sendall(body[start : start + 500_000])
            time.sleep(0.6)  # in all longer than other bodies and answers may take here
        status = client.recv(100)
    assert status.startswith(b"HTTP/1.1 ")
    assert status.split()[1] not in {b"413", b"503"}


def test_a_body_that_drips_is_cut(site):
    with site.connect(write_head(site, "/sign-in/", 1000, {})) as client:
        assert wait_until(lambda: is_cut(client))


def is_cut(client):
    try:
        client.sendall(b"x")
    except ConnectionError:
        return True
    return False
