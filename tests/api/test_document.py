"""The OpenAPI document says what the API does."""

import json
import re

import pytest
from django.http import HttpResponse
from django.test import Client
from ninja import Schema

from apps.datasets.api.catalogue import DatasetList, DatasetOut
from apps.datasets.api.ingests import IngestList, IngestOut
from apps.datasets.api.tables import PresetList, PresetOut, TablePreview
from apps.permissions.api import TokenList
from apps.runs.api import RunStarted
from apps.runs.api.ladder import LadderOut
from apps.runs.api.listing import RunDetail, RunList
from hewston.api import api
from hewston.openapi import Problem
from hewston.webserver.request import UPLOAD_PATHS
from tests.datasets.tables import write_table
from tests.scenes import DATASET_ID, RUN_ID

CONTRACT = {
    ("post", "/backtests"),
    ("get", "/backtests"),
    ("get", "/backtests/{run_id}"),
    ("post", "/backtests/{run_id}/cancel"),
    *(("get", f"/backtests/{{run_id}}/{name}") for name in ("equity", "orders", "fills", "trades")),
    ("get", "/backtests/{run_id}/signals"),
    *((method, "/backtests/{run_id}/ladder") for method in ("get", "post")),
    ("get", "/backtests/{run_id}/manifest"),
    ("get", "/api/metrics"),
    ("get", "/api/datasets"),
    ("post", "/api/datasets"),
    ("post", "/api/datasets/preview"),
    *((method, "/api/table-presets") for method in ("get", "post")),
    ("delete", "/api/table-presets/{preset_id}"),
    ("get", "/api/datasets/{dataset_id}"),
    ("get", "/api/datasets/{dataset_id}/bars"),
    ("get", "/api/ingests/{ingest_id}"),
    ("post", "/api/ingests/{ingest_id}/cancel"),
    *((method, "/api/strategies") for method in ("get", "post")),
    ("post", "/api/strategies/check"),
    *((m, "/api/strategies/{owner}/{slug}") for m in ("get", "patch", "delete")),
    *((method, "/api/strategies/{owner}/{slug}/versions") for method in ("get", "post")),
    ("get", "/api/strategies/{owner}/{slug}/versions/{number}/source"),
    ("get", "/api/strategies/{owner}/{slug}/diff"),
    ("get", "/api/tokens"),
    ("post", "/api/tokens"),
    ("delete", "/api/tokens/{token_id}"),
}


@pytest.fixture
def document(ada):
    return ada.get("/api/openapi.json").json()


def operations(document):
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_address_of_the_contract_is_in_it(document):
    assert set(operations(document)) >= CONTRACT


def test_the_web_server_lets_files_in_wherever_they_are_taken(document):
    takes_files = [
        path
        for (_, path), operation in operations(document).items()
        if "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
    ]
    assert len(takes_files) == 7
    assert [path for path in takes_files if not UPLOAD_PATHS.fullmatch(path.encode())] == []


def test_every_reference_leads_somewhere(document):
    schemas = document["components"]["schemas"]
    for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)):
        assert name in schemas


def test_every_operation_says_who_may_use_it_and_how_it_refuses(document):
    schemes = document["components"]["securitySchemes"]
    assert schemes["BearerToken"]["scheme"] == "bearer"
    assert schemes["SessionCookie"]["name"] == "hewston_session"
    for (method, path), operation in operations(document).items():
        assert {"SessionCookie": []} in operation["security"], path
        assert {"401", "403"} <= set(operation["responses"]), path
        assert operation["summary"], path
        if method != "get" and not path.startswith("/api/tokens"):
            (token, _) = operation["security"]
            assert token["BearerToken"] in (["run"], ["ingest"]), path


def test_every_operation_has_a_name_of_its_own(document):
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(names) == len(set(names))


def test_what_is_sent_is_what_it_says(ada, catalogue, settings, tmp_path):
    settings.INBOX = tmp_path
    (tmp_path / "spy.csv").write_text(write_table())
    made = ada.post("/backtests", {"dataset_id": DATASET_ID, "strategy_id": "buy_and_hold"})
    answers: list[tuple[type[Schema], HttpResponse]] = [
        (RunStarted, made),
        (RunList, ada.get("/backtests")),
        (RunDetail, ada.get(f"/backtests/{RUN_ID}")),
        (RunDetail, ada.get(made["Location"])),
        (LadderOut, ada.get(f"/backtests/{RUN_ID}/ladder")),
        (LadderOut, ada.post(f"/backtests/{RUN_ID}/ladder")),
        (DatasetList, ada.get("/api/datasets")),
        (DatasetOut, ada.get(f"/api/datasets/{DATASET_ID}")),
        (IngestList, ada.get("/api/ingests")),
        (IngestOut, ada.get(f"/api/ingests/{catalogue.ingest.pk}")),
        (TokenList, ada.get("/api/tokens")),
        (TablePreview, ada.post("/api/datasets/preview", {"inbox": "spy.csv"})),
        (PresetOut, ada.post("/api/table-presets", {"name": "broker", "tz": "UTC"})),
        (PresetList, ada.get("/api/table-presets")),
        (Problem, ada.get("/backtests/nothing")),
    ]
    for schema, answer in answers:
        sent = json.loads(answer.content)
        # Read back by its schema it is the same: nothing more, and nothing of another type.
        assert schema.model_validate(sent).model_dump(by_alias=True, exclude_unset=True) == sent


def test_the_example_of_a_run_is_taken(ada, document):
    body = operations(document)["post", "/backtests"]["requestBody"]["content"]["application/json"]
    example = body["example"] | {"dataset_id": DATASET_ID}
    assert ada.post("/backtests", example).status_code == 202


def test_every_key_of_a_run_is_in_it(ada, document):
    body = operations(document)["post", "/backtests"]["requestBody"]["content"]["application/json"]
    refused = ada.post("/backtests", {"feed": 1}).json()["error"]["details"]["allowed"]
    assert set(body["schema"]["properties"]) == set(refused)


def test_it_speaks_of_the_stream_and_the_socket():
    assert "/backtests/{id}/stream" in api.description
    assert "/backtests/{id}/ws" in api.description


def test_the_reference_shows_every_operation_from_here_alone(catalogue, document):
    client = Client()
    client.force_login(catalogue.ada)
    page = client.get("/api/docs").content.decode()
    for operation in operations(document).values():
        assert f'id="{operation["operationId"]}"' in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "<style" not in page
    assert " style=" not in page
