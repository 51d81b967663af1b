"""The built-in strategies by name.

The web process reads their PARAMS, so neither this module nor a built-in imports pandas.
"""

import hashlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.strategies import (
    bollinger_breakout,
    buy_and_hold,
    donchian_breakout,
    ema_crossover,
    macd,
    opening_range_breakout,
    rsi_reversion,
    sma_crossover,
    vwap_reversion,
)

BUILT_IN: dict[str, ModuleType] = {
    "bollinger_breakout": bollinger_breakout,
    "buy_and_hold": buy_and_hold,
    "donchian_breakout": donchian_breakout,
    "ema_crossover": ema_crossover,
    "macd": macd,
    "opening_range_breakout": opening_range_breakout,
    "rsi_reversion": rsi_reversion,
    "sma_crossover": sma_crossover,
    "vwap_reversion": vwap_reversion,
}


def find_strategy(strategy_id: str) -> ModuleType:
    """Find a built-in strategy; raises InputError with the nearest name."""
    if strategy_id not in BUILT_IN:
        raise InputError(
            f"There is no strategy {strategy_id}. {suggest(strategy_id, sorted(BUILT_IN))}",
            code="STRATEGY_NOT_FOUND",
            field="strategy",
            allowed=sorted(BUILT_IN),
        )
    return BUILT_IN[strategy_id]


def source_sha256(strategy: ModuleType) -> str:
    """Hash a strategy's source file."""
    return hashlib.sha256(Path(inspect.getfile(strategy)).read_bytes()).hexdigest()


def load_strategy(path: Path) -> ModuleType:
    """Load a strategy from a Python file, in this process: only for code that you trust.

    Raises InputError for a file that is not there or does not load.
    """
    spec = importlib.util.spec_from_file_location(f"strategy_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InputError(f"There is no Python file {path}.", file=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # where dataclasses look up what annotations name
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        del sys.modules[module.__name__]
        raise InputError(
            f"{path} does not load: {type(problem).__name__}: {problem}", file=str(path)
        ) from problem
    return module
