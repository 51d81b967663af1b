"""Runs are found, narrowed, described, archived, compared and deleted, one by one and several."""

import csv
import dataclasses
import io
import random
import re

import pytest
from django.db import IntegrityError, transaction

from apps.runs.actions import archive_run, describe_run, request_run, tag_run
from apps.runs.forms import RANGES, RunListing
from apps.runs.forms.columns import COLUMNS
from apps.runs.models import Run, RunMetrics, RunTag, SavedView
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.metrics import METRICS
from hewston.taskqueue import Status
from tests.api.program import Program, error_of
from tests.scenes import RUN_ID, add_run

OTHER = "bbbbbbbbbbbb"


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


def ids_of(page):
    return re.findall(r'<a class="mono" href="/runs/([0-9a-z]{12})/"', page.content.decode())


def add_done(catalogue, run_id, **figures):
    run = add_run(catalogue, run_id, Status.DONE)
    RunMetrics.objects.create(run=run, **figures)
    return run


def test_ranges_of_several_figures_narrow_together(ada, catalogue):
    add_done(catalogue, OTHER, sharpe=1.5, max_drawdown=0.1)
    add_done(catalogue, "cccccccccccc", sharpe=2.5, max_drawdown=0.3)
    add_done(catalogue, "dddddddddddd", sharpe=0.5, max_drawdown=0.1)
    assert ids_of(ada.get("/runs/?sharpe_min=1&max_drawdown_max=0.2")) == [OTHER]
    assert ids_of(ada.get("/runs/?sharpe_min=1&order=-sharpe")) == ["cccccccccccc", OTHER]
    assert ids_of(ada.get("/runs/?sharpe_min=1.5&sharpe_max=1.5")) == [OTHER]
    page = ada.get("/runs/?sharpe_min=1&max_drawdown_max=0.2").content.decode()
    assert "Sharpe ≥ 1" in page
    assert "Max drawdown ≤ 20 %" in page


def test_a_range_is_typed_in_three_fields_and_kept_as_one(ada):
    asked = {"status": "", "order": "-sharpe", "sharpe_min": "1", "page": "3"}
    typed = asked | {"figure": "max_drawdown", "end": "max", "value": "20 %"}
    answer = ada.get("/runs/", typed)
    assert answer["Location"] == "/runs/?order=-sharpe&sharpe_min=1&max_drawdown_max=0.2"
    typed["value"] = "many"
    page = ada.get("/runs/", typed, follow=True).content.decode()
    assert "The value of “max_drawdown_max” in this address is not known" in page


def test_every_metric_has_a_range(catalogue):
    program = Program(catalogue.ada, "read")
    for name in RANGES:
        assert program.get("/backtests", **{name: "0"}).status_code == 200, name


def test_words_are_found_in_ids_names_notes_and_tags(ada, catalogue):
    run = add_run(catalogue, OTHER, Status.ERROR)
    describe_run(run=run, name="Wider stop", note="Doubled the spread; 100% of it.", tags="trend")
    for text in ("bbbbbb", "WIDER", "doubled the", "trend", "stop trend", "100%", "der sto", "bb"):
        assert ids_of(ada.get("/runs/", {"q": text})) == [OTHER], text
    for text in ("wider entry", "100_", '"', '"""', "stop*", "narrow", "xx", "name:wider"):
        assert ids_of(ada.get("/runs/", {"q": text})) == [], text
    tag_run(run=run, add="xx", remove="trend")
    describe_run(run=run, name="Narrow")
    for text, found in (("xx", [OTHER]), ("trend", []), ("narrow", [OTHER]), ("wider", [])):
        assert ids_of(ada.get("/runs/", {"q": text})) == found, text
    run.delete()
    assert ids_of(ada.get("/runs/", {"q": "narrow"})) == []


def test_a_search_that_finds_too_many_says_so(ada, catalogue, monkeypatch):
    monkeypatch.setattr("apps.runs.models.MOST_FOUND", 2)
    for number in range(3):
        add_run(catalogue, f"{number:012x}", Status.ERROR, name="alike")
    page = ada.get("/runs/?q=alike&order=created")
    assert ids_of(page) == ["000000000001", "000000000002"]
    assert "More than" in page.content.decode()


