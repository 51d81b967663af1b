"""The access table (table.txt) has a row for every address, and the site keeps to it."""

from pathlib import Path
from typing import NamedTuple

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from apps.datasets.actions import save_preset
from apps.datasets.models import Ingest, TableDraft, TablePreset
from apps.permissions.actions import create_token
from apps.permissions.models import User
from apps.runs.models import SavedView
from apps.strategies.models import StrategyCheck
from hewston import access
from hewston.pipeline import breakdown, playback
from hewston.rates import Rates
from hewston.routing import patterns as socket_patterns
from hewston.taskqueue import Status
from tests.boards import BOARD_ID, add_board
from tests.bridges import ARTIFACT_ID, BRIDGE_DRAFT_ID, add_artifact, add_bridge_draft
from tests.comparisons import (
    CERTIFICATE_ID,
    COMPARISON_ID,
    add_certificate,
    add_comparison,
)
from tests.datasets.tables import write_table
from tests.equalities import EQUALITY_ID, add_equality
from tests.scenes import DATASET_ID, RUN_ID, add_run
from tests.sources import add_strategy

PEOPLE = ("stranger", "owner", "admin")
SCOPES = ("read", "run", "ingest")
FAILED = "bbbbbbbbbbbb"  # a run and an ingest that failed
ANONYMOUS = {  # what answers whoever asks
    "GET /healthz",
    "GET /sign-in/",
    "POST /sign-in/",
    "GET /sign-in/link/<str:token>/",
    "POST /display/",
}


class Row(NamedTuple):
    method: str
    route: str
    anonymous: str
    stranger: str
    owner: str
    admin: str
    read: str
    run: str
    ingest: str

    @property
    def name(self):
        return f"{self.method} {self.route}"

    @property
    def is_somebodys(self):
        return "<" in self.route and "<str:token>" not in self.route


def read_table():
    lines = Path(__file__).with_name("table.txt").read_text().splitlines()
    return [Row(*line.split()) for line in lines if line and not line.startswith("#")]


TABLE = read_table()
ADDRESSES = [row for row in TABLE if row.method != "WS"]
NO_HEAD = {"GET /sign-in/link/<str:token>/", "GET /backtests/<str:run_id>/stream"}


def each(rows):
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.name)


