"""The requests of one connection, answered in order. Knows neither routes nor workers."""

import asyncio
import time
from collections import deque
from typing import Protocol

from ..worker import wire
from . import identity
from .answers import LINES, Answer, scored
from .reader import Room
from .request import Request

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSE = b"connection: close\r\n"
AHEAD = 8
"""Requests of one connection that are read while one is answered."""
BODILESS = (204, 304)


class Hall(Room, Protocol):
    """What a connection asks of the door that it came through."""

    stamp: bytes
    closing: bool

    def headed(self, request: Request) -> None:
        """See a request's headers."""

    def answer(self, request: Request) -> Answer | None:
        """Answer a request now; or not at all, and then by `Turns.scored`."""

    def answered(self, request: Request, status: int, seconds: float) -> None:
        """Hear that an answer was sent."""


class Ends(Protocol):
    """Who carries the bytes."""

    transport: asyncio.Transport

    def end(self, last: Answer | None) -> None:
        """Hear that nothing more will be answered."""


class Turns:
    """Whose turn it is."""

    def __init__(self, hall: Hall, line: Ends) -> None:
        self._hall = hall
        self._line = line
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Request] = deque()
        self._current: Request | None = None
        self.last: Answer | None = None  # sent once all before it is; then the connection ends
        self.over = False
        self.stuck = False  # the client does not read
        self.since = time.monotonic()  # when the last answer was sent
        self.fresh = True

    @property
    def idle(self) -> bool:
        """Say whether nobody waits for an answer."""
        return self._current is None and not self._queue and self.last is None

    def asker(self) -> tuple[str, str]:
        """Return the address of the client, and the scheme it speaks."""
        transport = self._line.transport
        address = transport.get_extra_info("peername") or ("",)
        return str(address[0]), "https" if transport.get_extra_info("sslcontext") else "http"

    def headed(self, request: Request) -> None:
        """See the headers of a request: what is refused now needs no body."""
        self._hall.headed(request)
        expects = request.known.get(b"expect", b"").lower() == b"100-continue"
        if request.refused is not None:
            request.keep_alive &= not expects
            if not request.keep_alive and self._current is None:
                self._serve(request)
        elif expects and self._current is None:
            self._line.transport.write(CONTINUE)

    def whole(self, request: Request) -> None:
        """Answer a request, or keep it until those before it are answered."""
        if self.over:
            return
        if self._current is None and not self._queue and not self.stuck:
            self._serve(request)
            return
        self._queue.append(request)
        if len(self._queue) == AHEAD:
            self._line.transport.pause_reading()

    def _serve(self, request: Request) -> None:
        self._current = request
        answer = request.refused or self._hall.answer(request)
        if answer is not None:
            self._send(request, answer)

    def scored(self, request: Request, frame: wire.Frame) -> None:
        """Take what a worker answered."""
        if request is self._current:
            answer = scored(frame)
            self._send(request, request.shaped(answer) if request.shaped else answer)

    def _send(self, request: Request, answer: Answer) -> None:
        hall = self._hall
        closing = hall.closing or not request.keep_alive
        self._line.transport.write(written(request, answer, hall.stamp, closing=closing))
        hall.held -= request.held
        request.held = 0
        self._current = None
        self.fresh = False
        self.since = now = time.monotonic()  # uvloop's own clock counts in milliseconds
        hall.answered(request, answer.status, now - request.began)
        if closing:
            self._line.end(self.last)
        elif self._queue or self.last is not None:
            self._loop.call_soon(self.next)  # never deeper, however many there are

    def next(self) -> None:
        """Turn to the next request that is already here."""
        if self.over or self._current is not None or self.stuck:
            return
        if self._queue:
            if len(self._queue) == AHEAD:
                self._line.transport.resume_reading()
            self._serve(self._queue.popleft())
        elif self.last is not None:
            self.refuse(self.last)

    def refuse(self, answer: Answer) -> None:
        """Say a last word once it is its turn, whatever the client is still sending."""
        self.last = answer
        if self._current is not None or self._queue:
            return
        request = Request(self, self.since)
        data = written(request, answer, self._hall.stamp, closing=True)
        self._line.transport.write(data)
        self._hall.answered(request, answer.status, 0.0)
        self._line.end(answer)

    def drop(self) -> None:
        """Forget what nobody waits for any more."""
        self.over = True
        for request in (self._current, *self._queue):
            if request is not None:
                request.settled = True  # a worker that has not begun it never will
                self._hall.held -= request.held
                request.held = 0
        self._current = None
        self._queue.clear()


def written(request: Request, answer: Answer, stamp: bytes, *, closing: bool) -> bytes:
    """Write an answer as it goes to the client."""
    status, head, body = answer
    ids = identity.echo(request.known, request.name(), fits=status != 431)
    close = CLOSE if closing else b""
    if status in BODILESS:
        return b"".join((LINES[status], stamp, head, ids, close, b"\r\n"))
    length = b"content-length: %d\r\n" % len(body)
    bare = request.method == "HEAD"
    whole = (LINES[status], stamp, head, ids, length, close, b"\r\n", b"" if bare else body)
    return b"".join(whole)
