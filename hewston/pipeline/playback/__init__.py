"""Stage 8: what a browser is given: columns of a dataset or a run to draw, and frames to play."""

from hewston.pipeline.playback.columns import (
    address,
    encode_columns,
    encode_run,
    read_schedule,
)
from hewston.pipeline.playback.film import Film, read_film
from hewston.pipeline.playback.levels import (
    StoredBars,
    has_level,
    scan_level,
)
from hewston.pipeline.playback.pages import count_pages, encode_outline, encode_page
from hewston.pipeline.playback.player import (
    FASTEST,
    FRAMES_PER_SECOND,
    NOT_ACKNOWLEDGED,
    SLOWEST,
    Player,
    check_speed,
)

__all__ = [
    "FASTEST",
    "FRAMES_PER_SECOND",
    "NOT_ACKNOWLEDGED",
    "SLOWEST",
    "Film",
    "Player",
    "StoredBars",
    "address",
    "check_speed",
    "count_pages",
    "encode_columns",
    "encode_outline",
    "encode_page",
    "encode_run",
    "has_level",
    "read_film",
    "read_schedule",
    "scan_level",
]
