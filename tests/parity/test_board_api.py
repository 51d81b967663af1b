"""Boards through the API."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.parity.models import Board
from hewston.taskqueue import Status
from tests.boards import BOARD_ID, add_board
from tests.parity.test_board_pages import pack
from tests.scenes import DATASET_ID

BOARDS = "/api/parity/boards"


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


def test_a_board_is_asked_for_followed_and_cancelled(ada, catalogue):
    said = {"file": pack(a__py=b"1", a__csv=b"2"), "dataset_id": DATASET_ID, "size": "2"}
    answer = ada.post(BOARDS, said)
    assert answer.status_code == 202
    address = answer["Location"]
    assert address == f"{BOARDS}/{answer.json()['board_id']}"
    shown = ada.get(address).json()
    assert (shown["status"], shown["totals"], shown["pairs"]) == ("QUEUED", None, None)
    assert shown["spec"]["size"] == 2.0
    assert ada.get(f"{address}/pairs").status_code == 409
    assert ada.post(f"{address}/cancel").json()["status"] == "CANCELLED"
    assert ada.delete(address).status_code == 204
    assert ada.get(address).json()["error"]["code"] == "BOARD_NOT_FOUND"


def test_a_board_that_is_done_has_its_pairs_and_what_changed(ada, catalogue):
    first = add_board(catalogue, "aaaaaaaaaaab")
    add_board(catalogue)
    shown = ada.get(f"{BOARDS}/{BOARD_ID}").json()
    assert shown["totals"] == {
        "pairs": 3,
        "trades": 3152,
        "matched": 1502,
        "extra": 1603,
        "aligned": 1,
        "not_comparable": 1,
        "pct": pytest.approx(100 * 1502 / 3152),
    }
    assert (shown["earlier"], shown["changes"]) == (first.pk, [])
    assert [pair["name"] for pair in shown["pairs"]] == ["breakout", "crossover", "=lost"]
    listed = ada.get(BOARDS, {"limit": 1}).json()
    assert (listed["total"], listed["items"][0]["board_id"]) == (2, BOARD_ID)
    table = ada.get(f"{BOARDS}/{BOARD_ID}/pairs", {"format": "csv"}).content.decode()
    assert table.splitlines()[1].startswith("breakout,1002,1002,0,100.0,aligned,")


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({"file": None}, 422, "Send one zip"),
        ({"dataset_id": "NONE"}, 404, "There is no dataset NONE."),
        ({"sice": "2"}, 422, "sice is not a field of a board. Did you mean size"),
        ({"size": "-1"}, 422, "size"),
        ({"zone": "Mars"}, 422, "zone is Mars"),
        ({"file": SimpleUploadedFile("x.zip", b"<html>")}, 422, "its zip data is damaged"),
    ],
)
def test_what_cannot_be_played_is_refused_with_the_reason(ada, catalogue, said, status, words):
    given = {"file": pack(a__py=b"1", a__csv=b"2"), "dataset_id": DATASET_ID, **said}
    answer = ada.post(BOARDS, {name: value for name, value in given.items() if value is not None})
    assert (answer.status_code, words in answer.json()["error"]["message"]) == (status, True)
    assert not Board.objects.filter(status=Status.QUEUED).exists()
