"""What a worker writes, where the log is JSON: every line one object, whoever wrote it."""

import asyncio
import json
import os
import sys
import time

from .logs import DATE

OURS = b'{"time": '
LONGEST = 1 << 20
"""Bytes of a line without an end that are kept together."""


class Echo(asyncio.Protocol):
    """Passes on what is JSON already; wraps what native code and children print."""

    def __init__(self) -> None:
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Write every whole line."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST:
            lines.append(self._rest)
            self._rest = b""
        write(lines)

    def connection_lost(self, _error: Exception | None) -> None:
        """Write the last words."""
        write([self._rest])


async def echo(descriptor: int) -> None:
    """Write into the log what comes out of a pipe."""
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(Echo, os.fdopen(descriptor, "rb", buffering=0))


def write(lines: list[bytes]) -> None:
    """Write lines to the log."""
    made = [line if line.startswith(OURS) else wrapped(line) for line in lines if line.strip()]
    if made:
        sys.stderr.buffer.write(b"\n".join([*made, b""]))
        sys.stderr.buffer.flush()


def wrapped(line: bytes) -> bytes:
    """Make an object of a line of text."""
    stamp = time.strftime(DATE, time.gmtime()) + ".000Z"
    text = line.decode("utf-8", "replace")
    return json.dumps({"time": stamp, "level": "INFO", "message": text}).encode()
