"""Long above the average, with a stop of 2 %: change it to your own idea."""

PARAMS = {
    "length": {
        "type": "int",
        "default": 50,
        "min": 2,
        "max": 5000,
        "unit": "bars",
        "help": "How many closes are averaged.",
    },
}


def run_strategy(frame, params):
    """Take bars by the time they begin, and say for each what is wanted after its close."""
    average = frame["close"].rolling(params["length"]).mean()
    return frame[[]].assign(
        average=average,  # every other number is drawn on the chart
        long_condition=frame["close"] > average,
        exit_long=frame["close"] < average,
        stop_pct=0.02,
    )
