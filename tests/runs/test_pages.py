"""The dashboard, the list of runs, and a run's tabs."""

import csv
import io
import json
import re

import pytest
from django.urls import reverse

from apps.datasets.models import Dataset
from apps.permissions.templatetags import figures
from apps.runs.forms import ORDER_CHOICES
from apps.runs.models import Run, RunMetrics
from apps.runs.views.film import open_interval
from hewston.pipeline import artifacts, breakdown, playback, store
from hewston.pipeline.metrics import METRICS
from hewston.taskqueue import JobLog, Status
from tests.columns import parse_columns
from tests.scenes import DATASET_ID, RUN_ID, add_run

PAGE = f"/runs/{RUN_ID}/"


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


def text_of(page):
    """The page's words, with typewriter signs."""
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))
    return words.translate({0x2013: "-", 0x2212: "-", 0xD7: "x"})


def ids_of(page):
    return re.findall(r'href="/runs/([0-9a-z]{12})/"', page.content.decode())


def test_the_dashboard_shows_runs_datasets_and_health(ada):
    page = text_of(ada.get("/"))
    for fact in (RUN_ID, DATASET_ID, "3,500", "The engine is installed.", "123.5 kB"):
        assert fact in page


def test_an_empty_dashboard_teaches_the_first_commands(client, catalogue):
    client.force_login(catalogue.stranger)
    page = text_of(client.get("/"))
    assert ".venv/bin/python manage.py ingest --sample" in page
    assert ".venv/bin/python manage.py backtest DATASET_ID" in page


def test_the_list_filters_by_status_strategy_and_symbol(ada, catalogue):
    add_run(catalogue, "bbbbbbbbbbbb", Status.ERROR)
    assert ids_of(ada.get("/runs/")) == ["bbbbbbbbbbbb", RUN_ID]
    assert ids_of(ada.get("/runs/?status=DONE")) == [RUN_ID]
    assert ids_of(ada.get("/runs/?strategy=sma_crossover&symbol=ACME&status=ERROR")) == [
        "bbbbbbbbbbbb"
    ]
    assert "No run matches" in ada.get("/runs/?symbol=NONE").content.decode()
    assert len(ids_of(ada.get("/runs/?status=LOST"))) == 2  # what is not valid was not asked


@pytest.mark.parametrize("order", [name for name, _ in ORDER_CHOICES])
def test_the_list_sorts_by_every_column_and_runs_without_a_figure_come_last(ada, catalogue, order):
    add_run(catalogue, "bbbbbbbbbbbb", Status.CANCELLED)
    ids = ids_of(ada.get("/runs/", {"order": order}))
    assert sorted(ids) == [RUN_ID, "bbbbbbbbbbbb"]
    if order.lstrip("-") in {"net_profit", "sharpe", "trades"}:
        assert ids[-1] == "bbbbbbbbbbbb" or order.endswith("sharpe")


def test_a_sorted_column_says_so_and_its_button_turns_it_round(ada):
    page = ada.get("/runs/?order=-net_profit").content.decode()
    assert re.search(r'aria-sort="descending"><button form="sort" name="order" value="net_', page)


def test_the_list_asks_the_database_little_and_opens_no_artifact(
    ada, catalogue, django_assert_max_num_queries, monkeypatch
):
    for number in range(30):
        add_run(catalogue, f"{number:012x}", Status.ERROR)
    monkeypatch.setattr("hewston.pipeline.store.read_json", None)
    monkeypatch.setattr("polars.read_parquet", None)
    with django_assert_max_num_queries(9):
        page = ada.get("/runs/?page=2")
    assert "26-31 of 31" in text_of(page)


def test_runs_leave_as_csv_in_the_order_of_the_page(ada, catalogue):
    add_run(catalogue, "bbbbbbbbbbbb", Status.ERROR)
    content = ada.get("/runs/export.csv?order=-net_profit").getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["id"] for row in rows] == [RUN_ID, "bbbbbbbbbbbb"]
    assert float(rows[0]["net_profit"]) == RunMetrics.objects.get().net_profit


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])
def test_a_text_that_a_spreadsheet_would_run_is_quoted(ada, catalogue, text):
    Run.objects.filter(pk=RUN_ID).update(strategy_id=text)
    content = ada.get("/runs/export.csv").getvalue().decode()
    assert next(csv.DictReader(io.StringIO(content, newline="")))["strategy_id"] == f"'{text}"


def test_the_overview_shows_figures_with_their_unit_and_formula(ada, stage):
    page = text_of(ada.get(PAGE))
    profit = stage.metrics["net_profit"]
    assert f"+${profit:,.2f}" in page
    assert f"Formula {METRICS['net_profit'].formula}" in page
    assert "Unit money, in USD" in page
    assert "fast 5 · slow 20 · 0.5 x spread · 1 bps fees a side" in page
    assert "fills at the next open" in page


