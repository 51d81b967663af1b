"""Runs compared: the page, the exports, the API and who may see what."""

import csv
import io
import json
import re
import shutil

import polars as pl
import pytest
from django.core.management import call_command

from apps.runs.models import Run
from hewston.pipeline import artifacts, store
from hewston.taskqueue import Status
from tests.columns import parse_columns
from tests.runs.comparing import CLOSE, COSTLY, LONGER, add_runs
from tests.runs.test_pages import text_of
from tests.scenes import RUN_ID, add_run

PAGE = "/runs/compare/"
API = "/api/compare"


@pytest.fixture
def runs(catalogue, stage):
    add_runs(catalogue, stage)
    return catalogue


@pytest.fixture
def ada(client, runs):
    client.force_login(runs.ada)
    return client


def compare(client, *ids, **asked):
    return client.get(PAGE, {"ids": ",".join(ids), **asked})


def test_what_differs_comes_first_and_the_rest_is_folded(ada):
    answer = compare(ada, RUN_ID, CLOSE)
    assert answer.status_code == 200
    page = answer.content.decode()
    differs, same = page.split("What is the same", 1)
    assert 'title="spec.fill_clock"' in differs
    assert 'title="spec.params.slow"' not in differs
    assert 'title="spec.params.slow"' in same


def test_two_clocks_are_one_cause(ada):
    assert "entries are one bar apart: the fill clock differs" in text_of(
        compare(ada, RUN_ID, CLOSE)
    )


def test_costs_alone_leave_every_trade_at_its_place(ada, stage):
    page = text_of(compare(ada, RUN_ID, COSTLY))
    count = artifacts.read_frame(stage.run_folder, "trades").height
    assert "at the same times and reference prices: only costs differ." in page
    assert f"{count} matched" in page
    folder = store.Store(stage.root).run_folder
    ends = [artifacts.read_frame(folder(name), "equity")["equity"][-1] for name in (RUN_ID, COSTLY)]
    assert f"B earned {ends[0] - ends[1]:,.2f} USD less than A" in page


def test_the_waterfall_of_real_runs_sums_to_the_cent(ada):
    for other in (CLOSE, COSTLY, LONGER):
        waterfall = ada.get(API, {"ids": f"{RUN_ID},{other}"}).json()["waterfall"]
        amounts = [round(100 * step["amount"]) for step in waterfall["steps"]]
        assert sum(amounts) == round(100 * waterfall["difference"])
        assert abs(amounts[-1]) <= 1, "trades explain all of a run's profit"


def test_bars_of_another_length_are_matched_by_time(ada):
    page = text_of(compare(ada, RUN_ID, LONGER))
    assert "other bars: both ends within 1 time the longer interval" in page


def test_a_figure_says_whether_it_is_better_and_one_that_is_absent_says_why(ada):
    page = text_of(compare(ada, RUN_ID, COSTLY))
    assert re.search(r"Net profit .{0,200}▼ -\$[\d,.]+ worse", page)
    assert "A, B: needs at least 20 daily returns, has 7" in page


def test_more_than_two_runs_have_a_base_that_can_be_chosen(ada):
    asked = {"base": COSTLY, "other": LONGER}
    page = compare(ada, RUN_ID, CLOSE, COSTLY, LONGER, **asked).content.decode()
    heads = re.findall(
        r"</span> ([A-F])</span></th>\s*<td><a class=\"mono\" href=\"/runs/(\w+)/", page
    )
    assert heads == [("A", COSTLY), ("B", LONGER), ("C", RUN_ID), ("D", CLOSE)]
    assert f"base={RUN_ID}&amp;other={COSTLY}" in page
    report = ada.get(API, {"ids": f"{RUN_ID},{CLOSE},{COSTLY}", "base": CLOSE}).json()
    assert (report["a"], report["b"]) == (CLOSE, RUN_ID)
    assert [run["run_id"] for run in report["runs"]] == [CLOSE, RUN_ID, COSTLY]


