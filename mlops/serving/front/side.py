"""A process of ours beside the front, fed through a pipe. Whatever becomes of it, nobody waits."""

import asyncio
import json
import logging
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ..worker import wire

log = logging.getLogger("mlops_serving")

SIDE = Path(__file__).resolve().parent.parent / "side"
ROOM = 4 * 1024 * 1024
"""Bytes that may wait in the pipe; what does not fit is dropped and counted."""
BACK_OFF = 5.0
"""Seconds until one that ended is started again."""
GRACE = 5.0
"""Seconds to the kill, once it was told to end."""
POLL = 0.02


class Side(asyncio.BaseProtocol):
    """One such process, started again if it ends."""

    def __init__(self, word: str, plan: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self.key = (word, plan, environment)
        self.dropped = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: asyncio.WriteTransport | None = None
        self._stopping = False
        self._again: asyncio.TimerHandle | None = None
        self._task = asyncio.get_running_loop().create_task(self._start())

    async def _start(self) -> None:
        word, plan, environment = self.key
        try:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - as long as a fork takes
                [sys.executable, "-I", str(SIDE), word],
                stdin=subprocess.PIPE,
                env=dict(environment),
            )
        except OSError as problem:
            log.warning("no process for %s: %s", word, problem.strerror)
            return
        loop = asyncio.get_running_loop()
        await loop.connect_write_pipe(lambda: self, self._process.stdin)
        self.put(wire.pack(0, wire.START, meta=json.dumps(plan).encode()))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the pipe."""
        self._pipe = cast("asyncio.WriteTransport", transport)  # uvloop's is no subclass of it

    def connection_lost(self, _error: Exception | None) -> None:
        """Start it again, unless it was told to end."""
        self._pipe = None
        if not self._stopping:
            log.warning("the process for %s ended; another one is started", self.key[0])
            self._again = asyncio.get_running_loop().call_later(BACK_OFF, self._restart)

    def _restart(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._task = asyncio.get_running_loop().create_task(self._start())

    def put(self, frame: bytes) -> None:
        """Send a frame, or drop it if there is no room."""
        pipe = self._pipe
        if pipe is None or pipe.get_write_buffer_size() > ROOM:
            self.dropped += 1
        else:
            pipe.write(frame)

    async def stop(self) -> None:
        """End it: by the end of its pipe, then by force."""
        self._stopping = True
        if self._again is not None:
            self._again.cancel()
        await asyncio.wait([self._task])
        if self._pipe is not None:
            self._pipe.close()
        end = time.monotonic() + GRACE
        process = self._process
        while process is not None and process.poll() is None and time.monotonic() < end:  # noqa: ASYNC110 - once in a lifetime
            await asyncio.sleep(POLL)
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
