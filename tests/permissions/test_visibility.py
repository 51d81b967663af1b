"""Every address, for everybody: strangers see nothing of what is not theirs."""

import re
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from apps.datasets.actions import save_preset
from apps.datasets.models import TableDraft, TablePreset
from hewston.pipeline import breakdown, playback
from tests.datasets.tables import write_table
from tests.equalities import EQUALITY_ID, add_equality
from tests.scenes import DATASET_ID, RUN_ID

# Each of these has tests of its own.
PUBLIC = {"healthz", "readyz", "sign-in", "sign-in-link", "display", "run-stream", "api-document"}
FORMS = {"sign-out", "token-revoke"}
LISTS = [
    "dashboard",
    "datasets",
    "datasets-csv",
    "ingests",
    "presets",
    "runs",
    "runs-csv",
    "notices",
    "api-docs",
]
FILES = {"dataset-export", "run-bundle"}  # made for who asks; tests of them and of access try them
# Ways through runs that need more than a run to be asked: their own tests and those of access do.
FLOWS = {
    "run-costs",
    "run-costs-cancel",
    "run-import",
    "run-reproduce",
    "run-reproduce-cancel",
    "run-verify",
    "run-view-delete",
    "run-view-rename",
    "run-views",
    "runs-change",
    "runs-compare",
    "runs-compare-csv",
    "runs-compare-curves",
    "runs-compare-json",
}
# Strategies, which tests of them and of access ask for.
STRATEGIES = {
    "built-ins",
    "strategies",
    "strategies-csv",
    "strategy",
    *(
        f"strategy-{name}"
        for name in (
            *("archive", "check", "check-again", "check-cancel", "check-new", "delete", "describe"),
            *("diff", "duplicate", "edit", "import", "new", "restore", "source", "version"),
        )
    ),
}
# Likewise of parity.
PARITY = {
    *("parity", "parity-new", "artifact", "artifacts-csv", "artifact-file", "artifact-delete"),
    *("bridge-draft", "bridge-draft-cancel", "board", "boards", "board-new", "board-cancel"),
    *("board-again", "board-delete", "board-csv", "board-json"),
    *("comparison", "comparisons", "comparisons-csv", "comparison-new", "comparison-cancel"),
    *("comparison-again", "comparison-hint", "comparison-delete", "comparison-json"),
    *("comparison-certificate", "comparison-example"),
}
WRITING_LISTS = ["dataset-new", "datasets-change", "run-new", "tokens"]
WRITING_OBJECTS = [
    "dataset-archive",
    "dataset-delete",
    "dataset-describe",
    "dataset-restore",
    "draft-cancel",
    "equality-cancel",
    "ingest-cancel",
    "ingest-preview",
    "ingest-retry",
    "preset-delete",
    "preset-rename",
    "run-cancel",
    "run-delete",
    "run-describe",
    "run-retry",
]
ASKING_FIRST = {"dataset-delete", "run-delete"}  # a page of its own
FORMS_OF_OBJECTS = ["draft", "equality-new"]  # read, and written
MADE = {
    "dataset-differences-csv",
    "equality-differences",
    "run-trades-export",
}  # a copy may be kept, and asked about
OBJECTS = [
    "ingest",
    "dataset",
    "dataset-manifest",
    "dataset-columns",
    "dataset-page",
    "dataset-differences",
    "dataset-differences-csv",
    "equality",
    "equality-report",
    "equality-differences",
    "run",
    "run-trades",
    "run-trades-export",
    "run-points",
    "run-logs",
    "run-log-lines",
    "run-log-file",
    "run-manifest",
    "run-manifest-file",
    "run-columns",
    "run-playback",
    "run-decisions",
    "run-series",
]


def names_of(patterns):
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield pattern.name
        elif getattr(pattern, "namespace", None) not in {"api", "admin"}:  # tested elsewhere
            yield from names_of(pattern.url_patterns)


