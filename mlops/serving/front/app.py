"""The routes, as one raw ASGI application. Speaks HTTP; knows workers only through the pool."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from ..worker import wire
from . import identity
from .answers import AGAIN, CLOSE, IS_TEXT, SERVER, Answer, document, message, scored
from .pool import Pool
from .settings import Limits
from .swagger import Swagger

Known = Mapping[bytes, bytes]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

KNOWN = identity.NAMES | {b"content-type", b"content-length", b"expect"}
UNSAID = {b"", b"application/x-www-form-urlencoded"}
BODILESS = (204, 304)
READ = ("GET", "HEAD")
ALLOWED = {
    "/": READ,
    "/score": ("GET", "POST", "OPTIONS"),
    "/swagger.json": READ,
    "/livez": READ,
    "/readyz": READ,
}
NO_SUCH = "The requested URL was not found on the server."
NO_METHOD = "The method is not allowed for the requested URL."
DISCARD = 64 * 1024 * 1024
"""Bytes beyond the limit that are still read, so that the client gets to see its answer."""


class GoneError(Exception):
    """The client went away before its request was whole."""


class App:
    """Answers every request of one service."""

    def __init__(self, limits: Limits, pool: Pool) -> None:
        self._limits = limits
        self._pool = pool
        self.swagger = Swagger()
        self.state = "starting"
        self.asks: Mapping[str, bool] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        known = {name: value for name, value in scope["headers"] if name in KNOWN}
        answer = self._unscored(scope, known)
        if answer is None:
            try:
                answer = await self._score(scope, known, receive)
            except GoneError:
                return
        status, headers, body = answer
        if status != 431:
            headers += identity.echo(known)
        if self.state == "draining":
            headers.append(CLOSE)
        if status not in BODILESS:
            headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _score(self, scope: Scope, known: Known, receive: Receive) -> Answer:
        raw = self.asks.get("raw")
        body: bytes | None
        if scope["method"] == "GET" and not raw:
            kind, body = wire.QUERY, scope["query_string"]
        else:
            kind = wire.RAW if raw else said(known.get(b"content-type", b""))
            body = await read(receive, self._limits.max_body)
        if body is None:
            return message(413, self._limit())
        meta = words(scope) if raw or self.asks.get("headers") else b""
        return scored(await self._pool.score(kind, meta, body))

    def _unscored(self, scope: Scope, known: Known) -> Answer | None:
        """Answer whatever no worker is needed for."""
        path, method = scope["path"], scope["method"]
        too_long = identity.refusal(known)
        if too_long:
            return message(431, too_long)
        allowed = ALLOWED.get(path, ())
        if method not in allowed and not (path == "/score" and self.asks.get("raw")):
            if not allowed:
                return message(404, NO_SUCH)
            return message(405, NO_METHOD, (b"allow", ", ".join(allowed).encode()))
        if path == "/score":
            return self._unfit(method, known)
        return self._plain(path, scope)

    def _plain(self, path: str, scope: Scope) -> Answer:
        """Answer the routes beside `/score`."""
        if path == "/swagger.json":
            query = parse_qs(scope["query_string"].decode("latin-1"))
            return self.swagger.answer(query.get("version", ["2"])[0])
        if path == "/livez":
            return document(200, {"status": "alive"})
        if path == "/readyz":
            state = self.state if self._pool.live or self.state != "ready" else "restarting"
            return document(200 if state == "ready" else 503, {"status": state})
        if self.state == "starting":
            return message(503, "The service is starting.", AGAIN)
        return Answer(200, [IS_TEXT, SERVER], b"Healthy")

    def _unfit(self, method: str, known: Known) -> Answer | None:
        """Answer a request to `/score` that will not be scored."""
        if self.state != "ready":
            return message(503, f"The service is {self.state}.", AGAIN)
        if method == "OPTIONS" and not self.asks.get("raw"):
            return Answer(200, [IS_TEXT, SERVER], b"")
        length = int(known.get(b"content-length", b"0"))  # the parser lets digits through only
        if length <= self._limits.max_body:
            return None
        if b"expect" in known or length > self._limits.max_body + DISCARD:
            return message(413, self._limit(), CLOSE)
        return message(413, self._limit())

    def _limit(self) -> str:
        return f"The body is larger than {self._limits.max_body} bytes."


def said(content_type: bytes) -> int:
    """Tell JSON from what may be JSON (nothing said, or curl's default) and from the rest."""
    kind = content_type.partition(b";")[0].strip().lower()
    if kind == b"application/json":
        return wire.JSON
    if kind.startswith(b"application/") and kind.endswith(b"+json"):
        return wire.JSON
    return wire.UNSAID if kind in UNSAID else wire.OTHER


async def read(receive: Receive, limit: int) -> bytes | None:
    """Read a body; nothing if it is longer than the limit."""
    event = await receive()
    if event["type"] == "http.request" and not event["more_body"]:
        whole: bytes = event["body"]
        return whole if len(whole) <= limit else None
    parts, size = [], 0
    while event["type"] == "http.request":
        parts.append(event["body"])
        size += len(event["body"])
        if size > limit:
            return None
        if not event["more_body"]:
            return b"".join(parts)
        event = await receive()
    raise GoneError


def words(scope: Scope) -> bytes:
    """Describe the request to a script that asked for its headers or for all of it."""
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    ]
    meta = {
        "method": scope["method"],
        "path": scope["path"],
        "query": scope["query_string"].decode("latin-1"),
        "headers": headers,
    }
    return json.dumps(meta).encode()
