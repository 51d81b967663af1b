"""The path that price takes inside a bar, of which a bar tells four points alone.

It moves from the open to the extreme nearer to it, then to the other, then to the close; at equal
distances the low comes first.
"""

_SAME_DISTANCE = 1e-12  # of the price: floats in which two distances may differ


def is_low_first(opened: float, high: float, low: float) -> bool:
    """Tell whether the low is nearer to the open than the high, or as near."""
    further_down = (opened - low) - (high - opened)
    return further_down <= _SAME_DISTANCE * max(abs(high), abs(low))