def test_trades_are_filtered_sorted_and_paged(ada, stage):
    matched = compare(ada, RUN_ID, COSTLY, kind="matched")
    assert "No trade is of this kind" in text_of(compare(ada, RUN_ID, COSTLY, kind="moved"))
    rows = re.findall(r"Trade (\d+) of A on the chart", matched.content.decode())
    assert len(rows) == min(50, artifacts.read_frame(stage.run_folder, "trades").height)
    falling = compare(ada, RUN_ID, COSTLY, order="-entry", kind="matched").content.decode()
    assert re.findall(r"Trade (\d+) of A on the chart", falling)[0] == max(rows, key=int)
    odd = compare(ada, RUN_ID, COSTLY, order="x", kind="y", tolerance="z", page="99")
    assert odd.status_code == 200
    assert "The value of “tolerance” in this address is not known" in odd.content.decode()


def test_a_trade_leads_to_its_chart_and_its_film(ada):
    page = compare(ada, RUN_ID, CLOSE).content.decode()
    assert f'href="/runs/{CLOSE}/?trade=1#chart"' in page
    [film] = re.findall(rf'href="(/runs/{CLOSE}/playback/\?t=[^"]+)" aria-label="Play B', page)[:1]
    assert re.fullmatch(r".*\?t=2023-10-30T\d\d:\d\d:00Z", film)
    assert ada.get(film).status_code == 200


def test_matches_leave_as_csv_and_json(ada):
    asked = {"ids": f"{RUN_ID},{CLOSE}", "tolerance": 0}
    content = ada.get(f"{PAGE}trades.csv", asked).content.decode()
    rows = list(csv.DictReader(io.StringIO(content)))
    items = json.loads(ada.get(f"{PAGE}trades.json", asked).content)["items"]
    report = ada.get(API, asked | {"limit": 500}).json()
    assert len(rows) == len(items) == report["trades"]["total"]
    assert [row["kind"] for row in rows] == [item["kind"] for item in items]
    assert items == report["trades"]["items"]
    assert items[0]["a_entry_ts"].endswith("Z")
    only = ada.get(f"{PAGE}trades.csv", asked | {"kind": "only in A"}).content.decode()
    assert {row["kind"] for row in csv.DictReader(io.StringIO(only))} == {"only in A"}


def test_curves_are_columns_that_begin_at_one(ada):
    answer = ada.get(f"{PAGE}curves", {"ids": f"{RUN_ID},{CLOSE}"})
    header, columns = parse_columns(answer.content)
    assert set(columns) == {"time", "growth:A", "drawdown:A", "growth:B", "drawdown:B"}
    assert abs(columns["growth:A"][0] - 1) < 0.01
    assert [run["letter"] for run in header["about"]["runs"]] == ["A", "B"]
    again = ada.get(
        f"{PAGE}curves",
        {"ids": f"{RUN_ID},{CLOSE}"},
        headers={"If-None-Match": answer["ETag"]},
    )
    assert again.status_code == 304


def test_without_runs_the_page_lets_choose_the_nearest_first(ada, runs):
    page = ada.get(PAGE)
    assert page.status_code == 200
    assert "Choose two to 6 finished runs" in text_of(page)
    Run.objects.filter(pk=LONGER).update(strategy_id="buy_and_hold")
    one = compare(ada, RUN_ID)
    assert one.status_code == 200
    ids = re.findall(r'name="ids" value="(\w{12})"', one.content.decode())
    assert ids[:1] == [RUN_ID]
    assert ids[1:4] == [COSTLY, CLOSE, LONGER]
    assert 'role="status"' not in one.content.decode()


def test_from_a_comparison_others_can_be_chosen(ada):
    assert f"?ids={RUN_ID},{CLOSE}&amp;choose=1" in compare(ada, RUN_ID, CLOSE).content.decode()
    page = compare(ada, RUN_ID, CLOSE, choose="1").content.decode()
    boxes = dict(re.findall(r'name="ids" value="(\w{12})"[^>]*?( checked)?>', page))
    assert {run_id for run_id, checked in boxes.items() if checked} == {RUN_ID, CLOSE}
    assert {COSTLY, LONGER} <= set(boxes)