def test_a_figure_without_a_value_is_a_dash_with_its_reason(ada):
    page = text_of(ada.get(PAGE))
    assert re.search(r"- needs at least 20 daily returns, has 7", page)
    assert re.search(r"Sharpe - 7 daily returns No value: needs at least 20 daily returns", page)


def test_the_months_and_the_distribution_are_there_without_javascript(ada):
    page = ada.get(PAGE).content.decode()
    assert 'data-tint="' in page
    assert '<svg class="histogram"' in page
    assert "style=" not in page


def test_a_filter_with_an_unknown_value_says_that_it_was_left_out(ada):
    page = ada.get("/runs/", {"status": "zzz", "strategy": "nobody"}).content.decode()
    assert "The value of “status” in this address is not known" in page
    assert '<option value="nobody" selected>nobody</option>' in page


def test_buttons_that_sort_keep_the_filters_and_ask_one_order(ada):
    page = ada.get("/runs/", {"status": "DONE", "order": "-sharpe", "page": "1"}).content.decode()
    [form] = re.findall(r'<form id="sort".*?</form>', page)
    assert 'name="status" value="DONE"' in form
    assert "order" not in form
    assert "page" not in form


def test_an_open_trade_shows_what_it_stands_at(ada, stage):
    last = artifacts.read_frame(stage.run_folder, "trades").row(-1, named=True)
    assert last["exit_ts"] is None
    page = ada.get(PAGE + "trades/?order=-trade_id").content.decode()
    assert page.count('<span class="muted">open</span>') == 4
    assert figures.decimal(last["net_pnl"]) in page


def test_a_trades_link_opens_the_chart_there(ada, stage):
    trades = artifacts.read_frame(stage.run_folder, "trades")
    page = ada.get(PAGE + "?trade=20").content.decode()
    bar = trades.filter(trades["trade_id"] == 20)["entry_bar"][0]
    assert f'focus-from="{bar}"' in page
    assert '<tr aria-current="true">' in page
    assert "trade 20, " in page
    for nonsense in ("0", "999", "x", "²"):
        answer = ada.get(PAGE, {"trade": nonsense})
        assert answer.status_code == 200
        assert f"This run has no trade {nonsense}" in answer.content.decode()


def test_the_overview_lists_the_deepest_drawdowns_and_leads_to_their_bars(ada, stage):
    deepest = breakdown.find_drawdowns(artifacts.read_frame(stage.run_folder, "equity"))
    page = ada.get(PAGE).content.decode()
    assert len(deepest) == 5
    for one in deepest:
        last = one.trough_bar if one.recovery_bar is None else one.recovery_bar
        assert f"?bar={one.start_bar}-{last}#chart" in page
        assert figures.percent(-one.depth, 2) in page
    found = ada.get(PAGE, {"bar": f"{deepest[0].start_bar}-{deepest[0].trough_bar}"})
    assert f'focus-from="{deepest[0].start_bar}"' in found.content.decode()
    for nonsense in ("5-3", "0-99999", "x", "1-2-3", "٣-٤", "9" * 5000):
        assert "focus-from" not in ada.get(PAGE, {"bar": nonsense}).content.decode()


def test_rolling_figures_of_too_few_days_are_not_drawn(ada):
    page = text_of(ada.get(PAGE))
    assert "Too few: this needs 63 daily returns in a row, and this run has 7." in page


def test_series_are_the_runs_bars_and_dates(ada, catalogue, stage):
    address = breakdown.address(catalogue.run.results_sha256)
    answer = ada.get(reverse("run-series", args=[RUN_ID, address]))
    header, columns = parse_columns(answer.content)
    equity = artifacts.read_frame(stage.run_folder, "equity")
    assert columns["equity"].tolist() == equity["equity"].to_list()  # not more than are drawn
    assert columns["benchmark"][-1] == pytest.approx(
        100_000 * (1 + stage.metrics["buy_and_hold_return"])
    )
    assert len(columns["day"]) == 7
    assert columns["day_equity"][-1] == equity["equity"][-1]
    assert header["about"]["bars"] == equity.height
    assert header["about"]["drawdowns"][0]["depth"] == stage.metrics["max_drawdown"]
    assert ada.get(reverse("run-series", args=[RUN_ID, "0" * 16])).status_code == 404


