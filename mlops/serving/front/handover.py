"""One front relieves another on the same listening socket: no request and no connection is lost.

The protocol, for who starts servers (a new version of the server; all else is a swap):

1. Start the new server on the same FOLDER like any other, with MLOPS_TAKE_OVER=1 in its
   environment. If nobody holds the folder it just starts. If nobody answers it exits with 75.
2. It asks the old one at FOLDER/front.sock and gets the listening socket by descriptor. The old
   one goes on serving; `server.json` stays its own, with `"swap": {"settings": <digest of the new
   one>, "state": "starting", "error": null, "front": <pid of the new one>}`.
3. Once the new one's workers are ready, the old one stops accepting, lets go of the lock and never
   writes `server.json` again; the new one takes the lock, writes `server.json` with its own pid,
   `state: ready`, and accepts. Clients in between wait in the backlog.
4. The old one finishes what it runs, passes each connection on as soon as it is idle, and exits 0.
   TLS connections cannot be passed on: they get `Connection: close` with their next answer.
5. If the new one fails: it exits with 3 (1 for unfit settings), the old one goes on, and `swap`
   in its `server.json` says `failed` with the error. If it dies after it was given the lock and
   before it accepts, the old one takes the lock again and goes on.
"""

import asyncio
import contextlib
import json
import logging
import os
import socket
import time
from pathlib import Path
from typing import Any

from .connection import Connection
from .instance import lock, unlock
from .taking import NAME, PATIENCE, POLL, place

log = logging.getLogger("mlops_serving")


def listen(folder: Path) -> socket.socket | None:
    """Wait for a successor; nothing where that cannot be."""
    with contextlib.suppress(FileNotFoundError):
        (folder / NAME).unlink()
    opened = os.open(folder, os.O_RDONLY)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.bind(place(folder, opened))
        (folder / NAME).chmod(0o600)
        line.listen(1)
        line.setblocking(False)  # noqa: FBT003 - it takes no keyword
    except OSError as problem:
        line.close()
        log.warning("no other server can take over: %s", problem.strerror)
        return None
    finally:
        os.close(opened)
    return line


class Yielding:
    """The old front's side."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._line = listen(service.folder)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen to a successor."""
        if self._line is not None:
            asyncio.get_running_loop().add_reader(self._line.fileno(), self._asked)

    def _asked(self) -> None:
        loop = asyncio.get_running_loop()
        if self._line is None or (self._task is not None and not self._task.done()):
            return
        try:
            line, _ = self._line.accept()
        except OSError:
            return
        line.setblocking(False)  # noqa: FBT003 - it takes no keyword
        self._task = loop.create_task(self._give(line))

    async def _give(self, line: socket.socket) -> None:
        service, given = self._service, False
        try:
            hello = json.loads(await word(line, PATIENCE))
            swap = {"settings": hello["settings"], "error": None, "front": hello["front"]}
            if service.app.state != "ready":
                return
            socket.send_fds(line, [b"socket"], [service.door.listener.fileno()])
            service.tell(swap={**swap, "state": "starting"})
            said = json.loads(await word(line, None) or b'{"summary": "it ended", "log": []}')
            if said != "ready" or service.app.state != "ready":
                log.error("another server could not take over: %s", said)
                service.tell(swap={**swap, "state": "failed", "error": said})
                return
            given = await self._let_go(line)
            if given:
                await self._leave(line)
        except (OSError, ValueError, KeyError, TypeError) as problem:
            log.warning("another server could not take over: %s", problem)
        finally:
            line.close()
            if given:
                service.leave()
            elif self._line is not None:
                self._asked()

    async def _let_go(self, line: socket.socket) -> bool:
        """Give up socket and lock; take both again if the new front dies right now."""
        service = self._service
        service.door.shut()
        service.record.mute()
        unlock(service.lock)
        try:
            line.sendall(b'"yours"\n')
            if await word(line, PATIENCE):
                self.close()
                return True
        except OSError:
            pass
        service.lock = lock(service.folder)
        service.record.unmute()
        await service.open()
        service.tell(swap=None)
        return False

    async def _leave(self, line: socket.socket) -> None:
        """Pass on every connection when it is idle; wait for the others."""
        service = self._service
        secure = service.certificate is not None
        service.door.closing = secure
        log.info("another server has taken over")
        limits = service.settings.limits
        end = time.monotonic() + max(limits.timeout, limits.keep_alive) + PATIENCE
        while service.door.inside and time.monotonic() < end:
            for connection in () if secure else service.door.inside:
                if connection.idle and not passed(line, connection):
                    break
            await asyncio.sleep(POLL)

    def close(self) -> None:
        """Listen no more."""
        if self._line is not None:
            asyncio.get_running_loop().remove_reader(self._line.fileno())
            self._line.close()
            self._line = None


def passed(line: socket.socket, connection: Connection) -> bool:
    """Give a connection to the process at the other end; say whether there was room for it."""
    transport = connection.transport
    if transport.is_closing() or transport.get_write_buffer_size():
        return True  # later
    try:
        socket.send_fds(line, [b"c"], [transport.get_extra_info("socket").fileno()])
    except BlockingIOError:
        return False
    transport.abort()  # this end only: the other process has its own
    return True


async def word(line: socket.socket, seconds: float | None) -> bytes:
    """Read one line; nothing if the other side has ended."""
    loop, found = asyncio.get_running_loop(), b""
    while not found.endswith(b"\n"):
        try:
            data = await asyncio.wait_for(loop.sock_recv(line, 65536), seconds)
        except ConnectionResetError:  # it ended before it read all that it was told
            return b""
        if not data:
            return b""
        found += data
    return found
