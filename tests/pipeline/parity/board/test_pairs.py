"""The pairs of a folder or a zip, and what is refused before anything of it is kept."""

import zipfile
from pathlib import Path

import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.parity.board import find_pairs
from hewston.pipeline.parity.board.packing import copy_pairs, unpack_pairs


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(name)
    return folder


def pack(path: Path, entries: dict[str, bytes], **how) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def unpack(archive: Path, tmp_path: Path) -> tuple[Path, tuple[str, ...]]:
    target = tmp_path / "target"
    target.mkdir()
    return target, unpack_pairs(archive=archive, target=target, name=archive.name)


def test_pairs_are_files_of_one_name_and_the_rest_is_named(tmp_path: Path) -> None:
    folder = fill(tmp_path / "pairs", "b.py", "b.XLSX", "a.csv", "a.py", "README.md", ".hidden.py")
    (folder / "inner").mkdir()
    found = find_pairs(folder)
    assert [(one.name, one.source, one.listed, one.problem) for one in found.pairs] == [
        ("a", folder / "a.py", folder / "a.csv", None),
        ("b", folder / "b.py", folder / "b.XLSX", None),
    ]
    assert found.ignored == ("README.md",)


def test_what_is_missing_or_there_twice_is_said(tmp_path: Path) -> None:
    folder = fill(tmp_path / "x", "a.py", "a.csv", "b.py", "c.csv", "d.py", "d.csv", "d.xlsx")
    said = {one.name: one.problem for one in find_pairs(folder).pairs}
    assert said["a"] is None
    assert said["b"] == "b.py has no list of trades beside it: b.csv or b.xlsx."
    assert said["c"] == "c.csv has no strategy beside it: c.py."
    assert said["d"] is not None
    assert said["d"].startswith("There are more than two files of one name: d.csv, d.py, d.xlsx.")


@pytest.mark.parametrize(
    ("names", "words"),
    [((), "It is empty."), (("a.py", "notes.txt"), "It has a.py, notes.txt.")],
)
def test_a_folder_without_any_pair_is_refused(tmp_path: Path, names, words: str) -> None:
    with pytest.raises(InputError, match="holds no pair") as refusal:
        find_pairs(fill(tmp_path / "x", *names))
    assert refusal.value.message.endswith(words)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        find_pairs(tmp_path / "nothing")


def test_only_files_of_pairs_are_copied(tmp_path: Path) -> None:
    folder = fill(tmp_path / "x", "a.py", "a.csv", "b.csv", "README.md")
    target = tmp_path / "target"
    target.mkdir()
    assert copy_pairs(source=folder, target=target) == ("README.md",)
    assert sorted(path.name for path in target.iterdir()) == ["a.csv", "a.py", "b.csv"]


def test_a_zip_is_unpacked_whatever_folders_are_in_it(tmp_path: Path) -> None:
    archive = pack(
        tmp_path / "pairs.zip",
        {
            "pairs/a.py": b"source",
            "pairs/lists/a.csv": b"list",
            "__MACOSX/pairs/._a.py": b"x",
            "pairs/.DS_Store": b"x",
            "pairs/notes.txt": b"x",
            "..\\b.py": b"leads out",
        },
    )
    target, ignored = unpack(archive, tmp_path)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {
        "a.py": b"source",
        "a.csv": b"list",
        "b.py": b"leads out",
    }
    assert ignored == ("notes.txt",)
    assert not (tmp_path / "b.py").exists()


def test_two_files_of_one_name_in_a_zip_are_refused(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", {"1/a.py": b"1", "2/a.py": b"2", "a.csv": b"3"})
    with pytest.raises(InputError, match=r"two files that are called a\.py"):
        unpack(archive, tmp_path)


def test_a_zip_without_pairs_is_refused_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.zip holds no pair"):
        unpack(pack(tmp_path / "x.zip", {"a.csv": b"list"}), tmp_path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = pack(tmp_path / "bomb.zip", {"a.py": b"1", "a.csv": bytes(64 << 20)})
    with pytest.raises(InputError, match="times as large") as refusal:
        unpack(bomb, tmp_path)
    assert refusal.value.code == "PAYLOAD_TOO_LARGE"
    assert not list((tmp_path / "target").iterdir())
    large = pack(tmp_path / "large.zip", {"a.py": b"1", "a.csv": bytes(200 << 20)})
    (tmp_path / "target").rmdir()
    with pytest.raises(InputError, match="at most 134 MB"):
        unpack(large, tmp_path)


@pytest.mark.parametrize("name", ["a\n.py", "a" * 300 + ".py", "a\u202egpj.py"])
def test_a_name_that_cannot_be_kept_is_refused(tmp_path: Path, name: str) -> None:
    archive = pack(tmp_path / "x.zip", {name: b"1", "a.csv": b"2"})
    with pytest.raises(InputError, match="whose name cannot be kept"):
        unpack(archive, tmp_path)


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"trade,price\n1,2\n")
    with pytest.raises(InputError, match=r"x\.zip cannot be unpacked: its zip data is damaged"):
        unpack(path, tmp_path)
