"""The catalogue of datasets and a dataset's page."""

import datetime as dt
import gzip
import shutil
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from apps.datasets.models import Revision
from hewston.pipeline import artifacts, playback, store
from hewston.pipeline.store import Store
from tests import scenes
from tests.columns import parse_columns
from tests.scenes import DATASET_ID

PAGE = f"/datasets/{DATASET_ID}/"


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


def columns_url(catalogue, interval, session):
    address = playback.address(catalogue.revision.bars_sha256)
    return f"{PAGE}columns/{address}/{interval}-{session}"


def test_the_catalogue_lists_what_is_there(ada):
    page = ada.get("/datasets/").content.decode()
    assert DATASET_ID in page
    assert "1 finding" in page
    assert "XNAS.ITCH" in page


def test_the_catalogue_finds_by_symbol_source_or_id(ada):
    assert DATASET_ID in ada.get("/datasets/?q=acme").content.decode()
    assert DATASET_ID in ada.get("/datasets/?q=itch").content.decode()
    assert "No dataset matches" in ada.get("/datasets/?q=zzz").content.decode()


@pytest.mark.parametrize("order", ["rows", "-rows", "-created", "nonsense", "-nonsense"])
def test_the_catalogue_sorts_and_ignores_what_it_does_not_know(ada, order):
    assert DATASET_ID in ada.get("/datasets/", {"order": order}).content.decode()


def test_the_catalogue_leaves_as_csv(ada):
    lines = ada.get("/datasets/export.csv").content.decode().splitlines()
    assert lines[0].startswith("dataset_id,symbol,provider,venue_code")
    assert lines[1].startswith(f"{DATASET_ID},ACME,databento,XNAS.ITCH,1m,2023-10-30,2023-11-07,")


def test_an_empty_catalogue_teaches_the_commands(client, catalogue):
    client.force_login(catalogue.stranger)
    page = client.get("/datasets/").content.decode()
    assert ".venv/bin/python manage.py ingest --dbn" in page
    assert ".venv/bin/python manage.py ingest --sample" in page


def test_a_dataset_shows_its_facts_quality_manifest_and_files(ada, catalogue):
    page = ada.get(PAGE).content.decode()
    for fact in (
        "3,500",  # bars
        "2023-10-30 08:30",  # the first one, New York time
        "3 records had a bid above the ask.",
        "Missing session minutes",
        "Looked for and not found: outliers.",
        "7 of 7 sessions",
        "acme.dbn.zst",
        catalogue.revision.bars_sha256,
        "The closing cross prints just after the close",
        f".venv/bin/python manage.py backtest {DATASET_ID} --strategy sma_crossover",
        "tradingview.com",
        catalogue.run.pk,
    ):
        assert fact in page


def test_a_run_can_be_asked_for_from_its_dataset(ada):
    assert f'href="/runs/new/?dataset_id={DATASET_ID}"' in ada.get(PAGE).content.decode()


@pytest.mark.parametrize("address", ["/datasets/", "/runs/"])
def test_a_list_shows_every_time_in_the_zone_that_it_names(ada, catalogue, address):
    catalogue.dataset.tz = "UTC"
    catalogue.dataset.save()
    page = ada.get(address).content.decode()
    row = catalogue.dataset if address == "/datasets/" else catalogue.run
    made = row.created_at.astimezone(ZoneInfo("America/New_York"))
    assert "Times in New York time" in page
    assert f">{made:%Y-%m-%d %H:%M}</time>" in page


def test_times_follow_the_viewer_to_utc(ada):
    ada.cookies["zone"] = "utc"
    page = ada.get(PAGE).content.decode()
    assert "2023-10-30 12:30" in page
    assert 'zone="UTC" tz="America/New_York"' in page


def test_the_chart_opens_as_the_address_says(ada):
    page = ada.get(PAGE + "?interval=1h&session=extended").content.decode()
    assert 'interval="1h" session="extended" zone' in page
    page = ada.get(PAGE + "?interval=auto&at=1699020000").content.decode()
    assert 'interval="1m" auto session="regular" at="1699020000"' in page
    page = ada.get(PAGE + "?interval=7m&session=lunch&at=noon").content.decode()
    assert 'interval="1m" auto session="regular" zone' in page


