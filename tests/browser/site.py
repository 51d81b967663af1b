"""Serves the pages on a data root of its own, as `serve` does: the web server in a process.

    python -m tests.browser.site DATA_ROOT PORT

The process fills the catalogue first. It reads scripts and styles from the development build.
"""

import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command


def main(root: Path, port: str) -> None:
    """Fill the data root and serve until the process is ended."""
    os.environ["HEWSTON_DATA_ROOT"] = str(root)
    os.environ["DJANGO_SETTINGS_MODULE"] = "hewston.settings"
    settings.STORAGES["staticfiles"]["BACKEND"] = (  # names without hashes: nothing is collected
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    django.setup()
    call_command("migrate", verbosity=0)

    from hewston.webserver.server import serve  # noqa: PLC0415 (both import models)
    from tests import ranges, scenes  # noqa: PLC0415
    from tests.boards import BOARD_ID, add_board, add_earlier  # noqa: PLC0415
    from tests.bridges import add_artifact, add_bridge_draft  # noqa: PLC0415
    from tests.comparisons import add_certificate, add_comparison, add_parted  # noqa: PLC0415
    from tests.judged import add_check  # noqa: PLC0415
    from tests.runs.comparing import add_runs  # noqa: PLC0415
    from tests.sources import REVERSED, TREND, add_strategy  # noqa: PLC0415

    stage = scenes.build_stage(root)
    catalogue = scenes.fill_catalogue(stage)
    add_runs(catalogue, stage)
    trend = add_strategy(catalogue.ada, "trend", TREND, REVERSED, tags=("first", "tech"))
    add_check(trend.latest, stage.bars)
    add_earlier(catalogue)
    add_board(catalogue, BOARD_ID)
    add_artifact(catalogue)
    add_bridge_draft(catalogue)
    add_certificate(catalogue, add_comparison(catalogue))
    add_parted(catalogue)
    ranges.add_long_dataset(root, catalogue.ada)
    ranges.add_evenings_dataset(root, catalogue.ada)
    place = ["-b", "127.0.0.1", "-p", port]
    serve([*place, "-v", "0", "hewston.asgi:application"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
