"""A finished check of a version, with what the pipeline finds in a strategy that looks ahead."""

import pandas as pd
import polars as pl

from apps.strategies.models import StrategyCheck, StrategyVersion
from hewston.pipeline.checks.check import check_strategy
from hewston.pipeline.checks.plan import LIGHT
from hewston.taskqueue import Status
from tests.pipeline.answering import answer_with

CHECK_ID = "cccccccccccc"


def centred(frame: pd.DataFrame) -> pd.DataFrame:
    middle = frame["close"].rolling(21, center=True).mean()
    total = frame["volume"].cumsum()
    return frame[[]].assign(position=(frame["close"] > middle) * 1.0, middle=middle, total=total)


def add_check(version: StrategyVersion, bars: pl.DataFrame) -> StrategyCheck:
    """Make the row of a check on the newest revision of the first dataset of its author."""
    result = check_strategy(answer_with(centred), bars[:1500], plan=LIGHT)
    dataset = version.author.dataset_set.latest("created_at")
    return StrategyCheck.objects.create(
        id=CHECK_ID,
        owner=version.author,
        version=version,
        revision=dataset.latest,
        params={"length": 50},
        status=Status.DONE,
        attempt=1,
        verdict=result["verdict"],
        sentence=result["sentence"],
        result=result | {"timings_ms": {"run": 41, "total": 9300}},
    )
