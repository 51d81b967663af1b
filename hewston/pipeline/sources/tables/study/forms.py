"""How a table writes its times, and which of two numbers is the day."""

from collections.abc import Sequence

from hewston.pipeline.errors import InputError
from hewston.pipeline.sources.tables.plan import Finding
from hewston.pipeline.sources.tables.study.seen import SAID, Seen
from hewston.pipeline.sources.tables.times import (
    ORDER_NAMES,
    Order,
    OrderEvidence,
    TimeForm,
    as_dates,
    classify,
    find_order,
    study_text,
)


def find_form(seen: Seen, texts: Sequence[str], further: Sequence[str]) -> TimeForm:
    """Find how times are written, but for the order of day and month.

    ``further`` are texts of the middle and the end: files that were put together may change how
    they write. Raises InputError for what is no time.
    """
    some = [text for text in texts if text.strip()]
    kind = classify(some[:400]) if some else None
    if kind == "lost":
        raise InputError(
            f"The times of {seen.source.name} are written like {some[0]}: their last "
            f"digits are lost, as "
            "Excel does to long numbers. Export the file again with whole numbers or dates.",
            file=seen.source.name,
            field="columns",
        )
    if kind in {"epoch", "serial"}:
        return TimeForm(kind="epoch" if kind == "epoch" else "serial")
    found = study_text([*some, *further]) if some else None
    if found is None:
        shown = some[0] if some else ""
        raise InputError(
            f"The times of {seen.source.name}, like {shown!r}, cannot be read. Name the column of "
            "the times, or write them as 2025-10-31 14:30.",
            file=seen.source.name,
            field="columns",
        )
    return as_dates(some, found) or found


def find_date_order(
    seen: Seen, form: TimeForm, parts: Sequence[Sequence[str]], *, has_points: bool
) -> Finding:
    """Find which of two numbers is the day, for a form that needs it.

    ``parts`` are times of the start, the middle and the end; ``has_points``: of the decimals.
    """
    if seen.answers.date_order is not None:
        return Finding(
            value=seen.answers.date_order,
            confidence="said",
            reason=SAID,
            choices=tuple(ORDER_NAMES),
        )
    evidence = _weigh_orders(form, parts)
    dotted = any("%A." in shape.template for shape in form.shapes)
    order: Order = evidence.fits[0]
    confidence, reason = "certain", evidence.reason
    if len(evidence.fits) > 1:
        order, confidence = _guess_order(evidence.fits, has_points=has_points), "unknown"
        if dotted and "dmy" in evidence.fits:
            order, confidence = "dmy", "likely"
            reason += "; dates with points put the day first"
        elif seen.language == "other" and "dmy" in evidence.fits:
            order = "dmy"
            reason += "; the header's language puts the day first"
        elif seen.language == "asian" and "ymd" in evidence.fits:
            order = "ymd"
            reason += "; the header's language puts the year first"
    return Finding(value=order, confidence=confidence, reason=reason, choices=evidence.fits)


def _weigh_orders(form: TimeForm, parts: Sequence[Sequence[str]]) -> OrderEvidence:
    """Weigh the first rows; where they leave it open, those of the middle and the end too."""
    first, *rest = parts
    evidence = find_order(first, form)
    if len(evidence.fits) == 1:
        return evidence
    for texts in rest:
        if not texts:
            continue
        other = find_order(texts, form)
        kept = tuple(order for order in evidence.fits if order in other.fits)
        if len(kept) == 1:
            return OrderEvidence(fits=kept, reason=other.reason)
    return evidence


def _guess_order(fits: Sequence[Order], *, has_points: bool) -> Order:
    return "mdy" if has_points and "mdy" in fits else fits[0]
