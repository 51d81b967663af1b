"""The web process: what the web server serves."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import IO, Any

import django
from channels.routing import ProtocolTypeRouter
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hewston.settings")
django.setup(set_prefix=False)

from hewston.routing import sockets  # noqa: E402 (it imports models, which the line above loads)

type Message = Mapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]


class _Received:
    """Receives for a request whose body is in a file already."""

    def __init__(self, receive: Receive, body: IO[bytes]) -> None:
        self._receive, self.body = receive, body

    async def __call__(self) -> Message:
        return await self._receive()


class Pages(ASGIHandler):
    """Django, which reads a body where the web server put it instead of copying it."""

    async def handle(self, scope: dict[str, Any], receive: Receive, send: Any) -> None:  # noqa: ANN401
        """Answer one request; our web server passes its body as ``hewston.body``."""
        body = scope.pop("hewston.body", None)
        await super().handle(scope, receive if body is None else _Received(receive, body), send)

    async def read_body(self, receive: Receive) -> IO[bytes]:
        """Give the body as a file."""
        if not isinstance(receive, _Received):
            return await super().read_body(receive)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        return receive.body


application = ProtocolTypeRouter({"http": Pages(), "websocket": sockets})
