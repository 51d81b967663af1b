"""The web process: what daphne serves."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hewston.settings")

application = get_asgi_application()