def test_the_manifest_is_shown_and_leaves_as_it_is_stored(ada, stage):
    stored = (stage.run_folder / artifacts.MANIFEST_FILE).read_bytes()
    answer = ada.get(PAGE + "manifest.json")
    assert answer.content == stored
    page = ada.get(PAGE + "manifest/").content.decode()
    assert json.loads(stored)["output_hashes"]["equity"] in page
    assert "spec.slippage_fees.k_spread" in page
    assert "env_lock.uv_lock_sha256" in page
    assert f".venv/bin/python manage.py reproduce {RUN_ID}" in page


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (Status.ERROR, "No quotes."),
        (Status.CANCELLED, "This run was cancelled"),
        (Status.QUEUED, "Waiting for a worker"),
        (Status.RUNNING, "Under way"),
    ],
)
def test_a_run_without_a_result_says_why_and_shows_its_log(ada, catalogue, stage, status, sentence):
    error = {"code": "VALIDATION", "message": "No quotes."} if status == Status.ERROR else None
    run = add_run(catalogue, "bbbbbbbbbbbb", status, error=error)
    log = store.Store(stage.root).log_file(run.pk)
    log.parent.mkdir(exist_ok=True)
    lines = [
        {"at": "2026-01-02T03:04:05.6+00:00", "level": "error", "message": "<last>"},
        {"message": "inside", "traceback": ["File secret.py"], "share": 0.5},
    ]
    log.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + '{"cut')
    page = ada.get(f"/runs/{run.pk}/").content.decode()
    assert sentence in page
    assert "2026-01-02 03:04:05 error: &lt;last&gt;" in page
    assert "inside share=0.5" in page
    assert "secret.py" not in page
    assert "(a line that was cut off)" in page
    assert "price-chart" not in page
    for tab in ("trades", "manifest"):
        assert ada.get(f"/runs/{run.pk}/{tab}/").status_code == 404
    assert "&lt;last&gt;" in ada.get(f"/runs/{run.pk}/logs/").content.decode()
    log.unlink()


def test_a_run_that_logged_nothing_says_so(ada):
    assert "Nothing was logged" in text_of(ada.get(PAGE + "logs/"))
    assert ada.get(PAGE + "logs/log.txt").content == b""


@pytest.fixture
def working(catalogue, stage):
    """A run under way that has logged something, and its log."""
    run = add_run(catalogue, "bbbbbbbbbbbb", Status.RUNNING)
    path = store.Store(stage.root).log_file(run.pk)
    path.parent.mkdir(exist_ok=True)
    log = JobLog(path)
    log.write("Reading bars.")
    log.write("No quotes.", level="warning")
    yield run, log
    log.close()
    path.unlink()


def test_a_log_is_narrowed_by_level_and_leaves_whole(ada, working):
    run, log = working
    log.write("It broke.", level="error", traceback=["File secret.py"])
    where = f"/runs/{run.pk}/logs/"
    whole = text_of(ada.get(where))
    assert all(said in whole for said in ("Reading bars.", "No quotes.", "It broke."))
    worse = text_of(ada.get(where, {"level": "warning"}))
    assert "Reading bars." not in worse
    assert "No quotes." in worse
    file = ada.get(where + "log.txt")
    assert file["Content-Disposition"] == 'attachment; filename="log-bbbbbbbbbbbb.txt"'
    assert file.content.decode().count("\n") == 3
    assert b"secret.py" not in file.content
    assert ada.get(f"/backtests/{run.pk}/log", {"last": 1}).content.endswith(b"error: It broke.")
    warned = ada.get(f"/backtests/{run.pk}/log", {"level": "warning", "last": 2}).content
    assert warned.count(b"\n") == 1


def test_new_lines_of_a_log_are_told_once_and_never_in_part(ada, working, stage):
    run, _ = working
    where = f"/runs/{run.pk}/logs/lines"
    told = ada.get(where).json()
    assert [line["level"] for line in told["lines"]] == ["info", "warning"]
    assert (told["known"], told["is_over"]) == (2, False)
    with store.Store(stage.root).log_file(run.pk).open("a") as half:
        half.write('{"message": "half')
    assert ada.get(where, {"after": 2}).json()["known"] == 2
    with store.Store(stage.root).log_file(run.pk).open("a") as half:
        half.write(' and half"}\n')
    rest = ada.get(where, {"after": 2}).json()
    assert (rest["known"], [line["text"].strip() for line in rest["lines"]]) == (
        3,
        ["info: half and half"],
    )
    assert ada.get(where, {"after": "x"}, headers={"Accept": "*/*"}).status_code == 422


def columns_of(ada, catalogue, interval):
    address = playback.address(catalogue.run.results_sha256)
    answer = ada.get(reverse("run-columns", args=[RUN_ID, address, interval]))
    assert answer.status_code == 200
    return parse_columns(answer.content)


