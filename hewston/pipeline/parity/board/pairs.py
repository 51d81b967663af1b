"""The pairs of a folder: a strategy's source and the list of trades that Pine made of it."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from hewston.pipeline.errors import InputError

SOURCE = ".py"
LISTS = (".csv", ".xlsx")
MOST_PAIRS = 2_000
_SHOWN = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pair:
    """Two files of one name. What is missing, or there twice, is said in ``problem``."""

    name: str
    source: Path | None = None
    listed: Path | None = None
    problem: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Found:
    """The pairs of a folder by name, and the names of files that are part of none."""

    pairs: tuple[Pair, ...]
    ignored: tuple[str, ...]


def find_pairs(folder: Path, *, name: str | None = None) -> Found:
    """Find NAME.py beside NAME.csv or NAME.xlsx; what is in folders inside it is not looked at.

    ``name`` is what a person calls the folder, by default its own. Raises InputError where there is
    no pair at all, or too many.
    """
    name = name or folder.name
    files = sorted(path for path in _list_files(folder) if not path.name.startswith("."))
    of_kind = [path for path in files if path.suffix.lower() in {SOURCE, *LISTS}]
    by_name: dict[str, list[Path]] = {}
    for path in of_kind:
        by_name.setdefault(path.stem, []).append(path)
    pairs = tuple(_read_pair(stem, by_name[stem]) for stem in sorted(by_name))
    ignored = tuple(path.name for path in files if path not in of_kind)
    if not any(pair.problem is None for pair in pairs):
        raise InputError(
            f"{name} holds no pair: a strategy NAME.py beside its list of trades NAME.csv "
            f"or NAME.xlsx. {_describe(files)}",
            field="folder",
        )
    if len(pairs) > MOST_PAIRS:
        raise InputError(
            f"{name} holds {len(pairs):,} pairs; a board has at most {MOST_PAIRS:,}.",
            field="folder",
            allowed=f"at most {MOST_PAIRS:,} pairs",
        )
    return Found(pairs=pairs, ignored=ignored)


def _list_files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError as problem:
        raise InputError(
            f"{folder} cannot be read: {problem.strerror or problem}.",
            field="folder",
            file=str(folder),
        ) from problem


def _read_pair(name: str, paths: Sequence[Path]) -> Pair:
    sources = [path for path in paths if path.suffix.lower() == SOURCE]
    lists = [path for path in paths if path.suffix.lower() in LISTS]
    problem = None
    if not lists:
        problem = f"{name}.py has no list of trades beside it: {name}.csv or {name}.xlsx."
    elif not sources:
        problem = f"{lists[0].name} has no strategy beside it: {name}.py."
    elif len(sources) + len(lists) > 2:  # noqa: PLR2004 (one of each)
        shown = ", ".join(path.name for path in paths)
        problem = f"There are more than two files of one name: {shown}. Keep one list of trades."
    return Pair(
        name=name,
        source=sources[0] if sources else None,
        listed=lists[0] if lists else None,
        problem=problem,
    )


def _describe(files: Sequence[Path]) -> str:
    if not files:
        return "It is empty."
    shown = ", ".join(path.name for path in files[:_SHOWN])
    return f"It has {shown}{' …' if len(files) > _SHOWN else ''}."
