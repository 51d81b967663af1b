"""The web server: daphne, with a limit on the size of bodies.

By itself daphne writes a body of any size to the disk before anybody looks at who sends it.
"""

from daphne import http_protocol
from daphne.cli import CommandLineInterface

MAX_BODY_BYTES = 1 << 20  # no form of the site is near it
_LINGER_SECONDS = 2.0  # a client that is still sending can read the answer meanwhile
_MESSAGE = b'{"error": {"code": "PAYLOAD_TOO_LARGE", "message": "The body is over 1 MB."}}'
_REFUSAL = (
    b"HTTP/1.1 413 Content Too Large\r\n"
    b"Content-Type: application/json\r\n"
    b"Content-Security-Policy: default-src 'none'\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
    b"Content-Length: %d\r\n"
    b"Connection: close\r\n\r\n%s" % (len(_MESSAGE), _MESSAGE)
)


class LimitedRequest(http_protocol.WebRequest):  # type: ignore[misc]  # daphne has no types
    """A request that is refused as soon as its body is, or is said to be, over the limit."""

    is_refused = False
    received_bytes = 0

    def gotLength(self, length: int | None) -> None:  # noqa: N802 (Twisted's name)
        """Refuse by what the header says; None where it says nothing."""
        too_long = length is not None and length > MAX_BODY_BYTES
        super().gotLength(0 if too_long else length)
        if too_long:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 (Twisted's name)
        """Count what comes in; what follows a refusal is dropped."""
        self.received_bytes += len(data)
        if not self.is_refused and self.received_bytes > MAX_BODY_BYTES:
            self._refuse()
        if not self.is_refused:
            super().handleContentChunk(data)

    def process(self) -> object:
        """Hand the request to the site, unless it was refused."""
        return None if self.is_refused else super().process()

    def _refuse(self) -> None:
        self.is_refused = True
        transport = self.channel.transport
        transport.write(_REFUSAL)
        self.channel.callLater(_LINGER_SECONDS, transport.abortConnection)


if __name__ == "__main__":
    http_protocol.WebRequest = LimitedRequest
    CommandLineInterface.entrypoint()
