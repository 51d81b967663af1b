"""Metrics beside two well-known libraries, on accounts of several kinds."""

import dataclasses
import importlib
import math
import random
import socket
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline.metrics import MetricReport
from tests.pipeline.accounts import (
    CLOSING,
    DAY,
    chosen,
    equity_of,
    levels_after,
    report_of,
    trade,
)

# Both import plotting and downloading code whose own dependencies warn as they load.
pytestmark = pytest.mark.filterwarnings("ignore")

REL, ABS = 1e-9, 1e-12


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuse every connection and every look-up of a name, and tell of it at the end."""
    refused: list[str] = []

    def refusing(name: str) -> Callable[..., None]:
        def refuse(*_args: object, **_more: object) -> None:
            refused.append(name)
            raise OSError("no network in this test")

        return refuse

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refusing(name))
    monkeypatch.setattr(socket, "getaddrinfo", refusing("getaddrinfo"))
    yield
    assert refused == []


@dataclasses.dataclass(frozen=True, kw_only=True)
class Account:
    """Daily returns of an account and of its instrument, whose first day brings nothing."""

    returns: list[float]
    instrument: list[float]
    periods: int = 252

    def report(self) -> MetricReport:
        return report_of(
            equity_of(levels_after(self.returns), closes=levels_after(self.instrument, start=10.0)),
            calendar="24/7" if self.periods == 365 else "XNYS",
        )


def _draw(
    seed: int, days: int, *, drift: float, spread: float, active: float = 1.0, periods: int = 252
) -> Account:
    """Draw an account that follows its instrument in part, and trades on some days only."""
    source = random.Random(seed)
    instrument = [0.0] + [source.gauss(drift, spread) for _ in range(days - 1)]
    returns = [
        0.6 * change + source.gauss(drift, spread / 2) if source.random() < active else 0.0
        for change in instrument
    ]
    return Account(returns=returns, instrument=instrument, periods=periods)


ACCOUNTS = {
    "a calm year": _draw(1, 252, drift=0.0005, spread=0.006),
    "a volatile year of 24/7": _draw(2, 365, drift=0.001, spread=0.05, periods=365),
    "a long fall": _draw(3, 500, drift=-0.003, spread=0.01),
    "as few days as have a ratio": _draw(4, 20, drift=0.0, spread=0.01),
    "few days with a trade": _draw(5, 300, drift=0.0005, spread=0.01, active=0.1),
    "ten years": _draw(6, 2520, drift=0.0003, spread=0.01),
    "a crash on the first day": Account(
        returns=[-0.4, *_draw(7, 100, drift=0.002, spread=0.01).returns],
        instrument=_draw(7, 101, drift=0.002, spread=0.01).instrument,
    ),
}
of_every_kind = pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS.keys())


@of_every_kind
def test_empyrical_agrees(account: Account) -> None:
    import empyrical  # noqa: PLC0415  # slow to load, and warns

    returns, benchmark = np.array(account.returns), np.array(account.instrument)
    year = {"annualization": account.periods}
    expected = {
        "total_return": empyrical.cum_returns_final(returns),
        "buy_and_hold_return": empyrical.cum_returns_final(benchmark),
        "max_drawdown": -empyrical.max_drawdown(returns),
        "volatility": empyrical.annual_volatility(returns, **year),
        "sharpe": empyrical.sharpe_ratio(returns, **year),
        "sortino": empyrical.sortino_ratio(returns, **year),
        "omega": empyrical.omega_ratio(returns, **year),
        "var_95": empyrical.value_at_risk(returns),
        "cvar_95": empyrical.conditional_value_at_risk(returns),
        "beta": empyrical.beta(returns, benchmark),
    }
    assert chosen(account.report(), expected) == pytest.approx(expected, rel=REL, abs=ABS)


@of_every_kind
def test_quantstats_agrees(account: Account) -> None:
    import pandas as pd  # noqa: PLC0415  # the form quantstats takes

    quantstats: Any = importlib.import_module("quantstats.stats")  # only half of it has types
    days = pd.date_range("2023-01-02", periods=len(account.returns), freq="D")
    returns = pd.Series(account.returns, days)
    benchmark = pd.Series(account.instrument, days)
    year = {"periods": account.periods}
    greeks = quantstats.greeks(returns, benchmark, prepare_returns=False, **year)
    n = len(returns)
    expected = {
        "total_return": quantstats.comp(returns),
        "max_drawdown": -quantstats.max_drawdown(returns),
        "volatility": quantstats.volatility(returns, **year),
        "sharpe": quantstats.sharpe(returns, **year),
        "sortino": quantstats.sortino(returns, **year),
        "omega": quantstats.omega(returns, **year),
        "skew": quantstats.skew(returns),
        "kurtosis": quantstats.kurtosis(returns),
        "best_day": quantstats.best(returns),
        "worst_day": quantstats.worst(returns),
        # Of days without a change: ours are days, theirs are left out.
        "winning_days": quantstats.win_rate(returns) * float((returns != 0).mean()),
        # Ours is the mean over n of squares, as its author has it; theirs over n - 1.
        "ulcer_index": quantstats.ulcer_index(returns) * math.sqrt((n - 1) / n),
        "cvar_95": quantstats.conditional_value_at_risk(returns, method="historical"),
        "alpha": greeks["alpha"],
        "beta": greeks["beta"],
    }
    assert chosen(account.report(), expected) == pytest.approx(expected, rel=REL, abs=ABS)


@of_every_kind
def test_growth_agrees_where_a_year_is_as_many_returns_as_passed(account: Account) -> None:
    import empyrical  # noqa: PLC0415  # slow to load, and warns

    report, n = account.report(), len(account.returns)
    if n <= 30:
        assert "cagr" in report.reasons
        return
    a_year = 365.2425 * n / (n - 1)  # so many of theirs, as the days from the first bar to the last
    returns = np.array(account.returns)
    expected = {
        "cagr": empyrical.annual_return(returns, annualization=a_year),
        "calmar": empyrical.calmar_ratio(returns, annualization=a_year),
    }
    assert chosen(report, expected) == pytest.approx(expected, rel=REL, abs=ABS)


def test_daily_figures_are_the_same_from_bars_of_minutes() -> None:
    account = ACCOUNTS["a calm year"]
    source = random.Random(8)
    ends = levels_after(account.returns)
    levels = [end * move for end in ends for move in (source.uniform(0.99, 1.01), 1.0)]
    closes = [c for c in levels_after(account.instrument, start=10.0) for _ in range(2)]
    times = [CLOSING + i * DAY - m * DAY / 1440 for i in range(len(ends)) for m in (1, 0)]
    minutes = report_of(equity_of(levels, closes=closes, times=times))
    daily = account.report()
    keys = ("sharpe", "sortino", "volatility", "skew", "kurtosis", "omega", "ulcer_index")
    assert chosen(minutes, keys) == pytest.approx(chosen(daily, keys), rel=1e-12)
    assert minutes.bands == daily.bands
    deepest = [report.values["max_drawdown"] or 0 for report in (daily, minutes)]  # noqa: PD011
    assert deepest[0] < deepest[1]


# A return of a millionth or more is well above what rounding does to it.
RETURNS = st.lists(
    st.integers(-200_000, 250_000).map(lambda parts: parts / 1e6), min_size=20, max_size=90
)


@settings(deadline=None, max_examples=60)
@given(RETURNS)
def test_empyrical_agrees_on_any_returns(changes: list[float]) -> None:
    import empyrical  # noqa: PLC0415  # slow to load, and warns

    report = report_of(equity_of(levels_after(changes)))
    returns = np.array(changes)
    theirs = {
        "total_return": empyrical.cum_returns_final(returns),
        "max_drawdown": -empyrical.max_drawdown(returns),
        "volatility": empyrical.annual_volatility(returns),
        "sharpe": empyrical.sharpe_ratio(returns),
        "sortino": empyrical.sortino_ratio(returns),
        "omega": empyrical.omega_ratio(returns),
        "var_95": empyrical.value_at_risk(returns),
        "cvar_95": empyrical.conditional_value_at_risk(returns),
    }
    known = {key: value for key, value in theirs.items() if key not in report.reasons}
    assert chosen(report, known) == pytest.approx(known, rel=1e-9, abs=1e-11)
    if len(set(changes)) > 1 and min(changes) < 0:
        assert set(known) == set(theirs)


@pytest.mark.parametrize("seed", range(4))
def test_quantstats_agrees_on_trades(seed: int) -> None:
    import pandas as pd  # noqa: PLC0415  # the form quantstats takes

    quantstats: Any = importlib.import_module("quantstats.stats")  # only half of it has types
    source = random.Random(seed)
    profits = [source.gauss(0.1, 1.0) for _ in range(200)]
    report = report_of(equity_of([100.0]), trades=[trade(profit) for profit in profits])
    series = pd.Series(profits, pd.date_range("2023-01-02", periods=200, freq="D"))
    plain = {"prepare_returns": False}
    expected = {
        "hit_rate": quantstats.win_rate(series, **plain),
        "avg_win": quantstats.avg_win(series, **plain),
        "avg_loss": quantstats.avg_loss(series, **plain),
        "payoff": quantstats.payoff_ratio(series, **plain),
        "profit_factor": quantstats.profit_factor(series, **plain),
        "expectancy": series.mean(),
        "best_trade": quantstats.best(series, **plain),
        "worst_trade": quantstats.worst(series, **plain),
        "win_streak": quantstats.consecutive_wins(series, **plain),
        "loss_streak": quantstats.consecutive_losses(series, **plain),
        "sqn": math.sqrt(200) * statistics.mean(profits) / statistics.stdev(profits),
    }
    assert chosen(report, expected) == pytest.approx(expected, rel=REL, abs=ABS)