def test_runs_of_others_take_no_place_in_what_a_search_finds(ada, catalogue, client, monkeypatch):
    monkeypatch.setattr("apps.runs.models.MOST_FOUND", 2)
    describe_run(run=catalogue.run, name="alike")
    for number in range(3):
        run = add_run(catalogue, f"{number:012x}", Status.ERROR, name="alike")
        Run.objects.filter(pk=run.pk).update(owner=catalogue.stranger)
    page = ada.get("/runs/?q=alike")
    assert ids_of(page) == [RUN_ID]
    assert "More than" not in page.content.decode()
    client.force_login(catalogue.owner)
    assert "More than" in client.get("/runs/?q=alike").content.decode()


@pytest.mark.parametrize("text", ["\0abc", "abc\0", "a " * 100, "abc" * 41])
def test_a_search_of_a_program_is_a_short_text(catalogue, text):
    program = Program(catalogue.ada, "read")
    error = error_of(program.get("/backtests", q=text), 422)
    assert error["details"]["field"] == "q"
    assert program.get("/backtests", q="a " * 60).status_code == 200


def test_any_part_of_a_long_list_is_what_sorting_all_of_it_gives(catalogue, monkeypatch):
    chance = random.Random(0)
    for number in range(40):
        run_id = f"{chance.getrandbits(48):012x}"
        if number % 4 == 0:
            add_run(catalogue, run_id, Status.ERROR)
        else:
            sharpe = None if number % 5 == 0 else float(number % 7)
            add_done(catalogue, run_id, sharpe=sharpe, max_drawdown=number / 40)
    runs = Run.objects.visible_to(catalogue.ada).archived(only=False)
    each: list[dict[str, float]] = [
        {},
        {"max_drawdown__lte": 0.5},
        {"sharpe__gte": 2, "max_drawdown__gte": 0.3},
    ]
    for ranges in each:
        for column in ("created_at", "strategy_id", "metrics__sharpe", "metrics__max_drawdown"):
            for falls in (True, False):
                asked = RunListing(
                    runs=runs, ranges=ranges, column=column, falls=falls, counts_all=True
                )
                whole = list(asked.query().values_list("pk", flat=True))
                for few in (3, 12, 1000):
                    monkeypatch.setattr("apps.runs.forms.paging.FEW", few)
                    listing = dataclasses.replace(asked)
                    assert listing.count() == len(whole)
                    for start in range(0, len(whole), 7):
                        assert listing[start : start + 7] == whole[start : start + 7]


def test_runs_are_counted_without_reading_their_rows(catalogue):
    for user in (catalogue.ada, catalogue.owner):
        runs = Run.objects.visible_to(user).archived(only=False).order_by()
        of_dataset = runs.filter(dataset=catalogue.dataset)
        for counted in (runs, runs.tagged("trend"), runs.known([RUN_ID]), of_dataset):
            plan = counted.values_list("pk").explain()
            assert re.search(r"SEARCH runs_run USING COVERING INDEX", plan), plan


def test_ranges_that_many_match_are_counted_to_a_limit(ada, catalogue, monkeypatch):
    monkeypatch.setattr("apps.runs.forms.paging.FEW", 2)
    for number in range(4):
        add_done(catalogue, f"{number:012x}", sharpe=1.0)
    page = ada.get("/runs/?sharpe_min=1")
    assert len(ids_of(page)) == 2
    assert page.content.decode().count("ore than 2") == 2
    assert Program(catalogue.ada, "read").get("/backtests", sharpe_min="1").json()["total"] == 4


def test_archived_runs_are_left_out_until_they_are_asked_for(ada, catalogue):
    archive_run(run=add_run(catalogue, OTHER, Status.ERROR))
    assert ids_of(ada.get("/runs/")) == [RUN_ID]
    assert ids_of(ada.get("/runs/?archived=only")) == [OTHER]
    assert ids_of(ada.get("/runs/?archived=any")) == [OTHER, RUN_ID]
    page = ada.get("/runs/?status=ERROR").content.decode()
    assert "look among those archived too" in page
    assert OTHER not in ada.get("/").content.decode()


