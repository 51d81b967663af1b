"""Settings that differ in tests, and the data that some of them may find beside the project."""

from pathlib import Path

import hypothesis
import pytest
from django.conf import settings

from hewston import children

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_configure() -> None:
    """Change the settings before anything reads them."""
    hypothesis.settings.register_profile("hewston", deadline=None, derandomize=True)
    hypothesis.settings.load_profile("hewston")  # the same examples everywhere, on any machine
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast
    settings.STORAGES["staticfiles"]["BACKEND"] = (  # names without hashes: nothing is collected
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    settings.WHITENOISE_USE_FINDERS = True
    settings.WHITENOISE_AUTOREFRESH = True
    # A process of tests asks for work of every kind: each child would import its modules anew.
    children.prepare(
        "hewston.pipeline.backtest",
        "hewston.pipeline.ingest.request",
        "hewston.pipeline.equality.proof",
        "hewston.pipeline.ingest.tables.preview",
        "hewston.pipeline.export",
        "hewston.pipeline.differences",
        "hewston.pipeline.strategies.differences",
    )
    # Each test is one transaction already; SQLite cannot nest BEGIN IMMEDIATE in it.
    options = settings.DATABASES["default"]["OPTIONS"]
    assert isinstance(options, dict)
    options.pop("transaction_mode")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real files beside the project, where there are any."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"there is no real data at {REAL_DATA}")
    return REAL_DATA
