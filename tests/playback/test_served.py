"""Viewers of the served site: other processes, real sockets, bad company."""

import asyncio
import base64
import contextlib
import json
import os
import socket
import time

import pytest

from hewston.pipeline import artifacts
from tests.playback.films import happened
from tests.playback.site import UNFINISHED
from tests.scenes import RUN_ID

pytestmark = pytest.mark.asyncio

LAST = 2659


@pytest.fixture(scope="session")
def all_happened(stage):
    """What a film shows in all: the ids of every order and every fill."""
    rows = (artifacts.read_frame(stage.run_folder, name) for name in ("orders", "fills"))
    return tuple(list(range(1, frame.height + 1)) for frame in rows)


async def play_to_the_end(viewer):
    await viewer.control("play")
    await viewer.hear_until("end")
    return viewer.frames


@pytest.mark.parametrize("speed", [87.3, 400, 2000])
async def test_every_order_and_fill_comes_once_at_any_speed(site, all_happened, speed):
    async with site.watch(f"?speed={speed}") as viewer:
        frames = await play_to_the_end(viewer)
    assert happened(frames) == all_happened
    assert frames[-1]["i"] == LAST
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))


async def test_every_order_and_fill_comes_once_through_pauses_and_changes_of_speed(
    site, all_happened
):
    async with site.watch() as viewer:
        await viewer.hear_until("frame")
        await viewer.control("play")
        for speed, count in ((1 / 15, 1), (0.5, 4), (3.3, 12), (1 / 10, 1), (40, 12)):
            await viewer.control("speed", val=speed)
            for _ in range(count):
                await viewer.hear_until("frame")
            await viewer.control("pause")
            await viewer.control("step", val=7)
            await viewer.control("play")
        await viewer.control("speed", val=2000)
        frames = await play_to_the_end(viewer)
    assert happened(frames) == all_happened


async def test_every_order_and_fill_comes_once_to_a_slow_viewer(site, all_happened):
    async with site.watch("?speed=40", acks=25) as viewer:
        await viewer.control("play")
        while (await viewer.hear())["t"] != "end":
            if viewer.frames and viewer.frames[-1]["seq"] % 25 == 24:
                await asyncio.sleep(0.5)  # so the next ack is late
    assert sum(frame["dropped"] for frame in viewer.frames) > 0
    assert happened(viewer.frames) == all_happened


async def test_who_never_acknowledges_gets_thirty_frames_and_is_told_and_closed(site):
    async with site.watch("?speed=1", acks=0) as viewer:
        await viewer.control("play")
        assert await viewer.hear_to_the_close() == 4008
    kinds = [message["t"] for message in viewer.heard if message["t"] != "hb"]
    assert kinds == ["hello", *["frame"] * 30, "err"]
    assert viewer.heard[-1]["code"] == "ACK_REQUIRED"


async def test_nonsense_is_answered_and_the_film_goes_on(site):
    async with site.watch("?speed=1") as viewer:
        await viewer.control("play")
        for text in ("nonsense", "[]", '{"t":"ctrl","cmd":"fly"}', b"\x00\xff"):
            await viewer.connection.send(text)
            assert (await viewer.hear_until("err"))["code"] == "VALIDATION"
        for _ in range(500):
            await viewer.connection.send("?")
        before = len(viewer.frames)
        while len(viewer.frames) < before + 30:
            await viewer.hear()
        bars = [frame["i"] for frame in viewer.frames]
        assert bars == list(range(len(bars)))


async def test_a_huge_message_ends_its_own_socket_alone(site):
    async with site.watch("?speed=1") as other, site.watch() as viewer:
        await other.control("play")
        await viewer.connection.send("x" * 20_000)
        # Told why, and cut off at once: the first may be lost with the second.
        assert await viewer.hear_to_the_close() in {1009, 1006}
        await other.hear_until("frame", i=30)


async def test_a_storm_of_seeks_ends_at_the_last_one(site):
    async with site.watch() as viewer:
        await viewer.hear_until("frame")
        for number in range(300):
            await viewer.control("seek", pos=number * 7)
        landed = await viewer.hear_until("frame", gen=300)
        assert (landed["i"], landed["dropped"]) == (299 * 7, 0)
        assert landed["ohlc"]["o"] == viewer.frames[-1]["ohlc"]["o"]
        generations = [frame["gen"] for frame in viewer.frames]
        assert generations == sorted(generations)


async def test_a_control_is_heard_at_full_speed(site):
    async with site.watch("?speed=1") as viewer:
        await viewer.control("play")
        await viewer.hear_until("frame", i=10)
        await viewer.control("pause")
        with contextlib.suppress(TimeoutError):
            while (await asyncio.wait_for(viewer.hear(), 0.5))["t"] == "frame":
                assert viewer.frames[-1]["i"] < 30
        await viewer.control("seek", pos="2023-11-03T15:00:00Z")
        assert (await viewer.hear_until("frame", gen=1))["ts"] == "2023-11-03T15:00:00Z"


async def test_viewers_are_independent(site):
    async with site.watch() as first, site.watch("?i=500") as second:
        await first.control("seek", pos=2000)
        await first.hear_until("frame", i=2000)
        await second.hear_until("frame", i=500, gen=0)
        await second.control("step", val=1)
        assert (await second.hear_until("frame", seq=2))["i"] == 501


