"""How a table writes its times, and reading them."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from hewston.pipeline.sources.tables.words_of_time import MONTHS, is_plain, respell

Order = Literal["dmy", "mdy", "ymd"]
ORDERS: tuple[Order, ...] = ("dmy", "mdy", "ymd")
ORDER_NAMES = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
NAIVE, AWARE = pl.Datetime("ns"), pl.Datetime("ns", "UTC")

_SEP = r"[-./ ]"
_MONTH = "|".join(MONTHS)
# Each date: its pattern and what chrono calls its parts; A and B are what the order decides.
_DATES = (
    (re.compile(rf"(\d{{4}})({_SEP})(\d{{1,2}})\2(\d{{1,2}})(?!\d)"), "%Y{s}%m{s}%d"),
    (re.compile(rf"(\d{{1,2}})({_SEP})(\d{{1,2}})\2(\d{{4}})(?!\d)"), "%A{s}%B{s}%Y"),
    (re.compile(rf"(\d{{1,2}})({_SEP})(\d{{1,2}})\2(\d{{2}})(?!\d)"), "%A{s}%B{s}%y"),
    (re.compile(rf"(\d{{1,2}})([-./ ]?)({_MONTH})\2(\d{{4}})(?!\d)"), "%d{s}%b{s}%Y"),
    (re.compile(rf"(\d{{1,2}})([-./ ]?)({_MONTH})\2(\d{{2}})(?!\d)"), "%d{s}%b{s}%y"),
    (re.compile(rf"(\d{{4}})([-./ ]?)({_MONTH})\2(\d{{1,2}})(?!\d)"), "%Y{s}%b{s}%d"),
    (re.compile(rf"({_MONTH})([-./ ]?)(\d{{1,2}})\2(\d{{4}})(?!\d)"), "%b{s}%d{s}%Y"),
    (re.compile(rf"({_MONTH})([-./ ]?)(\d{{1,2}})\2(\d{{2}})(?!\d)"), "%b{s}%d{s}%y"),
)
_CLOCKS = (
    (re.compile(r"\d{1,2}:\d{2}:\d{2}[.:]\d{1,9}"), "%H:%M:%S%.f"),
    (re.compile(r"\d{1,2}:\d{2}:\d{2}"), "%H:%M:%S"),
    (re.compile(r"\d{1,2}:\d{2}"), "%H:%M"),
    (re.compile(r"\d{1,2}\.\d{2}\.\d{2}"), "%H.%M.%S"),
    (re.compile(r"\d{1,2}\.\d{2}"), "%H.%M"),
    (re.compile(r"\d{9}"), "%H%M%S%3f"),
    (re.compile(r"\d{6}"), "%H%M%S"),
    (re.compile(r"\d{4}"), "%H%M"),
    (re.compile(r"\d{1,2}(?=[ -][AP]M)"), "%H"),
)
_HALF = re.compile(r"([ -]?)([AP]M)")
_CLOCK_BEFORE = re.compile(r":|\d{8}[ T]\d{4}")
_OFFSET = re.compile(r" ?[+-]\d{2}:?\d{2}$")
_MIDNIGHT = re.compile(r"[ T]0?0:00(?::00(?:\.0+)?)? ?(?:Z|[+-]\d{2}:?\d{2})$")
_NEXT_MIDNIGHT = r"([ T-])24(:?00(?::?00(?:\.0+)?)?)\b"  # 24:00 is the midnight that ends a day
_COMPACT = {
    8: "%Y%m%d",
    10: "%Y%m%d%H",
    12: "%Y%m%d%H%M",
    14: "%Y%m%d%H%M%S",
    17: "%Y%m%d%H%M%S%3f",
}
_EPOCH = re.compile(r"-?\d{9,19}(\.\d+)?")
_SERIAL = re.compile(r"[2-9]\d{4}(\.\d+)?")
_WHOLE = {"text", "epoch", "serial", "lost"}  # kinds of times that say their day
_LEAST_DIGITS = 8  # of an epoch, so that it is known to the hundred seconds
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_STRAYS = 0.02  # share of steps the other way that tell nothing
_LEAP = 4  # times the span, or the unevenness, of the right order
_DAY_NS = 86_400_000_000_000
_MOST_SECONDS = 9_200_000_000  # since 1970: the year 2261; nanoseconds have no later one
_FIRST_YEAR, _LAST_YEAR = 1800, 2100
_EXCEL_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001  # a serial date has no zone
_PIVOT_YEAR = 2050  # two digits of a year beyond it are of the century before


@dataclass(frozen=True, kw_only=True, order=True)
class Shape:
    """One way in which cells are written, as chrono's format with A and B for day and month."""

    template: str
    has_offset: bool = False

    def formats(self, order: Order | None) -> str:
        """Fill in which of two numbers is the day."""
        if order == "ymd":  # two digits each: the year stands where the others' first number does
            return self.template.replace("%y", "%d").replace("%A", "%y").replace("%B", "%m")
        first, second = ("%m", "%d") if order == "mdy" else ("%d", "%m")
        return self.template.replace("%A", first).replace("%B", second)

    @property
    def needs_order(self) -> bool:
        """Tell whether day and month stand as two numbers."""
        return "%A" in self.template

    @property
    def has_clock(self) -> bool:
        """Tell whether a time of day is there."""
        return "%H" in self.template or "%I" in self.template


