"""Daphne's server, with our requests and sockets in it."""

import gc
import resource
import tempfile
from collections.abc import MutableMapping, Sequence
from multiprocessing import util
from typing import Any

from daphne import http_protocol
from daphne.cli import CommandLineInterface
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory
from django.conf import settings
from django.urls import resolve

import hewston.asgi  # noqa: F401 (before the parts below, which need a Django that is set up)
from hewston.pipeline.store import Store
from hewston.webserver.flow import HastyChannel
from hewston.webserver.request import Request
from hewston.webserver.socket import Socket

_FILES = 8192


class WebServer(Server):  # type: ignore[misc]  # daphne has no types
    """Hands bodies over as files, and lets an application wait for a client that is slow."""

    def create_application(self, protocol: Any, scope: MutableMapping[str, Any]) -> object:  # noqa: ANN401
        """Start what answers; see ``hewston.asgi.Pages``."""
        if isinstance(protocol, Request):
            scope["hewston.body"] = protocol.body
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: MutableMapping[str, Any]) -> None:  # noqa: ANN401
        """Send a message; returns when the client has room for the next."""
        await super().handle_reply(protocol, message)
        if isinstance(protocol, Request) or message["type"] == "websocket.send":
            await protocol.flow.wait()


class WebServerCommand(CommandLineInterface):  # type: ignore[misc]  # daphne has no types
    """Daphne's command line."""

    server_class = WebServer


def serve(arguments: Sequence[str]) -> None:
    """Serve until the process is asked to end."""
    temporary = Store(settings.DATA_ROOT).temporary
    temporary.mkdir(parents=True, exist_ok=True)
    # Of the socket of children: chosen first, since workers sweep what lies in the data root's.
    util.get_temp_dir()
    tempfile.tempdir = str(temporary)  # bodies: on the disk whose free space is watched
    _allow_many_files()
    http_protocol.WebRequest = Request
    http_protocol.http.HTTPChannel = HastyChannel
    WebSocketFactory.protocol = Socket
    _load_pages()
    WebServerCommand().run(arguments)


def _load_pages() -> None:
    """Load the pages before the first one is asked for.

    What is loaded stays. Python's collector walks through all of it every few requests, an eighth
    of a second in which nobody is answered, unless it is told so.
    """
    resolve("/")
    gc.collect()
    gc.freeze()


def _allow_many_files() -> None:
    """Each connection is an open file, and systems allow a process few unless it asks."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if most == resource.RLIM_INFINITY else min(most, _FILES)
    if now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
