"""Formulas of figures of performance, over the closed trades of a list."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from hewston.pipeline.parity.readers.closed import Closed, Floats

# A value, and by how much the rounding of what trades list may move it.
type Value = tuple[float, float]
type Formula = Callable[[Closed], Value | None]


def list_formulas(key: str, *, percent: bool) -> tuple[Formula, ...]:
    """Give what a figure, by its key, may be; nothing where it does not follow from trades.

    Of some there are several readings: nobody says whether the commission of open trades counts, or
    of which trade the percentage beside the largest profit is.
    """
    return (PERCENTAGES if percent else FORMULAS).get(key, ())


def _sum(values: Floats, unit: float) -> Value:
    return math.fsum(values.tolist()), unit * len(values)


def _mean(values: Floats | None, unit: float) -> Value | None:
    if values is None or not len(values):
        return None
    return math.fsum(values.tolist()) / len(values), unit


def _count(number: int) -> Value:
    return float(number), 0.0


def _of_capital(formula: Formula) -> Formula:
    def share(side: Closed) -> Value | None:
        money = formula(side)
        if money is None or not side.capital:
            return None
        return 100 * money[0] / side.capital, 100 * money[1] / side.capital

    return share


def _divide(part: Value | None, whole: Value | None, *, percent: bool = False) -> Value | None:
    """Divide, whatever the signs; None where there is nothing to divide by."""
    if part is None or whole is None or not whole[0]:
        return None
    scale = 100.0 if percent else 1.0
    ratio = scale * part[0] / abs(whole[0])
    return ratio, (scale * part[1] + abs(ratio) * whole[1]) / abs(whole[0])


def _add(side: Closed, profits: Floats) -> Value:
    return math.fsum(profits.tolist()), side.rounding(len(profits))


def _net(side: Closed) -> Value:
    return (side.total, side.unit) if side.total is not None else _add(side, side.profits)


def _won(side: Closed) -> Value:
    return _add(side, side.wins)


def _lost(side: Closed) -> Value:
    return _add(side, side.losses)


def _largest_win(side: Closed) -> Value | None:
    return (float(side.wins.max()), side.unit) if len(side.wins) else None


def _largest_loss(side: Closed) -> Value | None:
    return (float(side.losses.min()), side.unit) if len(side.losses) else None


def _factor(side: Closed) -> Value | None:
    return _divide(_won(side), _lost(side))


def _ratio(side: Closed) -> Value | None:
    return _divide(_mean(side.wins, side.unit), _mean(side.losses, side.unit))


def _equity(side: Closed) -> Floats:
    return np.concatenate([[0.0], np.cumsum(side.profits)])


def _drawdown(side: Closed) -> Value | None:
    equity = _equity(side)
    fall = float((np.maximum.accumulate(equity) - equity).max())
    return (fall, side.rounding(len(side.profits))) if len(side.profits) else None


def _runup(side: Closed) -> Value | None:
    equity = _equity(side)
    rise = float((equity - np.minimum.accumulate(equity)).max())
    return (rise, side.rounding(len(side.profits))) if len(side.profits) else None


def _some(side: Closed, values: Floats | None, which: str) -> Floats | None:
    """Pick values of trades: those of ``all``, of winning (``won``) or losing ones (``lost``)."""
    if values is None or which == "all":
        return values
    return values[side.profits > 0] if which == "won" else values[side.profits < 0]


def _average_percent(which: str) -> Formula:
    return lambda side: _mean(_some(side, side.percents, which), side.pct_unit)


def _average_bars(which: str) -> Formula:
    return lambda side: _mean(_some(side, side.bars, which), 0.0)


def _largest_percent(which: str) -> Formula:
    def largest(side: Closed) -> Value | None:
        own = _some(side, side.percents, which)
        if own is None or not len(own):
            return None
        return float(own.max() if which == "won" else own.min()), side.pct_unit

    return largest


def _percent_of_largest(which: str) -> Formula:
    def percent(side: Closed) -> Value | None:
        own = _some(side, side.percents, which)
        money = _some(side, side.profits, which)
        if own is None or money is None or not len(own):
            return None
        return float(own[money.argmax() if which == "won" else money.argmin()]), side.pct_unit

    return percent


def _share_profitable(side: Closed) -> Value | None:
    count = len(side.profits)
    return (100 * len(side.wins) / count, 0.0) if count else None


def _commission(side: Closed) -> Value | None:
    return None if side.fees is None else _sum(side.fees, side.unit)


def _all_commission(side: Closed) -> Value | None:
    fees, others = side.fees, side.open_fees
    return None if fees is None or others is None else _sum(np.append(fees, others), side.unit)


def _open_pnl(side: Closed) -> Value | None:
    return None if side.open_pnl is None else (side.open_pnl, side.unit * side.still_open)


def _average(side: Closed) -> Value | None:
    return _mean(side.profits, side.unit)


FORMULAS: Mapping[str, tuple[Formula, ...]] = {
    "open_pnl": (_open_pnl,),
    "net_profit": (_net,),
    "gross_profit": (_won,),
    "gross_loss": (_lost,),
    "commission_paid": (_commission, _all_commission),
    "expected_payoff": (_average,),
    "total_trades": (lambda side: _count(len(side.profits)),),
    "open_trades": (lambda side: _count(side.still_open),),
    "winning_trades": (lambda side: _count(len(side.wins)),),
    "losing_trades": (lambda side: _count(len(side.losses)),),
    "even_trades": (lambda side: _count(int((side.profits == 0).sum())),),
    "margin_calls": (lambda side: _count(side.calls),),
    "percent_profitable": (_share_profitable,),
    "avg_trade": (_average,),
    "avg_winning_trade": (lambda side: _mean(side.wins, side.unit),),
    "avg_losing_trade": (lambda side: _mean(side.losses, side.unit),),
    "avg_ratio": (_ratio,),
    "largest_winning_trade": (_largest_win,),
    "largest_losing_trade": (_largest_loss,),
    "avg_bars": (_average_bars("all"),),
    "avg_bars_winning": (_average_bars("won"),),
    "avg_bars_losing": (_average_bars("lost"),),
    "profit_factor": (_factor,),
    "max_contracts": (lambda side: None if side.most_held is None else (side.most_held, 0.0),),
    "max_drawdown_closed": (_drawdown,),
    "max_runup_closed": (_runup,),
}
PERCENTAGES: Mapping[str, tuple[Formula, ...]] = {
    "open_pnl": (_of_capital(_open_pnl),),
    "net_profit": (_of_capital(_net),),
    "gross_profit": (_of_capital(_won),),
    "gross_loss": (_of_capital(_lost),),
    "commission_paid": (_of_capital(_commission), _of_capital(_all_commission)),
    "return_on_capital": (_of_capital(_net),),
    "percent_profitable": (_share_profitable,),
    "avg_trade": (_average_percent("all"),),
    "avg_winning_trade": (_average_percent("won"),),
    "avg_losing_trade": (_average_percent("lost"),),
    "largest_winning_trade": (_largest_percent("won"), _percent_of_largest("won")),
    "largest_losing_trade": (_largest_percent("lost"), _percent_of_largest("lost")),
    "largest_winning_pct": (_largest_percent("won"),),
    "largest_losing_pct": (_largest_percent("lost"),),
    "winner_share": (lambda side: _divide(_largest_win(side), _won(side), percent=True),),
    "loser_share": (lambda side: _divide(_largest_loss(side), _lost(side), percent=True),),
    "loss_share": (lambda side: _divide(_net(side), _largest_loss(side), percent=True),),
}
