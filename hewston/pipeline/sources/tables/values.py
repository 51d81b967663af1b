"""Which of some columns of numbers is which price or volume, told by the numbers alone."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hewston.pipeline.sources.tables.vocabulary import PRICES, Role

_FITS = 0.98  # share of rows in which a high is the highest
_SCALES = 3.0  # times that one price of a bar may be another
_SAME_SERIES = 0.05  # by which a series that follows a price strays from it
_LEAST_ROWS = 3
_MOSTLY = 0.95  # share of the values of a volume that are whole
_LARGE = 1000  # what no change of a price, and no percentage, is
_ROWS_THAT_TELL = 20  # that one series explains another, whatever the factor

Numbers = npt.NDArray[np.float64]


def order_of(values: Sequence[Numbers], *, runs_back: bool) -> tuple[tuple[Role, ...], str] | None:
    """Say which of four columns is which price; None where no two are the extremes."""
    block = np.stack(values)
    whole = block[:, ~np.isnan(block).any(axis=0)]
    if whole.shape[1] == 0 or not _are_alike(whole):
        return None
    tops, bottoms = whole.max(axis=0), whole.min(axis=0)
    highest = [i for i in range(4) if (whole[i] >= tops).mean() >= _FITS]
    lowest = [i for i in range(4) if (whole[i] <= bottoms).mean() >= _FITS]
    if not highest or not lowest:
        return None
    if 1 in highest and 2 in lowest:  # noqa: PLR2004  # the places that they mostly have
        high, low = 1, 2
    else:
        high = highest[0]
        others = [i for i in lowest if i != high]
        if not others:
            return None
        low = others[0]
    one, other = (i for i in range(4) if i not in {high, low})
    is_usual = _goes_on(whole[one], whole[other], runs_back=runs_back) <= _goes_on(
        whole[other], whole[one], runs_back=runs_back
    )
    opened, closed = (one, other) if is_usual else (other, one)
    roles: dict[int, Role] = {high: "high", low: "low", opened: "open", closed: "close"}
    order = tuple(roles[i] for i in range(4))
    if order == PRICES:
        return order, "their values fit open, high, low, close"
    return order, "the highest, the lowest, and which goes on from the bar before"


def find_missing(
    known: Mapping[Role, Numbers], candidates: Mapping[int, Numbers], *, runs_back: bool
) -> dict[Role, int]:
    """Find columns for the prices that no header names, among those that nothing is known of."""
    found: dict[Role, int] = {}
    prices = dict(known)
    rest = {i: values for i, values in candidates.items() if _fits_among(values, prices)}
    for role in ("high", "low", "open", "close"):
        if role in prices:
            continue
        fitting = [i for i, values in rest.items() if _can_be(role, values, prices, rest)]
        if not fitting:
            continue
        if role == "open" and "close" not in prices and len(fitting) > 1:
            pairs = [(one, other) for one in fitting for other in fitting if one != other]
            best, _ = min(
                pairs, key=lambda p: _goes_on(rest[p[0]], rest[p[1]], runs_back=runs_back)
            )
        else:
            best = min(fitting, key=lambda i: _distance(role, rest[i], prices, runs_back=runs_back))
        found[role] = best
        prices[role] = rest.pop(best)
    return found


def _fits_among(values: Numbers, prices: Mapping[Role, Numbers]) -> bool:
    block = np.stack([values, *prices.values()])
    whole = block[:, ~np.isnan(block).any(axis=0)]
    return whole.shape[1] >= min(_LEAST_ROWS, len(values)) and _are_alike(whole)


def _can_be(
    role: str, values: Numbers, prices: Mapping[Role, Numbers], rest: Mapping[int, Numbers]
) -> bool:
    """Tell whether a column lies where a price must: on top, at the bottom, or between."""
    others = list(prices.values())
    if role in {"high", "low"} and len(others) + len(rest) <= len(PRICES):
        others += [other for other in rest.values() if other is not values]
    block = np.stack(others)
    with np.errstate(invalid="ignore"):
        if role == "high":
            fits = values >= block.max(axis=0)
        elif role == "low":
            fits = values <= block.min(axis=0)
        else:
            top, bottom = prices.get("high"), prices.get("low")
            fits = np.ones(len(values), dtype=bool)
            if top is not None and bottom is not None:
                fits = (values <= top) & (values >= bottom)
    known = ~np.isnan(values) & ~np.isnan(block).any(axis=0)
    return bool(known.any()) and bool(fits[known].mean() >= _FITS)


def _distance(
    role: str, values: Numbers, prices: Mapping[Role, Numbers], *, runs_back: bool
) -> float:
    """Tell how far a column is from what it must be near: an open from the close before it."""
    if role == "open" and "close" in prices:
        return _goes_on(values, prices["close"], runs_back=runs_back)
    if role == "close" and "open" in prices:
        return _goes_on(prices["open"], values, runs_back=runs_back)
    nearest = [_apart(values, other) for other in prices.values()]
    return min(nearest, default=0.0)


def _goes_on(opened: Numbers, closed: Numbers, *, runs_back: bool) -> float:
    """Give the mean distance of opens from the closes before them."""
    if runs_back:
        return _apart(opened[:-1], closed[1:])
    return _apart(opened[1:], closed[:-1])


def _apart(one: Numbers, other: Numbers) -> float:
    known = ~np.isnan(one) & ~np.isnan(other)
    return float(np.abs(one - other)[known].mean()) if known.any() else 0.0


def _are_alike(block: Numbers) -> bool:
    """Tell whether columns are of one scale, as the prices of a bar are."""
    sizes = np.median(np.abs(block), axis=1)
    return bool(sizes.max() <= _SCALES * sizes.min()) or bool(sizes.max() == 0)


def is_count(values: Numbers) -> bool:
    """Tell whether a column counts its rows, as programs put in front of a table."""
    if len(values) < _LEAST_ROWS or np.isnan(values).any():
        return False
    steps = np.diff(values)
    is_even = bool(np.all(steps == steps[0])) and abs(steps[0]) == 1
    return is_even and values.min() in {0, 1}


def can_be_volume(values: Numbers, close: Numbers, *, is_last: bool) -> bool:
    """Tell whether a column that nobody names can be a volume: whole or large, and no price.

    The last column that is left may have fractions, as volumes of crypto have.
    """
    known = values[~np.isnan(values)]
    if len(known) == 0 or (known < 0).any() or not known.any():
        return False
    is_whole = bool((known == np.round(known)).mean() >= _MOSTLY)
    is_large = float(np.median(known)) >= _LARGE
    return (is_whole or is_large or is_last) and not follows(values, close)


def follows(values: Numbers, price: Numbers) -> bool:
    """Tell whether a column is a price as well: it stays near another one."""
    ratio = _ratio(values, price)
    if len(ratio) < _LEAST_ROWS:
        return False
    middle = float(np.median(ratio))
    return 1 / _SCALES < middle < _SCALES and _spread(ratio) < _SAME_SERIES


def is_money(volume: Numbers, units: Numbers, price: Numbers) -> bool:
    """Tell whether one volume is the other one times the price, and a fixed multiplier."""
    plain = _ratio(volume, units)
    priced = _ratio(volume, units * price)
    if len(plain) < _LEAST_ROWS or len(priced) < _LEAST_ROWS:
        return False
    times_price = bool(0.8 < np.median(priced) < 1.25) and np.median(np.abs(price)) != 1  # noqa: PLR2004
    if times_price and _spread(priced) < _SAME_SERIES:
        return True
    # With a multiplier: the price must explain what the units do not.
    is_explained = _spread(priced) < min(_SAME_SERIES, _spread(plain)) / 2
    return len(priced) >= _ROWS_THAT_TELL and is_explained


def _ratio(one: Numbers, other: Numbers) -> Numbers:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio: Numbers = one / other
    known: Numbers = ratio[np.isfinite(ratio) & (ratio != 0)]
    return known


def _spread(ratio: Numbers) -> float:
    middle = float(np.median(ratio))
    return float(np.median(np.abs(ratio - middle))) / abs(middle) if middle else float("inf")


def share_in_order(prices: Mapping[Role, Numbers]) -> float:
    """Give the share of rows whose high is the highest and whose low is the lowest."""
    block = np.stack([prices[role] for role in PRICES])
    whole = block[:, ~np.isnan(block).any(axis=0)]
    if whole.shape[1] == 0:
        return 1.0
    fits = (whole[1] >= whole.max(axis=0)) & (whole[2] <= whole.min(axis=0))
    return float(fits.mean())
