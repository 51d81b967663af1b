"""Wrong settings are refused with a sentence, whatever the command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("HEWSTON_MIN_FREE_GB", "plenty", "must be a number of at least 0"),
        ("HEWSTON_MIN_FREE_GB", "-1", "must be a number of at least 0"),
        ("HEWSTON_HTTPS", "yes", "must be 0 or 1"),
        ("HEWSTON_DATA_ROOT", os.devnull, "folder that can be written"),
    ],
)
def test_a_wrong_setting_is_one_sentence(name: str, value: str, sentence: str) -> None:
    done = subprocess.run(
        [sys.executable, PROJECT / "manage.py", "verify", "--all"],
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert sentence in line


def test_the_secret_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    def read_key() -> str:
        done = subprocess.run(
            [sys.executable, "-c", "from django.conf import settings; print(settings.SECRET_KEY)"],
            env={
                **os.environ,
                "HEWSTON_DATA_ROOT": str(tmp_path / "data"),
                "DJANGO_SETTINGS_MODULE": "hewston.settings",
            },
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    key = read_key()
    assert len(key) >= 50
    assert read_key() == key
    assert (tmp_path / "data" / "secret-key").stat().st_mode & 0o777 == 0o600
