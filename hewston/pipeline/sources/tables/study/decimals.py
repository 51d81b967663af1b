"""The decimal mark of a table."""

from collections.abc import Sequence

from hewston.pipeline.sources.tables.contents import Content
from hewston.pipeline.sources.tables.numbers import Evidence, find_group_mark, weigh
from hewston.pipeline.sources.tables.plan import Finding
from hewston.pipeline.sources.tables.study.seen import SAID, Seen

_MARKS = ("point", "comma")


def find_decimal(seen: Seen, contents: Sequence[Content]) -> Finding:
    """Find the decimal mark, ``point`` or ``comma``, by how the numbers are written."""
    if seen.answers.decimal is not None:
        value = "comma" if seen.answers.decimal == "," else "point"
        return Finding(value=value, confidence="said", reason=SAID, choices=_MARKS)
    # Dates with points and typed cells say nothing of numbers.
    cells = [
        text
        for content in contents
        if content.time_kind not in {"text", "epoch", "serial"} and content.numeric > 0.5  # noqa: PLR2004
        for text in content.texts[:500]
    ]
    found = weigh(cells)
    decimal, confidence, reason = "point", "certain", "the numbers have decimal points or none"
    if found.comma > found.point:
        decimal, reason = "comma", "the numbers have decimal commas"
    elif found.either and not found.point:
        group = find_group_mark([content.texts[:500] for content in contents])
        if group is not None:
            mark = found.example and next(sign for sign in found.example if sign in ".,")
            decimal, confidence = ("comma" if mark == "," else "point"), "certain"
            if group == mark:
                decimal = "point" if mark == "," else "comma"
            reason = "whole numbers show how thousands are grouped"
        else:
            decimal, confidence, reason = _weigh_groups(seen, found, cells)
        reason = f"{found.example!r} can be read both ways: {reason}"
    elif found.comma:
        confidence, reason = "likely", "most numbers have decimal points"
    return Finding(value=decimal, confidence=confidence, reason=reason, choices=_MARKS)


def _weigh_groups(seen: Seen, found: Evidence, cells: Sequence[str]) -> tuple[str, str, str]:
    """Decide between 1,234 as a decimal comma and as thousands, where that can be decided."""
    has_points = sum("." in cell for cell in cells) > sum("," in cell for cell in cells)
    as_decimal, as_group = ("point", "comma") if has_points else ("comma", "point")
    if found.ungrouped > 0.2 * found.either:
        return (
            as_decimal,
            "certain",
            "other whole numbers are not grouped, so it is the decimal mark",
        )
    is_ours = seen.language != "other"
    if is_ours and seen.source.delimiter == "," and not has_points and seen.source.text:
        return as_group, "likely", "the comma separates the columns, so these are groups"
    if is_ours and has_points:
        return "point", "likely", "nothing suggests that a point groups thousands here"
    if seen.language in {"english", "asian"} and seen.source.delimiter != ";":
        return as_group, "likely", "with headers like these commas group thousands"
    return as_decimal, "unknown", "all such numbers have three digits behind the mark"
