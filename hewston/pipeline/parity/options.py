"""How two sides are compared: tolerances, which series is which, and what is removed before."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, Self, cast, get_args

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest
from hewston.pipeline.parity.tolerances import Tolerances

type Span = Literal["all", "common", "both"]
SPANS: tuple[str, ...] = get_args(Span.__value__)
MOST_BARS = 100  # by which trades may be apart
MOST_OFFSET = 10_000  # bars
MOST_MOVED_S = 400 * 86_400
DEFAULT = Tolerances()
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_COUNTS = {
    "bars": (0, MOST_BARS),
    "skip_bars": (0, 10_000_000),
    "moved_s": (-MOST_MOVED_S, MOST_MOVED_S),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What a comparison was told.

    ``bars`` is by how many bars trades that belong together may be apart. ``span`` says which bars
    count: ``all`` that either side has, those within the ``common`` time of both, or only those
    that ``both`` have. The others remove one cause: Pine's times are read in ``zone`` and moved by
    ``moved_s`` seconds, the first ``skip_bars`` common bars are left out, Python's series are moved
    back by ``offsets`` bars, and ``resampled`` ones are compared only where the coarser side
    changes; both by Pine's titles.
    """

    tolerances: Tolerances = DEFAULT
    mapping: Mapping[str, str | None] = _NOTHING  # Pine's title to Python's; None leaves it out
    bars: int = 1
    span: Span = "all"
    zone: str | None = None
    moved_s: int = 0
    skip_bars: int = 0
    offsets: Mapping[str, int] = _NOTHING
    resampled: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is out of range; raises InputError with the field."""
        for name, (low, high) in _COUNTS.items():
            _check_whole(getattr(self, name), name, low, high)
        for title, offset in self.offsets.items():
            _check_whole(offset, f"offsets.{title}", -MOST_OFFSET, MOST_OFFSET)
        if self.span not in SPANS:
            raise InputError(
                f"{str(self.span)[:40]} is no span. {suggest(str(self.span), list(SPANS))}",
                field="span",
                allowed=list(SPANS),
            )

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values, all of them."""
        return {
            "tolerances": self.tolerances.as_json(),
            "mapping": dict(sorted(self.mapping.items())),
            "bars": self.bars,
            "span": self.span,
            "zone": self.zone,
            "moved_s": self.moved_s,
            "skip_bars": self.skip_bars,
            "offsets": dict(sorted(self.offsets.items())),
            "resampled": sorted(set(self.resampled)),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what ``as_json`` gave, or a part of it; raises InputError with the field."""
        known = [field.name for field in dataclasses.fields(cls)]
        for name in data:
            if name not in known:
                raise InputError(
                    f"{str(name)[:40]} is not an option of a comparison. "
                    f"{suggest(str(name), sorted(known))}",
                    field=str(name)[:40],
                    allowed=sorted(known),
                )
        given = dict(data)
        if "tolerances" in given:
            given["tolerances"] = Tolerances.from_json(_read_mapping(given, "tolerances"))
        for name in ("mapping", "offsets"):
            if name in given:
                given[name] = _read_mapping(given, name)
        if "resampled" in given:
            given["resampled"] = _read_titles(given["resampled"])
        for title, other in given.get("mapping", {}).items():
            if other is not None and not isinstance(other, str):
                message = f"mapping.{title} must be the title of a series, or null."
                raise InputError(message, field=f"mapping.{title}")
        zone = given.get("zone")
        if zone is not None and not isinstance(zone, str):
            raise InputError("zone must be the name of a zone.", field="zone")
        given["zone"] = zone or None
        return cls(**given)

    def changed(self, change: Mapping[str, Any]) -> Self:
        """Give these options with some of them changed; those by title are added to."""
        now = self.as_json()
        for name, value in change.items():
            if name in {"mapping", "offsets"}:
                now[name] = {**now[name], **_read_mapping(change, name)}
            elif name == "resampled":
                now[name] = [*now[name], *_read_titles(value)]
            else:
                now[name] = value
        return self.from_json(now)


def _read_mapping(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(given[name], Mapping):
        raise InputError(f"{name} must be an object.", field=name)
    return dict(cast("Mapping[str, Any]", given[name]))


def _read_titles(given: object) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(title, str) for title in given):
        raise InputError("resampled must be a list of titles of series.", field="resampled")
    return tuple(given)


def _check_whole(value: object, name: str, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(
            f"{name} is {str(value)[:40]}, but must be a whole number from {low:,} to {high:,}.",
            field=name,
            allowed=f"{low} to {high}",
        )
