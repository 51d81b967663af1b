"""A client that stops reading costs little, and not for long."""

import asyncio
import contextlib
import time

import pytest
from websockets.exceptions import ConnectionClosed

from tests.sockets.conftest import wait_until

CLIENTS = 50
STREAM = "GET /test/stream HTTP/1.1\nHost: a\n\n"
FLOOD = (
    "GET /test/flood HTTP/1.1\nHost: a\nUpgrade: websocket\nConnection: Upgrade\n"
    "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"
)
ROOM_BYTES = CLIENTS * 1_000_000


def test_fifty_clients_that_stop_reading_hold_little_memory_and_are_dropped(site):
    before = site.resident_bytes
    with contextlib.ExitStack() as clients:
        for _ in range(CLIENTS):
            clients.enter_context(site.connect(STREAM))
        wait_until(lambda: site.ask("/test/streams") == CLIENTS)
        most = before
        while site.ask("/test/streams"):
            most = max(most, site.resident_bytes)
    assert most - before < ROOM_BYTES


def test_a_client_that_goes_on_reading_gets_all_of_it(site):
    with site.connect(STREAM) as client, client.makefile("rb") as answer:
        assert len(answer.read(50_000_000)) == 50_000_000
    wait_until(lambda: not site.ask("/test/streams"))


def test_a_stream_may_last_longer_than_an_answer_may_take_to_begin(site):
    with site.connect(STREAM) as client, client.makefile("rb") as answer:
        for _ in range(40):  # in all longer than answers may take here
            assert len(answer.read(100_000)) == 100_000
            time.sleep(0.1)
        assert site.ask("/test/streams") == 1
    wait_until(lambda: not site.ask("/test/streams"))


@pytest.mark.asyncio
async def test_a_message_may_be_longer_than_what_is_heard(site):
    async with site.open("/test/long", {}) as client:
        assert len(await client.recv()) == 3_000_000
        assert client.close_code is None


def test_sockets_that_stop_reading_hold_little_memory_and_are_dropped(site):
    before = site.resident_bytes
    with contextlib.ExitStack() as clients:
        for _ in range(CLIENTS):
            clients.enter_context(site.connect(FLOOD))
        most = before
        wait_until(lambda: site.ask("/test/streams"))
        while site.ask("/test/streams"):
            most = max(most, site.resident_bytes)
    assert most - before < ROOM_BYTES


@pytest.mark.asyncio
async def test_a_client_that_leaves_in_the_middle_is_no_failure(site):
    async with site.open("/test/flood", {}) as client:
        assert len(await client.recv()) == 10_000
    await asyncio.to_thread(wait_until, lambda: not site.ask("/test/streams"))
    assert "Traceback" not in site.log()


@pytest.mark.asyncio
async def test_a_client_that_talks_without_being_heard_is_dropped(site):
    async with site.open("/test/silent", {}) as client:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(3000):
                await client.send("x")
        await client.wait_closed()
    assert client.close_code == 1006


def test_a_header_that_drips_is_not_waited_for(site):
    with site.connect("GET /healthz HTTP/1.1\n") as client:
        client.settimeout(30)
        assert client.recv(100) == b""
