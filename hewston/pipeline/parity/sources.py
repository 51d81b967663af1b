"""Where the sides of a comparison are read from: bridge artifacts, and finished runs."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from hewston.pipeline import artifacts, market
from hewston.pipeline.errors import InputError
from hewston.pipeline.intervals import INTERVAL_NS
from hewston.pipeline.parity.bridges import FACTS_FILE, FRAMES
from hewston.pipeline.parity.readers import place, read_upload
from hewston.pipeline.parity.side import Side, list_trades
from hewston.pipeline.schemas import BARS, CANDLES, list_indicators
from hewston.pipeline.spec import RunSpec
from hewston.pipeline.store import read_json

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_TRADED = ("trade_id", "side", "entry_ts", "exit_ts", "entry_bar", "exit_bar")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArtifactSource:
    """A bridge artifact, by its folder."""

    folder: Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunSource:
    """A finished run: its folder, and the bars of the dataset that it ran on.

    ``warmup`` is how many bars a check found that its answers need, ``measured_warmup`` likewise by
    series; None where they never settle.
    """

    folder: Path
    bars_file: Path
    run_id: str = ""
    warmup: int | None = None
    measured_warmup: Mapping[str, int | None] = _NOTHING
    candles_file: Path | None = None  # its bars as CANDLES, where they were made before


type Source = ArtifactSource | RunSource


def read_side(
    sources: Sequence[Source],
    *,
    name: str,
    zone: str | None = None,
    titles: Sequence[str] | None = None,
) -> Side:
    """Read a side; of two artifacts each gives what it has, the first before the second.

    ``zone`` is the one in which an artifact's times are read again, where its upload names none;
    ``titles`` are the series that are wanted, all without it. Raises InputError where a file is
    not as it was, or is missing.
    """
    read = [
        _read_run(source, name, titles)
        if isinstance(source, RunSource)
        else _read_artifact(source, name, zone, titles)
        for source in sources
    ]
    if len(read) == 1:
        return read[0]
    first, *others = read
    for other in others:
        first = _join(first, other)
    return first


def _join(first: Side, other: Side) -> Side:
    """Fill in what a side lacks from another one of the same origin."""
    parts = {
        field: getattr(first, field) if getattr(first, field) is not None else getattr(other, field)
        for field in ("candles", "series", "trades")
    }
    return dataclasses.replace(
        first,
        **parts,
        decimals={**other.decimals, **first.decimals},
        interval_ns=first.interval_ns or other.interval_ns,
        dates_only=other.dates_only if first.trades is None else first.dates_only,
        facts={**first.facts, "artifacts": [*first.facts["artifacts"], *other.facts["artifacts"]]},
    )


def _read_artifact(
    source: ArtifactSource, name: str, zone: str | None, titles: Sequence[str] | None
) -> Side:
    facts = read_json(source.folder / FACTS_FILE)
    frames: dict[str, pl.DataFrame | None] = {}
    if zone is not None and facts["zone"] not in {None, zone}:
        bridge = place(
            read_upload(
                source.folder / facts["upload"],
                filename=facts["filename"],
                date_order=facts.get("date_order"),
            ),
            zone,
        )
        frames = {one: getattr(bridge, one) for one in FRAMES}
        if bridge.series is not None and titles is not None:
            known = [title for title in dict.fromkeys(titles) if title in bridge.series.columns]
            frames["series"] = bridge.series.select("ts_open", *known)
    else:
        zone = facts["zone"]
        for one in FRAMES:
            path = source.folder / artifacts.frame_file(one)
            frames[one] = _read_frame(path, titles if one == "series" else None)
    trades = frames["trades"]
    if trades is not None and facts["kind"] == "json":  # events say no fees, nor what was earned
        trades = trades.with_columns(net_pnl=pl.lit(None, pl.Float64))
    decimals = {one["title"]: one["decimals"] for one in facts["series"]}
    decimals |= facts.get("decimals", {})
    return Side(
        name=name,
        candles=frames["candles"],
        series=frames["series"],
        trades=trades,
        interval_ns=INTERVAL_NS.get(facts["interval"]),
        decimals={title: count for title, count in decimals.items() if count is not None},
        dates_only=bool(facts.get("dates_only")),
        facts={
            "artifacts": [
                {
                    "name": facts["name"],
                    "upload_sha256": facts["hashes"][facts["upload"]],
                    "zone": zone,
                    "symbol": facts["symbol"] or None,
                    "interval": facts["interval"] or None,
                }
            ]
        },
    )


def _read_frame(path: Path, titles: Sequence[str] | None) -> pl.DataFrame | None:
    """Read a frame of an artifact, or those of its series that are wanted; None without a file."""
    if not path.is_file():
        return None
    found = pl.scan_parquet(path)
    if titles is not None:
        known = found.collect_schema()
        wanted = (title for title in dict.fromkeys(titles) if title in known)
        found = found.select("ts_open", *wanted)
    return found.collect()


def _read_run(source: RunSource, name: str, titles: Sequence[str] | None) -> Side:
    """Read a run. Trades are where their bars begin, whatever the fill clock."""
    manifest = read_json(source.folder / artifacts.MANIFEST_FILE)
    spec = RunSpec.from_json(manifest["spec"])
    signals = pl.scan_parquet(source.folder / artifacts.frame_file("signals"))
    known = list_indicators(signals.collect_schema())
    wanted = known if titles is None else [one for one in dict.fromkeys(titles) if one in known]
    series = signals.select("ts_open", *wanted).collect()
    starts = series["ts_open"]
    return Side(
        name=name,
        candles=_read_candles(source, spec, artifacts.dataset_interval(manifest), starts),
        series=series,
        trades=list_trades(artifacts.read_frame(source.folder, "trades"), starts),
        interval_ns=INTERVAL_NS[spec.interval],
        warmup=source.warmup,
        measured_warmup=source.measured_warmup,
        fill_clock=spec.fill_clock,
        multiplier=spec.instrument.multiplier,
        calendar=spec.calendar,
        tz=spec.tz,
        facts={
            "run_id": source.run_id or None,
            "dataset_id": manifest["dataset_id"],
            "bars_sha256": spec.bars_sha256,
            "input_hash": manifest["input_hash"],
            "output_hashes": manifest["output_hashes"],
            "strategy": {"id": spec.strategy_id, "sha256": spec.strategy_sha256},
            "params": dict(spec.params),
            "symbol": spec.symbol,
            "interval": spec.interval,
        },
    )


def are_bars_made(source: Source) -> bool:
    """Tell whether a source's bars are made of shorter ones each time that it is read."""
    if not isinstance(source, RunSource):
        return False
    manifest = read_json(source.folder / artifacts.MANIFEST_FILE)
    interval = RunSpec.from_json(manifest["spec"]).interval
    return interval != artifacts.dataset_interval(manifest)


def _read_candles(source: RunSource, spec: RunSpec, stored: str, starts: pl.Series) -> pl.DataFrame:
    """Read the bars that a run traded on, as CANDLES."""
    if source.candles_file is not None:
        return pl.read_parquet(source.candles_file)
    columns = list(CANDLES) if spec.interval == stored else list(BARS)
    bars = pl.read_parquet(source.bars_file, columns=columns)
    if spec.interval != stored:
        from hewston.pipeline.backtest import list_sessions  # noqa: PLC0415 (it loads the engine)

        schedule = list_sessions(bars, spec)
        bars = market.select_window(bars, spec, stored=stored, schedule=schedule).bars
    found = bars.select(list(CANDLES)).join(
        starts.to_frame(), on="ts_open", how="semi", maintain_order="left"
    )
    if not found["ts_open"].equals(starts):
        raise InputError(f"Run {source.run_id} is not of the bars in {source.bars_file.name}.")
    return found