@dataclass(frozen=True, kw_only=True)
class TimeForm:
    """How the cells of a table's time are read.

    ``kind``: ``epoch`` (seconds to nanoseconds since 1970, by their size), ``serial`` (Excel's
    days), or ``text`` with its shapes. ``is_plain``: cells need no other spelling. ``dates_only``:
    cells name the midnight of a day by its own offset, and only the date is read.
    """

    kind: Literal["text", "epoch", "serial"]
    shapes: tuple[Shape, ...] = ()
    order: Order | None = None
    is_plain: bool = True
    dates_only: bool = False

    @property
    def is_aware(self) -> bool:
        """Tell whether each time says its own zone."""
        return self.kind == "epoch" or any(shape.has_offset for shape in self.shapes)

    @property
    def has_clock(self) -> bool:
        """Tell whether times have a time of day at all."""
        return self.kind != "text" or any(shape.has_clock for shape in self.shapes)

    @property
    def needs_order(self) -> bool:
        """Tell whether day and month stand as two numbers."""
        return any(shape.needs_order for shape in self.shapes)

    def describe(self) -> str:
        """Name the form for a person."""
        if self.kind == "epoch":
            return "seconds to nanoseconds since 1970 (Unix)"
        if self.kind == "serial":
            return "serial dates of Excel"
        return ", ".join(_describe(shape.formats(self.order)) for shape in self.shapes)


def _describe(fmt: str) -> str:
    names = {
        "%Y": "YYYY",
        "%y": "YY",
        "%m": "MM",
        "%d": "DD",
        "%b": "Mon",
        "%H": "hh",
        "%I": "hh",
        "%M": "mm",
        "%S": "ss",
        "%.f": ".f",
        "%3f": "fff",
        "%p": "AM",
        "%z": "±hh:mm",
    }
    return re.sub(r"%(?:\.f|3f|[A-Za-z])", lambda code: names.get(code[0], code[0]), fmt)


def shape_of(cell: str) -> Shape | None:
    """Give the shape of a cell in the one spelling; None when it is no date."""
    body, tail = _split_offset(cell)
    if body.isdecimal():
        return _compact(body, tail)
    for pattern, template in _DATES:
        match = pattern.match(body)
        if match:
            date = template.format(s=match[2])
            return _with_clock(date, body[match.end() :], tail)
    head = re.match(r"(\d{8}|\d{6})[ T:-](?=\d)", body)
    if head and _is_compact_date(head[1]):
        date = "%Y%m%d" if len(head[1]) == 8 else "%y%m%d"  # noqa: PLR2004
        return _with_clock(date, body[head.end() - 1 :], tail)
    return None