def test_columns_hold_equity_indicators_and_exact_fills(ada, catalogue, stage):
    header, columns = columns_of(ada, catalogue, "1m")
    equity = artifacts.read_frame(stage.run_folder, "equity")
    fills = artifacts.read_frame(stage.run_folder, "fills")
    assert columns["equity"].tolist() == equity["equity"].to_list()
    assert columns["close"].tolist() == equity["close"].to_list()
    assert columns["fill_price"].tolist() == fills["price"].to_list()
    assert columns["fill_row"].tolist() == fills["bar"].to_list()
    assert columns["bar"].tolist() == list(range(equity.height))
    assert {(one["name"], one["pane"]) for one in header["about"]["indicators"]} == {
        ("fast", "price"),
        ("slow", "price"),
    }


def test_the_chart_of_a_long_run_opens_at_the_interval_that_a_browser_holds(catalogue):
    assert [open_interval(catalogue.run, bars) for bars in (2_660, 500_000, 10**6, 10**8)] == [
        "1m",
        "5m",
        "5m",
        "1d",
    ]


def test_longer_bars_keep_every_fill_and_the_last_equity(ada, catalogue, stage):
    _, minute = columns_of(ada, catalogue, "1m")
    _, hour = columns_of(ada, catalogue, "1h")
    assert len(hour["time"]) < len(minute["time"]) / 40
    assert hour["equity"][-1] == minute["equity"][-1]
    assert hour["volume"].sum() == minute["volume"].sum()
    assert hour["fill_price"].tolist() == minute["fill_price"].tolist()
    assert hour["bar"][-1] == minute["bar"][-1]
    assert (minute["close"][hour["bar"].astype(int)] == hour["close"]).all()
    starts = hour["time"][hour["fill_row"].astype(int)]
    assert (starts <= hour["fill_time"]).all()
    assert (hour["fill_time"] < starts + 3600).all()


def test_an_address_of_other_content_is_not_found(ada, catalogue):
    right = playback.address(catalogue.run.results_sha256)
    assert ada.get(f"{PAGE}columns/{'0' * 16}/1m").status_code == 404
    assert ada.get(f"{PAGE}columns/{right}/7m").status_code == 404


@pytest.mark.parametrize("wanted", ["0", "-1", "٣", "9" * 5, "9" * 30, "NaN", "\0"])
def test_a_trade_that_does_not_exist_is_as_if_it_were_not_asked(ada, wanted):
    page = ada.get(PAGE, {"trade": wanted})
    assert page.status_code == 200
    assert "focus-from" not in page.content.decode()


def test_the_list_shows_the_figure_it_is_sorted_by(ada):
    assert "Calmar" not in ada.get("/runs/").content.decode().partition("<thead>")[2]
    page = ada.get("/runs/?order=-calmar").content.decode().partition("<thead>")[2]
    assert METRICS["calmar"].formula in page
    assert 'value="calmar"' in page  # once more turns it round


def test_every_metric_is_a_column_of_the_catalogue_and_of_the_export(ada):
    names = {field.name for field in RunMetrics._meta.fields} - {"run"}
    assert names == set(METRICS)
    header = ada.get("/runs/export.csv").getvalue().decode().splitlines()[0].split(",")
    assert header[-len(METRICS) :] == list(METRICS)


def test_a_header_explains_its_figures(ada):
    for path in ("/", "/runs/", f"/datasets/{DATASET_ID}/"):
        page = ada.get(path).content.decode()
        assert 'aria-describedby="how-sharpe"' in page
        assert f'id="how-sharpe">{METRICS["sharpe"].formula}' in page


@pytest.mark.parametrize("tab", ["", "trades/", "playback/", "../"])
def test_money_is_in_the_currency_that_the_run_had(client, catalogue, tab):
    client.force_login(catalogue.ada)
    instrument = catalogue.dataset.instrument_spec.as_json()
    Dataset.objects.update(instrument=instrument | {"currency": "EUR"})  # edited since
    shown = client.get(f"/runs/{RUN_ID}/{tab}".replace(f"{RUN_ID}/../", "")).content.decode()
    assert "$" in shown or "USD" in shown
    assert "EUR" not in shown
    assert "€" not in shown


@pytest.mark.parametrize("verb", ["verify", "reproduce", "reproduce/cancel"])
def test_what_needs_a_result_says_so_on_the_page_of_a_run_without_one(client, catalogue, verb):
    client.force_login(catalogue.ada)
    add_run(catalogue, "bbbbbbbbbbbb", Status.QUEUED)
    shown = client.post(f"/runs/bbbbbbbbbbbb/{verb}/", follow=True)
    assert shown.status_code == 200
    assert "bbbbbbbbbbbb is " in shown.content.decode()
