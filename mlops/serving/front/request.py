"""One request: what it says, what a worker is sent of it, who waits for its answer."""

import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import unquote

from ..worker import wire
from . import binary, identity
from .answers import Answer

UNSAID = {b"", b"application/x-www-form-urlencoded"}
KNOWN = identity.NAMES | {
    b"access-control-request-headers",
    b"access-control-request-method",
    b"authorization",
    b"content-length",
    b"content-type",
    b"expect",
    binary.LENGTH,
    b"origin",
}
"""The headers that the front itself reads."""


class Waits(Protocol):
    """Who asks, and gets the answer."""

    def asker(self) -> tuple[str, str]:
        """Return the address that asks, empty for the server itself, and the scheme it speaks."""

    def scored(self, request: "Request", frame: wire.Frame) -> None:
        """Take the frame that a worker sent, or that was made in its place."""


class Request:
    """One request, from its first byte to its answer. Mutable: one is filled for every request."""

    __slots__ = (
        "began",
        "body",
        "deadline",
        "headers",
        "held",
        "ident",
        "keep_alive",
        "known",
        "method",
        "parent",
        "parts",
        "path",
        "query",
        "refused",
        "sequence",
        "settled",
        "shaped",
        "size",
        "span",
        "url",
        "waits",
    )

    def __init__(self, waits: Waits, began: float) -> None:
        self.waits = waits
        self.began = began
        self.url = b""
        self.method = ""
        self.path = ""
        self.query = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.known: dict[bytes, bytes] = {}
        self.keep_alive = False
        self.parts: list[bytes] = []
        self.size = 0  # bytes of the body that arrived
        self.held = 0  # bytes of the body that count against the limit of all
        self.body = b""
        self.refused: Answer | None = None
        self.ident = b""
        self.span = ("", "")  # its ids in a trace, where traces are wanted
        self.parent: bytes | None = None
        self.deadline = 0.0
        self.sequence = 0  # which one it was of those sent to its worker, from 1
        self.settled = False
        self.shaped: Any = None  # what turns the script's answer into the client's

    def name(self) -> bytes:
        """Return the id of this request, made when it is first asked for."""
        if not self.ident:
            self.ident = self.known.get(identity.OURS) or identity.fresh()
        return self.ident

    def settle(self, frame: wire.Frame) -> None:
        """Hand over the answer; only the first one counts."""
        if not self.settled:
            self.settled = True
            self.waits.scored(self, frame)

    def frame(self, ident: int, asks: Mapping[str, Any]) -> bytes:
        """Write what a worker is sent; `asks` says what its script wants to know."""
        if asks.get("raw"):
            return wire.pack(ident, wire.RAW, self.deadline, self._words(), self.body)
        meta = b""
        if asks.get("headers"):
            meta = self._words()
        elif asks.get("id"):
            meta = json.dumps({"id": self.name().decode("latin-1")}).encode()
        if self.method == "GET":
            return wire.pack(ident, wire.QUERY, self.deadline, meta, self.query)
        kind = said(self.known.get(b"content-type", b""))
        return wire.pack(ident, kind, self.deadline, meta, self.body)

    def _words(self) -> bytes:
        """Describe the request to a script that asked for its headers or for all of it."""
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers
        ]
        client, scheme = self.waits.asker()
        meta = {
            "client": client,
            "scheme": scheme,
            "method": self.method,
            "path": self.path,
            "query": self.query.decode("latin-1"),
            "headers": headers,
            "id": self.name().decode("latin-1"),
        }
        return json.dumps(meta).encode()


def plain_path(path: bytes) -> str:
    """Read the path of a URL."""
    text = path.decode("latin-1")
    return unquote(text) if "%" in text else text


def said(content_type: bytes) -> int:
    """Tell JSON from what may be JSON (nothing said, or curl's default) and from the rest."""
    kind = content_type.partition(b";")[0].strip().lower()
    if kind == b"application/json":
        return wire.JSON
    if kind.startswith(b"application/") and kind.endswith(b"+json"):
        return wire.JSON
    return wire.UNSAID if kind in UNSAID else wire.OTHER
