"""The forms in which a source is written, and by which a file brings one."""

import functools
import re
from collections.abc import Mapping
from typing import Any

from apps.permissions.models import User
from apps.strategies.actions import (
    DESCRIPTION_LENGTH,
    NAME_LENGTH,
    SOURCE_BYTES,
    Finding,
    SourceCheck,
    check_source,
    create_strategy,
    import_source,
    save_version,
)
from apps.strategies.models import Strategy, StrategyVersion
from hewston.entry import Entry, describe_parameters
from hewston.pipeline.errors import HewstonError, InputError

_SLUG_HELP = "Names it in runs and on the command line, and stays: small letters, digits, hyphens."


class SourceForm:
    """What a person types of a strategy that begins, or of its next version.

    ``given`` is what was typed, by name, None before; then ``source`` is what the editor shows.
    ``strategy`` has none but a source and a note to say.
    """

    def __init__(
        self,
        *,
        user: User,
        given: Mapping[str, str] | None,
        source: str,
        strategy: Strategy | None = None,
        parent: StrategyVersion | None = None,
    ) -> None:
        self.problem: HewstonError | None = None
        self.check: SourceCheck | None = None
        self._given = given or {}
        self.source = source if given is None else self._given.get("source", "")
        self.source = self.source.replace("\r\n", "\n")
        self.strategy, self.parent = strategy, parent
        self._user = user

    def look(self) -> None:
        """Check the source and keep nothing. Raises HewstonError where it cannot be checked."""
        try:
            self.check = check_source(source=self.source)
        except HewstonError as problem:
            self.problem = problem
            raise

    def submit(self) -> tuple[StrategyVersion, bool]:
        """Keep what was typed; returns the version, and whether it is new. Raises HewstonError."""
        try:
            return self._submit()
        except HewstonError as problem:
            self.problem = problem
            found = problem.details.get("findings")
            if isinstance(found, list):
                findings = tuple(Finding(**one) for one in found)
                self.check = SourceCheck(source=self.source, findings=findings, problem=problem)
            raise

    def _submit(self) -> tuple[StrategyVersion, bool]:
        if self.strategy is not None:
            return save_version(
                strategy=self.strategy,
                author=self._user,
                source=self.source,
                note=self._typed("note"),
                parent=self.parent,
            )
        made = create_strategy(
            owner=self._user,
            slug=self._typed("slug"),
            source=self.source,
            name=self._typed("name"),
            description=self._typed("description"),
            tags=self._typed("tags"),
            note=self._typed("note"),
        )
        return made.latest, True

    @property
    def sentence(self) -> str:
        """What is wrong that stands beside no field."""
        is_beside = any(entry.error for entry in (*self.words, self.note))
        return "" if self.problem is None or is_beside else self.problem.message

    @functools.cached_property
    def params(self) -> list[Entry]:
        """The fields that the parameters of what was checked will make."""
        contract = self.check.contract if self.check else None
        return describe_parameters(contract.params) if contract else []

    @functools.cached_property
    def words(self) -> list[Entry]:
        """What a strategy is called."""
        if self.strategy is not None:
            return []
        return [
            self._entry("slug", "Short name", help=_SLUG_HELP),
            self._entry("name", "Name", help=f"At most {NAME_LENGTH} characters; else as above."),
            self._entry("tags", "Tags", help="With commas between them, at most 20."),
            self._entry(
                "description",
                "Description",
                kind="textarea",
                help=f"What it does and why, at most {DESCRIPTION_LENGTH:,} characters.",
            ),
        ]

    @functools.cached_property
    def note(self) -> Entry:
        """What is said of the version alone."""
        return self._entry("note", "Note", help="What is new in this version.")

    def _typed(self, name: str) -> str:
        return self._given.get(name, "").replace("\r\n", "\n").strip()

    def _entry(self, name: str, label: str, **values: Any) -> Entry:  # noqa: ANN401 (of any field)
        is_wrong = self.problem is not None and self.problem.details.get("field") == name
        error = self.problem.message if self.problem and is_wrong else ""
        return Entry(name=name, label=label, value=self._given.get(name, ""), error=error, **values)


class ImportForm:
    """A file that brings a source, and what it shall be called."""

    def __init__(self, *, user: User, given: Mapping[str, str]) -> None:
        self.problem: HewstonError | None = None
        self.findings: tuple[Finding, ...] = ()
        self.slug = given.get("slug", "").strip()
        self._user, self._given = user, given

    def submit(self, name: str, data: bytes | None) -> tuple[StrategyVersion, bool]:
        """Keep the source of a file; without a slug it is called as the file.

        Returns the version, and whether it is new. Raises HewstonError.
        """
        try:
            if data is None:
                raise InputError(
                    f"Send one Python file of at most {SOURCE_BYTES:,} bytes.", field="file"
                )
            slug = self.slug or slug_of_file(name)
            note = self._given.get("note", "") or f"Imported from {name[:200]}."
            return import_source(owner=self._user, data=data, slug=slug, note=note)
        except HewstonError as problem:
            self.problem = problem
            found = problem.details.get("findings")
            self.findings = (
                tuple(Finding(**one) for one in found) if isinstance(found, list) else ()
            )
            raise


def slug_of_file(name: str) -> str:
    """Give the slug that a file's name means: ``Opening Range.py`` is opening-range."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower().removesuffix(".py")).strip("-")[:63]
    return stem.rstrip("-")
