"""Stage 8: what a browser is given of a finished run: columns to draw, and frames to play."""

from hewston.pipeline.playback.columns import (
    address,
    encode_columns,
    encode_dataset,
    encode_run,
    read_schedule,
)
from hewston.pipeline.playback.film import Film, read_film
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
    "address",
    "check_speed",
    "encode_columns",
    "encode_dataset",
    "encode_run",
    "read_film",
    "read_schedule",
]