def test_columns_are_chosen_and_one_that_sorts_is_shown(ada):
    answer = ada.get("/runs/?columns=size&columns=costs&columns=sharpe")
    assert answer["Location"] == "/runs/?columns=size,costs,sharpe"
    page = ada.get("/runs/?columns=size,costs&order=-beta").content.decode()
    heads = re.findall(r'<th scope="col".*?</th>', page)
    labels = [re.sub(r"<span class=\"hint.*?</span>|<[^>]+>", "", head) for head in heads]
    assert labels == ["", "Run", "Size", "Costs", "Beta"]
    assert re.search(r"0.5 . spread \+ 1 bps<", page)
    page = ada.get("/runs/?columns=nothing").content.decode()
    assert "The value of “columns” in this address is not known" in page


def test_every_column_has_a_cell_for_every_state(ada, catalogue):
    for number, status in enumerate(Status):
        add_run(catalogue, f"{number:012x}", status)
    page = ada.get("/runs/", {"columns": ",".join(COLUMNS)}).content.decode()
    row = page[page.index(f'value="{RUN_ID}"') :]
    assert row[: row.index("</tr>")].count("<td") == len(COLUMNS) + 1
    assert "None" not in re.sub(r"<[^>]+>", " ", page)


def test_several_runs_are_tagged_archived_restored_and_exported(ada, catalogue):
    add_run(catalogue, OTHER, Status.ERROR)
    both = {"id": [RUN_ID, OTHER], "query": "status=DONE"}
    answer = ada.post("/runs/change/", both | {"action": "tag", "tags": "Good, checked"})
    assert answer["Location"] == "/runs/?status=DONE"
    assert RunTag.objects.filter(name="good").count() == 2
    assert ids_of(ada.get("/runs/?tag=Good")) == [OTHER, RUN_ID]
    ada.post("/runs/change/", both | {"action": "untag", "tags": "good"})
    assert set(RunTag.objects.values_list("name", flat=True)) == {"checked"}
    ada.post("/runs/change/", both | {"action": "archive"})
    assert Run.objects.archived(only=True).count() == 2
    ada.post("/runs/change/", both | {"action": "restore"})
    assert Run.objects.archived(only=True).count() == 0
    answer = ada.post("/runs/change/", {"id": [OTHER], "action": "export"})
    assert answer.streaming  # 100,000 runs in one text would be a gigabyte
    exported = answer.getvalue().decode()
    [row] = csv.DictReader(io.StringIO(exported))
    assert (row["id"], row["tags"]) == (OTHER, "checked")


def test_several_runs_are_compared(ada, catalogue):
    add_run(catalogue, OTHER, Status.DONE)
    answer = ada.post("/runs/change/", {"id": [RUN_ID, OTHER], "action": "compare"})
    assert answer["Location"] == f"/runs/compare/?ids={RUN_ID},{OTHER}"
    page = ada.post("/runs/change/", {"id": [RUN_ID], "action": "compare"}, follow=True)
    assert "Choose 2 to 6 runs to compare them." in page.content.decode()


def test_several_runs_are_deleted_once_it_was_said_twice(ada, catalogue):
    add_run(catalogue, OTHER, Status.ERROR)
    add_run(catalogue, "cccccccccccc", Status.RUNNING)
    chosen = {"id": [OTHER, "cccccccccccc"], "action": "delete"}
    page = ada.post("/runs/change/", chosen).content.decode()
    assert "is removed" in page
    assert "stays: it is under way, cancel it first" in page
    assert Run.objects.count() == 3
    page = ada.post("/runs/change/", chosen | {"sure": "yes"}, follow=True).content.decode()
    assert "1 run deleted." in page
    assert "Run cccccccccccc is under way: cancel it first." in page
    assert set(Run.objects.values_list("pk", flat=True)) == {RUN_ID, "cccccccccccc"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"action": "archive"}, "Choose the runs first."),
        ({"id": [RUN_ID], "action": "tag", "tags": " , "}, "Say which tags."),
        ({"id": [RUN_ID], "action": "tag", "tags": "x" * 41}, "cannot be used"),
        ({"id": [RUN_ID], "action": "burn"}, "action is burn, but must be one of"),
        ({"id": [RUN_ID] * 101, "action": "archive"}, "at most 100 runs at once"),
    ],
)
def test_a_change_that_says_too_little_changes_nothing(ada, catalogue, asked, said):
    assert said in ada.post("/runs/change/", asked, follow=True).content.decode()
    assert not RunTag.objects.exists()
    assert Run.objects.archived(only=False).count() == 1


