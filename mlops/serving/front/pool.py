"""The queue and the crew off it: who gets which request, and how a crew relieves another."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from .crew import Crew, Ears, Failure, error, settle
from .limits import Limits
from .process import Launch, Worker
from .request import Request

DEPTH = 16
"""Requests in one worker's pipe, so that it never waits for the next one."""
QUICK = 2.0
"""Milliseconds of work that may lie in a pipe while another worker could have done it."""
TICK = 0.25
FULL = "The service is overloaded: its queue is full. Try again later."
WAITED = "The service is overloaded: no worker was free in time. Try again later."
STOPPING = "The service is stopping."


class Pool:
    """The workers of one service, and what waits for them."""

    def __init__(
        self,
        limits: Limits,
        launch: Launch,
        changed: Callable[[], None],
        failed: Callable[[Failure], None],
    ) -> None:
        self._changed = changed
        self._failed = failed
        self._queue: deque[Request] = deque()
        self._stopping = False
        self._watching: asyncio.Task[None] | None = None
        self._retiring: dict[Crew, asyncio.Task[None]] = {}
        self._restarts = 0
        self.waiting = 0
        self.limits = limits
        self.crew = self.hire(launch, limits.workers)

    def hire(self, launch: Launch, size: int) -> Crew:
        """Make a crew; it gets no requests until it relieves the one there is."""
        ears = Ears(
            freed=self._freed,
            changed=lambda crew: self._changed() if crew is self.crew else None,
            orphaned=self._adopt,
            failed=lambda crew, why: self._failed(why) if crew is self.crew else None,
        )
        return Crew(launch, size, ears)

    def start(self) -> "asyncio.Task[Failure | None]":
        """Start the first crew, and the clock that watches all of them."""
        self._watching = asyncio.create_task(self._watch())
        return asyncio.create_task(self.crew.start())

    def relieve(self, crew: Crew) -> None:
        """Give every request that no worker has yet to another crew; the old one finishes."""
        old, self.crew = self.crew, crew
        self._restarts += old.restarts
        self._retiring[old] = asyncio.create_task(self._retire(old))
        self._pump()

    async def _retire(self, crew: Crew) -> None:
        await crew.retire()
        del self._retiring[crew]
        self._changed()

    @property
    def retiring(self) -> bool:
        """Say whether a crew is still finishing."""
        return bool(self._retiring)

    @property
    def restarts(self) -> int:
        """Return how many workers were replaced because they died."""
        return self._restarts + self.crew.restarts

    @property
    def queued(self) -> int:
        """Return how many requests no worker has yet."""
        return len(self._queue)

    def score(self, request: Request) -> None:
        """Take one request. Whatever happens to the worker, there will be an answer."""
        limits = self.limits
        if self._stopping:
            request.settle(error(503, STOPPING))
        elif self.waiting >= limits.queue + limits.workers:
            request.settle(error(503, FULL))
        else:
            if limits.max_wait is not None:
                request.deadline = time.monotonic() + limits.max_wait
            self.waiting += 1
            self._queue.append(request)
            self._pump()

    async def stop(self) -> None:
        """End every worker; who still waits is told."""
        self._stopping = True
        crews = [self.crew, *self._retiring]
        for task in (self._watching, *self._retiring.values()):
            if task is not None:
                task.cancel()
        sent = [
            request for crew in crews for worker in crew.live for request in worker.sent.values()
        ]
        settle([*self._queue, *sent], 503, STOPPING)
        self._queue.clear()
        await asyncio.gather(*(crew.stop() for crew in crews))

    def _pump(self) -> None:
        queue, live = self._queue, self.crew.live
        while queue and live:
            worker = live[0] if len(live) == 1 else min(live, key=busy)
            if len(worker.sent) >= depth(self.crew, worker):
                return
            request = queue.popleft()
            if request.settled:  # its client is gone
                self.waiting -= 1
            else:
                worker.send(request)

    def _freed(self, done: int) -> None:
        self.waiting -= done
        self._pump()

    def _adopt(self, orphans: list[Request]) -> None:
        if self._stopping:
            settle(orphans, 503, STOPPING)
        self._queue.extendleft(reversed(orphans))

    async def _watch(self) -> None:
        """Kill what hangs; send away who has waited for too long."""
        while True:
            wait = self.limits.max_wait
            await asyncio.sleep(TICK if wait is None else max(0.01, min(TICK, wait / 5)))
            now = time.monotonic()
            for crew in (self.crew, *self._retiring):
                crew.kill_late(now)
            if wait is not None:
                self._send_away(now)

    def _send_away(self, now: float) -> None:
        while self._queue and 0 < self._queue[0].deadline < now:
            self.waiting -= 1
            settle([self._queue.popleft()], 503, WAITED)
        for worker in self.crew.live:
            for request in list(worker.sent.values())[worker.begun() :]:
                if 0 < request.deadline < now:
                    settle([request], 503, WAITED)


def busy(worker: Worker) -> int:
    """Return how much a worker has to do."""
    return len(worker.sent)


def depth(crew: Crew, worker: Worker) -> int:
    """Return how many requests may be in the pipe of a worker."""
    at_once = int(worker.asks.get("concurrency", 1))
    if crew.size == 1:
        return max(DEPTH, 2 * at_once)
    # Behind a slow request others would wait while another worker idles.
    behind = max(1, min(DEPTH, int(QUICK / max(worker.milliseconds, 0.01))))
    return behind + at_once - 1
