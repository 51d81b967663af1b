"""Liveness needs nobody; readiness says what is missing."""

import sys
import types

import pytest
from django.db import DatabaseError
from django.db.migrations.recorder import MigrationRecorder

from apps.permissions.models import User
from hewston.pipeline.store import Store


@pytest.fixture
def signed_in(client, db, settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    client.force_login(User.objects.create_user("ada"))
    store = Store(tmp_path)
    with store.staging("worker-runs-1"), store.staging("worker-ingest-1"):
        yield client


def test_liveness_needs_no_sign_in_and_no_database(client):
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_readiness_is_not_for_strangers(client):
    refused = client.get("/readyz")
    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "UNAUTHENTICATED"


def test_readiness_has_a_line_for_each_thing(signed_in):
    ready = signed_in.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["status"] == "ok"
    checks = ready.json()["checks"]
    assert list(checks) == ["database", "data_root", "disk", "engine", "sandbox", "workers"]
    assert all(check["ok"] for check in checks.values())
    assert checks["sandbox"]["message"].startswith("Strangers' strategies run locked: tier ")


def test_the_engine_is_looked_up_and_not_loaded(signed_in, monkeypatch):
    loaded = set(sys.modules)
    signed_in.get("/readyz")
    assert "nautilus_trader" not in set(sys.modules) - loaded
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    missing = signed_in.get("/readyz")
    assert missing.status_code == 503
    assert missing.json()["checks"]["engine"]["message"] == "nautilus_trader is not installed."


def test_a_migration_that_is_not_applied_is_named_with_the_command(signed_in):
    MigrationRecorder.Migration.objects.filter(app="runs").earliest("pk").delete()
    waiting = signed_in.get("/readyz")
    assert waiting.status_code == 503
    assert waiting.json()["status"] == "failing"
    assert "manage.py migrate" in waiting.json()["checks"]["database"]["message"]


def test_a_data_root_that_is_not_there_is_not_ready(signed_in, settings, tmp_path):
    settings.DATA_ROOT = tmp_path / "gone"
    checks = signed_in.get("/readyz").json()["checks"]
    assert not checks["data_root"]["ok"]
    assert not checks["disk"]["ok"]


def test_a_full_disk_is_not_ready(signed_in, monkeypatch):
    usage = types.SimpleNamespace(total=10**12, used=10**12, free=10**8)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage)
    full = signed_in.get("/readyz")
    assert full.status_code == 503
    assert "free some space" in full.json()["checks"]["disk"]["message"]


def test_a_database_that_does_not_answer_is_told_without_a_traceback(signed_in, monkeypatch):
    def fail(*_args):
        raise DatabaseError("disk I/O error")

    monkeypatch.setattr("django.contrib.auth.middleware.get_user", fail)
    down = signed_in.get("/readyz")
    assert down.status_code == 503
    assert down.json()["error"]["code"] == "DEPENDENCY_UNAVAILABLE"


def test_a_queue_that_nobody_works_on_is_named_with_the_command(client, db, settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    client.force_login(User.objects.create_user("ada"))
    with Store(tmp_path).staging("worker-runs-1"):
        check = client.get("/readyz").json()["checks"]["workers"]
    assert check == {
        "ok": False,
        "message": "Nobody works on ingest: start `manage.py worker`.",
    }
