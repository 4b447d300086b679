"""The listening socket, and every connection that came through it."""

import asyncio
import logging
import socket
import ssl
import time
from functools import partial
from typing import Protocol

from .answers import Answer
from .connection import Connection
from .limits import Limits
from .request import Request

log = logging.getLogger("mlops_serving")

TICK = 0.25
BACKLOG = 2048
HANDSHAKE = 10.0
"""Seconds that a TLS handshake may take."""
DAYS = (b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun")
MONTHS = (
    *(b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun"),
    *(b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"),
)


class Answers(Protocol):
    """Who answers requests."""

    @property
    def signature(self) -> bytes:
        """Return the header by which every answer says who gave it, or nothing."""

    def headed(self, request: Request) -> None:
        """See a request's headers; set `refused` to spare its body."""

    def answer(self, request: Request) -> Answer | None:
        """Answer a request now, or have a worker do it."""

    def answered(self, request: Request, status: int, seconds: float) -> None:
        """Hear that an answer was sent."""


class Door:
    """Lets clients in."""

    def __init__(self, listener: socket.socket, limits: Limits, app: Answers) -> None:
        self._listener = listener
        self._server: asyncio.Server | None = None
        self._inside: set[Connection] = set()
        self._adopting: set[asyncio.Task[object]] = set()
        self._second = 0
        self._clock: asyncio.Task[None] | None = None
        self._app = app
        self.headed = app.headed
        self.answer = app.answer
        self.answered = app.answered
        self.limits = limits
        self.held = 0
        self.closing = False
        self.stamp = b""
        self._tell_time()

    @property
    def listener(self) -> socket.socket:
        """Return the socket, to be handed on."""
        return self._listener

    @property
    def inside(self) -> frozenset[Connection]:
        """Return the connections there are."""
        return frozenset(self._inside)

    async def open(self, tls: ssl.SSLContext | None) -> None:
        """Let clients in; asked again, with another way to speak TLS, without a gap."""
        before = self._server
        loop = asyncio.get_running_loop()
        # A duplicate: what closes it leaves the socket, and who waits in its backlog, alone.
        made = loop.create_server(
            partial(Connection, self),
            sock=self._listener.dup(),
            backlog=BACKLOG,
            ssl=tls,
            ssl_handshake_timeout=HANDSHAKE if tls else None,
        )
        self._server = await made
        if before is not None:
            before.close()
        if self._clock is None:
            self._clock = loop.create_task(self._watch())

    def adopt(self, accepted: socket.socket) -> None:
        """Take a connection that another server had."""
        loop = asyncio.get_running_loop()
        made = loop.connect_accepted_socket(partial(Connection, self), accepted)
        task = loop.create_task(made)
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    def enter(self, connection: Connection) -> bool:
        """Count a connection; say whether there is room for it."""
        self._inside.add(connection)
        return len(self._inside) <= self.limits.connections

    def leave(self, connection: Connection) -> None:
        """Forget a connection."""
        self._inside.discard(connection)

    def shut(self) -> None:
        """Let nobody in any more; who is inside stays."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def close(self, grace: float) -> None:
        """End: answers that are being sent may get through, what is idle is closed."""
        self.closing = True
        self.shut()
        self._listener.close()
        for connection in self.inside:
            if connection.idle:  # the others close after their answer, since `closing` is said
                connection.transport.close()
        end = time.monotonic() + grace
        while self._inside and time.monotonic() < end:  # noqa: ASYNC110 - once in a lifetime
            await asyncio.sleep(0.02)
        for connection in self.inside:
            connection.transport.abort()
        if self._clock is not None:
            self._clock.cancel()

    def _tell_time(self) -> None:
        second = int(time.time())
        if second != self._second:
            self._second = second
            date = day(second)
            self.stamp = b"date: %b\r\n%b" % (date, self._app.signature)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._tell_time()
            now = time.monotonic()
            for connection in self.inside:
                connection.check(now)


def day(second: int) -> bytes:
    """Write a moment as HTTP does. `email.utils` does too, but takes long to import."""
    year, month, date, hour, minute, late, weekday, *_ = time.gmtime(second)
    words = (DAYS[weekday], date, MONTHS[month - 1], year, hour, minute, late)
    return b"%b, %02d %b %04d %02d:%02d:%02d GMT" % words
