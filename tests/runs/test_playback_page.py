"""The playback tab: what the server gives of a run before its film is drawn."""

import re

import numpy as np
import pytest

from apps.permissions.templatetags import figures as figures_of
from hewston.pipeline import artifacts
from hewston.taskqueue import Status
from tests.columns import parse_columns
from tests.scenes import RUN_ID, add_run

PAGE = f"/runs/{RUN_ID}/playback/"


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


@pytest.fixture
def decisions(ada):
    page = ada.get(PAGE).content.decode()
    answer = ada.get(re.findall(r'decisions="([^"]+)"', page)[0])
    assert "immutable" in answer["Cache-Control"]
    return parse_columns(answer.content)


def test_the_page_holds_nothing_of_how_the_run_ended(ada, catalogue):
    page = ada.get(PAGE).content.decode()
    figures = catalogue.run.metrics
    for value in (figures.final_equity, figures.net_profit):
        assert f"{value:,.2f}" not in page
        assert f"{value:.2f}" not in page
    assert f"{figures.total_return * 100:.2f}" not in page
    assert re.findall(r'data-figure="[a-z_]+">([^<]*)<', page) == [figures_of.DASH] * 9
    assert "<time" not in page


def test_a_strangers_run_is_not_played(client, catalogue, ada):
    address = re.findall(r'decisions="([^"]+)"', ada.get(PAGE).content.decode())[0]
    client.force_login(catalogue.stranger)
    assert client.get(PAGE).status_code == 404
    assert client.get(address).status_code == 404


def test_decisions_have_the_address_of_their_content_alone(ada):
    assert ada.get(f"/runs/{RUN_ID}/decisions/0123456789abcdef").status_code == 404


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (Status.QUEUED, "It can be played when it is done"),
        (Status.ERROR, "there is nothing to play"),
        (Status.CANCELLED, "there is nothing to play"),
    ],
)
def test_a_run_without_a_result_says_why_it_is_not_played(ada, catalogue, status, sentence):
    add_run(catalogue, "bbbbbbbbbbbb", status)
    page = ada.get("/runs/bbbbbbbbbbbb/playback/").content.decode()
    assert sentence in page
    assert "<run-player" not in page


def test_decisions_are_the_runs_artifacts(decisions, stage):
    header, columns = decisions
    orders = artifacts.read_frame(stage.run_folder, "orders")
    fills = artifacts.read_frame(stage.run_folder, "fills")
    trades = artifacts.read_frame(stage.run_folder, "trades")
    equity = artifacts.read_frame(stage.run_folder, "equity")
    assert np.array_equal(columns["cash"], equity["cash"])
    assert np.array_equal(columns["order_id"], orders["order_id"])
    assert np.array_equal(columns["fill_order"], fills["order_id"])
    assert np.array_equal(columns["fill_price"], fills["price"])
    assert np.array_equal(columns["trade_net_pnl"], trades["net_pnl"])
    texts = header["about"]["texts"]
    assert [texts[int(row)] for row in columns["order_status"]] == list(orders["status"])
    assert ["BUY" if side > 0 else "SELL" for side in columns["fill_side"]] == list(fills["side"])


def test_trades_are_in_the_order_of_their_exits_and_open_ones_come_last(decisions):
    _, columns = decisions
    ends = columns["trade_exit_bar"]
    assert list(np.isnan(ends)) == [False] * (len(ends) - 1) + [True]
    assert np.all(np.diff(ends[:-1]) >= 0)
    assert np.all(np.diff(columns["trade_entry_bar"]) >= 0)
