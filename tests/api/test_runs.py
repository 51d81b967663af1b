"""POST, GET, PATCH and DELETE of runs: each line of the contract."""

import json

import polars as pl
import pytest

from apps.datasets.models import Dataset, Revision
from apps.runs.models import Run, RunMetrics
from apps.runs.tasks import perform_run
from hewston.pipeline import artifacts, breakdown
from hewston.pipeline.metrics import METRICS
from hewston.taskqueue import Status
from tests.api.program import Program, error_of
from tests.scenes import DATASET_ID, RUN_ID, add_run

BODY = {
    "dataset_id": DATASET_ID,
    "strategy_id": "sma_crossover",
    "params": {"fast": 7, "slow": 30},
    "seed": 42,
    "slippage_fees": {"k_spread": 0.5, "fees_bps": 1},
}
DEFAULTS = {
    "session": "regular",
    "fill_clock": "next_open",
    "size": 1.0,
    "starting_cash": 100_000.0,
    "max_leverage": 1.0,
}


def test_a_new_run_is_queued_and_the_same_inputs_exist(ada):
    first = ada.post("/backtests", BODY)
    assert first.status_code == 202
    assert first.json() == {"run_id": Run.objects.exclude(pk=RUN_ID).get().pk, "status": "QUEUED"}
    again = ada.post("/backtests", {**BODY, "speed": 5, "name": "another"})
    assert again.status_code == 200
    assert again.json() == {"run_id": first.json()["run_id"], "status": "EXISTS"}
    assert first["Location"] == again["Location"] == f"/backtests/{first.json()['run_id']}"


def test_what_was_asked_for_is_shown_with_its_defaults(ada):
    words = {"name": "baseline", "note": "n\nm", "speed": 120}
    run_id = ada.post("/backtests", BODY | words).json()["run_id"]
    shown = ada.get(f"/backtests/{run_id}").json()
    assert {name: shown[name] for name in DEFAULTS} == DEFAULTS
    assert {name: shown[name] for name in words} == words
    assert shown["params"] == BODY["params"]
    assert shown["seed"] == 42
    assert (shown["from"], shown["to"]) == ("2023-10-30", "2023-11-07")
    assert shown["slippage_fees"] == {
        "k_spread": 0.5,
        "slippage_ticks": 0.0,
        "fees_bps": 1.0,
        "fee_per_unit": 0.0,
        "spread_fallback": None,
    }
    assert (shown["status"], shown["metrics"], shown["artifacts"]) == ("QUEUED", {}, {})
    assert shown["manifest"] is None
    assert shown["created_at"].endswith("Z")


def test_a_run_of_a_symbol_takes_the_newest_dataset_that_covers_the_range(ada):
    asked = {"symbol": "ACME", "from": "2023-10-31", "to": "2023-11-02"}
    body = {name: value for name, value in BODY.items() if name != "dataset_id"}
    run_id = ada.post("/backtests", body | asked).json()["run_id"]
    shown = ada.get(f"/backtests/{run_id}").json()
    assert shown["dataset_id"] == DATASET_ID
    assert (shown["from"], shown["to"]) == ("2023-10-31", "2023-11-02")


