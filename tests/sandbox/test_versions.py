"""A run of a version keeps its source, and is computed again from its folder alone."""

import hashlib
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest

from hewston.pipeline import artifacts, backtest, comparison, reproduction, store
from hewston.pipeline.bundle import unpack_bundle, write_bundle
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.spec import RunSpec, SlippageFees, is_version
from tests.pipeline.frames import make_spec, random_bars
from tests.pipeline.test_backtest import write_bars
from tests.sandbox.forked import ForkedClient

SOURCE = b'''"""Above its average. \xc3\xbc"""

PARAMS = {"length": {"type": "int", "default": 20, "min": 2}}


def run_strategy(frame, params):
    print("bars:", len(frame), "\\x1b[31mred")
    return frame[[]].assign(long_condition=frame["close"] > frame["close"].rolling(
        params["length"]).mean(), reason="above")
'''
RUN = "0123456789ab"


def make_run(folder: Path, source: bytes | None = SOURCE, **said: object) -> artifacts.Outcome:
    """A run of a version in ``folder``, on bars beside it."""
    folder.mkdir()
    bars_file, sha256 = write_bars(folder.parent, random_bars(300))
    spec = make_spec(
        bars_sha256=sha256,
        strategy_id="above-average@3",
        strategy_sha256=hashlib.sha256(SOURCE).hexdigest(),
        params={"length": 20},
        slippage_fees=SlippageFees(),
    )
    record = artifacts.RunRecord(
        spec=spec,
        dataset_id="TEST-1m",
        code_hash=artifacts.hash_code(),
        git_commit=None,
        created_at="2023-02-03T04:05:06+00:00",
        source=source,
    )
    options: dict[str, object] = {"sandbox": ForkedClient()} | said
    return backtest.run_backtest(bars_file=bars_file, record=record, folder=folder, **options)  # type: ignore[arg-type]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    make_run(tmp_path / "run")
    return tmp_path / "run"


def test_the_folder_holds_the_source_and_the_manifest_names_it(run: Path) -> None:
    assert (run / "strategy.py").read_bytes() == SOURCE
    manifest = store.read_json(run / artifacts.MANIFEST_FILE)
    digest = hashlib.sha256(SOURCE).hexdigest()
    assert manifest["spec"]["strategy"] == {"id": "above-average@3", "sha256": digest}
    assert manifest["output_hashes"]["strategy.py"] == digest
    assert manifest["output_hashes"] == artifacts.hash_outputs(run)
    assert artifacts.verify_run(run) == []
    assert artifacts.read_frame(run, "trades").height > 5
    assert artifacts.read_frame(run, "signals")["reason"].unique().to_list() == ["above"]


def test_what_the_strategy_prints_is_in_the_runs_log(tmp_path: Path) -> None:
    lines: list[str] = []
    make_run(tmp_path / "run", log=lines.append)
    assert lines == ["The strategy printed: bars: 300  [31mred"]


