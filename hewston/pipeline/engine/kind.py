"""The second kind of zygote: with the engine, for strategies that run whole inside. No engine here.

A strategy of this kind is a class for the engine, and so its source imports the engine.
"""

import re

from hewston.pipeline.sandbox.kinds import FRAME, Kind

_INSIDE = "hewston.pipeline.engine.inside"
_IMPORT = re.compile(rb"^(?:from|import)[ \t]+nautilus_trader\b", re.MULTILINE)

EVENT = Kind(
    name="event",
    packages=(*FRAME.packages, "nautilus_trader"),
    begin=f"{_INSIDE}.beginning:begin",
    preload=(*FRAME.preload, "nautilus_trader.core.nautilus_pyo3", "decimal", "statistics"),
    compiled=FRAME.compiled,
    warm_up=f"{_INSIDE}.beginning:warm_up",
    works={
        "describe": f"{_INSIDE}.answering:perform",
        "trade": f"{_INSIDE}.answering:perform",
    },
)


def find_kind(source: bytes) -> Kind:
    """Tell of which kind a source is, by its lines alone: nothing of it is run."""
    return EVENT if _IMPORT.search(source) else FRAME
