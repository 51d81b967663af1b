"""The web process stays light: no page loads the engine or a vendor's library."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.comparisons import COMPARISON_ID

PROJECT = Path(__file__).resolve().parents[2]
HEAVY = ("nautilus_trader", "databento", "databento_dbn", "pandas", "exchange_calendars")

FILL = """
import django
django.setup()
from django.conf import settings
from hewston.command import prepare_database
from tests.comparisons import add_comparison
from tests.scenes import build_stage, fill_catalogue

prepare_database()
add_comparison(fill_catalogue(build_stage(settings.DATA_ROOT)))
"""

# Follows every link and every address of data from the first page on, as the owner.
VISIT = """
import json, re, sys
from hewston.asgi import application
from django.test import Client
from apps.permissions.models import User
from apps.runs.models import Run
from hewston.pipeline.playback import read_film

client = Client(HTTP_HOST="127.0.0.1")
owner = User.objects.get(username="owner")
client.force_login(owner, "django.contrib.auth.backends.ModelBackend")
visited, waiting = {}, ["/", "/healthz", "/readyz", "/notices/"]
while waiting and len(visited) < 200:
    path = waiting.pop()
    answer = client.get(path)
    visited[path] = answer.status_code
    if answer.headers["Content-Type"].startswith("text/html"):
        links = re.findall(r'(?:href|data-[a-z-]+|[a-z]*src)="(/[^"#]*)', answer.content.decode())
        for written, meant in (("&amp;", "&"), ("INTERVAL", "5m"), ("SESSION", "regular")):
            links = [link.replace(written, meant) for link in links]
        links = set(links)
        waiting += sorted(links - visited.keys() - set(waiting))
    waiting = [link for link in waiting if not link.startswith(("/static/", "/sign-"))]
    waiting = [link for link in waiting if not link.startswith("/admin/") or "?" not in link]
run = Run.objects.get()
read_film(run.folder, run.revision.folder / "bars.parquet")
print(json.dumps({"visited": visited, "modules": sorted(sys.modules)}))
"""


def run_python(script: str, data_root: Path) -> str:
    settings = {"HEWSTON_DATA_ROOT": str(data_root), "DJANGO_SETTINGS_MODULE": "hewston.settings"}
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env=os.environ | settings,
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_no_page_loads_the_engine(tmp_path: Path) -> None:
    run_python(FILL, tmp_path)
    seen = json.loads(run_python(VISIT, tmp_path).splitlines()[-1])
    failed = {path: status for path, status in seen["visited"].items() if status != 200}
    assert failed == {"/readyz": 503}  # nobody works on the queues here
    assert "/admin/runs/run/" in seen["visited"]
    assert any(path.endswith("/trades/") for path in seen["visited"])
    assert any("/columns/" in path for path in seen["visited"])
    assert f"/parity/comparisons/{COMPARISON_ID}/" in seen["visited"]
    loaded = {name.partition(".")[0] for name in seen["modules"]}
    assert "polars" in loaded
    assert [name for name in HEAVY if name in loaded] == []
