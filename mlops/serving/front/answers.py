"""Status, headers and body of every answer, in v1's words. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from .. import VERSION
from ..worker import wire

SERVER = b"x-ms-server-version: mlops/%b\r\n" % VERSION.encode()
IS_JSON = b"content-type: application/json\r\n"
IS_TEXT = b"content-type: text/html; charset=utf-8\r\n"
AGAIN = b"retry-after: 1\r\n"
FLAGS = {
    True: b"x-ms-run-function-failed: True\r\n",
    False: b"x-ms-run-function-failed: False\r\n",
}
SCORED = IS_JSON + FLAGS[False] + b"x-ms-run-fn-exec-ms: %.3f\r\n"
MESSAGE = IS_JSON + FLAGS[False]
EMPTY = IS_TEXT + FLAGS[False]
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
PHRASES = {int(status): status.phrase.encode() for status in HTTPStatus}
LINES = {
    status: b"HTTP/1.1 %d %b\r\n" % (status, PHRASES.get(status, b"")) for status in range(100, 600)
}


class Answer(NamedTuple):
    """What goes to the client: the header lines are written out. One is made for every request."""

    status: int
    head: bytes
    body: bytes


def message(status: int, text: str, *more: bytes) -> Answer:
    """Answer with v1's body of an error."""
    head = MESSAGE + b"".join(more)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        head += AGAIN
    return Answer(status, head, json.dumps({"message": text}).encode())


def document(status: int, value: Mapping[str, Any]) -> Answer:
    """Answer with a JSON object."""
    return Answer(status, IS_JSON, json.dumps(value).encode())


def scored(frame: wire.Frame) -> Answer:
    """Turn a worker's frame into an answer."""
    ident, kind, milliseconds, meta, body = frame
    if kind == wire.RESULT:
        return Answer(200, SCORED % milliseconds, body)
    if kind == wire.EXPIRED:
        return message(503, "The service is overloaded: no worker was free in time.")
    words = json.loads(meta)
    status = words["status"]
    given = lines(words["headers"])
    if given is None:
        return message(500, "The headers of run()'s response cannot be sent.")
    head = FLAGS[words["failed"]] + given
    if b"content-type:" not in given.lower():
        head += b"content-type: application/json\r\n"
    if milliseconds:
        head += b"x-ms-run-fn-exec-ms: %.3f\r\n" % milliseconds
    if status == HTTPStatus.SERVICE_UNAVAILABLE and not ident:  # the front's own, not the script's
        head += AGAIN
    return Answer(status, head, body)


def lines(headers: Iterable[tuple[str, str]]) -> bytes | None:
    """Write a script's headers; nothing if one of them would break the answer."""
    written = []
    for name, value in headers:
        if not TOKEN.fullmatch(name) or CONTROL.search(value):
            return None
        encoded = value.encode("latin-1" if value.isascii() else "utf-8")
        written.append(b"%b: %b\r\n" % (name.lower().encode(), encoded))
    return b"".join(written)