def test_the_run_reproduces_from_its_folder_alone(run: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    outcome = reproduction.reproduce(
        original=run,
        bars_file=tmp_path / "bars.parquet",
        folder=tmp_path / "again",
        sandbox=ForkedClient(),
    )
    assert outcome["differences"] == {}
    assert outcome["changes"] == []
    assert outcome["actual"] == outcome["expected"]
    for name in [path.name for path in run.iterdir()]:
        if name != artifacts.MANIFEST_FILE:
            assert (tmp_path / "again" / name).read_bytes() == (run / name).read_bytes()


def test_another_source_is_another_run_and_damage_is_named(run: Path) -> None:
    (run / "strategy.py").write_bytes(SOURCE + b"\n")
    (problem,) = artifacts.verify_run(run)
    assert problem.startswith("strategy.py differs")
    manifest = store.read_json(run / artifacts.MANIFEST_FILE)
    manifest["output_hashes"] = artifacts.hash_outputs(run)
    store.write_json(run / artifacts.MANIFEST_FILE, manifest)
    (problem,) = artifacts.verify_run(run)
    assert problem == "The manifest's strategy.py is not the source that its spec names."
    (run / "strategy.py").unlink()
    assert "strategy.py is missing" in " ".join(artifacts.verify_run(run))


@pytest.mark.parametrize("source", [None, SOURCE + b"\n"])
def test_a_run_without_its_source_does_not_begin(source: bytes | None, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="The source of the strategy above-average@3") as refusal:
        make_run(tmp_path / "run", source=source)
    assert refusal.value.code == "STRATEGY_NOT_FOUND"
    assert not list((tmp_path / "run").iterdir())


def test_a_version_runs_in_the_sandbox_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(HewstonError, match="only in the sandbox") as refusal:
        make_run(tmp_path / "run", sandbox=None)
    assert refusal.value.code == "DEPENDENCY_UNAVAILABLE"


def test_a_bundle_takes_the_source_along(run: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "run.zip"
    write_bundle(path=bundle, run_id=RUN, run_folder=run)
    (tmp_path / "there").mkdir()
    contents = unpack_bundle(path=bundle, name="run.zip", folder=tmp_path / "there")
    assert contents.spec.strategy_id == "above-average@3"
    assert (tmp_path / "there" / "run" / "strategy.py").read_bytes() == SOURCE
    (tmp_path / "again").mkdir()
    outcome = reproduction.reproduce(
        original=tmp_path / "there" / "run",
        bars_file=tmp_path / "bars.parquet",
        folder=tmp_path / "again",
        sandbox=ForkedClient(),
    )
    assert outcome["differences"] == {}


def repack(bundle: Path, run: Path, **files: bytes | None) -> Path:
    """Make a bundle of a run's folder with other files, listed as they are."""
    members = {f"run/{path.name}": path.read_bytes() for path in run.iterdir()}
    for name, content in files.items():
        members.pop(f"run/{name.replace('_', '.')}", None)
        if content is not None:
            members[f"run/{name.replace('_', '.')}"] = content
    listed = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        for name, content in members.items()
    }
    head = {"kind": "hewston bundle", "format": 1, "run_id": RUN, "members": listed}
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("bundle.json", store.json_text(head))
        for name, content in members.items():
            archive.writestr(name, content)
    return bundle


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (None, "strategy.py is missing"),
        (SOURCE + b"#", "strategy.py differs"),
        (b"x" * (1 << 20) + b"x", "none has more than"),
    ],
)
def test_a_bundle_with_another_source_is_refused(
    source: bytes | None, sentence: str, run: Path, tmp_path: Path
) -> None:
    bundle = repack(tmp_path / "run.zip", run, strategy_py=source)
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match=sentence):
        unpack_bundle(path=bundle, name="run.zip", folder=tmp_path / "there")


def test_a_bundle_of_a_built_in_strategy_has_no_source(run: Path, tmp_path: Path) -> None:
    manifest = store.read_json(run / artifacts.MANIFEST_FILE)
    manifest["spec"]["strategy"]["id"] = "sma_crossover"
    spec = RunSpec.from_json(manifest["spec"])
    manifest["input_hash"] = spec.input_hash(manifest["code_hash"])
    store.write_json(run / artifacts.MANIFEST_FILE, manifest)
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match=r"strategy\.py does not belong"):
        unpack_bundle(
            path=repack(tmp_path / "run.zip", run), name="run.zip", folder=tmp_path / "there"
        )


def test_two_versions_are_compared_by_the_sources_that_their_runs_keep(
    run: Path, tmp_path: Path
) -> None:
    one = comparison.read_run(run, run_id="a" * 12, revision=1)
    assert one.source == SOURCE
    manifest = json.loads(json.dumps(one.manifest))
    other_source = SOURCE.replace(b">", b"<")
    manifest["spec"]["strategy"]["sha256"] = hashlib.sha256(other_source).hexdigest()
    other = comparison.ComparedRun(
        run_id="b" * 12,
        revision=1,
        manifest=manifest,
        metrics=one.metrics,
        trades=pl.DataFrame(one.trades),
        equity=one.equity,
        source=other_source,
    )
    difference = comparison.compare_sources(one, other)
    assert difference is not None
    assert difference.lines is not None
    changed = [line for line in difference.lines if line.startswith(("+ ", "- "))]
    assert [line[0] for line in changed] == ["-", "+"]


@pytest.mark.parametrize("name", ["ab@1", "a-b-9@12", "0a@999999999", "a" * 63 + "@1"])
def test_a_version_is_named_by_slug_and_number(name: str) -> None:
    assert is_version(name)


@pytest.mark.parametrize(
    "name",
    ["sma_crossover", "a@1", "ab@0", "ab@01", "Ab@1", "-ab@1", "ab@1\n", "ab@", "a" * 64 + "@1"],
)
def test_anything_else_is_no_version(name: str) -> None:
    assert not is_version(name)
