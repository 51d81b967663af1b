"""Which column of a table is what: as found, and as its owner says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.sources.tables.columns import Column, Mapper
from hewston.pipeline.sources.tables.contents import Content
from hewston.pipeline.sources.tables.plan import Finding
from hewston.pipeline.sources.tables.study.seen import SAID, Places, Seen
from hewston.pipeline.sources.tables.times import classify
from hewston.pipeline.sources.tables.values import share_in_order
from hewston.pipeline.sources.tables.vocabulary import PRICES, part_of_time


def place_columns(seen: Seen, contents: Sequence[Content]) -> Places:
    """Give every column its role; raises InputError where a bar would lack a price or a time."""
    columns = _map(seen, contents)
    where = _place(seen, columns)
    is_end = "time" not in where and "close_time" in where
    if is_end:
        where["time"] = where.pop("close_time")
    _check(seen, where)
    return Places(columns=columns, where=where, is_end=is_end)


def check_prices(places: Places, contents: Sequence[Content]) -> Finding | None:
    """Say where highs are not on top and lows not at the bottom."""
    values = {role: contents[places.where[role][0]].values for role in PRICES}
    if any(len(value) == 0 for value in values.values()):
        return None
    share = share_in_order(values)
    if share >= 0.9:  # noqa: PLR2004
        return None
    return Finding(
        value=None,
        confidence="likely",
        reason=f"only {share:.0%} of the rows have their high on top and their low at the bottom: "
        "check which column is which",
    )


def _map(seen: Seen, contents: Sequence[Content]) -> list[Column]:
    columns = Mapper(seen.extent.header, contents).map()
    if not seen.answers.columns:
        return columns
    by_index = {column.index: column for column in columns}
    for role, said in seen.answers.columns.items():
        own = "time" if role in {"date", "clock"} else role
        if role != "clock":
            for index, column in by_index.items():
                if column.role == own:
                    by_index[index] = replace(
                        column, role="other", reason="another column was chosen"
                    )
        if said.casefold() == "none":
            continue
        for name in said.split("+"):
            index = _find_column(seen, name.strip(), columns)
            by_index[index] = replace(
                by_index[index],
                role=own,  # type: ignore[arg-type]  # read_columns has checked it
                confidence="said",
                reason=SAID,
            )
    return [by_index[index] for index in sorted(by_index)]


def _find_column(seen: Seen, said: str, columns: Sequence[Column]) -> int:
    names = [column.name for column in columns]
    if said in names:
        return names.index(said)
    folded = [name.casefold() for name in names]
    if said.casefold() in folded:
        return folded.index(said.casefold())
    if said.isdecimal() and 1 <= int(said) <= len(columns):
        return int(said) - 1
    raise InputError(
        f"There is no column {said!r} in {seen.source.name}. {suggest(said, names)}",
        field="columns",
        allowed=names,
    )


def _place(seen: Seen, columns: Sequence[Column]) -> dict[str, tuple[int, ...]]:
    where: dict[str, tuple[int, ...]] = {}
    for column in columns:
        if column.role not in {"other", "period"}:
            where[column.role] = (*where.get(column.role, ()), column.index)
    times = where.get("time", ())
    if len(times) == 2:  # noqa: PLR2004  # the date first, wherever it stands
        texts = [[row.text(index) for row in seen.sample[:50]] for index in times]
        if classify([text for text in texts[0] if text] or [""]) == "clock":
            where["time"] = (times[1], times[0])
    elif len(times) > 2:  # noqa: PLR2004
        parts = {index: part_of_time(columns[index].name) for index in times}
        whole = {index: part for index, part in parts.items() if part is not None}
        where["time"] = tuple(sorted(whole, key=lambda i: whole[i])) or times[:2]
    return where


def _check(seen: Seen, where: Mapping[str, tuple[int, ...]]) -> None:
    header = seen.extent.header
    missing = [role for role in ("time", *PRICES) if role not in where]
    if missing:
        names = [text for text in (header.texts if header else []) if text]
        raise InputError(
            f"{seen.source.name} has no column of {_join(missing)}. A bar needs a time, "
            f"open, high, low "
            "and close: name the columns with columns, as in time=Date,open=Open"
            + (f". Its columns: {', '.join(names[:30])}." if names else "."),
            field="columns",
            file=seen.source.name,
            missing=missing,
            allowed=names,
        )


def _join(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
