"""A request whose body is limited before it is read, and waits on the disk until it is whole.

By itself daphne writes a body of any size to the disk before anybody looks at who sends it,
and Twisted then reads it into memory, twice.
"""

import asyncio
import io
import json
import re
import shutil
import time
from http import HTTPStatus
from typing import IO

from channels.db import database_sync_to_async
from daphne.http_protocol import WebRequest
from django.conf import settings
from django.db import DatabaseError

from apps.permissions.models import Scope
from hewston.credentials import Credentials
from hewston.http import RETRY_SECONDS
from hewston.webserver.flow import Flow

UPLOAD_PATHS = re.compile(
    rb"/datasets/new/|/api/datasets(/preview)?|/datasets/[^/]+/equality/new/"
    rb"|/api/datasets/[^/]+/equality|/runs/import/|/api/bundles"
    rb"|/parity/new/|/parity/boards/new/|/api/parity/artifacts(/preview)?|/api/parity/boards"
)
BODY_SECONDS = 300.0  # for a body that is no upload; those may take their time
WORK_BYTES_PER_SECOND = 5e6  # an upload is given more time to be answered
_LOOK_BYTES = 16 << 20  # how often the disk is looked at
_LINGER_SECONDS = 2.0  # a client that is still sending can read the answer meanwhile
_HEADERS = {
    "Content-Type": "application/json",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}


