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


def manage(root: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, PROJECT / "manage.py", *arguments],
        env={**os.environ, "HEWSTON_DATA_ROOT": str(root), **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_secret_key_that_others_may_read_is_refused_in_a_sentence(
    tmp_path: Path, mode: int
) -> None:
    key = tmp_path / "secret-key"
    key.write_text("k" * 60)
    key.chmod(mode)
    refused = manage(tmp_path, "verify", "--all")
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert f"chmod 600 {key}" in line
    assert "k" * 60 not in line
    key.chmod(0o600)
    assert manage(tmp_path, "verify", "--all").returncode == 0


def test_the_settings_for_https_pass_every_check_of_a_deployment(tmp_path: Path) -> None:
    checked = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", HEWSTON_HTTPS="1")
    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout + checked.stderr
