"""How a new front takes over from the one that holds its folder; `handover` has the protocol.

Imports no event loop: whoever starts looks here first.
"""

import contextlib
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from .failure import Failure
from .instance import lock

ASK = "MLOPS_TAKE_OVER"
NAME = "front.sock"
POLL = 0.01
PATIENCE = 10.0
"""Seconds that each side waits for a word that costs the other one nothing."""


def place(folder: Path, opened: int) -> str:
    """Return a path to the socket that is short enough, however long the folder's is."""
    short = f"/proc/self/fd/{opened}"
    return f"{short}/{NAME}" if Path(short).exists() else str(folder / NAME)


class Taking:
    """The new front's side."""

    def __init__(self, line: socket.socket, listener: socket.socket) -> None:
        self._line = line
        self.listener = listener
        self.over = False

    async def take(self, folder: Path) -> int | None:
        """Say that everything is ready; return the lock once the old front has let go of it."""
        import asyncio  # noqa: PLC0415 - by then it is there

        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):  # if the old one is dead, its lock is free
            self._line.sendall(b'"ready"\n')
            await asyncio.wait_for(loop.sock_recv(self._line, 64), PATIENCE)
        end = time.monotonic() + PATIENCE
        held = lock(folder)
        while held is None and time.monotonic() < end:
            await asyncio.sleep(POLL)
            held = lock(folder)
        return held

    def serve(self, door: Any) -> None:
        """Say that clients are let in; take every connection that the old front passes on."""
        import asyncio  # noqa: PLC0415 - as above

        with contextlib.suppress(OSError):
            self._line.sendall(b'"done"\n')
        loop = asyncio.get_running_loop()
        loop.add_reader(self._line.fileno(), self._passed, door, loop)

    def _passed(self, door: Any, loop: Any) -> None:
        try:
            data, found, _, _ = socket.recv_fds(self._line, 1, 1)
        except BlockingIOError:
            return
        except OSError:
            data, found = b"", []
        if not data:
            loop.remove_reader(self._line.fileno())
            self._line.close()
            self.over = True
        for descriptor in found:
            accepted = socket.socket(fileno=descriptor)
            accepted.setblocking(False)  # noqa: FBT003 - it takes no keyword
            door.adopt(accepted)

    def fail(self, failure: Failure) -> None:
        """Tell the old front why nobody comes."""
        words = {"summary": failure.summary, "log": failure.log}
        with contextlib.suppress(OSError):
            self._line.sendall(json.dumps(words).encode() + b"\n")


def ask(folder: Path, settings: str) -> Taking | None:
    """Ask the front that holds a folder for its socket; nothing if it does not answer."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(PATIENCE)
    opened = os.open(folder, os.O_RDONLY)
    try:
        line.connect(place(folder, opened))
        line.sendall(json.dumps({"front": os.getpid(), "settings": settings}).encode() + b"\n")
        _, found, _, _ = socket.recv_fds(line, 64, 1)
    except OSError:
        found = []
    finally:
        os.close(opened)
    if not found:
        line.close()
        return None
    line.setblocking(False)  # noqa: FBT003 - it takes no keyword
    return Taking(line, socket.socket(fileno=found[0]))
