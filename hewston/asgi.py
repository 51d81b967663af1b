"""The web process: what daphne serves."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hewston.settings")

pages = get_asgi_application()

from hewston.routing import sockets  # noqa: E402 (it imports models, which the line above loads)

application = ProtocolTypeRouter({"http": pages, "websocket": sockets})
