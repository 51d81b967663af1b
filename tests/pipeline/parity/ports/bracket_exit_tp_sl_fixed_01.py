"""Long each day after 00:15, with a stop and a target of 0.4 %, until 06:15 at the latest."""


def run_strategy(frame, context):
    clock = frame.index.tz_convert(context["tz"])
    return frame[[]].assign(
        long_condition=(clock.hour == 0) & (clock.minute == 15),
        exit_long=(clock.hour == 6) & (clock.minute == 15),
        stop_pct=0.004,
        target_pct=0.004,
        reason="periodic long",
    )
