"""A run's trades on their page, as files, and in a plot."""

import csv
import io
import math
import re
from contextlib import closing

import openpyxl
import polars as pl
import pytest
from django.urls import reverse

from apps.permissions.templatetags import figures
from hewston.pipeline import artifacts, breakdown
from tests.columns import parse_columns
from tests.scenes import RUN_ID

PAGE = f"/runs/{RUN_ID}/trades/"


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


@pytest.fixture
def trades(stage):
    return artifacts.read_frame(stage.run_folder, "trades")


def text_of(page):
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))
    return words.translate({0x2013: "-", 0x2212: "-"})


def numbers_of(page):
    return [int(number) for number in re.findall(r'data-trade="(\d+)"', page.content.decode())]


def export(ada, **asked):
    with closing(ada.get(f"/runs/{RUN_ID}/trades/export", asked)) as answer:
        assert answer.status_code == 200, answer.content
        return b"".join(answer.streaming_content)


def test_trades_are_listed_sorted_and_paged(ada, trades):
    page = ada.get(PAGE)
    assert f"1-{min(trades.height, 25)} of {trades.height}" in text_of(page)
    assert numbers_of(page) == trades["trade_id"].to_list()[:25]
    falling = numbers_of(ada.get(PAGE, {"order": "-net_pnl"}))
    assert falling == breakdown.sort_trades(trades, "-net_pnl")["trade_id"].to_list()[:25]
    assert ada.get(PAGE, {"order": "nonsense", "page": "99"}).status_code == 200


def test_trades_are_narrowed_and_told_how_they_did(ada, trades):
    lost = trades.filter((pl.col("net_pnl") < 0) & pl.col("exit_ts").is_not_null())
    shorts = lost.filter(pl.col("side") == "SHORT")
    page = ada.get(PAGE, {"side": "SHORT", "result": "loss"})
    assert numbers_of(page) == shorts["trade_id"].to_list()
    net = figures.money(math.fsum(shorts["net_pnl"])).replace(figures.MINUS, "-")
    said = f"{shorts.height} of {trades.height} · {shorts.height} closed, net {net}"
    assert said in text_of(page)
    assert numbers_of(ada.get(PAGE, {"state": "open"})) == [trades.height]
    assert "No trade matches" in ada.get(PAGE, {"session": "pre"}).content.decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [("side", "UP"), ("hour", "24"), ("weekday", "x"), ("from", "2023-13-01"), ("group_by", "x")],
)
def test_what_cannot_be_asked_is_left_out_and_said(ada, trades, name, value):
    page = ada.get(PAGE, {name: value})
    assert f"The value of “{name}” in this address is not known" in page.content.decode()
    assert numbers_of(page) == trades["trade_id"].to_list()[:25]


def test_an_end_before_the_beginning_is_left_out(ada, trades):
    page = ada.get(PAGE, {"from": "2023-11-03", "to": "2023-11-01"})
    first = trades.filter(pl.col("entry_ts").dt.date() >= pl.date(2023, 11, 3))["trade_id"]
    assert numbers_of(page) == first.to_list()[:25]
    assert "The value of “to”" in page.content.decode()


def test_groups_lead_to_their_trades(ada, catalogue):
    page = ada.get(PAGE, {"group_by": "weekday", "side": "LONG"}).content.decode()
    placed = breakdown.read_trades(catalogue.run.stored).filter(pl.col("side") == "LONG")
    groups = breakdown.group_trades(placed, "weekday")
    assert len(groups) == 5
    for group in groups:
        query = f"side=LONG&amp;group_by=weekday&amp;weekday={group.key}"
        assert query in page
        assert figures.decimal(group.net_pnl) in page
    assert "too few" in page


def test_a_trade_that_is_asked_for_is_on_its_page_and_on_the_chart(ada, trades):
    page = ada.get(PAGE, {"trade": "20"}).content.decode()
    row = trades.row(19, named=True)
    assert f'focus-from="{row["entry_bar"]}" focus-to="{row["exit_bar"]}"' in page
    assert page.count('<tr aria-current="true">') == 1
    assert "trade 20, " in page
    for nonsense in ("0", "9999", "x", "²", "9" * 5000):
        other = ada.get(PAGE, {"trade": nonsense})
        assert other.status_code == 200
        assert "focus-from" not in other.content.decode()


def test_trades_leave_as_csv_in_utc_as_they_are_shown(ada, trades):
    content = export(ada, format="csv").decode()
    rows = list(csv.DictReader(io.StringIO(content)))
    assert len(rows) == trades.height
    assert rows[0]["entry_ts"].startswith(f"{trades['entry_ts'][0]:%Y-%m-%dT%H:%M:%S}")
    assert rows[0]["entry_ts"].endswith("Z")
    assert rows[0]["session"] == "regular"
    assert [float(row["net_pnl"]) for row in rows] == trades["net_pnl"].to_list()
    sorted_rows = csv.DictReader(
        io.StringIO(export(ada, format="csv", order="-mae", side="LONG").decode())
    )
    longs = breakdown.sort_trades(trades.filter(pl.col("side") == "LONG"), "-mae")
    assert [int(row["trade_id"]) for row in sorted_rows] == longs["trade_id"].to_list()


def test_trades_leave_as_parquet_and_excel_with_the_same_figures(ada, trades):
    stored = pl.read_parquet(io.BytesIO(export(ada, format="parquet")))
    assert stored.select(trades.columns).equals(trades)
    book = openpyxl.load_workbook(io.BytesIO(export(ada, format="xlsx")), read_only=True)
    header, *rows = book["trades"].iter_rows(values_only=True)
    assert [row[header.index("net_pnl")] for row in rows] == trades["net_pnl"].to_list()
    assert header[3] == "entry_ts (America/New_York)"
    assert {row[header.index("date")] for row in rows} >= {"2023-10-30"}


def test_groups_leave_as_csv(ada, catalogue):
    rows = list(csv.DictReader(io.StringIO(export(ada, group_by="side").decode())))
    groups = breakdown.group_trades(breakdown.read_trades(catalogue.run.stored), "side")
    assert [(row["key"], float(row["net_pnl"])) for row in rows] == [
        (group.key, group.net_pnl) for group in groups
    ]


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"format": "doc"}, "format"), ({"side": "UP"}, "side"), ({"sides": "LONG"}, "sides")],
)
def test_an_export_of_nonsense_is_refused_with_its_field(ada, asked, field):
    answer = ada.get(f"/runs/{RUN_ID}/trades/export", asked, headers={"Accept": "*/*"})
    assert answer.status_code == 422
    assert answer.json()["error"]["details"]["field"] == field


def test_points_are_the_chosen_trades(ada, catalogue, trades):
    address = breakdown.address(catalogue.run.results_sha256)
    where = reverse("run-points", args=[RUN_ID, address])
    _, columns = parse_columns(ada.get(where, {"side": "LONG"}).content)
    longs = trades.filter(pl.col("side") == "LONG")
    assert columns["trade_id"].tolist() == longs["trade_id"].to_list()
    assert columns["mae"].tolist() == longs["mae"].to_list()
    assert columns["mfe"].tolist() == longs["mfe"].to_list()
    assert ada.get(reverse("run-points", args=[RUN_ID, "0" * 16])).status_code == 404


@pytest.mark.parametrize("trade", ["4294967295", "4294967296", "9999999999", "²"])
def test_a_trade_that_cannot_be_is_not_there(ada, trade):
    page = ada.get(f"/runs/{RUN_ID}/trades/", {"trade": trade})
    assert page.status_code == 200