def _split_offset(cell: str) -> tuple[str, str]:
    """Part a time and its offset, and say how chrono reads that; Z is a letter like others."""
    if cell.endswith("Z"):
        return cell[:-1], "Z"
    offset = _OFFSET.search(cell)
    if offset is None or not _CLOCK_BEFORE.search(cell[: offset.start()]):
        return cell, ""
    return cell[: offset.start()], " %z" if offset[0].startswith(" ") else "%z"


def _is_compact_date(digits: str) -> bool:
    if len(digits) == 6:  # noqa: PLR2004
        return 1 <= int(digits[2:4]) <= 12 and 1 <= int(digits[4:6]) <= 31  # noqa: PLR2004
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    return _FIRST_YEAR < year < _LAST_YEAR and 1 <= month <= 12 and 1 <= day <= 31  # noqa: PLR2004


def _compact(digits: str, tail: str) -> Shape | None:
    template = _COMPACT.get(len(digits))
    if template and _is_compact_date(digits):
        return Shape(template=template + tail, has_offset=bool(tail))
    if len(digits) == 8 and _is_compact_date(digits[4:] + digits[2:4] + digits[:2]):  # noqa: PLR2004
        return Shape(template="%d%m%Y" + tail, has_offset=bool(tail))
    if len(digits) == 6 and _is_compact_date(digits):  # noqa: PLR2004
        return Shape(template="%y%m%d" + tail, has_offset=bool(tail))
    return None


def _with_clock(date: str, rest: str, tail: str) -> Shape | None:
    if not rest.strip():
        return Shape(template=date + rest.replace("%", "") + tail, has_offset=bool(tail))
    between = rest[0] if rest[0] in " -T:" else ""
    clock = rest[len(between) :]
    for pattern, template in _CLOCKS:
        match = pattern.match(clock)
        if not match:
            continue
        end = clock[match.end() :]
        half = _HALF.fullmatch(end)
        if half:
            found = template.replace("%H", "%I") + half[1] + "%p"
        elif end:
            continue
        else:
            found = template
        if found.endswith(":%S%.f") and ":" in match[0][-4:]:
            continue  # a colon before the fraction is no form that chrono reads
        return Shape(template=f"{date}{between}{found}{tail}", has_offset=bool(tail))
    return None


def classify(cells: Sequence[str]) -> Literal["text", "epoch", "serial", "clock", "lost"] | None:
    """Tell what a column's cells are as times; ``lost``: epochs without their digits (1.76E+12)."""
    kinds: Counter[str] = Counter()
    spelled = respell(pl.Series(cells)).to_list()
    for cell, spelling in zip(cells, spelled, strict=True):
        kinds[_classify(cell.strip(), spelling or "")] += 1
    if kinds["clock"] and kinds["serial"] and are_clocks(cells):
        kinds["clock"] += kinds.pop("serial")  # 93000 and 100000
    kind, count = kinds.most_common(1)[0]
    known = sum(kinds.values()) - kinds["empty"]
    if kind in {"none", "empty"} or count < 0.6 * max(known, 1):
        return None
    return kind  # type: ignore[return-value]  # one of the names below


def are_clocks(cells: Sequence[str]) -> bool:
    """Tell whether whole numbers are times of day, which may have lost their zeros: 930, 1600."""
    digits = [cell.strip() for cell in cells if cell.strip()]
    if not digits or not all(cell.isdecimal() for cell in digits):
        return False
    width = max(map(len, digits))
    if width not in {4, 6}:
        return False
    padded = [cell.zfill(width) for cell in digits]
    return all(
        int(cell[:2]) < 24 and all(int(cell[at : at + 2]) < 60 for at in range(2, width, 2))  # noqa: PLR2004
        for cell in padded
    )


def times_among(cells: set[str]) -> set[str]:
    """Find the cells that are dates or times by themselves, a time of day alone not being one."""
    known = sorted(cell for cell in cells if any(char.isdigit() for char in cell))
    times = {cell for cell in known if _classify(cell, cell) in _WHOLE}
    others = [cell for cell in known if cell not in times]
    spelled = respell(pl.Series(others, dtype=pl.String)).to_list() if others else []
    times.update(cell for cell, way in zip(others, spelled, strict=True) if shape_of(way or ""))
    return times


