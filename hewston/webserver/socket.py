"""A socket that a client cannot make the server hold much for."""

from daphne.ws_protocol import WebSocketProtocol

from hewston.webserver.flow import Flow

MAX_AHEAD_MESSAGES = 1000  # what a client says before it was heard


class Socket(WebSocketProtocol):  # type: ignore[misc]  # daphne has no types
    """Drops a client that takes or heeds nothing."""

    maxMessagePayloadSize: int  # noqa: N815 (autobahn's name)

    def onConnect(self, request: object) -> object:  # noqa: N802 (autobahn's name)
        """Watch the buffer, which until now belonged to the request that was upgraded."""
        self.flow = Flow()
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
        """Send a message of any length; one that leaves gets none."""
        if self.state in {self.STATE_CLOSING, self.STATE_CLOSED}:
            return
        # Autobahn holds what is said to a client to the limit of what it may say.
        limit, self.maxMessagePayloadSize = self.maxMessagePayloadSize, 0
        try:
            super().serverSend(content, binary)
        finally:
            self.maxMessagePayloadSize = limit

    def check_timeouts(self) -> None:
        """Drop a client that takes nothing; daphne calls this every two seconds."""
        if self.flow.is_stuck:
            self.transport.abortConnection()
        else:
            super().check_timeouts()
