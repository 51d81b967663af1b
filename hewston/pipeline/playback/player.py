"""One viewer's way through a film: cursor, speed, credit. Time is what the caller says.

The caller beats 30 times a second. A beat plays ``speed`` bars of the film, so the frame with
the same ``seq`` after the same controls and acks is the same, however the machine is loaded;
what is left of a bar is carried to the next beat, and a new speed starts without a rest.

What is sent, and when:

- At most one frame a beat. What comes due sooner is merged into it; ``dropped`` counts the
  frames that it swallowed.
- From one seek to the next every order and fill is in exactly one frame, whatever was merged.
  The frame that a seek (or a step back) lands on holds its own bar's alone: those of the bars
  in between are not sent, and a frame that was due is forgotten. A step forward skips nothing:
  its frame stands for all bars up to the new one. The first frame of all is like a seek's.
- A frame holds no more orders and fills than are sent in a moment. The film is slower where there
  are more, and a step takes several frames.
- ``window`` frames may be unacknowledged. Then time goes on, frames merge and the last one
  waits. Whoever never acknowledged any is told so; a frame that waits 10 s ends it all.
"""

import json
import math
from collections import deque
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from hewston.pipeline.errors import InputError
from hewston.pipeline.playback.film import Film

type Message = dict[str, object]

FRAMES_PER_SECOND = 30
SLOWEST, FASTEST = 1 / 60, 2000.0  # bars a frame
WINDOW = 30  # frames that may be unacknowledged
NOT_ACKNOWLEDGED = 4008  # the code with which a socket is closed
_MAX_PROBLEMS = 30  # that wait to be told, one a beat
_ROUNDING = 1e-9  # sixty times a sixtieth is one bar


