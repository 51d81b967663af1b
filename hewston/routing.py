"""Every socket of the site."""

from channels.routing import URLRouter
from django.urls import re_path

from apps.runs.routing import websocket_urlpatterns
from hewston.sockets import Gate, unknown

anywhere_else = re_path("", unknown)  # type: ignore[arg-type]  # Django's types know views alone

sockets = Gate(URLRouter([*websocket_urlpatterns, anywhere_else]))
