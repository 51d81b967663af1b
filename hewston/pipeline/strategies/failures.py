"""What an author's code did wrong, as a sentence for its author."""

from collections.abc import Callable, Mapping

from hewston.pipeline.errors import InputError
from hewston.pipeline.sandbox.inside.answer import StrategyFailure

type Details = Mapping[str, str | int | None]


def explain_failure(failure: StrategyFailure, *, rows: int = 0) -> InputError:
    """Make an error of what went wrong with a strategy on ``rows`` bars.

    Its details have ``line`` and ``source_line`` where a line of the author's is to blame.
    """
    return _SENTENCES[failure.kind](failure.details, rows)


def _fails(verb: str) -> Callable[[Details, int], InputError]:
    def explain(details: Details, _rows: int) -> InputError:
        line = details.get("line")
        where = "" if line is None else f" in line {line}"
        return InputError(
            f"The strategy {verb}{where}: {details.get('type')}: {details.get('message')}",
            field="strategy",
            line=line,
            source_line=details.get("code"),
        )

    return explain


def _lacks_function(_details: Details, _rows: int) -> InputError:
    return InputError("The strategy has no function run_strategy(frame).", field="strategy")


def _lacks_class(details: Details, _rows: int) -> InputError:
    found = details.get("found")
    return InputError(
        "An event strategy is one class that derives from Strategy of nautilus_pyo3; this source "
        + (f"defines {found}. Name one of them STRATEGY." if found else "defines none."),
        field="strategy",
    )


def _returns_no_frame(details: Details, _rows: int) -> InputError:
    return InputError(f"run_strategy returned {details.get('type')}, not a DataFrame.")


def _has_twice(details: Details, _rows: int) -> InputError:
    twice = details.get("column")
    return InputError(f"run_strategy returned the column {twice} twice.", field=twice)


def _has_other_rows(details: Details, rows: int) -> InputError:
    return InputError(
        f"run_strategy returned {details.get('rows')} rows for {rows} bars: one row a bar is "
        "needed, on the index of the frame."
    )


def _has_other_index(details: Details, _rows: int) -> InputError:
    row = details.get("row")
    return InputError(
        f"run_strategy changed the index: row {row} is {details.get('found')}, not "
        f"{details.get('expected')}.",
        record=row,
    )


def _is_unfit(details: Details, _rows: int) -> InputError:
    return InputError(str(details.get("message")), field=details.get("column"))


_SENTENCES: dict[str, Callable[[Details, int], InputError]] = {
    "load": _fails("does not load"),
    "raised": _fails("failed"),
    "no_function": _lacks_function,
    "no_class": _lacks_class,
    "no_frame": _returns_no_frame,
    "twice": _has_twice,
    "rows": _has_other_rows,
    "index": _has_other_index,
    "unfit": _is_unfit,
}
