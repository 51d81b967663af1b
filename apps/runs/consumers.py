"""Playback of a run: over a socket, or as a stream of events where there is none."""

import asyncio
import functools
import json
import re
import threading
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from apps.runs.actions import reading_run
from apps.runs.models import Run
from hewston.http import DamagedError, problem
from hewston.pipeline import playback
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.playback import Film, Player
from hewston.sockets import Message, Receive, Scope, Send
from hewston.taskqueue import Status
from hewston.ticker import Seat, Ticker

HEARTBEAT_SECONDS = 5.0
NOT_FOUND, NOT_READY = 4404, 4409  # codes with which a socket is closed
_FILMS = 4  # runs whose arrays stay in memory
_HEARD_AT_ONCE = 50
_RETRY_MS = 1000
_NUMBER = re.compile(r"-?\d{1,1000}", re.ASCII)

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_ticker = Ticker(playback.FRAMES_PER_SECOND)
_reading = threading.Lock()


class _UnknownRunError(HewstonError):
    code = "RUN_NOT_FOUND"


class _UnfinishedRunError(HewstonError):
    code = "RUN_NOT_READY"


def _open(user: object, run_id: str) -> tuple[Run, Film]:
    """Find a run and its film; asks the database."""
    run = Run.objects.visible_to(user).select_related("revision").filter(pk=run_id).first()
    if run is None:
        raise _UnknownRunError(f"There is no run {run_id}, or it is not yours to see.")
    if run.status != Status.DONE:
        ended = "ended without a result" if run.is_over else "is not finished"
        raise _UnfinishedRunError(f"Run {run_id} {ended}: there is nothing to play.")
    bars_file = run.revision.folder / "bars.parquet"
    with reading_run(run, with_bars=True), _reading:
        return run, _read_film(run.folder, bars_file, run.results_sha256)


@functools.lru_cache(maxsize=_FILMS)
def _read_film(folder: Path, bars_file: Path, results_sha256: str) -> Film:
    del results_sha256  # other results, under the same id, are read anew
    return playback.read_film(folder, bars_file)


def _find_bar(film: Film, position: str) -> int:
    """Find the bar of a position in an address: a bar's number, a time or an exchange date."""
    return film.find_bar(int(position) if _NUMBER.fullmatch(position) else position)


def _read_speed(text: str) -> float:
    try:
        return playback.check_speed(float(text))
    except ValueError:
        raise InputError("A speed is a number: bars a frame.", field="speed") from None


def _greet(run: Run, player: Player) -> dict[str, object]:
    film, interval = player.film, run.run_spec.interval
    return {
        "t": "hello",
        "run_id": run.pk,
        "bars": film.bars,
        "interval": interval,
        "from": film.find_date(0).isoformat(),
        "to": film.find_date(film.last).isoformat(),
        "trades": film.trades,
        "speed": player.speed,
        "columns_url": reverse(
            "run-columns", args=[run.pk, playback.address(run.results_sha256), interval]
        ),
    }


async def play(scope: Scope, receive: Receive, send: Send) -> None:
    """Play a run over one socket, whose user is in the scope, until it is closed."""
    await receive()
    await send({"type": "websocket.accept"})
    run_id = scope["url_route"]["kwargs"]["run_id"]
    try:
        run, film = await database_sync_to_async(_open)(scope["user"], run_id)
    except _UnknownRunError:
        await send({"type": "websocket.close", "code": NOT_FOUND})
    except (_UnfinishedRunError, DamagedError) as refusal:
        code = refusal.code if isinstance(refusal, HewstonError) else "CONFLICT"
        await _say(send, {"t": "err", "code": code, "msg": str(refusal)})
        await send({"type": "websocket.close", "code": NOT_READY})
    else:
        query = parse_qs(scope["query_string"].decode("latin1"))
        await _serve(run, _begin(film, run.speed, query), receive, send)


