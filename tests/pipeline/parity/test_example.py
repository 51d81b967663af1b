"""The first look: what is made up for it, and what its comparison must say."""

from pathlib import Path

from hewston.pipeline.parity.comparing import compare_to_folder
from hewston.pipeline.parity.example import write_example
from hewston.pipeline.parity.options import Options
from tests.pipeline.parity.exports import keep


def test_the_example_says_which_of_its_series_is_wrong_and_why(tmp_path: Path) -> None:
    made = write_example(tmp_path)
    chart, listed, port = (
        keep(path, tmp_path / path.stem, zone="UTC")
        for path in (made.chart, made.trades, made.port)
    )
    folder = tmp_path / "compared"
    folder.mkdir()
    report = compare_to_folder(
        pine=(chart, listed), python=(port,), options=Options(), folder=folder
    )
    named = {one["title"]: one["class"] for one in report["series"]}
    assert named == {"SMA": None, "EMA": "warmup_window", "RSI": "python_implementation"}
    assert (report["verdict"], report["first"]["subject"]) == ("diverged", "RSI")
    status = {one["name"]: one["status"] for one in report["layers"]}
    assert (status["indicators"], status["signals"], status["fills"]) == (
        "differs", "differs", "agrees",
    )  # fmt: skip
    assert [hint["cause"] for hint in report["hints"]] == ["warm-up"]


def test_the_example_is_the_same_every_time(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_example(tmp_path / name)
        made.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert made[0] == made[1]
