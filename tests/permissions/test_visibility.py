"""Every address, for everybody: strangers see nothing of what is not theirs."""

import re
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.urls import URLPattern, get_resolver, reverse

from hewston.pipeline import playback
from tests.scenes import DATASET_ID, RUN_ID

PUBLIC = {"healthz", "readyz", "sign-in", "sign-in-link", "display"}  # each has tests of its own
FORMS = {"sign-out"}
LISTS = ["dashboard", "datasets", "datasets-csv", "runs", "runs-csv", "notices"]
OBJECTS = [
    "dataset",
    "dataset-manifest",
    "dataset-columns",
    "run",
    "run-trades",
    "run-trades-csv",
    "run-logs",
    "run-manifest",
    "run-manifest-file",
    "run-columns",
]


def names_of(patterns):
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield pattern.name
        else:
            yield from names_of(pattern.url_patterns)


def address(name, catalogue):
    arguments: dict[str, list[str | int]] = {
        "dataset": [DATASET_ID],
        "dataset-manifest": [DATASET_ID, 1],
        "dataset-columns": [
            DATASET_ID,
            playback.address(catalogue.revision.bars_sha256),
            "1h",
            "regular",
        ],
        "run-columns": [RUN_ID, playback.address(catalogue.run.input_hash), "1h"],
    }
    of_run = [RUN_ID] if name.startswith("run-") or name == "run" else []
    return reverse(name, args=arguments.get(name, of_run))


def test_these_tests_know_every_address():
    assert set(names_of(get_resolver().url_patterns)) == PUBLIC | FORMS | {*LISTS, *OBJECTS}


@pytest.mark.parametrize("name", LISTS + OBJECTS)
def test_nothing_answers_without_a_sign_in(client, catalogue, name):
    refused = client.get(address(name, catalogue))
    assert refused.status_code == 302
    assert refused["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize("name", OBJECTS)
def test_a_stranger_finds_nothing(client, catalogue, name):
    client.force_login(catalogue.stranger)
    assert client.get(address(name, catalogue)).status_code == 404


@pytest.mark.parametrize("name", ["dashboard", "datasets", "datasets-csv", "runs", "runs-csv"])
def test_a_strangers_lists_are_empty(client, catalogue, name):
    client.force_login(catalogue.stranger)
    page = client.get(address(name, catalogue))
    assert page.status_code == 200
    assert RUN_ID.encode() not in page.content
    assert DATASET_ID.encode() not in page.content


@pytest.mark.parametrize("who", ["ada", "owner"])
@pytest.mark.parametrize("name", LISTS + OBJECTS)
def test_the_owner_and_an_administrator_see_it(client, catalogue, name, who):
    client.force_login(getattr(catalogue, who))
    assert client.get(address(name, catalogue)).status_code == 200


@pytest.mark.parametrize("name", [*LISTS, *OBJECTS])
def test_an_address_only_reads(client, catalogue, name):
    client.force_login(catalogue.ada)
    assert client.post(address(name, catalogue)).status_code == 405


def test_no_template_has_inline_styles_or_scripts():
    for path in Path(django_settings.BASE_DIR, "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", text), path
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), path
