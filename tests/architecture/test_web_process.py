"""The web process stays light: it loads neither the engine nor a vendor's library."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HEAVY = ("nautilus_trader", "databento", "databento_dbn", "pandas", "exchange_calendars")

# A process of its own: in this one, other tests have loaded all of it.
VISIT = """
import json, sys
from hewston.asgi import application
from hewston.command import prepare_database
from django.test import Client
from apps.permissions.actions import ensure_user

prepare_database()
client = Client()
client.force_login(ensure_user(), "django.contrib.auth.backends.ModelBackend")
visited = {
    path: client.get(path, HTTP_HOST="127.0.0.1").status_code
    for path in ("/healthz", "/readyz", "/", "/datasets/", "/runs/", "/notices/")
}
print(json.dumps({"visited": visited, "modules": sorted(sys.modules)}))
"""


def test_the_web_process_loads_no_engine(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", VISIT],
        cwd=PROJECT,
        env=os.environ | {"HEWSTON_DATA_ROOT": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    seen = json.loads(result.stdout.splitlines()[-1])
    assert set(seen["visited"].values()) == {200}, seen["visited"]
    loaded = {name.partition(".")[0] for name in seen["modules"]}
    assert "django" in loaded
    assert [name for name in HEAVY if name in loaded] == []
