"""DBN files of TRADES and TBBO to dataset drafts, one for each symbol."""

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from hewston.pipeline import bars
from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.ahead import Meter, count_workers, in_order
from hewston.pipeline.ingest.conditions import merge_conditions, read_conditions
from hewston.pipeline.ingest.drafts import DatasetDraft, Derivation, LeftOut, Progress, within
from hewston.pipeline.ingest.files import (
    DEFINITION,
    Given,
    Source,
    Triage,
    list_given,
)
from hewston.pipeline.ingest.instrument import check_overrides
from hewston.pipeline.ingest.overlap import Coverage
from hewston.pipeline.ingest.reading import BY_SYMBOL, FileMinutes, Parts, Reader
from hewston.pipeline.ingest.staging import stage
from hewston.pipeline.ingest.symbol import SymbolTicks, draft_of
from hewston.pipeline.quality.tally import TALLY
from hewston.pipeline.schemas import Schema
from hewston.pipeline.sources.dbn.bytestream import open_bytes
from hewston.pipeline.sources.dbn.definitions import Definition, read_definitions
from hewston.pipeline.sources.dbn.header import read_header

_SYMBOL: Schema = {"symbol": pl.String}
_PRINTS = _SYMBOL | {k: v for k, v in bars.PRINTS.items() if k != "instrument_id"}
_QUOTES = _SYMBOL | {k: v for k, v in bars.QUOTES.items() if k != "instrument_id"}
_TALLY = _SYMBOL | TALLY

# What share of an ingest each step is, from where to where.
_COPYING, _READING, _DEFINING, _DRAFTING = (0.0, 0.1), (0.1, 0.8), (0.8, 0.85), (0.85, 1.0)


def silent(_state: Mapping[str, object]) -> None:
    """Tell nobody of progress."""


def derive_dbn(
    paths: Sequence[Path],
    *,
    staging: Path,
    symbol: str | None = None,
    vendor_dataset: str | None = None,
    overrides: Mapping[str, object] | None = None,
    calendar: str | None = None,
    progress: Progress = silent,
    workers: int | None = None,
) -> Derivation:
    """Derive the one-minute bars of one symbol, or of every symbol, in the files and folders.

    Folders are searched at all levels. Each file that is used is first copied to
    ``staging/raw/<sha256><suffix>``; bars are staged under ``staging/drafts``. ``overrides`` are
    instrument fields that the user edited. ``progress`` is told {file, day, records, share} a
    few times a second, by one thread at a time, and may raise CancelledError, which ends the
    derivation. ``workers`` files are read at once, by default one a core: it shows in no result.

    Raises InputError, which names file and record, for anything that cannot be ingested as it is.
    """
    return derive_given(
        list_given(paths),
        staging=staging,
        options=Options(
            symbol=symbol,
            vendor_dataset=vendor_dataset,
            overrides=dict(overrides or {}),
            calendar=calendar,
        ),
        progress=progress,
        workers=workers,
    )


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user chose."""

    symbol: str | None = None
    vendor_dataset: str | None = None
    overrides: Mapping[str, object] = field(default_factory=dict)
    calendar: str | None = None
    conditions: Mapping[str, str] | None = None  # by UTC date; None: as condition.json says


def derive_given(
    given: Sequence[Given],
    *,
    staging: Path,
    options: Options,
    progress: Progress,
    workers: int | None = None,
) -> Derivation:
    """Derive from files whose names are already settled; see ``derive_dbn``."""
    workers = count_workers(workers)
    check_overrides(options.overrides)
    triage = Triage(symbol=options.symbol, vendor_dataset=options.vendor_dataset)
    for one in given:
        triage.take(one)
    triage.check()
    sources, left_out = stage(
        triage.wanted,
        staging / "raw",
        progress=within(progress, *_COPYING),
        workers=workers,
    )
    left_out = triage.left_out + left_out
    ticks = [source for source in sources if source.schema != DEFINITION]
    gathered = _gather(ticks, options, within(progress, *_READING), left_out, workers=workers)
    definitions = _definitions(
        [source for source in sources if source.schema == DEFINITION],
        gathered,
        left_out,
        within(progress, *_DEFINING),
    )
    drafts = _drafts(
        gathered,
        definitions,
        read_conditions(given),
        staging=staging / "drafts",
        options=options,
        progress=within(progress, *_DRAFTING),
    )
    if not drafts:
        raise InputError(
            "The files hold no trade with a price and a size"
            + (f" of {options.symbol}" if options.symbol else "")
            + ", so there are no bars. Request a range with trades in it.",
            field="symbol" if options.symbol else None,
            file=ticks[0].name,
        )
    return Derivation(drafts=tuple(drafts), left_out=tuple(left_out))


class _Gathered:
    """Minutes and counts of all files, by vendor dataset, schema and symbol."""

    def __init__(self) -> None:
        self._prints: dict[tuple[str, str], Parts] = {}
        self._quotes: dict[str, Parts] = {}
        self._tallies: dict[tuple[str, str], list[pl.DataFrame]] = defaultdict(list)
        self._split: dict[tuple[str, ...], dict[tuple[object, ...], pl.DataFrame]] = {}
        self.sources_of: dict[tuple[str, str], list[Source]] = defaultdict(list)
        self.ids_of: dict[str, set[int]] = defaultdict(set)  # by vendor dataset
        self.records = 0

    def add(self, minutes: FileMinutes) -> None:
        source = minutes.source
        key = (source.dataset, source.schema)
        self._prints.setdefault(key, Parts(_PRINTS, BY_SYMBOL)).add(
            minutes.prints.select(list(_PRINTS))
        )
        if source.schema == "tbbo":
            self._quotes.setdefault(source.dataset, Parts(_QUOTES, BY_SYMBOL)).add(
                minutes.quotes.select(list(_QUOTES))
            )
        self._tallies[key].append(minutes.tally.select(list(_TALLY)))
        self.ids_of[source.dataset].update(minutes.tally["instrument_id"].unique().to_list())
        self.records += int(minutes.tally.filter(pl.col("kind") == "records")["count"].sum())
        for name in sorted(minutes.tally["symbol"].unique()):
            self.sources_of[source.dataset, name].append(source)

    def of(self, dataset: str, symbol: str) -> SymbolTicks:
        """Give all of one symbol's ticks."""
        return SymbolTicks(
            symbol=symbol,
            dataset=dataset,
            sources=self.sources_of[dataset, symbol],
            trades=self._part(("prints", dataset, "trades"), symbol, _PRINTS),
            tbbo=self._part(("prints", dataset, "tbbo"), symbol, _PRINTS),
            quotes=self._part(("quotes", dataset), symbol, _QUOTES),
            trades_tally=self._part(("tally", dataset, "trades"), symbol, _TALLY),
            tbbo_tally=self._part(("tally", dataset, "tbbo"), symbol, _TALLY),
        )

    def _part(
        self,
        what: tuple[str, ...],
        symbol: str,
        schema: Schema,
    ) -> pl.DataFrame:
        if what not in self._split:
            self._split[what] = self._whole(what, schema).partition_by("symbol", as_dict=True)
        return self._split[what].get((symbol,), pl.DataFrame(schema=schema))

    def _whole(self, what: tuple[str, ...], schema: Schema) -> pl.DataFrame:
        key = (what[1], what[-1])
        if what[0] == "tally":
            return pl.concat([pl.DataFrame(schema=schema), *self._tallies.pop(key, [])])
        parts = (
            self._quotes.pop(what[1], None) if what[0] == "quotes" else self._prints.pop(key, None)
        )
        return pl.DataFrame(schema=schema) if parts is None else parts.merged()


