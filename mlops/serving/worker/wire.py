"""The frames that travel between front and worker: a header, words about the body, the body.

Shared by both sides. Never blocks, and never looks into a body.
"""

import struct
from typing import List, Tuple

Frame = Tuple[int, int, float, bytes, bytes]
"""Id, kind, number, meta (JSON or nothing), body.

The number is the deadline of a request (monotonic seconds, 0 for none) or the milliseconds that
`run()` took.
"""

HEAD = struct.Struct("<IBdIQ")

# What the front sends.
START = 1  # meta: what a worker must know before it loads the script
JSON = 2  # a POST that says its body is JSON
UNSAID = 3  # a POST without a content type, or with curl's default one
OTHER = 4  # a POST that says its body is something else
QUERY = 5  # a GET; the body is the query string
RAW = 6  # any method, for a script that asked for the raw request

# What the front sends to the processes beside it.
SPAN = 8  # meta: the record of an answered request

# What the worker sends.
READY = 16  # meta: what the script asks for; body: its swagger documents
FAILED = 17  # meta: why init() did not return
RESULT = 18  # body: the result of run(), status 200
REPLY = 19  # meta: status, headers, whether run() failed; body: as it goes to the client
EXPIRED = 20  # the deadline had passed before run() could be called


def pack(ident: int, kind: int, number: float = 0.0, meta: bytes = b"", body: bytes = b"") -> bytes:
    """Write one frame."""
    return HEAD.pack(ident, kind, number, len(meta), len(body)) + meta + body


class Frames:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._needed = HEAD.size

    def feed(self, data: bytes) -> List[Frame]:
        """Take what arrived and return the frames that are complete."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return []
            data = bytes(self._rest)
        frames = []
        at, size = 0, len(data)
        while True:
            needed = HEAD.size
            if size - at < needed:
                break
            ident, kind, number, words, length = HEAD.unpack_from(data, at)
            needed += words + length
            if size - at < needed:
                break
            body_at = at + HEAD.size + words
            end = at + needed
            frames.append((ident, kind, number, data[at + HEAD.size : body_at], data[body_at:end]))
            at = end
        self._rest = bytearray(data[at:])
        self._needed = needed
        return frames
