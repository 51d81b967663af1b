"""An event strategy makes the run that a frame strategy of the same rules makes."""

from typing import Any

import polars as pl
import pytest

from hewston.pipeline import backtest
from hewston.pipeline.engine.events import EventStrategy
from hewston.pipeline.engine.kind import EVENT, find_kind
from hewston.pipeline.errors import InputError
from hewston.pipeline.sandbox.kinds import FRAME
from hewston.pipeline.sandbox.strategy import SandboxedStrategy
from hewston.pipeline.spec import FillClock, Instrument, SlippageFees
from hewston.sandboxes import open_client
from tests.events.sources import BRACKETS, FOLLOWS, FRAME_BRACKETS, FRAME_FOLLOWS, HEAD
from tests.pipeline.frames import FREE, make_bars, make_spec, random_bars

COSTS = SlippageFees(k_spread=0.5, slippage_ticks=1, fees_bps=1, fee_per_unit=0.01)
SAME = ["bar", "ts", "intrabar", "side", "price", "reference_price", "fee"]


def run(
    source: str, bars: pl.DataFrame, lines: list[str] | None = None, **changes: Any
) -> dict[str, pl.DataFrame]:
    """The frames of a run of a source; ``lines`` gets its log."""
    data = source.encode()
    kind = find_kind(data)
    strategy = EventStrategy if kind is EVENT else SandboxedStrategy
    frames, _ = backtest.trade(
        bars,
        make_spec(**{"params": {}, "max_leverage": 100.0, **changes}),
        strategy=strategy(data, open_client(kind)),
        log=([] if lines is None else lines).append,
    )
    return frames


def event(body: str, *, start: str = "") -> str:
    """An event strategy that does this in on_bar, where ``seen`` bars were seen."""
    return (
        HEAD
        + "from nautilus_trader.core.nautilus_pyo3 import TimeInForce\n"
        + "class One(Strategy):\n    def on_start(self):\n        self.seen = 0\n"
        + "        self.subscribe_bars(self.context['bar_type'])\n"
        + "".join(f"        {line}\n" for line in start.splitlines())
        + "    def on_bar(self, bar):\n        self.seen += 1\n"
        + "        seen, name = self.seen, self.context['instrument_id']\n"
        + "        make = self.order_factory\n"
        + "".join(f"        {line}\n" for line in body.splitlines())
    )


STOP = "SELL, Quantity(1, 0), Price(99.97, 6)"
ALERT = "self.clock.set_time_alert_ns('x', bar.ts_event + 5, lambda event: None)"
BUY = "self.submit_order(make.market(name, OrderSide.BUY, Quantity(1, 0)))"


@pytest.mark.parametrize("clock", ["next_open", "close"])
def test_the_same_market_orders_make_the_same_artifacts(clock: FillClock) -> None:
    bars = random_bars(2_000, share_kept=0.9)
    options: dict[str, Any] = {
        "params": {"wave": 5},
        "fill_clock": clock,
        "slippage_fees": COSTS,
    }
    ours, theirs = run(FOLLOWS, bars, **options), run(FRAME_FOLLOWS, bars, **options)
    assert theirs["trades"].height > 100
    for name in ("fills", "trades", "equity", "orders"):
        assert ours[name].equals(theirs[name]), name
    assert ours["signals"]["target"].equals(theirs["signals"]["target"])


@pytest.mark.parametrize(
    ("clock", "costs"), [("next_open", FREE), ("next_open", COSTS), ("close", FREE)]
)
def test_stops_and_limits_fill_where_those_of_a_frame_strategy_do(
    clock: FillClock, costs: SlippageFees
) -> None:
    bars = random_bars(4_000)
    options: dict[str, Any] = {"fill_clock": clock, "slippage_fees": costs}
    ours, theirs = run(BRACKETS, bars, **options), run(FRAME_BRACKETS, bars, **options)
    assert theirs["trades"].height > 100
    assert ours["fills"].select(SAME).equals(theirs["fills"].select(SAME))
    assert set(ours["orders"]["reason"]) == {"entry", "stop", "target"}


def test_two_runs_are_equal_to_the_last_bit() -> None:
    bars = random_bars(1_000)
    first, second = run(BRACKETS, bars), run(BRACKETS, bars)
    assert all(first[name].equals(second[name]) for name in first)