def test_nobody_changes_what_is_somebody_elses(client, catalogue):
    client.force_login(catalogue.stranger)
    for action in ("tag", "archive", "delete", "export", "compare"):
        asked = {"id": [RUN_ID], "action": action, "tags": "mine", "sure": "yes"}
        page = client.post("/runs/change/", asked, follow=True).content.decode()
        assert "Choose the runs first." in page
    assert not RunTag.objects.exists()
    assert Run.objects.archived(only=False).count() == 1


def test_a_runs_page_shows_and_changes_its_tags_and_where_it_is_kept(ada, catalogue):
    page = f"/runs/{RUN_ID}/"
    sent = {"name": "Wide", "note": "", "tags": "Trend, checked"}
    shown = ada.post(f"{page}describe/", sent, follow=True).content.decode()
    assert '<a class="tag" href="/runs/?tag=trend">trend</a>' in shown
    assert 'name="tags" value="checked, trend"' in shown
    ada.post(f"{page}describe/", {"name": "Wider"})
    assert catalogue.run.tags.count() == 2
    asked = {"id": [RUN_ID], "action": "archive", "stay": "1"}
    kept = ada.post("/runs/change/", asked)
    assert kept["Location"] == page
    shown = ada.get(page).content.decode()
    assert ">archived</span>" in shown
    assert 'value="restore">Restore</button>' in shown
    ada.post("/runs/change/", asked | {"action": "restore"})
    assert ">archived</span>" not in ada.get(page).content.decode()


def test_a_run_under_way_is_not_archived(catalogue):
    run = add_run(catalogue, OTHER, Status.QUEUED)
    with pytest.raises(HewstonError, match="is under way: cancel it first"):
        archive_run(run=run)


def test_tags_are_kept_as_those_of_datasets(catalogue):
    tag_run(run=catalogue.run, add="  Trend  following, x ,x")
    assert list(catalogue.run.tags.values_list("name", flat=True)) == ["trend following", "x"]
    with pytest.raises(InputError, match="at most 20 are kept"):
        tag_run(run=catalogue.run, add=",".join(map(str, range(20))))
    with pytest.raises(IntegrityError), transaction.atomic():
        RunTag.objects.create(run=catalogue.run, name="Loud")


def test_a_view_is_saved_replaced_opened_renamed_and_deleted(ada, catalogue):
    query = "sharpe_min=1&columns=size,sharpe"
    saved = ada.post("/runs/views/", {"name": " Good ones ", "query": query})
    assert saved["Location"] == f"/runs/?{query}"
    page = ada.get(f"/runs/?{query}").content.decode()
    assert re.search(r'<a href="/runs/\?sharpe_min[^"]+" aria-current="true">Good ones</a>', page)
    ada.post("/runs/views/", {"name": "Good ones", "query": "sharpe_min=2"})
    view = SavedView.objects.get()
    assert (view.owner, view.query) == (catalogue.ada, "sharpe_min=2")
    ada.post(f"/runs/views/{view.pk}/rename/", {"name": "Best"})
    assert "Best" in ada.get("/runs/views/").content.decode()
    ada.post("/runs/views/", {"name": "Other", "query": ""})
    page = ada.post(f"/runs/views/{view.pk}/rename/", {"name": "Other"}, follow=True)
    assert "There is a view named Other already." in page.content.decode()
    ada.post(f"/runs/views/{view.pk}/delete/")
    assert list(SavedView.objects.values_list("name", flat=True)) == ["Other"]


def test_the_view_named_default_opens_first(ada, client, catalogue):
    ada.post("/runs/views/", {"name": "Default", "query": "columns=size"})
    assert ada.get("/runs/")["Location"] == "/runs/?columns=size"
    assert ids_of(ada.get("/runs/?order=-created")) == [RUN_ID]
    client.force_login(catalogue.stranger)
    assert client.get("/runs/").status_code == 200


