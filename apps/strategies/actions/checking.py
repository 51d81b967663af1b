"""A source looked at before it is kept: does it parse, does it keep to the contract."""

import dataclasses

from apps.strategies.actions.contract import Contract, read_contract
from apps.strategies.actions.linting import Finding, lint_source
from apps.strategies.actions.reading import read_source
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.sandbox.errors import SandboxError


@dataclasses.dataclass(frozen=True, kw_only=True)
class SourceCheck:
    """What was found in a source. It can be kept where there is a contract."""

    source: str
    findings: tuple[Finding, ...] = ()
    contract: Contract | None = None
    problem: HewstonError | None = None  # why it cannot be kept

    @property
    def errors(self) -> list[Finding]:
        """Where it does not parse."""
        return [one for one in self.findings if one.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        """What is odd and forbids nothing."""
        return [one for one in self.findings if one.severity == "warning"]

    def as_json(self) -> dict[str, object]:
        """Give plain JSON values."""
        contract = self.contract
        return {
            "is_good": contract is not None,
            "problem": None if self.problem is None else self.problem.message,
            "findings": [one.as_json() for one in self.findings],
            "params": {} if contract is None else contract.params,
            "options": {} if contract is None else contract.options,
            "docstring": "" if contract is None else contract.docstring,
            "printed": [] if contract is None else list(contract.printed),
        }


def check_source(*, source: bytes | str) -> SourceCheck:
    """Read, lint and, where it parses, run a source's module in the sandbox; nothing is kept.

    What is wrong is told in the answer. Raises HewstonError where the linter or the sandbox cannot
    be asked.
    """
    try:
        text = read_source(source)
    except InputError as problem:
        shown = source if isinstance(source, str) else ""
        return SourceCheck(source=shown, problem=problem)
    findings = lint_source(text)
    errors = [one for one in findings if one.severity == "error"]
    if errors:
        first = errors[0]
        unread = InputError(
            f"Line {first.line}, column {first.column}: {first.sentence}",
            field="source",
            line=first.line,
            column=first.column,
        )
        return SourceCheck(source=text, findings=findings, problem=unread)
    try:
        contract = read_contract(text)
    except InputError as problem:
        placed = (*findings, *_place(problem, text))
        return SourceCheck(source=text, findings=placed, problem=problem)
    except SandboxError as problem:
        if problem.kind == "unavailable":
            raise
        return SourceCheck(source=text, findings=findings, problem=problem)
    return SourceCheck(source=text, findings=findings, contract=contract)


def _place(problem: InputError, source: str) -> list[Finding]:
    """Tell in which line a module failed, where that is known."""
    lines, line = source.split("\n"), problem.details.get("line")
    if not isinstance(line, int) or not 1 <= line <= len(lines):
        return []
    text = lines[line - 1]
    return [
        Finding(
            line=line,
            column=len(text) - len(text.lstrip()) + 1,
            end_line=line,
            end_column=len(text) + 1,
            code="contract",
            sentence=problem.message,
            severity="error",
        )
    ]


def require_good(*, source: bytes | str) -> tuple[SourceCheck, Contract]:
    """Check a source that is to be kept. Raises HewstonError with what was found."""
    check = check_source(source=source)
    if check.problem is not None:
        findings = [one.as_json() for one in check.findings]
        check.problem.details = {**check.problem.details, "findings": findings}
        raise check.problem
    if check.contract is None:
        raise HewstonError("The source was not checked.")
    return check, check.contract
