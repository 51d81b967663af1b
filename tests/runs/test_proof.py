"""Whether a run is still what it was: flipped bits, badges, and computing it again."""

import contextlib
import io
import json
import shutil

import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from apps.runs.actions import delete_run, request_reproduction, verify_run, write_bundle
from apps.runs.models import Reproduction, Run
from apps.runs.tasks import perform_reproduction, work_on_reproduction
from hewston.pipeline import artifacts, store
from hewston.pipeline.errors import HewstonError
from hewston.pipeline.reproduction import compare_frames
from hewston.taskqueue import Status
from hewston.version import describe_version
from tests.scenes import RUN_ID, add_run

FILES = (
    *map(artifacts.frame_file, artifacts.FRAMES),
    artifacts.METRICS_FILE,
    artifacts.MANIFEST_FILE,
    "bars.parquet",
)
PAGE = f"/runs/{RUN_ID}/manifest/"


@pytest.fixture
def ada(client, catalogue, tmp_path, settings):
    """Signed in, on a copy of the files."""
    shutil.copytree(settings.DATA_ROOT, tmp_path / "root")
    settings.DATA_ROOT = tmp_path / "root"
    for path in (tmp_path / "root").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    client.force_login(catalogue.ada, "django.contrib.auth.backends.ModelBackend")
    return client


def find_file(run, name):
    return (run.revision.folder if name == "bars.parquet" else run.folder) / name


def flip(path, share=0.5):
    """Turn one bit."""
    content = bytearray(path.read_bytes())
    content[int((len(content) - 1) * share)] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def cut(path):
    path.write_bytes(path.read_bytes()[:-3])


def remove(path):
    path.unlink()


