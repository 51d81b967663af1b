"""What is said of sources is what they do: no more, and no less."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.urls import reverse

from apps.datasets.actions import INGEST_FIELDS
from hewston.pipeline.ingest.request import derive
from hewston.pipeline.sources import capabilities
from hewston.pipeline.sources.capabilities import CAPABILITIES, SOURCES, Source
from tests.pipeline.dbnfiles import Meta, Print, write_dbn

BY_KEY = {source.key: source for source in SOURCES}


def make(source: Source, folder: Path) -> tuple[list[Path], dict[str, Any]]:
    """Make what a person brings of a source: files, and what is said of them."""
    if source.key == "dbn":
        meta = Meta(schema="tbbo")
        return [write_dbn(folder / "aaa.dbn.zst", [Print(at=n * 60) for n in range(5)], meta)], {}
    path = folder / "AAA.csv"
    times = (f"2023-01-03T14:{minute:02}:00Z" for minute in range(30, 60))
    lines = [f"{time},10,11,9,10.5,{number}" for number, time in enumerate(times, 1)]
    path.write_text("\n".join(["time,open,high,low,close,volume", *lines]) + "\n")
    return [path], {"table": {"symbol": "AAA", "stamp": "open"}}


def test_every_source_that_is_there_is_listed_and_no_other():
    packages = {
        path.name
        for path in Path(capabilities.__file__).parent.iterdir()
        if path.is_dir() and (path / "__init__.py").is_file()
    }
    assert {source.package for source in SOURCES} == packages
    assert len(BY_KEY) == len(SOURCES)


@pytest.mark.parametrize("source", [one for one in SOURCES if one.upload], ids=lambda one: one.key)
def test_files_that_can_be_sent_become_what_is_said(source, tmp_path):
    paths, options = make(source, tmp_path)
    assert all(path.name.endswith(source.files) for path in paths)
    staging = tmp_path / "staging"
    staging.mkdir()
    (draft,) = derive(paths, staging=staging, options=options).drafts
    assert draft.provider in source.providers
    bars = pl.read_parquet(draft.bars)
    assert (bars["bid_mean"].null_count() < bars.height) is source.quotes


def test_the_sample_is_made_and_not_sent():
    assert not BY_KEY["sample"].upload
    assert "sample_year" in INGEST_FIELDS


def test_nothing_that_is_not_there_is_claimed():
    claimed = {name for name in CAPABILITIES if any(getattr(one, name) for one in SOURCES)}
    assert reverse("dataset-new")
    assert reverse("run-playback", args=["a"])
    ways_to_fetch = {"provider", "from", "to"} & set(INGEST_FIELDS)
    assert ways_to_fetch == set(), "A symbol can be fetched now: say so in the table."
    assert claimed == {"upload", "replay", "quotes"}


@pytest.mark.django_db
def test_pages_and_programs_are_told_the_same(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("ada"))
    page = client.get("/datasets/new/").content.decode()
    told = client.get("/api/sources").json()["items"]
    assert [one["key"] for one in told] == [one.key for one in SOURCES]
    for one in told:
        assert one["gives"] in page
        source = BY_KEY[one["key"]]
        assert {name: one[name] for name in CAPABILITIES} == {
            name: getattr(source, name) for name in CAPABILITIES
        }
