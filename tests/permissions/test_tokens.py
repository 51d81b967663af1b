"""Tokens: made once, known by a hash, good until they expire or are revoked."""

import datetime as dt

import pytest
from django.utils import timezone

from apps.permissions.actions import authenticate_token, create_token, revoke_token
from apps.permissions.models import Token, User
from hewston.pipeline.errors import HewstonError, InputError

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
