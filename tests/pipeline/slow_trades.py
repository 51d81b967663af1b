"""Round trips as slowly and as plainly as they can be told: lot by lot, in exact fractions."""

import math
from collections import deque
from fractions import Fraction
from typing import Any

Row = dict[str, Any]


def exact(value: float) -> Fraction:
    return Fraction(repr(value))


def slow_round_trips(account: Row) -> list[Row]:
    """Match single lots in queues, then join neighbours that share entry and exit."""
    unit = exact(account["lot"]) * exact(account["multiplier"])
    queue: deque[tuple[int, int]] = deque()
    pairs: list[tuple[int, int | None]] = []
    counts = [round(row["qty"] / account["lot"]) for row in account["rows"]]
    for i, row in enumerate(account["rows"]):
        sign = 1 if row["side"] == "BUY" else -1
        for _ in range(counts[i]):
            if queue and queue[0][1] == -sign:
                pairs.append((queue.popleft()[0], i))
            else:
                queue.append((i, sign))
    pairs += [(entry, None) for entry, _ in queue]
    trades = []
    for pair in sorted(set(pairs), key=pairs.index):
        size = pairs.count(pair)
        entry = account["rows"][pair[0]]
        last_close = account["bars"][-1][3]
        leaving = {"reference_price": last_close, "price": last_close}
        ends = [(entry, Fraction(size, counts[pair[0]]))]
        if pair[1] is not None:
            leaving = account["rows"][pair[1]]
            ends.append((leaving, Fraction(size, counts[pair[1]])))
        sign = 1 if entry["side"] == "BUY" else -1
        costs = [
            (1 if end["side"] == "BUY" else -1)
            * size
            * unit
            * (exact(end["price"]) - exact(end["reference_price"]))
            for end, _ in ends
        ]
        move = exact(leaving["reference_price"]) - exact(entry["reference_price"])
        reached = [exact(leaving["price"]), exact(entry["price"])]
        reached += slow_extremes(account, pair)
        best = max(sign * (price - exact(entry["price"])) for price in reached)
        worst = min(sign * (price - exact(entry["price"])) for price in reached)
        trades.append(
            {
                "entry_bar": entry["bar"],
                "exit_bar": leaving.get("bar"),
                "qty": float(size * exact(account["lot"])),
                "gross_pnl": sign * size * unit * move,
                "slippage": sum(costs),
                "fees": sum(exact(end["fee"]) * share for end, share in ends),
                "mae_price": worst,
                "mfe_price": best,
                "mae": worst * size * unit,
                "mfe": best * size * unit,
            }
        )
    return trades


def slow_extremes(account: Row, pair: tuple[int, int | None]) -> list[Fraction]:
    """Collect highs and lows of the bars whose whole interval lies inside the trade."""
    moment = {"open": 0, "inside": 30, "close": 60}
    times = [
        math.inf if i is None else row["bar"] * 60 + moment[row["at"]]
        for i in pair
        for row in [account["rows"][i or 0]]
    ]
    return [
        exact(price)
        for i, bar in enumerate(account["bars"])
        if times[0] <= i * 60 and i * 60 + 60 <= times[1]
        for price in bar[1:3]
    ]
