"""Small JSON messages with a length before them, and descriptors beside the first byte."""

import json
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

MOST_BYTES = 64 << 10
_LENGTH = struct.Struct("<I")
_MOST_FILES = 8


def send(channel: socket.socket, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
    """Send one message. Raises ValueError when it is too long, OSError when nobody is there."""
    body = json.dumps(message).encode()
    if len(body) > MOST_BYTES:
        raise ValueError(f"The header has {len(body)} bytes; at most {MOST_BYTES} can be sent.")
    whole = _LENGTH.pack(len(body)) + body
    sent = socket.send_fds(channel, [whole], list(files)) if files else channel.send(whole)
    if sent < len(whole):
        channel.sendall(whole[sent:])


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Receive one message and its descriptors.

    Raises EOFError when the other side is gone, ValueError when it is no message of ours, OSError.
    """
    start, files, _, _ = socket.recv_fds(channel, _LENGTH.size, _MOST_FILES)
    if not start:
        raise EOFError
    (length,) = _LENGTH.unpack(start + receive_exactly(channel, _LENGTH.size - len(start)))
    if length > MOST_BYTES:
        raise ValueError("The message is too long.")
    message = json.loads(receive_exactly(channel, length))
    if not isinstance(message, dict):
        raise TypeError("The message is no object.")
    return message, files


def receive_exactly(channel: socket.socket, length: int) -> bytes:
    """Receive so many bytes. Raises EOFError when the other side is gone before."""
    buffer = bytearray(length)
    view, filled = memoryview(buffer), 0
    while filled < length:
        count = channel.recv_into(view[filled:])
        if not count:
            raise EOFError
        filled += count
    return bytes(buffer)
