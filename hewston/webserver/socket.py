"""A socket that a client cannot make the server hold much for."""

from daphne.ws_protocol import WebSocketProtocol

from hewston.webserver.flow import Flow

MAX_BEHIND_BYTES = 1 << 20  # what waits for a client that does not take it
MAX_AHEAD_MESSAGES = 1000  # what a client says before it was heard


class Socket(WebSocketProtocol):  # type: ignore[misc]  # daphne has no types
    """Sends without waiting, as daphne does, but drops a client that takes or heeds nothing."""

    def onConnect(self, request: object) -> object:  # noqa: N802 (autobahn's name)
        """Watch the buffer, which until now belonged to the request that was upgraded."""
        self.flow = Flow()
        self.behind_bytes = 0
        self.failByDrop = False  # a client that sends too much is told so by a code
        self.transport.unregisterProducer()
        self.transport.registerProducer(self.flow, True)  # noqa: FBT003 (Twisted's order)
        return super().onConnect(request)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803, FBT001 (autobahn's names)
        """Take a message in."""
        super().onMessage(payload, isBinary)
        if self.application_queue.qsize() > MAX_AHEAD_MESSAGES:
            self.transport.abortConnection()

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:  # noqa: N802, FBT001, FBT002 (daphne's names)
        """Send a message, and count what a slow client is behind; one that leaves gets none."""
        if self.state in {self.STATE_CLOSING, self.STATE_CLOSED}:
            return
        super().serverSend(content, binary)
        self.behind_bytes = self.behind_bytes + len(content) if self.flow.is_paused else 0
        if self.behind_bytes > MAX_BEHIND_BYTES:
            self.transport.abortConnection()

    def check_timeouts(self) -> None:
        """Drop a client that takes nothing; daphne calls this every two seconds."""
        if self.flow.is_stuck:
            self.transport.abortConnection()
        else:
            super().check_timeouts()
