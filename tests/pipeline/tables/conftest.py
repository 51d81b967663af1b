"""What the tests of opening tables share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hewston.pipeline.errors import InputError


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A folder that does not exist yet, for what is unpacked."""
    return tmp_path / "scratch"


@pytest.fixture
def written(tmp_path: Path) -> Callable[[bytes], Path]:
    """Write bytes to a file whose name says nothing of them."""

    def write(content: bytes) -> Path:
        path = tmp_path / "given"
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def refusal(scratch: Path) -> Callable[..., InputError]:
    """Call a function that must refuse, with a sentence about the file and nothing left behind."""

    def call(function: Callable[..., object], *args: object, **options: object) -> InputError:
        with pytest.raises(InputError) as raised:
            function(*args, **options)
        assert raised.value.message.endswith((".", "?"))
        assert not scratch.exists() or not list(scratch.iterdir())
        return raised.value

    return call
