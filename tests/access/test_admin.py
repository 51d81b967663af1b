"""The pages of administrators: who gets in, and what can be done there."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver

from apps.datasets.actions import save_preset
from apps.datasets.models import Dataset, Equality, Ingest, TableDraft, TablePreset
from apps.permissions.actions import create_token, issue_signin_link
from apps.permissions.models import Token, User
from apps.runs.models import Run
from hewston.admin import site
from hewston.taskqueue import Status
from tests.scenes import DATASET_ID, RUN_ID, add_run

RUNS = "/admin/runs/run/"
TOKENS = "/admin/permissions/token/"
INGESTS = "/admin/datasets/ingest/"
WAITING, FAILED = "bbbbbbbbbbbb", "cccccccccccc"


@pytest.fixture
def owner(client, catalogue):
    client.force_login(catalogue.owner)
    return client


def addresses():
    """Each address of the admin, with ids that are there or not."""

    def walk(patterns, prefix):
        for pattern in patterns:
            here = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, here)
            else:
                assert isinstance(pattern, URLPattern)
                yield here

    for route in walk(site.urls[0], "/admin/"):
        path = re.sub(r"\(\?P<app_label>[^)]*\)", "runs", route)
        path = re.sub(r"\(\?P<url>[^)]*\)", "nothing/", path)
        yield re.sub(r"<path:\w+>|<id>", "1", path).replace("^", "").replace("$", "")


ADDRESSES = sorted(set(addresses()))


def test_the_addresses_are_those_of_every_model():
    for model in ("runs/run", "datasets/dataset", "datasets/revision", "datasets/ingest"):
        assert f"/admin/{model}/" in ADDRESSES
        assert f"/admin/{model}/1/change/" in ADDRESSES
    assert len(ADDRESSES) > 30


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "PUT"])
@pytest.mark.parametrize("path", ADDRESSES)
def test_nobody_gets_in_without_signing_in_as_everywhere(client, catalogue, path, method):
    answer = client.generic(method, path, HTTP_ACCEPT="text/html")
    if path.endswith("/login/"):
        assert answer["Location"] == "/sign-in/?next=/admin/"
    else:
        assert answer.status_code == 302
        assert answer["Location"].startswith(
            ("/sign-in/?next=/admin/", "/admin/login/?next=/admin/")
        )


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", [path for path in ADDRESSES if not path.endswith("/login/")])
def test_who_is_no_staff_is_refused(client, catalogue, path, method):
    client.force_login(catalogue.ada)
    assert client.generic(method, path).status_code == 403


def choose(client, path, action, *ids, **more):
    """Choose rows of a list and an action; gives what the next page says."""
    form = {"action": action, "_selected_action": ids, **more}
    answer = client.post(path, form, follow=True)
    return [str(message) for message in answer.context["messages"]]


def test_a_link_signs_staff_in_and_leads_there(client, catalogue):
    token = issue_signin_link(user=catalogue.owner, next_path="/admin/")
    assert client.get(f"/sign-in/link/{token}/", follow=True).redirect_chain[-1] == ("/admin/", 302)
    assert client.get("/admin/").status_code == 200


def test_its_own_sign_in_takes_no_password_and_so_none_is_guessed_there(client, catalogue):
    form = {"username": "owner", "password": "correct horse", "next": "/admin/"}
    answer = client.post("/admin/login/", form)
    assert answer["Location"] == "/sign-in/?next=/admin/"
    assert client.get("/admin/").status_code == 302
    for _ in range(5):
        locked = client.post("/sign-in/", form | {"password": "wrong"})
    assert locked.status_code == 429
    assert client.post("/sign-in/", form).status_code == 429


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_its_sign_in_leads_to_no_other_site(owner, wanted):
    chain = owner.get("/admin/login/", {"next": wanted}, follow=True).redirect_chain
    assert [place for place, _ in chain if "evil" in place.partition("?")[0]] == []
    assert chain[-1][0] == "/"


def test_who_was_deactivated_or_is_staff_no_more_is_out_at_once(owner, catalogue):
    assert owner.get("/admin/").status_code == 200
    User.objects.filter(pk=catalogue.owner.pk).update(is_staff=False)
    assert owner.get("/admin/").status_code == 403
    User.objects.filter(pk=catalogue.owner.pk).update(is_staff=True, is_active=False)
    assert owner.get("/admin/").status_code == 302


def test_only_staff_see_the_way_there(client, owner, catalogue):
    assert b'href="/admin/"' in owner.get("/").content
    client = Client()
    client.force_login(catalogue.ada)
    assert b"/admin/" not in client.get("/").content


def test_signing_out_there_is_signing_out(owner):
    assert owner.post("/admin/logout/")["Location"] == "/sign-in/"
    assert owner.get("/").status_code == 302


def test_nothing_of_the_queue_and_nothing_unknown_is_there(owner):
    models = {model._meta.label for model in site._registry}
    assert models == {
        "permissions.User",
        "permissions.Token",
        "datasets.Dataset",
        "datasets.Revision",
        "datasets.Equality",
        "datasets.Ingest",
        "datasets.TableDraft",
        "datasets.TablePreset",
        "strategies.Strategy",
        "strategies.StrategyVersion",
        "strategies.StrategyCheck",
        "runs.Run",
        "parity.Board",
        "parity.BridgeArtifact",
        "parity.BridgeDraft",
        "parity.Certificate",
        "parity.Comparison",
    }
    assert owner.get("/admin/django_q/schedule/add/").status_code == 404


@pytest.mark.parametrize(
    "path", [RUNS, TOKENS, INGESTS, "/admin/datasets/dataset/", "/admin/datasets/revision/"]
)
def test_rows_are_neither_added_nor_deleted_past_their_verbs(owner, catalogue, path):
    model = next(m for m in site._registry if f"/{m._meta.app_label}/{m._meta.model_name}/" in path)
    create_token(owner=catalogue.ada, name="laptop", scopes=["read"])
    row = model._default_manager.first()
    assert row is not None
    for way in (f"{path}add/", f"{path}{row.pk}/delete/"):
        assert owner.get(way).status_code == 403
        assert owner.post(way, {"post": "yes"}).status_code == 403
    assert owner.get(path, {"q": "a"}).status_code == 200
    assert owner.get(f"{path}{row.pk}/change/").status_code == 200
    if path != RUNS:
        assert owner.post(f"{path}{row.pk}/change/", {"status": "DONE"}).status_code == 403
        choose(owner, path, "delete_selected", row.pk, post="yes")
    assert model._default_manager.filter(pk=row.pk).exists()


def test_a_run_gets_a_name_and_a_note_and_nothing_else(owner, catalogue):
    before = Run.objects.values().get(pk=RUN_ID)
    form = {"name": " best ", "note": "kept", "status": "QUEUED", "owner": catalogue.stranger.pk}
    assert owner.post(f"{RUNS}{RUN_ID}/change/", form).status_code == 302
    assert Run.objects.values().get(pk=RUN_ID) == before | {"name": "best", "note": "kept"}
    refused = owner.post(f"{RUNS}{RUN_ID}/change/", {"name": "x", "note": "y" * 10_001})
    assert b"note has 10,001 characters" in refused.content
    assert Run.objects.get(pk=RUN_ID).name == "best"


def test_runs_are_cancelled_tried_again_and_deleted(owner, catalogue):
    add_run(catalogue, WAITING, Status.QUEUED)
    assert choose(owner, RUNS, "cancel", WAITING, RUN_ID) == [
        f"Run {RUN_ID} is over already: done.",
        "1 cancelled.",
    ]
    assert Run.objects.get(pk=WAITING).status == Status.CANCELLED
    assert choose(owner, RUNS, "retry", RUN_ID) == [
        f"Run {RUN_ID} is done: there is nothing to try again."
    ]
    asked = owner.post(RUNS, {"action": "delete_selected", "_selected_action": [WAITING]})
    assert WAITING in asked.content.decode()
    assert Run.objects.filter(pk=WAITING).exists()
    assert choose(owner, RUNS, "delete_selected", WAITING, post="yes") == ["1 deleted."]
    assert not Run.objects.filter(pk=WAITING).exists()


def test_a_run_under_way_is_not_deleted(owner, catalogue):
    add_run(catalogue, WAITING, Status.QUEUED)
    said = choose(owner, RUNS, "delete_selected", WAITING, post="yes")
    assert said == [f"Run {WAITING} is under way: cancel it first."]
    assert Run.objects.filter(pk=WAITING).exists()


def test_ingests_are_cancelled_and_tried_again(owner, catalogue):
    waiting = Ingest.objects.create(owner=catalogue.ada, sources=["x.dbn"])
    assert choose(owner, INGESTS, "cancel", waiting.pk) == ["1 cancelled."]
    assert choose(owner, INGESTS, "retry", waiting.pk) == ["1 asked for again."]
    again = Ingest.objects.exclude(pk__in=[waiting.pk, catalogue.ingest.pk]).get()
    assert (again.owner, again.status) == (catalogue.ada, Status.QUEUED)


def test_a_token_is_revoked_and_its_hash_is_never_shown(owner, catalogue):
    token, _ = create_token(owner=catalogue.ada, name="laptop", scopes=["read"])
    page = owner.get(f"{TOKENS}{token.pk}/change/").content.decode()
    assert token.hint in page
    assert token.token_sha256 not in page
    assert choose(owner, TOKENS, "revoke", token.pk) == ["1 revoked."]
    assert Token.objects.get(pk=token.pk).revoked_at is not None
    assert choose(owner, TOKENS, "revoke", token.pk) == ["The token laptop is revoked already."]


@pytest.mark.parametrize(
    "query", ["token_sha256__startswith=a", "owner__password__startswith=a", "owner__email=x"]
)
def test_no_filter_tells_of_secrets(owner, catalogue, query):
    create_token(owner=catalogue.ada, name="laptop", scopes=["read"])
    assert owner.get(f"{TOKENS}?{query}").status_code == 400


def test_a_person_is_added_and_deactivated_but_not_deleted(owner, catalogue):
    people = "/admin/permissions/user/"
    form = {"username": "bob", "usable_password": "true"}
    form |= {"password1": "correct horse 7", "password2": "correct horse 7"}
    assert owner.post(f"{people}add/", form).status_code == 302
    bob = User.objects.get(username="bob")
    assert bob.check_password("correct horse 7")
    assert (bob.is_staff, bob.is_superuser) == (False, False)
    page = owner.get(f"{people}{bob.pk}/change/").content.decode()
    assert bob.password not in page
    forged = {"username": "bob", "password": "md5$x$y"}
    assert owner.post(f"{people}{bob.pk}/change/", forged).status_code == 302
    bob.refresh_from_db()
    assert bob.check_password("correct horse 7")
    assert not bob.is_active
    assert owner.post(f"{people}{bob.pk}/delete/", {"post": "yes"}).status_code == 403


def test_staff_who_are_no_administrators_see_their_own_and_cannot_make_themselves_any(
    client, catalogue
):
    stranger = catalogue.stranger
    stranger.is_staff = True
    stranger.save()
    stranger.user_permissions.set(Permission.objects.all())
    client.force_login(stranger)
    assert RUN_ID not in client.get(RUNS).content.decode()
    assert DATASET_ID not in client.get("/admin/datasets/revision/").content.decode()
    assert client.get(f"{RUNS}{RUN_ID}/change/").status_code == 302  # to the front, as if not there
    add_run(catalogue, WAITING, Status.QUEUED)
    choose(client, RUNS, "cancel", WAITING)
    assert Run.objects.get(pk=WAITING).status == Status.QUEUED
    me = f"/admin/permissions/user/{stranger.pk}/change/"
    assert client.post(me, {"username": "mallory", "is_superuser": "on"}).status_code == 403


def test_staff_who_may_only_view_do_nothing(client, catalogue):
    catalogue.ada.is_staff = True
    catalogue.ada.save()
    catalogue.ada.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(catalogue.ada)
    add_run(catalogue, WAITING, Status.QUEUED)
    assert WAITING in client.get(RUNS).content.decode()
    choose(client, RUNS, "cancel", WAITING)
    assert Run.objects.get(pk=WAITING).status == Status.QUEUED
    assert client.post(f"{RUNS}{RUN_ID}/change/", {"name": "x"}).status_code == 403


def test_a_list_asks_as_often_for_many_rows_as_for_one_and_reads_no_specs(owner, catalogue):
    def ask():
        with CaptureQueriesContext(connection) as queries:
            assert owner.get(RUNS).status_code == 200
        return [query["sql"] for query in queries]

    few = len(ask())
    for number in range(60):
        add_run(catalogue, f"{number:012x}", Status.ERROR, note="long")
    many = ask()
    assert len(many) == few
    assert not any('"spec"' in sql or '"note"' in sql for sql in many)


def test_too_many_rows_at_once_are_refused_whole(owner, catalogue):
    for number in range(120):
        add_run(catalogue, f"{number:012x}", Status.QUEUED)
    said = choose(owner, RUNS, "cancel", f"{1:012x}", select_across="1")
    assert said == ["Choose at most 100 at once. Nothing was changed."]
    assert not Run.objects.filter(status=Status.CANCELLED).exists()


def test_datasets_are_archived_restored_and_deleted(owner, catalogue):
    path = "/admin/datasets/dataset/"
    assert choose(owner, path, "archive", DATASET_ID) == ["1 archived."]
    assert Dataset.objects.get().is_archived
    assert choose(owner, path, "restore", DATASET_ID) == ["1 restored."]
    assert not Dataset.objects.get().is_archived
    assert choose(owner, path, "delete_selected", DATASET_ID) == []
    (message,) = choose(owner, path, "delete_selected", DATASET_ID, post="yes")
    assert message.startswith("1 run uses dataset")
    assert Dataset.objects.exists()


def test_previews_are_cancelled_and_presets_deleted(owner, catalogue):
    draft = TableDraft.objects.create(owner=catalogue.ada, sources=["x.csv"])
    preset = save_preset(owner=catalogue.ada, name="broker", options={"table": {"tz": "UTC"}})
    drafts, presets = "/admin/datasets/tabledraft/", "/admin/datasets/tablepreset/"
    for path, row in ((drafts, draft), (presets, preset)):
        assert "ada" in owner.get(path).content.decode()
        assert owner.get(f"{path}{row.pk}/change/").status_code == 200
        assert owner.post(f"{path}{row.pk}/change/", {"name": "x"}).status_code == 403
    assert choose(owner, drafts, "cancel", draft.pk) == ["1 cancelled."]
    assert choose(owner, presets, "forget", preset.pk) == ["1 deleted."]
    assert not TableDraft.objects.exists()
    assert not TablePreset.objects.exists()


@pytest.mark.parametrize("model", ["equality", "tabledraft", "tablepreset", "ingest"])
def test_the_owners_of_a_list_are_read_with_it(owner, catalogue, model):
    def fill(first, count):
        for number in range(first, first + count):
            person = User.objects.create_user(f"person {number}")
            of = {"owner": person, "sources": ["x"]}
            Equality.objects.create(revision=catalogue.revision, **of)
            Ingest.objects.create(**of)
            TableDraft.objects.create(**of)
            TablePreset.objects.create(owner=person, name="broker", options={})

    def count():
        with CaptureQueriesContext(connection) as queries:
            assert owner.get(f"/admin/datasets/{model}/").status_code == 200
        return len(queries)

    fill(0, 1)
    few = count()
    fill(1, 20)
    assert count() == few