def _classify(cell: str, spelled: str) -> str:
    if not cell:
        return "empty"
    if shape_of(spelled) is not None:
        return "text"
    for kind, pattern in (("epoch", _EPOCH), ("serial", _SERIAL)):
        if pattern.fullmatch(cell):
            return kind
    if _SCIENTIFIC.fullmatch(cell) and 1e8 < float(cell) < 1e19:  # noqa: PLR2004
        return "epoch" if _has_all_digits(cell) else "lost"
    if re.fullmatch(r"\d{1,2}[:.]\d{2}([:.]\d{2}([.]\d+)?)?( ?[AP]M)?|\d{1,6}", spelled):
        return "clock"
    return "none"


def _has_all_digits(cell: str) -> bool:
    """Tell whether 1.761868800E+09 has all its digits, at least to the hundred seconds."""
    mantissa = re.split(r"[eE]", cell)[0]
    return len(mantissa.replace(".", "")) >= _LEAST_DIGITS


def pad_clock(text: pl.Series) -> pl.Series:
    """Give the zeros back that a time of day lost: 93000 is 09:30:00, 0 is midnight."""
    digits = text.str.contains(r"^\d{1,6}$").fill_null(value=False)
    if not digits.any():
        return text
    longest = text.filter(digits).str.len_chars().max()
    width = 6 if isinstance(longest, int) and longest > 4 else 4  # noqa: PLR2004
    return text.to_frame("t").select(
        pl.when(digits).then(pl.col("t").str.zfill(width)).otherwise("t").alias("t")
    )["t"]


def join_times(parts: Sequence[pl.Series]) -> pl.Series:
    """Put the cells of a time together: a date, a date and a time of day, or year to second."""
    first, *others = (part.str.strip_chars() for part in parts)
    if not others:
        return first
    if len(others) == 1:
        # A cell of Excel that shows a date or a time alone holds both.
        clock = others[0].str.replace(r"^\d{4}-\d{2}-\d{2} ", "")
        date = first.str.replace(r"^(\d{4}-\d{2}-\d{2}) 00:00:00$", "${1}")
        return date + " " + pad_clock(clock).fill_null("")
    joined = first
    for sign, part in zip("-- ::", others, strict=False):
        joined = joined + sign + part.str.replace(r"\.0$", "").str.zfill(2)
    return joined if len(others) != 3 else joined + ":00"  # noqa: PLR2004  # an hour alone


def study_text(cells: Sequence[str]) -> TimeForm | None:
    """Find the shapes of a sample of cells; None when most of them are no dates."""
    plain = is_plain(list(cells))
    shapes = _count_shapes(cells) if plain else Counter()
    if shapes.total() < len(cells):
        plain = False
        shapes = _count_shapes(respell(pl.Series(cells)).to_list())
    if shapes.total() < 0.5 * len(cells):
        return None
    most = shapes.most_common()
    aware = most[0][0].has_offset
    chosen = tuple(shape for shape, _ in most if shape.has_offset == aware)[:8]
    return TimeForm(kind="text", shapes=chosen, is_plain=plain)


def _count_shapes(cells: Sequence[str | None]) -> Counter[Shape]:
    return Counter(shape for cell in cells if (shape := shape_of((cell or "").strip())))


def read_times(text: pl.Series, form: TimeForm) -> pl.Series:
    """Read cells as Datetime(ns), in UTC where the form says its zone; null what cannot be read."""
    if form.kind == "epoch":
        return _read_epochs(text)
    if form.kind == "serial":
        days = text.cast(pl.Float64, strict=False)
        days = days.set(~days.is_between(1, 2_958_465).fill_null(value=False), None)
        seconds = (days * 86_400).round()
        base = int(_EXCEL_EPOCH.replace(tzinfo=dt.UTC).timestamp())
        return ((seconds + base).cast(pl.Int64) * 1_000_000_000).cast(NAIVE)
    cells = text.str.strip_chars() if form.is_plain else respell(text)
    if form.dates_only:
        cells = cells.str.replace(_MIDNIGHT.pattern, "")
    found = pl.Series(text.name, [None] * len(text), dtype=AWARE if form.is_aware else NAIVE)
    for shape in form.shapes:
        rest = found.is_null() & cells.is_not_null()
        if not rest.any():
            break
        whole = bool(rest.all())
        some = cells if whole else cells.filter(rest)
        read = _read_shape(some, shape.formats(form.order), found.dtype)
        found = read if whole else found.scatter(rest.arg_true(), read)
    if not found.null_count():
        return found
    late = found.is_null() & cells.str.contains(_NEXT_MIDNIGHT).fill_null(value=False)
    if late.any():
        midnights = cells.filter(late).str.replace(_NEXT_MIDNIGHT, "${1}00${2}")
        read = read_times(midnights, replace(form, is_plain=True))
        found = found.scatter(late.arg_true(), read.dt.offset_by("1d"))
    return found