def _begin(film: Film, speed: float, query: Mapping[str, list[str]]) -> Player:
    """Begin where the address says; what it says wrongly is told and left out."""
    bar, problems = 0, []
    try:
        if position := query.get("i"):
            bar = _find_bar(film, position[-1])
        elif position := query.get("t"):
            bar = film.find_bar(position[-1])
    except InputError as refusal:
        problems.append(refusal)
    try:
        if "speed" in query:
            speed = _read_speed(query["speed"][-1])
    except InputError as refusal:
        problems.append(refusal)
    player = Player(film, bar=bar, speed=speed)
    for found in problems:
        player.refuse(found)
    return player


async def _serve(run: Run, player: Player, receive: Receive, send: Send) -> None:
    await _say(send, _greet(run, player))
    with _ticker.seat(lambda: player.is_busy) as seat:
        async with asyncio.TaskGroup() as tasks:
            frames = tasks.create_task(_send_frames(player, seat, send))
            heart = tasks.create_task(_send_heartbeats(send))
            await _hear(player, receive)
            frames.cancel()
            heart.cancel()


async def _say(send: Send, message: Mapping[str, object]) -> None:
    await send({"type": "websocket.send", "text": _encode(message)})


async def _send_frames(player: Player, seat: Seat, send: Send) -> None:
    clock = asyncio.get_running_loop().time
    while player.closing is None:
        missed = await seat.wait()
        for message in player.beat(clock(), missed=missed):
            try:
                async with asyncio.timeout(player.patience_seconds):
                    await _say(send, message)
            except TimeoutError:  # it takes nothing, so it acknowledges nothing
                player.closing = playback.NOT_ACKNOWLEDGED
    await send({"type": "websocket.close", "code": player.closing})


async def _send_heartbeats(send: Send) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        await _say(send, {"t": "hb"})


async def _hear(player: Player, receive: Receive) -> None:
    """Do what the client says until it goes."""
    heard = 0
    message: Message
    while (message := await receive())["type"] != "websocket.disconnect":
        player.receive(message.get("text") or "")
        heard += 1
        if heard % _HEARD_AT_ONCE == 0:
            await asyncio.sleep(0)  # a flood is never waited for, so nobody else would run


@require_GET
async def stream(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """Play a run as server-sent events, from ``from`` or after Last-Event-ID, at ``speed``."""
    try:
        run, film = await database_sync_to_async(lambda: _open(request.user, run_id))()
        seen = request.headers.get("Last-Event-ID", "")
        bar = _find_bar(film, seen or request.GET.get("from", "0"))
        speed = _read_speed(request.GET["speed"]) if "speed" in request.GET else run.speed
    except InputError as refusal:
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, InputError.code, refusal.message)
    except _UnknownRunError as refusal:
        return problem(HTTPStatus.NOT_FOUND, refusal.code, refusal.message)
    except _UnfinishedRunError as refusal:
        return problem(HTTPStatus.CONFLICT, refusal.code, refusal.message)
    if seen and bar == film.last:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)  # so that EventSource comes no more
    player = Player(film, bar=bar, speed=speed, window=None)
    if seen:
        player.skip_frame()
    player.play()
    return StreamingHttpResponse(
        _write_events(player, _greet(run, player)),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _write_events(player: Player, greeting: Mapping[str, object]) -> AsyncIterator[str]:
    """Write the film to its end; while the client takes nothing, frames merge."""
    yield f"retry: {_RETRY_MS}\nevent: hello\ndata: {_encode(greeting)}\n\n"
    clock = asyncio.get_running_loop().time
    heartbeat = clock() + HEARTBEAT_SECONDS
    with _ticker.seat(lambda: True) as seat:
        while player.is_busy:
            missed = await seat.wait()
            for message in player.beat(clock(), missed=missed):
                is_frame = message["t"] == "frame"
                field = f"id: {message['i']}" if is_frame else f"event: {message['t']}"
                yield f"{field}\ndata: {_encode(message)}\n\n"
            if clock() >= heartbeat:
                heartbeat += HEARTBEAT_SECONDS
                yield ": hb\n\n"
