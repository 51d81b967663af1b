"""Serves the real site, and a few addresses that only tests need, on a data root of its own.

    HEWSTON_DATA_ROOT=… python -m tests.sockets.site PORT

It makes people first, and writes to people.json in the data root how each of them signs in.
Waits that are long for people are short here.
"""

import asyncio
import contextlib
import json
import sys
from pathlib import Path

import hewston.asgi  # it sets Django up

# isort: split

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse

from apps.datasets.models import Ingest
from apps.permissions.actions import create_token
from apps.permissions.models import Scope, User
from hewston import routing, sockets, status
from hewston.supervisor import WEB_SERVER
from hewston.webserver import flow, request, server

PEOPLE = ("ada", "bob", "cleo", "dora", "emil", "fay", "gus", "mallory")


class Addresses:
    """The site, with streams that never end beside it."""

    def __init__(self, site):
        self.site = site
        self.streams = 0

    async def __call__(self, scope, receive, send):
        answer = {
            "/test/stream": self.stream,
            "/test/streams": self.count,
            "/test/flood": self.flood,
            "/test/long": self.say_much,
            "/test/silent": self.keep_silent,
            "/test/temporary": self.list_temporary,
        }.get(scope["path"])
        if answer is None:
            await self.site(scope, receive, send)
        else:
            await answer(receive, send)

    async def stream(self, receive, send):
        self.streams += 1
        sending = asyncio.create_task(self._send_for_ever(send))
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            sending.cancel()
            self.streams -= 1

    async def _send_for_ever(self, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
            await asyncio.sleep(0)

    async def flood(self, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        self.streams += 1
        sending = asyncio.create_task(self._flood_for_ever(send))
        while (await receive())["type"] != "websocket.disconnect":
            pass
        sending.cancel()
        self.streams -= 1

    async def _flood_for_ever(self, send):
        while True:
            await send({"type": "websocket.send", "text": "x" * 10_000})
            await asyncio.sleep(0)

    async def say_much(self, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "x" * 3_000_000})
        await receive()

    async def keep_silent(self, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.sleep(600)

    async def count(self, _receive, send):
        await self._answer(send, self.streams)

    async def list_temporary(self, _receive, send):
        await self._answer(send, list_open_files(settings.DATA_ROOT / "tmp"))

    async def _answer(self, send, value):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(value).encode()})


class MeasuringPages(hewston.asgi.Pages):
    """Says at one address how long a body is, and how long Django believes it to be."""

    def create_request(self, scope, body_file):
        if scope["path"] != "/test/size":
            return super().create_request(scope, body_file)
        sizes = [len(body_file.read()), int(dict(scope["headers"])[b"content-length"])]
        return None, HttpResponse(json.dumps(sizes))


def list_open_files(folder):
    """Files of a folder that this process has open, also those without a name."""
    files = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            files.append(str(descriptor.readlink()))
    return [name for name in files if name.startswith(f"{folder}/")]


def make_people(root):
    """Make people with a session and a token each; dora's token may not ingest."""
    ways = {}
    for name in PEOPLE:
        user = User.objects.create_user(name, password="correct horse", is_superuser=name == "gus")
        request = HttpRequest()
        request.session = SessionStore()
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        request.session.save()
        scopes = [Scope.READ] if name == "dora" else [Scope.READ, Scope.INGEST]
        _, secret = create_token(owner=user, name=name, scopes=scopes)
        ingest = Ingest.objects.create(owner=user, sources=["x.dbn"])
        ways[name] = {
            "session": request.session.session_key,
            "token": secret,
            "ingest": f"ingest:{ingest.pk}",
        }
    (root / "people.json").write_text(json.dumps(ways))


def main(port):
    """Make the people and serve until the process is ended."""
    call_command("migrate", verbosity=0)
    make_people(settings.DATA_ROOT)
    sockets.RECHECK_SECONDS = 0.5
    status.HEARTBEAT_SECONDS = 0.5
    flow.STUCK_SECONDS = flow.IDLE_SECONDS = 2.0
    request.BODY_SECONDS = 2.0
    place = ("-t", "2", "-b", "127.0.0.1", "-p", port)
    server.serve([*WEB_SERVER[1:], *place, "tests.sockets.site:application"])


parts = {"http": MeasuringPages(), "websocket": routing.sockets}
application = Addresses(ProtocolTypeRouter(parts))

if __name__ == "__main__":
    main(sys.argv[1])
