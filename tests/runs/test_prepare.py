"""`manage.py prepare`: what `serve` has done before it serves."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from apps.datasets.models import Ingest
from apps.permissions.models import User
from apps.runs.models import Run
from hewston.taskqueue import Status
from tests.scenes import Catalogue, add_run


def prepare(*options: str) -> str:
    said = io.StringIO()
    call_command("prepare", *options, stdout=said)
    return said.getvalue().strip()


@pytest.mark.django_db
def test_the_first_start_makes_the_owner_and_signs_them_in(
    client: Client, tmp_path: Path, settings: Settings
) -> None:
    settings.DATA_ROOT = tmp_path
    answer = client.get(prepare())
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    owner = User.objects.get()
    assert owner.is_superuser
    assert not owner.has_usable_password()
    assert client.session["_auth_user_id"] == str(owner.pk)


def test_a_sample_that_is_there_is_not_made_again(client: Client, catalogue: Catalogue) -> None:
    ingest = Ingest.objects.create(
        owner=catalogue.ada, sources=[], options={"sample_year": 2023}, status=Status.DONE
    )
    ingest.revisions.add(catalogue.revision)
    add_run(catalogue, "b" * 12, Status.ERROR)
    before = (Ingest.objects.count(), Run.objects.count())
    answer = client.get(prepare("--sample", "--user", "ada"))
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/runs/{catalogue.run.pk}/")
    assert (Ingest.objects.count(), Run.objects.count()) == before


def test_what_a_crash_left_running_waits_for_a_worker(catalogue: Catalogue) -> None:
    run = add_run(catalogue, "c" * 12, Status.RUNNING)
    prepare("--user", "ada")
    run.refresh_from_db()
    assert run.status == Status.QUEUED


def test_a_user_that_does_not_exist_is_a_sentence(
    db: None, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DATA_ROOT = tmp_path
    with pytest.raises(SystemExit) as ended:
        call_command("prepare", "--user", "nobody")
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("Error: There is no user named nobody.")
