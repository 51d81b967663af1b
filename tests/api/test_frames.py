"""Artifacts as they are sent are the files that are stored."""

import io

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from apps.runs.models import Run
from hewston import frames
from hewston.pipeline import artifacts
from hewston.pipeline.store import read_json
from tests.api.program import error_of
from tests.scenes import RUN_ID

ISO = "%Y-%m-%dT%H:%M:%S%.fZ"


def parse(frame, schema):
    """Give text and JSON numbers their types back."""
    return frame.select(
        pl.col(name).str.to_datetime(ISO, time_zone="UTC", time_unit="ns")
        if isinstance(kind, pl.Datetime)
        else pl.col(name).cast(kind)
        for name, kind in schema.items()
    )


@pytest.mark.parametrize("name", artifacts.FRAMES)
def test_every_format_is_the_stored_frame(ada, stage, name):
    stored = artifacts.read_frame(stage.run_folder, name)
    address = f"/backtests/{RUN_ID}/{name}"
    whole = ada.get(address)
    assert whole["Content-Type"] == "application/json"
    assert set(whole.json()) == {"items", "total"}
    assert whole.json()["total"] == stored.height > 0
    items = pl.DataFrame(whole.json()["items"], infer_schema_length=None)
    assert_frame_equal(parse(items, stored.schema), stored, check_exact=True)
    table = ada.get(address, format="csv")
    assert table["Content-Type"].startswith("text/csv")
    assert table["Content-Disposition"] == f'attachment; filename="{name}-{RUN_ID}.csv"'
    texts = pl.read_csv(io.BytesIO(table.content), infer_schema=False)
    assert_frame_equal(parse_texts(texts, stored.schema), stored, check_exact=True)
    file = ada.get(address, format="parquet")
    assert file.content == (stage.run_folder / f"{name}.parquet").read_bytes()


def parse_texts(frame, schema):
    booleans = {name for name, kind in schema.items() if kind == pl.Boolean}
    return parse(frame.with_columns(pl.col(name) == "true" for name in booleans), schema)


def test_manifest_and_metrics_are_sent_byte_for_byte(ada, stage):
    for name, file in (("manifest", artifacts.MANIFEST_FILE), ("metrics", artifacts.METRICS_FILE)):
        answer = ada.get(f"/backtests/{RUN_ID}/{name}")
        assert answer.content == (stage.run_folder / file).read_bytes()
        assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize("name", [*artifacts.FRAMES, "manifest", "metrics"])
def test_what_one_has_is_not_sent_again(ada, name):
    address = f"/backtests/{RUN_ID}/{name}"
    etag = ada.get(address)["ETag"]
    again = ada.send("GET", address, If_None_Match=etag)
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == etag
    other = ada.send("GET", address, If_None_Match='"another"')
    assert other.status_code == 200


def test_a_tag_names_content_and_format(ada, stage):
    hashes = read_json(stage.run_folder / artifacts.MANIFEST_FILE)["output_hashes"]
    tags = {
        ada.get(f"/backtests/{RUN_ID}/{name}", format=kind)["ETag"]
        for name in artifacts.FRAMES
        for kind in ("json", "csv", "parquet")
    }
    assert len(tags) == 15
    assert any(hashes["fills"][:32] in tag for tag in tags)


@pytest.mark.parametrize(
    ("query", "field"), [({"format": "xlsx"}, "format"), ({"fromat": "csv"}, "fromat")]
)
def test_another_format_is_refused(ada, query, field):
    error = error_of(ada.get(f"/backtests/{RUN_ID}/trades", **query), 422)
    assert error["details"]["field"] == field


def test_an_artifact_that_is_gone_is_a_conflict_and_names_no_folder(ada, settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    answer = ada.get(f"/backtests/{RUN_ID}/equity")
    assert error_of(answer, 409)["code"] == "CONFLICT"
    assert str(tmp_path) not in answer.content.decode()
    assert f"verify {RUN_ID}" in answer.json()["error"]["message"]
    assert Run.objects.filter(pk=RUN_ID).exists()


def test_a_text_that_spreadsheets_would_run_is_quoted_in_csv_only():
    table = pl.DataFrame(
        {"reason": ["=1+1", "+x", "-y", "@z", "\ta", "plain", None], "=2+n": [-1.5] * 7}
    )
    text = frames._encode(table, "csv", table.height).decode()
    assert text.splitlines()[0] == "reason,'=2+n"
    assert text.splitlines()[1:5] == ["'=1+1,-1.5", "'+x,-1.5", "'-y,-1.5", "'@z,-1.5"]
    assert "plain,-1.5" in text
    assert b'"=1+1"' in frames._encode(table, "json", table.height)


def test_a_number_that_is_none_is_null_in_json():
    table = pl.DataFrame({"x": [float("nan"), float("inf"), 1e300]})
    assert b'[{"x":null},{"x":null},{"x":1e+300}]' in frames._encode(table, "json", table.height)