def address(name, catalogue):
    arguments: dict[str, list[str | int]] = {
        "dataset": [DATASET_ID],
        "ingest": [catalogue.ingest.pk],
        "ingest-cancel": [catalogue.ingest.pk],
        "ingest-retry": [catalogue.ingest.pk],
        "run-new": [],
        "dataset-archive": [DATASET_ID],
        "dataset-delete": [DATASET_ID],
        "dataset-describe": [DATASET_ID],
        "dataset-restore": [DATASET_ID],
        "dataset-manifest": [DATASET_ID, 1],
        "dataset-differences": [DATASET_ID, 1, 1],
        "dataset-differences-csv": [DATASET_ID, 1, 1],
        "ingest-preview": [catalogue.ingest.pk],
        "equality-new": [DATASET_ID],
        "dataset-columns": [
            DATASET_ID,
            playback.address(catalogue.revision.bars_sha256),
            "1h",
            "regular",
        ],
        "dataset-page": [
            DATASET_ID,
            playback.address(catalogue.revision.bars_sha256),
            "1h",
            "regular",
            0,
        ],
        "run-columns": [RUN_ID, playback.address(catalogue.run.results_sha256), "1h"],
        "run-points": [RUN_ID, breakdown.address(catalogue.run.results_sha256)],
        "run-series": [RUN_ID, breakdown.address(catalogue.run.results_sha256)],
        "run-decisions": [RUN_ID, playback.address(catalogue.run.results_sha256)],
    }
    kind = name.partition("-")[0]
    of_kind: dict[str, list[str | int]] = {
        "run": [RUN_ID],
        "equality": [DATASET_ID, EQUALITY_ID],
        "draft": list(TableDraft.objects.values_list("pk", flat=True)),
        "preset": list(TablePreset.objects.values_list("pk", flat=True)),
    }
    return reverse(name, args=arguments.get(name, of_kind.get(kind, [])))


@pytest.fixture
def catalogue(catalogue, name, settings, tmp_path):
    """The catalogue, with what an address of this name shows."""
    settings.INBOX = tmp_path
    if name.startswith("draft"):
        (tmp_path / "spy.csv").write_text(write_table(minutes=3))
        TableDraft.objects.create(owner=catalogue.ada, sources=[str(tmp_path / "spy.csv")])
    elif name.startswith("preset-"):
        save_preset(owner=catalogue.ada, name="broker", options={"table": {"tz": "UTC"}})
    elif name.startswith("equality"):
        add_equality(catalogue, settings.DATA_ROOT)
    return catalogue


def test_these_tests_know_every_address():
    writing = {*WRITING_LISTS, *WRITING_OBJECTS}
    known = (
        PUBLIC
        | FORMS
        | FILES
        | FLOWS
        | STRATEGIES
        | PARITY
        | {*LISTS, *OBJECTS, *FORMS_OF_OBJECTS}
        | writing
    )
    assert set(names_of(get_resolver().url_patterns)) == known