def test_a_symbol_of_two_sources_is_asked_back(ada, catalogue):
    other = Dataset.objects.get()
    other.pk, other.venue_code = "ACME-ARCX", "ARCX.PILLAR"
    other.save(force_insert=True)
    body = {name: value for name, value in BODY.items() if name != "dataset_id"}
    asked = {"symbol": "ACME", "from": "2023-10-31", "to": "2023-11-02"}
    error = error_of(ada.post("/backtests", body | asked), 422)
    assert sorted(error["details"]["allowed"]) == [DATASET_ID, "ACME-ARCX"]


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"dataset_id": "ACNE-2023-1m"}, 404, "DATASET_NOT_FOUND", "dataset_id"),
        ({"dataset_id": None}, 422, "VALIDATION", "dataset_id"),
        ({"dataset_id": 7}, 422, "VALIDATION", "dataset_id"),
        ({"symbol": "ACME"}, 422, "VALIDATION", "symbol"),
        ({"dataset_id": None, "symbol": "ACME"}, 422, "VALIDATION", "from"),
        (
            {"dataset_id": None, "symbol": "ACNE", "from": "2023-11-01", "to": "2023-11-02"},
            404,
            "DATASET_NOT_FOUND",
            "symbol",
        ),
        ({"strategy_id": None}, 422, "VALIDATION", "strategy_id"),
        ({"strategy_id": "sma"}, 404, "STRATEGY_NOT_FOUND", "strategy_id"),
        ({"params": {"fats": 7}}, 422, "VALIDATION", "params.fats"),
        ({"params": {"fast": "x"}}, 422, "VALIDATION", "params.fast"),
        ({"params": [1]}, 422, "VALIDATION", "params"),
        ({"seed": -1}, 422, "VALIDATION", "seed"),
        ({"seed": 1.5}, 422, "VALIDATION", "seed"),
        ({"seed": True}, 422, "VALIDATION", "seed"),
        ({"seed": 10**30}, 422, "VALIDATION", "seed"),
        ({"size": 0}, 422, "VALIDATION", "size"),
        ({"starting_cash": "plenty"}, 422, "VALIDATION", "starting_cash"),
        ({"max_leverage": 1001}, 422, "VALIDATION", "max_leverage"),
        ({"session": "night"}, 422, "VALIDATION", "session"),
        ({"fill_clock": "open"}, 422, "VALIDATION", "fill_clock"),
        ({"from": "2023-10-29"}, 422, "VALIDATION", "from"),
        ({"to": "2023-11-08"}, 422, "VALIDATION", "to"),
        ({"from": "2023-11-03", "to": "2023-11-02"}, 422, "VALIDATION", "from"),
        ({"from": "yesterday"}, 422, "VALIDATION", "from"),
        ({"speed": 0}, 422, "VALIDATION", "speed"),
        ({"speed": 2001}, 422, "VALIDATION", "speed"),
        ({"name": "x" * 121}, 422, "VALIDATION", "name"),
        ({"note": 5}, 422, "VALIDATION", "note"),
        ({"feed": 42}, 422, "VALIDATION", "feed"),
        ({"k_spread": 1}, 422, "VALIDATION", "k_spread"),
        ({"slippage_fees": {"k_spred": 1}}, 422, "VALIDATION", "slippage_fees.k_spred"),
        ({"slippage_fees": {"fees_bps": -1}}, 422, "VALIDATION", "slippage_fees.fees_bps"),
        ({"slippage_fees": 1}, 422, "VALIDATION", "slippage_fees"),
        (
            {"slippage_fees": {"spread_fallback": {"pips": 1}}},
            422,
            "VALIDATION",
            "slippage_fees.spread_fallback.pips",
        ),
        ({"spread_fallback": 3}, 422, "VALIDATION", "spread_fallback"),
        ({"spread_fallback": {"ticks": 1, "bps": 1}}, 422, "VALIDATION", "spread_fallback"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(ada, change, status, code, field):
    error = error_of(ada.post("/backtests", BODY | change), status)
    assert (error["code"], error["details"]["field"]) == (code, field)
    assert Run.objects.count() == 1


def test_a_misspelt_key_is_corrected(ada):
    assert (
        "Did you mean seed?" in error_of(ada.post("/backtests", BODY | {"sed": 1}), 422)["message"]
    )
    message = error_of(ada.post("/backtests", BODY | {"fees_bps": 1}), 422)["message"]
    assert "slippage_fees" in message


def test_data_without_quotes_needs_a_spread(ada, catalogue):
    Dataset.objects.update(products=["TRADES"])
    error = error_of(ada.post("/backtests", BODY), 422)
    assert error["details"]["field"] == "spread_fallback"
    for more in ({"spread_fallback": {"ticks": 2}}, {"slippage_fees": {"k_spread": 0}}):
        assert ada.post("/backtests", BODY | more).status_code == 202


@pytest.mark.parametrize("header", ["Idempotency_Key", "X_Idempotency_Key"])
def test_a_key_answers_with_its_run_and_refuses_another_body(ada, header):
    first = ada.post("/backtests", BODY, **{header: "k1"})
    assert first.status_code == 202
    again = ada.post("/backtests", BODY, Idempotency_Key="k1")
    assert (again.status_code, again.json()["status"]) == (200, "EXISTS")
    error = error_of(ada.post("/backtests", BODY | {"seed": 43}, **{header: "k1"}), 409)
    assert error["code"] == "IDEMPOTENCY_CONFLICT"


def test_a_key_knows_a_body_that_spells_its_defaults_out(ada):
    first = ada.post("/backtests", BODY, Idempotency_Key="k1").json()
    spelt = {
        **BODY,
        **DEFAULTS,
        "seed": "42",
        "size": 1,
        "speed": 60.0,
        "from": None,
        "slippage_fees": {"fees_bps": 1.0, "slippage_ticks": 0, "k_spread": 0.5},
    }
    again = ada.post("/backtests", dict(reversed(spelt.items())), Idempotency_Key="k1")
    assert again.json() == {"run_id": first["run_id"], "status": "EXISTS"}


def test_a_key_answers_whatever_became_of_its_run_and_without_it_there_is_a_new_one(ada):
    first = ada.post("/backtests", BODY, Idempotency_Key="k1").json()["run_id"]
    assert ada.post(f"/backtests/{first}/cancel").status_code == 200
    assert ada.post("/backtests", BODY, Idempotency_Key="k1").json()["run_id"] == first
    fresh = ada.post("/backtests", BODY)
    assert fresh.status_code == 202
    assert fresh.json()["run_id"] != first


def test_a_key_is_a_persons_own(ada, catalogue, mallory):
    ada.post("/backtests", BODY, Idempotency_Key="k1")
    error = error_of(mallory.post("/backtests", BODY, Idempotency_Key="k1"), 404)
    assert error["code"] == "DATASET_NOT_FOUND"


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "k\u00e9"])
def test_a_key_that_cannot_be_is_refused(ada, key):
    error = error_of(ada.post("/backtests", BODY, Idempotency_Key=key), 422)
    assert error["details"]["field"] == "Idempotency-Key"


