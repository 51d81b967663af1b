"""How fast runs are compared: the page of two of a year, and the matcher alone."""

import http.client
import json
import statistics
import tempfile
import time

import numpy as np
import polars as pl

from benchmarks.pages import run_python, serve, sign_in
from benchmarks.rows import Row
from hewston.pipeline import matching
from hewston.pipeline.schemas import TRADES_RT

PAGE_MS = 150.0
MATCH_SECONDS = 1.0
TRADES = 10_000
_REQUESTS = 20


def measure() -> list[Row]:
    """Run two strategies on the sample year, and compare them as a browser asks for it."""
    with tempfile.TemporaryDirectory() as folder:
        ids = _make_runs(folder)
        cookie = sign_in(folder)
        first, then, trades = _time_page(folder, f"/runs/compare/?ids={','.join(ids)}", cookie)
    return [
        Row(
            name=f"compare two runs of a year of minutes, {trades:,} trades, first time",
            target=f"<= {PAGE_MS:g} ms",
            measured=f"{first:.0f} ms",
            met=first <= PAGE_MS,
        ),
        Row(
            name="the same page again, median",
            target=f"<= {PAGE_MS:g} ms",
            measured=f"{then:.0f} ms",
            met=then <= PAGE_MS,
        ),
        *(_match(shift) for shift in (0, 1, 50)),
    ]


def _make_runs(root: str) -> list[str]:
    """Make two runs that share some of their trades."""
    said = json.loads(run_python(root, "manage.py", "ingest", "--sample", "--json"))
    ids = []
    for slow in ("48", "50"):
        words = ("--strategy", "sma_crossover", "--param", "fast=20", "--param", f"slow={slow}")
        run = run_python(root, "manage.py", "backtest", said["dataset_id"], *words, "--json")
        ids.append(json.loads(run)["run_id"])
    return ids


def _time_page(root: str, path: str, cookie: str) -> tuple[float, float, int]:
    """Give milliseconds of the first answer and of later ones, and how many trades it matched."""
    taken, body = [], b""
    with serve(root) as (port, _):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        # The page of all runs loads what every page needs.
        for asked in ("/runs/", *[path] * _REQUESTS):
            start = time.perf_counter()
            connection.request("GET", asked, headers={"Cookie": cookie})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != http.client.OK:
                raise RuntimeError(f"{asked} answered {answer.status}")
            taken.append((time.perf_counter() - start) * 1000)
        connection.request("GET", f"/api{path[5:].replace('/?', '?')}", headers={"Cookie": cookie})
        trades = sum(run["trades"] for run in json.loads(connection.getresponse().read())["runs"])
        connection.close()
    if b"What differs" not in body:
        raise RuntimeError("The page does not compare.")
    return taken[1], statistics.median(taken[2:]), trades


def _match(shift: int) -> Row:
    """Match two lists of trades, the second a few bars later."""
    chance = np.random.default_rng(7)
    entry = np.cumsum(chance.integers(4, 9, TRADES))
    exits = entry + chance.integers(1, 4, TRADES)
    prices = chance.random(TRADES) + 100
    trades = pl.DataFrame(
        {
            "trade_id": np.arange(1, TRADES + 1),
            "side": np.where(chance.random(TRADES) < 1 / 2, "LONG", "SHORT"),
            "entry_bar": entry,
            "entry_ts": entry * 60 * 10**9,
            "entry_price": prices,
            "exit_bar": exits,
            "exit_ts": exits * 60 * 10**9,
            "exit_price": prices + 1,
            "qty": np.ones(TRADES),
            **{name: np.ones(TRADES) for name in ("gross_pnl", "slippage", "fees", "net_pnl")},
        }
    ).cast({"entry_ts": TRADES_RT["entry_ts"], "exit_ts": TRADES_RT["exit_ts"]})
    trades = trades.with_columns(
        pl.lit(None, kind).alias(name)
        for name, kind in TRADES_RT.items()
        if name not in trades.columns
    ).cast(pl.Schema(TRADES_RT), strict=False)
    placed = [
        matching.place_trades(trades, trades["entry_bar"] + late, trades["exit_bar"] + late)
        for late in (0, shift)
    ]
    start = time.perf_counter()
    matches = matching.match_trades(
        trades, trades, placed_a=placed[0], placed_b=placed[1], tolerance=max(shift, 1)
    )
    matching.build_waterfall(matches, net_profit_a=0.0, net_profit_b=0.0)
    seconds = time.perf_counter() - start
    return Row(
        name=f"match {TRADES:,} x {TRADES:,} trades, {shift} bars apart",
        target=f"<= {MATCH_SECONDS:g} s",
        measured=f"{seconds:.2f} s",
        met=seconds <= MATCH_SECONDS,
    )
