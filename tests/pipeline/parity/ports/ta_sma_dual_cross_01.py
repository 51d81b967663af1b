"""Two simple averages: long where the fast one crosses over the slow one, else short."""

PARAMS = {
    "fast": {"type": "int", "default": 9, "min": 1, "max": 500, "less_than": "slow"},
    "slow": {"type": "int", "default": 21, "min": 2, "max": 500},
}


def run_strategy(frame, params):
    fast = frame["close"].rolling(params["fast"]).mean()
    slow = frame["close"].rolling(params["slow"]).mean()
    return frame[[]].assign(
        fast=fast,
        slow=slow,
        long_condition=(fast > slow) & (fast.shift(1) <= slow.shift(1)),
        short_condition=(fast < slow) & (fast.shift(1) >= slow.shift(1)),
    )
