"""What the sandbox finds in a source: the one place from which an author's code is run here.

Nothing of a source is imported or executed in this process, or in any outside the sandbox.
"""

import dataclasses
from typing import Any

from hewston.pipeline.errors import HewstonError

SANDBOX = "hewston.pipeline.sandbox"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contract:
    """What a module says of itself: the rules of its PARAMS, its OPTIONS, its docstring."""

    params: dict[str, dict[str, Any]]
    options: dict[str, Any]
    docstring: str


def read_contract(source: str) -> Contract:
    """Run a source's module in the sandbox, and read what it says of itself.

    Raises InputError for a module that fails, or does not keep to the contract, with the line
    where it is known; HewstonError where there is no sandbox, or it has no time.
    """
    del source
    raise HewstonError(
        "This server has no sandbox, so no source of yours can be checked or kept.",
        code="DEPENDENCY_UNAVAILABLE",
    )
