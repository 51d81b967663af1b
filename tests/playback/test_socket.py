"""The socket of a run, as the site routes it: who may watch, what is greeted, how it ends."""

import asyncio
import json

import pytest
from channels.testing import WebsocketCommunicator

from apps.permissions.models import User
from apps.runs import consumers
from hewston.pipeline.playback import Player
from hewston.routing import sockets
from hewston.taskqueue import Status
from tests.scenes import RUN_ID, add_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


async def watch(client, path, user="ada"):
    await client.aforce_login(
        await User.objects.aget(username=user), "django.contrib.auth.backends.ModelBackend"
    )
    cookie = f"hewston_session={client.cookies['hewston_session'].value}"
    headers = [
        (b"host", b"127.0.0.1"),
        (b"origin", b"http://127.0.0.1"),
        (b"cookie", cookie.encode()),
    ]
    viewer = WebsocketCommunicator(sockets, path, headers)
    accepted, _ = await viewer.connect(timeout=5)
    assert accepted
    return viewer


async def hear(viewer):
    return json.loads(await viewer.receive_from(timeout=5))


async def say(viewer, **message):
    await viewer.send_to(json.dumps(message))


async def close_code(viewer):
    answer = await viewer.receive_output(timeout=5)
    assert answer["type"] == "websocket.close"
    return answer["code"]


async def test_a_viewer_is_greeted_and_sees_the_first_bar_paused(async_client, catalogue):
    viewer = await watch(async_client, f"/backtests/{RUN_ID}/ws")
    hello = await hear(viewer)
    assert {name: hello[name] for name in ("t", "run_id", "bars", "from", "to", "speed")} == {
        "t": "hello",
        "run_id": RUN_ID,
        "bars": 2660,
        "from": "2023-10-30",
        "to": "2023-11-07",
        "speed": 60.0,
    }
    frame = await hear(viewer)
    assert (frame["t"], frame["seq"], frame["gen"], frame["i"]) == ("frame", 1, 0, 0)
    assert await viewer.receive_nothing(0.2)
    await viewer.disconnect()


async def test_a_viewer_begins_where_the_address_says(async_client, catalogue):
    for query, bar in (
        ("i=1000", 1000),
        (f"i={10**30}", 2659),
        ("t=2023-11-01T13:35:10Z", 765),
        ("t=2023-11-01", 760),
        ("t=20231101T133500Z", 765),
        ("t=20231101", 760),
    ):
        viewer = await watch(async_client, f"/backtests/{RUN_ID}/ws?{query}&speed=3")
        assert (await hear(viewer))["speed"] == 3
        assert (await hear(viewer))["i"] == bar
        await viewer.disconnect()


async def test_an_address_that_cannot_be_read_is_told_and_the_film_begins(async_client, catalogue):
    viewer = await watch(async_client, f"/backtests/{RUN_ID}/ws?i=soon&speed=9000")
    assert (await hear(viewer))["speed"] == 60
    heard = [await hear(viewer) for _ in range(3)]
    assert [message["t"] for message in heard] == ["err", "frame", "err"]
    assert [message.get("code") for message in heard] == ["VALIDATION", None, "RANGE"]
    await viewer.disconnect()


@pytest.mark.parametrize(("run_id", "user"), [("f" * 12, "ada"), (RUN_ID, "mallory")])
async def test_what_is_not_there_or_not_theirs_is_closed_4404(
    async_client, catalogue, run_id, user
):
    viewer = await watch(async_client, f"/backtests/{run_id}/ws", user)
    assert await close_code(viewer) == 4404


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.ERROR])
async def test_a_run_that_is_not_done_says_so_and_is_closed(async_client, catalogue, status):
    await asyncio.to_thread(add_run, catalogue, "b" * 12, status)
    viewer = await watch(async_client, f"/backtests/{'b' * 12}/ws")
    assert (await hear(viewer))["code"] == "RUN_NOT_READY"
    assert await close_code(viewer) == 4409


async def test_who_takes_no_frame_is_closed_as_who_acknowledges_none(catalogue, monkeypatch):
    monkeypatch.setattr(Player, "patience_seconds", 0.1)
    arriving = iter([{"type": "websocket.connect"}])
    sent: list[int] = []
    codes: asyncio.Queue[int] = asyncio.Queue()

    async def receive():
        if message := next(arriving, None):
            return message
        return {"type": "websocket.disconnect", "code": await codes.get()}

    async def send(message):
        if message["type"] == "websocket.close":
            codes.put_nowait(message["code"])
            sent.append(message["code"])
        elif '"t":"frame"' in message.get("text", ""):
            await asyncio.Event().wait()

    user = await User.objects.aget(username="ada")
    route = {"kwargs": {"run_id": RUN_ID}}
    scope = {"user": user, "url_route": route, "query_string": b""}
    await asyncio.wait_for(consumers.play(scope, receive, send), 20)
    assert sent == [4008]


async def test_who_leaves_leaves_nothing_behind(async_client, catalogue):
    others = asyncio.all_tasks()
    viewers = [await watch(async_client, f"/backtests/{RUN_ID}/ws?speed=1") for _ in range(3)]
    for viewer in viewers:
        await say(viewer, t="ctrl", cmd="play")
        await hear(viewer)
    assert asyncio.all_tasks() - others
    for viewer in viewers:
        await viewer.disconnect()
    if left := asyncio.all_tasks() - others:
        _, pending = await asyncio.wait(left, timeout=5)
        assert not pending


async def test_a_damaged_run_says_so_and_is_closed(async_client, catalogue, settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    viewer = await watch(async_client, f"/backtests/{RUN_ID}/ws")
    problem = await hear(viewer)
    assert problem["code"] == "CONFLICT"
    assert "not whole" in problem["msg"]
    assert await close_code(viewer) == 4409


async def test_a_heartbeat_comes_while_nothing_else_does(async_client, catalogue, monkeypatch):
    monkeypatch.setattr(consumers, "HEARTBEAT_SECONDS", 0.1)
    viewer = await watch(async_client, f"/backtests/{RUN_ID}/ws")
    heard = [(await hear(viewer))["t"] for _ in range(4)]
    assert heard == ["hello", "frame", "hb", "hb"]
    await viewer.disconnect()


async def test_the_stream_of_a_damaged_run_is_a_conflict(
    async_client, catalogue, settings, tmp_path
):
    await async_client.aforce_login(catalogue.ada, "django.contrib.auth.backends.ModelBackend")
    settings.DATA_ROOT = tmp_path
    answer = await async_client.get(f"/backtests/{RUN_ID}/stream")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "CONFLICT")
    assert "not whole" in answer.json()["error"]["message"]
