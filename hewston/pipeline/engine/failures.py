"""Exceptions inside the engine's callbacks, which vanish there without a word.

So every callback is guarded: the first exception is kept in the ``failures`` of its object, and
nothing more is done.
"""

import functools
from collections.abc import Callable


def guarded[**P](callback: Callable[P, None]) -> Callable[P, None]:
    """Keep the first exception of any callback, and do nothing after it."""

    @functools.wraps(callback)
    def guard(*args: P.args, **kwargs: P.kwargs) -> None:
        failures: list[BaseException] = args[0].failures  # type: ignore[attr-defined]  # own classes
        if failures:
            return
        try:
            callback(*args, **kwargs)
        except BaseException as problem:
            failures.append(problem)

    return guard


def kept[**P, R](hook: Callable[P, R]) -> Callable[P, R]:
    """Keep the exception of a hook that must answer, before the engine swallows it."""

    @functools.wraps(hook)
    def keep(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return hook(*args, **kwargs)
        except BaseException as problem:
            failures: list[BaseException] = args[0].failures  # type: ignore[attr-defined]  # own
            failures.append(problem)
            raise

    return keep