@pytest.mark.parametrize(
    ("ids", "status", "sentence"),
    [
        ([RUN_ID, RUN_ID], 422, f"Run {RUN_ID} is named twice."),
        ([f"{n:012x}" for n in range(7)], 422, "2 to 6 runs are compared at once, but 7 are named"),
        ([RUN_ID] * 7, 422, "2 to 6 runs are compared at once, but 7 are named"),
        ([RUN_ID, "ffffffffffff"], 404, "There is no run ffffffffffff, or it is not yours to see."),
        ([RUN_ID, "bbbbbbbbbbbb"], 409, "Run bbbbbbbbbbbb is queued, and only runs that are done"),
        ([RUN_ID], 422, "2 to 6 runs are compared at once, but one is named."),
        ([], 422, "2 to 6 runs are compared at once, but none is named."),
    ],
)
def test_what_cannot_be_compared_is_said(ada, runs, ids, status, sentence):
    add_run(runs, "bbbbbbbbbbbb", Status.QUEUED)
    answer = ada.get(API, {"ids": ",".join(ids)})
    assert answer.status_code == status
    assert sentence in answer.json()["error"]["message"]
    if len(ids) > 1:
        page = compare(ada, *ids)
        assert page.status_code == status
        assert sentence in text_of(page)
    for address in ("curves", "trades.csv", "trades.json"):
        assert ada.get(f"{PAGE}{address}", {"ids": ",".join(ids)}).status_code == status


@pytest.mark.parametrize("asked", [{"base": "x"}, {"other": "x"}, {"base": CLOSE, "other": CLOSE}])
def test_a_base_that_is_none_of_the_runs_is_refused(ada, asked):
    answer = ada.get(API, {"ids": f"{RUN_ID},{CLOSE}", **asked})
    assert answer.status_code == 422
    assert answer.json()["error"]["details"]["field"] in asked


def test_a_strangers_run_is_not_there_for_whoever_asks(client, runs):
    client.force_login(runs.stranger)
    for address in (PAGE, f"{PAGE}curves", f"{PAGE}trades.csv", f"{PAGE}trades.json", API):
        assert client.get(address, {"ids": f"{RUN_ID},{CLOSE}"}).status_code == 404
    page = client.get(PAGE).content.decode()
    assert RUN_ID not in page
    assert "No finished run is there to compare" in page
    Run.objects.filter(pk=CLOSE).update(owner=runs.stranger)
    assert client.get(PAGE, {"ids": f"{RUN_ID},{CLOSE}"}).status_code == 404
    assert client.get(PAGE, {"ids": RUN_ID}).status_code == 404
    one = client.get(PAGE, {"ids": CLOSE})
    assert RUN_ID not in one.content.decode()


def test_two_currencies_have_no_sum(ada, stage, settings, tmp_path):
    files = store.Store(tmp_path)
    for name in (RUN_ID, CLOSE):
        shutil.copytree(store.Store(stage.root).run_folder(name), files.run_folder(name))
    manifest = files.run_folder(CLOSE) / artifacts.MANIFEST_FILE
    manifest.chmod(0o644)
    said = json.loads(manifest.read_text())
    said["spec"]["instrument"]["currency"] = "EUR"
    manifest.write_text(json.dumps(said))
    Run.objects.filter(pk=CLOSE).update(manifest_sha256=store.sha256_file(manifest))
    settings.DATA_ROOT = tmp_path
    page = text_of(compare(ada, RUN_ID, CLOSE))
    assert "amounts of two currencies have no sum" in page
    assert "in EUR, not USD" in page
    assert ada.get(API, {"ids": f"{RUN_ID},{CLOSE}"}).json()["waterfall"] is None


def test_files_that_are_not_whole_are_a_conflict(ada, stage, settings, tmp_path):
    files = store.Store(tmp_path)
    shutil.copytree(store.Store(stage.root).run_folder(RUN_ID), files.run_folder(RUN_ID))
    settings.DATA_ROOT = tmp_path
    for address in (PAGE, API, f"{PAGE}curves"):
        answer = ada.get(address, {"ids": f"{RUN_ID},{CLOSE}"})
        assert answer.status_code == 409
        assert f"The files of run {CLOSE} are not whole" in answer.content.decode()