def _gather(
    ticks: Sequence[Source],
    options: Options,
    progress: Progress,
    left_out: list[LeftOut],
    *,
    workers: int,
) -> _Gathered:
    gathered, coverage = _Gathered(), Coverage()
    meter = Meter(total_bytes=sum(source.raw.size_bytes for source in ticks), progress=progress)
    reader = Reader(symbol=options.symbol, meter=meter)
    with in_order(reader.read, ticks, workers=workers, meter=meter) as found:
        for minutes in found:
            own, omitted = coverage.without_repeated(minutes, reader)
            left_out += omitted
            gathered.add(own)
    return gathered


def _drafts(
    gathered: _Gathered,
    definitions: Mapping[str, list[tuple[Source, Definition]]],
    conditions: Mapping[Path, Mapping[str, str]],
    *,
    staging: Path,
    options: Options,
    progress: Progress,
) -> list[DatasetDraft]:
    """Derive each symbol's bars."""
    drafts = []
    symbols = sorted(gathered.sources_of)
    for number, (dataset, name) in enumerate(symbols):
        ticks = gathered.of(dataset, name)
        if ticks.trades.is_empty() and ticks.tbbo.is_empty():
            continue
        progress(
            {
                "file": ticks.sources[-1].name,
                "day": None,
                "records": gathered.records,
                "share": number / len(symbols),
            }
        )
        found = {source.folder for source in ticks.sources} & conditions.keys()
        folder = staging / f"{number:05}"
        folder.mkdir(parents=True)
        drafts.append(
            draft_of(
                ticks,
                folder=folder,
                definitions=definitions.get(dataset, []),
                overrides=options.overrides,
                calendar=options.calendar,
                conditions=options.conditions
                or merge_conditions(conditions[place] for place in sorted(found)),
            )
        )
    return drafts


def _is_gathered(names: set[str], numbers: set[int], name: str, number: int) -> bool:
    return name in names or number in numbers


def _definitions(
    sources: Sequence[Source], gathered: _Gathered, left_out: list[LeftOut], progress: Progress
) -> dict[str, list[tuple[Source, Definition]]]:
    """Read the definitions of what was gathered, by vendor dataset."""
    found: dict[str, list[tuple[Source, Definition]]] = defaultdict(list)
    symbols: dict[str, set[str]] = defaultdict(set)
    for dataset, name in gathered.sources_of:
        symbols[dataset].add(name)
    for done, source in enumerate(sources):

        def tell(records: int, name: str = source.name, share: float = done / len(sources)) -> None:
            progress({"file": name, "day": None, "records": records, "share": share})

        names, numbers = symbols[source.dataset], gathered.ids_of[source.dataset]
        with open_bytes(source.path, name=source.name) as stream:
            defined = read_definitions(
                stream,
                read_header(stream),
                wanted=functools.partial(_is_gathered, names, numbers),
                tell=tell,
            )
        if not defined:
            left_out.append(LeftOut(file=source.name, reason="it defines nothing that is ingested"))
        found[source.dataset] += [(source, one) for one in defined]
    return found