def test_two_keys_that_differ_are_refused(ada):
    answer = ada.post("/backtests", BODY, Idempotency_Key="a", X_Idempotency_Key="b")
    assert "differ" in error_of(answer, 422)["message"]
    same = ada.post("/backtests", BODY, Idempotency_Key="a", X_Idempotency_Key="a")
    assert same.status_code == 202


@pytest.mark.django_db(transaction=True)
def test_a_run_goes_from_queued_to_its_metrics_and_artifacts(ada):
    run_id = ada.post("/backtests", BODY).json()["run_id"]
    not_ready = error_of(ada.get(f"/backtests/{run_id}/equity"), 409)
    assert (not_ready["code"], not_ready["details"]["status"]) == ("RUN_NOT_READY", "QUEUED")
    perform_run(Run.objects.get(pk=run_id))
    shown = ada.get(f"/backtests/{run_id}").json()
    assert (shown["status"], shown["attempt"], shown["error"]) == ("DONE", 1, None)
    assert set(shown["metrics"]) == set(METRICS)
    assert shown["metrics"]["trades"] > 0
    for address in [*shown["artifacts"].values(), shown["manifest"]]:
        assert ada.get(address).status_code == 200
    assert error_of(ada.post(f"/backtests/{run_id}/cancel"), 409)["code"] == "RUN_ENDED"


def test_a_run_is_cancelled_once(ada):
    run_id = ada.post("/backtests", BODY).json()["run_id"]
    assert ada.post(f"/backtests/{run_id}/cancel").json()["status"] == "CANCELLED"
    assert error_of(ada.post(f"/backtests/{run_id}/cancel"), 409)["code"] == "RUN_ENDED"
    assert error_of(ada.get(f"/backtests/{run_id}/fills"), 409)["code"] == "RUN_NOT_READY"


def test_a_run_is_named_and_deleted(ada):
    run_id = ada.post("/backtests", BODY).json()["run_id"]
    address = f"/backtests/{run_id}"
    named = ada.send("PATCH", address, json.dumps({"name": "baseline"}))
    assert (named.json()["name"], named.json()["note"]) == ("baseline", "")
    ada.send("PATCH", address, json.dumps({"note": "why"}))
    assert ada.get(address).json()["name"] == "baseline"
    error = error_of(ada.send("PATCH", address, json.dumps({"seed": 1})), 422)
    assert error["details"]["field"] == "seed"
    assert error_of(ada.send("DELETE", address), 409)["code"] == "CONFLICT"
    ada.post(f"{address}/cancel")
    assert ada.send("DELETE", address).status_code == 204
    assert error_of(ada.get(address), 404)["code"] == "RUN_NOT_FOUND"