def test_changed_files_are_not_shown_even_after_they_were_read(
    ada, stage, settings, tmp_path, capsys
):
    files = store.Store(tmp_path)
    for name in (RUN_ID, CLOSE):
        shutil.copytree(store.Store(stage.root).run_folder(name), files.run_folder(name))
    settings.DATA_ROOT = tmp_path
    assert compare(ada, RUN_ID, CLOSE).status_code == 200
    path = files.run_folder(CLOSE) / artifacts.frame_file("trades")
    changed = pl.read_parquet(path).with_columns(pl.col("net_pnl") + 1_000)
    path.unlink()
    changed.write_parquet(path)
    for address in (PAGE, API, f"{PAGE}curves", f"{PAGE}trades.csv"):
        answer = ada.get(address, {"ids": f"{RUN_ID},{CLOSE}"})
        assert answer.status_code == 409
        assert "trades.parquet was changed since" in answer.content.decode()
    with pytest.raises(SystemExit):
        call_command("compare", RUN_ID, CLOSE, "--user", "ada")
    assert "trades.parquet was changed since" in capsys.readouterr().err


def test_findings_of_a_changed_file_are_not_told(ada, stage, settings, tmp_path):
    files = store.Store(tmp_path)
    shutil.copytree(store.Store(stage.root).run_folder(RUN_ID), files.run_folder(RUN_ID))
    settings.DATA_ROOT = tmp_path
    assert ada.get(f"/backtests/{RUN_ID}").json()["findings"] is not None
    path = files.run_folder(RUN_ID) / artifacts.METRICS_FILE
    figures = json.loads(path.read_text())
    path.unlink()
    path.write_text(json.dumps(figures | {"findings": []}))
    told = ada.get(f"/backtests/{RUN_ID}").json()
    assert (told["status"], told["findings"]) == ("DONE", None)


def test_the_page_asks_the_database_little(ada, django_assert_max_num_queries):
    compare(ada, RUN_ID, CLOSE)
    with django_assert_max_num_queries(4):
        compare(ada, RUN_ID, CLOSE)


def test_the_runs_page_leads_to_the_comparison(ada):
    page = ada.get(f"/runs/{RUN_ID}/").content.decode()
    assert f'href="/runs/compare/?ids={RUN_ID}"' in page


def test_counts_on_the_page_are_those_of_the_frames(ada):
    report = ada.get(API, {"ids": f"{RUN_ID},{LONGER}", "limit": 500}).json()
    rows = pl.DataFrame(report["trades"]["items"], infer_schema_length=None)
    for one in report["kinds"]:
        assert rows.filter(pl.col("kind") == one["kind"]).height == one["trades"]


def test_the_command_says_what_the_page_says(ada, runs, capsys):
    call_command("compare", RUN_ID, CLOSE, "--user", "ada")
    said = capsys.readouterr().out
    assert "All entries are one bar apart: the fill clock differs" in said
    assert "  fill clock: next_open | close" in said
    assert re.search(
        r"Net profit +[\d.,-]+ \| [\d.,-]+ \([+-]?[\d.,]+, (better|worse|same)\)", said
    )
    call_command(
        "compare", RUN_ID, CLOSE, "--user", "ada", "--json", "--trades", "--tolerance", "0"
    )
    report = json.loads(capsys.readouterr().out)
    asked = {"ids": f"{RUN_ID},{CLOSE}", "tolerance": 0, "limit": 500}
    through_the_api = ada.get(API, asked).json()
    assert report.pop("trades") == through_the_api.pop("trades")["items"]
    assert report == through_the_api


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((RUN_ID,), "2 to 6 runs are compared at once, but one is named."),
        ((RUN_ID, RUN_ID), f"Run {RUN_ID} is named twice."),
        ((RUN_ID, "ffffffffffff"), "There is no run ffffffffffff, or it is not yours to see."),
        ((RUN_ID, CLOSE, "--tolerance", "101"), "must be a whole number from 0 to 100"),
        ((RUN_ID, CLOSE, "--base", "x"), "base (x) is not one of the runs."),
    ],
)
def test_the_command_refuses_with_a_sentence(runs, capsys, words, sentence):
    with pytest.raises(SystemExit) as ended:
        call_command("compare", *words, "--user", "ada")
    assert ended.value.code == 1
    assert sentence in capsys.readouterr().err


def test_to_another_user_a_run_is_not_there(runs, capsys):
    with pytest.raises(SystemExit):
        call_command("compare", RUN_ID, CLOSE, "--user", "mallory")
    assert "or it is not yours to see" in capsys.readouterr().err