def list_routes(patterns, prefix="/"):
    """Give every route; that of the admin is one, with tests of its own."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        elif isinstance(pattern, URLResolver):
            yield from [route] if route == "/admin/" else list_routes(pattern.url_patterns, route)


def fill(route, catalogue):
    """Give an address of a route: of what is there, or for writing, of what failed."""
    values = {
        "<str:run_id>": RUN_ID,
        "<run_id>": RUN_ID,
        "<str:dataset_id>": DATASET_ID,
        "<dataset_id>": DATASET_ID,
        "<str:ingest_id>": FAILED,
        "<ingest_id>": FAILED,
        "<str:draft_id>": TableDraft.objects.get().pk,
        "<int:preset_id>": str(TablePreset.objects.get().pk),
        "<preset_id>": str(TablePreset.objects.get().pk),
        "<int:view_id>": str(SavedView.objects.get().pk),
        "<view_id>": str(SavedView.objects.get().pk),
        "<str:equality_id>": EQUALITY_ID,
        "<equality_id>": EQUALITY_ID,
        **dict.fromkeys(("<str:board_id>", "<board_id>"), BOARD_ID),
        **dict.fromkeys(("<str:artifact_id>", "<artifact_id>"), ARTIFACT_ID),
        "<str:bridge_draft_id>": BRIDGE_DRAFT_ID,
        **dict.fromkeys(("<str:comparison_id>", "<comparison_id>"), COMPARISON_ID),
        **dict.fromkeys(("<int:hint>", "<hint>"), "0"),
        **dict.fromkeys(("<str:certificate_id>", "<certificate_id>"), CERTIFICATE_ID),
        "<int:token_id>": str(catalogue.ada.tokens.get(name="spare").pk),
        "<token_id>": str(catalogue.ada.tokens.get(name="spare").pk),
        "<str:token>": "nobody",
        **dict.fromkeys(("<str:owner>", "<owner>"), "ada"),
        **dict.fromkeys(("<str:slug>", "<slug>"), "trend"),
        **dict.fromkeys(("<int:number>", "<number>"), "1"),
        **dict.fromkeys(("<str:check_id>", "<check_id>"), FAILED),
        "<int:page_number>": "0",
        "<int:before>": "1",
        "<int:after>": "1",
        "<str:interval>": "1h",
        "<str:session>": "regular",
        **{
            f"/{kind}/<str:address>": f"/{kind}/{breakdown.address(catalogue.run.results_sha256)}"
            for kind in ("series", "points")
        },
        "<str:address>": playback.address(
            catalogue.run.results_sha256 if "/runs/" in route else catalogue.revision.bars_sha256
        ),
    }
    for name, value in values.items():
        route = route.replace(name, value)
    assert "<" not in route, f"{route} has a part that this test cannot fill: add it here."
    return route


@pytest.fixture
def scene(catalogue, monkeypatch, settings, tmp_path):
    """The catalogue with a failed run and ingest, a draft, a preset, and a token; nobody waits."""
    settings.INBOX = tmp_path
    add_run(catalogue, FAILED, Status.ERROR)
    (settings.INBOX / "spy.csv").write_text(write_table(minutes=3))
    TableDraft.objects.create(owner=catalogue.ada, sources=[str(settings.INBOX / "spy.csv")])
    save_preset(owner=catalogue.ada, name="broker", options={"table": {"tz": "UTC"}})
    SavedView.objects.create(owner=catalogue.ada, name="good", query="sharpe_min=1")
    Ingest.objects.create(id=FAILED, owner=catalogue.ada, sources=["x.dbn"], status=Status.ERROR)
    add_equality(catalogue, settings.DATA_ROOT)
    add_board(catalogue)
    add_artifact(catalogue)
    add_bridge_draft(catalogue)
    version = add_strategy(catalogue.ada, "trend").latest
    add_certificate(catalogue, add_comparison(catalogue))
    StrategyCheck.objects.create(
        id=FAILED,
        owner=catalogue.ada,
        version=version,
        revision=catalogue.revision,
        params={"length": 50},
        status=Status.ERROR,
    )
    create_token(owner=catalogue.ada, name="spare", scopes=["read"])
    for name in ("_rates", "_guesses"):
        monkeypatch.setattr(access, name, Rates(per_second=1e6, burst=1e6))
    return catalogue


def sign_in(scene, who, **options):
    """Give a client of somebody, by a session or, for a scope, by a token."""
    if who in SCOPES:
        _, secret = create_token(owner=scene.ada, name=who, scopes=[who])
        return Client(headers={"Authorization": f"Bearer {secret}"}, **options)
    client = Client(**options)
    if who in PEOPLE:
        person = {"stranger": scene.stranger, "owner": scene.ada, "admin": scene.owner}[who]
        client.force_login(person, "django.contrib.auth.backends.ModelBackend")
    return client


def ask(client, method, route, scene):
    """Ask as a browser does at a page and as a program does at data; nothing of it stays."""
    path = fill(route, scene)
    is_read = method in {"GET", "HEAD"}
    if not is_read:
        path = path.replace(RUN_ID, FAILED)
    is_page = path.endswith("/")
    headers = {
        "Accept": "text/html,*/*;q=0.8" if is_page else "*/*",
        "Last-Event-ID": "2659",  # a stream that was heard to its end says no more
    }
    body = "" if is_page or is_read else "{}"
    kind = "application/x-www-form-urlencoded" if is_page else "application/json"
    with transaction.atomic():
        answer = client.generic(method, path, body, kind, headers=headers)
        answer.close()
        transaction.set_rollback(True)
    return answer


def describe(answer):
    """Say in the table's words what somebody got; the admin's own page leads to ours."""
    ways_in = ("/sign-in/?next=/", "/admin/login/?next=/admin/")
    if answer.status_code == 302 and answer["Location"].startswith(ways_in):
        return "sign-in"
    return str(answer.status_code)


def test_every_address_has_a_row_and_every_row_an_address(scene):
    client = sign_in(scene, "admin")
    found = {"GET /admin/"} | {f"WS {route}" for route in list_routes(socket_patterns)}
    for route in set(list_routes(get_resolver().url_patterns)) - {"/admin/"}:
        refusal = ask(client, "TRACE", route, scene)
        assert refusal.status_code == 405, f"{route} answers TRACE: say which methods it takes."
        methods = set(refusal["Allow"].split(", "))
        found |= {f"{method} {route}" for method in methods if method != "HEAD"}
    known = {row.name for row in TABLE}
    assert found - known == set(), "These have no row in tests/access/table.txt."
    assert known - found == set(), "These rows of tests/access/table.txt have no address."
    assert len(known) == len(TABLE), "A row is there twice."


def test_nothing_but_health_and_the_way_in_answers_whoever_asks():
    open_to_all = {row.name for row in TABLE if row.anonymous not in {"sign-in", "401", "4401"}}
    assert open_to_all == ANONYMOUS


def test_what_belongs_to_somebody_else_is_not_there():
    told = {row.name: row.stranger for row in TABLE if row.is_somebodys}
    assert set(told.values()) == {"404", "4404"}, told


@each(ADDRESSES)
def test_everybody_gets_what_the_table_says(scene, row):
    got = {
        who: describe(ask(sign_in(scene, who), row.method, row.route, scene))
        for who in ("anonymous", *PEOPLE, *SCOPES)
    }
    assert got == {who: getattr(row, who) for who in got}


@each([row for row in ADDRESSES if row.is_somebodys])
def test_a_token_reaches_nothing_of_somebody_else(scene, row):
    _, secret = create_token(owner=scene.stranger, name="all", scopes=SCOPES)
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    got = describe(ask(client, row.method, row.route, scene))
    assert got in {row.stranger, *({"sign-in", "401", "403"} & {row.read})}


@each(ADDRESSES)
def test_somebody_who_was_deactivated_is_nobody(scene, row):
    clients = [sign_in(scene, who) for who in ("owner", "admin", "run")]
    User.objects.update(is_active=False)
    got = {describe(ask(client, row.method, row.route, scene)) for client in clients}
    assert got == {row.anonymous}


@each([row for row in ADDRESSES if row.method == "GET" and row.name not in NO_HEAD])
def test_head_answers_as_get(scene, row):
    for who in ("anonymous", "stranger", "owner"):
        answer = ask(sign_in(scene, who), "HEAD", row.route, scene)
        assert (describe(answer), answer.content) == (getattr(row, who), b"")


@each([row for row in ADDRESSES if row.method != "GET"])
def test_a_session_writes_nothing_for_another_site(scene, row):
    client = sign_in(scene, "owner", enforce_csrf_checks=True)
    assert ask(client, row.method, row.route, scene).status_code == 403
    path, headers = fill(row.route, scene), {"X-HTTP-Method-Override": row.method}
    overridden = client.post(path, {"_method": row.method}, headers=headers)
    assert overridden.status_code in {403, 405}