class Request(WebRequest):  # type: ignore[misc]  # daphne has no types
    """Refuses a body that is, or is said to be, over the limit of who sends it."""

    content: IO[bytes]  # as it comes in
    body: IO[bytes]  # of a request that is whole
    received_bytes = 0
    is_refused = False
    _limit = settings.BODY_BYTES
    _declared: int | None = None
    _started = 0.0  # when the header was whole
    _asking: asyncio.Task[None] | None = None  # who sends this
    _is_whole = False

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self._parsePOSTFormSubmission = False  # in memory: that is what the site does better
        self.flow = Flow()

    def gotLength(self, length: int | None) -> None:  # noqa: N802 (Twisted's name)
        """Judge by what the header says; None where it says nothing."""
        self._declared, self._started = length, time.monotonic()
        self.content = io.BytesIO()
        try:
            super().gotLength(length)
        except OSError as problem:
            self._refuse_for_disk(problem)
        else:
            self._admit(length or 0)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 (Twisted's name)
        """Count what comes in; what follows a refusal is dropped."""
        before = self.received_bytes
        self.received_bytes += len(data)
        if not self.is_refused:
            self._admit(self.received_bytes)
        if self.received_bytes // _LOOK_BYTES > before // _LOOK_BYTES and not self.is_refused:
            self._look_at_disk(0)
        if not self.is_refused:
            try:
                super().handleContentChunk(data)
            except OSError as problem:
                self._refuse_for_disk(problem)

    def process(self) -> object:
        """Hand the request to the site, once it is known that its sender may send so much."""
        self._is_whole = True
        if self.is_refused or self._asking is not None:
            return None
        if self._declared is None:  # its length is known now, and Django counts on that
            self.requestHeaders.removeHeader(b"Transfer-Encoding")
            self.requestHeaders.setRawHeaders(b"Content-Length", [b"%d" % self.received_bytes])
        self.body, self.content = self.content, io.BytesIO()
        self.body.seek(0)
        return super().process()

    def handle_reply(self, message: dict[str, object]) -> None:
        """Send a part of the answer, and watch the buffer from its start on."""
        is_open = not self.finished and self.channel is not None
        if is_open and message.get("type") == "http.response.start":
            self.registerProducer(self.flow, True)  # noqa: FBT003 (Twisted's order)
            if self.channel._waitingForTransport:  # noqa: SLF001 (an earlier answer fills it)
                self.flow.pauseProducing()
        super().handle_reply(message)

    def finish(self) -> None:
        """End the answer."""
        self.unregisterProducer()
        super().finish()

    def connectionLost(self, reason: object) -> None:  # noqa: N802 (Twisted's name)
        """Let nobody wait for a client that has gone."""
        self.flow.stopProducing()
        super().connectionLost(reason)

    def check_timeouts(self) -> None:
        """Drop a client that takes nothing or dawdles; daphne calls this every two seconds."""
        if self.finished or self.channel is None:
            return
        is_coming = self._started > 0 and not self._is_whole
        is_slow = is_coming and time.monotonic() - self._started > BODY_SECONDS
        if self.flow.is_stuck or (is_slow and self._limit == settings.BODY_BYTES):
            self.channel.transport.abortConnection()
        elif not self._response_started:  # a stream may go on for hours
            allowance = self.received_bytes / WORK_BYTES_PER_SECOND
            if self.duration() - allowance > self.server.http_timeout:
                self.basic_error(503, b"", "The answer took too long. Try again later.")

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Answer in the uniform shape where the site could not."""
        del status_text
        code = {400: "VALIDATION", 503: "BUSY"}.get(status, "INTERNAL")
        fields = _HEADERS | _say_when(status)
        headers = [(name.encode(), value.encode()) for name, value in fields.items()]
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": _write_error(code, body)})

    def _admit(self, size: int) -> None:
        """Look at a body of this size: refuse it, or ask who sends it."""
        if size <= self._limit or self._asking is not None:
            return
        if not self._is_upload:
            sentence = "The body is over {limit}, the most that this address takes."
            self._refuse_for_size(sentence, settings.BODY_BYTES)
        elif size > settings.UPLOAD_BYTES:
            sentence = "The upload is over {limit}, which is the most one may have."
            self._refuse_for_size(sentence, settings.UPLOAD_BYTES)
        else:
            self.transport.pauseProducing()
            self._asking = asyncio.ensure_future(self._ask())

    @property
    def _is_upload(self) -> bool:
        channel = self.channel
        path = channel._path.partition(b"?")[0]  # noqa: SLF001 (a request has it only when whole)
        return channel._command == b"POST" and UPLOAD_PATHS.fullmatch(path) is not None  # noqa: SLF001

    async def _ask(self) -> None:
        """Find out who sends the body, off the reactor's thread, while no more of it comes."""
        raw = self.requestHeaders.getAllRawHeaders()
        credentials = Credentials.read((name.lower(), values[-1]) for name, values in raw)
        try:
            user, answers = await database_sync_to_async(credentials.find_user)(Scope.INGEST), True
        except DatabaseError:
            user, answers = None, False
        self._asking = None
        if self.channel is None:  # meanwhile
            return
        self.transport.resumeProducing()  # also what is dropped, or its sender reads no answer
        if self.is_refused:
            return
        if not answers:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "BUSY", "The database does not answer.")
        elif user is None:
            sentence = (
                "The body is over {limit}, the most that may be sent without signing in, or by a"
                " token that may not ingest."
            )
            self._refuse_for_size(sentence, settings.BODY_BYTES)
        else:
            self._limit = settings.UPLOAD_BYTES
            self._look_at_disk(2 * (self._declared or 0))  # as it comes in, and as it is kept
        if self._is_whole:
            self.process()

    def _look_at_disk(self, wanted: int) -> None:
        free = shutil.disk_usage(settings.DATA_ROOT).free
        if free < settings.MIN_FREE_BYTES + wanted:
            self._refuse(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "BUSY",
                f"Only {free / 1e9:.2f} GB of disk are free, and this upload needs"
                f" {(settings.MIN_FREE_BYTES + wanted) / 1e9:.2f} GB: free some space.",
            )

    def _refuse_for_disk(self, problem: OSError) -> None:
        message = f"The upload cannot be kept on the disk: {problem.strerror}."
        self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "BUSY", message)

    def _refuse_for_size(self, sentence: str, limit: int) -> None:
        shown = f"{limit / 1e9:g} GB" if limit >= 1e9 else f"{limit / 1e6:.0f} MB"  # noqa: PLR2004
        message = sentence.format(limit=shown)
        self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "PAYLOAD_TOO_LARGE", message)

    def _refuse(self, status: HTTPStatus, code: str, message: str) -> None:
        """Answer now, drop what was kept and what still comes, and end the connection."""
        self.is_refused = True
        self.content.close()
        self.content = io.BytesIO()
        self.requestHeaders.removeHeader(b"Expect")  # or Twisted would ask for the body
        body = _write_error(code, message)
        length = {"Content-Length": str(len(body)), "Connection": "close"}
        headers = _HEADERS | length | _say_when(status)
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\n{fields}\r\n"
        transport = self.channel.transport
        transport.write(head.encode() + body)
        self.channel.callLater(_LINGER_SECONDS, transport.abortConnection)


def _say_when(status: int) -> dict[str, str]:
    is_busy = status == HTTPStatus.SERVICE_UNAVAILABLE
    return {"Retry-After": str(RETRY_SECONDS)} if is_busy else {}


def _write_error(code: str, message: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()
