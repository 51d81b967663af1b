"""Pages of boards, and what is done there."""

import csv
import io
import os
import zipfile

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.parity.actions import find_earlier, recover_boards
from apps.parity.models import Board
from hewston.pipeline.parity.board import Row
from hewston.pipeline.store import Store
from hewston.taskqueue import Status
from tests.boards import BOARD_ID, ROWS, add_board
from tests.scenes import DATASET_ID

NEW = "/parity/boards/new/"


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


def pack(**files: bytes) -> SimpleUploadedFile:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return SimpleUploadedFile("pairs.zip", data.getvalue())


def send(client, upload, **said):
    return client.post(NEW, {"files": upload, "dataset_id": DATASET_ID, **said})


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_without_a_board_the_page_says_how_to_make_one(ada):
    page = text(ada.get("/parity/boards/"))
    assert "There is no board yet." in page
    assert "manage.py parity batch --dataset ID --folder DIR" in page


def test_boards_are_listed_with_their_totals(ada, catalogue):
    add_board(catalogue)
    page = text(ada.get("/parity/boards/"))
    assert "3,152" in page
    assert "47.65 %" in page


def test_a_board_shows_what_is_wrong_first(ada, catalogue):
    add_board(catalogue)
    page = text(ada.get(f"/parity/boards/{BOARD_ID}/"))
    assert page.index('scope="row">=lost') < page.index('scope="row">crossover')
    assert page.index('scope="row">crossover') < page.index('scope="row">breakout')
    assert "=lost.csv has no strategy beside it: =lost.py." in page
    assert "Part of no pair, and left out: README.md." in page


def test_pairs_that_are_aligned_can_be_left_out(ada, catalogue):
    add_board(catalogue)
    page = text(ada.get(f"/parity/boards/{BOARD_ID}/?show=other"))
    assert 'scope="row">crossover' in page
    assert 'scope="row">breakout' not in page


def test_a_board_is_set_beside_the_one_before(ada, catalogue):
    add_board(catalogue)
    better = Row(**{**ROWS[1].__dict__, "matched": 2150, "extra": 0, "verdict": "aligned"})
    later = add_board(catalogue, "aaaabbbbcccc", (ROWS[0], better))
    page = text(ada.get(f"/parity/boards/{later.pk}/"))
    assert f'Since board <a href="/parity/boards/{BOARD_ID}/">' in page
    assert ">better</span>" in page
    assert ">gone</span>" in page


def test_the_board_before_is_of_the_same_options_where_there_is_one(catalogue):
    same = add_board(catalogue, "aaaaaaaaaaab")
    other = add_board(catalogue, "aaaaaaaaaaac")
    Board.objects.filter(pk=other.pk).update(spec={**other.spec, "size": 2.0})
    add_board(catalogue, "aaaaaaaaaaad", is_done=False)
    newest = add_board(catalogue)
    assert find_earlier(board=newest, user=catalogue.ada) == same
    Board.objects.filter(pk=same.pk).delete()
    assert find_earlier(board=newest, user=catalogue.ada) == other
    assert find_earlier(board=newest, user=catalogue.stranger) is None