def test_a_part_of_a_unit_and_a_contract_are_traded_too() -> None:
    bars = random_bars(200)
    half = event(
        "if seen == 3: self.submit_order(make.market(name, OrderSide.BUY, Quantity(0.5, 1)))"
    )
    coins = Instrument(asset_class="crypto", lot=0.1, price_precision=6)
    assert run(half, bars, instrument=coins)["fills"]["qty"].to_list() == [0.5]
    future = Instrument(asset_class="future", multiplier=50.0, price_precision=6)
    fills = run(event(f"if seen == 3: {BUY}"), bars, instrument=future)["fills"]
    assert fills["cash_after"][0] == pytest.approx(100_000 - 50 * fills["price"][0])


def test_a_trailing_stop_follows_the_path_of_the_bar() -> None:
    bars = make_bars([100.0, 100.0, 102.0, 104.0, 103.0], [100.0, 102.0, 104.0, 103.0, 103.0])
    source = event(
        "if seen == 1:\n    " + BUY + "\nif seen == 2: self.submit_order(make.trailing_stop_market("
        "name, OrderSide.SELL, Quantity(1, 0), trailing_offset=Decimal('1'), "
        "trailing_offset_type=TrailingOffsetType.PRICE))"
    ).replace("import TimeInForce", "import TrailingOffsetType\nfrom decimal import Decimal")
    fills = run(source, bars)["fills"]
    assert fills["price"].to_list() == [100.0, 103.0]
    assert fills["intrabar"].to_list() == [False, True]


def test_a_limit_that_a_bar_opens_beyond_fills_at_that_open_or_at_its_price() -> None:
    bars = make_bars([100.0, 100.0, 95.0, 95.0], [100.0, 100.0, 95.0, 95.0])
    source = event(
        "if seen == 1: self.submit_order("
        "make.limit(name, OrderSide.BUY, Quantity(1, 0), Price(98.0, 6)))"
    )
    assert run(source, bars)["fills"]["price"].to_list() == [95.0]
    assert run(source, bars, limit_gap="limit")["fills"]["price"].to_list() == [98.0]


def test_a_stop_that_price_does_not_reach_rests_beside_an_order_that_pays_the_spread() -> None:
    bars = make_bars([100.0, 100.0, 100.0, 101.0], [100.0, 100.0, 101.0, 101.0])
    stop = (
        "self.submit_order(make.stop_market(name, OrderSide.SELL, Quantity(1, 0), Price(99.97, 6)))"
    )
    source = event(f"if seen == 1: {stop}\nif seen == 2: {BUY}")
    costs = SlippageFees(k_spread=0, slippage_ticks=5, fees_bps=0)
    frames = run(source, bars, slippage_fees=costs)
    assert frames["fills"].select("side", "price").rows() == [("BUY", 100.05)]
    assert frames["orders"]["status"].to_list() == ["OPEN", "FILLED"]


def test_an_order_that_the_engine_refuses_takes_nothing_of_what_the_account_can_bear() -> None:
    sell = BUY.replace("BUY", "SELL")
    only = sell.replace("1, 0)", "1, 0), reduce_only=True")  # of a position that is not there
    source = event(f"if seen == 2: {only}\nif seen == 4: {sell}")
    frames = run(source, random_bars(8), starting_cash=110.0, max_leverage=1.0)
    assert frames["orders"]["status"].to_list() == ["REJECTED", "FILLED"]


def test_an_order_of_the_last_bar_stays_open() -> None:
    frames = run(event(f"if seen == 5: {BUY}"), random_bars(5))
    assert frames["orders"]["status"].to_list() == ["OPEN"]
    assert frames["fills"].is_empty()


def test_orders_that_the_account_cannot_bear_are_refused_and_heard_of() -> None:
    source = event(f"if seen == 3: {BUY}") + (
        "    def on_order_denied(self, event):\n        print('denied:', event.reason)\n"
    )
    lines: list[str] = []
    frames = run(source, random_bars(10), lines, starting_cash=50.0, max_leverage=1.0)
    assert frames["orders"].select("status", "reason").rows() == [("REJECTED", "buying_power")]
    assert any("denied: buying_power" in line for line in lines)


def test_a_ruined_account_is_closed_and_sends_no_more() -> None:
    bars = make_bars([100.0, 100.0, 60.0, 55.0, 55.0, 55.0], [100.0, 90.0, 60.0, 55.0, 55.0, 55.0])
    frames = run(event(BUY), bars, starting_cash=30.0, max_leverage=4.0)
    assert frames["fills"]["side"].to_list() == ["BUY", "SELL"]
    assert set(frames["orders"]["reason"].to_list()) >= {"ruined"}
    assert frames["equity"]["position"].to_list()[-1] == 0


