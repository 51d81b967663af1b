"""How two sources differ, line by line."""

import dataclasses
import difflib
from typing import Literal

from hewston.pipeline.errors import InputError

MOST_LINES = 5_000  # of a source; comparing longer ones takes seconds


@dataclasses.dataclass(frozen=True, kw_only=True)
class DifferentLine:
    """A line of either source, or of both: numbers count from 1, None where it is not there.

    ``before`` and ``after`` of a changed line stand beside each other, as far as there are as many.
    """

    kind: Literal["same", "changed", "removed", "added"]
    before_number: int | None = None
    before: str = ""
    after_number: int | None = None
    after: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hunk:
    """Lines that stand together, some of which differ."""

    before_start: int
    before_count: int
    after_start: int
    after_count: int
    lines: tuple[DifferentLine, ...]


def compare_lines(before: str, after: str, *, context: int = 3, **_told: object) -> list[Hunk]:
    """Compare two sources: what differs, each time with ``context`` lines around it.

    Raises InputError for sources that are too long to compare.
    """
    a, b = before.rstrip("\n").split("\n"), after.rstrip("\n").split("\n")
    if max(len(a), len(b)) > MOST_LINES:
        raise InputError(
            f"A source has over {MOST_LINES:,} lines, which is too long to compare here."
        )
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    hunks = []
    for group in matcher.get_grouped_opcodes(context):
        first, last = group[0], group[-1]
        lines: list[DifferentLine] = []
        for tag, *ends in group:
            lines += _pair(a, b, ends, is_same=tag == "equal")
        hunks.append(
            Hunk(
                before_start=first[1] + 1,
                before_count=last[2] - first[1],
                after_start=first[3] + 1,
                after_count=last[4] - first[3],
                lines=tuple(lines),
            )
        )
    return hunks


def _pair(a: list[str], b: list[str], ends: list[int], *, is_same: bool) -> list[DifferentLine]:
    """Put lines that replace each other side by side, the rest below them."""
    a_start, a_end, b_start, b_end = ends
    paired = min(a_end - a_start, b_end - b_start)
    lines = [
        DifferentLine(
            kind="same" if is_same else "changed",
            before_number=a_start + step + 1,
            before=a[a_start + step],
            after_number=b_start + step + 1,
            after=b[b_start + step],
        )
        for step in range(paired)
    ]
    lines += [
        DifferentLine(kind="removed", before_number=place + 1, before=a[place])
        for place in range(a_start + paired, a_end)
    ]
    lines += [
        DifferentLine(kind="added", after_number=place + 1, after=b[place])
        for place in range(b_start + paired, b_end)
    ]
    return lines


def write_unified(hunks: list[Hunk], *, before: str, after: str) -> list[str]:
    """Write hunks as a unified diff of files with these names; empty where nothing differs."""
    written = [f"--- {before}", f"+++ {after}"] if hunks else []
    for hunk in hunks:
        written.append(
            f"@@ -{hunk.before_start},{hunk.before_count} +{hunk.after_start},{hunk.after_count} @@"
        )
        written += [sign + text for sign, _, _, text in unify(hunk)]
    return written


def unify(hunk: Hunk) -> list[tuple[str, int | None, int | None, str]]:
    """Give a hunk's lines one below the other: sign, number before, number after, text.

    Of lines that replace each other, those before come first.
    """
    written: list[tuple[str, int | None, int | None, str]] = []
    gone: list[DifferentLine] = []
    come: list[DifferentLine] = []

    def settle() -> None:
        written.extend(("-", line.before_number, None, line.before) for line in gone)
        written.extend(("+", None, line.after_number, line.after) for line in come)
        gone.clear()
        come.clear()

    for line in hunk.lines:
        if line.kind == "same":
            settle()
            written.append((" ", line.before_number, line.after_number, line.before))
        if line.kind in {"changed", "removed"}:
            gone.append(line)
        if line.kind in {"changed", "added"}:
            come.append(line)
    settle()
    return written
