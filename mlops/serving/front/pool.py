"""The queue and the workers off it: who gets which request, and what a death or a hang means."""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ..worker import wire
from .process import Job, Launch, Worker
from .settings import Limits

log = logging.getLogger("mlops_serving")

DEPTH = 16
"""Requests in one worker's pipe, so that it never waits for the next one."""
QUICK = 2.0
"""Milliseconds of work that may lie in a pipe while another worker could have done it."""
KILL_GRACE = 2.0
"""Seconds from the alarm in `run()` to the kill."""
TRIES = 3
"""Failed `init()`s of a replacement, in a row, that end the service."""
BACK_OFF = 0.5
"""Seconds before the second try; doubled before each further one."""
TICK = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why no worker can be had."""

    summary: str
    log: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Who wants to know: workers came or went; all are ready; no worker can be had."""

    changed: Callable[[], None]
    ready: Callable[[wire.Frame], None]
    failed: Callable[[Failure], None]


class Pool:
    """The workers of one service."""

    def __init__(self, limits: Limits, launch: Launch, ears: Ears) -> None:
        self._limits = limits
        self._launch = launch
        self._ears = ears
        self._queue: deque[Job] = deque()
        self._all: set[Worker] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._loop = asyncio.get_running_loop()
        self._room = limits.queue + limits.workers
        self.live: list[Worker] = []
        self.restarts = 0

    @property
    def pids(self) -> list[int]:
        """Return the ids of the workers that can score."""
        return [worker.pid for worker in self.live]

    def start(self) -> None:
        """Start every worker, and the clock that watches them."""
        self._tasks = [asyncio.create_task(self._keep()) for _ in range(self._limits.workers)]
        self._tasks.append(asyncio.create_task(self._watch()))

    @property
    def waiting(self) -> int:
        """Return how many requests wait or run."""
        return len(self._queue) + sum(len(worker.sent) for worker in self.live)

    def score(self, kind: int, meta: bytes, body: bytes) -> "asyncio.Future[wire.Frame]":
        """Take one request. Whatever happens to the worker, there will be an answer."""
        answer = self._loop.create_future()
        if self._stopping or self.waiting >= self._room:
            answer.set_result(error(503, FULL))
            return answer
        wait = self._limits.max_wait
        deadline = 0.0 if wait is None else time.monotonic() + wait
        self._queue.append(Job(kind, meta, body, deadline, answer))
        self._pump()
        return answer

    async def stop(self) -> None:
        """End every worker; who still waits is told."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        jobs = [*self._queue, *(job for worker in self.live for job in worker.sent.values())]
        settle(jobs, 503, "The service is stopping.")
        self._queue.clear()
        await asyncio.gather(*(worker.stop() for worker in self._all))

    def _pump(self) -> None:
        queue = self._queue
        live = self.live
        while queue and live:
            worker = live[0] if len(live) == 1 else min(live, key=busy)
            if len(worker.sent) >= self._depth(worker):
                return
            worker.send(queue.popleft())

    def _depth(self, worker: Worker) -> int:
        if self._limits.workers == 1:
            return DEPTH
        # Behind a slow request others would wait while another worker idles.
        return max(1, min(DEPTH, int(QUICK / max(worker.milliseconds, 0.01))))

    async def _keep(self) -> None:
        """Keep one worker alive, from the first start to the end of the service."""
        failures, first = 0, True
        while True:
            worker = Worker(self._pump)
            born = await self._bear(worker)
            if isinstance(born, Failure):
                failures += 1
                if first or failures >= TRIES:
                    self._ears.failed(born)
                    return
                await asyncio.sleep(BACK_OFF * 2 ** (failures - 1))
                continue
            failures, first = 0, False
            await self._live(worker, born)
            if not worker.answered:  # it died of itself: no need to hurry
                await asyncio.sleep(BACK_OFF)

    async def _bear(self, worker: Worker) -> wire.Frame | Failure:
        self._all.add(worker)
        try:
            await worker.start(self._launch)
        except OSError as problem:
            self._all.discard(worker)
            python = self._launch.python
            return Failure(summary=f"`{python}` cannot be started: {problem.strerror}", log=[])
        frame = await worker.born
        if frame is not None and frame[1] == wire.READY:
            return frame
        if frame is not None:
            worker.kill()
        code = await worker.gone
        self._all.discard(worker)
        if frame is None:
            return Failure(summary=f"the worker ended during init(), {ending(code)}", log=[])
        return Failure(**json.loads(frame[3]))

    async def _live(self, worker: Worker, born: wire.Frame) -> None:
        self.live.append(worker)
        self._ears.ready(born)
        self._ears.changed()
        self._pump()
        code = await asyncio.shield(worker.gone)
        self.live.remove(worker)
        self._all.discard(worker)
        self.restarts += 1
        log.error("worker %d ended, %s; another one is started", worker.pid, ending(code))
        self._inherit(worker)
        self._ears.changed()
        self._pump()

    def _inherit(self, worker: Worker) -> None:
        """Answer what a dead worker had begun; take back the rest, in order."""
        jobs = list(worker.sent.values())
        begun = worker.begun()
        if worker.late:
            text = f"Scoring timeout after {self._limits.timeout * 1000:.0f} ms"
            settle(jobs[:begun], 504, text, failed=True)
        else:
            settle(jobs[:begun], 502, "The worker ended while it scored this request.", failed=True)
        self._queue.extendleft(reversed(jobs[begun:]))

    async def _watch(self) -> None:
        """Kill what hangs; send away who has waited for too long."""
        limits = self._limits
        allowed = limits.timeout + KILL_GRACE
        wait = limits.max_wait
        tick = TICK if wait is None else max(0.01, min(TICK, wait / 5))
        while True:
            await asyncio.sleep(tick)
            now = time.monotonic()
            for worker in self.live:
                if worker.sent and not worker.late and worker.overdue(now, allowed):
                    worker.late = True
                    log.error("worker %d does not react to its timeout: killed", worker.pid)
                    worker.kill()
            if wait is not None:
                self._send_away(now)

    def _send_away(self, now: float) -> None:
        while self._queue and self._queue[0].deadline < now:
            settle([self._queue.popleft()], 503, WAITED)
        for worker in self.live:
            jobs = list(worker.sent.values())[worker.begun() :]
            settle([job for job in jobs if job.deadline < now], 503, WAITED)


FULL = "The service is overloaded: its queue is full. Try again later."
WAITED = "The service is overloaded: no worker was free in time. Try again later."


def busy(worker: Worker) -> int:
    """Return how much a worker has to do."""
    return len(worker.sent)


def settle(jobs: list[Job], status: int, message: str, *, failed: bool = False) -> None:
    """Answer requests that no worker will answer."""
    for job in jobs:
        if not job.answer.done():
            job.answer.set_result(error(status, message, failed=failed))


def error(status: int, message: str, *, failed: bool = False) -> wire.Frame:
    """Make the frame that a worker would have sent for an error."""
    meta = {"status": status, "headers": [], "failed": failed}
    return 0, wire.REPLY, 0.0, json.dumps(meta).encode(), json.dumps({"message": message}).encode()


def ending(code: int) -> str:
    """Say how a process ended."""
    return f"killed by signal {-code}" if code < 0 else f"with exit code {code}"