async def test_who_comes_back_goes_on_where_they_were(site, all_happened):
    async with site.watch("?speed=100") as viewer:
        await viewer.control("play")
        await viewer.hear_until("frame", seq=12)
    left = viewer.frames[-1]["i"]
    async with site.watch(f"?speed=100&i={left}") as again:
        frames = await play_to_the_end(again)
    assert frames[0]["i"] == left
    assert happened(viewer.frames[:-1] + frames)[0][-1] == all_happened[0][-1]
    first, second = happened(viewer.frames), happened(frames[1:])
    assert tuple(a + b for a, b in zip(first, second, strict=True)) == all_happened


def open_stuck(site):
    """A socket that asks to play and never reads, whatever it is sent."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", site.port))
    key = base64.b64encode(os.urandom(16)).decode()
    head = (
        f"GET /backtests/{RUN_ID}/ws?speed=2 HTTP/1.1",
        f"Host: 127.0.0.1:{site.port}",
        f"Origin: http://127.0.0.1:{site.port}",
        f"Cookie: {site.cookie}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    )
    client.sendall("\r\n".join((*head, "", "")).encode())
    while b"\r\n\r\n" not in client.recv(4096):
        pass
    play = b'{"t":"ctrl","cmd":"play"}'
    client.sendall(bytes((0x81, 0x80 | len(play), 0, 0, 0, 0)) + play)
    return client


async def test_fifty_stuck_viewers_change_nothing_for_the_others(site, all_happened):
    async with site.watch("?speed=100") as viewer:  # the film is in memory now
        await play_to_the_end(viewer)
    before = site.process.memory_info().rss
    stuck = [open_stuck(site) for _ in range(50)]
    try:
        async with (
            site.watch("?speed=100") as one,
            site.watch("?speed=100") as two,
            site.watch("?speed=100") as three,
        ):
            played = await asyncio.gather(*map(play_to_the_end, (one, two, three)))
        for frames in played:
            assert happened(frames) == all_happened
            assert frames == viewer.frames  # not one was merged
        assert site.process.memory_info().rss - before < 20e6
        deadline = time.monotonic() + 30
        while sum(one.status == "ESTABLISHED" for one in site.process.net_connections("tcp")):
            assert time.monotonic() < deadline  # they are closed, since they acknowledge nothing
            await asyncio.sleep(0.2)
    finally:
        for client in stuck:
            client.close()


def read_events(answer):
    """Give the events of a stream as (id, event, data)."""
    assert answer.status == 200
    events = []
    for block in answer.body.split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if "data" in fields:
            events.append((fields.get("id"), fields.get("event"), json.loads(fields["data"])))
    return events


def read_frames(answer):
    return [data for _, event, data in read_events(answer) if event is None]


async def ask(site, query="", *, run=RUN_ID, **options):
    return await asyncio.to_thread(site.ask, f"/backtests/{run}/stream{query}", **options)


async def test_a_stream_shows_the_same_frames_as_the_socket(site):
    async with site.watch("?speed=150") as viewer:
        frames = await play_to_the_end(viewer)
    answer = await ask(site, "?speed=150")
    assert answer.headers["Content-Type"] == "text/event-stream"
    hello, *events, end = read_events(answer)
    assert hello == (None, "hello", viewer.heard[0])
    assert end == (None, "end", {"t": "end"})
    assert events == [(str(frame["i"]), None, frame) for frame in frames]


async def test_a_stream_goes_on_after_the_last_event(site, all_happened):
    whole = read_frames(await ask(site, "?speed=200"))
    seen = whole[:6]
    last = {"Last-Event-ID": str(seen[-1]["i"])}
    rest = read_frames(await ask(site, "?speed=200&from=5", **last))
    assert happened(seen + rest) == all_happened
    assert rest[0]["ohlc"] == whole[6]["ohlc"]


async def test_a_stream_that_was_seen_to_the_end_is_not_asked_for_again(site):
    assert (await ask(site, **{"Last-Event-ID": str(LAST)})).status == 204


async def test_a_stream_begins_where_it_is_asked_to(site):
    frames = read_frames(await ask(site, "?speed=2000&from=2023-11-07"))
    assert [frame["ts"] for frame in frames] == ["2023-11-07T14:30:00Z", "2023-11-07T20:59:00Z"]


async def test_a_stream_that_is_not_read_loses_nothing(site, all_happened):
    assert happened(read_frames(await ask(site, "?speed=60", pause=1))) == all_happened


@pytest.mark.parametrize(
    ("run", "query", "status", "code"),
    [
        ("f" * 12, "", 404, "RUN_NOT_FOUND"),
        (UNFINISHED, "", 409, "RUN_NOT_READY"),
        (RUN_ID, "?speed=0", 422, "VALIDATION"),
        (RUN_ID, "?speed=nan", 422, "VALIDATION"),
        (RUN_ID, "?speed=fast", 422, "VALIDATION"),
        (RUN_ID, "?from=soon", 422, "VALIDATION"),
    ],
)
async def test_a_stream_that_cannot_be_is_an_error_in_json(site, run, query, status, code):
    answer = await ask(site, query, run=run)
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"]) == (status, code)
    assert error["message"].endswith(".")


async def test_a_stream_needs_a_sign_in(site):
    answer = await ask(site._replace(cookie=""))
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (401, "UNAUTHENTICATED")
