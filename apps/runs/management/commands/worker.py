"""`manage.py worker`, for `manage.py help`: manage.py itself starts it without Django."""

from apps.runs.management.commands.serve import Command as Serve


class Command(Serve):
    """The supervisor without the web server, among the other commands."""

    help = "Work on ingests and backtests until Ctrl-C."
