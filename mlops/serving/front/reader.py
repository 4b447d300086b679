"""Bytes of one connection -> requests, within the limits. Writes nothing."""

import logging
from collections.abc import Callable
from typing import Any, Protocol

import httptools

from .answers import Answer, message
from .limits import Limits
from .request import KNOWN, Request, Waits, plain_path

log = logging.getLogger("mlops_serving")

IDLE, HEAD, BODY = 0, 1, 2
DISCARD = 64 * 1024 * 1024
"""Bytes of a refused body that are still read, so that the client gets to see its answer."""

UPGRADES = {b"connection", b"upgrade"}

BROKEN = message(400, "The request is not valid HTTP.")
LONG_HEAD = message(431, "The headers of the request are too large.")
LONG_URL = message(414, "The URL of the request is too long.")
LOST = message(500, "The request could not be read.")
CROWDED = message(503, "The service is overloaded: too many bytes wait. Try again later.")


class Hears(Waits, Protocol):
    """Who reads: is told of requests as they arrive."""

    def headed(self, request: Request) -> None:
        """Hear that a request's headers are whole; set `refused` to spare its body."""

    def whole(self, request: Request) -> None:
        """Hear that a request is whole."""


class Room(Protocol):
    """What all connections share."""

    limits: Limits
    held: int


class Reader:
    """What httptools calls back. One a connection."""

    __slots__ = (
        "_clock",
        "_hears",
        "_idled",
        "_parser",
        "_refusal",
        "_request",
        "_room",
        "since",
        "state",
    )

    def __init__(self, hears: Hears, room: Room, clock: Callable[[], float]) -> None:
        self._hears = hears
        self._room = room
        self._clock = clock
        self._request = Request(hears, 0.0)
        self._refusal: Answer | None = None
        self._idled = 0  # bytes since something was learnt from them
        self._parser = parser(self)
        self.state = IDLE
        self.since = clock()

    @property
    def size(self) -> int:
        """Return how many bytes of the body have arrived."""
        return self._request.size

    def feed(self, data: bytes) -> Answer | None:
        """Read what arrived; an answer means that nothing more can be read after it."""
        before = self.state
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # Read as if it had asked for none, as HTTP allows. The parser took the body for another
            # protocol, so the head is read a second time.
            self._parser = parser(self)
            if self._request.method == "CONNECT":
                return BROKEN
            return self.feed(plain_head(self._request) + data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError:
            log.exception("a request could not be read")
            return LOST
        except httptools.HttpParserError:
            return self._refusal or BROKEN
        if self.state != IDLE and self.state == before:
            self._idled += len(data)
            if self._idled > self._room.limits.max_head:
                return LONG_HEAD  # headers or trailers without end, or chunks that hold nothing
        return self._refusal

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.state = HEAD
        self.since = self._clock()
        self._idled = 0
        self._request = Request(self._hears, self.since)

    def on_url(self, url: bytes) -> None:
        """Take a piece of the URL."""
        self._request.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers are dropped."""
        if self.state == HEAD:
            name = name.lower()
            self._request.headers.append((name, value))
            if name in KNOWN:
                self._request.known[name] = value

    def on_headers_complete(self) -> None:
        """Say that the headers are whole, or refuse them."""
        request = self._request
        self.state = BODY
        self.since = self._clock()
        self._idled = 0
        request.method = self._parser.get_method().decode()
        if self._parser.should_upgrade():
            return
        request.keep_alive = (
            self._parser.should_keep_alive() and self._parser.get_http_version() == "1.1"
        )
        self._refusal = self._refusal or self._unfit(request)
        if self._refusal is None:
            self._hears.headed(request)

    def _unfit(self, request: Request) -> Answer | None:
        limits = self._room.limits
        if len(request.headers) > limits.max_headers:
            return LONG_HEAD
        size = len(request.url)
        if size > limits.max_head:
            return LONG_URL
        for name, value in request.headers:
            size += len(name) + len(value)
            if b"\n" in value or b"\r" in value:
                return BROKEN
        if size > limits.max_head:
            return LONG_HEAD
        try:
            url = httptools.parse_url(request.url)
        except httptools.HttpParserError:
            return BROKEN
        request.path = plain_path(url.path or b"/")
        request.query = url.query or b""
        return None

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body; what is refused is counted and dropped."""
        request, room = self._request, self._room
        self._idled = -len(data)
        request.size += len(data)
        if request.refused is None and self._refusal is None:
            if request.size > room.limits.max_body:
                self._drop(message(413, too_large(room.limits.max_body)))
            elif room.held + len(data) > room.limits.queue_bytes:
                self._drop(CROWDED)
            else:
                request.parts.append(data)
                request.held += len(data)
                room.held += len(data)
        elif request.size > room.limits.max_body + DISCARD:
            self._refusal = self._refusal or request.refused

    def _drop(self, answer: Answer) -> None:
        request = self._request
        self._room.held -= request.held
        request.held = 0
        request.parts.clear()
        request.refused = answer

    def on_message_complete(self) -> None:
        """Hand over the request."""
        request = self._request
        self.state = IDLE
        self.since = self._clock()
        if self._refusal is None and not self._parser.should_upgrade():
            parts = request.parts
            request.body = parts[0] if len(parts) == 1 else b"".join(parts)
            parts.clear()
            self._hears.whole(request)

    def abandon(self) -> None:
        """Forget a request that will never be whole."""
        if self.state == BODY:
            self._room.held -= self._request.held
            self._request.held = 0


def parser(reader: Reader) -> Any:
    """Make a parser; what a client sends after its last request is ignored, not an error."""
    made = httptools.HttpRequestParser(reader)
    made.set_dangerous_leniencies(lenient_data_after_close=True)
    return made


def plain_head(request: Request) -> bytes:
    """Write the head of a request without the upgrade that it asks for."""
    kept = [b"%b: %b\r\n" % pair for pair in request.headers if pair[0] not in UPGRADES]
    line = b"%b %b HTTP/1.1\r\n" % (request.method.encode(), request.url)
    return line + b"".join(kept) + b"\r\n"


def too_large(limit: int) -> str:
    """Say that a body is too large."""
    return f"The body is larger than {limit} bytes."
