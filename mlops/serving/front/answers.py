"""Status, headers and body of every answer, in v1's words. Pure."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from .. import VERSION
from ..worker import wire

Headers = list[tuple[bytes, bytes]]

SERVER = (b"x-ms-server-version", f"mlops/{VERSION}".encode())
IS_JSON = (b"content-type", b"application/json")
IS_TEXT = (b"content-type", b"text/html; charset=utf-8")
CLOSE = (b"connection", b"close")
AGAIN = (b"retry-after", b"1")
FLAGS = {
    True: (b"x-ms-run-function-failed", b"True"),
    False: (b"x-ms-run-function-failed", b"False"),
}


class Answer(NamedTuple):
    """What goes to the client. A tuple, since one is made for every request."""

    status: int
    headers: Headers
    body: bytes


def message(status: int, text: str, *more: tuple[bytes, bytes]) -> Answer:
    """Answer with v1's body of an error."""
    headers = [IS_JSON, SERVER, FLAGS[False], *more]
    return Answer(status, headers, json.dumps({"message": text}).encode())


def document(status: int, value: Mapping[str, Any]) -> Answer:
    """Answer with a JSON object."""
    return Answer(status, [IS_JSON, SERVER], json.dumps(value).encode())


def scored(frame: wire.Frame) -> Answer:
    """Turn a worker's frame into an answer."""
    ident, kind, milliseconds, meta, body = frame
    took = (b"x-ms-run-fn-exec-ms", b"%.3f" % milliseconds)
    if kind == wire.RESULT:
        return Answer(200, [IS_JSON, SERVER, FLAGS[False], took], body)
    if kind == wire.EXPIRED:
        return message(503, "The service is overloaded: no worker was free in time.", AGAIN)
    words = json.loads(meta)
    status = words["status"]
    given = [(name.lower().encode(), value.encode("latin-1")) for name, value in words["headers"]]
    headers = [SERVER, FLAGS[words["failed"]], *given]
    if all(name != b"content-type" for name, _ in given):
        headers.append(IS_JSON)
    if milliseconds:
        headers.append(took)
    if status == 503 and not ident:  # the front's own refusal, not the script's
        headers.append(AGAIN)
    return Answer(status, headers, body)
