"""Which of the given files are read."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.drafts import LeftOut, RawFile
from hewston.pipeline.sources.dbn.bytestream import open_bytes
from hewston.pipeline.sources.dbn.header import Header, read_header
from hewston.pipeline.sources.dbn.records import DTYPES, read_chunks
from hewston.pipeline.sources.dbn.symbology import unknown_symbol

SUFFIXES = (".dbn", ".dbn.zst")
DEFINITION = "definition"


@dataclass(frozen=True, kw_only=True)
class Given:
    """A path to read and the name that messages and the manifest call it."""

    path: Path
    name: str
    alone: bool  # named by itself, not found in a folder


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file of a schema that is read. ``start`` and ``end`` are the requested range, UTC ns."""

    path: Path
    folder: Path  # where it was found
    name: str
    dataset: str
    schema: str
    start: int
    end: int | None
    first_ts: int
    raw: RawFile

    def overlaps(self, other: "Source") -> bool:
        """Tell whether both were requested for some common time."""
        mine = self.end is None or other.start < self.end
        return mine and (other.end is None or self.start < other.end)


class Triage:
    """Sorts the given files into those to read and those left out with the reason."""

    def __init__(self, *, symbol: str | None, vendor_dataset: str | None) -> None:
        self._symbol = symbol
        self._vendor_dataset = vendor_dataset
        self._symbols: dict[str, set[str]] = defaultdict(set)  # by vendor dataset
        self.left_out: list[LeftOut] = []
        self.wanted: list[Given] = []
        self._some_ticks = False  # a file of trades that is wanted

    def take(self, given: Given) -> None:
        """Look at a file's header and first record.

        Raises InputError for a damaged file, and for one named by itself that cannot be used.
        """
        if not given.alone and not given.path.name.endswith(SUFFIXES):
            self.left_out.append(
                LeftOut(file=given.name, reason="its name does not end in .dbn or .dbn.zst")
            )
            return
        if not given.path.is_file():  # opening a pipe would wait for ever
            self.left_out.append(LeftOut(file=given.name, reason=_irregular(given)))
            return
        with open_bytes(given.path, name=given.name) as stream:
            header = read_header(stream)
            reason = self._reason_against(given, header)
            if reason is None and header.schema != DEFINITION:
                self._symbols[header.dataset].update(header.symbols)
                reason = self._reason_of_symbol(header)
                if (
                    reason is None
                    and next(read_chunks(stream, header, chunk_records=1), None) is None
                ):
                    reason = _without_records(given)
        if reason is None:
            self.wanted.append(given)
            self._some_ticks |= header.schema != DEFINITION
        else:
            self.left_out.append(LeftOut(file=given.name, reason=reason))

    def check(self) -> None:
        """Refuse what cannot become a dataset at all.

        Raises InputError: nothing to read, an unknown symbol or vendor dataset, or one symbol
        in two vendor datasets.
        """
        if not self._symbols:
            raise self._nothing()
        if self._vendor_dataset is not None and self._vendor_dataset not in self._symbols:
            raise InputError(
                f"No file given is of the vendor dataset {self._vendor_dataset!r}. They are of "
                f"{', '.join(sorted(self._symbols))}.",
                field="dataset",
                allowed=sorted(self._symbols),
            )
        searched = {
            code: symbols
            for code, symbols in self._symbols.items()
            if self._vendor_dataset in {None, code}
        }
        if self._symbol is not None:
            known = set[str]().union(*searched.values())
            if self._symbol not in known:
                raise unknown_symbol(self._symbol, known)
            searched = {code: found & {self._symbol} for code, found in searched.items()}
        _check_one_dataset_each(searched)
        if not self._some_ticks:  # each held a header alone
            raise self._nothing()

    def _reason_against(self, given: Given, header: Header) -> str | None:
        if header.schema not in DTYPES and header.schema != DEFINITION:
            if given.alone:
                raise InputError(
                    f"{given.name} has the schema {header.schema.upper()}; bars are derived from "
                    "TRADES and TBBO. Give files of these schemas.",
                    file=given.name,
                    allowed=["trades", "tbbo", "definition"],
                )
            return f"its schema is {header.schema.upper()}, not TRADES, TBBO or DEFINITION"
        if self._vendor_dataset not in {None, header.dataset}:
            if header.schema in DTYPES:
                self._symbols.setdefault(header.dataset, set()).update(header.symbols)
            return f"it is of {header.dataset}, and {self._vendor_dataset} was asked for"
        return None

    def _reason_of_symbol(self, header: Header) -> str | None:
        if self._symbol is None or self._symbol in header.symbols:
            return None
        return f"it does not hold {self._symbol}"

    def _nothing(self) -> InputError:
        if self.wanted:
            return InputError(
                f"{self.wanted[0].name} holds only definitions of instruments. Give TRADES or "
                "TBBO files with it.",
                file=self.wanted[0].name,
            )
        found = "; ".join(f"{one.file}: {one.reason}" for one in self.left_out[:5])
        return InputError(
            "There is no TRADES or TBBO file to read" + (f" ({found})." if found else ".")
        )


