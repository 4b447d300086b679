"""One worker process and its pipe: starts it, sends it requests, notices its end."""

import asyncio
import contextlib
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

from ..worker import wire
from ..worker.progress import Progress
from .echo import echo
from .request import Request
from .spawn import Launch, Spawned, spawn

STOP_GRACE = 2.0
"""Seconds between the end of the pipe and the kill, for exit handlers of the script."""
LAST_WORDS = 0.2
"""Seconds in which answers written before a death may still be read."""


class Pipe:
    """Gathers what is sent in one turn of the event loop into one system call."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._out: list[bytes] = []
        self.transport: asyncio.Transport | None = None

    def write(self, data: bytes) -> None:
        """Send at the end of this turn."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def _flush(self) -> None:
        data = b"".join(self._out)
        self._out.clear()
        if not self.closed and self.transport is not None:
            self.transport.write(data)

    @property
    def closed(self) -> bool:
        """Say whether nothing gets through."""
        return self.transport is None or self.transport.is_closing()

    def close(self) -> None:
        """End it."""
        if self.transport is not None:
            self.transport.close()


class Pace:
    """How far a worker has come, by what it writes into the shared memory."""

    def __init__(self) -> None:
        self._overdue_at = -1
        self.progress: Progress | None = None
        self.answered = 0

    @property
    def begun(self) -> int:
        """Return how many requests the worker has begun since its start."""
        count, _ = self.progress.read() if self.progress else (0, 0.0)
        return count

    @property
    def dropped(self) -> int:
        """Return how many requests' data the worker could not collect."""
        return self.progress.dropped if self.progress else 0

    def overdue(self, now: float, allowed: float) -> bool:
        """Say whether one `run()` has gone on for longer than `allowed` seconds.

        Asked from time to time; it must hold twice in a row for the same request, since the two
        numbers in the shared memory are not written at once.
        """
        count, since = self.progress.read() if self.progress else (0, now)
        over = count > self.answered and now - since > allowed
        seen, self._overdue_at = self._overdue_at, count if over else -1
        return over and seen == count


class Worker(asyncio.Protocol):
    """A worker as the front sees it. Belongs to one event loop."""

    def __init__(self, freed: Callable[[int], None]) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._freed = freed
        self._frames = wire.Frames()
        self._pipe = Pipe()
        self._process: subprocess.Popen[bytes] | None = None
        self._next = 0
        self.pace = Pace()
        self.asks: Mapping[str, Any] = {}
        self._code: int | None = None
        self._stopping = False
        self.sent: dict[int, Request] = {}
        self.milliseconds = 0.0
        self.began = 0.0
        self.late = False
        self.born: asyncio.Future[wire.Frame | None] = loop.create_future()
        self.gone: asyncio.Future[int] = loop.create_future()

    async def start(self, launch: Launch, early: Spawned | None = None) -> None:
        """Start the process, unless it has been, and speak with it. Raises OSError."""
        spawned = early or spawn(launch)
        self._process = spawned.process
        self.began = spawned.began
        self.pace.progress = spawned.progress
        watched = (self._process, self._loop, self._ended)
        threading.Thread(target=announce_end, args=watched, daemon=True).start()
        if spawned.printed is not None:
            await echo(spawned.printed)
        await self._loop.create_unix_connection(lambda: self, sock=spawned.channel)
        if spawned.unsent:
            self._pipe.write(spawned.unsent)

    @property
    def pid(self) -> int:
        """Return the id of the process."""
        return self._process.pid if self._process else 0

    def send(self, request: Request) -> None:
        """Put a request into the pipe."""
        self._next += 1
        request.sequence = self._next
        ident = self._next & 0xFFFFFFFF
        self.sent[ident] = request
        self._pipe.write(request.frame(ident, self.asks))

    def begun(self) -> int:
        """Return how many of the requests in the pipe have begun (the first so many of `sent`)."""
        count = self.pace.begun
        return sum(request.sequence <= count for request in self.sent.values())

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None and not self.gone.done():
            self._process.send_signal(signal.SIGKILL)

    async def stop(self) -> None:
        """End the process: by the end of its pipe, then by force."""
        self._stopping = True
        self._pipe.close()
        await asyncio.wait([self.gone], timeout=STOP_GRACE)
        self.kill()
        await self.gone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the pipe."""
        self._pipe.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    def data_received(self, data: bytes) -> None:
        """Hand each answer to who waits for it."""
        done = 0
        for frame in self._frames.feed(data):
            request = self.sent.pop(frame[0], None)
            if request is not None:
                done += 1
                self.milliseconds = frame[2]
                request.settle(frame)
            elif not self.born.done():
                self.born.set_result(frame)
        self.pace.answered += done
        self._freed(done)

    def connection_lost(self, _error: Exception | None) -> None:
        """Bury a dead worker now; one that lives on without its pipe is of no use."""
        if self._code is not None:
            self._bury()
        elif not self._stopping:
            self.kill()

    def _ended(self, code: int) -> None:
        self._code = code
        if self._pipe.transport is not None and self._pipe.closed:
            self._bury()
        else:
            # One that began early may have ended before anybody spoke with it. And children that
            # the script forked may hold the pipe open: its end cannot be waited for.
            self._loop.call_later(LAST_WORDS, self._bury)

    def _bury(self) -> None:
        if self.gone.done():
            return
        self._pipe.close()
        if not self.born.done():
            self.born.set_result(None)
        self.gone.set_result(self._code or 0)


def announce_end(
    process: "subprocess.Popen[bytes]",
    loop: asyncio.AbstractEventLoop,
    ended: Callable[[int], None],
) -> None:
    """Wait for the end of a process, on a thread, and tell the loop its exit code."""
    code = process.wait()
    with contextlib.suppress(RuntimeError):  # a closed loop has nobody left to tell
        loop.call_soon_threadsafe(ended, code)