def test_an_older_revision_has_its_own_page(ada, catalogue):
    latest = Revision.objects.create(
        dataset=catalogue.dataset,
        number=2,
        bars_sha256="e" * 64,
        rows=1,
        size_bytes=1,
        first_ts=catalogue.revision.first_ts,
        last_ts=catalogue.revision.last_ts,
        calendar_version="x",
        raw_files=[],
    )
    assert "revision 1 of 2" in ada.get(PAGE + "?revision=1").content.decode()
    assert ada.get(PAGE + "?revision=3").status_code == 404
    latest.delete()


def test_a_dataset_without_bars_says_so(ada, catalogue):
    catalogue.run.metrics.delete()
    catalogue.run.delete()
    catalogue.revision.delete()
    assert "has no bars yet" in ada.get(PAGE).content.decode()
    assert ada.get("/datasets/").status_code == 200


def test_the_manifest_leaves_as_it_is_stored(ada, catalogue):
    answer = ada.get(f"{PAGE}revisions/1/manifest.json")
    stored = (catalogue.revision.folder / "manifest.json").read_bytes()
    assert answer.content == stored


def test_the_outline_says_what_all_bars_are(ada, catalogue, stage):
    header, columns = parse_columns(ada.get(columns_url(catalogue, "1m", "regular")).content)
    regular = stage.bars.filter(stage.bars["session"] == "regular")
    assert header["about"] == {
        "rows": regular.height,
        "page_rows": 2000,
        "open": regular["open"][0],
        "close": regular["close"][-1],
        "last": regular["ts_open"][-1].timestamp(),
        "missing": 7 * 10,
        "empty": [],
        "sizes": {
            "1m": 2730,
            "5m": 546,
            "15m": 182,
            "30m": 91,
            "1h": 49,
            "4h": 14,
            "1d": 7,
            "1w": 2,
            "1mo": 2,
        },
    }
    starts = [regular["ts_open"][row].timestamp() for row in (0, 2000)]
    assert columns["starts"].tolist() == starts


def test_pages_are_the_bars_of_the_session_one_after_the_other(ada, catalogue, stage):
    url = columns_url(catalogue, "1m", "regular")
    pages = [parse_columns(ada.get(f"{url}/{number}").content)[1] for number in (0, 1)]
    regular = stage.bars.filter(stage.bars["session"] == "regular")
    closes = [close for page in pages for close in page["close"].tolist()]
    assert closes == regular["close"].to_list()
    assert pages[0]["time"][0] == regular["ts_open"][0].timestamp()
    assert set(pages[1]["session"].tolist()) == {1.0}
    assert pages[0]["gap_missing"].tolist() == [10.0] * 5
    assert ada.get(f"{url}/2").status_code == 404


@pytest.mark.parametrize("tail", ["", "/0"])
def test_columns_are_immutable_private_and_compressed(ada, catalogue, tail):
    url = columns_url(catalogue, "5m", "extended") + tail
    plain = ada.get(url)
    packed = ada.get(url, HTTP_ACCEPT_ENCODING="gzip, br")
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert packed["Cache-Control"] == "private, max-age=31536000, immutable"
    assert {"Accept-Encoding", "Cookie"} <= set(packed["Vary"].split(", "))


@pytest.mark.parametrize(
    "tail", ["0" * 16 + "/1m-regular", "{address}/7m-regular", "{address}/1m-lunch"]
)
@pytest.mark.parametrize("page", ["", "/0"])
def test_an_address_that_names_no_content_is_not_found(ada, catalogue, tail, page):
    address = playback.address(catalogue.revision.bars_sha256)
    assert ada.get(f"{PAGE}columns/" + tail.format(address=address) + page).status_code == 404


def test_a_dataset_of_a_thousand_files_lists_the_first_of_them(ada, catalogue):
    file = catalogue.revision.raw_files[0]
    catalogue.revision.raw_files = [file | {"name": f"{number}.dbn"} for number in range(1000)]
    catalogue.revision.save()
    page = ada.get(PAGE).content.decode()
    assert "the first 100 of 1,000" in page
    assert "99.dbn" in page
    assert "100.dbn" not in page