def list_given(paths: Sequence[Path]) -> list[Given]:
    """List the files named and those in folders, all levels deep, each once and by one name.

    Raises InputError for a path that is not there.
    """
    listed: list[Given] = []
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112  # a path too long to exist is no folder
            listed += [
                Given(path=file, name=printable(file.relative_to(path).as_posix()), alone=False)
                for file in sorted(path.rglob("*"))
                if file.is_symlink() or not file.is_dir()
            ]
        else:
            _check_exists(path)
            listed.append(Given(path=path, name=printable(path.name), alone=True))
    once: dict[str, Given] = {}
    for given in listed:
        place = os.path.realpath(given.path)
        known = once.get(place)
        if known is None or (given.alone and not known.alone):
            once[place] = given
    return _renamed(list(once.values()))


def printable(name: str) -> str:
    """Write a name so that every page, log and terminal can show it: on one line, as UTF-8."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in name
    )


def _check_exists(path: Path) -> None:
    name = printable(str(path))
    try:
        path.stat()
    except FileNotFoundError:
        raise InputError(f"{name} does not exist.", file=name) from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(f"{name} cannot be opened: {reason}.", file=name) from problem


def _irregular(given: Given) -> str:
    if given.alone:
        raise InputError(
            f"{given.name} is no regular file but a pipe, a socket or a device. Save the data to a "
            "file first.",
            file=given.name,
        )
    if given.path.is_dir():
        return "it is a link to a folder; give that folder by its own path"
    return "it is no regular file, or a link to one that is not there"


def _without_records(given: Given) -> str:
    if given.alone:
        raise InputError(
            f"{given.name} holds a header and no records. Request a range with trades in it.",
            file=given.name,
            record=0,
        )
    return "it holds no records"


def _check_one_dataset_each(symbols: dict[str, set[str]]) -> None:
    codes_of: dict[str, list[str]] = defaultdict(list)
    for code in sorted(symbols):
        for symbol in symbols[code]:
            codes_of[symbol].append(code)
    twice = sorted(symbol for symbol, codes in codes_of.items() if len(codes) > 1)
    if twice:
        codes = codes_of[twice[0]]
        raise InputError(
            f"{twice[0]} is in files of {len(codes)} vendor datasets ({', '.join(codes)}), whose "
            f"trades are not the same. Choose one with --dataset, such as --dataset {codes[0]}.",
            field="dataset",
            allowed=codes,
        )


def _renamed(listed: list[Given]) -> list[Given]:
    """Tell files of one name apart by the folder they are in."""
    count: dict[str, int] = defaultdict(int)
    for given in listed:
        count[given.name] += 1
    named = [
        replace(given, name=f"{printable(given.path.absolute().parent.name)}/{given.name}")
        if count[given.name] > 1
        else given
        for given in listed
    ]
    taken: dict[str, int] = defaultdict(int)
    unique = []
    for given in named:
        taken[given.name] += 1
        number = taken[given.name]
        unique.append(replace(given, name=f"{given.name} ({number})") if number > 1 else given)
    return unique
