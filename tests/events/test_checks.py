"""The look-ahead check of event strategies: what they do, on all the data and on less of it."""

import pytest

from hewston.pipeline.checks.asking import answer_by_deeds
from hewston.pipeline.checks.check import check_strategy
from hewston.pipeline.checks.plan import LIGHT
from hewston.pipeline.engine.events import EventStrategy
from hewston.pipeline.engine.kind import EVENT
from hewston.sandboxes import open_client
from tests.events.sources import BRACKETS, FOLLOWS
from tests.events.test_runs import event
from tests.pipeline.frames import make_spec, random_bars

# Its code finds the bars that are still to come in the memory of its process.
CHEAT = event(
    """rows = self.market.close
ahead = rows[min(seen + 2, len(rows) - 1)]
held = int(self.portfolio.net_position(name))
if ahead > float(bar.close) and held <= 0:
    self.submit_order(make.market(name, OrderSide.BUY, Quantity(1 - held, 0)))
if ahead < float(bar.close) and held >= 0:
    self.submit_order(make.market(name, OrderSide.SELL, Quantity(1 + held, 0)))""",
    start="""import gc
known = [one for one in gc.get_objects() if type(one).__name__ == "Market"]
self.market = max(known, key=lambda one: one.count)""",
)


def check(source: str, params: dict[str, object]) -> dict[str, object]:
    strategy = EventStrategy(source.encode(), open_client(EVENT))
    answer = answer_by_deeds(strategy, make_spec(params=params, max_leverage=100.0))
    result: dict[str, object] = check_strategy(answer, random_bars(600), plan=LIGHT)
    return result


@pytest.mark.parametrize(("source", "params"), [(FOLLOWS, {"wave": 5}), (BRACKETS, {})])
def test_one_that_takes_bars_as_they_come_is_clean(source: str, params: dict[str, object]) -> None:
    result = check(source, params)
    assert result["verdict"] == "clean", result["sentence"]


def test_one_that_looks_for_later_bars_in_memory_is_found() -> None:
    result = check(CHEAT, {})
    assert result["verdict"] == "looks ahead", result["sentence"]