@pytest.mark.parametrize(
    ("method", "end"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/cancel"),
        *(("GET", f"/{name}") for name in ("equity", "orders", "fills", "trades", "signals")),
        *(("GET", f"/{name}") for name in ("manifest", "metrics", "log")),
    ],
)
@pytest.mark.parametrize("run_id", [RUN_ID, "nothing"])
def test_what_is_not_yours_does_not_exist(mallory, method, end, run_id):
    error = error_of(mallory.send(method, f"/backtests/{run_id}{end}", "{}"), 404)
    assert error["code"] == "RUN_NOT_FOUND"
    assert mallory.get("/backtests").json()["total"] == 0


def test_the_list_filters(ada, catalogue):
    for number, status in enumerate([Status.ERROR, Status.CANCELLED, Status.DONE]):
        add_run(catalogue, f"{number:012x}", status)
    Run.objects.filter(pk="0" * 12).update(strategy_id="buy_and_hold")
    short = ada.post("/backtests", BODY | {"from": "2023-11-01", "to": "2023-11-02"}).json()

    def ask(**query):
        return {item["run_id"] for item in ada.get("/backtests", **query).json()["items"]}

    assert ask(status="ERROR") == {"0" * 12}
    assert ask(strategy_id="buy_and_hold") == {"0" * 12}
    assert ask(symbol="ACNE") == set()
    assert len(ask(symbol="ACME")) == 5
    for dates, is_found in [
        (("2023-11-02", "2023-11-03"), True),
        (("2023-10-30", "2023-11-01"), True),
        (("2023-11-03", "2023-11-07"), False),
        (("2023-10-30", "2023-10-31"), False),
        (("2024-01-01", "2024-12-31"), False),
    ]:
        query = dict(zip(("from", "to"), dates, strict=True))
        assert (short["run_id"] in ask(**query)) is is_found, dates


def test_pages_of_the_list_meet_without_gap_or_repetition(ada, catalogue):
    for number in range(12):  # all with the same figures and times
        add_run(catalogue, f"{number:012x}", Status.ERROR, created_at=catalogue.run.created_at)
    whole = ada.get("/backtests", limit=500).json()
    assert (whole["total"], whole["limit"], whole["offset"]) == (13, 500, 0)
    for order in ("-created_at", "created_at", "-sharpe", "sharpe", "status", "-symbol"):
        pages = [
            item["run_id"]
            for offset in range(0, 15, 5)
            for item in ada.get("/backtests", limit=5, offset=offset, order=order).json()["items"]
        ]
        assert len(pages) == len(set(pages)) == 13, order
    assert ada.get("/backtests", offset=13).json()["items"] == []


@pytest.mark.parametrize("name", ["net_profit", "sharpe", "trades", "max_drawdown"])
def test_the_list_is_sorted_by_a_metric_both_ways_with_the_unknown_last(ada, catalogue, name):
    values = [3, None, 1, 2]
    Run.objects.all().delete()
    for number, value in enumerate(values):
        run = add_run(catalogue, f"{number:012x}", Status.RUNNING)
        run.claim()
        catalogue.run.metrics.__class__.objects.create(run=run, **{name: value})
    for order, expected in ((name, [1, 2, 3, None]), (f"-{name}", [3, 2, 1, None])):
        items = ada.get("/backtests", order=order).json()["items"]
        assert [item["metrics"][name] for item in items] == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": 10**12}, "offset"),
        ({"status": "done"}, "status"),
        ({"from": "2023-13-01"}, "from"),
        ({"from": "2023-02-01", "to": "2023-01-01"}, "from"),
        ({"order": "-sharp"}, "order"),
        ({"strategy": "sma_crossover"}, "strategy"),
        ({"limit": [1, 2]}, "limit"),
    ],
)
def test_a_query_that_cannot_be_is_refused_with_its_field(ada, query, field):
    error = error_of(ada.get("/backtests", **query), 422)
    assert error["details"]["field"] == field


def test_a_misspelt_order_is_corrected(ada):
    message = error_of(ada.get("/backtests", order="-sharp"), 422)["message"]
    assert "Did you mean sharpe?" in message


def test_the_list_opens_no_artifact_and_asks_the_database_little(
    ada, catalogue, django_assert_max_num_queries, monkeypatch
):
    for number in range(30):
        add_run(catalogue, f"{number:012x}", Status.ERROR)
    monkeypatch.setattr("pathlib.Path.open", None)
    with django_assert_max_num_queries(9):  # one of them for the tags of all
        assert ada.get("/backtests").json()["total"] == 31