def test_warm_up_bars_are_shown_and_not_traded() -> None:
    bars = random_bars(3_000)  # of eight dates
    second = bars["ts_open"].dt.date().unique().sort()[1]
    lines: list[str] = []
    frames = run(
        event(f"print(seen) if seen == 390 else None\n{BUY}"), bars, lines, from_date=second
    )
    assert frames["orders"]["bar"][0] == 0
    assert any("orders of warm-up bars" in line for line in lines)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("if seen == 3: 1 / 0", "failed in line 12: ZeroDivisionError: division by zero"),
        (
            f"if seen == 3: {BUY}".replace("1, 0)", "1, 0), time_in_force=TimeInForce.DAY"),
            "A run knows no orders of the time in force DAY",
        ),
        (
            f"if seen == 3: {BUY}".replace("market(", "stop_limit(").replace(
                "1, 0)", "1, 0), Price(101.0, 6), Price(102.0, 6)"
            ),
            "A run knows no orders of the type STOP_LIMIT",
        ),
        ("import socket\nsocket.socket()", "PermissionError"),
        (
            f"if seen == 3:\n    {BUY}\n    {ALERT}",
            "Set alerts only at closes of bars",
        ),
    ],
)
def test_what_its_author_does_wrong_is_told_with_the_line(body: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        run(event(body), random_bars(40, share_kept=0.5))
    assert said in str(caught.value)
    assert "/" not in str(caught.value).replace("1 / 0", "")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (HEAD, "this source defines none"),
        (HEAD + "class A(Strategy): pass\nclass B(Strategy): pass\n", "defines A and B"),
        (HEAD + "def f(:\n", "does not load in line 3"),
    ],
)
def test_a_source_without_one_class_is_refused(source: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        run(source, random_bars(10))


def test_the_kind_is_told_by_lines_that_import() -> None:
    assert find_kind(FOLLOWS.encode()) is EVENT
    assert find_kind(b"import nautilus_trader.core\n") is EVENT
    assert find_kind(b"x = 'import nautilus_trader'\n") is FRAME
    assert find_kind(FRAME_FOLLOWS.encode()) is FRAME


def test_closing_a_position_leaves_all_of_the_equity_for_the_next() -> None:
    body = f"if seen % 4 == 1: {BUY}\nif seen % 4 == 3: self.close_all_positions(name)"
    frames = run(
        event(body), make_bars([100.0] * 12, [100.0] * 12), starting_cash=110.0, max_leverage=1.0
    )
    assert frames["fills"]["bar"].to_list() == [1, 3, 5, 7, 9, 11]
    assert set(frames["orders"]["status"]) == {"FILLED"}


@pytest.mark.parametrize("clock", ["next_open", "close"])
def test_a_bracket_waits_with_an_entry_that_rests(clock: FillClock) -> None:
    bars = make_bars([100.0, 100.0, 100.0, 99.0, 103.0], [100.0, 100.0, 99.0, 103.0, 103.0])
    source = event(
        "if seen == 1: self.submit_order_list(make.bracket(name, OrderSide.BUY, Quantity(1, 0),"
        " sl_trigger_price=Price(97.0, 6), tp_price=Price(102.0, 6),"
        " entry_price=Price(99.5, 6), entry_order_type=OrderType.LIMIT))"
    ).replace("import TimeInForce", "import OrderType, TimeInForce")
    frames = run(source, bars, fill_clock=clock)
    assert frames["fills"].select("bar", "price").rows() == [(2, 99.5), (3, 102.0)]
    assert sorted(frames["orders"]["status"]) == ["CANCELLED", "FILLED", "FILLED"]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("trigger_type=TriggerType.LAST_PRICE", "no prices of the trigger type LAST_PRICE"),
        ("emulation_trigger=TriggerType.BID_ASK", "A run emulates no orders"),
        ("exec_algorithm_id=ExecAlgorithmId('TWAP')", "no execution algorithms"),
    ],
)
def test_an_order_that_would_never_be_met_is_an_error(option: str, said: str) -> None:
    source = event(
        "self.submit_order(make.stop_market("
        f"name, OrderSide.BUY, Quantity(1, 0), Price(101.0, 6), {option}))"
    ).replace("import TimeInForce", "import ExecAlgorithmId, TriggerType")
    with pytest.raises(InputError, match=said):
        run(source, random_bars(10))