def _read_shape(cells: pl.Series, fmt: str, dtype: pl.DataType) -> pl.Series:
    if "%H" not in fmt and "%I" not in fmt:
        read = cells.str.to_date(fmt, strict=False).cast(pl.Datetime("us"))
    else:
        if "%I" in fmt and "%M" not in fmt:  # chrono wants minutes
            cells = cells.str.replace(r"([ -]?[AP]M)", ":00${1}")
            fmt = fmt.replace("%I", "%I:%M")
        if fmt.endswith("%H"):
            cells, fmt = cells + "00", fmt + "%M"
        read = cells.str.to_datetime(fmt, strict=False, time_unit="us")
    if "%y" in fmt:
        late = (read.dt.year() > _PIVOT_YEAR).fill_null(value=False)
        if late.any():
            read = read.to_frame("t").select(
                pl.when(late).then(pl.col("t").dt.offset_by("-100y")).otherwise("t").alias("t")
            )["t"]
    years = read.dt.year()
    read = read.set(~years.is_between(_FIRST_YEAR, _LAST_YEAR).fill_null(value=False), None)
    return read.cast(dtype)


def _read_epochs(text: pl.Series) -> pl.Series:
    """Read epochs of any unit, each by its size, since files change from ms to µs in the middle."""
    stripped = text.str.strip_chars()
    whole = stripped.str.replace(r"\.0*$", "").cast(pl.Int64, strict=False)
    parts = stripped.cast(pl.Float64, strict=False)
    # 1.761868800E+09, and what Excel shows of long numbers, are whole numbers too.
    scientific = stripped.str.contains(r"[eE]").fill_null(value=False)
    if scientific.any():
        whole = whole.zip_with(~scientific, parts.cast(pl.Int64, strict=False))
    size = whole.abs()
    frame = pl.DataFrame({"whole": whole, "size": size, "parts": parts})
    fraction = pl.col("whole").is_null() & pl.col("parts").is_between(1e8, _MOST_SECONDS)
    ns = (
        pl.when(pl.col("size") < _MOST_SECONDS)
        .then(pl.col("whole") * 1_000_000_000)
        .when(pl.col("size") < _MOST_SECONDS * 1_000)
        .then(pl.col("whole") * 1_000_000)
        .when(pl.col("size") < _MOST_SECONDS * 1_000_000)
        .then(pl.col("whole") * 1_000)
        .otherwise("whole")
    )
    micros = (pl.col("parts") * 1e6).round().cast(pl.Int64, strict=False) * 1_000
    # Seconds before 1973 are taken for small numbers of something else.
    known = pl.col("size") >= 10**8
    return frame.select(
        pl.when(fraction).then(micros).when(known).then(ns).cast(AWARE).alias(text.name)
    ).to_series()


@dataclass(frozen=True, kw_only=True)
class OrderEvidence:
    """Which orders of day and month fit a sample, best first, and why."""

    fits: tuple[Order, ...]
    reason: str