def test_an_administrator_sees_every_run(catalogue):
    owner = Program(catalogue.owner, "read")
    assert owner.get("/backtests").json()["total"] == 1
    assert owner.get(f"/backtests/{RUN_ID}").json()["owner"] == "ada"


def test_the_newest_revision_is_run(ada, catalogue):
    Revision.objects.update(number=1)
    newer = Revision.objects.get()
    newer.pk, newer.number, newer.bars_sha256 = None, 2, "b" * 64
    newer.save()
    run_id = ada.post("/backtests", BODY).json()["run_id"]
    assert ada.get(f"/backtests/{run_id}").json()["revision"] == 2


def test_every_metric_is_described_and_a_run_has_each(ada, catalogue):
    described = ada.get("/api/metrics").json()
    assert described["total"] == len(METRICS)
    assert [one["key"] for one in described["items"]] == list(METRICS)
    (sharpe,) = [one for one in described["items"] if one["key"] == "sharpe"]
    assert sharpe["sample"] == "daily return"
    assert sharpe["least"] == 20
    assert sharpe["annualised"] == "by their square root"
    assert "Politis and Romano 1994" in sharpe["band"]
    assert [one["key"] for one in described["items"] if one["band"]] == ["total_return", "sharpe"]
    assert set(ada.get(f"/backtests/{RUN_ID}").json()["metrics"]) == set(METRICS)


def test_runs_are_sorted_by_every_metric(ada, catalogue):
    for run_id, value in (("d" * 12, 10**9), ("e" * 12, -(10**9)), ("f" * 12, None)):
        run = add_run(catalogue, run_id, Status.DONE)
        RunMetrics.objects.create(run=run, **dict.fromkeys(METRICS, value))
    for key in METRICS:
        for order, expected in ((f"-{key}", "de"), (key, "ed")):
            runs = ada.get("/backtests", order=order).json()["items"]
            ids = [run["run_id"] for run in runs if run["metrics"][key] is not None]
            assert (ids[0][0], ids[-1][0]) == tuple(expected)
            assert runs[-1]["metrics"][key] is None


def test_trades_are_chosen_sorted_and_grouped_as_on_the_page(ada, catalogue):
    placed = breakdown.read_trades(catalogue.run.stored)
    where = f"/backtests/{RUN_ID}/trades"
    assert ada.get(where).json()["total"] == placed.height
    assert "session" not in ada.get(where).json()["items"][0]  # as it is stored
    found = ada.get(where, side="SHORT", result="win", order="-net_pnl").json()
    expected = placed.filter(
        (pl.col("side") == "SHORT") & (pl.col("net_pnl") > 0) & pl.col("exit_ts").is_not_null()
    ).sort("net_pnl", descending=True)
    assert [row["trade_id"] for row in found["items"]] == expected["trade_id"].to_list()
    assert {row["session"] for row in found["items"]} == {"regular"}
    groups = ada.get(where, group_by="hour").json()["items"]
    assert sum(group["trades"] for group in groups) == placed["exit_ts"].count()
    assert {group["average"] for group in groups if group["trades"] < 10} == {None}
    assert ada.get(where, side="LONG", format="csv").content.count(b"\n") > 2
    refused = ada.get(where, weekday=8)
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (422, "weekday")
    turned = ada.get(where, **{"from": "2023-11-03", "to": "2023-11-01"})
    assert turned.json()["error"]["details"]["field"] == "from"


def test_equity_is_given_by_exchange_date(ada, stage):
    equity = artifacts.read_frame(stage.run_folder, "equity")
    days = ada.get(f"/backtests/{RUN_ID}/equity", sampling="daily").json()
    assert days["total"] == 7
    assert days["items"][0]["date"] == "2023-10-30"
    assert days["items"][-1]["equity"] == equity["equity"][-1]
    assert days["items"][0]["sharpe"] is None
    assert ada.get(f"/backtests/{RUN_ID}/equity").json()["total"] == equity.height


def test_a_run_is_broken_down(ada, stage):
    found = ada.get(f"/backtests/{RUN_ID}/breakdown").json()
    assert found["drawdowns"][0]["depth"] == stage.metrics["max_drawdown"]
    assert found["drawdowns"][0]["start"].endswith("Z")
    assert len(found["days"]) == 7
    [year] = found["years"]
    assert year["total"] == pytest.approx(stage.metrics["total_return"])
    assert sum(one["count"] for one in found["trade_returns"]) == stage.metrics["trades"]
    assert sum(one["count"] for one in found["daily_returns"]) == 7
