"""`async def run`: an event loop on the main thread, several requests in flight.

A `run()` whose time is over is cancelled. One that takes no notice within the grace period is
hung: this worker then begins nothing new, finishes the rest and ends, and the front starts another
one. A `run()` that blocks the loop itself is ended by the front, which kills the worker.
"""

import asyncio
import os
import socket
import sys
from typing import Any, Dict, List

from . import wire
from .progress import Progress
from .score import Call, Scorer, flush
from .threads import GRACE, HUNG

CHUNK = 1 << 18
EAGER = sys.version_info >= (3, 12)


class Job:
    """One frame in flight."""

    __slots__ = ("answered", "ends", "ident")

    def __init__(self, ident: int, ends: float) -> None:
        self.ident = ident
        self.ends = ends
        self.answered = False


class Outbox:
    """Gathers what is sent in one turn of the loop into one system call."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._answers: List[bytes] = []
        self.transport: Any = None

    @property
    def empty(self) -> bool:
        """Say whether everything was handed on."""
        return not self._answers

    def send(self, answer: bytes) -> None:
        """Send at the end of this turn."""
        if not self._answers:
            self._loop.call_soon(self._flush)
        self._answers.append(answer)

    def _flush(self) -> None:
        data = b"".join(self._answers)
        self._answers.clear()
        if not self.transport.is_closing():
            self.transport.write(data)


class Loop(asyncio.Protocol):
    """The pipe's end in the event loop, and what is in flight."""

    def __init__(self, scorer: Scorer, timeout: float, concurrency: int) -> None:
        self._scorer = scorer
        self._timeout = timeout
        self._concurrency = concurrency
        self._frames = wire.Frames()
        self._waiting: List[wire.Frame] = []
        self._jobs: Dict[Any, Job] = {}
        self._closing = False
        self._progress: Any = None

    def serve(self, channel: socket.socket, progress: Progress) -> None:
        """Answer frames until the front is gone."""
        self._progress = progress
        try:
            loop = asyncio.get_event_loop()  # init() may have made it
        except RuntimeError:
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
        self._loop = loop
        self._out = Outbox(loop)
        self._over = loop.create_future()
        loop.run_until_complete(self._serve(channel))

    async def _serve(self, channel: socket.socket) -> None:
        await self._loop.create_connection(lambda: self, sock=channel)
        self._watch()
        await self._over

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the pipe."""
        self._out.transport = transport

    def connection_lost(self, _error: Any) -> None:
        """End with the front."""
        if not self._over.done():
            self._over.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Begin what arrived, as far as there is room."""
        self._waiting.extend(self._frames.feed(data))
        self._pump()

    def _pump(self) -> None:
        waiting = self._waiting
        while waiting and not self._closing and len(self._jobs) < self._concurrency:
            frame = waiting.pop(0)
            self._progress.begin(self._scorer.clock())
            call = self._scorer.prepare(frame)
            if isinstance(call, bytes):
                self._out.send(call)
            else:
                self._begin(call)

    def _begin(self, call: Call) -> None:
        """Start one `run()` as a task; one that never waits is over at once (Python 3.12)."""
        job = Job(call.frame[0], self._scorer.clock() + self._timeout)
        work = self._answer(call, job)
        if EAGER:
            task = asyncio.Task(work, loop=self._loop, eager_start=True)  # type: ignore[call-arg]
            if task.done():
                return
        else:
            task = self._loop.create_task(work)
        self._jobs[task] = job
        task.add_done_callback(self._ended)

    def _ended(self, task: Any) -> None:
        self._jobs.pop(task, None)
        self._pump()

    async def _answer(self, call: Call, job: Job) -> None:
        scorer = self._scorer
        try:
            if call.context is None:
                result = await outcome(scorer, call)
            else:
                with call.context:
                    result = await outcome(scorer, call)
            answer = scorer.finished(call, result)
        except BaseException as error:  # noqa: BLE001 - not even sys.exit() in a script harms
            answer = b"" if job.answered else scorer.raised(call, error)
        if not job.answered:
            job.answered = True
            self._out.send(answer)

    def _watch(self) -> None:
        """Look after the time of every task, again and again."""
        now = self._scorer.clock()
        for task, job in list(self._jobs.items()):
            if now > job.ends and not job.answered:
                job.answered = True
                self._out.send(self._scorer.expired(job.ident))
                task.cancel()
        hung = [job for job in self._jobs.values() if now > job.ends + GRACE]
        self._closing = self._closing or bool(hung)
        if self._closing and len(hung) == len(self._jobs) and self._out.empty:
            flush()
            os._exit(HUNG)
        self._loop.call_later(max(0.01, min(0.25, self._timeout / 10)), self._watch)


async def outcome(scorer: Scorer, call: Call) -> Any:
    """Call `run()`, and wait for its result if that is still to come."""
    made = scorer.run(**call.arguments)
    return await made if hasattr(made, "__await__") else made