@pytest.mark.parametrize("damage", [flip, empty, cut, remove], ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("name", FILES)
def test_damage_of_any_file_is_named_by_verify_and_by_the_badge(ada, catalogue, name, damage):
    run = catalogue.run
    before = store.sha256_file(find_file(run, name))
    assert verify_run(run=run) == []
    damage(find_file(run, name))
    ada.post(f"/runs/{RUN_ID}/verify/")
    run.refresh_from_db()
    (problem, whole) = run.verified_problems
    assert name in problem
    assert whole.startswith("It was last found whole on ")
    if damage is remove:
        assert "is missing" in problem
    else:
        assert f"its SHA-256 is {store.sha256_file(find_file(run, name))}" in problem
        assert f"was {before}" in problem
        assert "was last written" in problem
    page = ada.get(PAGE).content.decode()
    assert "changed since" in page
    assert name in page
    assert whole in page


PAGES = ["", "trades/", "manifest/", "trades/export", "manifest.json"]


@pytest.mark.parametrize("name", [name for name in FILES if name != "bars.parquet"])
def test_no_page_shows_what_one_bit_has_changed(ada, catalogue, name):
    for page in PAGES:
        with contextlib.closing(ada.get(f"/runs/{RUN_ID}/{page}")) as shown:
            assert shown.status_code == 200
    flip(find_file(catalogue.run, name), share=0.3)
    for page in PAGES:
        answer = ada.get(f"/runs/{RUN_ID}/{page}")
        assert answer.status_code == 409
        assert f"are not whole ({name} was changed since)" in answer.content.decode()
    for artifact in (*artifacts.FRAMES, "metrics", "manifest"):
        refused = ada.get(f"/backtests/{RUN_ID}/{artifact}")
        assert refused.status_code == 409
        assert f"({name} was changed since)" in refused.json()["error"]["message"]


def test_a_badge_says_when_and_by_which_version(ada, catalogue):
    assert "not verified yet" in ada.get(f"/runs/{RUN_ID}/").content.decode()
    proof = ada.post(f"/backtests/{RUN_ID}/verify", headers=csrf(ada)).json()
    assert (proof["verified_by"], proof["problems"]) == (describe_version(), [])
    page = ada.get(f"/runs/{RUN_ID}/").content.decode()
    assert f"by {describe_version()}" in page
    assert "not verified yet" not in page


def csrf(client):
    token = client.get("/runs/new/").cookies["hewston_csrf"].value
    return {"X-CSRFToken": token}


def test_what_is_mended_is_whole_again(ada, catalogue):
    path = find_file(catalogue.run, "fills.parquet")
    content = path.read_bytes()
    verify_run(run=catalogue.run)
    flip(path)
    first = verify_run(run=catalogue.run)
    assert verify_run(run=catalogue.run) == first  # it was whole when it was, however often asked
    path.write_bytes(content)
    assert verify_run(run=catalogue.run) == []


def test_a_run_is_computed_again_in_a_child_with_every_hash_equal(ada, catalogue):
    ada.post(f"/runs/{RUN_ID}/reproduce/")
    ada.post(f"/runs/{RUN_ID}/reproduce/")  # while one waits, it is that one
    (asked,) = Reproduction.objects.all()
    assert "Waiting for a worker" in ada.get(PAGE).content.decode()
    work_on_reproduction(asked.pk)
    asked.refresh_from_db()
    assert (asked.status, asked.is_equal) == (Status.DONE, True)
    assert asked.outcome["actual"] == asked.outcome["expected"]
    page = ada.get(PAGE).content.decode()
    assert "every hash is equal" in page
    assert "reproduced" in ada.get(f"/runs/{RUN_ID}/").content.decode()
    proof = ada.get(f"/backtests/{RUN_ID}/proof").json()
    assert proof["reproductions"][0]["reproduced"] is True


def test_results_that_nobody_computed_do_not_reproduce(ada, catalogue):
    """Whole by every hash, as a bundle that somebody made up would be."""
    run = catalogue.run
    equity = artifacts.read_frame(run.folder, "equity")
    better = equity.with_columns(equity=equity["equity"] * 2)
    artifacts.write_frame(better, run.folder / "equity.parquet")
    manifest = store.read_json(run.folder / artifacts.MANIFEST_FILE)
    manifest["output_hashes"] = artifacts.hash_outputs(run.folder)
    store.write_json(run.folder / artifacts.MANIFEST_FILE, manifest)
    digest = store.sha256_file(run.folder / artifacts.MANIFEST_FILE)
    Run.objects.filter(pk=run.pk).update(manifest_sha256=digest)
    run.refresh_from_db()
    assert verify_run(run=run) == []
    perform_reproduction(asked := request_reproduction(owner=catalogue.ada, run=run))
    assert asked.is_equal is False
    assert list(asked.differences) == ["equity"]
    assert f"{equity.height:,} by more than 1e-9 of it" in asked.differences["equity"]
    assert "the first in equity, row 0" in asked.differences["equity"]
    assert "does not reproduce" in ada.get(PAGE).content.decode()


def test_a_damaged_run_is_not_compared(ada, catalogue):
    flip(find_file(catalogue.run, "bars.parquet"))
    asked = request_reproduction(owner=catalogue.ada, run=catalogue.run)
    with pytest.raises(HewstonError, match=r"cannot be compared: bars\.parquet of ACME"):
        perform_reproduction(asked)
    catalogue.run.refresh_from_db()
    assert "bars.parquet" in catalogue.run.verified_problems[0]


def test_computing_it_again_can_be_stopped(ada, catalogue):
    asked = request_reproduction(owner=catalogue.ada, run=catalogue.run)
    ada.post(f"/runs/{RUN_ID}/reproduce/cancel/")
    asked.refresh_from_db()
    assert asked.status == Status.CANCELLED
    work_on_reproduction(asked.pk)
    asked.refresh_from_db()
    assert (asked.status, asked.outcome) == (Status.CANCELLED, {})


def test_another_machine_is_told(ada, catalogue):
    run = catalogue.run
    manifest = store.read_json(run.folder / artifacts.MANIFEST_FILE)
    manifest["env_lock"]["architecture"] = "aarch64"
    store.write_json(run.folder / artifacts.MANIFEST_FILE, manifest)
    digest = store.sha256_file(run.folder / artifacts.MANIFEST_FILE)
    Run.objects.filter(pk=run.pk).update(manifest_sha256=digest)
    run.refresh_from_db()
    perform_reproduction(asked := request_reproduction(owner=catalogue.ada, run=run))
    assert asked.is_equal
    assert any("architecture was aarch64" in change for change in asked.outcome["changes"])


def test_frames_are_compared_by_how_near_their_values_are():
    frame = pl.DataFrame({"a": [1.0, 2.0, None], "side": ["x", "y", None]})
    near = frame.with_columns(a=frame["a"] * (1 + 1e-13))
    assert compare_frames(frame, frame).startswith("Every value is equal")
    assert compare_frames(frame, near) == "2 of 6 values differ, 0 by more than 1e-9 of it."
    far = frame.with_columns(a=frame["a"].fill_null(3.0), side=frame["side"].fill_null("z"))
    assert compare_frames(frame, far) == (
        "2 of 6 values differ, 2 by more than 1e-9 of it, the first in a, row 2: it was None and "
        "is 3.0."
    )
    assert compare_frames(frame, frame[:1]) == "It had 3 rows and has 1."


def test_a_bundle_leaves_and_comes_in_by_the_pages(ada, catalogue, tmp_path):
    sent = ada.get(f"/runs/{RUN_ID}/bundle.zip")
    content = b"".join(sent.streaming_content)
    path = tmp_path / "same.zip"
    write_bundle(run=catalogue.run, path=path, with_data=False)
    assert content == path.read_bytes()
    assert sent["Content-Disposition"] == f'attachment; filename="run-{RUN_ID}.zip"'
    program = ada.get(f"/backtests/{RUN_ID}/bundle?data=0")
    assert b"".join(program.streaming_content) == content
    delete_run(run=catalogue.run)
    answer = ada.post("/runs/import/", {"file": SimpleUploadedFile("r.zip", content)})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    page = ada.get(PAGE).content.decode()
    assert "imported" in page
    assert "does not make its results right" in page
    again = ada.post(
        "/api/bundles", {"file": SimpleUploadedFile("r.zip", content)}, headers=csrf(ada)
    )
    assert (again.status_code, again.json()["created"]) == (200, False)


def test_a_page_says_what_is_wrong_with_a_bundle(ada):
    refused = ada.post("/runs/import/", {"file": SimpleUploadedFile("r.zip", b"PK nothing")})
    assert refused.status_code == 422
    assert "r.zip" in refused.content.decode()
    assert "damaged" in refused.content.decode()
    assert ada.post("/runs/import/").status_code == 422


def test_a_run_without_results_has_no_proof(ada, catalogue):
    add_run(catalogue, "bbbbbbbbbbbb", Status.ERROR)
    refused = ada.post("/backtests/bbbbbbbbbbbb/reproduce", headers=csrf(ada))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "RUN_NOT_READY")
    assert ada.get("/backtests/bbbbbbbbbbbb/bundle").status_code == 409
    assert json.loads(ada.get("/backtests/bbbbbbbbbbbb/proof").content)["reproductions"] == []


