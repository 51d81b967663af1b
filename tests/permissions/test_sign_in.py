"""Who gets in, and how."""

import datetime as dt
import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.permissions.actions import issue_signin_link
from apps.permissions.models import SignInLink, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return User.objects.create_user("ada", password="correct horse")


def sign_in(client, password="correct horse", **more):
    return client.post("/sign-in/", {"username": "ada", "password": password, **more})


def test_a_name_and_password_sign_in(client, ada):
    assert sign_in(client)["Location"] == "/"
    assert client.get("/").status_code == 200


def test_signing_in_leads_to_the_page_that_was_asked_for(client, ada):
    asked = client.get("/runs/?status=DONE")
    assert asked["Location"] == "/sign-in/?next=/runs/%3Fstatus%3DDONE"
    assert sign_in(client, next="/runs/?status=DONE")["Location"] == "/runs/?status=DONE"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:1"])
def test_signing_in_never_leads_to_another_site(client, ada, elsewhere):
    assert sign_in(client, next=elsewhere)["Location"] == "/"


def test_a_wrong_password_is_told_on_the_page(client, ada):
    refused = sign_in(client, "wrong")
    assert refused.status_code == 422
    assert b"The name or the password is not right" in refused.content


def test_the_sign_in_page_says_that_nobody_has_a_password_yet(client):
    owner = User.objects.create_user("owner")
    words = b"Nobody has a password yet"
    page = client.get("/sign-in/", HTTP_HOST="127.0.0.1:8123").content
    assert words in page
    assert b"signin_link --bind 127.0.0.1:8123<" in page
    owner.set_password("correct horse")
    owner.save()
    assert words not in client.get("/sign-in/").content


def test_five_wrong_passwords_lock_the_name_even_for_the_right_one(client, ada):
    for _ in range(5):
        refused = sign_in(client, "wrong")
    assert refused.status_code == 429
    assert b"Too many attempts" in refused.content
    assert b"signin_link" in refused.content
    assert sign_in(client).status_code == 429


def test_a_signed_in_person_skips_the_sign_in_page(client, ada):
    client.force_login(ada)
    assert client.get("/sign-in/")["Location"] == "/"


def test_a_link_signs_in_once_and_lands_on_its_page(client, ada):
    token = issue_signin_link(user=ada, next_path="/runs/")
    assert client.get(f"/sign-in/link/{token}/")["Location"] == "/runs/"
    assert client.get("/runs/").status_code == 200
    again = Client().get(f"/sign-in/link/{token}/")
    assert again.status_code == 410
    assert b".venv/bin/python manage.py signin_link" in again.content


def test_a_link_expires(client, ada):
    token = issue_signin_link(user=ada, next_path="/")
    SignInLink.objects.update(expires_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    assert client.get(f"/sign-in/link/{token}/").status_code == 410


def test_a_link_of_a_deactivated_person_does_not_work(client, ada):
    token = issue_signin_link(user=ada, next_path="/")
    User.objects.update(is_active=False)
    assert client.get(f"/sign-in/link/{token}/").status_code == 410


def test_a_link_works_on_this_machine_only_and_is_not_used_up_by_trying(client, ada):
    token = issue_signin_link(user=ada, next_path="/")
    refused = client.get(f"/sign-in/link/{token}/", REMOTE_ADDR="192.0.2.1")
    assert refused.status_code == 403
    assert b"only accepted on the machine" in refused.content
    assert client.get(f"/sign-in/link/{token}/").status_code == 302


def test_a_forwarded_address_does_not_make_a_request_local(client, ada):
    token = issue_signin_link(user=ada, next_path="/")
    forged = client.get(
        f"/sign-in/link/{token}/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="127.0.0.1"
    )
    assert forged.status_code == 403


def test_the_command_prints_a_link_that_works(client, ada):
    text = io.StringIO()
    call_command("signin_link", user="ada", next="/datasets/", bind="127.0.0.1:9000", stdout=text)
    address = text.getvalue().strip()
    assert address.startswith("http://127.0.0.1:9000/sign-in/link/")
    assert client.get(address.removeprefix("http://127.0.0.1:9000"))["Location"] == "/datasets/"


def test_the_command_makes_the_owner_on_first_use(client):
    text = io.StringIO()
    call_command("signin_link", stdout=text)
    owner = User.objects.get()
    assert owner.is_superuser
    assert not owner.has_usable_password()


def test_the_command_refuses_an_unknown_name_and_another_site(ada):
    with pytest.raises(CommandError, match="no user named bob"):
        call_command("signin_link", user="bob")
    with pytest.raises(CommandError, match="page of this site"):
        call_command("signin_link", user="ada", next="https://evil.example/")


def test_signing_out_takes_a_form(client, ada):
    client.force_login(ada)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/")["Location"] == "/sign-in/?next=/"


def test_theme_and_zone_are_remembered_and_shown(client, ada):
    client.force_login(ada)
    assert b'data-theme="auto"' in client.get("/").content
    answer = client.post("/display/", {"theme": "dark", "next": "/runs/"})
    assert answer["Location"] == "/runs/"
    client.post("/display/", {"zone": "utc"})
    page = client.get("/").content
    assert b'data-theme="dark"' in page
    assert b"Times in UTC" in page


def test_an_unknown_theme_changes_nothing(client, ada):
    client.force_login(ada)
    answer = client.post("/display/", {"theme": '"><script>', "next": "https://evil.example/"})
    assert answer["Location"] == "/"
    assert not answer.cookies
    client.cookies["theme"] = '"><script>'
    assert b'data-theme="auto"' in client.get("/").content


def test_a_form_from_another_site_is_refused_in_our_layout(ada):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    refused = strict.post("/sign-out/")
    assert refused.status_code == 403
    assert b"The form has expired" in refused.content


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_a_link_that_a_proxy_passes_on_is_refused_and_stays_usable(client, ada, name):
    token = issue_signin_link(user=ada, next_path="/")
    address = f"/sign-in/link/{token}/"
    assert client.get(address, headers={name: "127.0.0.1"}).status_code == 403
    assert client.get(address).status_code == 302
