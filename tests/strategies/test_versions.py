"""A version is never changed, numbers have no gaps, and names are what they must be."""

import pytest
from django.db import IntegrityError, transaction

from apps.strategies.actions import (
    archive_strategy,
    delete_strategy,
    describe_strategy,
    duplicate_version,
    find_strategy,
    find_version,
    restore_strategy,
    suggest_slug,
)
from apps.strategies.models import Strategy, StrategyVersion
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.spec import sha256_text
from tests.sources import LENGTH, REVERSED, TREND, add_strategy

CHANGES = {
    "source": REVERSED,
    "sha256": "0" * 64,
    "number": 7,
    "params": {},
    "options": {"bracket_from": "entry_bar"},
    "docstring": "Other.",
    "note": "Other.",
    "created_at": "2020-01-01T00:00:00Z",
}


@pytest.mark.parametrize("field", CHANGES)
def test_the_database_refuses_to_change_a_version(catalogue, field):
    add_strategy(catalogue.ada, "trend")
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        StrategyVersion.objects.update(**{field: CHANGES[field]})
    assert StrategyVersion.objects.get().source == TREND


def test_no_version_moves_to_another_strategy_author_or_parent(catalogue):
    add_strategy(catalogue.ada, "trend")
    other = add_strategy(catalogue.ada, "other")
    for change in (
        {"strategy": other},
        {"author": catalogue.owner},
        {"parent": other.latest},
    ):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            StrategyVersion.objects.filter(strategy__slug="trend").update(**change)


@pytest.mark.parametrize(
    "values",
    [{"number": 1}, {"number": 0}, {"source": ""}, {"sha256": "short"}, {"sha256": "A" * 64}],
    ids=str,
)
def test_the_database_refuses_a_version_that_cannot_be(catalogue, values):
    strategy = add_strategy(catalogue.ada, "trend")
    about = {"number": 2, "source": "x\n", "sha256": "0" * 64} | values
    with pytest.raises(IntegrityError), transaction.atomic():
        StrategyVersion.objects.create(strategy=strategy, author=catalogue.ada, **about)


@pytest.mark.parametrize(
    "slug", ["", "a", "-ab", "Trend", "a b", "a_b", "tre nd", "trend\n", "é" * 3]
)
def test_the_database_refuses_a_slug_that_cannot_be(catalogue, slug):
    with pytest.raises(IntegrityError), transaction.atomic():
        Strategy.objects.create(owner=catalogue.ada, slug=slug, name="x")


@pytest.mark.parametrize("slug", ["ab", "1-2", "a" * 63])
def test_a_slug_is_used_once_by_each_person(catalogue, slug):
    add_strategy(catalogue.ada, slug)
    add_strategy(catalogue.stranger, slug)
    with pytest.raises(IntegrityError), transaction.atomic():
        add_strategy(catalogue.ada, slug)


def test_a_copy_begins_with_the_version_that_it_was_made_from(catalogue):
    first = add_strategy(catalogue.ada, "trend", TREND, REVERSED, tags=("tech",))
    version = first.versions.get(number=1)
    copied = duplicate_version(version=version, owner=catalogue.ada, slug="trend-2")
    made = copied.latest
    assert (made.number, made.source, made.parent) == (1, TREND, version)
    assert (made.params, made.sha256) == (LENGTH, sha256_text(TREND))
    assert copied.tag_names == ["tech"]
    with pytest.raises(HewstonError, match="already"):
        duplicate_version(version=version, owner=catalogue.ada, slug="trend-2")
    with pytest.raises(InputError, match="built-in"):
        duplicate_version(version=version, owner=catalogue.ada, slug="macd")
    with pytest.raises(InputError, match="small letters"):
        duplicate_version(version=version, owner=catalogue.ada, slug="Trend")


def test_a_copy_outlives_what_it_was_made_from(catalogue):
    first = add_strategy(catalogue.ada, "trend")
    copied = duplicate_version(version=first.latest, owner=catalogue.ada, slug="trend-2")
    delete_strategy(strategy=first)
    assert copied.latest.parent is None
    assert copied.latest.source == TREND
    with pytest.raises(HewstonError, match="deleted meanwhile"):
        delete_strategy(strategy=first)


def test_a_free_slug_is_suggested(catalogue):
    for slug in ("trend", "trend-copy"):
        add_strategy(catalogue.ada, slug)
    assert suggest_slug(owner=catalogue.ada, slug="trend") == "trend-copy-2"
    assert suggest_slug(owner=catalogue.stranger, slug="trend") == "trend"
    assert suggest_slug(owner=catalogue.ada, slug="sma_crossover") == "sma-crossover"
    assert suggest_slug(owner=catalogue.ada, slug="macd") == "macd-copy"


def test_words_are_changed_and_the_slug_stays(catalogue):
    strategy = add_strategy(catalogue.ada, "trend", tags=("first",))
    describe_strategy(strategy=strategy, name=" Trend ", tags="Tech, first")
    describe_strategy(strategy=strategy, description="Why.\r\nBecause.")
    found = Strategy.objects.get()
    assert (found.slug, found.name, found.description) == ("trend", "Trend", "Why.\nBecause.")
    assert found.tag_names == ["first", "tech"]
    for words in (
        {"name": ""},
        {"name": "x" * 121},
        {"name": "a\nb"},
        {"description": "x" * 10_001},
    ):
        with pytest.raises(InputError):
            describe_strategy(strategy=strategy, **words)


def test_it_is_archived_and_brought_back(catalogue):
    strategy = add_strategy(catalogue.ada, "trend")
    archive_strategy(strategy=strategy)
    assert Strategy.objects.archived(only=True).get().is_archived
    restore_strategy(strategy=strategy)
    assert not Strategy.objects.get().is_archived


def test_a_version_is_found_by_name(catalogue):
    add_strategy(catalogue.ada, "trend", TREND, REVERSED)
    assert find_version(user=catalogue.ada, name="trend").number == 2
    assert find_version(user=catalogue.ada, name="trend@1").source == TREND
    assert find_version(user=catalogue.owner, name="ada/trend@2").source == REVERSED
    with pytest.raises(InputError, match="It has 1 to 2"):
        find_version(user=catalogue.ada, name="trend@3")
    for name in ("trend@", "trend@x", "trend@-1", "trend@99999999999", "trend@٢"):
        with pytest.raises(InputError):
            find_version(user=catalogue.ada, name=name)
    with pytest.raises(InputError, match="Did you mean trend"):
        find_version(user=catalogue.ada, name="trent@1")
    with pytest.raises(InputError, match="There is no strategy"):
        find_version(user=catalogue.stranger, name="ada/trend@1")


def test_ones_own_comes_first_and_several_of_others_are_named(catalogue):
    add_strategy(catalogue.ada, "trend")
    assert find_strategy(user=catalogue.owner, name="trend").owner == catalogue.ada
    add_strategy(catalogue.stranger, "trend")
    with pytest.raises(InputError, match=r"ada/trend, mallory/trend|mallory/trend, ada/trend"):
        find_strategy(user=catalogue.owner, name="trend")
    add_strategy(catalogue.owner, "trend")
    assert find_strategy(user=catalogue.owner, name="trend").owner == catalogue.owner