def check_speed(value: object) -> float:
    """Read a speed in bars a frame; raises InputError, with code RANGE where it is too much."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError("A speed is a number: bars a frame.", field="val")
    if not SLOWEST - _ROUNDING <= value <= FASTEST:
        raise InputError("A speed is from 1/60 to 2000 bars a frame.", code="RANGE", field="val")
    return float(value)


class Player:
    """Plays a film for one viewer: ``receive`` what they say, ``beat`` for what they are sent."""

    patience_seconds: ClassVar = 10.0  # with one who acknowledges nothing

    def __init__(
        self, film: Film, *, bar: int = 0, speed: float, window: int | None = WINDOW
    ) -> None:
        """Start paused, with the frame of ``bar`` due; without a window nothing waits for acks."""
        self.film, self.speed = film, speed
        self.closing: int | None = None  # once set: the code to close with
        self._window = math.inf if window is None else window
        self._playing = False
        self._rest = 0.0  # of a bar
        self._seq = self._acked = 0
        self._generation = 0
        self._problems: deque[Message] = deque(maxlen=_MAX_PROBLEMS)
        self._held_since: float | None = None  # a frame waits for credit
        self._bar, self._sent = bar, bar - 1  # the cursor; the last bar that a frame stood for
        self._due, self._dropped = True, 0

    @property
    def is_busy(self) -> bool:
        """Tell whether a beat would do anything."""
        return self._playing or self._due or bool(self._problems)

    def play(self) -> None:
        """Play on from the cursor."""
        self._playing = True

    def skip_frame(self) -> None:
        """Take the frame at the cursor for sent: the viewer has it from before."""
        self._sent, self._due = self._bar, False

    def receive(self, text: str) -> None:
        """Do what a message says; one that cannot be used is answered and changes nothing."""
        try:
            self._obey(_parse(text))
        except InputError as problem:
            self.refuse(problem)

    def refuse(self, problem: InputError) -> None:
        """Tell the viewer what was wrong; in a flood of problems only the latest ones."""
        self._problems.append({"t": "err", "code": problem.code, "msg": problem.message})

    def beat(self, now: float, *, missed: int = 0) -> list[Message]:
        """Go on by a thirtieth of a second, and give what is to be sent.

        ``now`` is in seconds of any clock that only moves forward; ``missed`` counts beats that
        passed while the viewer could not be sent anything.
        """
        messages = [self._problems.popleft()] if self._problems else []
        has_credit = self._seq - self._acked < self._window
        if self._playing and not (self._due and has_credit):
            for _ in range(1 + missed):
                self._advance()
        if self._due and has_credit:
            messages.append(self._cut())
        elif self._due:
            messages += self._hold(now)
        if self._playing and not self._due and self._bar == self.film.last:
            self._playing = False
            messages.append({"t": "end"})
        return messages

    def _cut(self) -> Message:
        bar = self.film.reach(self._sent, self._bar)
        if self._playing:
            self._bar = bar
        self._seq += 1
        frame = {
            "t": "frame",
            "seq": self._seq,
            "gen": self._generation,
            **self.film.cut(self._sent, bar),
            "dropped": self._dropped,
        }
        self._sent, self._due, self._dropped = bar, bar < self._bar, 0
        return frame

    def _hold(self, now: float) -> list[Message]:
        """Keep a frame back until acks come."""
        if self._held_since is None:
            self._held_since = now
            if not self._acked:
                sentence = f"Acknowledge every 10th frame: {self._seq} were sent, none was."
                return [{"t": "err", "code": "ACK_REQUIRED", "msg": sentence}]
        elif now - self._held_since >= self.patience_seconds:
            self.closing = NOT_ACKNOWLEDGED
        return []

    def _advance(self) -> None:
        self._rest += self.speed
        bars = int(self._rest + _ROUNDING)
        self._rest -= bars
        self._go_to(min(self._bar + bars, self.film.last))

    def _go_to(self, bar: int) -> None:
        """Move forward without leaving anything out."""
        if bar > self._bar:
            self._dropped += self._due
            self._bar, self._due = bar, True

    def _land(self, bar: int) -> None:
        """Move anywhere, and forget what was due."""
        self._bar, self._sent = bar, bar - 1
        self._due, self._dropped, self._rest = True, 0, 0.0

    def _obey(self, message: Mapping[str, object]) -> None:
        match message:
            case {"t": "hb"}:
                pass
            case {"t": "ack", "seq": int(seq)} if not isinstance(seq, bool) and seq <= self._seq:
                if seq > self._acked:
                    self._acked, self._held_since = seq, None
            case {"t": "ack"}:
                raise InputError("An ack names the seq of a frame that was sent.", field="seq")
            case {"t": "ctrl", "cmd": "play"}:
                self.play()
            case {"t": "ctrl", "cmd": "pause"}:
                self._playing = False
            case {"t": "ctrl", "cmd": "seek"}:
                self._seek(self.film.find_bar(message.get("pos")))
            case {"t": "ctrl", "cmd": "speed"}:
                self._set_speed(check_speed(message.get("val")))
            case {"t": "ctrl", "cmd": "step"}:
                self._step(message.get("val", {"to": message.get("to")}))
            case _:
                raise InputError(
                    "A message is ack, hb, or ctrl with cmd play, pause, seek, speed or step."
                )

    def _seek(self, bar: int) -> None:
        self._generation += 1
        self._land(bar)

    def _set_speed(self, speed: float) -> None:
        if speed != self.speed:
            self.speed, self._rest = speed, 0.0

    def _step(self, value: object) -> None:
        if self._playing:
            raise InputError("A step is taken while paused: pause first.", field="cmd")
        bar = self._find_step(value)
        if bar is None or bar == self._bar:
            raise InputError("There is nothing further in that direction.", code="RANGE")
        if bar > self._bar:
            self._rest = 0.0
            self._go_to(bar)
        else:
            self._seek(bar)

    def _find_step(self, value: object) -> int | None:
        """Find where a step leads; None where there is no such bar."""
        film, here = self.film, self._bar
        match value:
            case int(bars) if bars and not isinstance(bars, bool):
                return min(max(here + bars, 0), film.last)
            case {"to": "next_trade"}:
                return _at(film.fills.bars, np.searchsorted(film.fills.bars, here, side="right"))
            case {"to": "prev_trade"}:
                return _at(film.fills.bars, np.searchsorted(film.fills.bars, here) - 1)
            case {"to": "next_session"}:
                return _at(film.sessions, np.searchsorted(film.sessions, here, side="right"))
        raise InputError(
            "A step is a number of bars other than 0, or next_trade, prev_trade or next_session.",
            field="val",
        )


def _at(bars: np.ndarray, index: np.intp) -> int | None:
    return int(bars[index]) if 0 <= index < len(bars) else None


def _parse(text: str) -> Mapping[str, object]:
    try:
        message = json.loads(text, parse_float=_read_number)
    except (ValueError, RecursionError):
        message = None
    if isinstance(message, dict):
        return message
    raise InputError("A message is a JSON object.")


def _read_number(text: str) -> float:
    """Read 12.0 as 12: JSON has one kind of number."""
    number = float(text)
    return int(number) if number.is_integer() else number