def find_order(cells: Sequence[str], form: TimeForm) -> OrderEvidence:
    """Find the order of day and month: by days above 12, else by how evenly the times go on.

    Both orders are given when both fit equally well: then nobody can tell.
    """
    candidates = _orders_by_value(cells, form)
    if len(candidates) == 1:
        return OrderEvidence(
            fits=tuple(candidates),
            reason=f"a number above 12 can only be a day: {ORDER_NAMES[candidates[0]]}",
        )
    if not candidates:
        return OrderEvidence(
            fits=("dmy", "mdy"), reason="in no order of day and month are they dates"
        )
    gaits = {order: _gait(cells, form, order) for order in candidates}
    straight = max(gait.one_way for gait in gaits.values())
    fits = tuple(order for order in candidates if gaits[order].one_way >= straight - _STRAYS)
    if len(fits) > 1:
        fits = _most_even({order: gaits[order] for order in fits}, has_clock=form.has_clock)
    if len(fits) == 1:
        return OrderEvidence(
            fits=fits,
            reason=f"read {ORDER_NAMES[fits[0]]} the times go on evenly, and only so",
        )
    names = " and ".join(ORDER_NAMES[order] for order in fits)
    return OrderEvidence(fits=fits, reason=f"no day is above 12, and {names} fit alike")


def _orders_by_value(cells: Sequence[str], form: TimeForm) -> list[Order]:
    """Keep the orders in which (nearly) all cells are dates."""
    text = pl.Series(cells)
    is_short = any("%y" in shape.template for shape in form.shapes if shape.needs_order)
    tried: tuple[Order, ...] = ORDERS if is_short else ("dmy", "mdy")
    read = {order: _count_read(text, form, order) for order in tried}
    most = max(read.values())
    return [order for order in tried if read[order] == most and most > 0]


def as_dates(cells: Sequence[str], form: TimeForm) -> TimeForm | None:
    """Give the form that reads dates alone, where all cells are midnights by their own offset.

    ``2023-01-03 00:00:00+09:00`` is how programs write the date of a daily bar; in UTC it would be
    the day before. None where some cell is another time.
    """
    if form.kind != "text" or not any(shape.has_offset for shape in form.shapes):
        return None
    spelled = pl.Series(cells) if form.is_plain else respell(pl.Series(cells))
    if not spelled.str.contains(_MIDNIGHT.pattern).all():
        return None
    found = study_text(spelled.str.replace(_MIDNIGHT.pattern, "").to_list())
    return None if found is None else replace(found, is_plain=form.is_plain, dates_only=True)


def _count_read(text: pl.Series, form: TimeForm, order: Order) -> int:
    read = read_times(text, replace(form, order=order))
    return len(read) - read.null_count()


@dataclass(frozen=True, kw_only=True)
class _Gait:
    """How times go on: the share of steps in one direction, then lengths in days."""

    one_way: float
    middle: float
    longest: float
    span: float


def _gait(cells: Sequence[str], form: TimeForm, order: Order) -> _Gait:
    read = read_times(pl.Series(cells), replace(form, order=order)).drop_nulls()
    days = read.cast(pl.Int64).to_numpy() / _DAY_NS
    steps = np.diff(days)
    steps = steps[steps != 0]
    if not len(steps):
        return _Gait(one_way=0, middle=0, longest=0, span=0)
    forward = int((steps > 0).sum())
    sizes = np.abs(steps)
    return _Gait(
        one_way=max(forward, len(steps) - forward) / len(steps),
        middle=float(np.median(sizes)),
        longest=float(sizes.max()),
        span=float(days.max() - days.min()),
    )


def _most_even(gaits: Mapping[Order, _Gait], *, has_clock: bool) -> tuple[Order, ...]:
    """Keep the orders in which times go on the most evenly.

    Times of day that are read in the wrong order leap from month to month. Dates alone may be days
    or months: such an order falls only when its steps are uneven, as a year of months read as
    twelve days and a leap.
    """
    if has_clock and min(gait.middle for gait in gaits.values()) < 1:
        shortest = min(gait.span for gait in gaits.values())
        return tuple(order for order, gait in gaits.items() if gait.span <= _LEAP * shortest)
    unevenness = {order: gait.longest / max(gait.middle, 1e-9) for order, gait in gaits.items()}
    least = min(unevenness.values())
    return tuple(order for order, leap in unevenness.items() if leap <= _LEAP * least)