def test_a_board_is_saved_as_csv_that_no_spreadsheet_runs(ada, catalogue):
    add_board(catalogue)
    answer = ada.get(f"/parity/boards/{BOARD_ID}/board.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [row["name"] for row in rows] == ["breakout", "crossover", "'=lost"]
    assert (rows[1]["matched"], rows[1]["trades"]) == ("500", "2150")
    assert rows[1]["pct"].startswith("23.2558")


def test_a_board_is_saved_as_json_as_the_command_prints_it(ada, catalogue):
    add_board(catalogue)
    answer = ada.get(f"/parity/boards/{BOARD_ID}/board.json").json()
    assert (answer["trades"], answer["matched"]) == (3152, 1502)
    first = answer["pairs"][0]
    assert {"name", "trades", "matched", "extra", "pct", "verdict", "class", "cause"} <= set(first)
    assert first["pct"] == 100.0


def test_a_zip_of_pairs_waits_for_a_worker_with_its_files(ada, catalogue):
    answer = send(ada, pack(a__py=b"x = 1", a__csv=b"list", notes__txt=b""), zone="asia/taipei")
    board = Board.objects.get()
    assert answer["Location"] == f"/parity/boards/{board.pk}/"
    assert (board.status, board.name, board.zone) == (Status.QUEUED, "pairs.zip", "Asia/Taipei")
    assert sorted(path.name for path in board.folder.iterdir()) == ["a.csv", "a.py"]
    assert board.ignored == ["notes.txt"]
    spec = board.run_spec
    assert (spec.session, spec.size, spec.starting_cash) == ("all", 1.0, 100_000_000.0)
    assert (spec.fill_clock, spec.slippage_fees.k_spread, spec.slippage_fees.fees_bps) == (
        "next_open",
        0.0,
        0.0,
    )
    assert not list(Store(settings.DATA_ROOT).uploads.glob("*"))
    assert "Waiting for a worker" in text(ada.get(answer["Location"]))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"zone": "Mars/Base"}, "zone is Mars/Base, but must be a zone"),
        ({"size": "0"}, "size"),
        ({"dataset_id": "NONE"}, "There is no dataset NONE."),
    ],
)
def test_what_is_said_wrongly_is_told_beside_its_field(ada, catalogue, said, words):
    answer = send(ada, pack(a__py=b"x = 1", a__csv=b"list"), **said)
    assert answer.status_code in {404, 422}
    assert words in text(answer)
    assert not Board.objects.exists()


def test_a_bad_zip_is_refused_and_nothing_of_it_is_kept(ada, catalogue):
    place = Store(settings.DATA_ROOT)
    before = sorted(place.boards.glob("*"))
    bad = {
        "times as large": pack(a__py=b"1", a__csv=bytes(64 << 20)),
        "holds no pair": pack(a__csv=b"1"),
        "its zip data is damaged": SimpleUploadedFile("pairs.zip", b"<html>"),
    }
    for words, upload in bad.items():
        answer = send(ada, upload)
        assert answer.status_code in {413, 422}
        assert words in text(answer)
    assert "Choose one zip" in text(ada.post(NEW, {"dataset_id": DATASET_ID}))
    assert not Board.objects.exists()
    assert sorted(place.boards.glob("*")) == before
    assert not list(place.uploads.glob("*"))


def test_a_board_is_played_again_with_the_same_files(ada, catalogue):
    first = add_board(catalogue)
    answer = ada.post(f"/parity/boards/{BOARD_ID}/again/")
    again = Board.objects.exclude(pk=BOARD_ID).get()
    assert answer["Location"] == f"/parity/boards/{again.pk}/"
    assert (again.status, again.spec, again.zone) == (Status.QUEUED, first.spec, first.zone)
    ours, theirs = (
        {path.name: path.stat().st_ino for path in board.folder.iterdir()}
        for board in (first, again)
    )
    assert ours == theirs


def test_a_board_under_way_can_be_cancelled_and_not_deleted(ada, catalogue):
    board = add_board(catalogue, is_done=False)
    refused = ada.post(f"/parity/boards/{BOARD_ID}/delete/", follow=True)
    assert f"Board {BOARD_ID} is under way: cancel it first." in text(refused)
    ada.post(f"/parity/boards/{BOARD_ID}/cancel/")
    board.refresh_from_db()
    assert board.status == Status.CANCELLED
    page = text(ada.get(f"/parity/boards/{BOARD_ID}/"))
    assert "Cancelled: its files are kept." in page


def test_a_board_is_deleted_with_its_files(ada, catalogue):
    board = add_board(catalogue)
    assert "Keep it" in text(ada.get(f"/parity/boards/{BOARD_ID}/delete/"))
    answer = ada.post(f"/parity/boards/{BOARD_ID}/delete/", follow=True)
    assert f"Board {BOARD_ID} is deleted." in text(answer)
    assert not Board.objects.exists()
    assert not board.folder.exists()


def test_files_whose_row_is_gone_are_removed_in_time(catalogue):
    board = add_board(catalogue)
    Board.objects.all().delete()
    recover_boards()
    assert board.folder.exists()  # somebody may be writing the row now
    os.utime(board.folder, (0, 0))
    recover_boards()
    assert not board.folder.exists()
