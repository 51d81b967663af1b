"""A run as one file: whole, safe, the same every time, and without anything from elsewhere."""

import datetime as dt
import io
import json
import re
import shutil

import pytest
from django.core.management import CommandError, call_command

from apps.datasets.models import Dataset
from apps.runs.actions import describe_run, make_report
from apps.runs.actions.drawing import draw_lines
from apps.runs.models import Run
from hewston.pipeline import artifacts, store
from hewston.pipeline.metrics import METRICS
from hewston.taskqueue import Status
from tests.api.program import Program, error_of
from tests.scenes import RUN_ID, add_run

PATH = f"/backtests/{RUN_ID}/report.html"


@pytest.fixture
def report(catalogue):
    return make_report(run=catalogue.run)


def test_the_report_has_all_that_a_run_is(report, catalogue, stage):
    for metric in METRICS.values():
        assert metric.label in report
    for text in ("sma_crossover", "fast", "1 bps of notional", "Under water", "Monthly returns"):
        assert text in report
    manifest = store.read_json(stage.run_folder / artifacts.MANIFEST_FILE)
    for digest in (catalogue.run.input_hash, *manifest["output_hashes"].values()):
        assert digest in report
    trades = artifacts.read_frame(stage.run_folder, "trades")
    assert f"All {trades.height}." in report
    assert report.count('<path class="equity" d="M') == 1


def test_made_up_data_is_said_to_be_wherever_it_was_ingested(catalogue):
    Dataset.objects.update(provider="bundle/sample")
    run = Run.objects.select_related("dataset", "revision").get(pk=RUN_ID)
    assert "The data is made up" in make_report(run=run)


def test_the_same_run_gives_the_same_bytes(report, catalogue):
    again = Run.objects.select_related("dataset", "revision").get(pk=RUN_ID)
    assert make_report(run=again) == report


def test_the_report_asks_for_nothing_and_runs_nothing(report):
    assert not re.search(r"<(script|img|link|iframe|object|form|base)\b", report)
    assert not re.search(r"\b(src|href|style|on[a-z]+)=|url\(|@import|https?://", report)


def test_what_a_person_typed_is_shown_and_not_run(catalogue):
    describe_run(
        run=catalogue.run,
        name="<script>alert(1)</script>",
        note='"><img src=x onerror=alert(1)>',
        tags="</style>",
    )
    text = make_report(run=catalogue.run)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("</style>") == 1


def test_the_report_is_served_to_be_looked_at_under_a_policy_of_its_own(catalogue, report):
    answer = Program(catalogue.ada, "read").get(PATH)
    assert answer.content.decode() == report
    assert answer["Content-Disposition"] == f'inline; filename="report-{RUN_ID}.html"'
    [named] = re.findall(r"style-src '(sha256-[^']+)'", answer["Content-Security-Policy"])
    assert named in report.replace("&#x3D;", "=").replace("&#x27;", "'").replace("&#43;", "+")
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_the_page_of_a_finished_run_leads_to_its_report(client, catalogue):
    client.force_login(catalogue.ada)
    assert f'href="{PATH}">Report</a>' in client.get(f"/runs/{RUN_ID}/").content.decode()
    add_run(catalogue, "bbbbbbbbbbbb", Status.ERROR)
    assert "Report</a>" not in client.get("/runs/bbbbbbbbbbbb/").content.decode()
    error = error_of(Program(catalogue.ada, "read").get("/backtests/bbbbbbbbbbbb/report.html"), 409)
    assert error["code"] == "RUN_NOT_READY"


def test_a_run_whose_files_are_gone_says_so(catalogue, stage, settings, tmp_path):
    settings.DATA_ROOT = tmp_path / "root"
    shutil.copytree(stage.root, settings.DATA_ROOT)
    (store.Store(settings.DATA_ROOT).run_folder(RUN_ID) / "trades.parquet").unlink()
    error = error_of(Program(catalogue.ada, "read").get(PATH), 409)
    assert "are not whole (missing: trades.parquet)" in error["message"]


def test_a_long_list_of_trades_is_cut_with_a_sentence(catalogue, monkeypatch):
    monkeypatch.setattr("apps.runs.actions.reporting.MOST_TRADES", 3)
    assert re.search(r"The first 3 of \d+; all of them are", make_report(run=catalogue.run))


def ask(*words):
    told = io.StringIO()
    call_command(*map(str, words), "--json", "--user", "ada", stdout=told)
    return json.loads(told.getvalue())


def test_the_report_is_written_by_a_command_and_nothing_is_overwritten(catalogue, report, tmp_path):
    path = tmp_path / "run.html"
    answer = ask("report", RUN_ID, "--to", path)
    assert path.read_text() == report
    assert answer["sha256"] == store.sha256_file(path)
    with pytest.raises((CommandError, SystemExit)):
        ask("report", RUN_ID, "--to", path)


def test_a_person_reads_the_figures_of_runs_in_their_units(catalogue):
    stdout = io.StringIO()
    call_command("run", "show", RUN_ID, stdout=stdout)
    figures = Run.objects.get(pk=RUN_ID).metrics
    said = stdout.getvalue().replace("\N{MINUS SIGN}", "-")
    assert f"Trades {figures.trades:,.0f}" in said
    assert re.search(r"Net profit -?\$[\d,]+\.\d\d, Total return -?[\d.]+%, ", said)


def test_runs_are_listed_described_archived_and_deleted_by_a_command(catalogue):
    add_run(catalogue, "bbbbbbbbbbbb", Status.ERROR)
    told = ask("run", "describe", RUN_ID, "--name", "base", "--tags", "Good,x")
    assert told["runs"][0]["tags"] == ["good", "x"]
    listed = ask("run", "list", "--q", "base", "--where", "trades_min=1", "--order=-net_profit")
    assert ([one["run_id"] for one in listed["runs"]], listed["total"]) == ([RUN_ID], 1)
    assert ask("run", "list", "--where", "trades_max=0")["total"] == 0
    with pytest.raises((CommandError, SystemExit)):
        ask("run", "list", "--status", "FINISHED")
    assert ask("run", "list", "--status", "ERROR")["total"] == 1
    ask("run", "archive", RUN_ID, "bbbbbbbbbbbb")
    assert ask("run", "list")["total"] == 0
    ask("run", "restore", RUN_ID)
    assert ask("run", "show", RUN_ID)["runs"][0]["archived"] is False
    assert ask("run", "delete", "bbbbbbbbbbbb") == {"deleted": ["bbbbbbbbbbbb"]}
    assert not Run.objects.filter(pk="bbbbbbbbbbbb").exists()


def test_ticks_are_round_and_told_apart():
    plot = draw_lines(
        [3, 4, 9],
        [dt.date(2023, 1, day) for day in (2, 3, 4)],
        {"loss": [0.0, None, -0.00037]},
        height=100,
        write=str_of,
    )
    assert [text for _, text in plot.rows] == ["-0.0003", "-0.0002", "-0.0001", "0.0000"]
    assert plot.paths == [("loss", "M64.0 8.0M712.0 82.0")]
    flat = draw_lines([0], [dt.date(2023, 1, 2)], {"x": [5.0]}, height=100, write=str_of)
    assert flat.paths[0][1].startswith("M64.0 ")


def str_of(value, places):
    return f"{value:.{places}f}"
