"""Which series of one side is which of the other: by title, or as the caller says."""

import dataclasses
import html
import re
from collections.abc import Callable, Mapping, Sequence

from hewston.pipeline.errors import InputError
from hewston.pipeline.fields import suggest

_NO_LETTER = re.compile(r"[^\w.+\-*/<>=%]+")
_NAMESPACE = re.compile(r"\b(?:ta|math)\.")
_BARE = re.compile(r"[\W_]+")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Paired:
    """Titles that belong together, Pine's first; and those that one side alone has."""

    pairs: tuple[tuple[str, str], ...]
    only_pine: tuple[str, ...]
    only_python: tuple[str, ...]


def normalise(title: str) -> str:
    """Write a title one way: entities read, in lower case, without ``ta.`` and without spaces."""
    text = _NAMESPACE.sub("", html.unescape(title).casefold())
    return _NO_LETTER.sub("", text.replace("_", ""))


def pair_titles(
    pine: Sequence[str], python: Sequence[str], mapping: Mapping[str, str | None] | None = None
) -> Paired:
    """Pair titles: first as ``mapping`` says (Pine's to Python's; None leaves Pine's out).

    Then by the very same title, by the normalised one, and by letters and digits alone; each step
    only where one title of either side is meant. Raises InputError for a title that is not there.
    """
    mapping = mapping or {}
    for title, other in mapping.items():
        _check(title, pine, "Pine side")
        if other is not None:
            _check(other, python, "Python side")
    pairs = {title: other for title, other in mapping.items() if other is not None}
    rest = [title for title in pine if title not in mapping]
    others = [title for title in python if title not in set(pairs.values())]
    for key in (str, normalise, _strip):
        for title, other in _pair_once(rest, others, key):
            pairs[title] = other
            rest.remove(title)
            others.remove(other)
    return Paired(
        pairs=tuple((title, pairs[title]) for title in pine if title in pairs),
        only_pine=tuple(rest),
        only_python=tuple(others),
    )


def _strip(title: str) -> str:
    return _BARE.sub("", normalise(title))


def _pair_once(
    pine: Sequence[str], python: Sequence[str], key: Callable[[str], str]
) -> list[tuple[str, str]]:
    names: tuple[dict[str, list[str]], dict[str, list[str]]] = ({}, {})
    for found, titles in zip(names, (pine, python), strict=True):
        for title in titles:
            found.setdefault(key(title), []).append(title)
    return [
        (own[0], names[1][name][0])
        for name, own in names[0].items()
        if name and len(own) == 1 and len(names[1].get(name, [])) == 1
    ]


def _check(title: str, known: Sequence[str], of: str) -> None:
    if title not in known:
        raise InputError(
            f"{title} is no series of the {of}. {suggest(title, sorted(known))}", field="mapping"
        )
