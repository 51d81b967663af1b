"""Days of a symbol that two files hold: left out once when equal, an error when not."""

from collections import defaultdict

import polars as pl

from hewston.pipeline.errors import InputError
from hewston.pipeline.ingest.drafts import LeftOut
from hewston.pipeline.ingest.files import Source
from hewston.pipeline.ingest.reading import FileMinutes, Reader, date_of
from hewston.pipeline.sources.dbn.overlaps import Key, digests, first_difference

_MOST_DAYS_NAMED = 3

Day = tuple[str, int]  # symbol and UTC day


class Coverage:
    """Which file gave which days of which symbol, by vendor dataset and schema.

    Two files that were requested for different times of a day do not overlap.
    """

    def __init__(self) -> None:
        self._files: dict[tuple[str, str, str, int], list[tuple[Source, set[int]]]] = defaultdict(
            list
        )

    def without_repeated(
        self, minutes: FileMinutes, reader: Reader
    ) -> tuple[FileMinutes, list[LeftOut]]:
        """Leave out the days that an earlier file holds with equal records.

        Raises InputError that names both files, the day and the first record that differs.
        """
        source = minutes.source
        ids_of = _ids(minutes.tally)
        repeated: dict[str, list[Day]] = defaultdict(list)  # by the name of the earlier file
        by_file: dict[str, tuple[Source, dict[Day, set[int]]]] = {}
        for day, ids in sorted(ids_of.items()):
            known = self._files[source.dataset, source.schema, *day]
            for earlier, earlier_ids in known:
                if earlier.overlaps(source):
                    by_file.setdefault(earlier.raw.sha256, (earlier, {}))[1][day] = (
                        ids | earlier_ids
                    )
                    repeated[earlier.name].append(day)
                    break
            else:
                known.append((source, ids))
        for earlier, days in by_file.values():
            _compare(earlier, source, days, reader)
        if not repeated:
            return minutes, []
        gone = sorted(day for days in repeated.values() for day in days)
        frame = pl.DataFrame(gone, schema={"symbol": pl.String, "day": pl.Int64}, orient="row")
        return minutes.without(frame), _left_out(source, repeated, whole=len(gone) == len(ids_of))


def _ids(tally: pl.DataFrame) -> dict[Day, set[int]]:
    ids: dict[Day, set[int]] = defaultdict(set)
    present = tally.filter(pl.col("kind") == "records").select("symbol", "day", "instrument_id")
    for symbol, day, number in present.iter_rows():
        ids[symbol, day].add(number)
    return ids


def _compare(earlier: Source, later: Source, days: dict[Day, set[int]], reader: Reader) -> None:
    keys: set[Key] = {(number, day) for (_, day), ids in days.items() for number in ids}
    ones = digests(lambda wanted: reader.read_keys(earlier, wanted), keys)
    others = digests(lambda wanted: reader.read_keys(later, wanted), keys)
    differing = sorted(
        (day, symbol, number)
        for (symbol, day), ids in days.items()
        for number in ids
        if ones[number, day] != others[number, day]
    )
    if not differing:
        return
    day, symbol, number = differing[0]
    one, other = first_difference(
        lambda wanted: reader.read_keys(earlier, wanted),
        lambda wanted: reader.read_keys(later, wanted),
        (number, day),
    )
    raise InputError(
        f"{earlier.name} and {later.name} both hold {later.schema.upper()} of {symbol} on "
        f"{date_of(day)} (UTC), and their records differ, first at {_at(one, earlier)} and "
        f"{_at(other, later)}. Give only the file that is right for this day.",
        file=later.name,
        other_file=earlier.name,
        record=other if other is not None else one,
        day=date_of(day).isoformat(),
    )


def _at(number: int | None, source: Source) -> str:
    if number is None:
        return f"the end of {source.name}"
    return f"record {number:,} of {source.name}"


def _left_out(source: Source, repeated: dict[str, list[Day]], *, whole: bool) -> list[LeftOut]:
    if whole:
        return [LeftOut(file=source.name, reason=f"same records as {', '.join(sorted(repeated))}")]
    return [
        LeftOut(file=source.name, reason=f"{_named(days)}: same records as {name}")
        for name, days in sorted(repeated.items())
    ]


def _named(days: list[Day]) -> str:
    shown = ", ".join(f"{symbol} on {date_of(day)}" for symbol, day in days[:_MOST_DAYS_NAMED])
    more = len(days) - _MOST_DAYS_NAMED
    return f"{shown} and {more:,} more days" if more > 0 else shown
