"""Who may open a socket, and how long they may keep it.

The user is in ``scope["user"]`` of what is behind the gate.
"""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.db import DatabaseError
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

from apps.permissions.models import Scope as TokenScope
from apps.permissions.models import User
from hewston.credentials import Credentials

type Scope = MutableMapping[str, Any]
type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Application = Callable[[Scope, Receive, Send], Awaitable[None]]

SIGNED_OUT = 4401
NOT_FOUND = 4404
RECHECK_SECONDS = 30.0

logger = logging.getLogger(__name__)

_open: dict[str, set[Callable[[], object]]] = defaultdict(set)  # session → how to end its sockets


class Gate:
    """Lets in whom the site knows, from its own pages or with a token, until they sign out.

    A page of another site is refused in the handshake. Who is not signed in is accepted and
    closed with 4401 at once, since a browser shows no page the code of a refusal.
    """

    def __init__(self, inner: Application) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket to its end."""
        credentials = Credentials.read(scope["headers"])
        if not _is_own(scope, credentials):
            await receive()
            await send({"type": "websocket.close"})
            return
        user = await database_sync_to_async(credentials.find_user)(TokenScope.READ)
        if user is None:
            await refuse(receive, send, SIGNED_OUT)
            return
        await self._serve({**scope, "user": user}, receive, send, credentials)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, credentials: Credentials
    ) -> None:
        signed_out = asyncio.Event()
        loop = asyncio.get_running_loop()

        def end() -> None:
            loop.call_soon_threadsafe(signed_out.set)

        key = credentials.session_key
        _open[key].add(end)
        inner = asyncio.ensure_future(self._inner(scope, receive, send))
        guard = asyncio.create_task(_wait_for_sign_out(credentials, scope["user"], signed_out))
        try:
            await asyncio.wait({inner, guard}, return_when=asyncio.FIRST_COMPLETED)
            if not inner.done():
                await send({"type": "websocket.close", "code": SIGNED_OUT})
            await inner  # it ends when it hears that the socket is closed
        finally:
            inner.cancel()
            guard.cancel()
            _open[key].discard(end)
            if not _open[key]:
                del _open[key]


async def refuse(receive: Receive, send: Send, code: int) -> None:
    """Accept a socket and close it at once with a code that its page can read."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code})


async def unknown(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a socket to an address where there is none."""
    del scope
    await refuse(receive, send, NOT_FOUND)


def _is_own(scope: Scope, credentials: Credentials) -> bool:
    """Tell whether the socket comes from a page of this very site, or from no page at all.

    Cookies are shared between the ports of a host, so the port counts too.
    """
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin1").lower()
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    if b"origin" not in headers:
        return bool(credentials.token) or not credentials.session_key
    try:
        origin = urlsplit(headers[b"origin"].decode("latin1").lower())
    except ValueError:
        return False
    schemes = {"https"} if settings.HTTPS else {"http", "https"}
    return origin.scheme in schemes and origin.netloc == host


async def _wait_for_sign_out(
    credentials: Credentials, user: User, signed_out: asyncio.Event
) -> None:
    """Return when the user is let in no longer: at once on sign-out, else within a while."""
    while not signed_out.is_set():
        pause = RECHECK_SECONDS * random.uniform(0.5, 1)  # noqa: S311 (many do not come at once)
        try:
            await asyncio.wait_for(signed_out.wait(), pause)
        except TimeoutError:
            try:
                now = await database_sync_to_async(credentials.find_user)(TokenScope.READ)
            except DatabaseError as problem:  # it says nothing of the user
                logger.warning("A socket's user could not be checked: %s", problem)
                continue
            if now != user or now.is_superuser != user.is_superuser:
                return


def _end_sockets(request: HttpRequest | None, **_signal: object) -> None:
    session = getattr(request, "session", None)
    for end in tuple(_open.get(getattr(session, "session_key", None) or "", ())):
        end()


user_logged_out.connect(_end_sockets)