@pytest.mark.parametrize("query", ["&", "=", "page=3", "status=&q="])
def test_a_view_of_nothing_opens_the_list(ada, query):
    ada.post("/runs/views/", {"name": "Default", "query": query})
    assert SavedView.objects.get().query == ""
    assert ada.get("/runs/").status_code == 200


def test_a_view_of_too_many_fields_is_refused(ada, catalogue):
    query = "&".join("a" * 1_200)
    page = ada.post("/runs/views/", {"name": "Default", "query": query}, follow=True)
    assert page.status_code == 200
    assert "has too many fields to be read" in page.content.decode()
    kept = Program(catalogue.ada, "run").post("/api/run-views", {"name": "x", "query": query})
    assert error_of(kept, 422)["details"]["field"] == "query"
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("query", ["&", "&".join("a" * 1_200)])
def test_a_view_kept_before_they_were_checked_shuts_nobody_out(ada, catalogue, query):
    SavedView.objects.create(owner=catalogue.ada, name="Default", query=query)
    for address in ("/runs/", "/runs/?order=-created", "/runs/views/"):
        assert ada.get(address).status_code == 200


def test_a_view_needs_a_name(ada):
    page = ada.post("/runs/views/", {"name": " ", "query": ""}, follow=True).content.decode()
    assert "has 1 to 80 characters that can be shown" in page
    assert not SavedView.objects.exists()


def test_a_program_finds_describes_and_changes_runs(catalogue):
    program = Program(catalogue.ada, "run")
    add_done(catalogue, OTHER, sharpe=1.5)
    add_run(catalogue, "cccccccccccc", Status.RUNNING)
    changed = program.send(
        "PATCH", f"/backtests/{OTHER}", '{"name": "wide", "tags": ["Good"], "archived": true}'
    ).json()
    assert (changed["name"], changed["tags"], changed["archived"]) == ("wide", ["good"], True)
    assert changed["note"] == ""
    found = program.get("/backtests", q="wide", tag="good", archived="any", sharpe_min="1.2").json()
    assert [one["run_id"] for one in found["items"]] == [OTHER]
    assert program.get("/backtests").json()["total"] == 2
    ids = [OTHER, "cccccccccccc", "eeeeeeeeeeee"]
    told = program.post("/backtests/change", {"ids": ids, "action": "delete"}).json()
    assert told["changed"] == [OTHER]
    assert {one["run_id"]: one["code"] for one in told["refused"]} == {
        "cccccccccccc": "CONFLICT",
        "eeeeeeeeeeee": "RUN_NOT_FOUND",
    }


def test_a_program_keeps_views(catalogue):
    program = Program(catalogue.ada, "run")
    asked = {"name": "Good", "query": "sharpe_min=1"}
    made = program.post("/api/run-views", asked)
    assert made.status_code == 201
    assert program.post("/api/run-views", asked).status_code == 200
    assert program.get("/api/run-views").json()["items"] == [made.json()]
    path = f"/api/run-views/{made.json()['view_id']}"
    assert program.send("DELETE", path).status_code == 204
    assert program.get("/api/run-views").json()["total"] == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "ids"),
        ({"ids": [], "action": "archive"}, "ids"),
        ({"ids": [5], "action": "archive"}, "ids"),
        ({"ids": [RUN_ID] * 101, "action": "archive"}, "ids"),
        ({"ids": [RUN_ID], "action": "burn"}, "action"),
        ({"ids": [RUN_ID], "action": "tag"}, "tags"),
        ({"ids": [RUN_ID], "action": "tag", "tags": "x"}, "tags"),
        ({"ids": [RUN_ID], "action": "tag", "tug": []}, "tug"),
    ],
)
def test_a_change_by_a_program_is_checked(catalogue, body, field):
    error = error_of(Program(catalogue.ada, "run").post("/backtests/change", body), 422)
    assert error["details"]["field"] == field


def test_the_same_inputs_are_found_however_a_run_is_kept(catalogue):
    run = catalogue.run
    archive_run(run=run)
    again, is_new = request_run(owner=catalogue.ada, revision=catalogue.revision, spec=run.run_spec)
    assert (again.pk, is_new) == (RUN_ID, False)
    assert set(METRICS) == {name for name, _ in RANGES.values()}
