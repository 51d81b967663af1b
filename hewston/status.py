"""The status socket: which of the jobs that a page shows have changed.

The page sends ``{"watch": ["run:…", "ingest:…", "jobs"]}``, which replaces what it watched. It
hears ``{"changed": [names]}`` at once with all of them, and then whenever one changes; the page
fetches what became of them. Names of nothing, or of what the user may not see, are ignored.
"""

import asyncio
import json
from collections import Counter

from channels.db import database_sync_to_async

from hewston.sockets import Message, Receive, Scope, Send, refuse
from hewston.watcher import Subscription, watcher

MAX_NAMES = 200
MAX_SOCKETS = 100  # of one person
TOO_MANY = 4429
HEARTBEAT_SECONDS = 15.0
_REST_SECONDS = 0.05  # between two messages: what changes meanwhile comes together
_WANTED = 'Send {"watch": [names]}'

_open: Counter[int] = Counter()  # sockets of each user


async def status_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one socket to its end."""
    user = scope["user"]
    if _open[user.pk] >= MAX_SOCKETS:
        await refuse(receive, send, TOO_MANY)
        return
    _open[user.pk] += 1
    subscription = Subscription(user)
    watcher.subscribe(subscription)
    try:
        await receive()
        await send({"type": "websocket.accept"})
        async with asyncio.TaskGroup() as tasks:
            speaking = tasks.create_task(_speak(subscription, send))
            beating = tasks.create_task(_beat(send))
            await _listen(subscription, receive, send)
            speaking.cancel()
            beating.cancel()
    finally:
        watcher.unsubscribe(subscription)
        _open[user.pk] -= 1
        if not _open[user.pk]:
            del _open[user.pk]


async def _listen(subscription: Subscription, receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        try:
            names = _read(message)
        except ValueError as problem:
            await _say(send, {"t": "err", "code": "VALIDATION", "msg": str(problem)})
        else:
            if names is not None:
                await database_sync_to_async(watcher.watch)(subscription, names)


def _read(message: Message) -> list[str] | None:
    """Read which names a page wants to watch; None for a heartbeat. Raises ValueError."""
    try:
        said = json.loads(message.get("text") or "")
    except (ValueError, RecursionError):
        raise ValueError(f"This is not JSON. {_WANTED}.") from None
    if said == {"t": "hb"}:
        return None
    names = said.get("watch") if isinstance(said, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"This is not understood. {_WANTED}.")
    if len(names) > MAX_NAMES:
        raise ValueError(f"At most {MAX_NAMES} names can be watched.")
    return names


async def _speak(subscription: Subscription, send: Send) -> None:
    while True:
        await _say(send, {"changed": await subscription.changes()})
        await asyncio.sleep(_REST_SECONDS)


async def _beat(send: Send) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        await _say(send, {"t": "hb"})


async def _say(send: Send, message: dict[str, object]) -> None:
    await send({"type": "websocket.send", "text": json.dumps(message)})