def test_bars_leave_as_files_of_the_revision_that_is_shown(ada, catalogue, stage):
    page = ada.get(PAGE).content.decode()
    assert f'action="{PAGE}export"' in page
    asked = {"format": "csv", "session": "all", "revision": "1", "from": "2023-11-06", "to": ""}
    answer = ada.get(PAGE + "export", asked)
    rows = answer.getvalue().decode().splitlines()
    bars = stage.bars.filter(stage.bars["ts_open"].dt.date() >= dt.date(2023, 11, 6))
    assert len(rows) == bars.height + 1
    assert answer["Content-Disposition"].endswith(f'"bars-{DATASET_ID}-1m.csv"')
    assert int(answer["Content-Length"]) == len("\n".join(rows)) + 1
    again = ada.get(PAGE + "export", asked, HTTP_IF_NONE_MATCH=answer["ETag"])
    assert again.status_code == 304
    assert list((stage.root / "tmp").glob("export-*")) == []


def test_what_cannot_be_exported_is_said(ada):
    answer = ada.get(PAGE + "export", {"from": "2023-11-07", "to": "2023-11-06"})
    assert answer.status_code == 422
    assert "is after to" in answer.json()["error"]["message"]
    browser = ada.get(PAGE + "export", {"interval": "2s"}, HTTP_ACCEPT="text/html")
    assert "<h1>" in browser.content.decode()


def test_a_level_that_nobody_made_is_made_when_a_chart_asks(ada, catalogue, settings):
    shutil.rmtree(settings.DATA_ROOT / "cache" / "levels", ignore_errors=True)
    url = columns_url(catalogue, "1w", "all")
    assert ada.get(url + "/0").status_code == 200
    assert parse_columns(ada.get(url).content)[0]["about"]["rows"] == 2
    (made,) = (settings.DATA_ROOT / "cache" / "levels").rglob("1w/outline.json")
    assert made.stat().st_mode & 0o222 == 0
    assert list(Store(settings.DATA_ROOT).temporary.iterdir()) == []


def test_bars_of_an_evening_have_the_date_of_their_close(ada, catalogue):
    catalogue.dataset.calendar, catalogue.dataset.interval = "FX", "1d"
    catalogue.dataset.save()
    catalogue.revision.first_ts = dt.datetime(2023, 10, 29, 21, tzinfo=dt.UTC)  # 17:00
    catalogue.revision.save()
    page = ada.get(PAGE).content.decode()
    assert '<dt>First bar</dt><dd><time datetime="2023-10-30">2023-10-30</time>' in page
    assert 'zone="America/New_York" tz="America/New_York" evening="17"' in page


def test_completeness_is_drawn_and_said_for_each_session(ada):
    page = ada.get(PAGE).content.decode()
    assert "0 of 7 sessions complete</span>" in page
    assert page.count("data-from=") == 7
    opens = 1_699_018_200  # 3 November 2023, 09:30 in New York
    link = f'<a href="?revision=1&amp;at={opens}#bars" data-from="{opens}"'
    row = '<td class="num">500</td><td class="num">390</td><td class="num">10</td>'
    assert link in page
    assert row in page.split(link)[1].split("</tr>")[0]
    assert f"M0 100v-{85 * 380 / 390:.1f}h8.5V100z" in page


def test_severities_and_hashes_come_first_and_whole(ada, catalogue):
    page = ada.get(PAGE).content.decode()
    assert '<span class="badge" data-tone="warn">1 warning</span>' in page
    assert page.index("1 warning") < page.index("Crossed quotes")
    for sha256 in ("f" * 64, catalogue.revision.bars_sha256):
        assert f"<code>{sha256}</code><button" in page


def test_a_file_that_took_the_place_of_another_is_read_anew(ada, catalogue, settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    folder = catalogue.revision.folder
    bars = scenes.make_bars(scenes.FIRST, scenes.LAST)
    scenes.write_dataset(folder, bars)
    assert "3 records had a bid above the ask." in ada.get(PAGE).content.decode()
    report = store.read_json(folder / "quality.json")
    report["findings"][1]["sentence"] = "4 records had a bid above the ask."
    store.write_json(folder / "quality.json", report)
    assert "4 records had a bid above the ask." in ada.get(PAGE).content.decode()
    columns = f"{columns_url(catalogue, '1m', 'all')}/0"
    before = ada.get(columns).content
    moved = bars.with_columns(close=pl.col("close") + 1)
    artifacts.write_frame(moved, tmp_path / "moved.parquet")
    (tmp_path / "moved.parquet").rename(folder / "bars.parquet")
    assert ada.get(columns).content != before
