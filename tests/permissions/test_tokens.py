"""Tokens: made once, known by a hash, good until they expire or are revoked."""

import datetime as dt
import os
import re
import subprocess
import sys

import pytest
from django.utils import timezone

from apps.permissions.actions import authenticate_token, create_token, revoke_token
from apps.permissions.models import Token, User
from hewston.pipeline.errors import HewstonError, InputError
from tests.commands import PROJECT, run_command, succeed

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return User.objects.create_user("ada", password="correct horse")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (["read"], ["read"]),
        (["run"], ["read", "run"]),
        (["ingest", "run"], ["read", "run", "ingest"]),
        (["run", "run"], ["read", "run"]),
    ],
)
def test_every_scope_includes_reading(ada, asked, given):
    token, _ = create_token(owner=ada, name="laptop", scopes=asked)
    assert token.scopes == given


def test_a_secret_stands_for_its_owner_and_is_nowhere_in_the_database(ada):
    token, secret = create_token(owner=ada, name="laptop", scopes=["run"])
    found = authenticate_token(secret)
    assert found == token
    assert found.user == ada
    assert secret not in str(Token.objects.values().get())
    assert secret.startswith(token.hint)
    assert len(secret) > len(token.hint) + 32


@pytest.mark.parametrize("text", ["", "hewston_", "\0", "\ud800", "é" * 10_000])
def test_any_other_text_is_nobody(ada, text):
    create_token(owner=ada, name="laptop", scopes=["run"])
    assert authenticate_token(text) is None


def test_a_revoked_token_is_nobody_and_its_name_is_free_again(ada):
    token, secret = create_token(owner=ada, name="laptop", scopes=["run"])
    revoke_token(token=token)
    assert authenticate_token(secret) is None
    with pytest.raises(HewstonError, match="revoked already"):
        revoke_token(token=token)
    _, other = create_token(owner=ada, name="laptop", scopes=["run"])
    assert authenticate_token(other) is not None


def test_a_token_expires(ada):
    token, secret = create_token(owner=ada, name="laptop", scopes=["run"], days=7)
    assert token.expires_at is not None
    left = token.expires_at - timezone.now()
    assert dt.timedelta(days=6, hours=23) < left <= dt.timedelta(days=7)
    Token.objects.update(expires_at=timezone.now())
    assert authenticate_token(secret) is None


def test_a_deactivated_persons_token_is_nobody(ada):
    _, secret = create_token(owner=ada, name="laptop", scopes=["run"])
    User.objects.update(is_active=False)
    assert authenticate_token(secret) is None


def test_use_is_noted_once_a_minute(ada, django_assert_num_queries):
    _, secret = create_token(owner=ada, name="laptop", scopes=["run"])
    authenticate_token(secret)
    first = Token.objects.get().last_used_at
    assert first is not None
    with django_assert_num_queries(1):
        authenticate_token(secret)
    Token.objects.update(last_used_at=first - dt.timedelta(minutes=1))
    authenticate_token(secret)
    again = Token.objects.get().last_used_at
    assert again is not None
    assert again >= first


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"name": ""}, "name", "1 to 80 characters"),
        ({"name": "x" * 81}, "name", "1 to 80 characters"),
        ({"name": "a\nb"}, "name", "1 to 80 characters"),
        ({"scopes": []}, "scopes", "needs a scope"),
        ({"scopes": ["runs"]}, "scopes", "Did you mean run?"),
        ({"days": 0}, "days", "from 1 to 3650"),
        ({"days": 3651}, "days", "from 1 to 3650"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(ada, values, field, words):
    with pytest.raises(InputError, match=words) as refused:
        create_token(owner=ada, **({"name": "laptop", "scopes": ["run"]} | values))
    assert refused.value.details["field"] == field


def test_a_name_stands_for_one_token_of_a_person(ada):
    create_token(owner=ada, name="laptop", scopes=["run"])
    with pytest.raises(HewstonError, match="named laptop already") as refused:
        create_token(owner=ada, name=" laptop ", scopes=["read"])
    assert refused.value.code == "CONFLICT"
    create_token(owner=User.objects.create_user("bob"), name="laptop", scopes=["read"])


def make(client, **values):
    return client.post("/tokens/", {"name": "laptop", "scopes": ["run"], "days": "90"} | values)


def test_the_page_shows_a_new_token_once(client, ada):
    client.force_login(ada)
    made = make(client)
    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    secret = re.search(rb"hewston_[\w-]{43}", made.content)
    assert secret is not None
    assert authenticate_token(secret[0].decode()) == Token.objects.get()
    page = client.get("/tokens/").content
    assert b"laptop" in page
    assert secret[0] not in page


def test_loading_the_answer_again_makes_no_other_token(client, ada):
    client.force_login(ada)
    make(client)
    again = make(client)
    assert again.status_code == 422
    assert b"There is a token named laptop already" in again.content
    assert Token.objects.count() == 1


@pytest.mark.parametrize(
    "values", [{"name": ""}, {"days": "10000"}, {"scopes": ["admin"]}, {"name": "x" * 81}]
)
def test_the_page_refuses_what_cannot_be_and_keeps_what_was_typed(client, ada, values):
    client.force_login(ada)
    refused = make(client, **values)
    assert refused.status_code == 422
    assert b'role="alert"' in refused.content
    assert f'value="{values.get("name", "laptop")}"'.encode() in refused.content
    assert not Token.objects.exists()


def test_the_page_revokes_ones_own_tokens_only(client, ada):
    token, secret = create_token(owner=ada, name="laptop", scopes=["run"])
    address = f"/tokens/{token.pk}/revoke/"
    client.force_login(User.objects.create_superuser("owner"))
    assert client.post(address).status_code == 404
    assert b"<td>laptop</td>" not in client.get("/tokens/").content
    client.force_login(ada)
    assert client.get(address).status_code == 405
    assert client.post(address)["Location"] == "/tokens/"
    assert authenticate_token(secret) is None
    assert client.post(address).status_code == 404
    page = client.get("/tokens/").content
    assert b"laptop is revoked" in page


def test_the_command_prints_a_secret_lists_and_revokes(tmp_path):
    made = succeed(tmp_path, "token", "laptop", "--scope", "run", "--scope", "ingest")
    assert made["scopes"] == ["read", "run", "ingest"]
    assert made["token"].startswith(made["hint"])
    plain = subprocess.run(
        [sys.executable, PROJECT / "manage.py", "token", "desk", "--scope", "read", "--days", "7"],
        env={**os.environ, "HEWSTON_DATA_ROOT": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"hewston_[\w-]{43}\n", plain.stdout)
    listed = succeed(tmp_path, "token", "--list")["tokens"]
    assert [one["name"] for one in listed] == ["desk", "laptop"]
    assert "token" not in listed[0]
    assert succeed(tmp_path, "token", "--revoke", "desk") == {"revoked": "desk"}
    assert run_command(tmp_path, "token", "--revoke", "desk").error["code"] == "NOT_FOUND"
    again = run_command(tmp_path, "token", "laptop", "--scope", "run").error
    assert again["code"] == "CONFLICT"
    assert run_command(tmp_path, "token", "x", "--scope", "runs").error["details"] == {
        "field": "scopes",
        "allowed": ["read", "run", "ingest"],
    }
    assert run_command(tmp_path, "token").code == 1
