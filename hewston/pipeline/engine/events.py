"""An event strategy: a class for the engine, which runs whole in the sandbox with the engine.

Outside, its answer is read as a stranger's: every fill must be one that the bars allow.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from hewston.pipeline import market, schemas
from hewston.pipeline.engine.answer import Deeds, read_deeds
from hewston.pipeline.engine.filled import check_fills
from hewston.pipeline.engine.inside.form import CLOSE, INSIDE, OPEN, STATUSES, TYPES
from hewston.pipeline.engine.result import EngineResult
from hewston.pipeline.sandbox.errors import SandboxError
from hewston.pipeline.sandbox.format import encode_frame
from hewston.pipeline.sandbox.inside.answer import StrategyFailure
from hewston.pipeline.sandbox.strategy import SandboxedStrategy, limit_for
from hewston.pipeline.spec import RunSpec, canonical_json
from hewston.pipeline.strategies.answers import read_declared, tell
from hewston.pipeline.strategies.failures import explain_failure

_SHOWN = ("open", "high", "low", "close", "volume")


class EventStrategy(SandboxedStrategy):
    """An author's source with a class that the engine runs; ``client`` is of the event kind."""

    def trade(
        self,
        frame: pl.DataFrame,
        *,
        first: int,
        spec: RunSpec,
        schedule: pl.DataFrame | None,
        context: Mapping[str, Any],
        log: Callable[[str], None],
    ) -> EngineResult:
        """Run it on BARS, of which those from the row ``first`` on may be traded.

        Spreads are filled in. The result is of the rows from ``first`` on. Raises InputError for
        what its author can mend, ForgedAnswerError for fills that the bars do not allow.
        """
        shown = frame.select(
            "ts_open",
            *_SHOWN,
            ts_close=market.close_times(frame, spec, schedule),
            cost=market.price_costs(frame, spec, log),
        )
        times = [name for name, value in context.items() if isinstance(value, dt.datetime)]
        request = {
            "spec": spec.as_json(),
            "first": first,
            "context": dict(context) | {name: context[name].isoformat() for name in times},
            "times": times,
        }
        deeds = self._ask(shown, request, spec.params, exact=False, log=log)
        try:
            _, read = read_declared(deeds.said, spec.params)
        except StrategyFailure as failure:
            raise explain_failure(failure, rows=shown.height) from None
        got = deeds.said.params
        if got is not None and canonical_json(got) != canonical_json(read):
            deeds = self._ask(shown, request, read, exact=True, log=log)
        if deeds.said.failure is not None:
            raise explain_failure(deeds.said.failure, rows=shown.height) from None
        check_fills(deeds, shown, spec)
        return _build_result(deeds, shown, first, spec, log)

    def _ask(
        self,
        shown: pl.DataFrame,
        request: Mapping[str, Any],
        params: Mapping[str, Any],
        *,
        exact: bool,
        log: Callable[[str], None],
    ) -> Deeds:
        asked = {"work": "trade", **request, "params": dict(params), "exact": exact}
        frame = encode_frame(shown)
        size = sum(memoryview(part).nbytes for part in frame)
        try:
            ran = self._client.run(asked, [frame, self.source], limit_for(shown.height, size))
        except SandboxError as problem:
            tell(problem.log, log)
            raise
        tell(ran.log, log)
        deeds = read_deeds(ran.output, rows=shown.height)
        self._keep(deeds.said)
        return deeds


def _build_result(
    deeds: Deeds, shown: pl.DataFrame, first: int, spec: RunSpec, log: Callable[[str], None]
) -> EngineResult:
    """Make EXECUTIONS and ORDERS of what was done; bars count from the run's first one."""
    orders = deeds.orders.with_row_index("row").filter(pl.col("bar") >= first)
    early = deeds.orders.height - orders.height
    if early:
        log(f"{early:,} orders of warm-up bars, before the run's first one, were not sent.")
    numbers = np.zeros(deeds.orders.height, np.uint32)
    numbers[orders["row"].to_numpy()] = np.arange(1, orders.height + 1)
    fills = deeds.fills
    of_fills = deeds.orders[fills["order"]]
    return EngineResult(
        executions=_build_executions(fills, of_fills, numbers, shown, first),
        orders=_build_orders(orders, shown, first),
        balance_total=deeds.balance,
        open_positions=(deeds.position,) if deeds.position[0] else (),
        ruined_bar=None if deeds.ruined_bar is None else deeds.ruined_bar - first,
        targets=_build_targets(fills, of_fills, shown.height, first, spec),
    )


def _build_orders(orders: pl.DataFrame, shown: pl.DataFrame, first: int) -> pl.DataFrame:
    return orders.select(
        bar=pl.col("bar") - first,
        ts=shown["ts_close"].gather(orders["bar"]),
        order_id=pl.int_range(1, orders.height + 1),
        side=_name_side(),
        qty="qty",
        type=_name("type", TYPES),
        time_in_force=_name("immediate", ("GTC", "IOC")),
        price=pl.col("price").fill_nan(None),
        status=_name("status", STATUSES),
        reason="reason",
    ).cast(pl.Schema(schemas.ORDERS))


def _build_executions(
    fills: pl.DataFrame,
    orders: pl.DataFrame,
    numbers: np.ndarray[Any, np.dtype[np.uint32]],
    shown: pl.DataFrame,
    first: int,
) -> pl.DataFrame:
    at_close = fills["moment"] == CLOSE
    opens, closes = (shown[name].gather(fills["bar"]) for name in ("ts_open", "ts_close"))
    is_resting = pl.Series(orders["type"] != TYPES.index("MARKET"))
    return fills.select(
        bar=pl.col("bar") - first,
        ts=pl.when(at_close).then(closes).otherwise(opens),
        # A stop or a limit that the bar opens beyond is met inside it too.
        intrabar=(pl.col("moment") == INSIDE) | ((pl.col("moment") == OPEN) & is_resting),
        order_id=pl.Series(numbers[fills["order"].to_numpy()]),
        fill_id=pl.int_range(1, fills.height + 1),
        side=orders.select(_name_side()).to_series(),
        qty="qty",
        price="price",
        reference_price="reference",
        fee="fee",
    ).cast(pl.Schema(schemas.EXECUTIONS))


def _build_targets(
    fills: pl.DataFrame, orders: pl.DataFrame, rows: int, first: int, spec: RunSpec
) -> pl.Series:
    """Give the position after each bar's close and what was sent at it, in units of the size."""
    bar, sent = fills["bar"].to_numpy(), orders["bar"].to_numpy()
    at_open = (fills["moment"] == OPEN).to_numpy() & (orders["type"] == 0).to_numpy()
    moved = np.zeros(rows)
    np.add.at(moved, np.where(at_open, sent, bar), (orders["side"] * fills["qty"]).to_numpy())
    unit = spec.size if spec.sizing == "fixed" else 1.0
    decimals = 12  # of units: sums of lots, without what floats leave
    return pl.Series("target", np.round(np.cumsum(moved), decimals)[first:] / unit)


def _name_side() -> pl.Expr:
    return pl.when(pl.col("side") > 0).then(pl.lit("BUY")).otherwise(pl.lit("SELL"))


def _name(column: str, words: tuple[str, ...]) -> pl.Expr:
    return pl.col(column).replace_strict(dict(enumerate(words)), return_dtype=pl.String)
