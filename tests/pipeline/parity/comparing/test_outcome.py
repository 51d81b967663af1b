"""What a comparison finds and keeps: the report, bars, differences, trades, the certificate."""

import hashlib
from pathlib import Path

import polars as pl
import pytest

from hewston.pipeline.parity.bridges import keep_upload
from hewston.pipeline.parity.report import certify
from hewston.pipeline.parity.sources import ArtifactSource, RunSource
from tests.pipeline.parity.comparing.ground import BARS, Exported, compare, pine_without
from tests.pipeline.parity.exports import export_list


def test_a_run_is_aligned_with_its_own_exports_in_every_layer(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    report, reader = compare(pine(), run, tmp_path / "c")
    assert report["verdict"] == "aligned"
    assert {one["status"] for one in report["layers"]} == {"agrees"}
    assert report["bars"] | {"skipped": []} == {
        "pine": BARS, "python": BARS, "both": BARS, "only_pine": 0, "only_python": 0,
        "compared": BARS, "rows": BARS, "skipped": [],
    }  # fmt: skip
    trades = report["trades"]
    assert trades["pine"] == trades["python"] > 50
    assert trades["kinds"][0] == {"kind": "matched", "trades": trades["pine"], "difference": 0.0}
    assert trades["waterfall"]["start"] == trades["waterfall"]["end"]
    assert (report["first"], report["hints"], report["findings"]) == (None, [], [])
    assert reader.differences()["total"] == 0


def test_the_same_comparison_makes_the_same_bytes(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    kept = pine(chart=lambda frame: frame.with_columns(slow=pl.col("slow") + 1))
    hashes = []
    for name in ("one", "two"):
        compare(kept, run, tmp_path / name)
        files = sorted((tmp_path / name).iterdir())
        hashes.append([(one.name, hashlib.sha256(one.read_bytes()).hexdigest()) for one in files])
    assert hashes[0] == hashes[1]
    assert [name for name, _ in hashes[0]] == [
        "comparison.json",
        "matches.parquet",
        "tiers.parquet",
    ]


def test_one_other_value_is_the_first_divergence_and_is_shown_with_its_bars(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    row = 400
    at = pl.int_range(pl.len()) == row
    change = pl.when(at).then(pl.col("slow") - 0.5).otherwise(pl.col("slow"))
    report, reader = compare(
        pine(lambda frame: frame.with_columns(slow=change)), run, tmp_path / "c"
    )
    first = report["first"]
    assert (report["verdict"], first["layer"], first["class"], first["subject"]) == (
        "diverged", "indicators", "python_implementation", "slow",
    )  # fmt: skip
    assert (first["row"], first["bar"]) == (row, row)
    assert first["delta"] == pytest.approx(0.5)
    shown = reader.window(row, before=20, after=20, titles=["slow"])
    assert (shown["first"], len(shown["ts"])) == (row - 20, 41)
    (series,) = shown["series"]
    assert series["tiers"][20] == "diverges"
    assert series["tiers"].count("bit-exact") == 40
    assert series["python"][20] - series["pine"][20] == pytest.approx(0.5)
    assert shown["pine"] == shown["python"]
    ends = [[one | {"reason": ""} for one in shown["trades"][side]] for side in ("pine", "python")]
    assert ends[0] == ends[1] != []
    found = reader.differences()
    assert found["total"] == 1
    assert (found["items"][0]["row"], found["items"][0]["tier"]) == (row, "diverges")
    errors = reader.errors("slow", points=100)
    assert max(one or 0 for one in errors["absolute"]) == pytest.approx(0.5)
    assert errors["rows"][len(errors["rows"]) // 2] <= BARS


def test_a_certificate_names_both_sides_the_profile_and_the_verdict(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    report, _ = compare(pine(), run, tmp_path / "c")
    found = certify(report, code_hash="c" * 64, report_sha256="d" * 64)
    assert found["verdict"] == "aligned"
    assert [one["upload_sha256"] for one in found["pine"]["artifacts"]]
    assert found["python"]["input_hash"]
    assert found["options"]["tolerances"]["default"] == {"absolute": 1e-12, "relative": 1e-6}


def test_a_trade_that_pine_did_not_make_is_only_in_python(run: RunSource, tmp_path: Path) -> None:
    report, _ = compare(pine_without(run, tmp_path, 20), run, tmp_path / "c")
    kinds = {one["kind"]: one["trades"] for one in report["trades"]["kinds"]}
    assert kinds["only in Python"] == 1
    assert report["first"]["layer"] == "signals"
    assert report["verdict"] == "diverged"


def test_one_series_of_python_is_read_for_two_of_pine(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    report, reader = compare(
        pine(listed=None), run, tmp_path / "c", mapping={"slow": "fast", "fast": "fast"}
    )
    assert [one["other"] for one in report["series"]] == ["fast", "fast"]
    shown = reader.window(100, titles=["fast", "slow"])["series"]
    assert shown[0]["python"] == shown[1]["python"]
    for row in (-500, -21, BARS + 40, 10**9):
        assert len(reader.window(row, titles=["fast"])["ts"]) <= 20


def test_a_list_whose_order_of_dates_was_said_is_read_again_in_that_order(
    run: RunSource, tmp_path: Path
) -> None:
    text = export_list(run, tmp_path / "list.csv", change=lambda trades: trades.head(40))
    path = tmp_path / "dates.csv"
    path.write_text(
        text.read_text().replace("2023-01-03", "03/01/2023").replace("2023-01-04", "04/01/2023")
    )
    folder = tmp_path / "list"
    folder.mkdir()
    keep_upload(path=path, name="dates.csv", folder=folder, kept="upload.csv", zone="Asia/Tokyo",
                date_order="dmy")  # fmt: skip
    kept = (ArtifactSource(folder=folder),)
    report, _ = compare(kept, run, tmp_path / "c")
    assert report["verdict"] == "diverged"
    again, _ = compare(kept, run, tmp_path / "again", zone="UTC")
    assert again["verdict"] == "aligned", again["sentence"]


def test_profits_of_another_point_value_are_told(
    pine: Exported, run: RunSource, tmp_path: Path
) -> None:
    kept = pine(chart=None, listed=lambda trades: trades.with_columns(pl.col("net_pnl") * 50))
    report, _ = compare(kept, run, tmp_path / "c")
    (warning,) = report["warnings"]
    assert "Pine's profits are 50 times" in warning
