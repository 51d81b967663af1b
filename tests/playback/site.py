"""Serves the real site on a data root of its own, for viewers in another process.

    HEWSTON_DATA_ROOT=… python -m tests.playback.site PORT

It fills the catalogue first, with one unfinished run, and writes ada's session to the file
``session`` in the data root. Whoever acknowledges nothing is closed sooner than people are.
"""

import sys

import hewston.asgi  # noqa: F401 (it sets Django up, which the rest needs)

# isort: split

from django.conf import settings
from django.core.management import call_command
from django.test import Client

from hewston.pipeline.playback import Player
from hewston.taskqueue import Status
from hewston.webserver import server
from tests.scenes import add_run, build_stage, fill_catalogue

PATIENCE_SECONDS = 1.5
UNFINISHED = "b" * 12


def main(port):
    """Fill the catalogue and serve until the process is ended."""
    call_command("migrate", verbosity=0)
    catalogue = fill_catalogue(build_stage(settings.DATA_ROOT))
    add_run(catalogue, UNFINISHED, Status.RUNNING)
    client = Client()
    client.force_login(catalogue.ada, "django.contrib.auth.backends.ModelBackend")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    (settings.DATA_ROOT / "session").write_text(session)
    Player.patience_seconds = PATIENCE_SECONDS
    limits = ["--websocket-max-message-size", "16384", "--application-close-timeout", "5"]
    place = ["-v", "0", "-b", "127.0.0.1", "-p", port]
    server.serve([*place, *limits, "hewston.asgi:application"])


if __name__ == "__main__":
    main(sys.argv[1])
