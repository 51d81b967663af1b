"""Every socket of the site."""

from channels.routing import URLRouter
from django.urls import path, re_path

from apps.runs.routing import websocket_urlpatterns
from hewston.sockets import Gate, unknown
from hewston.status import status_socket

patterns = [  # Django's types know views alone
    path("status/ws", status_socket),  # type: ignore[arg-type]
    *websocket_urlpatterns,
    re_path("", unknown),  # type: ignore[arg-type]
]
sockets = Gate(URLRouter(patterns))
