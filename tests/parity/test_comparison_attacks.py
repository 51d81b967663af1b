"""What strangers, odd questions and damaged files do to comparisons: they get a sentence."""

import csv
import io
import json

import pytest

from apps.parity.models import BridgeArtifact, Comparison
from apps.parity.tasks import work_on_comparison
from apps.runs.models import Run
from hewston.taskqueue import Status
from tests.bridges import ARTIFACT_ID, add_artifact
from tests.comparisons import add_parted, request
from tests.scenes import RUN_ID

LIST = "/api/parity/comparisons"
OTHER_ID = "eeeeeeeeeee1"
MANY = "&".join(f"series={number}" for number in range(10_000))


@pytest.fixture
def ada(client, catalogue):
    client.force_login(catalogue.ada)
    return client


@pytest.fixture
def compared(catalogue):
    return add_parted(catalogue)


def post(client, path, **body):
    return client.post(path, json.dumps(body), content_type="application/json")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("window?row=-1", 422),
        ("window?row=NaN", 422),
        ("window?row=1e3", 422),
        ("window?row=99999999999999999999", 422),
        ("window?row=999999999", 200),
        ("window?before=501", 422),
        ("window?series=Nothing", 200),
        ("window?series=%00%FF", 422),
        (f"window?{MANY}", 400),
        ("errors?series=Nothing", 200),
        ("errors?series=Slow&points=-5", 422),
        ("errors?series=Slow&points=Infinity", 422),
        ("errors?series=Slow&series=Fast", 422),
        ("differences?limit=-1", 422),
        ("differences?limit=999999999", 422),
        ("differences?offset=999999999999999999999", 422),
        ("differences?series=Nothing", 200),
        ("differences?format=xml", 422),
        ("trades?kind=nothing", 422),
        ("trades?kind=different&offset=99999", 200),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_odd_question_gets_an_answer(ada, compared, asked, status):
    answer = ada.get(f"{LIST}/{compared.pk}/{asked}")
    assert answer.status_code == status
    assert status == 200 or answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "side", ["artifact_id", "second_artifact_id", "run_id", "python_artifact_id"]
)
def test_nothing_of_somebody_else_is_a_side(client, catalogue, side):
    add_artifact(catalogue)
    add_artifact(catalogue, OTHER_ID, sha="b")
    mine = {"artifact_id": ARTIFACT_ID, "run_id": RUN_ID}
    BridgeArtifact.objects.filter(pk=ARTIFACT_ID).update(owner=catalogue.stranger)
    if side != "run_id":
        Run.objects.filter(pk=RUN_ID).update(owner=catalogue.stranger)
    if side == "python_artifact_id":
        mine.pop("run_id")
    client.force_login(catalogue.stranger)
    said = mine | ({} if side == "run_id" else {side: OTHER_ID})
    answer = post(client, LIST, **said)
    assert answer.status_code == 404
    assert answer.json()["error"]["details"]["field"] == side
    assert not Comparison.objects.exists()


@pytest.mark.parametrize("name", ["series.parquet", "trades.parquet", "artifact.json"])
@pytest.mark.parametrize("how", ["gone", "half"])
def test_an_artifact_whose_files_are_not_whole_is_not_compared(ada, catalogue, name, how):
    artifact = add_artifact(catalogue)
    made = request(catalogue, artifact)
    file = artifact.folder / name
    data = file.read_bytes()
    file.unlink()
    if how == "half":
        file.write_bytes(data[: len(data) // 2])
    work_on_comparison(made.pk)
    made.refresh_from_db()
    error = made.error or {}
    assert (made.status, error.get("code")) == (Status.ERROR, "CONFLICT")
    said = error["message"]
    assert said.startswith(f"Bridge artifact {ARTIFACT_ID} cannot be compared: ")
    assert "upload its file again." in said
    assert str(artifact.folder) not in said
    rows = csv.DictReader(io.StringIO(ada.get("/parity/comparisons.csv").content.decode()))
    assert [row["error"] for row in rows] == [said]
