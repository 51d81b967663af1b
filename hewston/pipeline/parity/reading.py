"""What pages and exports read of a comparison that is kept: as few columns as they show."""

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from hewston.pipeline.parity.alignment import Aligned, align, read_column
from hewston.pipeline.parity.candles import PRICES
from hewston.pipeline.parity.days import place_days
from hewston.pipeline.parity.files import CANDLES_FILE, MATCHES_FILE, REPORT_FILE, TIERS_FILE
from hewston.pipeline.parity.listed import NAMES
from hewston.pipeline.parity.options import Options
from hewston.pipeline.parity.series import Times
from hewston.pipeline.parity.side import Side
from hewston.pipeline.parity.sources import RunSource, Source, read_side
from hewston.pipeline.parity.tolerances import LOOSE, SKIPPED, TIERS, Floats, measure
from hewston.pipeline.parity.values import read_pair
from hewston.pipeline.store import read_json

DIFFERENCE_COLUMNS = (
    *("ts_open", "layer", "subject", "pine", "python", "delta", "relative", "tier"),
)
_NS = 1_000_000_000
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_ENDS = ("entry", "exit")


def read_report(folder: Path) -> dict[str, Any]:
    """Read the report of a comparison; raises InputError where it is not whole."""
    return read_json(folder / REPORT_FILE)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Reader:
    """Reads bars, errors, differences and trades of a comparison that is kept in ``folder``.

    The sides are read from where they were compared: ``pine`` and ``python``. A row is a bar of
    either side, in order.
    """

    folder: Path
    pine: Sequence[Source]
    python: Sequence[Source]
    options: Options

    @functools.cached_property
    def report(self) -> dict[str, Any]:
        """The report."""
        return read_report(self.folder)

    @functools.cached_property
    def grid(self) -> Times:
        """When each row begins (ns, UTC)."""
        return self._tiers("ts_open").to_physical().to_numpy()

    def window(
        self, row: int, *, before: int = 20, after: int = 20, titles: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Give the rows around one: both sides' candles, the series of these titles, and trades.

        Times are seconds; what is missing is null. Titles are Pine's, those that are not compared
        are left out.
        """
        count = len(self.grid)
        first, end = (min(max(one, 0), count) for one in (row - before, row + after + 1))
        aligned = self._align(titles)
        times = self.grid[first:end]
        return {
            "first": first,
            "rows": count,
            "ts": (times // _NS).tolist(),
            "pine": _list_candles(aligned.pine, times),
            "python": _list_candles(aligned.python, times),
            "series": [self._cut_series(aligned, at, first, end) for at in self._places(titles)],
            "trades": {
                "pine": _list_ends(aligned.pine, self.grid, first, end),
                "python": _list_ends(aligned.python, self.grid, first, end),
            },
        }

    def errors(self, title: str, *, points: int = 1200) -> dict[str, Any]:
        """Give the largest error of a series, absolute and relative, in at most so many buckets."""
        aligned = self._align([title])
        places = self._places([title])
        if not places or not len(aligned.both):
            return {"ts": [], "rows": [], "absolute": [], "relative": []}
        row = self.report["series"][places[0]]
        a, b = read_pair(aligned, self.options, row["title"], row["other"])
        apart = measure(a, b)
        starts = np.arange(0, len(a), -(-len(a) // points))
        with np.errstate(all="ignore"):
            relative = apart / np.maximum(np.abs(a), np.abs(b))
        relative[apart == 0] = 0.0
        both = aligned.both[starts]
        return {
            "ts": (self.grid[both] // _NS).tolist(),
            "rows": both.tolist(),
            "absolute": _list(np.fmax.reduceat(apart, starts)),
            "relative": _list(np.fmax.reduceat(relative, starts)),
        }

    def differences(
        self, title: str | None = None, *, offset: int = 0, limit: int = 100
    ) -> dict[str, Any]:
        """List values beyond the band, of a series or of all, candles first, by time."""
        items: list[dict[str, Any]] = []
        total = 0
        for kind, at in self._subjects(title):
            rows = self._find_rows(kind, at)
            start = max(offset - total, 0)
            total += len(rows)
            chosen = rows[start : start + limit - len(items)]
            found = self._describe(kind, at, chosen) if len(chosen) else ()
            items += [
                {**dict(zip(_KEYS, one, strict=True)), "row": int(row)}
                for row, one in zip(chosen, found, strict=True)
            ]
        return {"total": total, "items": items}

    def difference_rows(self) -> Iterator[list[tuple[Any, ...]]]:
        """Give all of them as rows of DIFFERENCE_COLUMNS, a subject at a time."""
        for kind, at in self._subjects(None):
            rows = self._find_rows(kind, at)
            if len(rows):
                yield list(self._describe(kind, at, rows))

    def matches(
        self, kind: str | None = None, *, offset: int = 0, limit: int = 100
    ) -> dict[str, Any]:
        """List the trades of both sides, a_ is Pine's and b_ Python's; those of a kind, or all.

        ``different`` is the kind of all that are not matched.
        """
        path = self.folder / MATCHES_FILE
        if not path.is_file():
            return {"total": 0, "items": []}
        found = pl.scan_parquet(path)
        names = {shown: stored for stored, shown in NAMES.items()}
        text = pl.col("kind").cast(pl.String)
        if kind == "different":
            found = found.filter(text != "matched")
        elif kind is not None:
            found = found.filter(text == names.get(kind, kind))
        total = int(found.select(pl.len()).collect().item())
        rows = found.slice(offset, limit).with_columns(text.replace(NAMES)).collect()
        rows = rows.with_columns(
            row=np.searchsorted(
                self.grid,
                rows.select(pl.min_horizontal("a_entry_ts", "b_entry_ts"))
                .to_series()
                .to_physical(),
                side="right",
            ).clip(1)
            - 1
        )
        return {"total": total, "items": [_write_row(one) for one in rows.to_dicts()]}

    def _align(self, titles: Sequence[str]) -> Aligned:
        """Read both sides with some series, and align them as they were compared."""
        chosen = [self.report["series"][at] for at in self._places(titles)]
        python = read_side(self._made, name="Python", titles=[one["other"] for one in chosen])
        pine = read_side(
            self.pine,
            name="Pine",
            zone=self.options.zone,
            titles=[one["title"] for one in chosen],
        )
        return align(place_days(pine, python)[0], python, self.options)

    @property
    def _made(self) -> list[Source]:
        """Python's sources, with the bars that were kept."""
        path = self.folder / CANDLES_FILE
        if not path.is_file():
            return list(self.python)
        return [
            dataclasses.replace(one, candles_file=path) if isinstance(one, RunSource) else one
            for one in self.python
        ]

    def _places(self, titles: Sequence[str]) -> list[int]:
        known = {one["title"]: at for at, one in enumerate(self.report["series"])}
        return [known[title] for title in titles if title in known]

    def _tiers(self, column: str) -> pl.Series:
        return pl.read_parquet(self.folder / TIERS_FILE, columns=[column])[column]

    def _cut_series(self, aligned: Aligned, at: int, first: int, end: int) -> dict[str, Any]:
        one = self.report["series"][at]
        times = self.grid[first:end]
        tiers = self._tiers(f"series {at}")[first:end].to_list()
        return {
            "title": one["title"],
            "other": one["other"],
            "pine": _list(read_column(aligned.pine.series, one["title"], times)),
            "python": _list(read_column(aligned.python.series, one["other"], times)),
            "tiers": [None if tier == SKIPPED else TIERS[tier] for tier in tiers],
        }

    def _subjects(self, title: str | None) -> list[tuple[str, int]]:
        if title is not None:
            return [("series", at) for at in self._places([title])]
        report = self.report
        return [(kind, at) for kind in ("candles", "series") for at in range(len(report[kind]))]

    def _find_rows(self, kind: str, at: int) -> np.ndarray:
        """Give the rows at which values are not the same."""
        one = self.report[kind][at]
        if not sum(one["counts"][name] for name in TIERS[LOOSE:]):
            return np.zeros(0, dtype=np.int64)
        tiers = self._tiers(f"{kind} {at}").to_numpy()
        return np.flatnonzero((tiers >= LOOSE) & (tiers != SKIPPED))

    def _describe(self, kind: str, at: int, rows: np.ndarray) -> Iterator[tuple[Any, ...]]:
        """Give a row of DIFFERENCE_COLUMNS for each of these rows."""
        one = self.report[kind][at]
        aligned = self._align([one["title"]] if kind == "series" else [])
        a, b = self._read_both(aligned, kind, one)
        where = np.searchsorted(aligned.both, rows)
        a, b = a[where], b[where]
        with np.errstate(all="ignore"):
            relative = measure(a, b) / np.maximum(np.abs(a), np.abs(b))
        times = pl.Series(self.grid[rows]).cast(pl.Datetime("ns")).dt.strftime(_TIME)
        tiers = self._tiers(f"{kind} {at}").gather(pl.Series(rows)).to_list()
        return zip(
            times.to_list(),
            itertools.repeat("candles" if kind == "candles" else "indicators"),
            itertools.repeat(one["title"]),
            _list(a),
            _list(b),
            _list(b - a),
            _list(relative),
            [TIERS[tier] for tier in tiers],
            strict=False,  # two of them have no end
        )

    def _read_both(self, aligned: Aligned, kind: str, one: dict[str, Any]) -> tuple[Floats, Floats]:
        if kind == "series":
            return read_pair(aligned, self.options, one["title"], one["other"])
        times = aligned.times
        return (
            read_column(aligned.pine.candles, one["title"], times),
            read_column(aligned.python.candles, one["title"], times),
        )


_KEYS = ("ts", *DIFFERENCE_COLUMNS[1:])


def _list(values: Floats) -> list[float | None]:
    """Give numbers as JSON has them; null for what is no number."""
    return [
        value if ok else None
        for value, ok in zip(values.tolist(), np.isfinite(values), strict=True)
    ]


def _list_candles(side: Side, times: Times) -> dict[str, list[float | None]] | None:
    if side.candles is None:
        return None
    return {name: _list(read_column(side.candles, name, times)) for name in PRICES}


def _list_ends(side: Side, grid: Times, first: int, end: int) -> list[dict[str, Any]]:
    """List the entries and exits of trades in some rows, by row."""
    if side.trades is None:
        return []
    found = []
    for name in _ENDS:
        times = side.trades[f"{name}_ts"]
        at = np.searchsorted(grid, times.to_physical().fill_null(-1).to_numpy(), side="right") - 1
        chosen = np.flatnonzero((at >= first) & (at < end))
        rows = side.trades[chosen]
        found += [
            {
                "trade_id": row["trade_id"],
                "side": str(row["side"]),
                "end": name,
                "row": int(at[place]),
                "price": row[f"{name}_price"],
                "qty": row["qty"],
                "reason": row[f"{name}_reason"],
            }
            for place, row in zip(chosen, rows.to_dicts(), strict=True)
        ]
    return sorted(found, key=lambda one: (one["row"], one["trade_id"], one["end"]))


def _write_row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.strftime(_TIME) if key.endswith("_ts") and value else value
        for key, value in row.items()
    }