def test_logs_of_reproductions_go_with_their_run(ada, catalogue, tmp_path):
    asked = request_reproduction(owner=catalogue.ada, run=catalogue.run)
    perform_reproduction(asked)
    log = store.Store(tmp_path / "root").log_file(asked.pk)
    assert log.is_file()
    delete_run(run=catalogue.run)
    assert not log.exists()


def test_a_bundle_of_a_run_that_was_deleted_meanwhile_is_refused(ada, catalogue, tmp_path):
    late = Run.objects.select_related("revision").get(pk=RUN_ID)
    delete_run(run=catalogue.run)
    with pytest.raises(HewstonError, match=f"{RUN_ID} was deleted meanwhile"):
        write_bundle(run=late, path=tmp_path / "x.zip", with_data=True)


def test_a_bundle_is_not_written_where_it_cannot_be(ada, catalogue, tmp_path):
    whole = tmp_path / "whole.zip"
    for to, sentence in ((tmp_path / "no" / "x.zip", "cannot be written"), (whole, "")):
        told = io.StringIO()
        with contextlib.suppress(SystemExit):
            call_command("export", RUN_ID, to=str(to), user="ada", stderr=told)
        assert sentence in told.getvalue()
    for more, sentence in (((), "say --overwrite"), (("--overwrite",), "")):
        told = io.StringIO()
        with contextlib.suppress(SystemExit):
            call_command("export", RUN_ID, *more, to=str(whole), user="ada", stderr=told)
        assert sentence in told.getvalue()
        assert bool(sentence) == bool(told.getvalue())
    assert [one.name for one in tmp_path.glob("*.zip")] == ["whole.zip"]
