"""`manage.py check_sandbox` says how strangers' strategies are locked."""

import json

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db


def test_it_names_the_tier_and_its_layers(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_sandbox", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert answer["tier"] in {1, 2, 3}
    assert "seccomp" in answer["layers"]
    assert not answer["failed"]


def test_it_says_so_to_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_sandbox")
    assert capsys.readouterr().out.startswith("Strangers' strategies run locked: tier ")


def test_it_fails_with_what_to_do_where_nothing_holds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(SystemExit) as ended:
        call_command("check_sandbox")
    assert ended.value.code == 1
    assert "Linux virtual machine" in capsys.readouterr().out