@pytest.mark.parametrize("name", WRITING_LISTS + WRITING_OBJECTS + FORMS_OF_OBJECTS)
def test_nothing_is_written_without_a_sign_in(client, catalogue, name):
    refused = client.post(address(name, catalogue), HTTP_ACCEPT="text/html,*/*;q=0.8")
    assert refused.status_code == 302
    assert refused["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize("name", WRITING_LISTS + WRITING_OBJECTS + FORMS_OF_OBJECTS)
def test_nothing_is_written_from_another_site(catalogue, name):
    client = Client(enforce_csrf_checks=True)
    client.force_login(catalogue.ada)
    assert client.post(address(name, catalogue)).status_code == 403


@pytest.mark.parametrize("name", WRITING_OBJECTS + FORMS_OF_OBJECTS)
def test_a_stranger_changes_nothing(client, catalogue, name):
    client.force_login(catalogue.stranger)
    assert client.post(address(name, catalogue)).status_code == 404


@pytest.mark.parametrize("name", WRITING_OBJECTS)
def test_what_changes_something_is_not_read(client, catalogue, name):
    client.force_login(catalogue.ada)
    expected = 200 if name in ASKING_FIRST else 405
    assert client.get(address(name, catalogue)).status_code == expected


@pytest.mark.parametrize("name", LISTS + OBJECTS + FORMS_OF_OBJECTS)
def test_nothing_answers_without_a_sign_in(client, catalogue, name):
    refused = client.get(address(name, catalogue), HTTP_ACCEPT="text/html,*/*;q=0.8")
    assert refused.status_code == 302
    assert refused["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize(
    "name", ["runs-csv", "run-columns", "dataset-columns", "run-manifest-file"]
)
def test_data_answers_without_a_sign_in_in_the_uniform_shape(client, catalogue, name):
    refused = client.get(address(name, catalogue), HTTP_ACCEPT="*/*")
    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("name", OBJECTS + FORMS_OF_OBJECTS)
def test_a_stranger_finds_nothing(client, catalogue, name):
    client.force_login(catalogue.stranger)
    assert client.get(address(name, catalogue)).status_code == 404


@pytest.mark.parametrize("name", ["dashboard", "datasets", "datasets-csv", "runs", "runs-csv"])
def test_a_strangers_lists_are_empty(client, catalogue, name):
    client.force_login(catalogue.stranger)
    with closing(client.get(address(name, catalogue))) as page:
        assert page.status_code == 200
        shown = page.getvalue()
    assert RUN_ID.encode() not in shown
    assert DATASET_ID.encode() not in shown


@pytest.mark.parametrize("who", ["ada", "owner"])
@pytest.mark.parametrize("name", LISTS + OBJECTS + FORMS_OF_OBJECTS)
def test_the_owner_and_an_administrator_see_it(client, catalogue, name, who):
    client.force_login(getattr(catalogue, who))
    with closing(client.get(address(name, catalogue))) as answer:
        assert answer.status_code == 200


@pytest.mark.parametrize("name", [*LISTS, *OBJECTS])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_an_address_only_reads(client, catalogue, name, method):
    client.force_login(catalogue.ada)
    refused = client.generic(method, address(name, catalogue))
    assert refused.status_code == 405
    assert refused["Allow"] == "GET, HEAD"
    sentence = f"{method} cannot be used at this address, but GET, HEAD can."
    if address(name, catalogue).endswith("/"):
        assert sentence in refused.content.decode()
        assert "<h1>405</h1>" in refused.content.decode()
    else:
        assert refused.json() == {"error": {"code": "METHOD_NOT_ALLOWED", "message": sentence}}


@pytest.mark.parametrize("name", [*LISTS, *OBJECTS, *FORMS_OF_OBJECTS])
def test_an_address_answers_for_its_headers_alone(client, catalogue, name):
    client.force_login(catalogue.ada)
    answer = client.head(address(name, catalogue))
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("name", [*LISTS, *OBJECTS, *FORMS_OF_OBJECTS])
def test_nothing_private_stays_in_a_shared_cache(client, catalogue, name):
    client.force_login(catalogue.ada)
    with closing(client.get(address(name, catalogue))) as answer:
        kept = answer["Cache-Control"]
    lasting = "private, max-age=31536000, immutable"  # its address names its content
    if name.endswith(("-columns", "-page", "-decisions", "-series", "-points")):
        assert kept == lasting
    else:
        assert kept == ("private, no-cache" if name in MADE else "private, no-store")


def test_no_template_has_inline_styles_or_scripts():
    for path in Path(django_settings.BASE_DIR, "templates").rglob("*.html"):
        text = re.sub(r"{%.*?%}", "", path.read_text())  # `with one=…` is none
        if path.name == "report.html":  # a file of its own, whose policy names its style by hash
            text = text.replace("<style>{{ style|safe }}</style>", "")
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", text), path
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), path
